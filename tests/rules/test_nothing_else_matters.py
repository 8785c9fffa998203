"""No figure depends on the order of rows in a file, on the number of threads, on the hash key, or on the day it is worked out."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import open_warehouse

from .geographies import random_geography
from .histories import draw_histories
from .home import build, write_landing

PEOPLE = 400
LOCAL = ("hes_apc", "hes_op", "ecds", "gp_appointments")


def shuffle_files(landing: Path) -> None:
    """Every file's rows in another order; a header stays where it is, and successions have none."""
    for path in sorted(landing.rglob("*.csv")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        headers = 0 if path.name.startswith("ods_") else 1
        rows = lines[headers:]
        Random(path.name).shuffle(rows)
        path.write_text("".join([*lines[:headers], *rows]), encoding="utf-8")


def contents(settings: Settings) -> dict[str, tuple[int, str]]:
    with open_warehouse(settings) as warehouse:
        return {table: (warehouse.row_count(table), warehouse.content_hash(table)) for table in warehouse.tables()}


@pytest.mark.soak
def test_order_threads_and_hash_key_change_nothing(tmp_path: Path) -> None:
    histories, geography = draw_histories(PEOPLE), random_geography()
    found = []
    for name, key, threads in (("one", "a first key", 2), ("other", "quite another key", 1)):
        write_landing(tmp_path / name / "landing", histories, geography)
        if name == "other":
            shuffle_files(tmp_path / name / "landing")
        settings = build(tmp_path / name, "2025-03", person_hash_key=key, local_identifier_feeds=LOCAL, threads=threads)
        found.append(contents(settings))
    one, other = found
    assert len(one) > 15
    assert sum(rows for rows, _ in one.values()) > 100_000
    assert {table: one[table] for table in one if one[table] != other.get(table)} == {}
    assert set(one) == set(other)


def test_no_model_knows_what_day_it_is() -> None:
    """Dates come from the delivery, draws from nowhere: no model or macro asks the clock or a random number."""
    asked = re.compile(
        r"\b(current_date|current_timestamp|localtimestamp|get_current_\w+|now\s*\(|today\s*\(|random\s*\(|setseed|uuid\s*\(|run_started_at)",
        re.IGNORECASE,
    )
    files = [path for folder in ("models", "macros", "tests") for path in (DBT_PROJECT_DIR / folder).rglob("*.sql")]
    assert len(files) > 100
    assert [path.name for path in files if asked.search(path.read_text(encoding="utf-8"))] == []
