"""Checks of a delivery against its own history, against official figures and against itself.

Each check is data: an entry in `expectations/drift.yml` (feeds, limits, severity, reason) and a query in `expectations/drift/`. The
query returns one row per thing examined: `subject` (a provider, month, column or area, never a person), `examined` (how many
records stand behind it), `is_violation` and `note`. Its limits allow for chance (small numbers) and for ordinary over-dispersion
(large ones), so that a clean delivery passes whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import Template
from typing import Any

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.foundation.yaml_text import read_yaml
from orchestration.gate import definitions as definitions_module
from orchestration.gate.definitions import Definition
from orchestration.gate.history import create_history, standing_rows

SHOWN = 4
# What may name the subject of a check (definitions E11): free text in a code column is never printed.
SUBJECT_SHAPE = "[A-Z0-9]{3,6}"
FEWEST_ROWS_NAMED = 10


class Rule(BaseModel):
    """One entry of `drift.yml`: for each of `feeds` a check `<id>.<feed>`, or one check `<id>` when it names none.

    `feeds: all`: every feed of a contract. `any_of`: the check applies only when one of these feeds was delivered.
    `without_history` says why no rows may come back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")
    query: str = Field(pattern=r"^[a-z0-9_]+$")
    relation: str = ""
    feeds: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    severity: Severity
    is_waivable: bool = True
    limits: dict[str, float | int | str] = {}
    columns: dict[str, dict[str, str]] = Field(
        default={}, description="feed -> names the query needs beyond the contract's"
    )
    without_history: str = ""
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    what_to_do: str = Field(min_length=1)

    @field_validator("feeds", mode="before")
    @classmethod
    def every_feed(cls, feeds: Any) -> Any:
        return tuple(load_contracts()) if feeds == "all" else feeds


class Check(BaseModel):
    """A rule for one feed (or for the whole build), with the SQL it runs."""

    model_config = ConfigDict(frozen=True)

    definition: Definition
    rule: Rule
    feed: str
    sql: str


def load_rules() -> list[Rule]:
    """Raises `GateShut` when `drift.yml` cannot be read."""
    try:
        entries = read_yaml((definitions_module.EXPECTATIONS / "drift.yml").read_text(encoding="utf-8"))["checks"]
        return [Rule.model_validate(entry) for entry in entries]
    except (OSError, yaml.YAMLError, ValidationError, TypeError, KeyError) as error:
        raise GateShut(
            f"expectations/drift.yml cannot be read ({type(error).__name__}): restore or correct it",
            ["registry.complete"],
        ) from None


def checks() -> Iterator[Check]:
    macros = _query("macros")
    for rule in load_rules():
        template = _query(rule.query)
        for feed in rule.feeds or ("",):
            relation = rule.relation or (f"live.{feed}" if feed else "")
            body = [
                rule.model_dump(mode="json", exclude={"feeds", "what_to_do", "owner", "reason", "source"}),
                template,
                macros,
                feed,
            ]
            definition = Definition(
                check_id=f"{rule.id}.{feed}" if feed else rule.id,
                kind=rule.id.split(".")[0],
                relation=relation,
                severity=rule.severity,
                definition=hash_json(body),
                is_waivable=rule.is_waivable,
                owner=rule.owner,
                reason=rule.reason,
                what_to_do=rule.what_to_do,
            )
            yield Check(
                definition=definition, rule=rule, feed=feed, sql=Template(template).safe_substitute(_names(rule, feed))
            )


def definitions() -> dict[str, Definition]:
    return {check.definition.check_id: check.definition for check in checks()}


def examine(warehouse: Warehouse, settings: Settings, delivered: frozenset[str]) -> list[CheckResult]:
    """Every rule on the build in the warehouse. A query that does not run is an error of its check, not of the run."""
    prepare(warehouse, settings)
    return [result(warehouse, check, delivered) for check in checks()]


def prepare(warehouse: Warehouse, settings: Settings) -> None:
    """What the queries read: the history (temporary tables) and the macros, in this connection only."""
    create_history(warehouse, settings)
    warehouse.connection.execute(_query("macros"))
    for feed, contract in load_contracts().items():
        if contract.provider:
            create_subject(warehouse, feed, contract.provider)


def create_subject(warehouse: Warehouse, feed: str, provider: str) -> None:
    """A macro for what a provider is called in a message: its code, or one of `others` when it is no code or hardly there."""
    named = warehouse.rows(
        f"select {provider} from inputs.live.{feed} where regexp_full_match({provider}, ?) group by 1 having count(*) >= ? "
        "order by 1",
        [SUBJECT_SHAPE, FEWEST_ROWS_NAMED],
    )
    codes = ", ".join(f"'{code}'" for (code,) in named)
    is_named = f"code in ({codes})" if codes else "false"
    warehouse.connection.execute(
        f"create or replace temp macro subject_{feed}(code) as "
        f"case when {is_named} then code when code is not null then 'others' end"
    )


def result(warehouse: Warehouse, check: Check, delivered: frozenset[str]) -> CheckResult:
    needed = [check.feed] if check.feed else list(check.rule.any_of)
    if needed and not delivered & set(needed):
        return check.definition.result(State.NOT_APPLICABLE, f"not delivered: {', '.join(needed)}")
    try:
        rows = warehouse.rows(f"select subject, examined, is_violation, note from ({check.sql}) order by all")
    except duckdb.Error as error:
        require_machine(error)
        return check.definition.result(State.ERROR, f"could not be evaluated ({type(error).__name__})")
    examined = sum(int(row[1] or 0) for row in rows)
    broken = [row for row in rows if row[2]]
    if any(row[2] is None for row in rows):
        return check.definition.result(
            State.ERROR, "a comparison came out as neither true nor false", rows_examined=examined
        )
    if broken:
        named = "; ".join(f"{subject}: {note}" for subject, _, _, note in broken[:SHOWN])
        more = f"; and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        message = f"{check.definition.reason}: {named}{more} ({len(broken):,} of {len(rows):,} compared)"
        return check.definition.result(State.FAIL, message, rows_examined=examined, violations=len(broken))
    if examined == 0 and check.rule.without_history and _has_rows(warehouse, check):
        return check.definition.result(State.NOT_APPLICABLE, check.rule.without_history)
    if examined == 0:
        return check.definition.result(State.ERROR, "delivered, but there was nothing to examine")
    return check.definition.result(State.PASS, f"{len(rows):,} compared, all within limits", rows_examined=examined)


def _has_rows(warehouse: Warehouse, check: Check) -> bool:
    return not check.feed or warehouse.row_count(f"inputs.live.{check.feed}") > 0


def _names(rule: Rule, feed: str) -> dict[str, Any]:
    """What a query template may name: the limits, the feed and its contract's columns for date, provider and key."""
    names: dict[str, Any] = {}
    if feed:
        contract = load_contracts()[feed]
        names |= {
            "feed": feed,
            "rows": standing_rows(feed),
            "date": contract.coverage_date or "null::date",
            "provider": f"subject_{feed}({contract.provider})" if contract.provider else "''",
            "key": ", ".join(contract.key) or "null",
        }
    return names | rule.limits | rule.columns.get(feed, {})


def _query(name: str) -> str:
    try:
        return (definitions_module.EXPECTATIONS / "drift" / f"{name}.sql").read_text(encoding="utf-8")
    except OSError:
        raise GateShut(f"expectations/drift/{name}.sql cannot be read: restore it", ["registry.complete"]) from None
