"""Reported measures: pulses of staff and patients by team, health measures by practice, one council as context."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from orchestration.synthetic.plan import DemoDelivery, DemoPlan, add_months, last_of_month
from orchestration.synthetic.world import World, membership_rows, open_practices
from orchestration.synthetic.writers import write_rows

HEADER = (
    "MEASURE_ID", "AREA_TYPE", "AREA_CODE", "PERIOD_START", "PERIOD_END", "NUMERATOR", "DENOMINATOR", "N", "VALUE_SUM",
    "VALUE_SUM_OF_SQUARES", "PROMOTERS", "DETRACTORS", "INVITED",
)  # fmt: skip
SMALL_TEAM_EVERY = 7
"""Of so many teams one is small enough that its staff pulse is withheld."""
MEANS_BY_TEAM = {"patient_activation_mean": (6.0, 3), "patient_sleep_mean": (6.0, 3)}
"""Measure → the middle of its answers and how far they spread, in whole points."""
CLIMATE = {
    "staff_tci_vision": (14, 5),
    "staff_tci_safety": (15, 4),
    "staff_tci_task_orientation": (10, 4),
    "staff_tci_innovation": (10, 4),
}
MEANS_BY_PRACTICE = {"bmi_mean": (27, 6), "hba1c_mean": (56, 12)}
COUNCIL = "E07990003"
"""A district of `lsoa_deprivation`, in which people of the teams live."""

Row = tuple[object, ...]


def _draw(plan: DemoPlan, *key: object) -> float:
    """In [0, 1), the same for the same key on every machine."""
    digest = hashlib.sha256("|".join(map(str, (plan.seed, *key))).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _row(measure: str, area: tuple[str, str], period: tuple[date, date], **values: object) -> Row:
    facts = dict(zip(HEADER, (measure, *area, *period), strict=False))
    return tuple((facts | {name.upper(): value for name, value in values.items()}).get(column, "") for column in HEADER)


def _share(
    plan: DemoPlan, measure: str, area: tuple[str, str], period: tuple[date, date], of: int, share: float
) -> Row:
    hits = sum(_draw(plan, measure, area, period[1], person) < share for person in range(of))
    return _row(measure, area, period, numerator=hits, denominator=of)


def _mean(
    plan: DemoPlan, measure: str, area: tuple[str, str], period: tuple[date, date], n: int, answers: tuple[float, int],
    invited: object = "",
) -> Row:  # fmt: skip
    middle, spread = answers
    values = [
        round(middle - spread + 2 * spread * _draw(plan, measure, area, period[1], person)) for person in range(n)
    ]
    return _row(
        measure,
        area,
        period,
        n=n,
        value_sum=sum(values),
        value_sum_of_squares=sum(v * v for v in values),
        invited=invited,
    )


def _team_rows(plan: DemoPlan, team: str, number: int, month: date) -> Iterator[Row]:
    area, period = ("int", team), (month, last_of_month(month))
    staff = 6 if number % SMALL_TEAM_EVERY == SMALL_TEAM_EVERY - 1 else 30 + int(20 * _draw(plan, team))
    answered = sum(_draw(plan, "answers", team, month, person) < 0.6 for person in range(staff))
    scores = [int(4 + 7 * _draw(plan, "enps", team, month, person)) for person in range(answered)]
    yield _row(
        "staff_enps", area, period, n=answered, invited=staff,
        promoters=sum(score >= 9 for score in scores), detractors=sum(score <= 6 for score in scores),
    )  # fmt: skip
    yield _row("staff_response_pct", area, period, numerator=answered, denominator=staff)
    lost = round(staff * 30 * (0.03 + 0.03 * _draw(plan, "sick", team, month)), 1)
    yield _row("staff_sickness_pct", area, period, n=staff, numerator=lost, denominator=staff * 30)
    asked = 60
    replied = 18 + int(30 * _draw(plan, "patients", team, month))
    for measure, answers in MEANS_BY_TEAM.items():
        yield _mean(plan, measure, area, period, replied, answers, asked)
    if month.month % 3 == 0:
        quarter = (add_months(month, -2), last_of_month(month))
        for measure, answers in CLIMATE.items():
            yield _mean(plan, measure, area, quarter, answered, answers, staff)
        yield _share(plan, "care_plan_pct", area, quarter, 80, 0.55)


def _practice_rows(plan: DemoPlan, practice: str, month: date) -> Iterator[Row]:
    area, quarter = ("practice", practice), (add_months(month, -2), last_of_month(month))
    for measure, answers in MEANS_BY_PRACTICE.items():
        yield _mean(plan, measure, area, quarter, 20 + int(40 * _draw(plan, measure, practice, month)), answers)
    yield _share(plan, "smoking_pct", area, quarter, 200, 0.14)


def write_reported_measures(
    plan: DemoPlan, world: World, delivery: DemoDelivery, months: list[date], folder: Path
) -> int:
    """One file of the months that the delivery brings."""
    teams = sorted({row[1] for row in membership_rows(world, delivery.data_cut) if not row[8]})
    rows: list[Row] = []
    for month in months:
        for number, team in enumerate(teams):
            rows += _team_rows(plan, team, number, month)
        if month.month % 3 == 0:
            for practice in open_practices(world, month):
                rows += _practice_rows(plan, practice.code, month)
            quarter = (add_months(month, -2), last_of_month(month))
            rows.append(_share(plan, "smoking_pct", ("council", COUNCIL), quarter, 5000, 0.15))
    return write_rows(folder / "reported_measures.csv", HEADER, rows) if rows else 0
