from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.checks import CheckResult, Severity, State
from orchestration.publish.report import ReportContext, Restatement, write_report
from tests.report.small_warehouse import open_small_warehouse, write_small_warehouse


def make_context() -> ReportContext:
    return ReportContext(
        release_id="2025-11.2",
        delivery="2025-11",
        data_cut=date(2025, 11, 30),
        icb_code="QZZ",
        icb_name="Demo Integrated Care Board",
        code_version="abc1234",
        previous_release="2025-11.1",
        checks=(
            CheckResult(
                check_id="one",
                subject="ecds",
                kind="drift",
                severity=Severity.WARN,
                state=State.WARN,
                message="Fewer <than> usual",
            ),
            CheckResult(check_id="two", subject="apc", kind="dbt", severity=Severity.BLOCK, state=State.PASS),
        ),
        restatements=(
            Restatement(
                indicator_id="emergency_admissions",
                area_type="int",
                area_code="U00001",
                month=date(2025, 5, 1),
                previous_value=8.0,
                value=8.3,
                change_pct=3.75,
                reason="late records",
            ),
        ),
        feeds_not_delivered=("community_contacts",),
    )


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report for six teams and four indicators over 26 months; the last month is November 2025."""
    folder = tmp_path_factory.mktemp("report")
    warehouse = open_small_warehouse(write_small_warehouse(folder / "warehouse.duckdb", indicators=12, teams=6))
    write_report(folder / "report", warehouse, make_context())
    return folder / "report"
