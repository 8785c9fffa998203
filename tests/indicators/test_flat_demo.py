"""The demo with flat rates through ingest and dbt, a delivery a month: what the release's report would say of it."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import binom

from orchestration.build.inputs import write_inputs
from orchestration.foundation.settings import Settings, load_settings
from orchestration.foundation.warehouse import open_warehouse
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import list_deliveries
from orchestration.publishing.report import wording
from orchestration.publishing.report.data import ReportData, read_report_data
from orchestration.synthetic import write_demo
from tests.indicators.flat_rates import chance_of_a_signal
from tests.indicators.harness import run_dbt

pytestmark = pytest.mark.soak
PEOPLE, MONTHS, DELIVERIES, LAST_MONTH = 60_000, 26, 3, "2025-10"
ONE_IN = 1e-4


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(home=tmp_path_factory.mktemp("flat") / "data", threads=2, memory_limit="3GB")
    settings.paths.create()
    landing = settings.paths.landing
    write_demo(landing, people=PEOPLE, months=MONTHS, to=LAST_MONTH, deliveries=DELIVERIES, seed=11, flat_rates=True)
    for delivery in list_deliveries(settings.paths):
        ingest_delivery(settings, delivery)
    return settings


@pytest.fixture(scope="module", params=["2025-08", "2025-09", "2025-10"])
def report(landed: Settings, request: pytest.FixtureRequest) -> ReportData:
    """What the report reads after this delivery."""
    write_inputs(landed, request.param)
    done = run_dbt(landed.paths.root, "build", "--resource-type", "seed", "--resource-type", "model")
    assert done.returncode == 0, done.stdout[-4000:]
    with open_warehouse(landed) as warehouse:
        return read_report_data(warehouse, landed.icb_code, landed.icb_name)


def at_most(marked: int, of: int, probability: float) -> None:
    allowed = binom.ppf(1 - ONE_IN, of, probability)
    assert marked <= allowed, f"{marked} of {of}; a chance of {probability:.2%} allows {allowed:.0f}"


@pytest.mark.parametrize("area_type", ["int", "hcp"])
def test_nothing_is_called_a_change_more_often_than_the_rules_promise(report: ReportData, area_type: str) -> None:
    """All visits are left out: they are the other settings once more, and would count their chances twice."""
    said: Counter[str] = Counter()
    months: set[int] = set()
    for (indicator_id, kind, _), points in report.series.items():
        if kind != area_type or indicator_id == "all_visits":
            continue
        (indicator,) = [one for one in report.indicators if one.indicator_id == indicator_id]
        verdict = wording.judge(indicator, points)
        if verdict.variation != "unknown":
            said[verdict.variation] += 1
            months.add(sum(point.is_complete for point in points))
    judged = said.total()
    assert judged > (200 if area_type == "int" else 30)
    last = max(chance_of_a_signal(points)[0] for points in months)
    at_most(said["improvement"] + said["concern"] + said["neither"], judged, last)


def test_the_newest_month_is_never_a_fall(report: ReportData) -> None:
    """An incomplete month has no cause; and in the newest complete one falls are no more common than rises."""
    falls = rises = 0
    for points in report.series.values():
        assert {point.special_cause for point in points if point.period_status == "incomplete"} <= {"none"}
        newest = [point for point in points if point.is_complete][-1:]
        for point in newest:
            if point.special_cause == "outside_limits" and point.value is not None and point.centre is not None:
                falls += point.value < point.centre
                rises += point.value > point.centre
    assert falls <= binom.ppf(1 - ONE_IN, falls + rises, 0.5)


@pytest.mark.parametrize("area_type", ["int", "hcp"])
def test_a_year_rises_or_falls_at_most_one_time_in_twenty(report: ReportData, area_type: str) -> None:
    outside = [
        row["change_pct_lower_95"] > 0 or row["change_pct_upper_95"] < 0
        for (indicator_id, kind, _), rows in report.changes.items()
        if kind == area_type and indicator_id != "all_visits"
        for row in rows
        if row["baseline_kind"] == "year_before" and row["change_pct_lower_95"] is not None
    ]
    assert len(outside) >= (200 if area_type == "int" else 20)
    at_most(sum(outside), len(outside), 0.05)
