"""The restore drill: does a backup give back the releases, and the very same figures when everything is made again?

    .venv/bin/python deploy/restore_drill.py BACKUP EMPTY_FOLDER

1. every file of the backup against its checksum;
2. the releases into `EMPTY_FOLDER/restored`: the current one's hashes are recomputed (`int-marts verify`);
3. landing, settings and waivers into `EMPTY_FOLDER/rebuilt`: that delivery is refreshed from nothing, with the code of this checkout;
4. each table of the rebuilt release against the restored one.

Leaves with 0 when all is the same, with 1 and the reason when not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

RELEASES = ("releases", "releases_public", "public_ledger")
SOURCES = ("landing", "lake", "int_marts.toml", "waivers.yml")


def main(backup: Path, target: Path) -> None:
    say(f"{check_sums(backup)} files are as they were backed up")
    restored, rebuilt = target / "restored", target / "rebuilt"
    copy(backup, restored, RELEASES)
    verified = int_marts("verify", home=restored)
    say(f"release {verified['release']} is whole: {verified['tables']} tables, {verified['files']} files")
    copy(backup, rebuilt, SOURCES)
    old = receipt(restored)
    int_marts("refresh", old["as_of_delivery"], home=rebuilt)
    new = receipt(rebuilt)
    other = sorted(
        name
        for name in old["tables"].keys() | new["tables"].keys()
        if old["tables"].get(name, {}).get("content_hash") != new["tables"].get(name, {}).get("content_hash")
        and not name.endswith((".release_info", ".restatements"))
    )
    if other:
        code = "" if old["code_fingerprint"] == new["code_fingerprint"] else f": check out {old['git_commit']} first"
        sys.exit(f"restore drill: {len(other)} tables are not the same ({', '.join(other[:5])}){code}")
    say(f"made again from landing: {len(old['tables'])} tables, all the same")


def check_sums(backup: Path) -> int:
    lines = (backup / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in lines:
        expected, name = line.split("  ", 1)
        with (backup / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                sys.exit(f"restore drill: {name} is not what was backed up")
    return len(lines)


def copy(backup: Path, home: Path, names: tuple[str, ...]) -> None:
    home.mkdir(parents=True)
    for name in names:
        source = backup / name
        if source.is_dir():
            shutil.copytree(source, home / name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, home / name)


def int_marts(*arguments: str, home: Path) -> dict:
    command = [sys.executable, "-m", "orchestration.cli", *arguments, "--json", "--home", str(home)]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.PIPE, text=True)
    body = json.loads(done.stdout or "{}")
    if done.returncode:
        sys.exit(
            f"restore drill: int-marts {arguments[0]} ended with {done.returncode}: {body.get('error', 'no word')}"
        )
    return body


def receipt(home: Path) -> dict:
    return json.loads((home / "releases" / "current" / "release.json").read_text(encoding="utf-8"))


def say(text: str) -> None:
    sys.stdout.write(f"restore drill: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
