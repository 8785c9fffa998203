"""An inputs file of typed, empty views, for dbt's unit tests and for worlds that fill in what they need."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.build.inputs import create_empty_inputs


def write_empty_inputs(path: Path) -> None:
    """The folder must be there; what stands at the path is replaced."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        create_empty_inputs(connection)
