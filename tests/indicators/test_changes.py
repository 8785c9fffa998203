"""Change since a baseline beside what others did, and inequality across deprivation, against plain Python."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from tests.indicators.brute_force import Z_95
from tests.indicators.harness import Bench

MONTHS = [d.date() for d in pd.date_range("2024-03-01", "2025-10-01", freq="MS")]
TEAMS = {"T1": "H1", "T2": "H1", "T3": "H1", "T4": "H2", "T5": "H2"}
GO_LIVES = {"T1": dt.date(2025, 1, 1), "T2": dt.date(2025, 11, 1), "T3": None, "T4": dt.date(2024, 12, 1), "T5": None}
INDICATOR = "emergency_admissions"  # its target has the dated baseline January to December 2024
LATE = "T5"  # its newest months are incomplete

Counts = dict[tuple[str, dt.date], tuple[float, float]]


def counts_of(seed: int) -> Counts:
    """(area, last of 12 months) → (admissions, people), partnerships and the ICB as sums of their teams."""
    draw = np.random.default_rng(seed)
    counts: Counts = {}
    for month in MONTHS:
        for team in TEAMS:
            counts[team, month] = (float(draw.integers(60, 400)), float(draw.integers(9_000, 30_000)))
        for whole in ("H1", "H2", "Q"):
            parts = [counts[team, month] for team, parent in TEAMS.items() if whole in (parent, "Q")]
            counts[whole, month] = (sum(n for n, _ in parts), sum(d for _, d in parts))
    return counts


def type_of(area: str) -> str:
    return {"T": "int", "H": "hcp", "Q": "icb"}[area[0]]


def is_complete(area: str, month: dt.date) -> bool:
    return month < dt.date(2025, 10, 1) and not (area == LATE and month > dt.date(2025, 6, 1))


def years_before(month: dt.date, months: int) -> dt.date:
    return (pd.Timestamp(month) - pd.DateOffset(months=months)).date()


def plain_dispersion(monthly: Counts) -> dict[str, float]:
    """Area type → how many times more than Poisson counts the complete months differ from those of a year before."""
    found: dict[str, float] = {}
    for kind in ("int", "hcp", "icb"):
        total, freedom = 0.0, 0
        for area in {area for area, _ in monthly if type_of(area) == kind}:
            pairs = [
                (*monthly[area, month], *monthly[area, years_before(month, 12)])
                for month in MONTHS
                if years_before(month, 12) in MONTHS and is_complete(area, month)
            ]
            n1, d1, n0, d0 = (sum(side) for side in zip(*pairs, strict=True))
            ratio = (n1 / d1) / (n0 / d0)
            for late, late_people, early, early_people in pairs:
                share = ratio * late_people / (ratio * late_people + early_people)
                both = late + early
                total += (late - both * share) ** 2 / (both * share * (1 - share))
            freedom += len(pairs) - 1
        if freedom >= 11:
            found[kind] = total / freedom
    teams = found.get("int", 1.0)
    return {kind: max(1.0, teams, found.get(kind, 1.0)) for kind in ("int", "hcp", "icb")}


def expected_rows(counts: Counts, dispersion: dict[str, float]) -> dict[tuple[str, str], dict[str, float | None]]:
    rows: dict[tuple[str, str], dict[str, float | None]] = {}
    for area in {area for area, _ in counts}:
        now = max(month for month in MONTHS if is_complete(area, month))
        bases = {years_before(now, 12), dt.date(2024, 12, 1)}
        if GO_LIVES.get(area):
            bases.add(years_before(GO_LIVES[area], 1))
        for base in sorted(bases):
            # a baseline is a complete year of the area's own, before the current one
            if base not in MONTHS or base >= now or not is_complete(area, base):
                continue
            others = {
                "own": [(area, 1)],
                "comparator": [("Q", 1), (area, -1)] if area != "Q" else [],
                "rest_of_hcp": [(TEAMS[area], 1), (area, -1)] if area in TEAMS else [],
                "teams_not_live": [
                    (team, 1) for team, live in GO_LIVES.items() if team != area and (live is None or live > now)
                ]
                if area in TEAMS
                else [],
            }
            row: dict[str, float | None] = {}
            for name, parts in others.items():
                n1, d1, n0, d0 = (
                    sum(sign * counts[part, month][side] for part, sign in parts)
                    for month, side in ((now, 0), (now, 1), (base, 0), (base, 1))
                )
                ratio = (n1 / d1) / (n0 / d0) if n0 and d0 and d1 else None
                reach = math.exp(Z_95 * math.sqrt(dispersion[type_of(area)] * (1 / n1 + 1 / n0))) if ratio else None
                prefix = "" if name == "own" else f"{name}_"
                row[f"{prefix}change_pct"] = 100 * (ratio - 1) if ratio else None
                row[f"{prefix}change_pct_lower_95"] = 100 * (ratio / reach - 1) if ratio else None
                row[f"{prefix}change_pct_upper_95"] = 100 * (ratio * reach - 1) if ratio else None
            rows[area, f"{base:%Y-%m}"] = row
    return rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changes_and_what_they_stand_beside(compiled, seed: int) -> None:
    counts, monthly = counts_of(seed), counts_of(seed + 100)
    figures = pd.DataFrame(
        [
            (INDICATOR, "all", "marts", type_of(area), area, month, period, n, d, n / d * 1000,
             "final" if is_complete(area, month) else "incomplete")
            for period, cells in (("rolling_12_months", counts), ("month", monthly))
            for (area, month), (n, d) in cells.items()
        ],
        columns=["indicator_id", "cohort_id", "boundary", "area_type", "area_code", "month", "period", "numerator",
                 "denominator", "value", "period_status"],
    )  # fmt: skip
    levels = pd.DataFrame(
        [("marts", dt.date(2025, 10, 1), f"P{team}", type_of(code), code) for team, parent in TEAMS.items()
         for code in (team, parent, "Q")],
        columns=["boundary", "month", "practice_code", "area_type", "area_code"],
    )  # fmt: skip
    live = ", ".join(f"('{team}', cast({repr(str(day)) if day else 'null'} as date))" for team, day in GO_LIVES.items())
    bench = Bench(compiled).give("indicators.indicator_figures", figures).give("intermediate.practice_levels", levels)
    bench.give("intermediate.team_go_lives", f"select * from (values {live}) as t(int_code, go_live_month)")
    bench.give("intermediate.build", "select 'Q' as icb_code, date '2025-10-31' as data_cut")
    bench.seed("indicator_targets").seed("indicator_catalogue")
    bench.run("indicators.change_periods", "indicators.change_comparators")
    bench.run("indicators.change_dispersion", "marts.indicator_change")
    found = bench.rows("select *, right(baseline_period, 7) as baseline from marts.indicator_change")
    dispersion = plain_dispersion(monthly)
    assert dispersion["int"] > 2
    wanted = expected_rows(counts, dispersion)
    assert {(row.area_code, row.baseline) for row in found.itertuples()} == set(wanted)
    for row in found.to_dict("records"):
        for column, value in wanted[row["area_code"], row["baseline"]].items():
            if value is None:
                assert math.isnan(row[column]), (row["area_code"], column)
            else:
                assert row[column] == pytest.approx(value, rel=1e-9, abs=1e-9), (row["area_code"], column)


def plain_inequality(events: list[float], people: list[float]) -> tuple[list[float], list[float]]:
    """(slope, lower, upper) per person and (relative index, lower, upper) of quintiles from least to most deprived."""
    n, d = np.array(events), np.array(people)
    rate, variance, share = n / d, n / d**2, d / d.sum()
    place = np.cumsum(share) - share / 2
    fit = np.polyfit(place, rate, 1, w=np.sqrt(share))
    middle = (share * place).sum()
    spread = (share * (place - middle) ** 2).sum()

    def weights_of_prediction(x: float) -> np.ndarray:
        return share * (1 + (x - middle) * (place - middle) / spread)

    slope_error = math.sqrt(((share * (place - middle) / spread) ** 2 * variance).sum())
    least, most = np.polyval(fit, 0), np.polyval(fit, 1)
    log_error = math.sqrt(((weights_of_prediction(1) / most - weights_of_prediction(0) / least) ** 2 * variance).sum())
    index = most / least
    return (
        [fit[0], fit[0] - Z_95 * slope_error, fit[0] + Z_95 * slope_error],
        [index, index * math.exp(-Z_95 * log_error), index * math.exp(Z_95 * log_error)],
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_slope_and_relative_index_of_inequality(compiled, seed: int) -> None:
    draw = np.random.default_rng(seed)
    # quintile 5, the least deprived, first
    people = {f"T{i}": draw.integers(500, 9_000, size=5).astype(float) for i in range(30)}
    events = {
        area: draw.poisson(d * np.linspace(0.05, draw.uniform(0.03, 0.15), 5)) + 1.0 for area, d in people.items()
    }
    rows = [
        (
            INDICATOR,
            f"imd_{5 - i}",
            "int",
            area,
            dt.date(2025, 9, 1),
            "rolling_12_months",
            "final",
            n,
            d,
            1000,
            n / d * 1e3,
        )
        for area in people
        for i, (n, d) in enumerate(zip(events[area], people[area], strict=True))
        if not (area == "T0" and i == 2)
    ]
    columns = ["indicator_id", "cohort_id", "area_type", "area_code", "month", "period", "period_status", "numerator"]
    frame = pd.DataFrame(rows, columns=[*columns, "denominator", "multiplier", "value"])
    bench = Bench(compiled).give("marts.indicator_values", frame).seed("cohorts").seed("indicator_catalogue")
    found = bench.run("marts.indicator_inequality").rows("from marts.indicator_inequality").to_dict("records")
    # T0 lacks a quintile
    assert {row["area_code"] for row in found} == set(people) - {"T0"}
    for row in found:
        slope, index = plain_inequality(events[row["area_code"]], people[row["area_code"]])
        got = [row[f"slope_index{end}"] for end in ("", "_lower_95", "_upper_95")]
        assert got == pytest.approx([1000 * value for value in slope], rel=1e-6)
        got = [row[f"relative_index{end}"] for end in ("", "_lower_95", "_upper_95")]
        assert got == pytest.approx(index, rel=1e-6)
