"""Which lake rows are live for a delivery: writes `warehouse/inputs.duckdb`, the only thing dbt reads.

Restatement is decided here and nowhere else, from manifests alone, so it does not depend on the order in which
deliveries were ingested. Views list the Parquet files they need, so a superseded month is never opened.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import duckdb
from pydantic import BaseModel

from orchestration.build.plan_tables import PLAN_TABLES, DeliveryFacts, add_rows, write_plan
from orchestration.contracts import FeedContract, load_contracts
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.files import replacing
from orchestration.foundation.settings import Home, Settings
from orchestration.foundation.sql import literal, quote
from orchestration.lake import manifest as manifests
from orchestration.lake.manifest import UNDATED, Manifest
from orchestration.landing.deliveries import list_deliveries
from orchestration.landing.withdrawals import read_withdrawals


class Inputs(BaseModel):
    """What was written for dbt to read."""

    delivery: str
    data_cut: dt.date
    deliveries: list[str]
    rows_live: dict[str, int]


class Segment(NamedTuple):
    """The coverage months that one delivery supplies to a feed."""

    manifest: Manifest
    months: tuple[str, ...]


def manifests_up_to(home: Home, delivery_name: str) -> dict[str, list[Manifest]]:
    """FeedContract → the manifests in force of every delivery up to this one, oldest first."""
    landed, withdrawals = list_deliveries(home), read_withdrawals(home)
    found = {
        feed: manifests.in_force_up_to(home, feed, delivery_name, landed, withdrawals) for feed in load_contracts()
    }
    return {feed: listed for feed, listed in found.items() if listed}


def suppliers(home: Home, delivery_name: str) -> dict[str, list[Manifest]]:
    """FeedContract → the versions that supply live rows, oldest first."""
    contracts = load_contracts()
    return {
        feed: [segment.manifest for segment in live_segments(contracts[feed], listed)]
        for feed, listed in manifests_up_to(home, delivery_name).items()
    }


def rows_of(segment: Segment) -> int:
    return sum(segment.manifest.coverage.get(month, 0) for month in segment.months)


def months_between(first: str, last: str) -> list[str]:
    """
    >>> months_between("2025-11", "2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    start, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in range(start, end + 1)]


def live_segments(feed: FeedContract, delivered: list[Manifest]) -> list[Segment]:
    """Which months each delivery supplies, by the contract's `supersedes`. Units finer than months are joined later."""
    if not delivered:
        return []
    newest = delivered[-1]
    if feed.supersedes == "newest_delivery":
        return [Segment(newest, tuple(newest.coverage))]
    if feed.supersedes in ("accumulates", "units"):
        return [Segment(manifest, tuple(manifest.coverage)) for manifest in delivered]
    supplier: dict[str, Manifest] = {}
    for manifest in delivered:
        first, last = manifest.coverage_from[:7], manifest.data_cut[:7]
        for month in manifest.coverage:
            if month != UNDATED and (month not in supplier or month >= first):
                supplier[month] = manifest
        if feed.supersedes == "covered_months":
            for month in months_between(first, last):
                supplier[month] = manifest
    if UNDATED in newest.coverage:
        supplier[UNDATED] = newest
    return [
        Segment(manifest, tuple(sorted(month for month, chosen in supplier.items() if chosen is manifest)))
        for manifest in delivered
        if any(chosen is manifest for chosen in supplier.values())
    ]


def empty_select(feed: FeedContract) -> str:
    columns = ", ".join(f"null::{kind} as {quote(name)}" for name, kind in feed.lake_columns().items())
    return f"select {columns} where false"


def parquet_files(home: Home, segments: list[Segment]) -> list[Path]:
    files: list[Path] = []
    for manifest, months in segments:
        folder = manifest.folder(home)
        for month in months:
            if manifest.coverage.get(month):
                files += sorted((folder / f"coverage_month={month}").glob("*.parquet"))
    return files


def lake_rows(files: list[Path]) -> str:
    listed = ", ".join(literal(path) for path in files)
    return f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"


def base_select(feed: FeedContract, files: list[Path]) -> str:
    if not files:
        return empty_select(feed)
    columns = ", ".join(quote(name) for name in feed.lake_columns())
    return f"select {columns} from {lake_rows(files)}"


def create_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    for schema in ("live", "plan", "rules"):
        connection.execute(f"create schema if not exists {schema}")
    for name, columns in PLAN_TABLES.items():
        connection.execute(f"create table plan.{name} ({columns})")


def create_empty_inputs(connection: duckdb.DuckDBPyConnection) -> None:
    """Every view of an inputs file, typed and empty."""
    create_schemas(connection)
    for feed in load_contracts().values():
        connection.execute(f"create view live.{feed.feed} as {empty_select(feed)}")


def write_inputs(settings: Settings, delivery_name: str) -> Inputs:
    """Write `warehouse/inputs.duckdb` for one delivery, complete or not at all.

    Raises `IntMartsError` when the delivery has nothing in the lake.
    """
    home = settings.paths
    delivered = manifests_up_to(home, delivery_name)
    deliveries = known_deliveries(home, delivered, delivery_name)
    if delivery_name not in deliveries:
        raise IntMartsError(f"delivery {delivery_name} has not been ingested: run `int-marts refresh {delivery_name}`")
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
    }
    rows_live: dict[str, int] = {}
    with replacing(home.inputs_file) as draft:
        with duckdb.connect(str(draft), config=config) as connection:
            connection.execute(f"set temp_directory = {literal(home.spill)}")
            # One commit: each would wait for the disk.
            connection.begin()
            create_schemas(connection)
            for name, feed in load_contracts().items():
                rows_live[name] = write_feed(connection, settings, feed, delivered.get(name, []), delivered)
            write_plan(connection, settings, delivery_name, deliveries, delivered)
            connection.commit()
        draft.chmod(0o600)
    return Inputs(
        delivery=delivery_name,
        data_cut=deliveries[delivery_name].data_cut,
        deliveries=sorted(deliveries),
        rows_live=rows_live,
    )


def known_deliveries(home: Home, delivered: dict[str, list[Manifest]], up_to: str) -> dict[str, DeliveryFacts]:
    known = {}
    for listed in delivered.values():
        for item in listed:
            known[item.delivery] = DeliveryFacts(
                dt.date.fromisoformat(item.data_cut),
                dt.date.fromisoformat(item.coverage_from),
                item.delivery.endswith("M13"),
            )
    return {name: known[name] for name in sorted(known) if name <= up_to}


def write_feed(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    feed: FeedContract,
    delivered: list[Manifest],
    everything: dict[str, list[Manifest]],
) -> int:
    """One view of live rows, and what its rules removed. Returns the number of live rows."""
    home = settings.paths
    segments = live_segments(feed, delivered)

    files = parquet_files(home, segments)
    base = base_select(feed, files)
    conditions: list[tuple[str, str]] = []
    if feed.supersedes == "units" and len(segments) > 1:
        conditions.append(("superseded", unit_condition(connection, feed, base)))
    if opt_outs := opt_out_condition(connection, settings, feed, segments, everything):
        conditions.append(("opt_out", opt_outs))
    if (
        len(segments) > 1
        and feed.supersedes != "units"
        and files
        and (repeats := repeat_condition(connection, feed, segments, files, conditions))
    ):
        conditions.append(repeats)
    kept = " and ".join(condition for _, condition in conditions)
    select = f"{base} as lake" if files else base
    connection.execute(f"create view live.{feed.feed} as {select}{' where ' + kept if kept else ''}")
    write_coverage(connection, feed)
    live: dict[str, int] = dict(
        connection.execute(
            f"select delivery, sum(rows_live)::bigint from plan.feed_coverage where feed = '{feed.feed}' group by delivery"
        ).fetchall()
    )
    count_removed(connection, feed, delivered, segments, select, conditions, live)
    return sum(live.values())


def write_coverage(connection: duckdb.DuckDBPyConnection, feed: FeedContract) -> None:
    """How many rows of each month, provider and delivery are live; `write_plan` adds what is said of the deliveries and
    of the month."""
    provider = quote(feed.provider) if feed.provider else "''"
    connection.execute(
        f"insert into plan.feed_coverage select '{feed.feed}', coverage_month, coalesce({provider}, ''), delivery, "
        f"null, null, count(*), null from live.{feed.feed} group by all"
    )


def unit_condition(connection: duckdb.DuckDBPyConnection, feed: FeedContract, base: str) -> str:
    """The newest delivery that holds rows for a unit (provider × month, list month …) supplies all of it."""
    unit = ", ".join(quote(name) for name in feed.unit)
    connection.execute(
        f"create table rules.{feed.feed}_units as "
        f"select {unit}, max(delivery) as delivery from ({base}) group by {unit}"
    )
    same = " and ".join(
        f"unit.{quote(name)} is not distinct from lake.{quote(name)}" for name in (*feed.unit, "delivery")
    )
    return f"exists (select 1 from rules.{feed.feed}_units as unit where {same})"


def opt_out_condition(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    feed: FeedContract,
    segments: list[Segment],
    everything: dict[str, list[Manifest]],
) -> str | None:
    """Who opted out later than a delivery was ingested is kept out of that delivery's rows here."""
    lists = everything.get("opt_outs", [])
    if feed.person is None or feed.feed == "opt_outs" or not lists:
        return None
    newest = lists[-1]
    applied = {manifest.opt_outs_key for manifest, _ in segments}
    if all(held_everyone(connection, settings, newest, key, lists) for key in applied):
        return None
    if newest.person_id_space not in {manifest.person_id_space for manifest, _ in segments}:
        return None
    connection.execute(
        f"create table rules.{feed.feed}_opt_outs as select distinct person_id from ({people_listed(settings, newest)})"
    )
    return (
        f"not exists (select 1 from rules.{feed.feed}_opt_outs as opted_out where opted_out.person_id = lake.person_id)"
    )


def people_listed(settings: Settings, opt_outs: Manifest) -> str:
    files = parquet_files(settings.paths, [Segment(opt_outs, tuple(opt_outs.coverage))])
    return base_select(load_contracts()["opt_outs"], files)


def held_everyone(
    connection: duckdb.DuckDBPyConnection, settings: Settings, newest: Manifest, key: str | None, lists: list[Manifest]
) -> bool:
    """Whether the list that ingest applied had everybody who is on the newest: each month's is a new one, mostly of the same people."""
    if key == newest.content_key:
        return True
    applied = next((manifest for manifest in lists if manifest.content_key == key), None)
    if applied is None:
        return False
    listed, held = (f"select person_id from ({people_listed(settings, one)})" for one in (newest, applied))
    return connection.execute(f"select 1 from ({listed} except {held}) limit 1").fetchone() is None


def repeat_condition(
    connection: duckdb.DuckDBPyConnection,
    feed: FeedContract,
    segments: list[Segment],
    files: list[Path],
    conditions: list[tuple[str, str]],
) -> tuple[str, str] | None:
    """The same key from two deliveries: the newest delivery's row stays. Without a key, same content counts once.

    The rows that go are named by their file and their number in it: to compare every column again at every read took 16 times as
    long as the read (1.2 s for the referrals of 500,000 people, and a build with its checks reads them some ten times).
    """
    if not feed.key and feed.supersedes != "accumulates":
        return None
    names = list(feed.key) or [name for name in feed.lake_columns() if name != "delivery"]
    columns = ", ".join(f"lake.{quote(name)}" for name in names)
    kept = [condition for _, condition in conditions] + [f"lake.{quote(name)} is not null" for name in feed.key]
    rows = f"from {lake_rows(files)} as lake where {' and '.join(kept) or 'true'}"
    # Fingerprints first, and only counted: almost always none comes twice, and then nothing more is read. Of two deliveries that bring
    # the same row one is not the fullest, so that only what the others bring has to be looked for.
    fullest = max(segments, key=rows_of).manifest.delivery
    connection.execute(
        "create temp table suspects as "
        f"select fingerprint from (select hash({columns}) as fingerprint, lake.delivery {rows}) "
        f"where fingerprint in (select hash({columns}) {rows} and lake.delivery <> {literal(fullest)}) "
        "group by fingerprint having min(delivery) <> max(delivery)"
    )
    found = 0
    if connection.execute("select count(*) from suspects").fetchone() != (0,):
        found = connection.execute(
            f"create table rules.{feed.feed}_repeats as select file, row_number from ("
            "select lake.filename as file, lake.file_row_number as row_number, lake.delivery, "
            f"max(lake.delivery) over (partition by {columns}) as newest_delivery {rows} "
            f"and hash({columns}) in (select fingerprint from suspects)) where delivery < newest_delivery"
        ).fetchone()[0]  # type: ignore[index]
    connection.execute("drop table suspects")
    if not found:
        return None
    return "duplicate_key" if feed.key else "duplicate_exact", (
        f"not exists (select 1 from rules.{feed.feed}_repeats as repeated "
        "where repeated.file = lake.filename and repeated.row_number = lake.file_row_number)"
    )


def count_removed(
    connection: duckdb.DuckDBPyConnection,
    feed: FeedContract,
    delivered: list[Manifest],
    segments: list[Segment],
    select: str,
    conditions: list[tuple[str, str]],
    live: dict[str, int],
) -> None:
    """Rows that were read and are not live, by named rule: removed by ingest, superseded, repeated. `live`: delivery → rows."""
    removed: list[tuple[object, ...]] = []
    taken = {manifest.delivery: set(months) for manifest, months in segments}
    for manifest in delivered:
        for rule, rows in manifest.rows_removed.items():
            removed.append((feed.feed, manifest.delivery, rule, rows))
        first = manifest.coverage_from[:7]
        by_rule: dict[str, int] = {}
        for month, rows in manifest.coverage.items():
            if month in taken.get(manifest.delivery, set()):
                continue
            rule = (
                "before_coverage"
                if month != UNDATED and month < first and manifest is not delivered[0]
                else "superseded"
            )
            by_rule[rule] = by_rule.get(rule, 0) + rows
        for rule, rows in by_rule.items():
            removed.append((feed.feed, manifest.delivery, rule, rows))
    left = {segment.manifest.delivery: rows_of(segment) for segment in segments}
    for number, (rule, _) in enumerate(conditions, start=1):
        still_left = live if number == len(conditions) else count_kept(connection, select, conditions[:number])
        for delivery, rows in sorted(left.items()):
            removed.append((feed.feed, delivery, rule, rows - still_left.get(delivery, 0)))
        left = still_left
    add_rows(connection, "rows_removed", [row for row in removed if row[-1]])


def count_kept(connection: duckdb.DuckDBPyConnection, select: str, conditions: list[tuple[str, str]]) -> dict[str, int]:
    kept = " and ".join(condition for _, condition in conditions)
    return dict(
        connection.execute(f"select delivery, count(*) from ({select} where {kept}) group by delivery").fetchall()
    )
