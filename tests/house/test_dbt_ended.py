"""What a run makes of a dbt that did not come to its end."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.foundation.errors import IntMartsError

pytestmark = pytest.mark.slow  # imports Dagster


def ended(folder: Path, exit_code: int) -> SimpleNamespace:
    """A dbt invocation as `require_dbt_ran` sees it; its results are what lies in the folder."""
    return SimpleNamespace(
        target_path=folder,
        process=SimpleNamespace(returncode=exit_code),
        get_artifact=lambda name: json.loads((folder / name).read_text()),
    )


def test_a_dbt_that_was_killed_left_no_results_and_stops_the_run(tmp_path: Path) -> None:
    from orchestration.graph.assets.warehouse import require_dbt_ran

    with pytest.raises(IntMartsError, match=r"stopped before its end \(exit code -9\)"):
        require_dbt_ran(ended(tmp_path, -9))


@pytest.mark.parametrize(("status", "is_fault"), [("error", True), ("warn", False), ("fail", False)])
def test_broken_sql_stops_the_run_and_a_failed_check_does_not(tmp_path: Path, status: str, is_fault: bool) -> None:
    from orchestration.graph.assets.warehouse import require_dbt_ran

    result = {"unique_id": "model.int_marts.spells", "status": status, "message": "Binder Error"}
    (tmp_path / "run_results.json").write_text(json.dumps({"results": [result]}))
    if is_fault:
        with pytest.raises(IntMartsError, match=r"first model\.int_marts\.spells"):
            require_dbt_ran(ended(tmp_path, 1))
    else:
        require_dbt_ran(ended(tmp_path, 0))
