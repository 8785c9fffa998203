"""A warehouse built by dbt from rows that people wrote by hand: the tiny histories behind the traced figures and part D.

`hand_traced.yml` holds the rows of the team H01 and, beside them, the numerator and denominator each indicator must show;
`part_d` the worked cases of the definitions, one team for each. Months reach back to 2020, because a worked case does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from tests.empty_inputs import write_empty_inputs
from tests.indicators.world import deliver

HAND_TRACED = Path(__file__).with_name("hand_traced.yml")
FIRST_MONTH, LAST_MONTH, DATA_CUT = "2020-09-01", "2026-01-01", "2026-01-31"

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Lists = dict[str, dict[str, dict[str, int]]]
"""Practice → month (`YYYY-MM`, or `always`) → `sex band` → people."""

KEYS = {
    "hes_apc": "epikey",
    "hes_op": "attendkey",
    "ecds": "epikey",
    "gp_appointments": "appointment_id",
    "community_contacts": "contact_id",
}


def hand_traced() -> dict[str, Any]:
    return yaml.safe_load(HAND_TRACED.read_text(encoding="utf-8"))


def with_defaults(feed: str, rows: list[Row], defaults: dict[str, Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        key = {KEYS[feed]: f"{feed} {number:06d}"} if feed in KEYS else {}
        full = {**defaults.get(feed, {}), **key, **row}
        if feed == "hes_apc":
            full.setdefault("provspnops", full["epikey"])
            full.setdefault("epistart", full["admidate"])
            full.setdefault("epiend", full["disdate"])
            full["diagnosis_codes"] = f",{full['primary_diagnosis']},{full.pop('secondary_diagnoses', '')},".replace(
                ",,", ","
            )
        yield full


def list_rows(lists: Lists) -> list[Row]:
    """Every practice's list on the first of every month: its own of that month, else the one it always has."""
    rows: list[Row] = []
    for month in pd.date_range(FIRST_MONTH, LAST_MONTH, freq="MS"):
        for practice, by_month in lists.items():
            for cell, people in by_month.get(f"{month:%Y-%m}", by_month["always"]).items():
                sex, band = cell.split()
                rows.append(
                    {
                        "extract_date": f"{month:%Y-%m-%d}",
                        "practice_code": practice,
                        "sub_icb_code": "99X",
                        "sex": sex,
                        "age_group": band,
                        "patients": people,
                    }
                )
    return rows


def membership_rows(teams: dict[str, str]) -> list[Row]:
    """Practice → team, all of one network and one partnership."""
    shared = {"pcn_code": "N01", "pcn_name": "Network", "hcp_code": "H1", "hcp_name": "Partnership"}
    return [
        {"practice_code": practice, "int_code": team, "int_name": f"Team {team}", **shared, "valid_from": "2020-04-01"}
        for practice, team in teams.items()
    ]


def write_hand_world(path: Path, rows: Rows, lists: Lists, teams: dict[str, str], defaults: dict[str, Row]) -> None:
    """Write `inputs.duckdb` of one delivery cut on the last day of January 2026."""
    write_empty_inputs(path)
    feeds = {**rows, "gp_registrations": list_rows(lists), "int_membership": membership_rows(teams)}
    with duckdb.connect(str(path)) as connection:
        connection.execute("create macro month_of(d) as cast(date_trunc('month', d) as date)")
        connection.execute("create schema world; set schema = 'world'")
        for feed, feed_rows in feeds.items():
            connection.execute(f"create table {feed} as from live.{feed} limit 0")
            frame = pd.DataFrame(list(with_defaults(feed, feed_rows, defaults))).astype("string")
            connection.register("given", frame)
            columns = ", ".join(frame.columns)
            connection.execute(f"insert into {feed} by name select {columns} from given")
            connection.unregister("given")
            connection.execute(f"alter table {feed} drop coverage_month; alter table {feed} drop delivery")
            deliver(connection, feed, "2026-01", dt.date.fromisoformat(DATA_CUT))
        connection.execute(
            f"insert into plan.build values ('2026-01', date '{DATA_CUT}', 'QXX', 'Test ICB', date '{FIRST_MONTH}', "
            f"date '{LAST_MONTH}', 0); insert into plan.sub_icb_codes values ('99X');"
            f"insert into plan.deliveries values ('2026-01', date '{DATA_CUT}', date '{FIRST_MONTH}', false)"
        )
        # a month in which nothing happened was delivered all the same
        connection.execute(
            "delete from plan.feed_coverage where coverage_month is not null; insert into plan.feed_coverage "
            "select feed, month::date, '', '2026-01', date '2026-01-31', false, 1, true from plan.feed_status, "
            f"generate_series(date '{FIRST_MONTH}', date '{LAST_MONTH}', interval 1 month) as months(month) "
            "where feed not in ('gp_payments', 'int_membership')"
        )
        connection.execute("drop schema world cascade")
