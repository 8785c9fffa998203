"""What the report must be told, because the warehouse cannot know it: the release it belongs to and what the checks found."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from orchestration.checks import CheckResult


class Restatement(BaseModel):
    """One figure that differs from the previous release (a row of the `restatements` table)."""

    model_config = ConfigDict(frozen=True)

    indicator_id: str
    area_type: str
    area_code: str
    month: date
    previous_value: float | None = None
    value: float | None = None
    change_pct: float | None = None
    reason: str = ""
    is_flagged: bool = False


class ReportContext(BaseModel):
    """The release that the report is written into. Nothing here depends on when or where it is written."""

    model_config = ConfigDict(frozen=True)

    release_id: str
    delivery: str
    data_cut: date
    icb_code: str
    icb_name: str
    code_version: str = ""
    previous_release: str | None = None
    checks: tuple[CheckResult, ...] = ()
    restatements: tuple[Restatement, ...] = ()
    feeds_not_delivered: tuple[str, ...] = ()
