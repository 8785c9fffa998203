"""What dbt did in its last invocation: its tests as check definitions and results, read from `manifest.json` and `run_results.json`.

Data tests have dbt severity `warn`, so that all of them run and people see everything that is wrong at once; the severity that
counts is `meta.gate`. dbt itself calls a test over an empty table passed, and a skipped test is not red anywhere: here both are
named for what they are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.settings import Settings
from orchestration.gate.definitions import Definition, hash_of
from orchestration.gate.rerun import Rerun

RELATION = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
TESTED_CONFIG = ("enabled", "error_if", "fail_calc", "limit", "severity", "warn_if", "where")
UNWAIVABLE_TAGS = frozenset({"conservation", "privacy"})
BUILT_TYPES = frozenset({"model", "seed", "snapshot", "test", "unit_test"})
# Feeds that describe rather than count: a table fed by an undelivered activity feed is empty even when these are delivered.
REFERENCE_FEEDS = frozenset(
    {
        "gp_coverage",
        "gp_registrations",
        "gp_registrations_lsoa",
        "int_membership",
        "int_programme",
        "lsoa_deprivation",
        "ods_practices",
        "ods_succession",
        "opt_outs",
        "pcn_membership",
        "person_cohorts",
    }
)


class DbtEvidence:
    """The manifest and the results of one dbt invocation."""

    def __init__(
        self, manifest: dict[str, Any], run_results: dict[str, Any] | None, run_results_sha256: str = ""
    ) -> None:
        self.manifest = manifest
        self.run_results = run_results or {}
        self.run_results_sha256 = run_results_sha256

    @property
    def invocation_id(self) -> str:
        return str(self.run_results.get("metadata", {}).get("invocation_id", ""))

    @cached_property
    def results(self) -> dict[str, dict[str, Any]]:
        return {result["unique_id"]: result for result in self.run_results.get("results", [])}

    @cached_property
    def tests(self) -> dict[str, dict[str, Any]]:
        """Data tests by check id."""
        nodes = [node for node in self.manifest.get("nodes", {}).values() if node["resource_type"] == "test"]
        names = [node["name"] for node in nodes]
        return {
            f"dbt.{node['name']}"
            if names.count(node["name"]) == 1
            else f"dbt.{node['name']}.{node['unique_id'].rsplit('.', 1)[-1]}": node
            for node in nodes
        }

    def definitions(self) -> dict[str, Definition]:
        return {check_id: self._definition(check_id, node) for check_id, node in self.tests.items()}

    def _definition(self, check_id: str, node: dict[str, Any]) -> Definition:
        meta = _meta(node)
        tags = set(node.get("tags") or []) | set((node.get("config") or {}).get("tags") or [])
        config = {key: (node.get("config") or {}).get(key) for key in TESTED_CONFIG}
        body = {
            "sql": node.get("raw_code", ""),
            "test": node.get("test_metadata"),
            "column": node.get("column_name"),
            "attached_to": node.get("attached_node"),
            "config": config,
            "meta": meta,
            "macros": self._macros(node),
        }
        return Definition(
            check_id=check_id,
            kind="dbt",
            relation=self.relation(node),
            severity=Severity.WARN if str(meta.get("gate", "block")).lower() == "warn" else Severity.BLOCK,
            definition=hash_of(body),
            compiled=hash_of(self.compiled_sql(node)) if self.compiled_sql(node) else "",
            is_waivable=not tags & UNWAIVABLE_TAGS and not any(word in node["name"] for word in ("conserv", "privacy")),
            owner=str(meta.get("owner") or "ICB intelligence team"),
            reason=str(meta.get("reason") or node.get("description") or ""),
            what_to_do=str(
                meta.get("what_to_do")
                or "read the test's description, find the rows it returns, and correct their source"
            ),
        )

    def compiled_sql(self, node: dict[str, Any]) -> str:
        """What dbt ran for a test (after `dbt compile` alone: what it would run); empty when it did not."""
        run = self.results.get(node["unique_id"], {})
        return str(run.get("compiled_code") or node.get("compiled_code") or "").strip()

    def _macros(self, node: dict[str, Any]) -> dict[str, str]:
        """The SQL of the project's own macros that this test stands on, however deep."""
        macros, project = self.manifest.get("macros", {}), self.manifest.get("metadata", {}).get("project_name")
        found: dict[str, str] = {}
        waiting = list((node.get("depends_on") or {}).get("macros") or [])
        while waiting:
            name = waiting.pop()
            macro = macros.get(name)
            if name in found or macro is None or macro.get("package_name") != project:
                continue
            found[name] = macro.get("macro_sql", "")
            waiting += (macro.get("depends_on") or {}).get("macros") or []
        return found

    def relation(self, node: dict[str, Any]) -> str:
        """The table a test examines: what its meta says, else the node it is attached to, else the first it reads."""
        stated = _meta(node).get("relation")
        if stated:
            return str(stated)
        candidates = [node.get("attached_node"), *((node.get("depends_on") or {}).get("nodes") or [])]
        for unique_id in candidates:
            parent = self.manifest.get("nodes", {}).get(unique_id) or self.manifest.get("sources", {}).get(unique_id)
            if parent:
                return f"{parent['schema']}.{parent.get('alias') or parent.get('identifier') or parent['name']}"
        return ""

    def feeds_behind(self, relation: str) -> frozenset[str]:
        """The feeds (sources of schema `live`) a relation is made from, through every model between."""
        nodes, sources = self.manifest.get("nodes", {}), self.manifest.get("sources", {})
        waiting = [
            unique_id
            for unique_id, node in {**nodes, **sources}.items()
            if node["resource_type"] in ("model", "seed", "snapshot", "source")
            and f"{node['schema']}.{node.get('alias') or node.get('identifier') or node['name']}" == relation
        ]
        seen: set[str] = set()
        feeds: set[str] = set()
        while waiting:
            unique_id = waiting.pop()
            if unique_id in seen:
                continue
            seen.add(unique_id)
            if unique_id in sources and sources[unique_id]["schema"] == "live":
                feeds.add(sources[unique_id].get("identifier") or sources[unique_id]["name"])
            waiting += ((nodes.get(unique_id) or {}).get("depends_on") or {}).get("nodes") or []
        return frozenset(feeds)

    def unbuilt(self) -> dict[str, str]:
        """Enabled nodes that this invocation did not build: unique id -> status (`missing` when it was never part of it)."""
        wanted = {
            key
            for key, node in self.manifest.get("nodes", {}).items()
            if node["resource_type"] in BUILT_TYPES - {"test"}
        }
        wanted = {key for key in wanted if self._is_materialised(key)}
        statuses = {key: self.results[key]["status"] if key in self.results else "missing" for key in wanted}
        return {key: status for key, status in sorted(statuses.items()) if status not in ("success", "pass")}

    def _is_materialised(self, unique_id: str) -> bool:
        return (self.manifest["nodes"][unique_id].get("config") or {}).get("materialized") != "ephemeral"

    def check_results(
        self,
        delivered: frozenset[str],
        count_rows: Callable[[str, str], int | None],
        rerun: Rerun | None = None,
        only_failed: bool = False,
    ) -> list[CheckResult]:
        """One result per data test. `count_rows(relation, where)` counts what a test examined; `rerun` runs it again (`only_failed`:
        for the exact number of violations alone), and what does not come out as dbt said is an error."""
        definitions = self.definitions()
        return [
            self._check_result(definitions[check_id], node, delivered, count_rows, rerun, only_failed)
            for check_id, node in sorted(self.tests.items())
        ]

    def _check_result(
        self,
        definition: Definition,
        node: dict[str, Any],
        delivered: frozenset[str],
        count_rows: Callable[[str, str], int | None],
        rerun: Rerun | None,
        only_failed: bool,
    ) -> CheckResult:
        check = _meta(node)
        run = self.results.get(node["unique_id"])
        if run is None:
            return definition.result(State.ERROR, "did not run in the last dbt invocation, so it has not passed")
        status = run["status"]
        if status == "skipped":
            return definition.result(
                State.ERROR, "was skipped by dbt, so it has not passed: something above it failed to build"
            )
        if status not in ("pass", "warn", "fail"):
            return definition.result(State.ERROR, "could not be evaluated: dbt reports an error in the test itself")
        reported = violations = int(run.get("failures") or 0)
        if not RELATION.fullmatch(definition.relation):
            return definition.result(
                State.ERROR, "does not say which relation it examines (meta.relation)", violations=violations
            )
        rows = count_rows(definition.relation, str(check.get("where") or ""))
        if rows is None:
            return definition.result(State.ERROR, f"{definition.relation} does not exist", violations=violations)
        sql = self.compiled_sql(node)
        if rerun and not only_failed:
            found = rerun.failures(sql) if sql else None
            if found != reported:
                now = "it cannot be run" if found is None else f"it finds {found:,}"
                return definition.result(
                    State.ERROR,
                    f"dbt reported {reported:,} failures; run again on the warehouse as it stands {now}: the warehouse or dbt's "
                    "results were changed since",
                    rows_examined=rows,
                    violations=max(reported, found or 0),
                )
        if violations or status != "pass":
            violations = rerun.violations(sql, violations) if rerun and sql else violations
            broken = "1 row breaks" if violations == 1 else f"{violations:,} rows break"
            message = f"{broken} this rule; {rows:,} rows examined"
            return definition.result(State.FAIL, message, rows_examined=rows, violations=violations)
        if rows:
            return definition.result(State.PASS, f"{rows:,} rows examined, none breaks this rule", rows_examined=rows)
        feeds = frozenset(check.get("feeds") or self.feeds_behind(definition.relation))
        try:
            excuse = Excuse.model_validate(check.get("may_be_empty") or {})
        except ValidationError:
            return definition.result(State.ERROR, "its meta.may_be_empty cannot be read: a reason, and needs")
        return empty_result(definition, feeds, delivered, excuse.holds(count_rows))


class Need(BaseModel):
    """What a table is made from: so many `rows` of a relation, at least, or the table may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relation: str = Field(pattern=RELATION.pattern)
    where: str = ""
    rows: int = 1


class Excuse(BaseModel):
    """Why a table may be empty: `reason`, while one of `needs` is not there (without `needs`: whenever it is empty, because no row is
    what one hopes for)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = ""
    needs: tuple[Need, ...] = ()

    def holds(self, count_rows: Callable[[str, str], int | None]) -> str:
        """The reason, as long as it holds; else nothing. A need that cannot be counted excuses nothing."""
        found = [(count_rows(need.relation, need.where), need.rows) for need in self.needs]
        is_short = any(rows is not None and rows < wanted for rows, wanted in found)
        return self.reason if is_short or not self.needs else ""


def empty_result(
    definition: Definition, feeds: frozenset[str], delivered: frozenset[str], excuse: str = ""
) -> CheckResult:
    """A check that found no rows: not applicable when what it stands on was not delivered or may be empty for a stated reason."""
    deciding = (feeds - REFERENCE_FEEDS) or feeds
    if deciding and not deciding & delivered:
        return definition.result(State.NOT_APPLICABLE, f"not delivered: {', '.join(sorted(deciding))}")
    if excuse:
        return definition.result(State.NOT_APPLICABLE, f"no rows, which may be: {excuse}")
    return definition.result(
        State.ERROR, f"{definition.relation} holds no rows though it should, so nothing was examined"
    )


def target_folder(settings: Settings) -> Path:
    nested = settings.paths.dbt / "target"
    return nested if (nested / "manifest.json").exists() else settings.paths.dbt


def load_manifest(file: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise GateShut(
            "dbt's manifest.json is absent or unreadable: run `int-marts refresh` again", ["receipt.dbt_build"]
        ) from None
    return manifest


def load_evidence(settings: Settings) -> DbtEvidence:
    """Raises `GateShut` when dbt left no readable manifest or results: then nothing was checked."""
    folder = target_folder(settings)
    manifest = load_manifest(folder / "manifest.json")
    try:
        content = (folder / "run_results.json").read_bytes()
        run_results = json.loads(content)
    except (OSError, ValueError):
        raise GateShut(
            "dbt's run_results.json is absent or unreadable, so no check has passed: run `int-marts refresh` again",
            ["receipt.dbt_build"],
        ) from None
    return DbtEvidence(manifest, run_results, hashlib.sha256(content).hexdigest())


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    """What the test says of itself: `gate`, `owner`, `relation`, `where`, `feeds`, `may_be_empty`, `what_to_do` (also under `check`)."""
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    return {**meta, **(meta.get("check") or {})}
