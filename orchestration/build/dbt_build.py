"""The build: dbt makes models and seeds from the inputs, and nothing else. Its tests are run by the gate, on the sealed result."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.build.dbt_process import RESULTS_VARIABLE
from orchestration.build.dbt_runtime import call_dbt, hash_of_models, manifest_path, parsed_environment
from orchestration.build.plan import Plan, files_of_plan, require_inputs_of, require_versions_whole
from orchestration.build.seal import Seal, break_seal, seal_build
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.home_lock import BUILD
from orchestration.foundation.machine import fault_said
from orchestration.foundation.settings import Settings

# unit tests judge the code and data tests the data: neither builds anything
ARGUMENTS = ["build", "--no-write-json", "--exclude", "resource_type:test", "resource_type:unit_test"]
RESULTS = "run_results.json"
# an exposure is named in the account and is nothing to build
BUILT = ("success", "pass", "no-op")
# `Could not convert string '…' to INT32`, `Duplicate key "…"`: DuckDB quotes what offended it
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def build_warehouse(settings: Settings, plan: Plan) -> Seal:
    """A new warehouse for this plan, whole, and its seal. Raises `GateShut` (a lake file is not what was ingested) or `IntMartsError`."""
    home = settings.paths
    require_inputs_of(home, plan)
    require_versions_whole(settings, plan.delivery)
    break_seal(home)
    for left in (home.warehouse_file, Path(f"{home.warehouse_file}.wal")):
        left.unlink(missing_ok=True)
    home.spill.mkdir(exist_ok=True)
    try:
        results = run_build(settings, settings.threads_for(*files_of_plan(home, plan.delivery)))
    finally:
        shutil.rmtree(home.spill, ignore_errors=True)
    require_planned_sql(results, plan)
    return seal_build(settings, plan)


def run_build(settings: Settings, engine_threads: int) -> list[dict[str, Any]]:
    """dbt's account of each node. It writes into a folder of its own: a dbt that outlives a killed run cannot write over the next one's.

    `engine_threads` share the work of one model; dbt makes as many models beside each other as the settings have threads.
    """
    environment = parsed_environment(settings) | {"INT_MARTS_ENGINE_THREADS": str(engine_threads)}
    with TemporaryDirectory(dir=manifest_path(settings).parent, prefix=BUILD) as folder:
        file = Path(folder) / RESULTS
        done = call_dbt(ARGUMENTS, environment | {"DBT_TARGET_PATH": folder, RESULTS_VARIABLE: str(file.absolute())})
        if not file.exists():
            raise IntMartsError(
                f"dbt stopped before its end (exit code {done.returncode}); see dbt/logs/dbt.log in the home"
            )
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
    require_all_built(results)
    return results


def require_all_built(results: list[dict[str, Any]]) -> None:
    """Raises `IntMartsError` naming the first node that broke, without a value."""
    broken = [result for result in results if result["status"].lower() not in BUILT]
    if broken:
        first = broken[0]
        if fault := fault_said(str(first["message"])):
            raise fault
        raise IntMartsError(
            f"dbt: {len(broken)} of {len(results)} nodes were not built, first {first['unique_id']}: "
            f"{first_line(first['message'])} (the SQL failed, not a data check)"
        )


def require_planned_sql(results: list[dict[str, Any]], plan: Plan) -> None:
    """What ran is what was planned: dbt reads its own saved parse, and the plan the compiled project beside it."""
    ran = {result["unique_id"]: result.get("compiled_code") for result in results}
    if hash_of_models(ran) != plan.models:
        raise IntMartsError(
            "dbt ran other SQL than was planned: its saved parse was changed; run `int-marts refresh` again"
        )


def first_line(text: str | None) -> str:
    """What kind of error, without what it quotes: that may be a value of a record."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    said = lines[1] if len(lines) > 1 and lines[0].endswith(")") else lines[0] if lines else "no message"
    return QUOTED.sub("'…'", said)[:300]
