"""XmR charts: the project's SQL against plain Python, on series made to hit every rule and its edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.indicators.brute_force import process_chart
from tests.indicators.harness import Bench

KEYS = ["indicator_id", "cohort_id", "area_type", "area_code"]
NO_REBASINGS = (
    "select '' as indicator_id, '' as area_type, '' as area_code, date '2000-01-01' as month, '' as reason where false"
)


def figures(
    series: dict[str, list[float]], status: dict[tuple[str, int], str] | None = None, count: float = 50
) -> pd.DataFrame:
    months = pd.date_range("2020-01-01", periods=max(map(len, series.values())), freq="MS")
    return pd.DataFrame(
        [
            (
                "x",
                "all",
                "int",
                area,
                months[i].date(),
                value,
                count,
                1000.0,
                (status or {}).get((area, i), "final"),
                "marts",
                "month",
            )
            for area, values in series.items()
            for i, value in enumerate(values)
        ],
        columns=[*KEYS, "month", "value", "numerator", "denominator", "period_status", "boundary", "period"],
    )


# neither calendar nor season, unless a test says so
NO_CALENDAR = (
    "select 'x' as indicator_id, 1.0 as calendar_factor, "
    "unnest(generate_series(date '2020-01-01', date '2026-12-01', interval 1 month))::date as month"
)
NO_REPORTS = (
    "select indicator_id, cohort_id, area_type, area_code, month, value, denominator, 0 as replies, period_status, boundary, "
    "true as is_monthly from indicators.indicator_figures where false"
)
NO_SEASON = "select 'x' as indicator_id, unnest(range(1, 13))::integer as month_of_year, 1.0 as season_factor, 'none' as season_basis"


def run(
    bench: Bench,
    rows: pd.DataFrame,
    rebasings: str = NO_REBASINGS,
    donabedian_type: str = "outcome",
    calendar: str = NO_CALENDAR,
    seasons: str = NO_SEASON,
) -> pd.DataFrame:
    bench.give("indicators.indicator_figures", rows).give("indicators.process_rebasings", rebasings)
    bench.give("seeds.indicator_catalogue", f"select 'x' as indicator_id, '{donabedian_type}' as donabedian_type")
    bench.give("indicators.reported_figures", NO_REPORTS)
    bench.give("indicators.calendar_factors", calendar).give("indicators.season_factors", seasons)
    bench.run(
        "indicators.process_months",
        "indicators.process_points",
        "indicators.process_limits",
        "indicators.process_signals",
    )
    return bench.rows(
        "select p.*, l.centre_line, l.lower_process_limit, l.upper_process_limit, coalesce(s.special_cause, 'none') as special_cause, "
        "coalesce(s.signal_direction, 0) as way from indicators.process_points as p left join indicators.process_limits as l "
        "using (indicator_id, cohort_id, area_type, area_code, phase) left join indicators.process_signals as s "
        "using (indicator_id, cohort_id, area_type, area_code, month) order by p.area_code, p.month"
    )


def series_of(seed: int, kind: int) -> list[float]:
    """Whole numbers, so that ties, points on the mean and equal steps happen; some with shifts, ramps and spikes."""
    draw = np.random.default_rng([seed, kind])
    values = draw.integers(40, 40 + draw.integers(2, 30), size=int(draw.integers(8, 40))).astype(float)
    start = int(draw.integers(0, len(values)))
    if kind % 4 == 1:
        values[start:] += draw.integers(-15, 16)
    if kind % 4 == 2:
        values[start : start + 8] = 60 + np.arange(len(values[start : start + 8])) * draw.choice([-2, 2])
    if kind % 4 == 3:
        values[start] += draw.choice([-60, 90])
    return values.tolist()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_limits_and_special_causes_agree_with_plain_python(compiled, seed: int) -> None:
    series = {f"A{kind:04d}": series_of(seed, kind) for kind in range(250)}
    found = run(Bench(compiled), figures(series))
    for area, rows in found.groupby("area_code"):
        limits, causes = process_chart(series[area], [50.0] * len(series[area]))
        assert list(zip(rows["special_cause"], rows["way"], strict=True)) == causes, (seed, area)
        if limits is None:
            assert rows["centre_line"].isna().all()
        else:
            row = rows.iloc[0]
            got = (row["centre_line"], row["lower_process_limit"], row["upper_process_limit"])
            assert got == pytest.approx(limits, rel=1e-9)


def test_every_rule_occurs_in_what_is_compared(compiled) -> None:
    series = {f"A{kind:04d}": series_of(1, kind) for kind in range(250)}
    found = run(Bench(compiled), figures(series))
    assert set(found["special_cause"]) == {"none", "outside_limits", "trend", "two_of_three", "shift"}


def test_incomplete_months_are_in_no_mean_and_no_run(bench: Bench) -> None:
    plain = [50.0, 52.0, 48.0, 51.0, 49.0, 50.0, 52.0, 47.0, 51.0, 50.0, 49.0, 53.0]
    fallen = [*plain, 5.0]
    found = run(bench, figures({"A": fallen}, status={("A", 12): "incomplete"}))
    limits, _ = process_chart(plain, [50.0] * 12)
    assert found["centre_line"].iloc[0] == pytest.approx(limits[0])
    assert found["special_cause"].iloc[-1] == "none"
    assert run(bench, figures({"A": fallen}))["special_cause"].iloc[-1] == "outside_limits"


def test_eleven_points_or_small_counts_have_no_limits(bench: Bench) -> None:
    values = [50.0, 52.0] * 6
    assert run(bench, figures({"A": values[:11]}))["centre_line"].isna().all()
    assert run(bench, figures({"A": values}, count=4.9))["centre_line"].isna().all()
    assert run(bench, figures({"A": values}, count=5))["centre_line"].notna().all()


def test_a_measure_of_structure_is_shown_and_never_judged(bench: Bench) -> None:
    values = [50.0, 52.0] * 6 + [5.0]
    found = run(bench, figures({"A": values}), donabedian_type="structure")
    assert found["value"].tolist() == values
    assert found["centre_line"].isna().all()
    assert set(found["special_cause"]) == {"none"}


@pytest.mark.parametrize("values", [[2.0] * 13 + [3.0], [1 / 3] * 26, [5.0, 5.0, 6.0, 6.0] * 6])
def test_a_series_that_stands_still_has_no_limits(bench: Bench, values: list[float]) -> None:
    """More than a third of the moving ranges are nought: what moves is not what limits are made of."""
    found = run(bench, figures({"A": values}))
    assert found["centre_line"].isna().all()
    assert set(found["special_cause"]) == {"none"}


def test_a_third_of_noughts_still_has_limits(bench: Bench) -> None:
    found = run(bench, figures({"A": [5.0, 5.0, 6.0, 7.0, 7.0, 8.0, 6.0, 6.0, 5.0, 7.0, 7.0, 6.0, 8.0]}))
    assert found["centre_line"].notna().all()


@pytest.mark.parametrize("value", [10 / 300 * 1000, 0.1, 1 / 3, 2 / 7 * 1e5, 1e-4 / 3])
def test_a_month_on_the_mean_is_on_no_side(bench: Bench, value: float) -> None:
    """Also where the quotient has no end, so that its mean differs from it in the last digits: 6 months above are no run of 7."""
    found = run(
        bench, figures({"A": [value * k for k in (0.9, 1.1) * 5] + [value] + [value * k for k in (1.1, 0.9) * 5]})
    )
    assert found["centre_line"].iloc[0] == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert set(found["special_cause"]) == {"none"}


def test_a_rebasing_starts_a_phase_with_its_reason_and_only_where_it_says(bench: Bench) -> None:
    values = [50.0, 52.0] * 6 + [30.0, 33.0] * 6
    rebasing = "select 'x' as indicator_id, 'int' as area_type, 'A' as area_code, date '2021-01-01' as month, 'new door' as reason"
    found = run(bench, figures({"A": values, "B": values}), rebasing)
    own, other = found[found["area_code"] == "A"], found[found["area_code"] == "B"]
    assert own["phase"].tolist() == [1] * 12 + [2] * 12
    assert own["phase_reason"].isna().tolist() == [True] * 12 + [False] * 12
    assert set(own["special_cause"]) == {"none"}
    assert other["phase"].eq(1).all()
    assert set(other["special_cause"]) != {"none"}


@pytest.mark.parametrize("order", ["", "desc"])
def test_of_two_reasons_in_one_month_always_the_same_is_shown(bench: Bench, order: str) -> None:
    rebasings = (
        "select 'x' as indicator_id, null::varchar as area_type, null::varchar as area_code, date '2021-02-01' as month, reason "
        f"from (values ('everywhere'), ('there alone')) as r(reason) order by reason {order}"
    )
    found = run(bench, figures({"A": [10.0, 12.0] * 13}), rebasings)
    assert set(found.phase_reason.dropna()) == {"there alone"}


def test_limits_and_rules_look_at_the_adjusted_value(bench: Bench) -> None:
    """Value ÷ (calendar × season): a January of twice the usual is no signal where every January is; the raw value stays."""
    values = [100.0, 50.0, 52.0, 48.0, 51.0, 49.0, 50.0, 52.0, 47.0, 51.0, 50.0, 49.0] * 2
    assert "outside_limits" in set(run(bench, figures({"A": values}))["special_cause"])
    seasons = NO_SEASON.replace("1.0 as season_factor, 'none'", "1.0 as season_factor, 'own_history'")
    seasons = f"select * replace (case when month_of_year = 1 then 2.0 else 1.0 end as season_factor) from ({seasons})"
    found = run(bench, figures({"A": values}), seasons=seasons)
    assert set(found["special_cause"]) == {"none"}
    assert found["value"].tolist() == values
    assert found["adjusted_value"].iloc[0] == 50
    calendar = (
        f"select * replace (case when month(month) = 1 then 2.0 else 1.0 end as calendar_factor) from ({NO_CALENDAR})"
    )
    assert (
        run(bench, figures({"A": values}), calendar=calendar)["adjusted_value"].tolist()
        == found["adjusted_value"].tolist()
    )


def test_runs_are_not_judged_while_the_season_is_not_known(bench: Bench) -> None:
    values = [50.0, 52.0, 49.0, 51.0] * 2 + [56.0, 57.0, 56.0, 57.0, 56.0, 57.0, 56.0] + [50.0, 90.0]
    seasons = NO_SEASON.replace("'none'", "'not_yet_known'")
    assert {"shift", "outside_limits"} <= set(run(bench, figures({"A": values}))["special_cause"])
    assert set(run(bench, figures({"A": values}), seasons=seasons)["special_cause"]) == {"none", "outside_limits"}


@pytest.mark.slow
def test_flat_rates_are_rarely_marked(compiled) -> None:
    """Where nothing changes, a month is outside its limits about once in a hundred, and marked by any rule about once in twenty-five.

    XmR limits stand 2.66 mean moving ranges, that is 3 sigma, from a mean estimated on the same 24 points: 0.3 % of points on
    endless normal series, more on short and skewed ones. A run of 7 on one side has probability 2^-6 at each point where one
    can end, and marks seven points.
    """
    draw = np.random.default_rng(20251031)
    flat = {f"A{number:04d}": draw.poisson(120, size=24).astype(float).tolist() for number in range(1500)}
    causes = run(Bench(compiled), figures(flat))["special_cause"].value_counts(normalize=True)
    assert causes.get("outside_limits", 0) < 0.012
    assert causes.get("trend", 0) < 0.005
    assert causes.get("two_of_three", 0) < 0.02
    assert causes.get("shift", 0) < 0.07
    assert causes["none"] > 0.91
