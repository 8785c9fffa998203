"""One person, practice, site or day for far too many records, and a team that has gone silent: planted in 6,000 people's outpatients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.contracts import load_contracts
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import drift

FEED = "hes_op"
CHECKS = {check.definition.check_id: check for check in drift.checks()}
ONES = ("drift.one_person", "drift.one_site", "drift.one_practice_of_feed", "drift.one_day", "completeness.team_months")


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    """Twelve months of 350 appointments a month at two providers, of 24 practices in six teams."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as inputs; create schema inputs.live; create schema inputs.plan")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in load_contracts()[FEED].lake_columns().items())
        connection.execute(f"create table inputs.live.{FEED} ({columns})")
        connection.execute(
            f"""
            insert into inputs.live.{FEED} by name
            select n::varchar as attendkey, md5((n * 7919 % 3000)::varchar) as person_id, 'RZ' || (1 + n % 2) as provider_code,
                'RZ' || (1 + n % 2) || '0' || (1 + hash(n) % 3) as site_code,
                'Y' || lpad((hash(n * 3) % 24)::varchar, 5, '0') as practice_code,
                (date '2024-11-01' + to_days((n // 350 * 30 + hash(n * 5) % 28)::integer))::date as apptdate,
                date_trunc('month', apptdate)::date as coverage_month, '110' as tretspef,
                if(n // 350 < 5, '2025-03', '2025-10') as delivery
            from range(4200) as t (n)
            """
        )
        connection.execute(
            "create table inputs.live.int_membership "
            "(practice_code varchar, int_code varchar, valid_from date, valid_to date)"
        )
        connection.execute(
            "insert into inputs.live.int_membership "
            "select 'Y' || lpad(n::varchar, 5, '0'), 'T' || (n % 6), date '2020-04-01', null from range(24) as t (n)"
        )
        connection.execute(
            "create temp table this_build as select '2025-10' as delivery, date '2025-10-31' as data_cut, "
            "date '2024-11-01' as first_month, date '2025-10-01' as last_month, 5 as flag_pct"
        )
        connection.execute((Path("expectations") / "drift" / "macros.sql").read_text(encoding="utf-8"))
        yield Warehouse(connection)


def broken(warehouse: Warehouse, rule: str, feed: str = FEED) -> list[tuple]:
    if provider := load_contracts()[feed].provider:
        drift.create_subject(warehouse, feed, provider)
    sql = CHECKS[f"{rule}.{feed}"].sql
    return warehouse.rows(f"select subject, note, examined from ({sql}) where is_violation order by all")


@pytest.mark.parametrize("rule", ONES)
def test_an_ordinary_feed_passes(rule: str, warehouse: Warehouse) -> None:
    assert broken(warehouse, rule) == []


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("drift.one_person", "set person_id = md5('1') where hash(attendkey) % 10 = 0"),
        ("drift.one_site", "set site_code = 'RZ101' where provider_code = 'RZ1' and coverage_month >= '2025-08-01'"),
        (
            "drift.one_practice_of_feed",
            "set practice_code = 'Y00001' where hash(attendkey) % 8 = 0 and delivery = '2025-10'",
        ),
        (
            "drift.one_day",
            "set apptdate = date '2025-08-01' where hash(attendkey) % 4 = 0 and coverage_month = '2025-08-01'",
        ),
        (
            "completeness.team_months",
            "set practice_code = null where coverage_month between '2025-06-01' and '2025-08-01' "
            "and practice_code in (select practice_code from inputs.live.int_membership where int_code = 'T3')",
        ),
    ],
)
def test_the_fault_is_told(rule: str, fault: str, warehouse: Warehouse) -> None:
    warehouse.connection.execute(f"update inputs.live.{FEED} {fault}")
    found = broken(warehouse, rule)
    assert found
    assert not any("Y0" in note or len(note) > 120 for _, note, _ in found)


def test_a_provider_that_sent_nothing_is_not_a_teams_silence(warehouse: Warehouse) -> None:
    warehouse.connection.execute(
        f"delete from inputs.live.{FEED} where provider_code = 'RZ2' and coverage_month = '2025-06-01'"
    )
    assert broken(warehouse, "completeness.team_months") == []


def test_bundles_of_rows_may_be_missing_by_chance(warehouse: Warehouse) -> None:
    """Five referrals of five actions a month: that one month has one action of one is chance, that 58 appointments are gone is not."""
    warehouse.connection.execute(
        f"delete from inputs.live.{FEED} where practice_code in "
        "(select practice_code from inputs.live.int_membership where int_code = 'T3')"
    )
    warehouse.connection.execute(
        f"""
        insert into inputs.live.{FEED} by name
        select 'b' || m || '.' || n as attendkey, md5('b' || n) as person_id, 'RZ1' as provider_code, 'RZ101' as site_code,
            'Y00003' as practice_code, (date '2024-11-01' + to_months(m::integer))::date as apptdate,
            date_trunc('month', apptdate)::date as coverage_month, '110' as tretspef, '2025-10' as delivery
        from range(12) as months (m), range(60) as t (n)
        where n < case when m = 6 then 1 else 10 + 5 * (hash(m) % 6) end
        """
    )
    assert broken(warehouse, "completeness.team_months") == []


@pytest.mark.parametrize(("referrals_a_month", "is_told"), [(2, False), (20, True)])
def test_a_teams_referrals_are_counted_and_not_their_actions(
    referrals_a_month: int, is_told: bool, warehouse: Warehouse
) -> None:
    """Of six referrals expected in three months none may come by chance, however many actions each has; of sixty not."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in load_contracts()["ers_referrals"].lake_columns().items())
    warehouse.connection.execute(f"create table inputs.live.ers_referrals ({columns})")
    warehouse.connection.execute(
        """
        insert into inputs.live.ers_referrals by name
        select concat_ws('-', t.n, m, r) as ubrn_id, concat_ws('-', t.n, m, r, a) as action_id, 'Y0000' || t.n as practice_code,
            (date '2024-11-01' + to_months(m::integer))::date as coverage_month, '2025-10' as delivery
        from range(6) as t (n), range(12) as months (m), range(?) as referrals (r), range(4) as actions (a)
        where t.n <> 3 or m not in (6, 7, 8)
        """,
        [referrals_a_month],
    )
    assert bool(broken(warehouse, "completeness.team_months", "ers_referrals")) is is_told


@pytest.mark.parametrize(("wrong_day", "is_told"), [("2025-11-07", False), ("2025-11-14", True)])
def test_of_two_submissions_of_a_month_the_newest_counts(wrong_day: str, is_told: bool, warehouse: Warehouse) -> None:
    """One practice in every second line: of the submission that was replaced it does not matter, of the one that stands it does."""
    columns = ", ".join(
        f'"{name}" {kind}' for name, kind in load_contracts()["contract_activity"].lake_columns().items()
    )
    warehouse.connection.execute(f"create table inputs.live.contract_activity ({columns})")
    warehouse.connection.execute(
        """
        insert into inputs.live.contract_activity by name
        select 'RZ1' as provider_code, 'QZZ' as commissioner_code, 202526 as financial_year, m + 1 as financial_month,
            if(m = 6 and n % 2 = 0 and day = ?, 'Y00001', 'Y' || lpad((hash(n * 3 + m) % 24)::varchar, 5, '0')) as practice_code,
            day::timestamp + to_hours(n % 5) as created_timestamp,
            (date '2025-04-01' + to_months(m::integer))::date as coverage_month, '2025-10' as delivery
        from range(7) as months (m), range(210) as t (n), (values ('2025-11-07'), ('2025-11-14')) as days (day)
        where m = 6 or day = '2025-11-14'
        """,
        [wrong_day],
    )
    for rule in ("drift.concentration", "drift.one_practice_of_feed"):
        assert bool(broken(warehouse, rule, "contract_activity")) is is_told


def test_free_text_names_no_subject(warehouse: Warehouse) -> None:
    """What is no code, and a code with hardly any rows, is one of others."""
    warehouse.connection.execute(
        f"update inputs.live.{FEED} set provider_code = case when attendkey::integer % 3 = 0 then 'SMITH JOHN 1950' "
        "when attendkey = '5' then 'SMITH' else provider_code end"
    )
    drift.create_subject(warehouse, FEED, "provider_code")
    told = warehouse.rows(f"select distinct subject_{FEED}(provider_code) as s from inputs.live.{FEED} order by 1")
    assert told == [("RZ1",), ("RZ2",), ("others",)]


SMALL = "delete from inputs.live.hes_op where hash(attendkey) % 5 <> 0"


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("drift.one_practice_of_feed", "set practice_code = 'Y00001' where hash(attendkey) % 5 = 0 and delivery = '2025-10'"),
        ("drift.one_day", "set apptdate = coverage_month where hash(attendkey) % 5 < 3 and coverage_month = '2025-08-01'"),
        ("completeness.team_months", "set practice_code = null where coverage_month between '2025-06-01' and '2025-08-01' "
         "and practice_code in (select practice_code from inputs.live.int_membership where int_code = 'T3')"),
    ],
)  # fmt: skip
def test_what_no_month_of_a_small_feed_can_say_its_months_or_providers_together_say(
    rule: str, fault: str, warehouse: Warehouse
) -> None:
    """70 records a month: twelve of a team, half of a provider's."""
    warehouse.connection.execute(SMALL)
    assert broken(warehouse, rule) == []
    warehouse.connection.execute(f"update inputs.live.{FEED} {fault}")
    found = broken(warehouse, rule)
    assert found and all("all" in subject or "three months" in subject for subject, _, _ in found)
