"""The pages that other rooms write into a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import Verdict
from orchestration.gate import write_quality_page as write_page
from orchestration.publishing import report
from orchestration.publishing.report.scorecard import write_scorecards


def write_report(folder: Path, warehouse: Warehouse, facts: dict[str, Any]) -> None:
    """`facts` are the columns of `release_info`; `warehouse` is a handle on the new release's own database."""
    folder.mkdir()
    report.write_report(folder, warehouse, facts, scorecards=write_scorecards(folder, warehouse, facts))


def write_quality_page(folder: Path, verdict: Verdict) -> None:
    write_page(folder, verdict, is_in_release=True)
