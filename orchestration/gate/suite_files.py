"""The suites as they are written: one JSON file for a feed or a mart in `expectations/`, with the reason of each expectation.

`features` say what the frame holds, `expectations` what must be true of it. For a feed, a feature is a share of rows (`codes` of a
column, or its `nulls`) in each provider × coverage month, with the bounds that its number of rows allows (`<feature>_pct_low`,
`<feature>_pct_high`), so that a rule on a share speaks only where numbers are large enough. For a mart, a feature is an aggregate in
SQL over each month.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.foundation.checks import Severity
from orchestration.foundation.errors import GateShut
from orchestration.foundation.hashes import hash_json
from orchestration.gate import definitions as definitions_module
from orchestration.gate.definitions import Definition

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
                definition = definition_of(suite, expectation, prefix, schema)
                found[definition.check_id] = definition
    return found


def definition_of(suite: Suite, expectation: Expectation, prefix: str, schema: str) -> Definition:
    meta = expectation.meta
    about_frame = suite.model_dump(mode="json", exclude={"expectations", "about", "features"})
    features = {name: suite.model_dump(mode="json")["features"][name] for name in _features_of(suite, expectation)}
    return Definition(
        check_id=f"{prefix}.{suite.name}.{meta.check}",
        kind="acceptance" if prefix == "accept" else "mart",
        relation=f"{schema}.{suite.name}",
        severity=meta.severity,
        definition=hash_json([about_frame, features, expectation.model_dump(mode="json")]),
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
