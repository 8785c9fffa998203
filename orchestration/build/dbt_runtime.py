"""How dbt is run: its environment, its manifest and its command line. The only place that knows where dbt lives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock, Thread
from typing import Any

from orchestration.build.dbt_process import SAVED_PARSE_VARIABLE
from orchestration.foundation.code_version import files_fingerprint
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import PROJECT_ROOT, Settings

DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
SEEDS_DIR = PROJECT_ROOT / "seeds"
# a parse of the project serves every home; where this folder cannot be written, each home parses for itself
KEPT_PARSES = PROJECT_ROOT / "build" / "parsed"
PARSED_FILES = ("manifest.json", "partial_parse.msgpack")
_one_parse_at_a_time = Lock()


def dbt_executable() -> str:
    """dbt of this very environment, whether or not it is activated; `orchestration.build.dbt_process` by its installed name."""
    beside = Path(sys.executable).with_name("int-marts-dbt")
    return str(beside) if beside.exists() else "int-marts-dbt"


@contextmanager
def without_dbt_core() -> Iterator[None]:
    """While dagster-dbt is imported: it then does as where dbt-core is not installed, and names dbt's states itself.

    dbt runs in a process of its own, so nothing here needs it; importing it took 3 of the 5.5 seconds of processor time in which the
    code location was imported (dagster-dbt 0.29).
    """
    found = sys.modules.get("dbt.version")
    sys.modules["dbt.version"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["dbt.version"]
        if found:
            sys.modules["dbt.version"] = found


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The environment variables that `profiles.yml` reads; nothing that varies by month is among them."""
    home = settings.paths
    return {
        "INT_MARTS_WAREHOUSE_FILE": str(home.warehouse_file.absolute()),
        "INT_MARTS_INPUTS_FILE": str(home.inputs_file.absolute()),
        "INT_MARTS_TEMP_DIRECTORY": str((home.warehouse / "spill").absolute()),
        "INT_MARTS_THREADS": str(settings.threads),
        "INT_MARTS_MEMORY_LIMIT": settings.memory_limit,
        "DBT_TARGET_PATH": str((home.dbt / "target").absolute()),
        "DBT_LOG_PATH": str((home.dbt / "logs").absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_NO_VERSION_CHECK": "true",
        # what went wrong and no more: dbt writes a line with the whole node for each state of each, a tenth of a small build, and what
        # became of them stands in its results
        "DBT_LOG_LEVEL_FILE": "warn",
        "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def project_fingerprint() -> str:
    """Changes when anything changes that dbt parses."""
    suffixes = {".sql", ".yml", ".yaml", ".csv", ".md"}
    files = [
        path
        for folder in (DBT_PROJECT_DIR, SEEDS_DIR)
        for path in sorted(folder.rglob("*"))
        if path.suffix in suffixes and path.is_file() and not {"target", "logs"} & set(path.relative_to(folder).parts)
    ]
    return files_fingerprint(files)


def manifest_path(settings: Settings) -> Path:
    return settings.paths.dbt / "target" / "manifest.json"


def parse_beside(settings: Settings) -> Thread:
    """Start parsing in the background; whoever needs the manifest later waits for it, and hears what was wrong with it."""

    def parse() -> None:
        with suppress(IntMartsError):
            ensure_manifest(settings)

    parsing = Thread(target=parse, daemon=True)
    parsing.start()
    return parsing


def ensure_manifest(settings: Settings) -> Path:
    """The parsed project, parsed again only when a file of it has changed. Raises `IntMartsError` when it does not parse."""
    with _one_parse_at_a_time:
        return _ensure_manifest(settings)


def _ensure_manifest(settings: Settings) -> Path:
    from orchestration.build.measure_unions import write_measure_unions

    write_measure_unions(DBT_PROJECT_DIR)
    manifest, stamp = manifest_path(settings), settings.paths.dbt / "parsed.json"
    versions = [version("dbt-core"), version("dbt-duckdb")]
    fingerprint = project_fingerprint()
    wanted = {"fingerprint": fingerprint, "project": str(DBT_PROJECT_DIR), "versions": versions}
    if manifest.exists() and stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return manifest
    settings.paths.create()
    manifest.parent.mkdir(exist_ok=True)
    kept = KEPT_PARSES / "-".join([*versions, fingerprint[:16]])
    if not copy_parse(kept, manifest.parent):
        run_dbt(["parse"], dbt_environment(settings) | {SAVED_PARSE_VARIABLE: ""})
        if not manifest.exists():
            raise IntMartsError("dbt parsed the project and left no manifest; see dbt/logs/dbt.log in the home")
        keep_parse(manifest.parent, kept)
    stamp.write_text(json.dumps(wanted))
    return manifest


def copy_parse(source: Path, target: Path) -> bool:
    """Whether it was there: another user's, or one that is just being replaced, is as good as none."""
    try:
        for name in PARSED_FILES:
            shutil.copyfile(source / name, target / name)
    except OSError:
        return False
    return True


def keep_parse(target: Path, kept: Path) -> None:
    """Whole or not at all, in place of older ones. Whoever is second leaves the first one's: both made the same."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        older = list(kept.parent.iterdir())
        made = Path(mkdtemp(dir=kept.parent))
        if not copy_parse(target, made):
            return
        made.rename(kept)
        for folder in older:
            shutil.rmtree(folder)


def parsed_environment(settings: Settings) -> dict[str, str]:
    """The environment of a dbt that takes the project as `ensure_manifest` has parsed it."""
    saved = ensure_manifest(settings).with_name("partial_parse.msgpack")
    return dbt_environment(settings) | {SAVED_PARSE_VARIABLE: str(saved.absolute())}


def compiled_manifest(settings: Settings) -> dict[str, Any]:
    """The parsed project with the compiled SQL of its data tests. Compiled beside the home, on empty databases of the same names, so
    that what the home holds is neither read nor touched."""
    with TemporaryDirectory() as folder:
        paths = {
            "INT_MARTS_WAREHOUSE_FILE": Path(folder) / settings.paths.warehouse_file.name,
            "INT_MARTS_TEMP_DIRECTORY": Path(folder) / "spill",
            "DBT_TARGET_PATH": Path(folder) / "target",
            "DBT_LOG_PATH": Path(folder) / "logs",
        }
        environment = dbt_environment(settings) | {name: str(path) for name, path in paths.items()}
        del environment["INT_MARTS_INPUTS_FILE"]
        run_dbt(["compile", "--select", "resource_type:test"], environment)
        return json.loads((Path(folder) / "target" / "manifest.json").read_text(encoding="utf-8"))


def run_dbt(arguments: list[str], environment: dict[str, str]) -> None:
    """dbt in a process of its own. Raises `IntMartsError` with its own words when it fails."""
    folders = ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
    done = subprocess.run(
        [dbt_executable(), "--quiet", *arguments, *folders],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = done.stdout.strip()[-2000:] or done.stderr.strip()[-2000:]
        raise IntMartsError(f"dbt {arguments[0]} failed, so the project cannot be used: {said}")
