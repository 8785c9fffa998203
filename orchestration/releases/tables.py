"""The tables of a release's database: which there are, their columns, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
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
    connection: duckdb.DuckDBPyConnection, database: str, known: Mapping[str, tuple[str, TableFacts]] | None = None
) -> dict[str, TableFacts]:
    """Rows, content hash and columns of every table of an attached database; `release_info` left out.

    `known`: quick hash and facts of tables that may stand here as a copy. What has the quick hash has the facts; all else is hashed.
    """
    connection.execute(f"use {quote(database)}")
    try:
        handle = Warehouse(connection)
        tables = [relation for relation in tables_of(connection, database) if relation not in NOT_HASHED]
        found = {}
        for relation in tables:
            quick, facts = (known or {}).get(relation, ("", None))
            found[relation] = facts if facts and quick == handle.quick_hash(relation) else handle.facts(relation)
        return found
    finally:
        connection.execute("use memory")
