"""What a check found: the one shape that contract, acceptance, dbt, drift and machinery checks all report in."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    BLOCK = "block"
    WARN = "warn"


class CheckResult(BaseModel):
    """One check about one subject. Counts only: `message` never holds a value from a patient-level file.

    `rows_examined` and `violations` are exact. A check that examined no rows of a delivered relation is an error.
    """

    model_config = ConfigDict(frozen=True)

    check_id: str
    subject: str
    kind: str  # contract | acceptance | dbt | mart | drift | completeness | reconciliation | conservation | machinery
    severity: Severity
    state: State
    rows_examined: int = 0
    violations: int = 0
    is_waived: bool = False
    owner: str = "ICB intelligence team"
    message: str = ""
    what_to_do: str = ""
