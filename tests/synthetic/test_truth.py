"""`truth.json` against a brute force over the written files that knows the definitions and nothing of the generator."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.synthetic import DemoSummary, write_demo
from tests.oracle.brute_force import BruteForce, Event

pytestmark = pytest.mark.slow
SUB_ICB_CODES = ("99Z",)
Figures = dict[tuple[str, str, str], Decimal]


# the second demo has fourteen deliveries that cross 1 April, so that every month of a closed year stays as its March delivery had it
@pytest.fixture(
    scope="module", params=[(2_000, 14, 2, 11), (700, 20, 14, 12)], ids=["two deliveries", "fourteen deliveries"]
)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    people, months, deliveries, seed = request.param
    landing = tmp_path_factory.mktemp("truth") / "landing"
    return write_demo(landing, people=people, months=months, deliveries=deliveries, seed=seed)


@pytest.fixture(scope="module")
def truth(demo: DemoSummary) -> dict:
    return json.loads(demo.truth_file.read_text())


@pytest.fixture(scope="module")
def brute(demo: DemoSummary) -> BruteForce:
    return BruteForce(demo.landing, demo.deliveries[-1], SUB_ICB_CODES)


def _months(truth: dict) -> list[date]:
    first, last = (date.fromisoformat(f"{truth[name]}-01") for name in ("first_month", "last_month"))
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(count)]


def _true(truth: dict, names: Iterable[str]) -> Figures:
    return {
        (name, area, month): Decimal(str(value))
        for name in names
        for area, months in truth["measures"].get(name, {}).items()
        for month, value in months.items()
    }


def _found(
    brute: BruteForce, events: Iterable[Event], truth: dict, name: dict[tuple[str, ...], str], position: int = 0
) -> Figures:
    """Brute-force events by measure name, area and month; `name` maps an event's dimensions to a measure of the truth."""
    sums: Figures = defaultdict(Decimal)
    for (area, month, *dims), amounts in brute.by_area(events, _months(truth), "marts").items():
        for key, measure in name.items():
            if tuple(dims[: len(key)]) == key:
                sums[measure, area, f"{month:%Y-%m}"] += amounts[position]
    return {key: value for key, value in sums.items() if value}


def _agree(truth: dict, found: Figures, names: Iterable[str]) -> None:
    expected = _true(truth, names)
    wrong = {
        key: (expected.get(key), found.get(key)) for key in {*expected, *found} if expected.get(key) != found.get(key)
    }
    assert expected and not wrong, f"{len(wrong)} of {len(expected)} differ: {sorted(wrong.items())[:10]}"


def test_visits(truth: dict, brute: BruteForce) -> None:
    visits = list(brute.visits())
    names = {
        ("gp_appointment",): "gp_appointments_attended",
        ("ae_attendance",): "ae_attendances_unplanned",
        ("ae_attendance", "type_1"): "ae_type_1_attendances",
        ("same_day_emergency_care",): "sdec_attendances",
        ("outpatient_attendance",): "op_attendances",
        ("outpatient_attendance", "first"): "op_attendances_first",
        ("outpatient_attendance", "follow_up"): "op_attendances_follow_up",
        ("outpatient_attendance", "procedure"): "op_attendances_procedure",
        ("community_contact",): "community_contacts",
    }
    _agree(truth, _found(brute, visits, truth, names), names.values())
    lost = {("gp_appointment",): "gp_dna", ("outpatient_attendance",): "op_not_attended"}
    _agree(truth, _found(brute, visits, truth, lost, position=1), lost.values())


def test_referrals(truth: dict, brute: BruteForce) -> None:
    names = {("ers",): "gp_referrals_ers", ("hes_op_gp",): "gp_referrals_hes_op"}
    _agree(truth, _found(brute, brute.referrals(), truth, names), names.values())


def test_emergency_admissions(truth: dict, brute: BruteForce) -> None:
    ids = (
        "emergency_admissions",
        "emergency_admissions_los_0",
        "emergency_admissions_los_1_plus",
        "falls_admissions_65_plus",
        "emergency_overnight_medical_75_plus",
        "acs_chronic_admissions",
    )
    _agree(truth, _found(brute, brute.emergency_indicators(), truth, {(name,): name for name in ids}), ids)


def test_readmissions(truth: dict, brute: BruteForce) -> None:
    events = list(brute.readmissions())
    names = {(str(days),): f"readmissions_{days}d" for days in (30, 60, 90)}
    _agree(truth, _found(brute, events, truth, names, position=1), names.values())
    discharges = {("30",): "readmission_index_discharges"}
    _agree(truth, _found(brute, events, truth, discharges), discharges.values())


def test_occupied_bed_days(truth: dict, brute: BruteForce) -> None:
    _agree(truth, _found(brute, brute.occupied_bed_days(), truth, {(): "occupied_bed_days"}), ["occupied_bed_days"])


def test_registered_population(truth: dict, brute: BruteForce) -> None:
    found = {
        ("registered_population", area, f"{month:%Y-%m}"): Decimal(people)
        for (area, month), people in brute.populations(_months(truth), "marts").items()
        if people
    }
    _agree(truth, found, ["registered_population"])


def test_contract_spend(demo: DemoSummary, truth: dict, brute: BruteForce) -> None:
    names = {name for name in truth["measures"] if name.startswith("spend_contract_gbp.")}
    keys = {(name.split(".")[1],): name for name in names}
    opted_out = brute.opted_out
    events = _lines_without(brute, opted_out)
    _agree(truth, _found(brute, events, truth, keys, position=1), names)


def _lines_without(brute: BruteForce, opted_out: set[str]) -> Iterable[Event]:
    for drop in brute.drops:
        rows = drop.rows
        drop.__dict__["rows"] = lambda feed, rows=rows: [
            row for row in rows(feed) if row.get("LOCAL PATIENT IDENTIFIER (EXTENDED)") not in opted_out
        ]
    return brute.contract_lines()


def test_dirt_is_there_in_the_amounts_it_says(demo: DemoSummary, truth: dict) -> None:
    last = demo.deliveries[-1]
    for feed, name in (("ecds", "ecds_2526.txt"), ("hes_op", "hes_op_2526.txt")):
        counts = truth["dirt"][last][feed]
        lines = (Path(demo.landing) / last / name).read_text().splitlines()[1:]
        copies = counts["exact_duplicates"] + counts["key_duplicates"] + counts.get("rekeyed_duplicates", 0)
        # an attendance late on the last day may have its second copy after the cut
        assert 0 <= counts["records"] + copies - len(lines) <= 2
        assert counts["records"] > len(set(lines)) - copies - 1
        assert sum(line.split("|")[1 if feed == "ecds" else 2] == "" for line in lines) >= counts["null_persons"]
