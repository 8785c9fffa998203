"""The pages that other rooms write into a release. Their libraries take seconds to load, so each is fetched when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.checks import CheckResult
from orchestration.warehouse import Warehouse

if TYPE_CHECKING:
    from orchestration.quality import Verdict


def write_report(
    folder: Path,
    warehouse: Warehouse,
    facts: dict[str, Any],
    checks: tuple[CheckResult, ...],
    feeds_not_delivered: tuple[str, ...],
) -> None:
    """`facts` are the columns of `release_info`; the restatements are read from the new release itself."""
    from orchestration.publish.report import ReportContext, Restatement, write_report

    names = [name for name in Restatement.model_fields if name in warehouse.columns("marts.restatements")]
    rows = warehouse.rows(
        f"select {', '.join(names)} from marts.restatements where cohort_id = 'all' and period = 'month' order by all"
    )
    context = ReportContext(
        release_id=facts["release_id"],
        delivery=facts["as_of_delivery"],
        data_cut=facts["data_cut"],
        icb_code=facts["icb_code"],
        icb_name=facts["icb_name"],
        code_version=facts["code_version"],
        previous_release=facts["previous_release"],
        checks=checks,
        restatements=tuple(Restatement(**dict(zip(names, row, strict=True))) for row in rows),
        feeds_not_delivered=feeds_not_delivered,
    )
    folder.mkdir()
    write_report(folder, warehouse, context)


def write_quality_page(folder: Path, verdict: Verdict) -> None:
    from orchestration.quality import write_quality_page

    write_quality_page(folder, verdict)
