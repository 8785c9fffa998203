"""The tables of a release's database: which there are, their columns, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.foundation.sql import literal, quote
from orchestration.foundation.warehouse import MART_SCHEMAS, TableFacts, Warehouse

# About the release itself, so it cannot be part of what makes two releases the same.
NOT_HASHED = ("marts.release_info",)


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    connection.execute(f"attach {literal(str(path))} as {quote(name)} (read_only)")


def tables_of(
    connection: duckdb.DuckDBPyConnection, database: str, schemas: tuple[str, ...] = MART_SCHEMAS
) -> list[str]:
    """`schema.table`, in order of name."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = ? and list_contains(?, schema_name) "
        "union all select schema_name || '.' || view_name from duckdb_views() where database_name = ? and "
        "list_contains(?, schema_name) and not internal order by 1",
        [database, list(schemas)] * 2,
    )
    return [name for (name,) in found.fetchall()]


def columns_of(connection: duckdb.DuckDBPyConnection, database: str, relation: str) -> dict[str, str]:
    found = connection.execute(f"select column_name, column_type from (describe {quote(database)}.{relation})")
    return dict(found.fetchall())


def table_facts(
    connection: duckdb.DuckDBPyConnection, database: str, sealed: Mapping[str, TableFacts] | None = None
) -> dict[str, TableFacts]:
    """Rows, content hash and columns of every table of an attached database; `release_info` left out.

    `sealed`: what the build says of its tables, the attached `warehouse`. Where its rows are these rows, its content hash is theirs.
    """
    tables = [relation for relation in tables_of(connection, database) if relation not in NOT_HASHED]
    copied = [relation for relation in tables if sealed and relation in sealed]
    there, here = (quick_hashes(connection, name, copied) for name in ("warehouse", database))
    with using(connection, database) as handle:
        return {
            relation: sealed[relation]
            if sealed and relation in copied and there[relation] == here[relation]
            else handle.facts(relation)
            for relation in tables
        }


def quick_hashes(
    connection: duckdb.DuckDBPyConnection, database: str, relations: Sequence[str]
) -> dict[str, tuple[object, ...]]:
    if not relations:
        return {}
    with using(connection, database) as handle:
        return {relation: handle.quick_hash(relation) for relation in relations}


@contextmanager
def using(connection: duckdb.DuckDBPyConnection, database: str) -> Iterator[Warehouse]:
    connection.execute(f"use {quote(database)}")
    try:
        yield Warehouse(connection)
    finally:
        connection.execute("use memory")
