"""Small frames about a version: what it covers, a profile per column × month × provider, and its distinct codes.

They are what the acceptance suites look at, so no check ever loads rows. None of them holds a value about a person:
identifiers and free text have counts only.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.contracts import FeedContract
from orchestration.foundation.sql import literal, quote

MEASURED = ("DATE", "INTEGER", "BIGINT", "DOUBLE", "TIME", "TIMESTAMP", "DECIMAL(18,2)", "DECIMAL(18,3)")
CODES = "codes.parquet"
PROFILE_COLUMNS = {
    "column_name": "varchar",
    "coverage_month": "date",
    "provider_code": "varchar",
    "rows": "bigint",
    "nulls": "bigint",
    "distinct_values": "bigint",
    "minimum": "varchar",
    "maximum": "varchar",
}
CODES_COLUMNS = {
    "column_name": "varchar",
    "coverage_month": "date",
    "provider_code": "varchar",
    "code": "varchar",
    "rows": "bigint",
}


def rows_of(parquet: list[Path]) -> str:
    return f"read_parquet([{', '.join(literal(path) for path in parquet)}], hive_partitioning = false)"


def provider_of(contract: FeedContract) -> str:
    return f"coalesce({quote(contract.provider)}, '')" if contract.provider else "''"


def write_coverage(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> tuple[dict[str, int], str | None, str | None]:
    """Rows by coverage month, and the first and last date of the coverage column."""
    if not parquet:
        return {}, None, None
    day = f"{quote(contract.coverage_date)}::date" if contract.coverage_date else "null::date"
    found = connection.execute(
        f"select coalesce(strftime(coverage_month, '%Y-%m'), 'undated'), count(*), min({day}), max({day}) "
        f"from {rows_of(parquet)} group by coverage_month order by 1"
    ).fetchall()
    days = [str(day) for _, _, *bounds in found for day in bounds if day]
    return {month: rows for month, rows, _, _ in found}, min(days, default=None), max(days, default=None)


def write_profile(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> None:
    """profile.parquet: column_name, coverage_month, provider_code, rows, nulls, distinct_values (coded columns), minimum, maximum.

    Different codes are counted in codes.parquet, which is there already.
    """
    if not parquet:
        write_empty(connection, PROFILE_COLUMNS, folder / "profile.parquet")
        return
    parts = []
    for column in contract.columns:
        name = quote(column.name)
        is_measured = column.sql_type in MEASURED
        low, high = (f"{f}({name})::varchar" if is_measured else "null::varchar" for f in ("min", "max"))
        parts.append(
            f"{{column_name: '{column.name}', nulls: count(*) - count({name}), minimum: {low}, maximum: {high}}}"
        )
    measured = (
        "select coverage_month, provider_code, rows, unnest(facts, recursive := true) from ("
        f"select coverage_month, {provider_of(contract)} as provider_code, count(*) as rows, [{', '.join(parts)}] as facts "
        f"from {rows_of(parquet)} group by coverage_month, provider_code)"
    )
    target = f"{literal(folder / 'profile.parquet')} (format parquet)"
    if not any(column.is_coded for column in contract.columns):
        counted = (
            "column_name, coverage_month, provider_code, rows, nulls, null::bigint as distinct_values, minimum, maximum"
        )
        connection.execute(f"copy (select {counted} from ({measured}) order by all) to {target}")
        return
    connection.execute(
        f"""
        copy (
            with measured as (
                {measured}
            ), different as (
                select column_name, coverage_month, provider_code, count(code) as distinct_values
                from {rows_of([folder / CODES])}
                group by all
            )
            select m.column_name, m.coverage_month, m.provider_code, m.rows, m.nulls, d.distinct_values, m.minimum,
                m.maximum
            from measured as m
            left join different as d
                on d.column_name = m.column_name and d.provider_code = m.provider_code
                and d.coverage_month is not distinct from m.coverage_month
            order by all
        ) to {target}
        """
    )


def write_codes(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> None:
    """codes.parquet: column_name, coverage_month, provider_code, code, rows; coded columns only."""
    coded = [column.name for column in contract.columns if column.is_coded]
    if not (parquet and coded):
        write_empty(connection, CODES_COLUMNS, folder / CODES)
        return
    # One pass over the rows; each column is counted by itself.
    texts = ", ".join(f"{quote(name)}::varchar as {quote(name)}" for name in coded)
    names = " ".join(f"when grouping({quote(name)}) = 0 then '{name}'" for name in coded)
    sets = ", ".join(f"(coverage_month, sender, {quote(name)})" for name in coded)
    connection.execute(
        f"copy (select case {names} end as column_name, coverage_month, sender as provider_code, "
        f"coalesce({', '.join(map(quote, coded))}) as code, count(*) as rows "
        f"from (select coverage_month, {provider_of(contract)} as sender, {texts} from {rows_of(parquet)}) "
        f"group by grouping sets ({sets}) order by all) to {literal(folder / CODES)} (format parquet)"
    )


def write_empty(connection: duckdb.DuckDBPyConnection, columns: dict[str, str], target: Path) -> None:
    shape = ", ".join(f"null::{kind} as {name}" for name, kind in columns.items())
    connection.execute(f"copy (select {shape} where false) to {literal(target)} (format parquet)")
