"""How dbt is run: its environment, the compiled project and its command line. The only place that knows where dbt lives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock, Thread
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestration.build.dbt_process import SAVED_PARSE_VARIABLE
from orchestration.build.measure_unions import write_measure_unions
from orchestration.foundation.code_version import files_fingerprint
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_file, hash_json
from orchestration.foundation.machine import fault_said
from orchestration.foundation.settings import PROJECT_ROOT, Settings, load_settings

DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
SEEDS_DIR = PROJECT_ROOT / "seeds"
# the compiled project serves every home; where this folder cannot be written, each home compiles for itself
KEPT = PROJECT_ROOT / "build" / "compiled"
COMPILED_FILES = ("manifest.json", "partial_parse.msgpack")
STAMP = "compiled.json"
_one_at_a_time = Lock()


class CompiledProject(BaseModel):
    """What the project was compiled from (`fingerprint`, `versions`) and what came of it: `models`, the one hash over the SQL of all
    models and the seeds, and the sha256 of the files that dbt and the gate read later."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    versions: list[str]
    models: str = ""
    files: dict[str, str] = {}


def dbt_executable() -> str:
    """dbt of this very environment, whether or not it is activated; `orchestration.build.dbt_process` by its installed name."""
    beside = Path(sys.executable).with_name("int-marts-dbt")
    return str(beside) if beside.exists() else "int-marts-dbt"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The environment variables that `profiles.yml` reads; nothing that varies by month is among them."""
    home = settings.paths
    return {
        "INT_MARTS_WAREHOUSE_FILE": str(home.warehouse_file.absolute()),
        "INT_MARTS_INPUTS_FILE": str(home.inputs_file.absolute()),
        "INT_MARTS_TEMP_DIRECTORY": str(home.spill.absolute()),
        "INT_MARTS_THREADS": str(settings.threads),
        "INT_MARTS_ENGINE_THREADS": str(settings.threads),
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


@lru_cache(maxsize=1)
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


def compile_beside(settings: Settings) -> Thread:
    """Start compiling in the background; whoever needs the manifest later waits for it, and hears what was wrong with it."""

    def compile_quietly() -> None:
        with suppress(IntMartsError):
            ensure_manifest(settings)

    compiling = Thread(target=compile_quietly, daemon=True)
    compiling.start()
    return compiling


def ensure_manifest(settings: Settings) -> Path:
    """The project with its compiled SQL, compiled again only when a file of it has changed. Raises `IntMartsError` when it does not."""
    compiled_project(settings)
    return manifest_path(settings)


def compiled_project(settings: Settings) -> CompiledProject:
    """What was compiled last, when it was compiled from these very files and not a byte of it has changed since; else compiled anew."""
    with _one_at_a_time:
        return _compiled_project(settings)


def _compiled_project(settings: Settings) -> CompiledProject:
    write_measure_unions(DBT_PROJECT_DIR)
    target = manifest_path(settings).parent
    wanted = wanted_project()
    if known := is_known(target, wanted):
        return known
    settings.paths.create()
    target.mkdir(exist_ok=True)
    kept = KEPT / "-".join([*wanted.versions, wanted.fingerprint[:16]])
    if copy_compiled(kept, target) and (known := is_known(target, wanted)):
        return known
    compile_into(settings, target)
    made = stamp(target, wanted)
    keep(target, kept)
    return made


def wanted_project() -> CompiledProject:
    versions = [version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb")]
    return CompiledProject(fingerprint=project_fingerprint(), versions=versions)


def compile_into(settings: Settings, target: Path) -> None:
    """On empty databases of the home's names: what the home holds is neither read nor touched, and the SQL, which names tables and no
    paths, is the same in every home."""
    with TemporaryDirectory() as folder:
        paths = {
            "INT_MARTS_WAREHOUSE_FILE": Path(folder) / settings.paths.warehouse_file.name,
            "INT_MARTS_TEMP_DIRECTORY": Path(folder) / "spill",
            "DBT_TARGET_PATH": Path(folder) / "target",
            "DBT_LOG_PATH": Path(folder) / "logs",
        }
        environment = dbt_environment(settings) | {name: str(path) for name, path in paths.items()}
        del environment["INT_MARTS_INPUTS_FILE"]
        run_dbt(["compile", "--exclude", "resource_type:unit_test"], environment | {SAVED_PARSE_VARIABLE: ""})
        for name in COMPILED_FILES:
            shutil.copyfile(Path(folder) / "target" / name, target / name)


def stamp(target: Path, wanted: CompiledProject) -> CompiledProject:
    """Note beside the compiled files what they were made from and what they hold: a byte changed later is seen."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    made = wanted.model_copy(
        update={
            "models": hash_of_models({name: node.get("compiled_code") for name, node in nodes.items()}),
            "files": {name: hash_file(target / name) for name in COMPILED_FILES},
        }
    )
    write_atomically(target / STAMP, made.model_dump_json())
    return made


def hash_of_models(compiled: dict[str, str | None]) -> str:
    """One hash over the SQL of all models, by their names, and over the seeds; what else is in `compiled` does not count."""
    sql = {name: (text or "").strip() for name, text in compiled.items() if name.startswith("model.")}
    return hash_json([sql, {path.name: hash_file(path) for path in sorted(SEEDS_DIR.glob("*.csv"))}])


def is_known(target: Path, wanted: CompiledProject) -> CompiledProject | None:
    """What lies in the folder, when it is of these files and versions and as it was left."""
    with suppress(OSError, ValueError):
        found = CompiledProject.model_validate_json((target / STAMP).read_bytes())
        same = (found.fingerprint, found.versions) == (wanted.fingerprint, wanted.versions)
        if same and found.files == {name: hash_file(target / name) for name in COMPILED_FILES}:
            return found
    return None


def copy_compiled(source: Path, target: Path) -> bool:
    """Whether it was there: another user's, or one that is just being replaced, is as good as none."""
    try:
        for name in (*COMPILED_FILES, STAMP):
            shutil.copyfile(source / name, target / name)
    except OSError:
        return False
    return True


def keep(target: Path, kept: Path) -> None:
    """Whole or not at all, in place of older ones. Whoever is second leaves the first one's: both made the same."""
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        older = list(kept.parent.iterdir())
        made = Path(mkdtemp(dir=kept.parent))
        if not copy_compiled(target, made):
            return
        if kept in older:  # damaged, or it would have been taken
            shutil.rmtree(kept)
        made.rename(kept)
        for folder in older:
            shutil.rmtree(folder, ignore_errors=True)


def parsed_environment(settings: Settings) -> dict[str, str]:
    """The environment of a dbt that takes the project as `ensure_manifest` has parsed it."""
    saved = ensure_manifest(settings).with_name("partial_parse.msgpack")
    return dbt_environment(settings) | {SAVED_PARSE_VARIABLE: str(saved.absolute())}


def read_manifest(settings: Settings) -> dict[str, Any]:
    """The compiled project as data."""
    return json.loads(ensure_manifest(settings).read_text(encoding="utf-8"))


def run_dbt(arguments: list[str], environment: dict[str, str]) -> None:
    """dbt in a process of its own. Raises `IntMartsError` with its own words when it fails."""
    done = call_dbt(arguments, environment)
    if done.returncode != 0:
        said = done.stdout.strip()[-2000:] or done.stderr.strip()[-2000:]
        raise IntMartsError(f"dbt {arguments[0]} failed, so the project cannot be used: {said}")


def call_dbt(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Raises `MachineFault` where it failed for want of room or memory, in whatever part of it: its own files take room too."""
    folders = ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
    done = subprocess.run(
        [dbt_executable(), "--quiet", *arguments, *folders],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode and (fault := fault_said(done.stdout + done.stderr)):
        raise fault
    return done


def main() -> None:
    """What `make setup` ends with: the project compiled for every home of this clone, so that the first refresh need not."""
    with TemporaryDirectory() as home:
        ensure_manifest(load_settings(home=home))


if __name__ == "__main__":
    main()
