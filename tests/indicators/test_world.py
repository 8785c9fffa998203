"""The whole way from live rows to the marts, on a small made-up ICB; and a new indicator and a new cohort, each with one row."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.settings import load_settings
from orchestration.publishing.indicator_docs import indicators_page
from tests.indicators.harness import run_dbt

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]


@pytest.fixture(scope="module")
def marts(built: tuple[Path, Path]) -> duckdb.DuckDBPyConnection:
    settings = load_settings(home=built[0])
    connection = duckdb.connect()
    connection.execute(f"attach '{settings.paths.warehouse_file}' as warehouse (read_only)")
    connection.execute(f"attach '{settings.paths.inputs_file}' as inputs (read_only); use warehouse")
    return connection


def test_no_indicator_is_all_null(marts: duckdb.DuckDBPyConnection) -> None:
    """Of those counted from records. What others report is not delivered to this world: test_reported_world delivers it."""
    empty = marts.execute(
        "select indicator_id from marts.dim_indicator anti join (select indicator_id from marts.indicator_values where value is not null "
        "and cohort_id = 'all' and area_type = 'int') using (indicator_id) where measure_kind not like 'reported_%' order by 1"
    ).fetchall()
    assert empty == []


def test_no_two_indicators_say_the_same(marts: duckdb.DuckDBPyConnection) -> None:
    """Two of them never agree in every area and month, which is what a second name for one thing would do."""
    alike = marts.execute(
        """
        with written as (
            select indicator_id, period, count(*) as figures, bit_xor(hash(area_type, area_code, month, round(value, 6))) as content
            from marts.indicator_values where cohort_id = 'all' and value is not null group by all
        )
        select list(indicator_id order by indicator_id) from written group by period, figures, content having count(*) > 1
        """
    ).fetchall()
    assert alike == []


def test_a_new_indicator_is_in_every_mart_with_one_file_and_one_row(
    marts: duckdb.DuckDBPyConnection, built: tuple[Path, Path]
) -> None:
    for mart in (
        "marts.indicator_values",
        "as_at.indicator_values",
        "marts.indicator_spc",
        "marts.indicator_funnel",
        "marts.indicator_change",
    ):
        found = marts.execute(f"select count(*) from {mart} where indicator_id = 'night_ae_attendances'").fetchone()
        assert found[0] > 0, mart
    counted, expected = marts.execute(
        "select (select numerator from marts.indicator_values where indicator_id = 'night_ae_attendances' and cohort_id = 'all' and "
        "area_type = 'icb' and period = 'month' and month = date '2025-03-01'), (select count(*) from inputs.live.ecds where "
        "attendance_category <> '4' and department_type <> '05' and arrival_time < time '07:00' and coverage_month = date '2025-03-01')"
    ).fetchone()
    assert counted > 0
    # attendances within an hour of one another are one
    assert expected - 2 <= counted <= expected
    assert "A&E attendances at night" in indicators_page(built[1])
    described = marts.execute(
        "select title, cohorts from marts.dim_indicator where indicator_id = 'night_ae_attendances'"
    ).fetchone()
    assert described == ("A&E attendances at night", "age")


def test_a_new_cohort_needs_one_row(marts: duckdb.DuckDBPyConnection) -> None:
    counted, people = marts.execute(
        "select numerator, denominator from marts.indicator_values where indicator_id = 'gp_appointments_attended' and "
        "cohort_id = 'age_15_24' and area_type = 'int' and area_code = 'T01' and period = 'month' and month = date '2025-03-01'"
    ).fetchone()
    wanted = marts.execute(
        "select count(*) from inputs.live.gp_appointments where appt_status = 'Attended' and age_years between 15 and 24 and "
        "practice_code in ('A00001', 'A00002') and coverage_month = date '2025-03-01'"
    ).fetchone()
    listed = marts.execute(
        "select sum(patients) from inputs.live.gp_registrations where age_group in ('15_19', '20_24') and "
        "practice_code in ('A00001', 'A00002') and extract_date = date '2025-03-01'"
    ).fetchone()
    assert (counted, people) == (wanted[0], listed[0])


def test_a_delivered_list_is_a_cohort_divided_by_its_members(marts: duckdb.DuckDBPyConnection) -> None:
    members = marts.execute(
        "select denominator from marts.indicator_values where indicator_id = 'emergency_admissions' and cohort_id = 'nnhip' and "
        "area_type = 'icb' and period = 'month' and month = date '2025-03-01'"
    ).fetchone()
    listed = marts.execute("select count(distinct person_id) from inputs.live.person_cohorts").fetchone()
    assert 0 < members[0] <= listed[0]
    assert marts.execute("select kind from marts.dim_cohort where cohort_id = 'nnhip'").fetchone() == ("person_list",)


def test_additive_figures_of_teams_and_no_int_sum_to_the_icb(marts: duckdb.DuckDBPyConnection) -> None:
    """Every practice of this world has a team."""
    wrong = marts.execute(
        """
        select indicator_id, month from marts.indicator_values
        semi join (from marts.dim_indicator where measure_kind = 'additive') using (indicator_id)
        where cohort_id = 'all' and period = 'month' and numerator is not null
        group by all
        having abs(sum(numerator) filter (area_type = 'int') - sum(numerator) filter (area_type = 'icb')) > 0.001
            or abs(sum(numerator) filter (area_type = 'hcp') - sum(numerator) filter (area_type = 'icb')) > 0.001
        """
    ).fetchall()
    assert wrong == []


def test_twelve_months_are_the_sum_and_lists_the_mean(marts: duckdb.DuckDBPyConnection) -> None:
    row = marts.execute(
        """
        select
            max(numerator) filter (period = 'rolling_12_months' and month = date '2025-06-01'),
            sum(numerator) filter (period = 'month' and month between date '2024-07-01' and date '2025-06-01'),
            max(denominator) filter (period = 'rolling_12_months' and month = date '2025-06-01'),
            avg(denominator) filter (period = 'month' and month between date '2024-07-01' and date '2025-06-01')
        from marts.indicator_values where indicator_id = 'emergency_admissions' and cohort_id = 'all' and area_code = 'T02'
        """
    ).fetchone()
    assert row[0] == row[1] > 0
    assert row[2] == pytest.approx(row[3])


def test_the_newest_months_are_never_judged(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute(
        "select count(*) filter (period_status = 'incomplete'), count(*) filter (period_status = 'incomplete' and special_cause <> 'none') "
        "from marts.indicator_spc where month = date '2025-10-01'"
    ).fetchone()
    assert found[0] > 0
    assert found[1] == 0


def test_a_figure_does_not_depend_on_threads_or_the_order_of_rows(built: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = load_settings(home=built[0]), load_settings(home=tmp_path / "data")
    second.paths.create()
    shutil.copy(first.paths.inputs_file, second.paths.inputs_file)
    with duckdb.connect(str(second.paths.inputs_file)) as connection:
        for (feed,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'live'"
        ).fetchall():
            connection.execute(
                f"create or replace table live.{feed} as select * from live.{feed} order by hash({feed}::varchar || 'x')"
            )
    arguments = ("build", "--threads", "1", "--exclude-resource-type", "test", "unit_test")
    done = run_dbt(tmp_path / "data", *arguments, project=built[1].parent / "dbt_project")
    assert done.returncode == 0, done.stdout[-4000:]
    hashes = [marts_hashes(settings.paths.warehouse_file) for settings in (first, second)]
    assert hashes[0] == hashes[1]


def marts_hashes(file: Path) -> dict[str, tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"select count(*), bit_xor(hash({name}::varchar)) from marts.{name}").fetchone()
            for (name,) in tables
        }
