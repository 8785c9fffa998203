"""Funnels: the project's SQL against plain Python, with and without over-dispersion."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.indicators.brute_force import funnel
from tests.indicators.harness import Bench

RATE_COLUMNS = (
    "select '' as indicator_id, '' as cohort_id, '' as boundary, '' as area_type, '' as area_code, date '2000-01-01' as month, "
    "'' as period, 0.0::double as events_standardised where false"
)

MONTH = dt.date(2025, 1, 1)
COLUMNS = [
    "indicator_id",
    "cohort_id",
    "area_type",
    "area_code",
    "month",
    "period",
    "boundary",
    "numerator",
    "denominator",
    "multiplier",
    "value",
    "period_status",
]


def is_proportion(number: int) -> bool:
    return number % 3 == 0


def group_of(seed: int, number: int) -> tuple[list[float], list[float]]:
    draw = np.random.default_rng([seed, number])
    areas = int(draw.integers(2, 45))
    people = draw.integers(500, 60_000, size=areas).astype(float)
    if is_proportion(number):
        people = np.ceil(people / 100)
        share = np.clip(draw.normal(draw.uniform(0.05, 0.95), draw.choice([0.0, 0.05]), size=areas), 0.01, 0.99)
        return draw.binomial(people.astype(int), share).astype(float).tolist(), people.tolist()
    rate = 10 ** draw.uniform(-3.3, -1)
    wobble = draw.lognormal(0, draw.choice([0.0, 0.1, 0.4]), size=areas)
    return np.maximum(draw.poisson(people * rate * wobble), 0).astype(float).tolist(), people.tolist()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_limits_dispersion_and_classes_agree_with_plain_python(compiled, seed: int) -> None:
    groups = {f"g{number:03d}": group_of(seed, number) for number in range(150)}
    groups = {name: group for name, group in groups.items() if 0 < sum(group[0]) < sum(group[1])}
    scale = {name: 100 if is_proportion(int(name[1:])) else 1000 for name in groups}
    rows = pd.DataFrame(
        [
            (
                name,
                "all",
                "int",
                f"A{i:02d}",
                MONTH,
                "rolling_12_months",
                "marts",
                o,
                d,
                scale[name],
                o / d * scale[name],
                "final",
            )
            for name, (observed, people) in groups.items()
            for i, (o, d) in enumerate(zip(observed, people, strict=True))
        ],
        columns=COLUMNS,
    )
    rows["expected"] = np.nan
    bench = (
        Bench(compiled).give("indicators.indicator_figures", rows).give("indicators.standardised_rates", RATE_COLUMNS)
    )
    bench.connection.execute("update indicators.indicator_figures set expected = null")
    bench.give(
        "indicators.indicator_cohorts",
        "select distinct indicator_id, cohort_id, case when multiplier = 100 then 'wilson' else 'poisson' end as limits "
        "from indicators.indicator_figures",
    )
    bench.run("indicators.funnel_points", "marts.indicator_funnel")
    found = bench.rows("select * from marts.indicator_funnel order by indicator_id, area_code")
    dispersed = 0
    for name, rows_of_group in found.groupby("indicator_id"):
        wanted = funnel(*groups[name], scale[name], is_proportion=scale[name] == 100)
        dispersed += wanted[0]["dispersion"] > 0
        assert rows_of_group["funnel_class"].tolist() == [row["funnel_class"] for row in wanted], (seed, name)
        for column in ("expected", "dispersion", "lower_95", "upper_99_8"):
            assert rows_of_group[column].tolist() == pytest.approx([row[column] for row in wanted], rel=1e-6, abs=1e-9)
    assert 0 < dispersed < len(groups)


def test_worked_case_of_a_proportion(bench: Bench) -> None:
    """Definitions E17: p = 0.85, 85 of 100 expected, no over-dispersion; beside it one whose limit would pass 100 %."""
    bench.give(
        "indicators.funnel_points",
        "select 'x' as indicator_id, 'all' as cohort_id, 'int' as area_type, area_code, date '2025-01-01' as month, observed, "
        "expected, 85.0 as pooled_value, value, 'final' as period_status, 0.0 as dispersion, true as is_proportion, "
        "0.15 as variance_share from (values ('A', 85.0, 85.0, 85.0), ('B', 5.0, 4.25, 100.0)) as t (area_code, observed, expected, value)",
    )
    found = bench.run("marts.indicator_funnel").rows("select * from marts.indicator_funnel order by area_code")
    assert found.loc[0, ["lower_95", "upper_95", "lower_99_8", "upper_99_8"]].tolist() == pytest.approx(
        [78.0, 92.0, 74.0, 96.0], abs=0.05
    )
    assert found["upper_95"].tolist()[1] == 100
    assert found["funnel_class"].tolist() == ["within", "within"]
