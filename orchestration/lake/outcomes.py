"""What becomes of the rows that are not plain data: removed by a named rule, or quarantined with a reason."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

from orchestration.contracts import FeedContract
from orchestration.foundation.sql import literal, quote
from orchestration.lake.loading import LoadedTable, add_quarantined
from orchestration.lake.retention_note import RetentionNote


def find_outcomes(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    tables: list[LoadedTable],
    opt_out_files: list[Path],
    retention: RetentionNote,
) -> None:
    """Fill `outcomes(source, row_id, kind, rule, column_name)`: one line per row that does not go into the lake."""
    connection.execute(
        "create table outcomes (source integer, row_id bigint, kind varchar, rule varchar, column_name varchar)"
    )
    if opt_out_files:
        files = ", ".join(literal(path) for path in opt_out_files)
        connection.execute(
            f"create table opted_out as select distinct person_id from read_parquet([{files}], hive_partitioning = false)"
        )
    connection.execute("create table forgotten (fingerprint varchar)")
    if retention.forgotten and contract.person:
        connection.execute("insert into forgotten select unnest(?::varchar[])", [retention.forgotten])
    add(connection, tables, "row_outcome", "row_outcome is not null")
    if contract.person and contract.feed != "opt_outs" and retention.forgotten:
        gone = "sha256(lower(person_id)) in (select fingerprint from forgotten)"
        add(connection, tables, "'removed|forgotten|'", gone)
    if contract.person and opt_out_files:
        add(connection, tables, "'removed|opt_out|'", "person_id in (select person_id from opted_out)")
    if retention.first_month_kept and contract.is_patient_level:
        add(connection, tables, "'removed|purged|'", f"coverage_month < date '{retention.first_month_kept}-01'")
    if contract.key:
        remove_repeated_keys(connection, contract, tables)
    elif contract.distinct or len(tables) > 1:
        remove_repeated_rows(connection, contract, tables)


def add(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable], outcome: str, condition: str) -> None:
    """One more rule, for the rows that no rule before it took."""
    rows = still_there(connection, tables, f"{outcome} as outcome", condition)
    connection.execute(
        "insert into outcomes select source, row_id, split_part(outcome, '|', 1), split_part(outcome, '|', 2), "
        f"split_part(outcome, '|', 3) from ({rows})"
    )


def still_there(
    connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable], columns: str, condition: str = "true"
) -> str:
    """The rows that no rule has taken yet, as `source, row_id, columns`; tables without an outcome are not searched for any."""
    touched = {number for (number,) in connection.execute("select distinct source from outcomes").fetchall()}
    return " union all ".join(
        f"select {table.number} as source, row_id, {columns} from ({table.rows}) where {condition}"
        + (
            f" and row_id not in (select row_id from outcomes where source = {table.number})"
            if table.number in touched
            else ""
        )
        for table in tables
    )


def remove_repeated_keys(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Of rows with one key the first stays; the others are `duplicate_exact` or, with other content, `duplicate_key`."""
    key = ", ".join(quote(name) for name in contract.key)
    not_null = " and ".join(f"{quote(name)} is not null" for name in contract.key)
    content = ", ".join(quote(column.name) for column in contract.columns)
    keys = still_there(connection, tables, key)
    # Fingerprints first: almost always there is nothing to compare, and eight bytes a row are cheap to group.
    connection.execute(
        f"create temp table suspects as select hash({key}) as fingerprint from ({keys}) where {not_null} "
        "group by fingerprint having count(*) > 1"
    )
    if connection.execute("select count(*) from suspects").fetchone() != (0,):
        # Looked for in each table, so that only suspects have their content worked out.
        is_suspect = f"{not_null} and hash({key}) in (select fingerprint from suspects)"
        rows = still_there(connection, tables, f"{key}, hash({content}) as content", is_suspect)
        connection.execute(
            f"""
            insert into outcomes
            select source, row_id, 'removed',
                case when content = first_content then 'duplicate_exact' else 'duplicate_key' end, ''
            from (
                select source, row_id, content,
                    row_number() over (partition by {key} order by source, row_id) as place,
                    first_value(content) over (partition by {key} order by source, row_id) as first_content
                from ({rows})
            )
            where place > 1
            """
        )
    connection.execute("drop table suspects")


def remove_repeated_rows(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Rows without a key: the same content counts once, in the feed (`distinct`) or across the files that bring it."""
    content = ", ".join(quote(column.name) for column in contract.columns)
    rows = still_there(connection, tables, f"hash({content}) as content")
    repeats = (
        "row_number() over (partition by content order by source, row_id) > 1"
        if contract.distinct
        else ("source > min(source) over (partition by content)")
    )
    connection.execute(
        f"insert into outcomes select source, row_id, 'removed', 'duplicate_exact', '' "
        f"from (select source, row_id, {repeats} as is_repeat from ({rows})) where is_repeat"
    )


def locate_quarantined(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Give every quarantined row its physical line in the file, and put it beside those without the file's shape."""
    found = connection.execute(
        "select source, row_id, column_name, rule from outcomes where kind = 'quarantined' order by source, row_id"
    ).fetchall()
    for table in tables:
        rows = [row for source, *row in found if source == table.number]
        if not rows:
            continue
        rejected = connection.execute(
            f"select line from quarantined where source = {table.number} order by line"
        ).fetchall()
        lines = line_numbers(table, [row_id for row_id, _, _ in rows], [line for (line,) in rejected])
        headers = {name: place.header or name for name, place in table.layout.columns.items()}
        add_quarantined(
            connection,
            table.number,
            table.source.label,
            [
                (line, headers.get(column, column), reason)
                for (_, column, reason), line in zip(rows, lines, strict=True)
            ],
        )


def line_numbers(table: LoadedTable, row_ids: list[int], rejected: list[int]) -> list[int]:
    """Physical lines of rows, given in order, from their place among the rows that loaded."""
    if table.source.kind != "csv" or not (table.blank_lines or table.has_line_breaks):
        lines, passed = [], 0
        for row_id in row_ids:
            line = table.layout.header_lines + row_id + 1 + passed
            while passed < len(rejected) and rejected[passed] <= line:
                passed += 1
                line += 1
            lines.append(line)
        return lines
    wanted, gone = set(row_ids), set(rejected)
    found: dict[int, int] = {}
    with table.source.path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=table.layout.delimiter)
        row_id, start = 0, 1
        for cells in reader:
            if start > table.layout.header_lines and cells and start not in gone:
                if row_id in wanted:
                    found[row_id] = start
                row_id += 1
            start = reader.line_num + 1
    return [found.get(row_id, 0) for row_id in row_ids]
