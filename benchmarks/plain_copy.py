"""What DuckDB alone needs to keep what was landed: every CSV file of a delivery, all columns as text, as Parquet; nothing typed or checked.

The least that any pipeline pays which keeps what it was sent, beside the floor, which reads a few columns and keeps nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb


def main() -> None:
    files = sorted(path for path in Path(sys.argv[1]).rglob("*.csv"))
    with TemporaryDirectory(dir=Path(sys.argv[1]).parent.parent) as folder, duckdb.connect() as connection:
        connection.execute("set threads = 2; set memory_limit = '4GB'; set preserve_insertion_order = false")
        for number, file in enumerate(files):
            source = "select * from read_csv($1, all_varchar = true)"
            target = f"{folder}/{number}.parquet"
            connection.execute(
                f"copy ({source}) to '{target}' (format parquet, compression zstd, compression_level 1)", [str(file)]
            )
    print(f"{len(files)} files")


if __name__ == "__main__":
    main()
