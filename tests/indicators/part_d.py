"""The worked cases of the definitions, part D, as histories: one team for each, and what its rows in the marts must say."""

from __future__ import annotations

from typing import Any

from orchestration.publishing.indicator_docs import read_seed
from tests.indicators.hand_world import Lists, Row, Rows

BANDS = [row["age_band"] for row in read_seed("esp2013")]
DSR_PEOPLE = [636, 558, 609, 543, 384, 594, 669, 843, 660, 576, 606, 522, 426, 273, 300, 288, 153, 123, 207]
DSR_EVENTS = [127, 25, 18, 21, 12, 27, 48, 27, 29, 32, 32, 34, 45, 65, 38, 68, 74, 82, 91]
DSR = (10430.247991, 9717.709068, 11178.940915)

# month → (admissions, people, rate per 100,000, lower, upper, method); those after the third are not listed in part D, but follow
# from its functions: a count is exact below 10 and Byar's from 10
RATES = {
    "2025-01": (5, 100, 5000, 1623.486390, 11668.332079, "exact_poisson"),
    "2025-02": (20, 100, 20000, 12211.428835, 30889.880369, "byar"),
    "2025-03": (10, 200, 5000, 2393.724957, 9195.729303, "byar"),
    "2025-04": (65, 100_000, 65, 50.1631877, 82.8491385, "byar"),
    "2025-05": (1, 100_000, 1, 0.02531780798, 5.571643391, "exact_poisson"),
    "2025-06": (0, 100_000, 0, 0.0, 3.688879454, "exact_poisson"),
    "2025-07": (9, 100_000, 9, 4.115373097, 17.08480345, "exact_poisson"),
    "2025-08": (10, 100_000, 10, 4.787449914, 18.391458606, "byar"),
}
# month → (missed, kept and missed, lower, upper) in percent; the last three by Wilson's formula at its ends
PROPORTIONS = {
    "2025-01": (65, 100, 55.254443, 73.635752),
    "2025-02": (1, 100, 0.17674321, 5.4486196),
    "2025-03": (0, 10, 0.0, 27.753279),
    "2025-04": (10, 10, 72.246721, 100.0),
    "2025-05": (9, 10, 59.584998, 98.212385),
}
TEAMS = {f"D{number:05d}": f"D{number:02d}" for number in range(1, 8)}
RATE, PROPORTION, STANDARD, STAYS, GAPS, WINDOWS, NIGHTS = TEAMS.values()
PRACTICE_OF = {team: practice for practice, team in TEAMS.items()}


def lists() -> Lists:
    def of(people: int) -> dict[str, int]:
        return {"male 40_44": people}

    standard = {f"male {band.replace('90_plus', '95+')}": n for band, n in zip(BANDS, DSR_PEOPLE, strict=True)}
    found: Lists = {practice: {"always": of(100)} for practice in TEAMS}
    found[PRACTICE_OF[RATE]] |= {month: of(people) for month, (_, people, *_) in RATES.items()}
    found[PRACTICE_OF[STANDARD]] = {"always": standard}
    return found


def admitted(team: str, person: str, admidate: str, disdate: str | None, **others: Any) -> Row:
    return {
        "practice_code": PRACTICE_OF[team],
        "person_id": f"{team} {person}",
        "admidate": admidate,
        "disdate": disdate,
        **others,
    }


def rates() -> list[Row]:
    return [
        admitted(RATE, f"{month} {n}", f"{month}-10", f"{month}-10")
        for month, (events, *_) in RATES.items()
        for n in range(events)
    ]


def standardised() -> list[Row]:
    """Each event is another person's, so that there are no repeats."""
    return [
        admitted(STANDARD, f"{band} {n}", "2025-01-10", "2025-01-11", age_years=90 if band == "90_plus" else int(band.split("_")[0]))
        for band, events in zip(BANDS, DSR_EVENTS, strict=True)
        for n in range(events)
    ]  # fmt: skip


def one_patient_four_stays() -> list[Row]:
    """Stays A (two episodes), B (elsewhere, a transfer), C and D."""
    first = {"provider_code": "RVV", "provspnops": "A", "admidate": "2025-03-01"}
    not_ended = {"disdate": None, "dismeth": "8", "disdest": "98", "spelend": "N"}
    return [
        admitted(STAYS, "P", "2025-03-01", None) | {**first, "epistart": "2025-03-01", "epiend": "2025-03-03"} | not_ended,
        admitted(STAYS, "P", "2025-03-01", "2025-03-07", disdest="51")
        | {**first, "epistart": "2025-03-03", "epiend": "2025-03-07", "epiorder": 2},
        admitted(STAYS, "P", "2025-03-07", "2025-03-12", provider_code="RN7", admimeth="81", admisorc="51"),
        admitted(STAYS, "P", "2025-03-20", "2025-03-22", provider_code="RVV"),
        admitted(STAYS, "P", "2025-03-23", "2025-03-25", provider_code="RVV"),
    ]  # fmt: skip


def gaps() -> list[Row]:
    """A transfer after two days belongs to the stay, after three days it does not."""
    return [
        row
        for person, later in (("two days", "2025-05-12"), ("three days", "2025-05-13"))
        for row in (
            admitted(GAPS, person, "2025-05-01", "2025-05-10", disdest="51"),
            admitted(GAPS, person, later, "2025-05-20", provider_code="RN7", admimeth="81"),
        )
    ]


def windows() -> list[Row]:
    """Six people discharged on 1 October 2025, back after 29, 30, 59, 60, 89 and 90 days; and one of December, for maturity."""
    backs = ("2025-10-30", "2025-10-31", "2025-11-29", "2025-11-30", "2025-12-29", "2025-12-30")
    rows = [
        row
        for back in backs
        for row in (
            admitted(WINDOWS, back, "2025-09-28", "2025-10-01"),
            admitted(WINDOWS, back, back, "2026-01-05"),
        )
    ]
    return [*rows, admitted(WINDOWS, "December", "2025-12-01", "2025-12-02")]


def missed_appointments() -> list[Row]:
    return [
        {
            "practice_code": PRACTICE_OF[PROPORTION],
            "person_id": f"{month} {n}",
            "appointment_date": f"{month}-10",
            "appt_status": "DNA" if n < missed else "Attended",
        }
        for month, (missed, known, *_) in PROPORTIONS.items()
        for n in range(known)
    ]


def rows() -> Rows:
    nights = [admitted(NIGHTS, "P", "2020-09-20", "2020-12-31")]
    return {
        "hes_apc": [*rates(), *standardised(), *one_patient_four_stays(), *gaps(), *windows(), *nights],
        "gp_appointments": missed_appointments(),
        "gp_payments": [
            # 1,000.00 over twelve months does not come out even
            {"practice_code": PRACTICE_OF[NIGHTS], "registered_patients": 100, "payments_gbp": "1000.00"}
        ],
    }
