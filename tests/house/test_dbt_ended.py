"""What a build makes of a dbt that did not come to its end, or that ran something else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from orchestration.build import dbt_build
from orchestration.build.dbt_runtime import hash_of_models
from orchestration.build.plan import Plan
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings

MODEL = "model.int_marts.spells"


def result(**more: Any) -> list[dict[str, Any]]:
    return [{"unique_id": MODEL, "status": "success", "message": "", "compiled_code": "select 1", **more}]


def plan(models: str) -> Plan:
    return Plan(
        delivery="2025-10",
        data_cut=dt.date(2025, 10, 31),
        versions={},
        settings={},
        registry="",
        models=models,
        code="",
    )


def test_a_dbt_that_was_killed_left_no_results_and_stops_the_run(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    (settings.paths.dbt / "target").mkdir(parents=True)
    monkeypatch.setattr(dbt_build, "parsed_environment", lambda _: {})
    monkeypatch.setattr(dbt_build, "call_dbt", lambda *_: type("Done", (), {"returncode": -9})())
    with pytest.raises(IntMartsError, match=r"stopped before its end \(exit code -9\)"):
        dbt_build.run_build(settings, engine_threads=1)
    assert not list((settings.paths.dbt / "target").iterdir())


def test_broken_sql_stops_the_run_without_quoting_a_value() -> None:
    said = "Runtime Error in model spells (models/spells.sql)\n  Conversion Error: Could not convert string '9434765919' to INT32"
    with pytest.raises(IntMartsError, match=r"first model\.int_marts\.spells") as broken:
        dbt_build.require_all_built(result(status="error", message=said))
    assert "9434765919" not in str(broken.value) and "Could not convert string" in str(broken.value)


@pytest.mark.parametrize("ran", [{"compiled_code": "select 2"}, {"unique_id": "model.int_marts.other"}])
def test_other_sql_than_was_planned_is_seen(ran: dict[str, Any]) -> None:
    planned = plan(hash_of_models({MODEL: "select 1"}))
    dbt_build.require_planned_sql(result(), planned)
    with pytest.raises(IntMartsError, match="other SQL than was planned"):
        dbt_build.require_planned_sql(result(**ran), planned)
