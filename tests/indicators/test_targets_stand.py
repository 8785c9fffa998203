"""Of several targets the one that names the area most closely stands: in the figures and in the report's words it is the same one."""

from __future__ import annotations

import random

import pytest

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.targets import read_targets
from tests.indicators.harness import Bench

AREAS = [("int", "T1"), ("int", "T2"), ("hcp", "H1"), ("icb", "QXX")]
TARGET = (
    "target_id varchar, indicator_id varchar, cohort_id varchar, area_type varchar, area_code varchar, baseline_from date, "
    "baseline_to date, baseline_value double, target_value double, target_change_pct double, target_month date, source varchar"
)
FIGURES = (
    "select 'i' as indicator_id, 'all' as cohort_id, 'marts' as boundary, 'month' as period, area_type, area_code, "
    "date '2025-03-01' as month, 1.0 as value, 1.0 as numerator, 1.0 as denominator, 1 as multiplier from given_areas"
)


@pytest.mark.parametrize("seed", range(20))
def test_the_report_names_the_target_that_the_figures_are_held_against(bench: Bench, seed: int) -> None:
    draw = random.Random(seed)
    targets = []
    for number in range(draw.randrange(1, 6)):
        kind, code = draw.choice([(None, None), *((kind, None) for kind, _ in AREAS), *AREAS])
        name = f"{draw.choice('abc')}{number}"
        targets.append(
            (name, "i", "all", kind, code, None, None, None, 10.0 + number, None, f"20{30 + number}-03-01", "")
        )
    bench.connection.execute(f"create or replace table seeds.indicator_targets ({TARGET})")
    bench.connection.executemany(f"insert into seeds.indicator_targets values ({', '.join('?' * 12)})", targets)
    bench.connection.execute("create or replace table given_areas (area_type varchar, area_code varchar)")
    bench.connection.executemany("insert into given_areas values (?, ?)", AREAS)
    bench.give("indicators.indicator_areas", "select 'marts' as boundary, * from given_areas")
    bench.give("indicators.indicator_figures", FIGURES).give("marts.indicator_values", FIGURES)
    bench.give(
        "indicators.indicator_cohorts",
        "select 'i' as indicator_id, 'all' as cohort_id, 'population' as denominator_kind",
    )
    bench.give("intermediate.months", "select date '2025-03-01' as month")
    bench.give(
        "indicators.process_months",
        "select '' as indicator_id, '' as area_type, '' as area_code, null::date as month, 0 as phase",
    )
    bench.run("indicators.indicator_target_lines", "marts.dim_target")
    held = bench.rows(
        "select distinct area_type, area_code, target_month, target_value from indicators.indicator_target_lines"
    )
    named = read_targets(Warehouse(bench.connection))
    assert {
        (row.area_type, row.area_code): (row.target_month.date(), row.target_value) for row in held.itertuples()
    } == {(kind, code): (target.month, target.value) for (_, _, kind, code), target in named.items()}
    assert named
