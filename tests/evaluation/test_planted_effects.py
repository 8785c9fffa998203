"""What the demo plants, so that it can be looked for: effects that grow and differ by wave, none, and teams chosen high."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from orchestration.foundation.errors import UsageError
from orchestration.synthetic.hospital_stays import live_effect
from orchestration.synthetic.plan import DemoPlan


def factor(live: str, month: str, **options: object) -> float:
    plan = DemoPlan(1000, date(2025, 10, 1), 26, 1, 1, False, **options)  # type: ignore[arg-type]
    sql = f"select {live_effect(plan, f'''date '{month}' ''', '')} from (select {live} as live_month)"
    return float(duckdb.sql(sql).fetchall()[0][0])


FIRST, SECOND, THIRD = "date '2024-10-01'", "date '2025-04-01'", "date '2025-08-01'"


def test_effects_grow_and_differ_by_wave_and_none_is_none() -> None:
    assert [factor(FIRST, m) for m in ("2024-09-01", "2024-10-01", "2024-12-01", "2025-10-01")] == [1, 0.98, 0.94, 0.82]
    assert factor(SECOND, "2025-06-01") == 0.94
    by_wave = [factor(live, "2025-10-01", effects="by_wave") for live in (FIRST, SECOND, THIRD, "null::date")]
    assert by_wave == pytest.approx([0.82, 0.93, 0.985, 1.0])
    assert {factor(live, "2025-10-01", effects="none") for live in (FIRST, SECOND, THIRD)} == {1.0}
    with pytest.raises(UsageError, match="growing, by_wave, none"):
        factor(FIRST, "2025-10-01", effects="large")


def test_teams_chosen_for_a_high_year_come_down_of_themselves() -> None:
    months = ("2023-09-01", "2023-10-01", "2024-09-01", "2024-10-01")
    assert [factor(FIRST, m, effects="none", chosen_high=True) for m in months] == [1.0, 1.12, 1.12, 1.0]
    assert factor("null::date", "2024-09-01", chosen_high=True) == 1.0
