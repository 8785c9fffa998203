"""Every dialect macro gives the value of `dialect_cases.yml`, on both engines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from .dialect import CASES_FILE
from .environment import SPARK_PYTHON, require_spark, run

CASES = yaml.safe_load(CASES_FILE.read_text())


def expected() -> list[tuple[str, list[str | None]]]:
    return [(case["name"], case["rows"] if "rows" in case else [case["value"]]) for case in CASES]


def answers(python: Path | str, engine: str, folder: Path) -> list[tuple[str, list[str | None]]]:
    run(python, "tests.spark.dialect", engine, str(folder), str(folder / "answers.json"), work=folder)
    found: dict[int, list[str | None]] = {}
    for number, answer in json.loads((folder / "answers.json").read_text()):
        found.setdefault(number, []).append(answer)
    # a query's rows have no order
    return [
        (case["name"], sorted(found[number]) if "rows" in case else found[number]) for number, case in enumerate(CASES)
    ]


@pytest.mark.slow
def test_macros_on_duckdb(tmp_path: Path):
    assert answers(sys.executable, "duckdb", tmp_path) == expected()


@pytest.mark.spark
def test_macros_on_spark(tmp_path: Path):
    require_spark()
    assert answers(SPARK_PYTHON, "spark", tmp_path) == expected()
