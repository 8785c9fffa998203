"""dbt's data tests: what each is, and what its compiled SQL finds on the sealed warehouse.

dbt only compiles them; the severity that counts is `meta.gate`. dbt would call a test over an empty table passed: here it is named for
what it is. `dbt test` by hand runs the same SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.machine import require_machine
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate.definitions import Definition

RELATION = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
TESTED_CONFIG = ("enabled", "error_if", "fail_calc", "limit", "severity", "warn_if", "where")
UNWAIVABLE_TAGS = frozenset({"conservation", "privacy"})
INPUT_SCHEMAS = ("live", "plan")
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


class DbtTests:
    """The data tests of a compiled project."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.manifest = manifest

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
            definition=hash_json(body),
            compiled=hash_json(compiled_sql(node)) if compiled_sql(node) else "",
            is_waivable=not tags & UNWAIVABLE_TAGS and not any(word in node["name"] for word in ("conserv", "privacy")),
            owner=str(meta.get("owner") or "ICB intelligence team"),
            reason=str(meta.get("reason") or node.get("description") or ""),
            what_to_do=str(
                meta.get("what_to_do")
                or "read the test's description, find the rows it returns, and correct their source"
            ),
        )

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

    def results(self, warehouse: Warehouse, delivered: frozenset[str]) -> list[CheckResult]:
        """One result per data test, from its compiled SQL on the warehouse; the tests of one relation in one pass."""
        counter, definitions = RowCounter(warehouse), self.definitions()
        by_relation: dict[str, list[str]] = {}
        for check_id, definition in sorted(definitions.items()):
            by_relation.setdefault(definition.relation, []).append(check_id)
        results = []
        for check_ids in by_relation.values():
            found = failures(warehouse, [compiled_sql(self.tests[check_id]) for check_id in check_ids])
            results += [
                self.result(definitions[check_id], self.tests[check_id], broken, delivered, counter)
                for check_id, broken in zip(check_ids, found, strict=True)
            ]
        return results

    def result(
        self,
        definition: Definition,
        node: dict[str, Any],
        failed: int | None,
        delivered: frozenset[str],
        counter: RowCounter,
    ) -> CheckResult:
        """What a test that returned `failed` rows (None: it cannot be run) says about its table."""
        check = _meta(node)
        if not RELATION.fullmatch(definition.relation):
            return definition.result(State.ERROR, "does not say which relation it examines (meta.relation)")
        rows = counter.count(definition.relation, str(check.get("where") or ""))
        if rows is None:
            return definition.result(State.ERROR, f"{definition.relation} does not exist")
        if failed is None:
            return definition.result(State.ERROR, "its SQL cannot be run, so it has not passed", rows_examined=rows)
        if failed:
            violations = counter.violations(compiled_sql(node), failed)
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
        return empty_result(definition, feeds, delivered, excuse.holds(counter.count))


class RowCounter:
    """Counts each relation once, however many checks examine it. Relations of schema `live` and `plan` are in the inputs."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.counts: dict[tuple[str, str], int | None] = {}

    def count(self, relation: str, where: str = "") -> int | None:
        """Rows of a relation; None when it or a column of `where` does not exist."""
        if (relation, where) not in self.counts:
            assert RELATION.fullmatch(relation)
            name = f"inputs.{relation}" if relation.split(".")[0] in INPUT_SCHEMAS else relation
            try:
                self.counts[relation, where] = self.warehouse.row_count(f"{name} where {where}" if where else name)
            except (duckdb.CatalogException, duckdb.BinderException):
                self.counts[relation, where] = None
        return self.counts[relation, where]

    def violations(self, sql: str, failed: int) -> int:
        """How many rows of the table break the rule, for a test that returned so many rows: it may count them in `violations`."""
        try:
            return int(self.warehouse.rows(f"select sum(violations) from (\n{sql}\n) as failures")[0][0] or failed)
        except duckdb.Error as error:
            require_machine(error)
            return failed


def failures(warehouse: Warehouse, queries: list[str]) -> list[int | None]:
    """How many rows each query returns, in one pass; where one of several cannot be run, each by itself. None: it cannot be run."""
    counts = ", ".join(f"(select count(*) from (\n{sql or None}\n) as failures)" for sql in queries)
    try:
        return list(warehouse.rows(f"select {counts}")[0])
    except duckdb.Error as error:
        require_machine(error)
        return [None] if len(queries) == 1 else [failures(warehouse, [sql])[0] for sql in queries]


def compiled_sql(node: dict[str, Any]) -> str:
    return str(node.get("compiled_code") or "").strip()


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


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    """What the test says of itself: `gate`, `owner`, `relation`, `where`, `feeds`, `may_be_empty`, `what_to_do` (also under `check`)."""
    meta = {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
    return {**meta, **(meta.get("check") or {})}
