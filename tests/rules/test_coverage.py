"""Which months a feed covers, and where the marts begin (definitions C14, E2)."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from orchestration.build.plan_tables import PLAN_TABLES, judge_coverage, write_months
from orchestration.foundation.settings import load_settings

CUT = dt.date(2025, 3, 31)


@pytest.fixture
def plan() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema plan")
    for table, columns in PLAN_TABLES.items():
        connection.execute(f"create table plan.{table} ({columns})")
    return connection


def send(plan: duckdb.DuckDBPyConnection, feed: str, rows: dict[str, int], provider: str = "") -> None:
    for month, count in rows.items():
        plan.execute(
            "insert into plan.feed_coverage values (?, ?::date, ?, '2025-03', null, null, ?, null)",
            [feed, f"{month}-01", provider, count],
        )


def covered(plan: duckdb.DuckDBPyConnection, feed: str) -> list[str]:
    return [
        month
        for (month,) in plan.execute(
            "select distinct strftime(coverage_month, '%Y-%m') from plan.feed_coverage where feed = ? and is_covered order by 1",
            [feed],
        ).fetchall()
    ]


YEAR = [f"2024-{month:02}" for month in range(2, 13)] + [f"2025-{month:02}" for month in range(1, 4)]


def test_stray_rows_cover_nothing_and_a_lockdown_is_no_gap(plan: duckdb.DuckDBPyConnection) -> None:
    """Three attendances in the month before the extract cover nothing; of 900 that are usual 90 do, from two senders, and 89 do not."""
    send(plan, "ecds", {"2024-01": 3} | dict.fromkeys(YEAR, 900) | {"2024-05": 50, "2024-06": 89})
    send(plan, "ecds", {"2024-05": 40}, "RVV")
    send(plan, "hes_op", {"2025-03": 1})
    judge_coverage(plan)
    assert covered(plan, "ecds") == [month for month in YEAR if month != "2024-06"]
    assert covered(plan, "hes_op") == ["2025-03"], "a feed with a single month covers it"
    assert plan.execute("select count(*) from plan.feed_coverage where is_covered is null").fetchone() == (0,)


def test_only_the_twelve_nearest_months_say_what_is_usual(plan: duckdb.DuckDBPyConnection) -> None:
    """A feed that grew tenfold: its small first year is covered all the same."""
    early, late = [f"2020-{month:02}" for month in range(1, 13)], [f"2024-{month:02}" for month in range(1, 13)]
    send(plan, "hes_op", dict.fromkeys(early, 50) | dict.fromkeys(late, 5000))
    judge_coverage(plan)
    assert covered(plan, "hes_op") == early + late


def test_the_marts_begin_with_the_first_month_that_is_covered(plan: duckdb.DuckDBPyConnection) -> None:
    """A twentieth of the usual rows is no beginning, though it is more than a few."""
    send(plan, "ecds", {"2024-01": 45} | dict.fromkeys(YEAR, 900))
    plan.execute("insert into plan.deliveries values ('2025-03', ?, ?, false)", [CUT, dt.date(2024, 1, 1)])
    write_months(plan, load_settings(), "2025-03", CUT)
    begins = plan.execute("select first_month, last_month from plan.build").fetchone()
    assert begins == (dt.date(2024, 2, 1), dt.date(2025, 3, 1))
