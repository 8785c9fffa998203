"""Great Expectations on small frames that DuckDB makes: never on rows about people, and never keeping a value.

The library swallows exceptions and calls them failures; here they are errors.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate.dbt_tests import DbtTests, empty_result
from orchestration.gate.definitions import Definition
from orchestration.gate.feed_frames import FeedFrames, frames_of
from orchestration.gate.suite_files import Expectation, Suite, definition_of, load_suites
from orchestration.lake.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd


def examine_feed(settings: Settings, suite: Suite, versions: list[Manifest]) -> list[CheckResult]:
    """The suite of a feed on what these versions of it landed, all in one frame; not delivered where there is none."""
    return feed_results(suite, frames_of(settings, versions, suite.features) if versions else None)


def feed_results(suite: Suite, frames: FeedFrames | None) -> list[CheckResult]:
    checks = {e.meta.check: definition_of(suite, e, "accept", "lake") for e in suite.expectations}
    if frames is None:
        return [d.result(State.NOT_APPLICABLE, "not delivered", subject=suite.name) for d in checks.values()]
    if frames.rows == 0:
        return [
            d.result(State.ERROR, "delivered, but no row was loaded, so nothing was examined", subject=suite.name)
            for d in checks.values()
        ]
    results = []
    for frame in suite.frames_used():
        chosen = [expectation for expectation in suite.expectations if expectation.meta.frame == frame]
        unit = "provider × month cells" if frame == "cells" else "feed"
        results += run_expectations(frames.frame(frame), chosen, checks, unit, suite.name)
    return results


def examine_marts(warehouse: Warehouse, tests: DbtTests, delivered: frozenset[str]) -> list[CheckResult]:
    """The suites of the marts on one aggregate frame per mart."""
    results = []
    present = set(warehouse.tables())
    for suite in load_suites("marts").values():
        relation = f"marts.{suite.name}"
        checks = {e.meta.check: definition_of(suite, e, "mart", "marts") for e in suite.expectations}
        if relation not in present:
            results += [d.result(State.ERROR, f"{relation} is not in the warehouse") for d in checks.values()]
            continue
        rows = warehouse.row_count(f"{relation} where {suite.where}" if suite.where else relation)
        if rows == 0:
            feeds = tests.feeds_behind(relation)
            results += [empty_result(d, feeds, delivered, suite.may_be_empty) for d in checks.values()]
            continue
        unit = f"groups by {', '.join(suite.group_by)}" if suite.group_by else "table"
        results += run_expectations(mart_frame(warehouse, suite), list(suite.expectations), checks, unit, relation)
    return results


def mart_frame(warehouse: Warehouse, suite: Suite) -> pd.DataFrame:
    """One row per group; a feature that cannot be computed (a missing column) is left out, so that its expectation is an error."""

    def select(features: dict[str, str]) -> str:
        columns = [*suite.group_by, "count(*) as rows", *(f"{sql} as {name}" for name, sql in features.items())]
        grouped = (
            f" group by {', '.join(suite.group_by)} order by {', '.join(suite.group_by)}" if suite.group_by else ""
        )
        where = f" where {suite.where}" if suite.where else ""
        return f"select {', '.join(columns)} from marts.{suite.name} as mart{where}{grouped}"

    features = {name: str(sql) for name, sql in suite.features.items()}
    try:
        return warehouse.query_df(select(features))
    except duckdb.BinderException:
        return warehouse.query_df(
            select({name: sql for name, sql in features.items() if _computes(warehouse, suite, name, sql, select)})
        )


def _computes(warehouse: Warehouse, suite: Suite, name: str, sql: str, select: Any) -> bool:
    try:
        warehouse.connection.execute("explain " + select({name: sql}))
    except duckdb.BinderException:
        return False
    return True


def run_expectations(
    frame: pd.DataFrame, expectations: list[Expectation], checks: dict[str, Definition], unit: str, subject: str
) -> list[CheckResult]:
    """One validation run for the whole frame; counts only come back."""
    missing = {e.meta.check: [column for column in e.columns if column not in frame.columns] for e in expectations}
    results = [
        checks[name].result(
            State.ERROR, f"the suite names {', '.join(columns)}, which is not in {subject}", subject=subject
        )
        for name, columns in missing.items()
        if columns
    ]
    runnable = [e for e in expectations if not missing[e.meta.check]]
    outcomes = _validate(frame, runnable)
    for expectation in runnable:
        outcome = outcomes.get(expectation.meta.check)
        results.append(_result(checks[expectation.meta.check], outcome, len(frame), unit, subject))
    return results


def _result(definition: Definition, outcome: Any, frame_rows: int, unit: str, subject: str) -> CheckResult:
    if outcome is None:
        return definition.result(
            State.ERROR, "Great Expectations does not understand it, so it was not evaluated", subject=subject
        )
    if _raised(outcome.exception_info):
        return definition.result(
            State.ERROR, "an exception inside the expectation: it was not evaluated", subject=subject
        )
    counts = outcome.result or {}
    examined = int(counts.get("element_count", frame_rows)) - int(counts.get("missing_count") or 0)
    violations = int(counts.get("unexpected_count", 0 if outcome.success else 1) or 0)
    if examined == 0:
        return definition.result(
            State.ERROR, "every value it should examine is missing, so nothing was examined", subject=subject
        )
    if outcome.success:
        return definition.result(
            State.PASS, f"{examined:,} {unit} examined, all as expected", rows_examined=examined, subject=subject
        )
    violations = max(violations, 1)
    message = f"{definition.reason}: broken in {violations:,} of {examined:,} {unit}"
    return definition.result(State.FAIL, message, rows_examined=examined, violations=violations, subject=subject)


def _raised(exception_info: Any) -> bool:
    if not isinstance(exception_info, dict):
        return False
    return bool(exception_info.get("raised_exception")) or any(
        isinstance(info, dict) and info.get("raised_exception") for info in exception_info.values()
    )


def _validate(frame: pd.DataFrame, expectations: list[Expectation]) -> dict[str, Any]:
    if not expectations:
        return {}
    understood = [made for expectation in expectations for made in _understood(expectation)]
    suite = import_great_expectations().ExpectationSuite(name="suite", expectations=understood)
    found = (
        _any_frame()
        .get_batch({"dataframe": frame})
        .validate(suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0})
    )
    return {outcome.expectation_config.meta["check"]: outcome for outcome in found.results}


def _understood(expectation: Expectation) -> list[Any]:
    """The library's own object; none for an unknown type or impossible arguments: its check is an error and the others still run."""
    said = {"type": expectation.type, "kwargs": expectation.kwargs, "meta": {"check": expectation.meta.check}}
    try:
        return import_great_expectations().ExpectationSuite(name="one", expectations=[said]).expectations
    except Exception:  # the library raises whatever its own validation raises
        return []


@cache
def _any_frame() -> Any:
    """One ephemeral context for the process, without progress bars, and in it one batch definition for whatever frame comes: each
    thing that is added to a context is another writing of all its settings as YAML."""
    context = import_great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


@cache
def import_great_expectations() -> Any:
    """Imported once and late: it costs seconds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    for name in [name for name in logging.root.manager.loggerDict if name.startswith("great_expectations")]:
        logging.getLogger(name).setLevel(logging.ERROR)
    return great_expectations
