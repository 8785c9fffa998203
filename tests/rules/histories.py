"""Small random histories of one person, drawn by hypothesis: full of ties, same-day moves, overlaps and half-known rows.

A history is a list of rows by feed, as the publisher would deliver them (HES and ECDS column names, dates as text).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Rows = dict[str, list[dict[str, object]]]

FIRST_DAY = date(2023, 4, 1)
# leap day, turns of year and of financial year, the data cut
LANDMARKS = [date(2023, 4, 1), date(2023, 12, 31), date(2024, 2, 28), date(2024, 3, 31), date(2024, 12, 30)]
DATA_CUT = date(2025, 3, 31)
GAPS_DAYS = [-9, -2, -1, 0, 0, 0, 1, 1, 2, 2, 3, 5, 28, 29, 30, 31, 58, 59, 60, 88, 89, 90, 91, 200, 364, 365, 366]
# either side of each end of a window, of readmissions and of transfers, so that thousands of histories hold enough of them
GAPS_DAYS += [29, 30, 59, 60, 89, 90] * 3 + [1, 2, 2, 3, 3, 3] * 2 + [-20, -9, -5, -2, -1, 0] * 2
LENGTHS_DAYS = [0, 0, 0, 1, 1, 2, 3, 5, 12, 29, 40, 75]
PROVIDERS = ["RZ1", "RZ2", "RZ3"]
PRACTICES = [f"Y9{n:04d}" for n in range(1, 13)]
ODD_PRACTICES = ["", "V81997", "V81998", "V81999", "&", "A12345", "Z99999", "Y9000", "y90001"]
AGES = ["0", "5", "19", "20", "64", "65", "74", "75", "84", "85", "89", "90", "101", "120"]
AGES += ["7001", "7002", "7003", "7004", "7005", "7006", "7007", ""]
SEXES = ["1", "2", "2", "1", "9", "0", "X", ""]
ADMISSION_METHODS = [
    "21",
    "21",
    "22",
    "28",
    "2A",
    "2B",
    "2C",
    "2D",
    "11",
    "12",
    "13",
    "31",
    "32",
    "81",
    "82",
    "83",
    "89",
]
SOURCES = ["19", "19", "19", "29", "51", "51", "49", "52", "53", "87", "54"]
DESTINATIONS = ["19", "19", "19", "51", "51", "49", "50", "52", "53", "84", "54", "79"]
DISCHARGE_METHODS = ["1", "1", "1", "1", "2", "3", "4", "5", "6"]
SPECIALTIES = ["300", "300", "430", "100", "110", "501", "560", "610", "700", "715", "727", "728", "180", ""]
DIAGNOSES = ["J181", "I500", "C349", "C440", "C97X", "D371", "D489", "D50X", "Z511", "Z512", "Z513", "S720", "S099"]
DIAGNOSES += ["W010", "W199", "W200", "T981", "T98X", "E119", "N390", "F059", "X610", ""]
OPERATIONS = ["", "", "", "-", "&", "K401", "W381", "A559"]


def pick(draw: Callable, options: list) -> object:
    return options[draw(st.integers(0, len(options) - 1))]


@st.composite
def histories(draw: Callable) -> Rows:
    """Everything that happened to one person. Keys and the person id are put in by the caller."""
    person = {
        "practice": pick(draw, PRACTICES),
        "age": pick(draw, AGES),
        "sex": pick(draw, SEXES),
        "is_nobody": draw(st.integers(0, 19)) == 0,
    }
    rows: Rows = {"hes_apc": [], "hes_op": [], "ecds": [], "gp_appointments": []}
    start = pick(draw, LANDMARKS) + timedelta(days=draw(st.integers(0, 30)))
    for number in range(draw(st.integers(0, 6))):
        start, spell_rows = spell(draw, person, start, number)
        rows["hes_apc"] += spell_rows
    rows["ecds"] = attendances(draw, person)
    rows["hes_op"] = [outpatient(draw, person) for _ in range(draw(st.integers(0, 3)))]
    rows["gp_appointments"] = [gp_appointment(draw, person) for _ in range(draw(st.integers(0, 2)))]
    for feed in rows.values():
        for row in feed:
            row["is_nobody"] = person["is_nobody"]
    return rows


def own_practice(draw: Callable, person: dict) -> object:
    """Mostly the person's own; sometimes another one, sometimes nothing usable."""
    luck = draw(st.integers(0, 9))
    return pick(draw, ODD_PRACTICES) if luck == 0 else pick(draw, PRACTICES) if luck == 1 else person["practice"]


def spell(draw: Callable, person: dict, previous: date, number: int) -> tuple[date, list[dict[str, object]]]:
    """One to three episodes; the next spell is placed from this one's end, sometimes before it (nested, overlapping)."""
    admitted = previous + timedelta(days=pick(draw, GAPS_DAYS)) if number else previous
    admitted = min(max(admitted, FIRST_DAY), DATA_CUT)
    length = pick(draw, LENGTHS_DAYS)
    ended = admitted + timedelta(days=length)
    is_open = ended > DATA_CUT or draw(st.integers(0, 24)) == 0
    episodes = draw(st.integers(1, 3)) if length else draw(st.sampled_from([1, 1, 2]))
    # how the provider numbers its spells: by SUS, by itself, by neither; one number may serve two providers
    numbering = draw(st.integers(0, 3))
    shared = {
        "PROCODE3": pick(draw, PROVIDERS),
        "ADMIDATE": admitted.isoformat(),
        "ADMIMETH": pick(draw, ADMISSION_METHODS),
        "ADMISORC": pick(draw, SOURCES),
        "CLASSPAT": draw(st.sampled_from(["1", "1", "1", "1", "2", "3", "4", "5"])),
        "EPITYPE": draw(st.sampled_from(["1", "1", "1", "1", "1", "2", "3", "4", "5", "6"])),
        "STARTAGE": person["age"],
        "SEX": person["sex"],
        "SUSSPELLID": f"{number + 1}" if numbering == 0 else draw(st.sampled_from(["", "-1"])),
        "PROVSPNOPS": f"S{number + 1}" if numbering in (0, 1) else "",
    }
    found: list[dict[str, object]] = []
    begins = admitted
    for position in range(episodes):
        is_last = position == episodes - 1
        finishes = ended if is_last else begins + timedelta(days=min(length // episodes, (ended - begins).days))
        is_finished = not (is_last and is_open) and finishes <= DATA_CUT
        found.append(
            shared
            | {
                "EPISTART": begins.isoformat(),
                "EPIEND": finishes.isoformat() if is_finished else draw(st.sampled_from(["", "1800-01-01"])),
                "EPIORDER": str(position + 1),
                "EPISTAT": "3" if is_finished else "1",
                "DISDATE": ended.isoformat() if is_last and is_finished else "",
                "DISMETH": pick(draw, DISCHARGE_METHODS) if is_last and is_finished else "8",
                "DISDEST": pick(draw, DESTINATIONS) if is_last and is_finished else "98",
                "MAINSPEF": pick(draw, SPECIALTIES) if draw(st.booleans()) else "300",
                "TRETSPEF": pick(draw, SPECIALTIES),
                "GPPRAC": own_practice(draw, person),
                "DIAG_4_01": pick(draw, DIAGNOSES),
                "DIAG_4_03": pick(draw, DIAGNOSES) if draw(st.booleans()) else "",
                "OPERTN_4_01": pick(draw, OPERATIONS),
                "ADMINCAT": draw(st.sampled_from(["01", "01", "01", "02"])),
            }
        )
        if not is_finished:
            break
        begins = finishes
    return min(ended, DATA_CUT), found


def attendances(draw: Callable, person: dict) -> list[dict[str, object]]:
    """Arrivals minutes apart, also across midnight, at the same or another site, of every type and category."""
    found: list[dict[str, object]] = []
    at = datetime.combine(pick(draw, LANDMARKS) + timedelta(days=draw(st.integers(0, 20))), datetime.min.time())
    at += timedelta(minutes=draw(st.sampled_from([0, 5, 600, 1380, 1410, 1439])))
    for _ in range(draw(st.sampled_from([0, 1, 2, 3, 6, 9]))):
        found.append(
            {
                "ARRIVAL_DATE": at.date().isoformat(),
                "ARRIVAL_TIME": "" if draw(st.integers(0, 14)) == 0 else at.strftime("%H:%M:%S"),
                "DEPARTMENT_TYPE": draw(st.sampled_from(["01", "01", "1", "02", "03", "04", "05", "05", "", "99"])),
                "ATTENDANCE_CATEGORY": draw(st.sampled_from(["1", "1", "2", "3", "4", "", "9"])),
                "PROVIDER_CODE": "RZ1",
                "SITE": draw(st.sampled_from(["RZ101", "RZ101", "RZ101", "RZ102", ""])),
                "AGE_AT_ARRIVAL": person["age"],
                "STATED_GENDER": person["sex"],
                "PRACTICE_CODE_PATIENT_REGISTRATION": own_practice(draw, person),
            }
        )
        at += timedelta(minutes=draw(st.sampled_from([0, 1, 30, 59, 60, 61, 119, 120, 121, 1440, 43_200, 100_000])))
    return [row for row in found if date.fromisoformat(str(row["ARRIVAL_DATE"])) <= DATA_CUT]


def outpatient(draw: Callable, person: dict) -> dict[str, object]:
    seen = FIRST_DAY + timedelta(days=draw(st.integers(0, (DATA_CUT - FIRST_DAY).days)))
    asked = (seen - timedelta(days=draw(st.sampled_from([-1, 0, 10, 90, 400])))).isoformat()
    return {
        "APPTDATE": seen.isoformat(),
        "ATTENDED": draw(st.sampled_from(["5", "5", "5", "6", "7", "2", "3", "4", "9", ""])),
        "FIRSTATT": draw(st.sampled_from(["1", "1", "2", "3", "4", "5", "X", "9", ""])),
        "REFSOURC": draw(st.sampled_from(["03", "03", "3", "05", "12", "99"])),
        "REQDATE": draw(st.sampled_from([asked, asked, asked, "1800-01-01", "1801-01-01", ""])),
        "WAIT_IND": "0",
        "PROCODE3": pick(draw, PROVIDERS),
        "MAINSPEF": pick(draw, SPECIALTIES),
        "TRETSPEF": pick(draw, SPECIALTIES),
        "APPTAGE": person["age"],
        "SEX": person["sex"],
        "GPPRAC": own_practice(draw, person),
        "OPERTN_4_01": pick(draw, OPERATIONS),
    }


def gp_appointment(draw: Callable, person: dict) -> dict[str, object]:
    seen = FIRST_DAY + timedelta(days=draw(st.integers(0, (DATA_CUT - FIRST_DAY).days)))
    return {
        "PRACTICE_CODE": own_practice(draw, person),
        "APPOINTMENT_DATE": seen.isoformat(),
        "BOOKED_DATE": seen.isoformat(),
        "APPT_STATUS": draw(st.sampled_from(["Attended", "Attended", "DNA", "Unknown"])),
        "HCP_TYPE": draw(st.sampled_from(["GP", "Other Practice staff", "Unknown"])),
        "APPT_MODE": "Face-to-Face",
        "NATIONAL_CATEGORY": "General Consultation Routine",
        "DURATION_MINUTES": "10",
        "AGE": person["age"] if not str(person["age"]).startswith("70") else "0",
        "SEX": person["sex"],
        "ETHNOS": "A",
        "LSOA11": "",
    }


def draw_histories(number: int) -> list[Rows]:
    """`number` histories, always the same ones: hypothesis generates, nothing is replayed or stored."""
    found: list[Rows] = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def take(history: Rows) -> None:
        found.append(history)

    take()
    return found
