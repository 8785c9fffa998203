"""Reported files beside everything else: they come or go, and no figure of another feed moves."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.build.plan_tables import judge_coverage
from orchestration.foundation.settings import load_settings
from tests.indicators.harness import run_dbt
from tests.indicators.world import deliver

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]

REPORTED = {
    "reported_measures": """
        select 'staff_enps' as measure_id, 'int' as area_type, int_code as area_code, month as period_start,
            last_day(month) as period_end, 20 as replies, 9 as promoters, 4 as detractors, 30 as invited
        from (values ('T01'), ('T02'), ('T03')) as teams (int_code)
        cross join (values (date '2025-08-01'), (date '2025-09-01')) as months (month)
        union all by name
        select 'smoking_pct' as measure_id, 'council' as area_type, 'E06000035' as area_code, date '2025-07-01' as period_start,
            date '2025-09-30' as period_end, 150 as numerator, 1000 as denominator""",
    "qof_prevalence": """
        select practice_code, 'DM' as group_code, 70.0 as register_patients, '17OV' as list_type, 1000.0 as list_patients,
            '2024/25' as financial_year, date '2025-03-31' as year_end
        from (values ('A00001'), ('A00002'), ('A00003')) as practices (practice_code)""",
}


def build_with_reported(built: tuple[Path, Path], folder: Path) -> Path:
    """The same world with the reported files beside it, built by the same project."""
    settings = load_settings(home=folder)
    settings.paths.create()
    shutil.copy(load_settings(home=built[0]).paths.inputs_file, settings.paths.inputs_file)
    with duckdb.connect(str(settings.paths.inputs_file)) as connection:
        connection.execute("create temp macro month_of(d) as cast(date_trunc('month', d) as date)")
        for feed, select in REPORTED.items():
            connection.execute(f"create temp table {feed} as {select}")
            deliver(connection, feed)
        judge_coverage(connection)
    arguments = ("build", "--exclude-resource-type", "test", "unit_test")
    done = run_dbt(folder, *arguments, project=built[1].parent / "dbt_project")
    assert done.returncode == 0, done.stdout[-3000:]
    return settings.paths.warehouse_file


def test_no_figure_of_another_feed_moves(built: tuple[Path, Path], tmp_path: Path) -> None:
    without, with_reported = load_settings(home=built[0]).paths.warehouse_file, build_with_reported(built, tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{without}' as a (read_only); attach '{with_reported}' as b (read_only)")
        marts = [
            name
            for (name,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'a' "
                "and schema_name in ('marts', 'as_at') order by all"
            ).fetchall()
        ]
        assert len(marts) > 20
        for mart in marts:
            columns = [row[0] for row in connection.execute(f"describe a.{mart}").fetchall()]
            reported = "select indicator_id from b.marts.dim_indicator where measure_kind like 'reported_%'"
            others = f"where indicator_id not in ({reported})"
            where = others if "indicator_id" in columns and mart != "marts.dim_indicator" else ""
            for one, other in (("a", "b"), ("b", "a")):
                found = connection.execute(
                    f"select count(*) from (select * from {one}.{mart} {where} except all select * from {other}.{mart} {where})"
                ).fetchone()
                assert found == (0,), mart
        shown = "select count(value) from {}.marts.indicator_values where period = 'reported'"
        assert connection.execute(shown.format("b")).fetchone()[0] > 0
        assert connection.execute(shown.format("a")).fetchone() == (0,)
