"""Waivers: a person lets one named check pass for one named delivery, with a reason, an owner and an end date.

They live in the home's `waivers.yml` and are shown in the receipt, the report and the quality page. Expiry is judged against the
delivery's data cut (last day included), never against today, so a release can be rebuilt.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut


def holds_shut(result: CheckResult) -> bool:
    """A failed blocking check, or any check that could not be evaluated: what did not run has not passed."""
    if result.is_waived:
        return False
    return result.state is State.ERROR or (result.state is State.FAIL and result.severity is Severity.BLOCK)


class Waiver(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    check_id: str = Field(min_length=1)
    delivery: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: dt.date

    def covers(self, check_id: str, delivery: str, data_cut: dt.date) -> bool:
        return (self.check_id, self.delivery) == (check_id, delivery) and data_cut <= self.expires


def load_waivers(file: Path) -> list[Waiver]:
    """Raises `GateShut` naming the entry and the field; an absent or empty file is no waivers."""
    if not file.exists():
        return []
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise GateShut("waivers.yml cannot be read as YAML: correct it or remove it", ["waivers.valid"]) from None
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise GateShut(
            "waivers.yml must be a list of entries with check_id, delivery, reason, owner, expires", ["waivers.valid"]
        )
    waivers = []
    for number, entry in enumerate(entries, start=1):
        try:
            waivers.append(Waiver.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "entry"
            raise GateShut(f"waivers.yml entry {number}, {field}: {first['msg'].lower()}", ["waivers.valid"]) from None
    return waivers


def waivers_for(file: Path, delivery: str, data_cut: dt.date) -> list[dict[str, Any]]:
    """Those that are open for a delivery, as its release lists them. Raises `GateShut` as `load_waivers`."""
    return [
        waiver.model_dump(mode="json")
        for waiver in load_waivers(file)
        if waiver.covers(waiver.check_id, delivery, data_cut)
    ]


def problems(waivers: list[Waiver], waivable: dict[str, bool]) -> list[str]:
    """What is wrong with them, in plain words. `waivable` maps every known check id to whether it may be waived at all."""
    found = []
    for waiver in waivers:
        if waiver.check_id not in waivable:
            found.append(f"{waiver.check_id}: no such check, so it cannot be waived")
        elif not waivable[waiver.check_id]:
            found.append(
                f"{waiver.check_id}: the delivery checks, privacy, conservation and the receipt cannot be waived"
            )
    return found
