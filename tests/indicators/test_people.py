"""People counted over windows of months, through moves of people and of practices, against counting them one by one."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.indicators.harness import Bench

MONTHS = [d.date() for d in pd.date_range("2023-03-01", periods=20, freq="MS")]
PRACTICES = ["P1", "P2", "P3", "P4", "P5"]
SPLIT = 9  # P3 changes team from this month on


def team_of(practice: str, month: int, boundary: str) -> tuple[str, str, str]:
    """(team, network, partnership): P5 has no team; P3 moves, which the boundaries of the data cut apply to all months."""
    if practice == "P5":
        return "NO_INT", "", ""
    moved = practice == "P3" and (boundary == "marts" or month >= SPLIT)
    team = {"P1": "T1", "P2": "T1", "P3": "T3" if moved else "T2", "P4": "T2"}[practice]
    return team, f"N{team}", "H1" if team == "T1" else "H2"


def areas() -> pd.DataFrame:
    rows = [
        (boundary, month, practice, *(part or None for part in team_of(practice, i, boundary)))
        for boundary in ("marts", "as_at")
        for i, month in enumerate(MONTHS)
        for practice in PRACTICES
    ]
    return pd.DataFrame(rows, columns=["boundary", "month", "practice_code", "int_code", "pcn_code", "hcp_code"])


def events_of(seed: int) -> Counter:
    """(person, month number, practice, band, sex) → events; some visit often, some move, some have a birthday between bands, some records
    give another sex."""
    draw = np.random.default_rng(seed)
    events: Counter = Counter()
    for person in range(120):
        home, often = draw.choice(PRACTICES), draw.choice([0.05, 0.3, 0.9])
        second, moves, birthday = draw.choice(PRACTICES), int(draw.integers(0, 40)), int(draw.integers(0, 40))
        for month in range(len(MONTHS)):
            number = int(draw.poisson(often))
            if number:
                band = "65_69" if month >= birthday else "60_64"
                sex = "female" if draw.random() < 0.2 else "male"
                events[f"p{person}", month, str(second if month >= moves else home), band, sex] += number
    return events


def levels(practice: str, month: int, boundary: str) -> list[tuple[str, str]]:
    team, network, partnership = team_of(practice, month, boundary)
    own = [] if team == "NO_INT" else [("int", team), ("pcn", network), ("hcp", partnership)]
    return [*own, ("icb", "Q")]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 100_000))
def test_people_over_a_threshold_and_repeat_events_agree_with_counting(compiled, seed: int) -> None:
    events = events_of(seed)
    totals = Counter()
    for (person, *_), number in events.items():
        totals[person] += number
    cells = pd.DataFrame(
        [
            ("ae_attendances_unplanned", "all", person, MONTHS[month], practice, sex, band, number)
            for (person, month, practice, band, sex), number in events.items()
            if totals[person] >= 2
        ],
        columns=["measure_id", "cohort_id", "person_id", "month", "practice_code", "sex", "age_band", "events"],
    ).sample(frac=1, random_state=seed)
    bench = Bench(compiled).give("measures.person_period_cells", cells).give("intermediate.practice_areas", areas())
    bench.give("intermediate.build", "select 'Q' as icb_code, date '2024-10-31' as data_cut").seed(
        "indicator_catalogue"
    )
    bench.give(
        "indicators.indicator_cohorts",
        "select unnest(['all', 'sex']) as cohort_kind, 'ae_attendances_unplanned' as numerator_measure_id, "
        "'direct_esp2013' as standardisation",
    )
    bench.run("intermediate.practice_levels", "indicators.indicator_areas", "indicators.practice_area_keys")
    bench.run("indicators.person_measures", "indicators.person_places", "indicators.person_period_areas")
    bench.run("indicators.area_people", "indicators.area_repeat_events")

    people: Counter = Counter()
    repeats: Counter = Counter()
    for boundary in ("marts", "as_at"):
        by_person: dict = defaultdict(Counter)
        for (person, month, practice, band, sex), number in events.items():
            for area in levels(practice, month, boundary):
                by_person[area, person][month, band, sex] += number
        for (area, _), visits in by_person.items():
            for end in range(len(MONTHS)):
                for period, width in (("month", 1), ("rolling_12_months", 12)):
                    inside = {key: n for key, n in visits.items() if end - width < key[0] <= end}
                    if period == "rolling_12_months" and sum(inside.values()) >= 5:
                        people[boundary, *area, MONTHS[end]] += 1
                    for band in ("60_64", "65_69"):
                        for sexes in (("all", "male", "female"), ("male",), ("female",)):
                            k = sum(n for (_, b, sex), n in inside.items() if b == band and sex in sexes)
                            repeats[boundary, *area, MONTHS[end], period, band, sexes[0]] += k * (k - 1)
    lives = {
        (row.boundary, row.area_type, row.area_code, as_date(row.month))
        for row in bench.rows("from indicators.indicator_areas").itertuples()
    }

    found = bench.rows(
        "from indicators.area_people join indicators.indicator_areas using (area_key, month_number) "
        "where events_per_person = 5 and measure_id = 'ae_attendances_unplanned'"
    )
    got = {(r.boundary, r.area_type, r.area_code, as_date(r.month)): r.people for r in found.itertuples()}
    assert got == {key: n for key, n in people.items() if n and key in lives}
    found = bench.rows(
        "from indicators.area_repeat_events join indicators.indicator_areas using (area_key, month_number)"
    )
    got = {
        (r.boundary, r.area_type, r.area_code, as_date(r.month), r.period, r.age_band, r.sex): r.total
        for r in found.itertuples()
    }
    assert got == {key: n for key, n in repeats.items() if n and key[:4] in lives}


def as_date(value: dt.datetime) -> dt.date:
    return pd.Timestamp(value).date()
