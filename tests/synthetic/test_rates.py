"""The invented population uses services at rates an English ICB would recognise; with flat rates nothing but chance moves."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, pstdev

import pytest

from orchestration.synthetic import write_demo

pytestmark = pytest.mark.slow
PEOPLE, MONTHS = 8_000, 12


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> dict:
    made = write_demo(
        tmp_path_factory.mktemp("flat") / "landing", people=PEOPLE, months=MONTHS, deliveries=1, flat_rates=True
    )
    return json.loads(made.truth_file.read_text())


def _total(truth: dict, measure: str) -> float:
    return sum(sum(months.values()) for months in truth["measures"][measure].values())


def _monthly(truth: dict, measure: str) -> list[float]:
    months = sorted({month for area in truth["measures"][measure].values() for month in area})
    return [sum(area.get(month, 0) for area in truth["measures"][measure].values()) for month in months]


# events per person and year, with the margin that chance needs at this size; sources: definitions, sections 16 to 19
@pytest.mark.parametrize(
    ("measure", "low", "high"),
    [
        ("gp_appointments_attended", 4.4, 5.8),
        ("ae_attendances_unplanned", 0.30, 0.52),
        ("op_attendances", 1.3, 2.1),
        ("emergency_admissions", 0.075, 0.14),
        ("community_contacts", 0.5, 1.1),
        ("gp_referrals_ers", 0.15, 0.30),
        ("sdec_attendances", 0.02, 0.06),
    ],
)
def test_rates_are_plausible(flat: dict, measure: str, low: float, high: float) -> None:
    registered = _total(flat, "registered_population") / MONTHS
    assert low < _total(flat, measure) / registered < high


def test_readmissions_are_plausible(flat: dict) -> None:
    discharges = _total(flat, "readmission_index_discharges")
    shares = [_total(flat, f"readmissions_{days}d") / discharges for days in (30, 60, 90)]
    assert 0.08 < shares[0] < 0.20
    assert shares == sorted(shares)


@pytest.mark.parametrize("measure", ["gp_appointments_attended", "op_attendances", "ae_attendances_unplanned"])
def test_flat_rates_are_flat(flat: dict, measure: str) -> None:
    """No half of the year is busier than the other by more than chance: five standard errors of a repeated-event count."""
    counts = _monthly(flat, measure)
    halves = mean(counts[:6]), mean(counts[6:])
    assert len(counts) == MONTHS
    assert abs(halves[0] - halves[1]) < 5 * (3 * mean(counts) / 6) ** 0.5
    assert pstdev(counts) < 3 * (2 * mean(counts)) ** 0.5


def test_seasons_show_when_rates_are_not_flat(tmp_path: Path) -> None:
    made = write_demo(tmp_path / "landing", people=PEOPLE, months=MONTHS, deliveries=1)
    counts = _monthly(json.loads(made.truth_file.read_text()), "gp_appointments_attended")
    # two or three working days more in the busiest month than in the quietest, and the autumn's vaccinations
    assert max(counts) / min(counts) > 1.15


def _third_year_over_first(home: Path, **of: object) -> float:
    """Community contacts a registered month, of months 25 to 36 over months 1 to 12: both hold each month of the year once."""
    made = write_demo(home / "landing", people=3_000, months=36, deliveries=1, seed=4, **of)
    truth = json.loads(made.truth_file.read_text())
    contacts, people = _monthly(truth, "community_contacts"), _monthly(truth, "registered_population")
    return (sum(contacts[24:]) / sum(people[24:])) / (sum(contacts[:12]) / sum(people[:12]))


def test_without_effects_nobody_dies_of_age(tmp_path: Path) -> None:
    """The deaths of the old lower community contacts by a twentieth in two years; where nothing may change they do not."""
    assert _third_year_over_first(tmp_path / "usual") < 0.95
    assert abs(_third_year_over_first(tmp_path / "unchanging", effects="none") - 1) < 0.05
