"""Small random histories of one person, drawn by dice: full of ties, same-day moves, overlaps and half-known rows.

A history is a list of rows by feed, as the publisher would deliver them (HES and ECDS column names, dates as text).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

Rows = dict[str, list[dict[str, object]]]

FIRST_DAY = date(2023, 4, 1)
# leap day, turns of year and of financial year, the data cut
LANDMARKS = [date(2023, 4, 1), date(2023, 12, 31), date(2024, 2, 28), date(2024, 3, 31), date(2024, 12, 30)]
DATA_CUT = date(2025, 3, 31)
GAPS_DAYS = [-9, -2, -1, 0, 0, 0, 1, 1, 2, 2, 3, 5, 28, 29, 30, 31, 58, 59, 60, 88, 89, 90, 91, 200, 364, 365, 366]
# once more the days on either side of each end of a window, of readmissions and of transfers
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


def pick(dice: Random, options: list) -> object:
    return options[dice.randint(0, len(options) - 1)]


def history_of_one_person(dice: Random) -> Rows:
    """Everything that happened to one person. Keys and the person id are put in by the caller."""
    person = {
        "practice": pick(dice, PRACTICES),
        "age": pick(dice, AGES),
        "sex": pick(dice, SEXES),
        "is_nobody": dice.randint(0, 19) == 0,
    }
    rows: Rows = {"hes_apc": [], "hes_op": [], "ecds": [], "gp_appointments": []}
    start = pick(dice, LANDMARKS) + timedelta(days=dice.randint(0, 30))
    for number in range(dice.randint(0, 6)):
        start, spell_rows = spell(dice, person, start, number)
        rows["hes_apc"] += spell_rows
    rows["ecds"] = attendances(dice, person)
    rows["hes_op"] = [outpatient(dice, person) for _ in range(dice.randint(0, 3))]
    rows["gp_appointments"] = [gp_appointment(dice, person) for _ in range(dice.randint(0, 2))]
    for feed in rows.values():
        for row in feed:
            row["is_nobody"] = person["is_nobody"]
    return rows


def own_practice(dice: Random, person: dict) -> object:
    """Mostly the person's own; sometimes another one, sometimes nothing usable."""
    luck = dice.randint(0, 9)
    return pick(dice, ODD_PRACTICES) if luck == 0 else pick(dice, PRACTICES) if luck == 1 else person["practice"]


def spell(dice: Random, person: dict, previous: date, number: int) -> tuple[date, list[dict[str, object]]]:
    """One to three episodes; the next spell is placed from this one's end, sometimes before it (nested, overlapping)."""
    admitted = previous + timedelta(days=pick(dice, GAPS_DAYS)) if number else previous
    admitted = min(max(admitted, FIRST_DAY), DATA_CUT)
    length = pick(dice, LENGTHS_DAYS)
    ended = admitted + timedelta(days=length)
    is_open = ended > DATA_CUT or dice.randint(0, 24) == 0
    episodes = dice.randint(1, 3) if length else dice.choice([1, 1, 2])
    # a lost discharge: everything is finished and no episode says when the patient left
    is_lost = dice.randint(0, 19) == 0
    # how the provider numbers its spells: by SUS, by itself, by neither; one number may serve two providers
    numbering = dice.randint(0, 3)
    shared = {
        "PROCODE3": pick(dice, PROVIDERS),
        "ADMIDATE": admitted.isoformat(),
        "ADMIMETH": pick(dice, ADMISSION_METHODS),
        "ADMISORC": pick(dice, SOURCES),
        "CLASSPAT": dice.choice(["1", "1", "1", "1", "2", "3", "4", "5"]),
        "EPITYPE": dice.choice(["1", "1", "1", "1", "1", "2", "3", "4", "5", "6"]),
        "STARTAGE": person["age"],
        "SEX": person["sex"],
        "SUSSPELLID": f"{number + 1}" if numbering == 0 else dice.choice(["", "-1"]),
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
                "EPIEND": finishes.isoformat() if is_finished else dice.choice(["", "1800-01-01"]),
                "EPIORDER": str(position + 1),
                "EPISTAT": "3" if is_finished else "1",
                "DISDATE": ended.isoformat() if is_last and is_finished and not is_lost else "",
                "DISMETH": pick(dice, DISCHARGE_METHODS) if is_last and is_finished else "8",
                "DISDEST": pick(dice, DESTINATIONS) if is_last and is_finished else "98",
                "MAINSPEF": pick(dice, SPECIALTIES) if dice.random() < 0.5 else "300",
                "TRETSPEF": pick(dice, SPECIALTIES),
                "GPPRAC": own_practice(dice, person),
                "DIAG_4_01": pick(dice, DIAGNOSES),
                "DIAG_4_03": pick(dice, DIAGNOSES) if dice.random() < 0.5 else "",
                "OPERTN_4_01": pick(dice, OPERATIONS),
                "ADMINCAT": dice.choice(["01", "01", "01", "02"]),
            }
        )
        # a number that is missing here, or another one: spells that only other episodes tie together
        if dice.randint(0, 5) == 0:
            found[-1] |= {dice.choice(["SUSSPELLID", "PROVSPNOPS"]): dice.choice(["", "-1", f"{number}", f"S{number}"])}
        if not is_finished:
            break
        begins = finishes
    return min(ended, DATA_CUT), found


def attendances(dice: Random, person: dict) -> list[dict[str, object]]:
    """Arrivals minutes apart, also across midnight, at the same or another site, of every type and category."""
    found: list[dict[str, object]] = []
    at = datetime.combine(pick(dice, LANDMARKS) + timedelta(days=dice.randint(0, 20)), datetime.min.time())
    at += timedelta(minutes=dice.choice([0, 5, 600, 1380, 1410, 1439]))
    for _ in range(dice.choice([0, 1, 2, 3, 6, 9])):
        found.append(
            {
                "ARRIVAL_DATE": at.date().isoformat(),
                "ARRIVAL_TIME": "" if dice.randint(0, 14) == 0 else at.strftime("%H:%M:%S"),
                "DEPARTMENT_TYPE": dice.choice(["01", "01", "1", "02", "03", "04", "05", "05", "", "99"]),
                "ATTENDANCE_CATEGORY": dice.choice(["1", "1", "2", "3", "4", "", "9"]),
                "PROVIDER_CODE": "RZ1",
                "SITE": dice.choice(["RZ101", "RZ101", "RZ101", "RZ102", ""]),
                "AGE_AT_ARRIVAL": person["age"],
                "STATED_GENDER": person["sex"],
                "PRACTICE_CODE_PATIENT_REGISTRATION": own_practice(dice, person),
            }
        )
        at += timedelta(minutes=dice.choice([0, 1, 30, 59, 60, 61, 119, 120, 121, 1440, 43_200, 100_000]))
    return [row for row in found if date.fromisoformat(str(row["ARRIVAL_DATE"])) <= DATA_CUT]


def outpatient(dice: Random, person: dict) -> dict[str, object]:
    seen = FIRST_DAY + timedelta(days=dice.randint(0, (DATA_CUT - FIRST_DAY).days))
    asked = (seen - timedelta(days=dice.choice([-1, 0, 10, 90, 400]))).isoformat()
    return {
        "APPTDATE": seen.isoformat(),
        "ATTENDED": dice.choice(["5", "5", "5", "6", "7", "2", "3", "4", "9", ""]),
        "FIRSTATT": dice.choice(["1", "1", "2", "3", "4", "5", "X", "9", ""]),
        "REFSOURC": dice.choice(["03", "03", "3", "05", "12", "99"]),
        "REQDATE": dice.choice([asked, asked, asked, "1800-01-01", "1801-01-01", ""]),
        "WAIT_IND": "0",
        "PROCODE3": pick(dice, PROVIDERS),
        "MAINSPEF": pick(dice, SPECIALTIES),
        "TRETSPEF": pick(dice, SPECIALTIES),
        "APPTAGE": person["age"],
        "SEX": person["sex"],
        "GPPRAC": own_practice(dice, person),
        "OPERTN_4_01": pick(dice, OPERATIONS),
    }


def gp_appointment(dice: Random, person: dict) -> dict[str, object]:
    seen = FIRST_DAY + timedelta(days=dice.randint(0, (DATA_CUT - FIRST_DAY).days))
    return {
        "PRACTICE_CODE": own_practice(dice, person),
        "APPOINTMENT_DATE": seen.isoformat(),
        "BOOKED_DATE": seen.isoformat(),
        "APPT_STATUS": dice.choice(["Attended", "Attended", "DNA", "Unknown"]),
        "HCP_TYPE": dice.choice(["GP", "Other Practice staff", "Unknown"]),
        "APPT_MODE": "Face-to-Face",
        "NATIONAL_CATEGORY": "General Consultation Routine",
        "DURATION_MINUTES": "10",
        "AGE": person["age"] if not str(person["age"]).startswith("70") else "0",
        "SEX": person["sex"],
        "ETHNOS": "A",
        "LSOA11": "",
    }


def draw_histories(number: int, seed: int = 20_241_121) -> list[Rows]:
    """`number` histories, always the same ones for a seed.

    A plain generator and no property-testing library: one that looks for failing cases repeats and varies what it drew before, and
    two thousand near copies of a few hundred people would be far fewer cases than they look.
    """
    dice = Random(seed)
    return [history_of_one_person(dice) for _ in range(number)]
