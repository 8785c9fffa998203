"""The receipt: what was checked and what was found, tied to one plan and to the seal of one build."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.build.plan import Plan
from orchestration.build.seal import Seal
from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Settings

SCHEMA_VERSION = 2


class Receipt(BaseModel):
    """`suites`: sha256 of every file in `expectations/`, by name. `since`: check id → the delivery in which it first did not pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    plan: Plan
    seal_of_build: Seal
    code_fingerprint: str
    suites: dict[str, str]
    results: tuple[CheckResult, ...]
    since: dict[str, str] = {}
    seal: str = ""

    @property
    def build_id(self) -> str:
        return self.plan.build_id

    def computed_seal(self) -> str:
        return hash_json(self.model_dump(mode="json", exclude={"seal"}))

    def sealed(self) -> Receipt:
        return self.model_copy(update={"seal": self.computed_seal()})

    def text(self) -> str:
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True)


def receipt_file(settings: Settings) -> Path:
    return settings.paths.evidence / "receipt.json"


def write_receipt(settings: Settings, receipt: Receipt) -> None:
    write_atomically(receipt_file(settings), receipt.text())


def read_receipt(settings: Settings) -> Receipt:
    """Raises `GateShut` when there is none, it cannot be read, or it was edited."""
    file = receipt_file(settings)
    if not file.exists():
        raise GateShut(
            "nothing was checked since the last build (no receipt): run `int-marts refresh`, which checks before it publishes",
            ["receipt.present"],
        )
    try:
        written = file.read_bytes()
        receipt = Receipt.model_validate_json(written)
    except (OSError, ValidationError) as error:
        require_machine(error)
        raise GateShut(
            "the receipt of the checks cannot be read: run `int-marts refresh` again", ["receipt.present"]
        ) from None
    # by its bytes too: what it says is the same where a name of nothing is misspelt
    if receipt.seal != receipt.computed_seal() or written != receipt.text().encode():
        raise GateShut(
            "the receipt of the checks was edited after it was written: run `int-marts refresh` again",
            ["receipt.present"],
        )
    return receipt


def remember_since(settings: Settings, delivery: str, results: tuple[CheckResult, ...]) -> dict[str, str]:
    """Check id -> the delivery in which it first did not pass, for checks that do not pass now. For people; no figure uses it."""
    file = settings.paths.evidence / "since.json"
    known: dict[str, str] = {}
    with suppress(OSError, ValueError):
        known = json.loads(file.read_text(encoding="utf-8"))
    bad = sorted({r.check_id for r in results if r.state in (State.WARN, State.FAIL, State.ERROR)})
    since = {check_id: min(known.get(check_id, delivery), delivery) for check_id in bad}
    write_atomically(file, json.dumps(since, indent=1, sort_keys=True))
    return since


def void_receipt(settings: Settings) -> None:
    """Called before anything is built: what was checked until now says nothing about what comes."""
    receipt_file(settings).unlink(missing_ok=True)
