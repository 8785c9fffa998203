"""What the gate ties a release to: hashes of landed files, lake files and marts, taken again at every publication.

A file is hashed again only when its size, time of change or inode differ from when it was last hashed; the kernel's time of change
cannot be set back by hand, so an edit in place is always noticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from orchestration.foundation.errors import GateShut
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import FileHashes, hash_file
from orchestration.foundation.settings import Settings
from orchestration.gate.definitions import hash_of
from orchestration.landing.deliveries import list_deliveries


def read_inputs_hash(settings: Settings) -> str:
    """The hash of everything that went into the inputs, as ingest left it beside them. Raises `GateShut` when it is not there."""
    try:
        return str(json.loads((settings.paths.warehouse / "inputs.json").read_text(encoding="utf-8"))["inputs_hash"])
    except (OSError, ValueError, KeyError):
        raise GateShut(
            "warehouse/inputs.json is absent or unreadable: run `int-marts refresh` again", ["receipt.present"]
        ) from None


def note_build(settings: Settings) -> None:
    """What dbt has just left behind, noted as soon as it has let go of the warehouse: whatever is written later was not built."""
    write_atomically(build_note(settings), json.dumps(_traces_of_build(settings), sort_keys=True))


def changed_since_build(settings: Settings) -> list[str]:
    """Names of what was written since `note_build`, in words. Size and time survive a copy of the home, unlike inodes; a backup that
    keeps whole seconds is still the same file."""
    try:
        noted = json.loads(build_note(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ["the last build did not come to its end"]
    now = _traces_of_build(settings)
    if now.get("the warehouse", "").endswith(" 0"):
        noted["the warehouse"] = noted.get("the warehouse", "").rsplit(" ", 1)[0] + " 0"
    return difference(noted, now)


def build_note(settings: Settings) -> Path:
    return settings.paths.evidence / "build.json"


def _traces_of_build(settings: Settings) -> dict[str, str]:
    """Of the warehouse its size and the second and nanosecond of its last change."""
    results = settings.paths.dbt / "target" / "run_results.json"
    traces = {}
    if settings.paths.warehouse_file.exists():
        stat = settings.paths.warehouse_file.stat()
        traces["the warehouse"] = f"{stat.st_size} {stat.st_mtime_ns // 10**9} {stat.st_mtime_ns % 10**9}"
    if results.exists():
        traces["dbt's results"] = hash_file(results)
    return traces


def landing_hashes(settings: Settings, delivery_name: str, hashes: FileHashes) -> dict[str, str]:
    """`<delivery>/<file>` -> sha256 for every landed file of the deliveries up to this one."""
    files = (
        landed.path
        for delivery in list_deliveries(settings.paths)
        if delivery.name <= delivery_name
        for feed_files in delivery.files.values()
        for landed in feed_files
    )
    return _by_name(files, settings.paths.landing, hashes)


def lake_hashes(settings: Settings, delivery_name: str, hashes: FileHashes) -> dict[str, str]:
    """`<feed>/delivery=…/…` -> sha256 for every lake file (data, profile and manifest) of the deliveries up to this one."""
    folders = sorted(settings.paths.lake.glob("*/delivery=*"))
    wanted = [
        folder
        for folder in folders
        if folder.parent.name != "quarantine" and folder.name.removeprefix("delivery=") <= delivery_name
    ]
    files = (
        path
        for folder in wanted
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    )
    return _by_name(files, settings.paths.lake, hashes)


def suite_hashes(folder: Path) -> dict[str, str]:
    """`feeds/<feed>.json`, `marts/<mart>.json`, `drift.yml` … -> sha256 of everything in `expectations/` but the registry itself."""
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".json", ".yml", ".sql") and path.name != "checks.yml"
    }


def difference(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names that changed, went or came, in words; file names only."""
    changed = [f"{name} changed" for name in sorted(then.keys() & now.keys()) if then[name] != now[name]]
    gone = [f"{name} is gone" for name in sorted(then.keys() - now.keys())]
    new = [f"{name} is new" for name in sorted(now.keys() - then.keys())]
    return changed + gone + new


def hash_of_hashes(hashes: dict[str, str]) -> str:
    return hash_of(hashes)


def _by_name(files: Iterable[Path], root: Path, hashes: FileHashes) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): hashes.of(path) for path in sorted(files)}
