"""What a check is before it has run, and the registry of checks that publication requires (`expectations/checks.yml`).

A definition carries a hash over everything that decides its outcome: a dbt test's SQL, its macros, arguments and configuration, and
the SQL that dbt made of them (it names tables and no paths, so it is the same in every home); an expectation's canonical JSON with
the features it reads; a drift rule with its limits, its query and the macros below it. The registry is written by `make checks` and
reviewed as a diff, so a check cannot be dropped, loosened or changed in passing.
"""

from __future__ import annotations

from collections.abc import Iterable

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.build.plan import REGISTRY_FILE
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.hashes import hash_file
from orchestration.foundation.yaml_text import read_yaml

EXPECTATIONS = REGISTRY_FILE.parent  # tests point both elsewhere
REGISTRY_HEADER = """\
# The checks that publication requires, and a hash of each one's definition.
# Written by `make checks`; review the difference: a line that goes, softens to `warn` or changes its hash is a gate made weaker or
# different. A check that is missing, loosened or changed without this file shuts the gate.
"""


class Definition(BaseModel):
    """One required check. `relation` is `schema.table` (`lake.<feed>` for acceptance); empty for the machinery's own checks.
    `compiled` is a hash of the SQL that a dbt test runs."""

    model_config = ConfigDict(frozen=True)

    check_id: str
    kind: str
    relation: str
    severity: Severity
    definition: str
    compiled: str = ""
    is_waivable: bool = True
    owner: str = "ICB intelligence team"
    reason: str = ""
    what_to_do: str = ""

    def result(
        self, state: State, message: str = "", *, rows_examined: int = 0, violations: int = 0, subject: str = ""
    ) -> CheckResult:
        """A result of this check: a `fail` of a `warn` check is a warning, never the other way round."""
        if state is State.FAIL and self.severity is Severity.WARN:
            state = State.WARN
        return CheckResult(
            check_id=self.check_id,
            subject=subject or self.relation or "machinery",
            kind=self.kind,
            severity=self.severity,
            state=state,
            rows_examined=rows_examined,
            violations=violations,
            owner=self.owner,
            message=message,
            what_to_do=self.what_to_do,
        )


class RegisteredCheck(BaseModel):
    """One line of the registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    relation: str
    severity: Severity
    is_waivable: bool
    definition: str
    compiled: str = ""


class Registry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: tuple[RegisteredCheck, ...]

    def by_id(self) -> dict[str, RegisteredCheck]:
        return {check.id: check for check in self.checks}


def expectation_hashes() -> dict[str, str]:
    """`feeds/<feed>.json`, `marts/<mart>.json`, `drift.yml` … → sha256 of everything in `expectations/` but the registry itself."""
    return {
        path.relative_to(EXPECTATIONS).as_posix(): hash_file(path)
        for path in sorted(EXPECTATIONS.rglob("*"))
        if path.suffix in (".json", ".yml", ".sql") and path != REGISTRY_FILE
    }


def register(definitions: Iterable[Definition]) -> Registry:
    lines = (
        RegisteredCheck(
            id=item.check_id,
            relation=item.relation,
            severity=item.severity,
            is_waivable=item.is_waivable,
            definition=item.definition[:16],
            compiled=item.compiled[:16],
        )
        for item in definitions
    )
    return Registry(checks=tuple(sorted(lines, key=lambda line: line.id)))


def save_registry(registry: Registry) -> None:
    body = yaml.safe_dump(
        registry.model_dump(mode="json", exclude_defaults=True), sort_keys=False, width=200, allow_unicode=True
    )
    REGISTRY_FILE.write_text(REGISTRY_HEADER + body, encoding="utf-8")


def load_registry() -> Registry:
    """Raises `GateShut` when the registry is absent, unreadable, empty or names a check twice."""
    try:
        registry = Registry.model_validate(read_yaml(REGISTRY_FILE.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise GateShut(
            f"expectations/{REGISTRY_FILE.name} cannot be read as the registry ({type(error).__name__}): restore it or run `make checks`",
            ["registry.complete"],
        ) from None
    if not registry.checks or len(registry.by_id()) != len(registry.checks):
        raise GateShut(
            f"expectations/{REGISTRY_FILE.name} is empty or names a check twice: run `make checks`",
            ["registry.complete"],
        )
    return registry


def compare(registry: Registry, declared: dict[str, Definition]) -> dict[str, str]:
    """What is wrong between the registry and the checks as they are: check id -> plain words. New, unregistered checks are not wrong."""
    problems = {}
    for line in registry.checks:
        now = declared.get(line.id)
        if now is None:
            problems[line.id] = "required by the registry, but no such check exists any more"
        elif line.severity is Severity.BLOCK and now.severity is Severity.WARN:
            problems[line.id] = "loosened from block to warn without the registry"
        elif now.is_waivable and not line.is_waivable:
            problems[line.id] = "made waivable without the registry"
        elif now.relation != line.relation:
            problems[line.id] = f"examines {now.relation or 'nothing'} instead of {line.relation} without the registry"
        elif now.definition[:16] != line.definition or now.severity is not line.severity:
            problems[line.id] = "its definition was changed without the registry"
        elif now.compiled and now.compiled[:16] != line.compiled:
            problems[line.id] = "the SQL that ran is not the SQL of the registry"
    return problems
