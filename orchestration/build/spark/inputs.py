"""The inputs of a build as Parquet folders: what an engine that cannot attach `inputs.duckdb` reads.

    python -m orchestration.build.spark.inputs <home>/warehouse/inputs.duckdb <folder>

One folder per table, `<folder>/<schema>/<table>/`, rows exactly those of the schemas `live` and `plan`. Runs where the
pipeline runs (DuckDB, no Spark).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import duckdb

from orchestration.foundation.sql import literal, quote

SCHEMAS = ("live", "plan")
# Parquet has types that Spark cannot read: a time of day becomes text, which the dialect macros expect of Spark.
TYPES_FOR_PARQUET = {"TIME": "VARCHAR", "HUGEINT": "DECIMAL(38, 0)"}


def export_inputs(inputs_file: Path, folder: Path) -> list[str]:
    """Write every table and view of `live` and `plan`; returns their names, `schema.table`, sorted.

    A folder of an earlier export is replaced. Raises `duckdb.IOException` when the inputs file is not there.
    """
    exported: list[str] = []
    with duckdb.connect(str(inputs_file), read_only=True, config={"threads": 2}) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns "
            "where table_schema in ? order by table_schema, table_name, ordinal_position",
            [list(SCHEMAS)],
        ).fetchall()
        tables: dict[tuple[str, str], list[str]] = {}
        for schema, table, column, data_type in columns:
            kind = TYPES_FOR_PARQUET.get(data_type)
            expression = f"cast({quote(column)} as {kind}) as {quote(column)}" if kind else quote(column)
            tables.setdefault((schema, table), []).append(expression)
        for (schema, table), expressions in tables.items():
            target = folder / schema / table
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            connection.execute(
                f"copy (select {', '.join(expressions)} from {quote(schema)}.{quote(table)}) "
                f"to {literal(target / 'part-0.parquet')} (format parquet, compression zstd)"
            )
            exported.append(f"{schema}.{table}")
    return exported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("inputs_file", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    export_inputs(arguments.inputs_file, arguments.folder)


if __name__ == "__main__":
    main()
