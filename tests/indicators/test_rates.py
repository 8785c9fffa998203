"""The worked cases of the definitions, part D, read from the models that feed the marts; standardised rates against plain Python."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.publishing.indicator_docs import read_seed
from tests.indicators.brute_force import byar
from tests.indicators.harness import Bench

BANDS = [row["age_band"] for row in read_seed("esp2013")]
WEIGHTS = [int(row["standard_population"]) for row in read_seed("esp2013")]
PART_D_PEOPLE = [636, 558, 609, 543, 384, 594, 669, 843, 660, 576, 606, 522, 426, 273, 300, 288, 153, 123, 207]
PART_D_EVENTS = [127, 25, 18, 21, 12, 27, 48, 27, 29, 32, 32, 34, 45, 65, 38, 68, 74, 82, 91]
MONTH = dt.date(2025, 3, 1)

COHORTS = """
    select 1 as indicator_cohort_key,
        indicator_id, 'all' as cohort_id, 'all' as cohort_kind, null::integer as months_of_history, '1.0' as definition_version,
        'additive' as measure_kind, 'events' as numerator_measure_id, 'people' as denominator_measure_id, 'all' as denominator_cohort_id,
        'population' as denominator_kind, 100000 as multiplier, standardisation, limits, 0 as minimum_count
    from (values {rows}) as wanted(indicator_id, standardisation, limits)
"""
NO_STANDARDISED = """
    select 0 as indicator_cohort_key, 0 as area_key, 0 as month_number,
        '' as indicator_id, '' as cohort_id, '' as boundary, '' as area_type, '' as area_code, date '2000-01-01' as month,
        '' as period, 0.0 as standardised_value, 0.0 as standardised_lower_95, 0.0 as standardised_upper_95,
        '' as standardised_null_reason, 0.0 as expected, 0.0 as events_standardised where false
"""

AREA = ["area_type", "area_code", "month", "period"]
KEYS = ["indicator_cohort_key", "area_key", "month_number"]
COUNT_COLUMNS = [*KEYS, "indicator_id", "cohort_id", "boundary", *AREA, "months_of_life", "numerator", "denominator"]


def figures(bench: Bench, cases: list[tuple[float, float]], limits: str, multiplier: int = 100000) -> pd.DataFrame:
    """`indicator_figures` of areas with these numerators and denominators."""
    counts = pd.DataFrame(
        [(1, i, 302, "x", "all", "marts", "int", f"A{i}", MONTH, "month", 12, n, d) for i, (n, d) in enumerate(cases)],
        columns=COUNT_COLUMNS,
    )
    counts["median"] = np.nan
    known = (
        "select 1 as indicator_cohort_key, unnest(range(100)) as area_key, 302 as month_number, 'month' as period, "
        "'final' as period_status, "
        "null::varchar as null_reason, null::varchar as standardised_null_reason, false as is_left_out"
    )
    cohorts = COHORTS.format(rows=f"('x', 'none', '{limits}')").replace(
        "100000 as multiplier", f"{multiplier} as multiplier"
    )
    bench.give("indicators.indicator_counts", counts).give("indicators.indicator_cohorts", cohorts)
    bench.give("indicators.measure_knowledge", known).give("indicators.standardised_rates", NO_STANDARDISED)
    bench.run("indicators.indicator_figures")
    return bench.rows("select * from indicators.indicator_figures order by area_code")


def test_crude_rates_of_part_d(bench: Bench) -> None:
    found = figures(bench, [(5, 100), (20, 100), (10, 200), (0, 100), (3, 0)], "poisson")
    assert found["value"].tolist()[:4] == pytest.approx([5000, 20000, 5000, 0])
    limits = list(zip(found["value_lower_95"], found["value_upper_95"], strict=True))
    assert limits[0] == pytest.approx((1623.486390, 11668.332079), rel=1e-9)
    assert limits[1] == pytest.approx((12211.428835, 30889.880369), rel=1e-9)
    assert limits[2] == pytest.approx((2393.724957, 9195.729303), rel=1e-9)
    assert found["limit_method"].tolist() == ["exact_poisson", "byar", "byar", "exact_poisson", "none"]
    assert found["null_reason"].tolist()[-1] == "no_population"
    assert math.isnan(found["value"].iloc[-1])


def test_wilson_of_part_d(bench: Bench) -> None:
    found = figures(bench, [(65, 100), (1, 100), (0, 7), (7, 7)], "wilson", multiplier=100)
    limits = list(zip(found["value_lower_95"], found["value_upper_95"], strict=True))
    assert limits[0] == pytest.approx((55.254443, 73.635752), rel=1e-6)
    assert limits[1] == pytest.approx((0.176743, 5.448620), rel=1e-5)
    assert limits[2][0] == 0.0
    assert limits[3][1] == 100.0


def standardised(bench: Bench, areas: dict[str, tuple[list[int], list[int], list[int]]]) -> pd.DataFrame:
    """`standardised_rates` of areas given as (events, people, Σk(k - 1)) by band."""
    strata = pd.DataFrame(
        [
            (key, 302, measure, "all", "month", 1, *counts)
            for key, (events, people, _) in enumerate(areas.values(), start=1)
            for measure, counts in (("events", events), ("people", people))
        ]
        # the ICB: everybody
        + [
            (
                0,
                302,
                "people",
                "all",
                "month",
                1,
                *(sum(people) for people in zip(*(p for _, p, _ in areas.values()), strict=True)),
            )
        ],
        columns=["area_key", "month_number", "measure_id", "sex", "period", "lists", *(f"band_{b}" for b in BANDS)],
    )
    repeats = pd.DataFrame(
        [
            (key, 302, "month", "events", "all", band, extra)
            for key, (_, _, extras) in enumerate(areas.values(), start=1)
            for band, extra in zip(BANDS, extras, strict=True)
        ],
        columns=["area_key", "month_number", "period", "measure_id", "sex", "age_band", "total"],
    )
    lived = pd.DataFrame(
        [(0, "icb", "QXX"), *((key, "int", area) for key, area in enumerate(areas, start=1))],
        columns=["area_key", "area_type", "area_code"],
    )
    bench.give("s", strata).give("lived", lived)
    bench.give(
        "indicators.area_strata",
        "select area_key, month_number, measure_id, sex, period, lists, columns('band_.*')::decimal(18, 2) from s",
    )
    bench.give(
        "indicators.indicator_areas",
        f"select *, 'marts' as boundary, date '{MONTH}' as month, 302 as month_number, true as has_cohorts from lived",
    )
    bench.give("indicators.area_repeat_events", repeats)
    bench.give("indicators.indicator_cohorts", COHORTS.format(rows="('x', 'direct_esp2013', 'poisson')"))
    bench.give("indicators.cohort_definitions", "select 'all' as cohort_id, null::varchar as sex").seed("esp2013")
    bench.run("indicators.standardised_rates")
    return bench.rows("select * from indicators.standardised_rates where area_type = 'int' order by area_code")


def test_directly_standardised_rate_of_part_d(bench: Bench) -> None:
    row = standardised(bench, {"A": (PART_D_EVENTS, PART_D_PEOPLE, [0] * 19)}).iloc[0]
    got = (row["standardised_value"], row["standardised_lower_95"], row["standardised_upper_95"])
    assert got == pytest.approx((10430.247991, 9717.709068, 11178.940915), rel=1e-9)


def test_ten_events_have_a_standardised_rate_and_nine_have_none(bench: Bench) -> None:
    people, none = [1000] * 19, [0] * 19
    nine, ten = [9, *none[1:]], [9, *none[1:-1], 1]
    found = standardised(bench, {"A": (nine, people, none), "B": (ten, people, none)})
    assert found["standardised_null_reason"].tolist() == ["fewer_than_10_events", None]
    assert found["standardised_value"].isna().tolist() == [True, False]


def plain_standardised(events: list[int], people: list[int], extras: list[int]) -> tuple[float, float, float] | str:
    """The rate and its limits, or why there is none; the ICB has people in every band, and a band without keeps its weight (E24)."""
    bands = [(e, p, x, w) for e, p, x, w in zip(events, people, extras, WEIGHTS, strict=True) if p]
    total, weight = sum(e for e, *_ in bands), sum(WEIGHTS)
    if total < 10:
        return "fewer_than_10_events"
    if weight - sum(w for *_, w in bands) > 0.02 * weight:
        return "no_population"
    rate = sum(e / p * w for e, p, _, w in bands) / weight * 1e5
    variance = sum((e + x) * (w / p) ** 2 for e, p, x, w in bands) / weight**2
    low, high = byar(total)
    scale = math.sqrt(variance / total) * 1e5
    return rate, rate + scale * (low - total), rate + scale * (high - total)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_standardised_rates_agree_with_plain_python(compiled, seed: int) -> None:
    areas = {}
    for number in range(200):
        draw = np.random.default_rng([seed, number])
        people = draw.integers(1, 3000, size=19) * (draw.random(19) > 0.02)
        events = draw.poisson(people * 10 ** draw.uniform(-5, -1.5))
        areas[f"A{number:03d}"] = (events.tolist(), people.tolist(), (events * draw.integers(0, 4, size=19)).tolist())
    found = standardised(Bench(compiled), areas)
    reasons = []
    for _, row in found.iterrows():
        wanted = plain_standardised(*areas[row["area_code"]])
        if isinstance(wanted, str):
            reasons.append(wanted)
            assert math.isnan(row["standardised_value"])
            assert row["standardised_null_reason"] == wanted
        else:
            got = (row["standardised_value"], row["standardised_lower_95"], row["standardised_upper_95"])
            assert got == pytest.approx(wanted, rel=1e-9)
    assert set(reasons) == {"fewer_than_10_events", "no_population"}
    assert len(reasons) < len(areas)
