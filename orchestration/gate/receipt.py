"""The receipt: what was checked and what was found, tied to one exact build. The gate believes none of it and recomputes all of it."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.files import write_atomically
from orchestration.foundation.settings import Settings
from orchestration.gate.definitions import hash_of
from orchestration.gate.fingerprints import build_note

SCHEMA_VERSION = 1


class MartEvidence(BaseModel):
    model_config = ConfigDict(frozen=True)

    rows: int
    content_hash: str


class Receipt(BaseModel):
    """`landing`, `lake` and `suites` map file names to sha256; `marts` maps `schema.table` to rows and content hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    delivery: str
    data_cut: dt.date
    build_id: str
    code_fingerprint: str
    dbt_invocation_id: str
    dbt_run_results_sha256: str
    marts: dict[str, MartEvidence]
    landing: dict[str, str]
    lake: dict[str, str]
    suites: dict[str, str]
    registry_sha256: str
    results: tuple[CheckResult, ...]
    since: dict[str, str] = {}
    seal: str = ""

    def computed_seal(self) -> str:
        return hash_of(self.model_dump(mode="json", exclude={"seal"}))

    def sealed(self) -> Receipt:
        return self.model_copy(update={"seal": self.computed_seal()})


def receipt_file(settings: Settings) -> Path:
    return settings.paths.evidence / "receipt.json"


def write_receipt(settings: Settings, receipt: Receipt) -> None:
    """Complete or not at all: written beside, then renamed."""
    file = receipt_file(settings)
    write_atomically(file, json.dumps(receipt.model_dump(mode="json"), indent=1, sort_keys=True))


def read_receipt(settings: Settings) -> Receipt:
    """Raises `GateShut` when there is none, it cannot be read, or it was edited."""
    file = receipt_file(settings)
    if not file.exists():
        raise GateShut(
            "nothing was checked since the last build (no receipt): run `int-marts refresh`, which checks before it publishes",
            ["receipt.present"],
        )
    try:
        receipt = Receipt.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise GateShut(
            "the receipt of the checks cannot be read: run `int-marts refresh` again", ["receipt.present"]
        ) from None
    if receipt.seal != receipt.computed_seal():
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
    file.write_text(json.dumps(since, indent=1, sort_keys=True), encoding="utf-8")
    return since


def void_receipt(settings: Settings) -> None:
    """Called before anything is built: what was checked until now says nothing about what comes."""
    receipt_file(settings).unlink(missing_ok=True)
    build_note(settings).unlink(missing_ok=True)
