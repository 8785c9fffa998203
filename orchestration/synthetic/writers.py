"""Files: one `COPY` per file, always sorted by a full key, so that the bytes do not depend on the number of threads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import duckdb


def select_list(columns: Mapping[str, str]) -> str:
    """`{header: SQL}` → a SELECT list with the headers quoted as they stand in the file."""
    return ", ".join(f'{sql} as "{header}"' for header, sql in columns.items())


def write_table(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Mapping[str, str],
    source: str,
    order: str | None = None,
    delimiter: str = ",",
) -> int:
    """Write `select columns from source order by order`; returns the number of rows. Nulls are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = "" if order is None else f" order by {order}"
    # the headers may repeat a source column's name, so the order is taken inside and kept by DuckDB's insertion order
    result = con.execute(
        f"copy (select {select_list(columns)} from ({source}{ordered})) to '{path}' (format csv, header true, delimiter '{delimiter}')"
    ).fetchone()
    assert result is not None
    return int(result[0])


def write_rows(
    path: Path, header: Iterable[str] | None, rows: Iterable[Iterable[object]], quote_all: bool = False
) -> int:
    """Write a small file row by row, quoting where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as handle:
        style: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
        writer = csv.writer(handle, lineterminator="\n", quoting=style)
        if header is not None:
            writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
