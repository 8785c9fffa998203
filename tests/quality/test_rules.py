"""The drift rules on small tables made by hand: what they see, and what they leave alone."""

from __future__ import annotations

import re

import duckdb
import pytest

from orchestration.contracts import load_contracts
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import drift
from tests.conftest import PROJECT_ROOT
from tests.quality.small_delivery import empty_delivery, violations


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return empty_delivery()


def one(connection: duckdb.DuckDBPyConnection, expression: str) -> float:
    return connection.execute(f"select {expression}").fetchall()[0][0]


def said(connection: duckdb.DuckDBPyConnection, check_id: str) -> str:
    check = next(check for check in drift.checks() if check.definition.check_id == check_id)
    return drift.result(Warehouse(connection), check, frozenset()).message


def test_counts_far_below_a_small_expectation_are_chance(connection: duckdb.DuckDBPyConnection) -> None:
    # six where twenty are expected happens in one month of 4,000: log ratios called it five standard errors
    assert one(connection, "count_distance(6, 20, 0.07, 12)") > -5
    assert one(connection, "count_distance(500, 1000, 0.07, 12)") < -5
    assert one(connection, "count_distance(850, 1000, 0.07, 12)") > -5
    # half of a month is more than chance from about 150 records on, and not of 50
    assert one(connection, "count_distance(75, 150, 0.07, 12)") < -5
    assert one(connection, "count_distance(25, 50, 0.07, 12)") > -5


def test_shares_of_few_records_are_chance(connection: duckdb.DuckDBPyConnection) -> None:
    assert one(connection, "share_distance(1, 3, 1, 1000)") < 5
    assert one(connection, "share_distance(40, 60, 10, 1000)") > 5


def test_a_small_certain_effect_is_left_alone_and_a_large_one_is_not(connection: duckdb.DuckDBPyConnection) -> None:
    # an effect of 0.1 in a million records is as certain as can be, and no alarm; 17 over 2 degrees of freedom is chance at 60 records
    assert one(connection, "effect_distance(10000, 4, 1000000, 0.3)") < 0
    assert one(connection, "effect_distance(17, 2, 60, 0.3)") < 4
    assert one(connection, "effect_distance(240, 2, 60, 0.3)") > 4


def test_every_row_of_every_feed_is_accounted_for() -> None:
    """Conservation everywhere: a feed that gets a contract gets the check."""
    covered = {check.feed for check in drift.checks() if check.rule.id == "conservation.rows"}
    assert covered == set(load_contracts())


def volumes(connection: duckdb.DuckDBPyConnection, newest: int) -> None:
    connection.execute(
        "create table seen_volume as select 'ecds' as feed, '2025-09' as delivery, 'ZX1' as provider_code, month, "
        "(100 + i % 7)::bigint as y from (select i, (date '2024-09-01' + to_months(i::integer))::date as month from range(13) as r(i)) "
        f"union all select 'ecds', '2025-10', 'ZX1', date '2025-10-01', {newest}"
    )
    connection.execute(
        "create table inputs.plan.feed_coverage as select feed, month as coverage_month, delivery, y as rows_live, provider_code "
        "from seen_volume"
    )


@pytest.mark.parametrize(("newest", "wrong"), [(110, False), (75, False), (30, True), (260, True)])
def test_a_month_is_judged_by_its_history(connection: duckdb.DuckDBPyConnection, newest: int, wrong: bool) -> None:
    volumes(connection, newest)
    assert violations(connection, "drift.volume.ecds") == (["ZX1 2025-10"] if wrong else [])


def test_a_closed_month_that_an_earlier_delivery_held_is_missed(connection: duckdb.DuckDBPyConnection) -> None:
    volumes(connection, 100)
    connection.execute(
        "create schema intermediate; create table intermediate.feed_expected_senders "
        "(feed varchar, sender_kind varchar, sender_code varchar, month date, property varchar, is_received bool)"
    )
    assert violations(connection, "completeness.vanished_months.ecds") == []
    connection.execute("delete from inputs.plan.feed_coverage where coverage_month = date '2025-05-01'")
    assert violations(connection, "completeness.vanished_months.ecds") == ["ZX1 2025-05", "all providers 2025-05"]


def test_a_newest_month_that_did_not_come_is_not_a_closed_one(connection: duckdb.DuckDBPyConnection) -> None:
    volumes(connection, 100)
    connection.execute(
        "create schema intermediate; create table intermediate.feed_expected_senders as select 'ecds' as feed, "
        "'provider' as sender_kind, 'ZX1' as sender_code, 'rows' as property, date '2025-10-01' as month, false as is_received"
    )
    connection.execute("delete from inputs.plan.feed_coverage where coverage_month = date '2025-10-01'")
    assert violations(connection, "completeness.vanished_months.ecds") == []


@pytest.mark.parametrize(
    ("newest", "rows", "wrong"),
    [("2025-08-01", 100, False), ("2025-07-01", 100, True), ("2025-10-01", 100, False), ("2025-07-01", 10, False)],
)
def test_an_extract_that_stops_earlier_than_ever(
    connection: duckdb.DuckDBPyConnection, newest: str, rows: int, wrong: bool
) -> None:
    """Extracts may lie two months behind, as they did before; an annual refresh and a handful of rows say nothing about it."""
    connection.execute(
        f"create table seen_volume as select 'hes_op' as feed, d as delivery, 'ZX1' as provider_code, m as month, {rows} as y from (values "
        "('2025-08', date '2025-06-01'), ('2025-09-M13', date '2025-03-01'), ('2025-09', date '2025-08-01'), "
        f"('2025-10', date '{newest}'), ('2025-10', date '2025-05-01')) as v(d, m)"
    )
    assert violations(connection, "completeness.newest_month.hes_op") == (["newest month"] if wrong else [])


def appointments(connection: duckdb.DuckDBPyConnection, silent: tuple[str, ...]) -> None:
    """Four practices with 30 appointments a month from January; `silent` have none in September."""
    listed = ", ".join(f"'{code}'" for code in silent) or "''"
    connection.execute(
        "create table inputs.live.gp_appointments as select p.code as practice_code, (date '2025-01-01' + to_months(m::integer))::date "
        "as coverage_month from (values ('P1'), ('P2'), ('P3'), ('P4')) as p(code), range(10) as r(m), range(30) as n(i) "
        f"where not (m = 8 and p.code in ({listed}))"
    )
    connection.execute(
        "create table inputs.live.gp_registrations as select date '2025-10-01' as extract_date, 'P1' as practice_code, 10 as patients"
    )


def test_the_grid_of_practices_and_months(connection: duckdb.DuckDBPyConnection) -> None:
    appointments(connection, ())
    assert violations(connection, "completeness.practice_months.gp_appointments") == []
    connection.execute("drop table inputs.live.gp_appointments; drop table inputs.live.gp_registrations")
    appointments(connection, ("P2",))
    assert violations(connection, "completeness.practice_months.gp_appointments") == ["2025-09"]
    assert violations(connection, "completeness.practices_present.gp_appointments") == ["2025-09"]


def test_restated_figures(connection: duckdb.DuckDBPyConnection) -> None:
    figure = "'a' as indicator_id, 'all' as cohort_id, 'icb' as area_type, 'QZZ' as area_code"
    connection.execute(
        f"create table marts.indicator_values as select {figure}, (date '2024-10-01' + to_months(i::integer))::date as month, "
        "'month' as period, '1' as definition_version, 100.0 as value from range(12) as r(i)"
    )
    connection.execute("create table previous_figures as from marts.indicator_values")
    assert violations(connection, "restatement.icb") == violations(connection, "restatement.size") == []
    connection.execute("update previous_figures set value = 96 where month < date '2025-01-01'")
    assert violations(connection, "restatement.icb") == []
    connection.execute("update previous_figures set value = 90 where month < date '2025-01-01'")
    assert violations(connection, "restatement.icb") == ["figures of the whole ICB"]
    assert violations(connection, "restatement.size") == ["figures of all areas"]
    connection.execute("update previous_figures set definition_version = '0'")
    assert violations(connection, "restatement.icb") == []


@pytest.mark.parametrize("order", ["", "desc"])
def test_of_two_that_moved_as_often_the_same_is_named(connection: duckdb.DuckDBPyConnection, order: str) -> None:
    """The words go into the receipt and the key of the build: they must not hang on which row a thread saw first."""
    connection.execute(
        "create table marts.indicator_values as select i as indicator_id, 'all' as cohort_id, 'icb' as area_type, 'QZZ' as area_code, "
        "(date '2024-10-01' + to_months(m::integer))::date as month, 'month' as period, '1' as definition_version, 100.0 as value "
        f"from range(12) as r(m), (values ('a'), ('b'), ('c')) as i(i) order by i {order}"
    )
    connection.execute(
        "create table previous_figures as select * replace (if(indicator_id = 'c', 100.0, 50.0) as value) from marts.indicator_values"
    )
    assert said(connection, "restatement.icb").endswith("24 of 36 figures moved, most of them b (1 of 1 compared)")


@pytest.mark.parametrize("order", ["", "desc"])
def test_two_senders_that_are_called_others_stand_in_one_order(
    connection: duckdb.DuckDBPyConnection, order: str
) -> None:
    rows = "select 'others' as subject, n as examined, true as is_violation, 'note ' || n as note from range(9) as r(n)"
    check = next(drift.checks())
    check = check.model_copy(update={"feed": "", "sql": f"{rows} order by n {order}"})
    found = drift.result(Warehouse(connection), check, frozenset())
    assert "others: note 0; others: note 1; others: note 2; others: note 3; and 5 more" in found.message


def test_what_was_registered_stays_under_its_date(connection: duckdb.DuckDBPyConnection) -> None:
    """A changed, a backdated and a vanished row are seen; a change that bears its date is not held back, only shown as late."""
    connection.execute(
        "create table marts.evaluation_plan as select '2025-04' as wave_id, i as indicator_id, 'all' as cohort_id, "
        "date '2025-03-10' as registered_on, 'as registered' as row_hash, date '2025-04-01' as go_live_month "
        "from (values ('a'), ('b')) as r(i)"
    )
    connection.execute("create table previous_plan as from marts.evaluation_plan")
    assert violations(connection, "evaluation.plan_stands") == []
    connection.execute(
        "update marts.evaluation_plan set row_hash = 'other', registered_on = date '2025-06-01' where indicator_id = 'a'"
    )
    assert violations(connection, "evaluation.plan_stands") == []
    for registered_on in ("2025-03-10", "2025-03-01"):
        connection.execute(
            f"update marts.evaluation_plan set registered_on = date '{registered_on}' where indicator_id = 'a'"
        )
        assert violations(connection, "evaluation.plan_stands") == ["wave 2025-04"]
    connection.execute("delete from marts.evaluation_plan where indicator_id = 'a'")
    assert violations(connection, "evaluation.plan_stands") == ["wave 2025-04"]


ELECTIVES = (
    "select 'ZX1' as procode3, 'ZX1' as provider_code, '11' as admimeth, d::date + {moved}::integer as admidate, "
    "date_trunc('month', d)::date as coverage_month, '{delivery}' as delivery, 'P' || row_number() over () as person_id, 1 as epiorder "
    "from range(timestamp '{start}', timestamp '{end}', interval 1 day) as r(d), range(8) as n(i) where isodow(d) <= 5"
)


def electives(connection: duckdb.DuckDBPyConnection, moved: int) -> None:
    earlier = ELECTIVES.format(moved=0, delivery="2025-09", start="2025-01-06", end="2025-09-01")
    newest = ELECTIVES.format(moved=moved, delivery="2025-10", start="2025-09-01", end="2025-11-01")
    connection.execute(f"create table inputs.live.hes_apc as {earlier} union all {newest}")


@pytest.mark.parametrize(("moved", "wrong"), [(0, []), (-1, ["ZX1", "all providers"])])
def test_dates_that_were_moved_by_a_day(connection: duckdb.DuckDBPyConnection, moved: int, wrong: list[str]) -> None:
    electives(connection, moved)
    assert violations(connection, "drift.weekday_shift.hes_apc") == wrong


def test_a_clinic_that_changes_its_weekday_has_not_moved_its_dates(connection: duckdb.DuckDBPyConnection) -> None:
    weekly = ELECTIVES.replace("isodow(d) <= 5", "isodow(d) = 2").replace("range(8)", "range(40)")
    earlier = weekly.format(moved=0, delivery="2025-09", start="2025-01-06", end="2025-09-01")
    newest = weekly.format(moved=1, delivery="2025-10", start="2025-09-01", end="2025-11-01")
    connection.execute(f"create table inputs.live.hes_apc as {earlier} union all {newest}")
    assert violations(connection, "drift.weekday_shift.hes_apc") == []


@pytest.mark.parametrize(("moved", "wrong"), [(0, False), (-1, True), (1, True)])
def test_admissions_follow_arrivals(connection: duckdb.DuckDBPyConnection, moved: int, wrong: bool) -> None:
    """One in four is admitted after midnight, having left the department then."""
    connection.execute(
        "create table inputs.live.ecds as select 'P' || i as person_id, date '2025-10-05' + (i % 20)::integer as arrival_date, "
        "arrival_date + (i % 4 = 0)::integer as departure_date from range(400) as r(i)"
    )
    connection.execute(
        f"create table inputs.live.hes_apc as select person_id, departure_date + {moved}::integer as admidate, '21' as admimeth, "
        "'2025-10' as delivery from inputs.live.ecds"
    )
    found = violations(connection, "drift.arrival_day.hes_apc")
    assert found == (["admissions by the emergency department"] if wrong else [])


@pytest.mark.parametrize(("later_episodes", "wrong"), [(0.14, False), (0.0, True)])
def test_episodes_after_the_first(connection: duckdb.DuckDBPyConnection, later_episodes: float, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.hes_apc as select 'ZX1' as provider_code, d as delivery, m as coverage_month, "
        "if(i % 100 < 100 * if(d = '2025-09', 0.15, ?), 2, 1) as epiorder "
        "from (values ('2025-09', date '2025-08-01'), ('2025-10', date '2025-10-01')) as v(d, m), range(1000) as r(i)",
        [later_episodes],
    )
    assert bool(violations(connection, "drift.first_episodes.hes_apc")) == wrong


def daily_records(connection: duckdb.DuckDBPyConnection, closed: str, providers: int) -> None:
    """`providers` with four records a day, the first of them closed on the days that `closed` says."""
    connection.execute(
        "create table inputs.live.hes_op as select 'ZX' || p as provider_code, d::date as apptdate, "
        "date_trunc('month', d)::date as coverage_month "
        "from range(timestamp '2024-11-01', timestamp '2025-11-01', interval 1 day) as r(d), "
        f"range({providers}) as p(p), range(4) as n(i) where not (p = 0 and d::date between {closed})"
    )
    connection.execute("update this_build set first_month = date '2024-11-01'")
    connection.execute(
        "create table inputs.plan.feed_coverage as select distinct 'hes_op' as feed, coverage_month, '2025-10' as delivery "
        "from inputs.live.hes_op"
    )


@pytest.mark.parametrize(
    ("closed", "providers", "wrong"),
    [
        ("date '2024-12-24' and date '2025-01-02'", 1, []),
        ("date '2025-08-04' and date '2025-08-15'", 3, []),
        ("date '2025-10-16' and date '2025-10-31'", 1, ["ZX0 2025-10", "all providers 2025-10"]),
        ("date '2025-10-13' and date '2025-10-31'", 3, ["ZX0 2025-10"]),
    ],
)
def test_days_without_a_record(
    connection: duckdb.DuckDBPyConnection, closed: str, providers: int, wrong: list[str]
) -> None:
    daily_records(connection, closed, providers)
    assert violations(connection, "drift.empty_days.hes_op") == wrong


def test_no_rule_names_a_sender_by_what_merely_stands_in_its_column() -> None:
    """Free text in a code column must not become the subject of a check (definitions E11): a code is said by its shape."""
    for file in sorted((PROJECT_ROOT / "expectations" / "drift").glob("*.sql")):
        query = file.read_text(encoding="utf-8")
        raw = re.findall(
            r"(?<!said\()(?<!said\([a-z]\.)\b(?:provider|sender|site|point_of_delivery)_code\b[^\n]* as subject", query
        )
        assert not raw or "$provider" in query, f"{file.name}: {raw}"
