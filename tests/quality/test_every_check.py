"""Each required check of the registry on the evidence of a real build: without rows it has not passed, and without it the gate is shut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from orchestration.gate.dbt_evidence import DbtEvidence, load_evidence
from orchestration.gate.evaluate import RowCounter, declared, evaluate, open_build
from orchestration.gate.rerun import Rerun

from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import definitions, drift, suites
from orchestration.gate.feed_frames import FeedFrames
from orchestration.gate.gate import complete, holds_shut, registry_result
from orchestration.landing.deliveries import find_delivery

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(published_home: Path) -> Settings:
    return Settings(home=published_home)


@pytest.fixture(scope="module")
def found(settings: Settings) -> tuple[CheckResult, ...]:
    return evaluate(settings, find_delivery(settings.paths)).results


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


def green(settings: Settings) -> DbtEvidence:
    """What dbt left of the build, with every test passed: a warning of the demo would hide what is asked here."""
    evidence = load_evidence(settings)
    tests = {node["unique_id"] for node in evidence.tests.values()}
    results = [
        {**result, "status": "pass", "failures": 0} if result["unique_id"] in tests else result
        for result in evidence.run_results["results"]
    ]
    return DbtEvidence(evidence.manifest, {**evidence.run_results, "results": results})


def test_every_registered_check_reports_on_a_real_build(found: tuple[CheckResult, ...]) -> None:
    registered = {line.id for line in definitions.load_registry().checks}
    assert registered == {result.check_id for result in found}
    assert all(result.rows_examined for result in found if result.state is State.PASS)


def test_no_check_passes_on_no_rows(settings: Settings) -> None:
    """dbt's own results stay green here: what counts is that the table each of them examined holds nothing."""
    evidence = green(settings)
    with emptied(settings) as (warehouse, delivered):
        results = evidence.check_results(delivered, lambda relation, where: 0)
        results += suites.examine_marts(warehouse, evidence, delivered)
        drift.prepare(warehouse, settings)
        for check in drift.checks():
            nothing = check.model_copy(update={"sql": f"select * from ({check.sql}) where false"})
            results.append(drift.result(warehouse, nothing, delivered))
    nothing_landed = FeedFrames(0, pd.DataFrame(), pd.DataFrame())
    for suite in suites.load_suites("feeds").values():
        results += suites.feed_results(suite, nothing_landed)
    assert {result.check_id for result in results} == {line.id for line in definitions.load_registry().checks}
    assert [result.check_id for result in results if result.state in (State.PASS, State.WARN)] == []
    # and an excuse says what it is
    assert all(result.message for result in results if result.state is State.NOT_APPLICABLE)


# empty is what one hopes for, and nothing that was delivered says that it cannot be
MAY_ALWAYS_BE_EMPTY = {"dbt.grain__ae_duplicates"}


def test_an_empty_table_is_excused_only_while_what_it_needs_is_missing(settings: Settings) -> None:
    """Everything was delivered, everything a table needs is there, and the table is empty: an error for each test in turn."""
    evidence = green(settings)
    everything = frozenset(load_contracts())
    others = {key: node for key, node in evidence.manifest["nodes"].items() if node["resource_type"] != "test"}
    excused = set()
    for node in evidence.tests.values():
        one = DbtEvidence({**evidence.manifest, "nodes": {**others, node["unique_id"]: node}}, evidence.run_results)
        (definition,) = one.definitions().values()
        (result,) = one.check_results(
            everything, lambda relation, where, empty=definition.relation: 0 if relation == empty else 10**9
        )
        assert result.state in (State.ERROR, State.NOT_APPLICABLE), result.check_id
        excused |= {result.check_id} if result.state is State.NOT_APPLICABLE else set()
    assert excused == MAY_ALWAYS_BE_EMPTY


def test_a_check_that_goes_shuts_the_gate(settings: Settings, found: tuple[CheckResult, ...]) -> None:
    """Each in turn: from the manifest (dbt), its suite or the rules; silent ones too, whose result alone is missing."""
    registry, evidence = definitions.load_registry(), load_evidence(settings)
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
    registry, evidence = definitions.load_registry(), load_evidence(settings)
    tests = evidence.definitions()
    others = {check_id: d for check_id, d in declared(evidence).items() if check_id not in tests}
    for check_id, node in evidence.tests.items():
        nodes = {key: value for key, value in evidence.manifest["nodes"].items() if key != node["unique_id"]}
        less = DbtEvidence({**evidence.manifest, "nodes": nodes}, evidence.run_results)
        assert check_id not in less.tests, check_id
        left = {**others, **{name: tests[name] for name in less.tests if name in tests}}
        assert holds_shut(registry_result(registry, left)), check_id


def test_dbts_word_is_checked_for_every_test(settings: Settings) -> None:
    """Run again on the very build, each comes out as dbt said; a forged result, or one without its SQL, does not."""
    evidence = load_evidence(settings)
    forged = [{**result, "failures": 7} for result in evidence.run_results["results"]]
    silent = [{**result, "compiled_code": ""} for result in evidence.run_results["results"]]
    nodes = {key: {**node, "compiled_code": ""} for key, node in evidence.manifest["nodes"].items()}
    with open_build(settings) as warehouse:
        count, rerun = RowCounter(warehouse).count, Rerun(warehouse)
        honest = evidence.check_results(frozenset(load_contracts()), count, rerun)
        assert [result.check_id for result in honest if "run again" in result.message] == []
        for results in (forged, silent):
            less = DbtEvidence({**evidence.manifest, "nodes": nodes}, {**evidence.run_results, "results": results})
            found = less.check_results(frozenset(load_contracts()), count, rerun)
            assert {result.state for result in found} == {State.ERROR}
            assert all("run again on the warehouse" in result.message for result in found)


def test_a_test_that_did_not_run_has_not_passed(settings: Settings) -> None:
    evidence = load_evidence(settings)
    for status in ("skipped", "error", "runtime error"):
        statuses = [{**result, "status": status} for result in evidence.run_results["results"]]
        run = DbtEvidence(evidence.manifest, {**evidence.run_results, "results": statuses})
        assert all(result.state is State.ERROR for result in run.check_results(frozenset(), lambda relation, where: 1))
    silent = DbtEvidence(evidence.manifest, {**evidence.run_results, "results": []})
    assert all(result.state is State.ERROR for result in silent.check_results(frozenset(), lambda relation, where: 1))
