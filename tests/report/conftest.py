from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.report import write_report
from tests.report.small_warehouse import open_small_warehouse, write_small_warehouse

FACTS: dict[str, Any] = {
    "release_id": "2025-11.2",
    "as_of_delivery": "2025-11",
    "data_cut": date(2025, 11, 30),
    "icb_code": "QZZ",
    "icb_name": "Demo Integrated Care Board",
    "code_version": "abc1234",
    "previous_release": "2025-11.1",
}


@pytest.fixture(scope="session")
def small_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six teams and twelve headlines over 26 months; the last month is November 2025."""
    return write_small_warehouse(tmp_path_factory.mktemp("report") / "warehouse.duckdb", indicators=12, teams=6)


@pytest.fixture(scope="session")
def small_report(small_database: Path) -> Path:
    write_report(small_database.parent / "report", open_small_warehouse(small_database), FACTS)
    return small_database.parent / "report"
