"""The dbt models against plain Python on thousands of small random histories: stays, readmissions, people, geography."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

import pytest

from ..oracle import activity, compare, stays
from ..oracle.brute_force import BruteForce
from ..oracle.geography import boundary_dates

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rules")]
SHOWN = 12


def agree(what: str, expected: Iterable, found: Iterable) -> None:
    """The same rows as often; the message shows a few of each side (the people are invented)."""
    wanted, got = Counter(expected), Counter(found)
    assert wanted, f"{what}: the histories hold no case"
    missing, extra = wanted - got, got - wanted
    shown = [f"by the rules only: {row}" for row in sorted(missing, key=str)[:SHOWN]]
    shown += [f"in the models only: {row}" for row in sorted(extra, key=str)[:SHOWN]]
    assert not shown, f"{what}: {missing.total()} of {wanted.total()} differ\n" + "\n".join(shown)


def no_differences(found: list[compare.Difference]) -> None:
    assert not found, f"{len(found)} differences\n" + "\n".join(str(one) for one in found[:SHOWN])


def test_spells(brute: BruteForce, warehouse):
    found = warehouse.execute("select person_id, admission_date, discharge_date from intermediate.spells").fetchall()
    agree("spells", ((s.person_id, s.admission, s.discharge) for s in brute.spells), found)


def test_continuous_inpatient_spells(brute: BruteForce, warehouse):
    columns = [name for name, *_ in warehouse.execute("describe intermediate.continuous_inpatient_spells").fetchall()]
    starts = next(name for name in ("admission_date", "start_date") if name in columns)
    ends = next(name for name in ("discharge_date", "end_date") if name in columns)
    found = warehouse.execute(
        f"select person_id, {starts}, {ends}, practice_code, is_emergency from intermediate.continuous_inpatient_spells"
    ).fetchall()
    expected = (
        (s.person_id, s.admission, s.discharge, s.last.practice_code, stays.is_emergency(s)) for s in brute.stays
    )
    agree("continuous inpatient spells", expected, found)


def test_readmissions(brute: BruteForce, warehouse):
    found = warehouse.execute(
        "select person_id, discharge_month, days_to_readmission from intermediate.readmissions_by_index"
    ).fetchall()
    expected = ((i.stay.person_id, i.stay.discharge.replace(day=1), i.days) for i in brute.indexes)
    agree("index discharges and their readmissions", expected, found)


def test_bed_nights(brute: BruteForce, warehouse):
    columns = [name for name, *_ in warehouse.execute("describe intermediate.bed_nights").fetchall()]
    month = "event_month" if "event_month" in columns else "month"
    found = warehouse.execute(
        f"select person_id, {month}, sum(nights)::bigint from intermediate.bed_nights group by all"
    ).fetchall()
    expected: Counter = Counter()
    for stay in brute.stays:
        for when, count in stays.nights(stay, brute.data_cut).items():
            expected[(stay.person_id, when)] += count
    months = set(compare.marts_months(warehouse))
    inside = [(*key, n) for key, n in expected.items() if n and key[1] in months]
    agree("bed nights", inside, (row for row in found if row[2]))


def test_ae_duplicates(brute: BruteForce, warehouse):
    found = warehouse.execute(
        "select person_id, event_date, arrival_timestamp::time, setting, practice_code from intermediate.ae_attendances "
        "where setting = 'same_day_emergency_care' or is_unplanned"
    ).fetchall()
    found = [
        (person, day, at if not isinstance(at, datetime) else at.time(), *rest) for person, day, at, *rest in found
    ]
    expected = [
        (row.person_id, row.arrival_date, row.arrival_time, setting, row.practice_code)
        for setting, row in brute.attendances
    ]
    agree(
        "A&E attendances kept",
        ((p, d, setting, where) for p, d, _, setting, where in expected),
        ((p, d, setting, where) for p, d, _, setting, where in found),
    )


def test_admissions(brute: BruteForce, warehouse):
    found = warehouse.execute(
        "select person_id, event_month, admission_type, length_of_stay_group, age_band, practice_code "
        "from intermediate.admissions"
    ).fetchall()
    from ..oracle.geography import band_of

    expected = (
        (
            episode.person_id,
            spell.admission.replace(day=1),
            kind,
            activity.stay_group(activity.length_of_stay(spell, brute.data_cut)),
            band_of(episode.age_years) or "unknown",
            episode.practice_code,
        )
        for spell, episode, kind in brute.admitted()
    )
    agree("admissions", expected, ((*row[:4], row[4] or "unknown", row[5]) for row in found))


def test_membership_by_date_and_succession(brute: BruteForce, warehouse):
    """Every practice × month, on the boundaries of the cut and of each month (C1, C14)."""
    found = warehouse.execute(
        "select boundary, month, practice_code, int_code from intermediate.practice_areas"
    ).fetchall()
    months = compare.marts_months(warehouse)
    codes = set(brute.geography.members) | set(brute.geography.successors) | brute.geography.icb_practices
    expected = []
    for boundary in compare.BOUNDARIES:
        on = boundary_dates(months, brute.data_cut, boundary)
        expected += [
            (boundary, month, code, brute.geography.area(code, on[month])) for month in months for code in codes
        ]
    inside = [row for row in expected if row[3] != "OUT_OF_AREA"]
    agree("practice → INT", inside, [row for row in found if row[3] != "OUT_OF_AREA"])


def test_registered_population(brute: BruteForce, warehouse):
    found = warehouse.execute(
        "select month, practice_code, sex, age_band, sum(registered_population)::bigint as people, min(population_basis) "
        "from intermediate.registered_population group by all having people > 0"
    ).fetchall()
    expected = []
    bases: dict[date, str] = {}
    for month in compare.marts_months(warehouse):
        bases[month] = brute.population.basis(month)[1]
        for code, cells in brute.population.practices(month).items():
            expected += [(month, code, sex, band, people) for (sex, band), people in cells.items() if people]
    known = {row[1] for row in found}
    agree("registered people", [row for row in expected if row[1] in known], (row[:5] for row in found))
    ours = {code for code in brute.geography.icb_practices if any(row[1] == code for row in expected)}
    assert ours <= known, f"{len(ours - known)} practices of the ICB have no population"
    for month, basis in {(row[0], row[5]) for row in found}:
        assert basis == bases[month] or (bases[month] == "list" and not basis.startswith("carried")), (month, basis)


@pytest.mark.parametrize(
    "mart", ["visits", "referrals", "admissions", "readmissions", "populations", "indicators"], ids=str
)
def test_marts(brute: BruteForce, warehouse, mart: str):
    no_differences(getattr(compare, f"compare_{mart}")(brute, warehouse))


def test_arithmetic_of_every_indicator_value(warehouse):
    no_differences(compare.compare_arithmetic(warehouse))
