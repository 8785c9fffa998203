"""`evaluation_panel` against its rules read once more: what is used, what is left out, and why (definitions E9, E21)."""

from __future__ import annotations

import datetime as dt
import random

import pandas as pd
import pytest

from tests.indicators.harness import Bench

INDICATOR = "emergency_admissions"
MONTHS = [d.date() for d in pd.date_range("2024-01-01", "2025-06-01", freq="MS")]
TEAMS = [f"T{n:02d}" for n in range(12)]
Cell = dict[str, object]


def drawn(seed: int) -> tuple[list[Cell], dict[str, dt.date | None], list[tuple[str | None, str | None, dt.date]]]:
    """Cells of twelve teams of two partnerships, their go-lives, and dated changes of recording."""
    draw = random.Random(seed)
    unknown_for_all = draw.choice(MONTHS)
    gaps = {(draw.choice(TEAMS), draw.choice(MONTHS)) for _ in range(draw.randrange(4))}
    cells: list[Cell] = []
    for team in TEAMS:
        for month in MONTHS:
            status, reason, numerator, denominator = "final", None, float(draw.randrange(5, 90)), 9000.0
            if month == unknown_for_all and draw.random() < 0.7:
                numerator, denominator, reason = None, None, "history_too_short"
            elif (team, month) in gaps:
                status, denominator = draw.choice([("incomplete", 9000.0), ("final", 0.0)])
            elif month == MONTHS[-1]:
                status = "incomplete"
            elif month == MONTHS[-2]:
                status = "provisional"
            cells.append(
                {"area_code": team, "month": month, "numerator": numerator, "denominator": denominator,
                 "period_status": status, "null_reason": reason}
            )  # fmt: skip
    lives = {team: draw.choice([None, *MONTHS[:2], *MONTHS[8:], dt.date(2026, 1, 1)]) for team in TEAMS}
    places = [(None, None), ("icb", "Q"), ("int", "T03"), ("hcp", "H1"), ("pcn", "T04")]
    breaks = [(*draw.choice(places), draw.choice(MONTHS)) for _ in range(draw.randrange(3))]
    return cells, lives, breaks


def hcp_of(team: str) -> str:
    return f"H{TEAMS.index(team) // 6}"


def wanted(cells: list[Cell], lives: dict[str, dt.date | None], breaks: list) -> dict[tuple[str, dt.date], str | None]:
    common = max((day for kind, _, day in breaks if kind in (None, "icb")), default=dt.date.min)
    own: dict[tuple[str, dt.date], str | None] = {}
    for cell in cells:
        key = str(cell["area_code"]), cell["month"]
        assert isinstance(key[1], dt.date)
        if cell["null_reason"]:
            own[key] = str(cell["null_reason"])  # type: ignore[index]
        elif cell["period_status"] == "incomplete":
            own[key] = "incomplete"  # type: ignore[index]
        elif not cell["denominator"]:
            own[key] = "nothing_to_divide_by"  # type: ignore[index]
        else:
            own[key] = "before_a_break" if key[1] < common else None  # type: ignore[index]
    kept = [m for m in MONTHS if sum(own[t, m] is None for t in TEAMS) >= 0.9 * len(TEAMS)]
    found: dict[tuple[str, dt.date], str | None] = {}
    for team in TEAMS:
        is_broken = bool(kept) and any(
            day > kept[0] and day in MONTHS and (kind, code) in (("int", team), ("hcp", hcp_of(team)))
            for kind, code, day in breaks
        )
        has_gap = any(own[team, month] is not None for month in kept)
        live = lives[team]
        for month in MONTHS:
            found[team, month] = (
                own[team, month]
                or (month not in kept and "month_not_known_for_all")
                or (is_broken and "break_in_series")
                or (has_gap and "team_has_unknown_months")
                or (live is not None and live <= kept[0] and "live_before_the_first_month")
                or None
            )
    return found


def panel(compiled, cells: list[Cell], lives: dict[str, dt.date | None], breaks: list) -> pd.DataFrame:
    bench = Bench(compiled).seed("indicator_catalogue")
    bench.give("seeds.registered_evaluation_plan", f"select '{INDICATOR}' as indicator_id, 'all' as cohort_id")
    figures = pd.DataFrame(cells).astype({"numerator": "float64", "denominator": "float64", "null_reason": "object"})
    bench.give("marts.figures", figures)
    bench.give(
        "marts.indicator_values",
        f"select *, '{INDICATOR}' as indicator_id, 'all' as cohort_id, 'int' as area_type, 'month' as period, "
        "9000 as registered_population from marts.figures",
    )
    teams = ", ".join(
        f"('{team}', '{hcp_of(team)}', cast({repr(str(day)) if day else 'null'} as date))"
        for team, day in lives.items()
    )
    bench.give(
        "intermediate.teams",
        f"select *, true as is_current, false as is_special from (values {teams}) as t(int_code, hcp_code, go_live_month)",
    )
    rows = [
        f"('{INDICATOR}', {k!r}, {c!r}, date '{d}')" if k else f"('{INDICATOR}', null, null, date '{d}')"
        for k, c, d in breaks
    ]
    rows.append("('another', 'icb', 'Q', date '2025-01-01')")
    bench.give(
        "indicators.process_rebasings",
        f"select indicator_id, area_type::varchar as area_type, area_code::varchar as area_code, month from (values {', '.join(rows)}) "
        "as t(indicator_id, area_type, area_code, month)",
    )
    return bench.run("marts.evaluation_panel").rows("select * from marts.evaluation_panel")


@pytest.mark.parametrize("seed", range(40))
def test_every_team_month_is_used_or_has_its_reason(compiled, seed: int) -> None:
    cells, lives, breaks = drawn(seed)
    found = panel(compiled, cells, lives, breaks)
    assert len(found) == len(cells)
    reasons = {
        (row.int_code, row.month.date()): None if pd.isna(row.reason) else row.reason for row in found.itertuples()
    }
    assert reasons == wanted(cells, lives, breaks)
    assert (found["is_used"] == found["reason"].isna()).all()
    used = found[found["is_used"]]
    assert used.groupby("int_code")["month"].nunique().nunique() <= 1, "the estimator needs every month of every team"


def test_all_kinds_of_reason_were_drawn() -> None:
    drawn_reasons = {reason for seed in range(40) for reason in wanted(*drawn(seed)).values()}
    assert drawn_reasons == {
        None, "history_too_short", "incomplete", "nothing_to_divide_by", "before_a_break", "month_not_known_for_all",
        "break_in_series", "team_has_unknown_months", "live_before_the_first_month",
    }  # fmt: skip
