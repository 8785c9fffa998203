"""Each required check of the registry on the evidence of a real build: without rows it has not passed, and without it the gate is shut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from orchestration.build.dbt_runtime import read_manifest
from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import definitions, drift, read_receipt, suites
from orchestration.gate.dbt_tests import DbtTests
from orchestration.gate.feed_frames import FeedFrames
from orchestration.gate.gate import complete, registry_result
from orchestration.gate.runner import declared, open_build
from orchestration.gate.suite_files import load_suites
from orchestration.releases.waivers import holds_shut

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(published_home: Path) -> Settings:
    return Settings(home=published_home)


@pytest.fixture(scope="module")
def found(settings: Settings) -> tuple[CheckResult, ...]:
    return read_receipt(settings).results


@contextmanager
def emptied(settings: Settings) -> Iterator[tuple[Warehouse, frozenset[str]]]:
    """The build, with every table counted as empty."""

    class Empty(Warehouse):
        def row_count(self, relation: str) -> int:
            super().row_count(relation)
            return 0

    with open_build(settings) as warehouse:
        delivered = frozenset(
            feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
        )
        yield Empty(warehouse.connection), delivered


class Counts:
    """A counter that knows the answers: no test finds anything, and every table holds `rows`, but those named."""

    def __init__(self, rows: int, empty: str = "") -> None:
        self.rows, self.empty = rows, empty

    def count(self, relation: str, where: str = "") -> int:
        return 0 if relation == self.empty else self.rows


def gate_tests(settings: Settings) -> DbtTests:
    return DbtTests(read_manifest(settings))


def test_every_registered_check_reports_on_a_real_build(found: tuple[CheckResult, ...]) -> None:
    registered = {line.id for line in definitions.load_registry().checks}
    assert registered == {result.check_id for result in found}
    assert all(result.rows_examined for result in found if result.state is State.PASS)


def test_no_check_passes_on_no_rows(settings: Settings) -> None:
    """No test finds anything wrong here: what counts is that the table each of them examined holds nothing."""
    tests = gate_tests(settings)
    with emptied(settings) as (warehouse, delivered):
        results = [
            tests.result(definition, tests.tests[check_id], 0, delivered, Counts(0))
            for check_id, definition in tests.definitions().items()
        ]
        results += suites.examine_marts(warehouse, tests, delivered)
        drift.prepare(warehouse, settings)
        for check in drift.checks():
            nothing = check.model_copy(update={"sql": f"select * from ({check.sql}) where false"})
            results.append(drift.result(warehouse, nothing, delivered))
    nothing_landed = FeedFrames(0, pd.DataFrame(), pd.DataFrame())
    for suite in load_suites("feeds").values():
        results += suites.feed_results(suite, nothing_landed)
    registered = {line.id for line in definitions.load_registry().checks if not line.id.startswith("delivery.")}
    assert {result.check_id for result in results} == registered
    assert [result.check_id for result in results if result.state in (State.PASS, State.WARN)] == []
    # and an excuse says what it is
    assert all(result.message for result in results if result.state is State.NOT_APPLICABLE)


# empty is what one hopes for, and nothing that was delivered says that it cannot be
MAY_ALWAYS_BE_EMPTY = {
    "dbt.grain__ae_duplicates",
    "dbt.grain__missed_group_months",
    "dbt.grain__reported_withheld",
    "dbt.grain__unpaid_practices",
}


def test_an_empty_table_is_excused_only_while_what_it_needs_is_missing(settings: Settings) -> None:
    """Everything was delivered, everything a table needs is there, and the table is empty: an error for each test in turn."""
    tests, excused = gate_tests(settings), set()
    for check_id, definition in tests.definitions().items():
        counts = Counts(10**9, empty=definition.relation)
        result = tests.result(definition, tests.tests[check_id], 0, frozenset(load_contracts()), counts)
        assert result.state in (State.ERROR, State.NOT_APPLICABLE), result.check_id
        excused |= {result.check_id} if result.state is State.NOT_APPLICABLE else set()
    assert excused == MAY_ALWAYS_BE_EMPTY


def test_a_check_that_goes_shuts_the_gate(settings: Settings, found: tuple[CheckResult, ...]) -> None:
    """Each in turn: from the manifest (dbt), its suite or the rules; silent ones too, whose result alone is missing."""
    registry, evidence = definitions.load_registry(), gate_tests(settings)
    all_there = declared(evidence)
    assert not holds_shut(registry_result(registry, all_there))
    for line in registry.checks:
        left = {check_id: definition for check_id, definition in all_there.items() if check_id != line.id}
        reported = [result for result in found if result.check_id != line.id]
        shut_by = [
            r.check_id for r in [*complete(reported, registry, left), registry_result(registry, left)] if holds_shut(r)
        ]
        assert {line.id, "registry.complete"} <= set(shut_by), line.id
        assert line.id in [r.check_id for r in complete(reported, registry, all_there) if holds_shut(r)], line.id


def test_a_test_deleted_from_the_manifest_shuts_the_gate(settings: Settings) -> None:
    registry, evidence = definitions.load_registry(), gate_tests(settings)
    tests = evidence.definitions()
    others = {check_id: d for check_id, d in declared(evidence).items() if check_id not in tests}
    for check_id, node in evidence.tests.items():
        nodes = {key: value for key, value in evidence.manifest["nodes"].items() if key != node["unique_id"]}
        less = DbtTests({**evidence.manifest, "nodes": nodes})
        assert check_id not in less.tests, check_id
        left = {**others, **{name: tests[name] for name in less.tests if name in tests}}
        assert holds_shut(registry_result(registry, left)), check_id


def test_a_test_without_its_sql_has_not_passed(settings: Settings) -> None:
    tests = gate_tests(settings)
    for node in tests.tests.values():
        node["compiled_code"] = ""
    with open_build(settings) as warehouse:
        found = tests.results(warehouse, frozenset(load_contracts()))
    assert {result.state for result in found} == {State.ERROR}
