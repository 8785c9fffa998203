"""`int-marts check` says before a build what the gate would say of the delivery's drift."""

from __future__ import annotations

from pathlib import Path

from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.settings import load_settings
from orchestration.gate import foresee
from orchestration.lake.check import check_delivery
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import HEADERS, as_text, table


def foreseen(home: Path, is_one_person: bool) -> dict[str, CheckResult]:
    settings = load_settings(home=home, threads=1, required_feeds=["hes_op", "deaths"])
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    rows = table("hes_op", 100)
    for number, cells in enumerate(rows[1:]):
        cells[3] = f"2025-{4 + number % 7:02d}-{1 + number % 28:02d}"
        person = 0 if is_one_person and number % 2 else number
        cells[HEADERS["hes_op"].index("TOKEN_PERSON_ID")] = f"{person:032X}"
    (folder / "hes_op.csv").write_text(as_text(rows), encoding="utf-8")
    return {result.check_id: result for result in check_delivery(settings, find_delivery(settings.paths), foresee)}


def test_drift_is_told_before_a_build(tmp_path: Path) -> None:
    faulty, clean = foreseen(tmp_path / "faulty", True), foreseen(tmp_path / "clean", False)
    assert faulty["drift.one_person.hes_op"].state is State.FAIL
    assert clean["drift.one_person.hes_op"].state is State.PASS
    assert clean["delivery.required_feeds"].state is State.FAIL and "deaths" in clean["delivery.required_feeds"].message
    assert not any(check_id.startswith("mart.") for check_id in clean)
