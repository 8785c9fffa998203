"""Faults in the code: one small change of a rule each, with the tests of `make test` that are expected to see it."""

from __future__ import annotations

from dataclasses import dataclass

STAGING, INTERMEDIATE = "dbt_project/models/staging/", "dbt_project/models/intermediate/"
INDICATORS, MACROS = "dbt_project/models/indicators/", "dbt_project/macros/"


@dataclass(frozen=True)
class CodeFault:
    """`text` stands exactly once in `file`; `tests` are pytest node ids, as few as would see it."""

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]


def worked(*names: str) -> tuple[str, ...]:
    """Worked cases beside the models (dbt's unit tests)."""
    return tuple(f"tests/rules/test_dbt_unit_tests.py::test_worked_case[{name}]" for name in names)


def rules(*names: str) -> tuple[str, ...]:
    """Random histories against plain Python."""
    return tuple(f"tests/rules/test_rules_agree.py::test_{name}" for name in names)


def tests(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}::test_{name}" for name in names)
