"""What is kept of a feed: its typed rows in Parquet, a folder per coverage month, and where the quarantined rows stood."""

from __future__ import annotations

import datetime as dt
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from orchestration.contracts import FeedContract
from orchestration.foundation.sql import literal, quote
from orchestration.lake.loading import LoadedTable
from orchestration.lake.outcomes import still_there
from orchestration.landing.deliveries import Delivery

# Level 1 writes as fast as no compression and two thirds of snappy's size; higher levels take seconds and save little.
PARQUET = "format parquet, compression zstd, compression_level 1"
# A month is written by one thread: several would wait for each other and mix its rows.
MOST_SHARES, SMALL_SHARE_ROWS = 4, 100_000
# How a partition without a value is named.
NO_DAY = "__HIVE_DEFAULT_PARTITION__"


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    delivery: Delivery,
    tables: list[LoadedTable],
    finished: Path,
) -> None:
    """Typed rows into one folder per coverage month."""
    columns = ", ".join(quote(column.name) for column in contract.columns)
    rows = still_there(
        connection,
        tables,
        f"{columns}, coverage_month, '{delivery.name}' as delivery, coverage_month as first_day",
    )
    made = finished / "rows"
    made.mkdir()
    is_small = sum(table.rows_in_table for table in tables) < SMALL_SHARE_ROWS
    months = "select coverage_month, count(*) from ({}) group by coverage_month order by coverage_month"
    shares = [None] if is_small else shared_out(connection.execute(months.format(rows)).fetchall())
    threads = connection.execute("select current_setting('threads')").fetchone()
    writers = threads[0] if threads else 1
    connection.execute("set threads = 1")

    def write(share: list[dt.date | None] | None) -> None:
        with connection.cursor() as writer:
            writer.execute(
                f"copy (select * exclude (source, row_id) from ({rows}) where {is_one_of(share) if share else 'true'}) "
                f"to {literal(made)} ({PARQUET}, partition_by (first_day), filename_pattern 'part-{{i}}', overwrite_or_ignore)"
            )

    with ThreadPoolExecutor(writers) as pool:
        # Asked for its results, so that what fails in a writer fails here.
        list(pool.map(write, shares))
    connection.execute(f"set threads = {writers}")
    for folder in sorted(made.glob("first_day=*")):
        first_day = folder.name.removeprefix("first_day=")
        folder.rename(finished / f"coverage_month={'undated' if first_day == NO_DAY else first_day[:7]}")
    shutil.rmtree(made, ignore_errors=True)


def shared_out(months: list[tuple[dt.date | None, int]]) -> list[list[dt.date | None]]:
    """Months that are written together, in order: neighbours, whose rows lie close together, and about as many rows for each.

    >>> shared_out([(None, 10), (dt.date(2026, 4, 1), 90)])
    [[None, datetime.date(2026, 4, 1)]]
    >>> [len(share) for share in shared_out([(dt.date(2026, month, 1), 100_000) for month in range(1, 13)])]
    [3, 3, 3, 3]
    """
    total = sum(rows for _, rows in months)
    most = min(total // SMALL_SHARE_ROWS + 1, MOST_SHARES)
    shares: list[list[dt.date | None]] = [[] for _ in range(most)]
    passed = 0
    for month, rows in months:
        shares[(passed + rows // 2) * most // total].append(month)
        passed += rows
    return [share for share in shares if share]


def is_one_of(months: list[dt.date | None]) -> str:
    dated = [month for month in months if month]
    parts = [f"first_day between date '{dated[0]}' and date '{dated[-1]}'"] if dated else []
    return " or ".join([*parts, *(["first_day is null"] if None in months else [])])


def write_quarantine(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    if connection.execute("select 1 from quarantined limit 1").fetchone():
        connection.execute(
            f'copy (select file, line, column_name as "column", reason from quarantined order by all) to {literal(path)} '
            "(format parquet)"
        )
