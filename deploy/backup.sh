#!/usr/bin/env bash
# Copies what cannot be made again out of a home: backup.sh HOME NEW_FOLDER
# It holds the home meanwhile, so that no publication moves under the copy; a run that is busy makes it wait.
set -euo pipefail
home=$(cd "${1:?which home: backup.sh HOME NEW_FOLDER}" && pwd)
target=${2:?where to: backup.sh HOME NEW_FOLDER}
[ ! -e "$target" ] || { echo "backup: $target is there already; name a new folder" >&2; exit 2; }

exec 9>>"$home/.int_marts.lock"
flock 9
note="$home/.int_marts.holder.json"
printf '{"purpose": "backup", "process": %d}' $$ >"$note"
trap 'rm -f "$note"' EXIT

umask 077
mkdir -p "$target.part"
# the lake is made again from landing; what people asked of it (withdrawn deliveries, forgotten persons) is not
for name in landing releases releases_public public_ledger lake/withdrawn lake/retention.json int_marts.toml waivers.yml; do
    if [ -e "$home/$name" ]; then
        mkdir -p "$(dirname "$target.part/$name")"
        cp -a --reflink=auto "$home/$name" "$target.part/$name"
    fi
done
(cd "$target.part" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
sync "$target.part/SHA256SUMS"
mv "$target.part" "$target"
echo "backup: $(wc -l <"$target/SHA256SUMS") files in $target"
