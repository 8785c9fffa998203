"""What the warehouse says about itself: the delivery it was built for and the files that went in. Read, never guessed."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import duckdb
from pydantic import BaseModel

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Home, Settings
from orchestration.releases.receipt import InputFile

TRUTH_FILE = "truth.json"


class Build(BaseModel):
    """The build plan that dbt read (`inputs.plan`)."""

    delivery: str
    data_cut: dt.date
    icb_code: str
    icb_name: str
    first_month: dt.date
    last_month: dt.date
    inputs: list[InputFile]
    is_synthetic: bool = False


def read_build(settings: Settings) -> Build:
    """Raises `IntMartsError` when nothing has been built in this home."""
    path = settings.paths.inputs_file
    if not path.exists() or not settings.paths.warehouse_file.exists():
        raise IntMartsError("nothing has been built yet: run `int-marts refresh`")
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as connection:
        plan = _records(
            connection, "select delivery, data_cut, icb_code, icb_name, first_month, last_month from plan.build"
        )[0]
        inputs = _records(
            connection,
            "select feed, delivery, version, file, sha256, rows_read, rows_loaded, rows_quarantined from plan.files "
            "order by feed, delivery, version, file",
        )
    return Build(
        **plan,
        inputs=[InputFile(**entry) for entry in inputs],
        is_synthetic=is_synthetic(settings.paths, plan["delivery"]),
    )


def is_synthetic(home: Home, delivery: str) -> bool:
    """Whether the demo wrote this delivery: it leaves the true figures beside it. What cannot be read as that says nothing."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        truth = json.loads((home.landing / TRUTH_FILE).read_text(encoding="utf-8"))
        return delivery in truth["demo"]["deliveries"]
    return False


def _records(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
