"""Models made from the SQL that dbt compiled, without dbt: for who needs some tables in seconds and no warehouse of record."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from orchestration.build.dbt_runtime import SEEDS_DIR
from orchestration.foundation.sql import literal


def in_order(nodes: dict[str, Any]) -> list[str]:
    """The models and seeds of a manifest, each after those that it reads."""
    reads = {
        name: set(reads_of(node)) & nodes.keys()
        for name, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
    }
    return list(TopologicalSorter(reads).static_order())


def reads_of(node: dict[str, Any]) -> list[str]:
    return node["depends_on"].get("nodes", [])


def read_by(nodes: dict[str, Any], readers: Iterable[str]) -> list[str]:
    """The models and seeds that these nodes read, at any distance, in order."""
    waiting, found = list(readers), set[str]()
    while waiting:
        new = set(reads_of(nodes[waiting.pop()])) & nodes.keys() - found
        found |= new
        waiting += new
    return [name for name in in_order(nodes) if name in found]


def make(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> None:
    """One model or seed, in a database in which what it reads is there. A table that is there already keeps the types of its columns."""
    relation, schema = node["relation_name"], f"{node['database']}.{node['schema']}"
    connection.execute(f"create schema if not exists {schema}")
    if node["resource_type"] == "seed":
        file = literal(SEEDS_DIR / f"{node['name']}.csv")
        columns = node["config"]["column_types"]
        connection.execute(
            f"create or replace table {relation} as from read_csv({file}, header = true, columns = {columns})"
        )
    elif node["config"]["materialized"] == "view":
        connection.execute(f"create or replace view {relation} as {node['compiled_code']}")
    elif not node["contract"]["enforced"]:
        connection.execute(f"create or replace table {relation} as {node['compiled_code']}")
    else:
        types = ", ".join(f"{name} {column['data_type']}" for name, column in node["columns"].items())
        connection.execute(f"create or replace table {relation} ({types})")
        connection.execute(f"insert into {relation} by name {node['compiled_code']}")
