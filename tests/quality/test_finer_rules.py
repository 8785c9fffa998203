"""The rules on keys, stays, reference tables and lists, on small tables made by hand: what they see, and what they leave alone."""

from __future__ import annotations

import duckdb
import pytest

from tests.quality.small_delivery import empty_delivery, violations

TWO_DELIVERIES = (
    "(values ('2025-09', date '2025-08-01'), ('2025-10', date '2025-10-01')) as v(delivery, coverage_month)"
)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return empty_delivery()


@pytest.mark.parametrize(
    ("key", "wrong"), [("'S' || i // 5", False), ("'S' || i", True), ("'one'", True), ("'S' || (i + 2) // 5", False)]
)
def test_episodes_of_a_spell(connection: duckdb.DuckDBPyConnection, key: str, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.hes_apc as select 'ZX1' as provider_code, delivery, coverage_month, null::varchar as provspnops, "
        f"if(delivery = '2025-09', 'S' || i // 5, {key}) as susspellid from {TWO_DELIVERIES}, range(1000) as r(i)"
    )
    assert violations(connection, "drift.records_per_key.hes_apc") == (["ZX1"] if wrong else [])


@pytest.mark.parametrize(("key", "wrong"), [("'R' || i", False), ("'R' || i || '/' || r", True)])
def test_records_of_a_referral_in_a_first_delivery(
    connection: duckdb.DuckDBPyConnection, key: str, wrong: bool
) -> None:
    """Two records in the month of the referral and one in the next: over the year more of them share their key than in the last month
    alone, which had kept the first delivery of a large ICB out."""
    connection.execute(
        "create table inputs.live.ers_referrals as select '2025-10' as delivery, "
        "date '2025-01-01' + to_months((i % 10 + r // 2)::integer) as coverage_month, "
        f"case when i % 10 + r // 2 = 9 then {key} else 'R' || i end as ubrn_id from range(10000) as i(i), range(3) as r(r)"
    )
    connection.execute("delete from inputs.live.ers_referrals where coverage_month > date '2025-10-01'")
    assert bool(violations(connection, "drift.records_per_key.ers_referrals")) == wrong


@pytest.mark.parametrize(("same_day", "wrong"), [(40, False), (33, False), (0, True), (100, True)])
def test_stays_of_no_night(connection: duckdb.DuckDBPyConnection, same_day: int, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.hes_apc as select 'ZX1' as provider_code, delivery, coverage_month, coverage_month as admidate, "
        "coverage_month + if(i % 100 < if(delivery = '2025-09', 40, ?), 0, 3) as disdate "
        f"from {TWO_DELIVERIES}, range(1000) as r(i)",
        [same_day],
    )
    assert bool(violations(connection, "drift.stay_length.hes_apc")) == wrong


@pytest.mark.parametrize(("afterwards", "wrong"), [(0, False), (2, False), (60, True)])
def test_people_who_come_after_their_death(connection: duckdb.DuckDBPyConnection, afterwards: int, wrong: bool) -> None:
    """Seen on the day of death and the day after: no sign of a mistake."""
    connection.execute(
        "create table inputs.live.deaths as select 'P' || i as person_id, date '2025-10-05' as death_date, '2025-10' as delivery "
        "from range(100) as r(i); "
        "create table inputs.live.hes_apc as select person_id, date '2025-10-06' as admidate from inputs.live.deaths; "
        "create table inputs.live.ecds as select person_id, date '2025-10-05' as arrival_date from inputs.live.deaths; "
        "create table inputs.live.hes_op as select 'P' || i as person_id, date '2025-10-20' as apptdate, '5' as attended "
        f"from range({afterwards}) as r(i)"
    )
    assert violations(connection, "drift.after_death.deaths") == (["deaths of this delivery"] if wrong else [])


@pytest.mark.parametrize(("removed", "wrong"), [(540, False), (3000, True)])
def test_more_people_opted_out_than_ever(connection: duckdb.DuckDBPyConnection, removed: int, wrong: bool) -> None:
    connection.execute(
        "create table inputs.plan.files as select 'ecds' as feed, '2025-10' as delivery, 10000 as rows_read; "
        f"create table inputs.plan.rows_removed as select 'ecds' as feed, '2025-10' as delivery, 'opt_out' as rule, {removed} as rows"
    )
    assert bool(violations(connection, "drift.opted_out")) == wrong


@pytest.mark.parametrize(
    ("removed", "month", "wrong"),
    [(0, "2025-10-01", False), (15, "2025-10-01", False), (50, "2025-10-01", True), (0, "2025-11-01", True)],
)
def test_records_after_the_data_cut(
    connection: duckdb.DuckDBPyConnection, removed: int, month: str, wrong: bool
) -> None:
    """Removed by name, or in a month that had not begun."""
    connection.execute(
        "create table inputs.plan.files as select 'contract_activity' as feed, '2025-10' as delivery, 1000 as rows_read; "
        "create table inputs.plan.rows_removed as "
        f"select 'contract_activity' as feed, '2025-10' as delivery, 'after_data_cut' as rule, {removed} as rows; "
        "create table seen_volume as select 'contract_activity' as feed, d.delivery, 'ZX1' as provider_code, "
        f"date '{month}' as month, 30 as y from (values ('2025-09'), ('2025-10')) as d(delivery)"
    )
    assert bool(violations(connection, "drift.after_cut.contract_activity")) == wrong


@pytest.mark.parametrize(
    ("practice", "home", "wrong"),
    [
        ("'P' || i % 5", "'E' || i % 9", []),
        ("if(i % 10 = 0, 'P9', 'P' || i % 5)", "if(i % 10 = 0, 'E99', 'E' || i % 9)", []),
        ("if(i % 5 = 4, 'OLD', 'P' || i % 5)", "'E' || i % 9", []),
        ("'P' || (i + 1) % 5", "'E' || i % 9", ["practice", *(f"practice P{number}" for number in range(5))]),
        (
            "case i % 5 when 0 then 'P1' when 1 then 'P0' else 'P' || i % 5 end",
            "'E' || i % 9",
            ["practice", "practice P0", "practice P1"],
        ),
        ("'P' || i % 5", "'E' || (i + 1) % 9", ["home"]),
    ],
)
def test_the_right_people_under_another_practice_or_home(
    connection: duckdb.DuckDBPyConnection, practice: str, home: str, wrong: list[str]
) -> None:
    """Movers and a merged practice's old code are no fault; codes dealt out anew, or two practices exchanged, are."""
    connection.execute(
        "create table inputs.live.ods_succession as select 'OLD' as predecessor_code, 'P4' as successor_code; "
        "create table seen_people as select 'hes_op' as feed, 'token' as space, 'Y' || i as person_id, true as is_newest, "
        f"{practice} as practice_code, {home} as lsoa_code from range(500) as r(i) union all "
        "select 'ecds', 'token', 'Y' || i, true, 'P' || i % 5, 'E' || i % 9 from range(500) as r(i)"
    )
    assert violations(connection, "drift.place_agreement.hes_op") == wrong


def reference(connection: duckdb.DuckDBPyConnection, feed: str, newest_key: str, newest_value: str, rows: int) -> None:
    connection.execute(
        f"create table seen_reference as select '{feed}' as feed, '2025-09' as delivery, 'K' || i as key, 'V' || i as value "
        f"from range({rows}) as r(i) union all select '{feed}', '2025-10', {newest_key}, {newest_value} from range({rows}) as r(i)"
    )


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("'K' || i", "'V' || i", []),
        ("'K' || i", "if(i < 30, 'other', 'V' || i)", []),
        ("'K' || i", "'V' || (999 - i)", ["deciles of places that changed"]),
        ("'X' || i", "'V' || i", ["deciles of places that are gone", "deciles of places that are new"]),
    ],
)
def test_a_reference_table_that_says_something_else(
    connection: duckdb.DuckDBPyConnection, key: str, value: str, wrong: list[str]
) -> None:
    reference(connection, "lsoa_deprivation", key, value, 1000)
    assert violations(connection, "drift.reference_kept.lsoa_deprivation") == wrong


@pytest.mark.parametrize(("value", "wrong"), [("'V' || i", False), ("if(i = 1, 'other', 'V' || i)", True)])
def test_one_team_with_another_name(connection: duckdb.DuckDBPyConnection, value: str, wrong: bool) -> None:
    reference(connection, "int_membership", "'K' || i", value, 42)
    assert bool(violations(connection, "drift.teams_kept.int_membership")) == wrong


@pytest.mark.parametrize(("places", "wrong"), [(100, False), (80, False), (10, True)])
def test_places_of_another_edition(connection: duckdb.DuckDBPyConnection, places: int, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.hes_op as select 'E01' || i % 100 as lsoa11, '2025-10' as delivery from range(1000) as r(i); "
        "create table inputs.live.hes_apc as from inputs.live.hes_op limit 0; "
        f"create table inputs.live.lsoa_deprivation as select 'E01' || i as lsoa_code from range({places}) as r(i)"
    )
    assert bool(violations(connection, "drift.places_known")) == wrong


@pytest.mark.parametrize(("newest", "wrong"), [(100, False), (160, False), (1000, True), (0, True)])
def test_a_published_count_far_from_its_history(
    connection: duckdb.DuckDBPyConnection, newest: int, wrong: bool
) -> None:
    connection.execute(
        "create table inputs.live.online_consultations as select (date '2025-01-01' + to_months(i::integer))::date as month, "
        f"if(i = 9, {newest}, 100 + i) as submissions, 1000 as registered_patients, if(i = 9, '2025-10', '2025-09') as delivery "
        "from range(10) as r(i)"
    )
    assert violations(connection, "drift.level.online_consultations") == (["2025-10"] if wrong else [])


@pytest.mark.parametrize(("pounds", "wrong"), [(172.0, False), (17200.0, True), (1.72, True)])
def test_payments_of_a_year_for_each_patient(connection: duckdb.DuckDBPyConnection, pounds: float, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.gp_payments as select '2022/23' as financial_year, 1000 as registered_patients, "
        f"1000 * {pounds} as payments_gbp"
    )
    assert bool(violations(connection, "drift.plausible_payment.gp_payments")) == wrong


@pytest.mark.parametrize(("moved", "wrong"), [(0, False), (1, True)])
def test_age_bands_out_of_step(connection: duckdb.DuckDBPyConnection, moved: int, wrong: bool) -> None:
    """The bands of 20 to 64 hold twice the people of the others."""
    connection.execute(
        "create table inputs.live.gp_registrations as select extract_date, 'female' as sex, 'band ' || (i + if(extract_date = "
        f"date '2025-10-01', {moved}, 0)) % 20 as age_group, if(i between 4 and 12, 2000, 1000) + i as patients "
        "from (values (date '2025-09-01'), (date '2025-10-01')) as v(extract_date), range(20) as r(i)"
    )
    assert violations(connection, "drift.list_ages.gp_registrations") == (
        ["age bands of the newest list"] if wrong else []
    )


def test_half_of_many_small_months(connection: duckdb.DuckDBPyConnection) -> None:
    """Fifteen deaths a month: no month by itself says that half of them are missing, all of them together do."""
    connection.execute(
        "create table seen_volume as select 'deaths' as feed, d.delivery, '' as provider_code, "
        "(date '2025-01-01' + to_months(i::integer))::date as month, if(d.delivery = '2025-10', 7, 15) as y "
        "from (values ('2025-09'), ('2025-10')) as d(delivery), range(9) as r(i); "
        "create table inputs.plan.feed_coverage as select feed, delivery, month as coverage_month from seen_volume"
    )
    assert violations(connection, "drift.restated_volume.deaths") == ["all months"]


@pytest.mark.parametrize(("doubled", "wrong"), [(0, False), (200, False), (5_000, True)])
def test_the_same_records_under_new_keys(connection: duckdb.DuckDBPyConnection, doubled: int, wrong: bool) -> None:
    connection.execute(
        "create table inputs.live.gp_appointments as select 'P' || i % 10000 as person_id, 'Y90001' as practice_code, delivery, "
        "coverage_month + (i // 10000)::integer as appointment_date, coverage_month as booked_date, 'GP' as hcp_type, "
        "'Telephone' as appt_mode, 'General Consultation Acute' as national_category, 10 as duration_minutes "
        f"from {TWO_DELIVERIES}, range(20000) as r(i)"
    )
    connection.execute(
        "insert into inputs.live.gp_appointments select * from inputs.live.gp_appointments "
        f"where delivery = '2025-10' and substr(person_id, 2)::integer < {doubled // 2}"
    )
    assert violations(connection, "drift.repeated_records.gp_appointments") == (["all"] if wrong else [])


@pytest.mark.parametrize(
    ("price", "wrong"),
    [("10 + i % 3", False), ("0", True), ("if(i % 2 = 0, 10, -10)", True), ("-10", True), ("1000", True)],
)
def test_prices_that_add_up_to_nothing_are_named(
    connection: duckdb.DuckDBPyConnection, price: str, wrong: bool
) -> None:
    """Once the logarithm of a price that is none stopped the whole check, so that no provider was named."""
    connection.execute(
        "create schema seeds; create table seeds.points_of_delivery as select 'EL' as point_of_delivery; "
        "create table inputs.live.contract_activity as select 'ZX' || p as provider_code, 'EL' as point_of_delivery_code, "
        "'2025-10' as delivery, date '2025-05-01' + to_months(m::integer) as coverage_month, 1 as activity, "
        f"case when p = 1 and m = 5 then {price} else 10 + i % 3 end::decimal(12, 2) as price_gbp "
        "from range(1, 3) as p(p), range(6) as m(m), range(40) as i(i)"
    )
    assert violations(connection, "drift.price.contract_activity") == (["ZX1 EL 2025-10"] if wrong else [])


@pytest.mark.parametrize(("women", "wrong"), [(60, []), (0, ["women 85 and over", "women of 85 and over"])])
def test_a_list_without_women(connection: duckdb.DuckDBPyConnection, women: int, wrong: list[str]) -> None:
    connection.execute(
        "create table inputs.live.gp_registrations as select date '2025-09-01' + to_months(m::integer) as extract_date, sex, "
        f"'85_89' as age_group, 100 as patients from range(2) as m(m), (values ('male'), ('female')) as s(sex), range(10) as i(i) "
        "where i < 4 or sex = 'female' and i < 10; "
        f"delete from inputs.live.gp_registrations where extract_date = date '2025-10-01' and sex = 'female' and {women} = 0"
    )
    assert violations(connection, "drift.list_sexes.gp_registrations") == wrong
