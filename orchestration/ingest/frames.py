"""Small frames about a version: what it covers, a profile per column × month × provider, and its distinct codes.

They are what the acceptance suites look at, so no check ever loads rows. None of them holds a value about a person:
identifiers and free text have counts only.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.feeds import FeedContract
from orchestration.ingest.loading import quoted
from orchestration.warehouse import quote

MEASURED = ("DATE", "INTEGER", "BIGINT", "DOUBLE", "TIME", "TIMESTAMP", "DECIMAL(18,2)", "DECIMAL(18,3)")


def rows_of(parquet: list[Path]) -> str:
    return f"read_parquet([{', '.join(quoted(path) for path in parquet)}], hive_partitioning = false)"


def provider_of(contract: FeedContract) -> str:
    return f"coalesce({quote(contract.provider)}, '')" if contract.provider else "''"


def write_coverage(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> tuple[dict[str, int], str | None, str | None]:
    """Rows by coverage month, and the first and last date of the coverage column."""
    if not parquet:
        return {}, None, None
    months = connection.execute(
        f"select coalesce(strftime(coverage_month, '%Y-%m'), 'undated'), count(*) from {rows_of(parquet)} group by 1 order by 1"
    ).fetchall()
    first = last = None
    if contract.coverage_date:
        day = f"{quote(contract.coverage_date)}::date"
        first, last = connection.execute(f"select min({day}), max({day}) from {rows_of(parquet)}").fetchone() or (
            None,
            None,
        )
    return dict(months), str(first) if first else None, str(last) if last else None


def write_profile(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> None:
    """profile.parquet: column_name, coverage_month, provider_code, rows, nulls, distinct_values (coded columns), minimum, maximum."""
    target = quoted(folder / "profile.parquet")
    shape = "column_name varchar, coverage_month date, provider_code varchar, rows bigint, nulls bigint, "
    shape += "distinct_values bigint, minimum varchar, maximum varchar"
    connection.execute(f"create temp table profile ({shape})")
    if parquet:
        parts = []
        for column in contract.columns:
            name = quote(column.name)
            bounds = (
                f"min({name})::varchar, max({name})::varchar"
                if column.sql_type in MEASURED
                else "null::varchar, null::varchar"
            )
            distinct = f"approx_count_distinct({name})" if column.is_coded else "null::bigint"
            low, high = bounds.split(", ")
            parts.append(
                f"{{column_name: '{column.name}', nulls: count(*) - count({name}), distinct_values: {distinct}, "
                f"minimum: {low}, maximum: {high}}}"
            )
        connection.execute(
            f"""
            insert into profile
            select facts.column_name, coverage_month, provider_code, rows, facts.nulls, facts.distinct_values,
                facts.minimum, facts.maximum
            from (
                select coverage_month, provider_code, rows, unnest(facts) as facts
                from (
                    select coverage_month, {provider_of(contract)} as provider_code, count(*) as rows,
                        [{", ".join(parts)}] as facts
                    from {rows_of(parquet)}
                    group by coverage_month, provider_code
                )
            )
            """
        )
    connection.execute(f"copy (select * from profile order by all) to {target} (format parquet)")
    connection.execute("drop table profile")


def write_codes(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, folder: Path, parquet: list[Path]
) -> None:
    """codes.parquet: column_name, coverage_month, provider_code, code, rows; coded columns only."""
    target = quoted(folder / "codes.parquet")
    connection.execute(
        "create temp table distinct_codes "
        "(column_name varchar, coverage_month date, provider_code varchar, code varchar, rows bigint)"
    )
    for column in contract.columns if parquet else ():
        if column.is_coded:
            connection.execute(
                f"insert into distinct_codes select '{column.name}', coverage_month, {provider_of(contract)}, "
                f"{quote(column.name)}::varchar, count(*) from {rows_of(parquet)} group by all"
            )
    connection.execute(f"copy (select * from distinct_codes order by all) to {target} (format parquet)")
    connection.execute("drop table distinct_codes")
