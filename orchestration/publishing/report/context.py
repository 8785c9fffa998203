"""What the report says about the release it belongs to, read from the release's own tables and the publisher's facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestration.contracts import load_contracts
from orchestration.foundation.checks import State
from orchestration.foundation.warehouse import Warehouse


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Check(Shape):
    """One row of `data_quality`, as far as a reader needs it."""

    check_id: str
    subject: str
    state: State
    is_waived: bool
    message: str


class Restatement(Shape):
    """One monthly figure that differs from the previous release (a row of `restatements`)."""

    indicator_id: str
    area_type: str
    area_code: str
    month: date
    change_pct: float | None
    reason: str
    is_flagged: bool


class ReportContext(Shape):
    """The release that the report is written into. Nothing here depends on when or where it is written."""

    release_id: str
    delivery: str
    data_cut: date
    icb_code: str
    icb_name: str
    code_version: str
    previous_release: str | None
    checks: tuple[Check, ...]
    restatements: tuple[Restatement, ...]
    feeds_not_delivered: tuple[str, ...]
    is_synthetic: bool = False


def read_context(warehouse: Warehouse, facts: Mapping[str, Any]) -> ReportContext:
    """`facts` are the columns of `release_info`; the rest stands in the release's own `data_quality` and `restatements`."""
    checks = tuple(
        Check(check_id=check_id, subject=subject, state=state, is_waived=bool(is_waived), message=message or "")
        for check_id, subject, state, is_waived, message in warehouse.rows(
            "select check_id, subject, state, is_waived, message from marts.data_quality order by check_id, subject"
        )
    )
    restatements = tuple(
        Restatement(
            indicator_id=indicator_id,
            area_type=area_type,
            area_code=area_code,
            month=month,
            change_pct=change_pct,
            reason=reason or "",
            is_flagged=bool(is_flagged),
        )
        for indicator_id, area_type, area_code, month, change_pct, reason, is_flagged in warehouse.rows(
            "select indicator_id, area_type, area_code, month, change_pct, reason, is_flagged from marts.restatements "
            "where cohort_id = 'all' and period = 'month' order by all"
        )
    )
    # not in the newest delivery, and no rows of an earlier one are live either
    live = {check.subject.removeprefix("live.") for check in checks if check.state is not State.NOT_APPLICABLE}
    absent = {check.subject for check in checks if check.state is State.NOT_APPLICABLE} - live
    titles = tuple(contract.title for feed, contract in sorted(load_contracts().items()) if feed in absent)
    return ReportContext(
        release_id=facts["release_id"],
        delivery=facts["as_of_delivery"],
        data_cut=facts["data_cut"],
        icb_code=facts["icb_code"],
        icb_name=facts["icb_name"],
        code_version=str(facts.get("code_version") or "")[:12],
        previous_release=facts.get("previous_release"),
        checks=checks,
        restatements=restatements,
        feeds_not_delivered=titles,
        is_synthetic=bool(facts.get("is_synthetic")),
    )
