"""Great Expectations suites, run on small frames that DuckDB makes: never on rows about people, and never keeping a value.

A suite is a JSON file: `features` say what the frame holds, `expectations` what must be true of it. For a feed, a feature is a share
of rows (`codes` of a column, or its `nulls`) in each provider × coverage month, with the bounds that its number of rows allows
(`<feature>_pct_low`, `<feature>_pct_high`), so that a rule on a share speaks only where numbers are large enough. For a mart, a
feature is an aggregate in SQL over each month. Great Expectations swallows exceptions and calls them failures; here they are errors.
"""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import DeliveryRefused, GateShut
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import definitions as definitions_module
from orchestration.gate.dbt_evidence import DbtEvidence, empty_result
from orchestration.gate.definitions import Definition, hash_of
from orchestration.gate.feed_frames import FeedFrames, landed_frames, landed_marks

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.landing.deliveries import Delivery

# feed -> what its suite was evaluated on, and what was found
_last: dict[str, tuple[str, list[CheckResult]]] = {}
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "sum_total_column")


class ExpectationMeta(BaseModel):
    """Why an expectation is there, who answers for it and what to do when it breaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str = Field(pattern=r"^[a-z0-9_]+$")
    severity: Severity
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)
    what_to_do: str = Field(min_length=1)
    frame: Literal["cells", "feed"] = "cells"


class Expectation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    kwargs: dict[str, Any]
    meta: ExpectationMeta

    @property
    def columns(self) -> list[str]:
        return [self.kwargs[name] for name in COLUMN_ARGUMENTS if name in self.kwargs] + list(
            self.kwargs.get("column_list", [])
        )


class Share(BaseModel):
    """A share of a feed's rows: those with one of `codes` in `column`, or those with nothing in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    codes: tuple[str, ...] = ()
    nulls: bool = False


class Counted(BaseModel):
    """One number about the whole feed: `sql` is a query over `landed`, the rows as they came. A column of frame `feed`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sql: str


class Suite(BaseModel):
    """One JSON file. Feeds: `features` are shares or counts. Marts: `features` are SQL aggregates, one frame row per `group_by`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    features: dict[str, Share | Counted | str] = {}
    group_by: tuple[str, ...] = ()
    where: str = ""
    may_be_empty: str = ""
    expectations: tuple[Expectation, ...]

    def frames_used(self) -> list[str]:
        return sorted({expectation.meta.frame for expectation in self.expectations})


def load_suites(kind: Literal["feeds", "marts"]) -> dict[str, Suite]:
    """Raises `GateShut` naming the file that cannot be read: an unreadable suite is never no suite."""
    found = {}
    for path in sorted((definitions_module.EXPECTATIONS / kind).glob("*.json")):
        try:
            suite = Suite.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError) as error:
            detail = (
                f", {'.'.join(str(p) for p in error.errors()[0]['loc'])}" if isinstance(error, ValidationError) else ""
            )
            raise GateShut(
                f"expectations/{kind}/{path.name} cannot be read as a suite{detail}: restore or correct it",
                ["registry.complete"],
            ) from None
        names = [expectation.meta.check for expectation in suite.expectations]
        if suite.name != path.stem or len(set(names)) != len(names) or not names:
            raise GateShut(
                f"expectations/{kind}/{path.name}: its name must be {path.stem} and each check in it named once",
                ["registry.complete"],
            )
        found[suite.name] = suite
    return found


def definitions() -> dict[str, Definition]:
    found = {}
    for kind, prefix, schema in (("feeds", "accept", "lake"), ("marts", "mart", "marts")):
        for suite in load_suites(kind).values():  # type: ignore[arg-type]
            for expectation in suite.expectations:
                definition = _definition(suite, expectation, prefix, schema)
                found[definition.check_id] = definition
    return found


def _definition(suite: Suite, expectation: Expectation, prefix: str, schema: str) -> Definition:
    meta = expectation.meta
    about_frame = suite.model_dump(mode="json", exclude={"expectations", "about", "features"})
    features = {name: suite.model_dump(mode="json")["features"][name] for name in _features_of(suite, expectation)}
    return Definition(
        check_id=f"{prefix}.{suite.name}.{meta.check}",
        kind="acceptance" if prefix == "accept" else "mart",
        relation=f"{schema}.{suite.name}",
        severity=meta.severity,
        definition=hash_of([about_frame, features, expectation.model_dump(mode="json")]),
        owner=meta.owner,
        reason=meta.reason,
        what_to_do=meta.what_to_do,
    )


def _features_of(suite: Suite, expectation: Expectation) -> list[str]:
    return sorted(
        name
        for name in suite.features
        if any(column == name or column.startswith(f"{name}_pct") for column in expectation.columns)
    )


def accept(settings: Settings, delivery: Delivery) -> list[CheckResult]:
    """The suites of the feeds on what this delivery has just landed. Raises `GateShut` when a suite cannot be read."""
    return examine_feeds(settings, delivery)


def require_acceptance(settings: Settings, delivery: Delivery, results: list[CheckResult]) -> None:
    """Raises `DeliveryRefused` (a suite's own fault: `GateShut`) unless every blocking expectation holds or is waived."""
    from orchestration.gate.alerts import raise_alert
    from orchestration.gate.page import Refusal, write_quality_page
    from orchestration.gate.waivers import load_waivers

    waivers = load_waivers(settings.paths.waivers_file)
    held = [
        result
        for result in results
        if (result.state is State.ERROR or (result.state is State.FAIL and result.severity is Severity.BLOCK))
        and not any(waiver.covers(result.check_id, delivery.name, delivery.data_cut) for waiver in waivers)
    ]
    if not held:
        return
    summary = f"delivery {delivery.name} is refused: {len(held)} acceptance checks have not passed"
    lines = [f"{result.check_id}: {result.message}. What to do: {result.what_to_do}" for result in held]
    write_quality_page(settings.paths.logs / "refused" / delivery.name, Refusal(delivery.name, results, summary))
    raise_alert(settings, "delivery_refused", delivery.name, "\n".join([summary, *lines[:10]]))
    raise DeliveryRefused(
        "\n".join([summary, *lines[:10]]),
        [result.model_dump(mode="json") for result in held],
    )


def examine_feeds(settings: Settings, delivery: Delivery) -> list[CheckResult]:
    """The same answer for as long as not one byte of what was landed, nor the suite, has changed: acceptance has paid for it once when
    the gate examines the build in the same run, and a later `publish` on its own works all of it out again."""
    results = []
    for suite in load_suites("feeds").values():
        if suite.name not in delivery.files:
            results += feed_results(suite, None)
            continue
        read_from = hash_of([suite.model_dump(mode="json"), landed_marks(settings, delivery, suite.name)])
        if _last.get(suite.name, ("", []))[0] != read_from:
            frames = landed_frames(settings, delivery, suite.name, suite.features)  # type: ignore[arg-type]
            _last[suite.name] = (read_from, feed_results(suite, frames))
        results += _last[suite.name][1]
    return results


def feed_results(suite: Suite, frames: FeedFrames | None) -> list[CheckResult]:
    checks = {e.meta.check: _definition(suite, e, "accept", "lake") for e in suite.expectations}
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


def examine_marts(warehouse: Warehouse, evidence: DbtEvidence, delivered: frozenset[str]) -> list[CheckResult]:
    """The suites of the marts on one aggregate frame per mart."""
    results = []
    present = set(warehouse.tables())
    for suite in load_suites("marts").values():
        relation = f"marts.{suite.name}"
        checks = {e.meta.check: _definition(suite, e, "mart", "marts") for e in suite.expectations}
        if relation not in present:
            results += [d.result(State.ERROR, f"{relation} is not in the warehouse") for d in checks.values()]
            continue
        rows = warehouse.row_count(f"{relation} where {suite.where}" if suite.where else relation)
        if rows == 0:
            feeds = evidence.feeds_behind(relation)
            results += [empty_result(d, feeds, delivered, suite.may_be_empty) for d in checks.values()]
            continue
        unit = f"groups by {', '.join(suite.group_by)}" if suite.group_by else "table"
        results += run_expectations(mart_frame(warehouse, suite), list(suite.expectations), checks, unit, relation)
    return results


def mart_frame(warehouse: Warehouse, suite: Suite) -> pd.DataFrame:
    """One row per group; a feature that cannot be computed (a missing column) is left out, so that its expectation is an error."""
    import duckdb

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
    import duckdb

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
