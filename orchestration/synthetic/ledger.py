"""How much dirt each delivery holds, counted from the plan of the dirt, not from the files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb

from orchestration.synthetic import community, dirt, gp_files, hospital_files
from orchestration.synthetic.plan import DemoDelivery

Counts = dict[str, int]


def count_delivery(con: duckdb.DuckDBPyConnection, delivery: DemoDelivery) -> dict[str, Counts]:
    """Rows per feed and kind of dirt in one delivery (GP appointments: `count_gp_month`)."""
    cut = f"date '{delivery.data_cut}'"
    start = f"date '{delivery.coverage_from}'"
    fresh = dirt.fresh_in("event_month", delivery.month)
    wanted = f"(e.episode_end between {start} and {cut} or e.episode_end > {cut})"
    episodes = hospital_files.episodes_as_delivered(fresh, cut, wanted)
    found = {
        "hes_apc": _count(
            con,
            episodes,
            "true",
            "episode_id",
            unfinished_episodes="not is_finished",
            swapped_dates="has_swapped_dates",
            several_spells_on_one_day="touches_another and episode_order = 1",
            cross_year_episodes="is_finished and year(episode_start - interval 3 months) < year(episode_end - interval 3 months)",
        )
    }
    events = {
        "hes_op": (hospital_files.outpatients_as_delivered(fresh), "outpatients"),
        "ecds": (hospital_files.attendances_as_delivered(fresh), "attendances"),
        "community_contacts": (community.contacts_as_delivered(fresh), "contacts"),
    }
    for feed, (rows, table) in events.items():
        covered = f"event_date between {start} and {cut}"
        extra = {"rekeyed_duplicates": hospital_files.has_rekeyed_duplicate()} if feed == "ecds" else {}
        found[feed] = _count(con, rows, covered, "event_id", **extra) | _hidden(con, table, covered, delivery)
    return found


def count_gp_month(con: duckdb.DuckDBPyConnection, month: date, delivery: DemoDelivery) -> Counts:
    """One month of GP appointments (table `gp_month`) in one delivery."""
    fresh = "true" if delivery.month == month else "false"
    return _count(con, gp_files.appointments_as_delivered(fresh), "true", "event_id") | _hidden(
        con, "gp_month", "true", delivery
    )


def total(counts: Iterable[Counts]) -> Counts:
    """
    >>> total([{"late": 1}, {"late": 2, "withdrawn": 1}])
    {'late': 3, 'withdrawn': 1}
    """
    added: Counts = {}
    for one in counts:
        for kind, number in one.items():
            added[kind] = added.get(kind, 0) + number
    return added


def _count(con: duckdb.DuckDBPyConnection, rows: str, covered: str, key: str, **conditions: str) -> Counts:
    named = {
        "records": "true",
        "exact_duplicates": f"list_contains({dirt.copies(key)}, 1)",
        "key_duplicates": f"list_contains({dirt.copies(key)}, 2)",
        "null_persons": "person_is_null",
        "opted_out": "has_opted_out and not person_is_null",
        "no_usable_practice": "practice_code in ('', '&') or practice_code like 'V8199%'",
        **conditions,
    }
    listed = ", ".join(f"count(*) filter ({condition}) as {name}" for name, condition in named.items())
    result = con.execute(f"select {listed} from ({rows}) where {covered}").fetchone()
    assert result is not None
    return dict(zip(named, result, strict=True))


def _hidden(con: duckdb.DuckDBPyConnection, table: str, covered: str, delivery: DemoDelivery) -> Counts:
    """Records that are late in this delivery, or that it has withdrawn."""
    fresh = f"(date_trunc('month', event_date) = date '{delivery.month}')"
    result = con.execute(f"""
        select count(*) filter ({fresh}), count(*) filter (not {fresh}) from {table}
        where {covered} and not {dirt.is_visible("event_id", fresh)}
    """).fetchone()
    assert result is not None
    return {"late": result[0], "withdrawn": result[1]}
