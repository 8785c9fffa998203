"""Change since a baseline beside what others did, and inequality across deprivation, against plain Python."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from tests.indicators.brute_force import Z_95
from tests.indicators.harness import Bench

MONTHS = [d.date() for d in pd.date_range("2022-09-01", "2025-10-01", freq="MS")]
TEAMS = {"T1": "H1", "T2": "H1", "T3": "H1", "T4": "H2", "T5": "H2", "T6": "H2"}
GO_LIVES = {
    "T1": dt.date(2025, 1, 1),  # 9 complete months: against the same months a year before
    "T2": dt.date(2025, 11, 1),  # not yet
    "T3": None,
    "T4": dt.date(2024, 6, 1),  # more than 12: against the last 12 before it
    "T5": None,
    "T6": dt.date(2025, 8, 1),  # 2: too early
}
INDICATOR = "emergency_admissions"  # its target has the dated baseline January to December 2024, which the newest 12 months overlap
LATE, NEW_PHASE = "T5", "T3"  # the one's newest months are incomplete, the other's recording changed in October 2024

REBASED = f"select '{INDICATOR}' as indicator_id, 'int' as area_type, '{NEW_PHASE}' as area_code, date '2024-10-01' as month, '' as reason"

Counts = dict[tuple[str, dt.date], tuple[float, float]]
Row = dict[str, float | str | None]


def counts_of(seed: int) -> Counts:
    """(area, month) → (admissions, people), partnerships and the ICB as sums of their teams."""
    draw = np.random.default_rng(seed)
    counts: Counts = {}
    for month in MONTHS:
        for team in TEAMS:
            counts[team, month] = (float(draw.integers(20, 90)), float(draw.integers(9_000, 30_000)))
        for whole in ("H1", "H2", "Q"):
            parts = [counts[team, month] for team, parent in TEAMS.items() if whole in (parent, "Q")]
            counts[whole, month] = (sum(n for n, _ in parts), sum(d for _, d in parts))
    return counts


def type_of(area: str) -> str:
    return {"T": "int", "H": "hcp", "Q": "icb"}[area[0]]


def is_complete(area: str, month: dt.date) -> bool:
    return month < dt.date(2025, 10, 1) and not (area == LATE and month > dt.date(2025, 6, 1))


def phase_of(area: str, month: dt.date) -> int:
    return 2 if area == NEW_PHASE and month >= dt.date(2024, 10, 1) else 1


def shifted(month: dt.date, months: int) -> dt.date:
    return (pd.Timestamp(month) + pd.DateOffset(months=months)).date()


def span(first: dt.date, months: int) -> list[dt.date]:
    return [shifted(first, i) for i in range(months)]


def summed(counts: Counts, area: str, months: list[dt.date]) -> tuple[float, float] | None:
    """Events and the mean list of a period; None where a month is missing, not complete or of another phase than the last."""
    if any(
        m not in MONTHS or not is_complete(area, m) or phase_of(area, m) != phase_of(area, months[-1]) for m in months
    ):
        return None
    return sum(counts[area, m][0] for m in months), sum(counts[area, m][1] for m in months) / len(months)


def plain_dispersion(counts: Counts) -> dict[str, float]:
    """Area → how many times more than Poisson counts its complete months differ from those of a year before, at least as its type's
    and the teams'."""
    own: dict[str, tuple[float, int]] = {}
    for area in {area for area, _ in counts}:
        pairs = [
            (*counts[area, month], *counts[area, shifted(month, -12)])
            for month in MONTHS
            if shifted(month, -12) in MONTHS and is_complete(area, month)
        ]
        n1, d1, n0, d0 = (sum(side) for side in zip(*pairs, strict=True))
        ratio, total = (n1 / d1) / (n0 / d0), 0.0
        for late, late_people, early, early_people in pairs:
            share = ratio * late_people / (ratio * late_people + early_people)
            both = late + early
            total += (late - both * share) ** 2 / (both * share * (1 - share))
        own[area] = total, len(pairs) - 1

    def pooled(kind: str) -> float:
        of = [own[area] for area in own if type_of(area) == kind]
        return sum(total for total, _ in of) / sum(freedom for _, freedom in of)

    return {
        area: max(1.0, total / freedom, pooled(type_of(area)), pooled("int")) for area, (total, freedom) in own.items()
    }


def periods_of(area: str) -> dict[str, tuple[list[dt.date], list[dt.date]]]:
    """Kind of baseline → months of it and of now, by definitions E16 read once more. The target's baseline overlaps: no row."""
    newest = max(month for month in MONTHS if is_complete(area, month))
    last_year = span(shifted(newest, -11), 12)
    found = {"year_before": (span(shifted(newest, -23), 12), last_year)}
    live = GO_LIVES.get(area)
    if live and live <= newest:
        since = (newest.year - live.year) * 12 + newest.month - live.month + 1
        found["go_live"] = (
            (span(shifted(live, -12), 12), last_year)
            if since >= 12
            else (span(shifted(live, -12), since), span(live, since))
        )
    if newest < dt.date(2025, 12, 1):
        return found
    return found | {"target_baseline": (span(dt.date(2024, 1, 1), 12), last_year)}


def expected_rows(counts: Counts) -> dict[tuple[str, str], Row]:
    dispersion = plain_dispersion(counts)
    rows: dict[tuple[str, str], Row] = {}
    for area in {area for area, _ in counts}:
        for kind, (base, now) in periods_of(area).items():
            own = summed(counts, area, now), summed(counts, area, base)
            if None in own or phase_of(area, base[0]) != phase_of(area, now[-1]):
                continue

            def both(other: str, now: list[dt.date] = now, base: list[dt.date] = base) -> list[float] | None:
                sides = summed(counts, other, now), summed(counts, other, base)
                return (
                    None
                    if None in sides or phase_of(other, base[0]) != phase_of(other, now[-1])
                    else [*sides[0], *sides[1]]
                )

            others = [
                a for a in {a for a, _ in counts} if type_of(a) == type_of(area) != "icb" and a != area and both(a)
            ]
            groups = {
                "": [area],
                "comparator_": others,
                "rest_of_hcp_": [a for a in others if area in TEAMS and TEAMS[a] == TEAMS[area]],
                "teams_not_live_": [
                    a for a in others if area in TEAMS and (GO_LIVES[a] is None or GO_LIVES[a] > now[-1])
                ],
            }
            row: Row = {"months": len(now), "verdict": "too_early" if len(now) < 3 else None, "period_status": "final"}
            ratios: dict[str, tuple[float, float]] = {}
            for prefix, members in groups.items():
                sums = [sum(side) for side in zip(*(both(a) for a in members), strict=True)] if members else None
                if not sums or len(now) < 3:
                    row |= {f"{prefix}change_pct{end}": None for end in ("", "_lower_95", "_upper_95")}
                    continue
                n1, d1, n0, d0 = sums
                ratio, error = (n1 / d1) / (n0 / d0), math.sqrt(dispersion[area] * (1 / n1 + 1 / n0))
                ratios[prefix] = ratio, error
                reach = math.exp(Z_95 * error)
                row |= {
                    f"{prefix}change_pct": 100 * (ratio - 1),
                    f"{prefix}change_pct_lower_95": 100 * (ratio / reach - 1),
                    f"{prefix}change_pct_upper_95": 100 * (ratio * reach - 1),
                }
            days = (shifted(now[-1], 1) - now[0]).days
            (n1, d1), (n0, d0) = own
            row["change_per_day"] = (n1 - n0 / d0 * d1) / days if len(now) >= 3 else None
            row["difference_per_day"] = None
            if "comparator_" in ratios:
                row["difference_per_day"] = n0 / d0 * d1 * (ratios[""][0] - ratios["comparator_"][0]) / days
                # from the sides' own limits: each way its own distance and the other's the opposite way
                (r1, s1), (r0, s0) = ratios[""], ratios["comparator_"]
                below = math.hypot(r1 - r1 / math.exp(Z_95 * s1), r0 * math.exp(Z_95 * s0) - r0)
                above = math.hypot(r1 * math.exp(Z_95 * s1) - r1, r0 - r0 / math.exp(Z_95 * s0))
                row["difference_pct_points_lower_95"] = 100 * (r1 - r0 - below)
                row["difference_pct_points_upper_95"] = 100 * (r1 - r0 + above)
            if len(now) >= 3:
                low, high = row["change_pct_lower_95"], row["change_pct_upper_95"]
                row["verdict"] = "higher" if low > 0 else "lower" if high < 0 else "within_chance"
            rows[area, kind] = row
    return rows


def changed(compiled, counts: Counts, anticipation: int = 0, go_lives: dict[str, dt.date | None] = GO_LIVES) -> Bench:
    """`indicator_change` of the counts, months complete and phases as above."""
    figures = pd.DataFrame(
        [
            (INDICATOR, "all", "marts", type_of(area), area, month, "month", n, d, n / d * 1000,
             "final" if is_complete(area, month) else "incomplete", phase_of(area, month))
            for (area, month), (n, d) in counts.items()
        ],
        columns=["indicator_id", "cohort_id", "boundary", "area_type", "area_code", "month", "period", "numerator",
                 "denominator", "value", "period_status", "phase"],
    )  # fmt: skip
    levels = pd.DataFrame(
        [("marts", dt.date(2025, 10, 1), f"P{team}", type_of(code), code) for team, parent in TEAMS.items()
         for code in (team, parent, "Q")],
        columns=["boundary", "month", "practice_code", "area_type", "area_code"],
    )  # fmt: skip
    live = ", ".join(f"('{team}', cast({repr(str(day)) if day else 'null'} as date))" for team, day in go_lives.items())
    bench = Bench(compiled).give("indicators.indicator_figures", figures).give("intermediate.practice_levels", levels)
    bench.give("indicators.process_months", "select * from indicators.indicator_figures")
    bench.give("indicators.process_rebasings", REBASED)
    bench.give("intermediate.team_go_lives", f"select * from (values {live}) as t(int_code, go_live_month)")
    bench.give(
        "intermediate.build",
        f"select 'Q' as icb_code, date '2025-10-31' as data_cut, {anticipation} as anticipation_months",
    )
    bench.seed("indicator_targets").seed("indicator_catalogue")
    bench.run("indicators.change_months", "indicators.change_periods", "indicators.change_comparators")
    return bench.run("indicators.change_dispersion", "marts.indicator_change")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_changes_and_what_they_stand_beside(compiled, seed: int) -> None:
    counts = counts_of(seed)
    found = changed(compiled, counts).rows("select * from marts.indicator_change")
    wanted = expected_rows(counts)
    assert {(row.area_code, row.baseline_kind) for row in found.itertuples()} == set(wanted)
    assert {kind for _, kind in wanted} == {"year_before", "go_live"}
    assert (NEW_PHASE, "year_before") not in wanted
    assert {row["verdict"] for row in wanted.values()} >= {"too_early", "within_chance"}
    for row in found.to_dict("records"):
        for column, value in wanted[row["area_code"], row["baseline_kind"]].items():
            if value is None:
                assert pd.isna(row[column]), (row["area_code"], column)
            elif isinstance(value, str):
                assert row[column] == value, (row["area_code"], column)
            else:
                assert row[column] == pytest.approx(value, rel=1e-9, abs=1e-9), (row["area_code"], column)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_periods_never_share_a_month(compiled, seed: int) -> None:
    found = changed(compiled, counts_of(seed)).rows(
        "select count(*) as changes, count(*) filter (where right(baseline_period, 7) >= left(current_period, 7)) as shared "
        "from marts.indicator_change"
    )
    assert found.loc[0, "changes"] > 0
    assert found.loc[0, "shared"] == 0


def worked_case(newest: dt.date) -> Counts:
    """88 events in August and September 2025, 105 a year before, then 41 against 50; people alike; months after `newest` are not there."""
    events = {dt.date(2025, 8, 1): 44, dt.date(2025, 9, 1): 44, dt.date(2025, 10, 1): 41,
              dt.date(2024, 8, 1): 52, dt.date(2024, 9, 1): 53, dt.date(2024, 10, 1): 50}  # fmt: skip
    return {("T1", month): (float(events.get(month, 48)), 10_000.0) for month in MONTHS if month <= newest}


def test_worked_case_of_definitions_e(compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.is_complete", lambda area, month: True)
    live = {"T1": dt.date(2025, 8, 1)}
    query = "select * from marts.indicator_change where baseline_kind = 'go_live'"
    early = changed(compiled, worked_case(dt.date(2025, 9, 1)), go_lives=live).rows(query).iloc[0]
    assert (early["verdict"], early["months"]) == ("too_early", 2)
    assert (early["current_numerator"], early["baseline_numerator"]) == (88, 105)
    assert pd.isna(early["change_pct"])
    later = changed(compiled, worked_case(dt.date(2025, 10, 1)), go_lives=live).rows(query).iloc[0]
    assert (later["current_numerator"], later["baseline_numerator"]) == (129, 155)
    assert later["change_pct"] == pytest.approx(-16.774, abs=0.001)
    assert (later["baseline_period"], later["current_period"]) == ("2024-08 to 2024-10", "2025-08 to 2025-10")
    assert later["change_per_day"] == pytest.approx((129 - 155) / 92)


def test_people_counted_over_years_do_not_cross_a_change_of_recording_either(compiled) -> None:
    """People with repeated admissions stand in no month: a change of recording between their two years still parts them."""
    people = "people_3_plus_emergency_admissions"
    rows = [
        (people, "all", "marts", "int", team, month, "rolling_12_months", 40.0 + n, 20_000.0, 2.0, "final", 1)
        for team in TEAMS
        for n, month in enumerate((dt.date(2024, 9, 1), dt.date(2025, 9, 1)))
    ]
    bench = changed(compiled, counts_of(1))
    columns = [str(name) for name in bench.rows("from indicators.indicator_figures limit 0").columns]
    bench.give("indicators.indicator_figures", pd.DataFrame(rows, columns=columns))
    for month, parted in (
        ((2023, 10), set()),
        ((2023, 11), {"T3"}),
        ((2024, 10), {"T3"}),
        ((2025, 9), {"T3"}),
        ((2025, 10), set()),
    ):
        day = dt.date(*month, 1)
        bench.give(
            "indicators.process_rebasings",
            f"select '{people}' as indicator_id, 'int' as area_type, 'T3' as area_code, date '{day}' as month",
        )
        found = bench.run(
            "indicators.change_periods",
            "indicators.change_comparators",
            "indicators.change_dispersion",
            "marts.indicator_change",
        ).rows(
            f"select area_code from marts.indicator_change where indicator_id = '{people}' and baseline_kind = 'year_before'"
        )
        assert set(TEAMS) - set(found["area_code"]) == parted, day


def test_a_difference_is_no_surer_than_its_sides(compiled) -> None:
    """Five events became one: that may be chance, and so may its difference from others of whom thousands were counted."""
    counts = counts_of(1)
    few = {dt.date(2023, 11, 1): 3.0, dt.date(2024, 6, 1): 2.0, dt.date(2025, 2, 1): 1.0}
    counts |= {("T2", month): (few.get(month, 0.0), 9_000.0) for month in MONTHS}
    row = (
        changed(compiled, counts)
        .rows("select * from marts.indicator_change where area_code = 'T2' and baseline_kind = 'year_before'")
        .iloc[0]
    )
    assert (row["baseline_numerator"], row["current_numerator"], row["verdict"]) == (5, 1, "within_chance")
    assert row["difference_pct_points_lower_95"] >= row["change_pct_lower_95"] - row["comparator_change_pct_upper_95"]
    assert row["difference_pct_points_lower_95"] < 0 < row["difference_pct_points_upper_95"]


def test_anticipation_months_belong_to_neither_side(compiled) -> None:
    found = changed(compiled, counts_of(1), anticipation=2).rows(
        "select baseline_period from marts.indicator_change where area_code = 'T4' and baseline_kind = 'go_live'"
    )
    assert found["baseline_period"].tolist() == ["2023-04 to 2024-03"]


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
