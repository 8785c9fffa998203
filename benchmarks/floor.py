"""Run the floor script on one delivery folder: `python benchmarks/floor.py landing/2025-09`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main(folder: Path) -> None:
    connection = duckdb.connect()
    connection.execute("set threads = 2; set preserve_insertion_order = false")
    connection.execute(f"set temp_directory = '{folder.parent / '.floor_spill'}'")
    script = Path(__file__).with_name("floor.sql").read_text().replace("{folder}", str(folder))
    for statement in script.split(";\n"):
        if statement.strip():
            last = connection.execute(statement)
    for mart, cells, total in last.fetchall():
        print(f"{mart:<14}{cells:>10,} cells  total {total}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
