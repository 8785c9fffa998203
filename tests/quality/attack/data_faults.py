"""Faults in delivered data and reference tables, one small function each, planted in the newest delivery of a clean demo."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import duckdb

from orchestration.synthetic.faults import FAULTS as NAMED_FAULTS
from orchestration.synthetic.faults import Scene
from orchestration.synthetic.plan import DemoPlan
from tests.quality.attack.landed import Landed, Row, moved

Fault = Callable[[Landed], int]
DATA_FAULTS: dict[str, tuple[str, Fault]] = {}

EVENTS = {
    # feed: person, provider, date, key, sex, practice, every date that moves together
    "hes_apc": (
        "TOKEN_PERSON_ID",
        "PROCODE3",
        "EPIEND",
        "EPIKEY",
        "SEX",
        "GPPRAC",
        ("ADMIDATE", "EPISTART", "EPIEND", "DISDATE"),
    ),
    "hes_op": ("TOKEN_PERSON_ID", "PROCODE3", "APPTDATE", "ATTENDKEY", "SEX", "GPPRAC", ("APPTDATE",)),
    "ecds": (
        "TOKEN_PERSON_ID",
        "PROVIDER_CODE",
        "ARRIVAL_DATE",
        "EPIKEY",
        "STATED_GENDER",
        "PRACTICE_CODE_PATIENT_REGISTRATION",
        ("ARRIVAL_DATE", "DEPARTURE_DATE"),
    ),
    "gp_appointments": (
        "PERSON_ID",
        "",
        "APPOINTMENT_DATE",
        "APPOINTMENT_ID",
        "SEX",
        "PRACTICE_CODE",
        ("APPOINTMENT_DATE", "BOOKED_DATE"),
    ),
}
WORDS = {
    "hes_apc": "admissions",
    "hes_op": "outpatients",
    "ecds": "emergency care",
    "gp_appointments": "GP appointments",
}
SWAPPED = {"1": "2", "2": "1", "M": "F", "F": "M", "MALE": "FEMALE", "FEMALE": "MALE"}
PRICE, ACTIVITY = "CONTRACT MONITORING ACTUAL PRICE", "CONTRACT MONITORING ACTUAL ACTIVITY"


def fault(name: str, group: str) -> Callable[[Fault], Fault]:
    def register(function: Fault) -> Fault:
        assert name not in DATA_FAULTS
        DATA_FAULTS[name] = (group, function)
        return function

    return register


def set_to(**values: str) -> Callable[[Row], None]:
    return lambda row: row.update({key: value for key, value in values.items() if key in row})


def largest_provider(landed: Landed, feed: str, column: str) -> str:
    counts: dict[str, int] = {}
    landed.each(feed, lambda row: counts.__setitem__(row[column], counts.get(row[column], 0) + 1))
    return max(counts, key=lambda code: counts[code])


def is_last_month(landed: Landed, date: str) -> Callable[[Row], bool]:
    return lambda row: row[date].startswith(landed.last_month)


def event_faults(feed: str) -> None:
    """The faults that any feed of events can have."""
    person, provider, date, key, sex, practice, dates = EVENTS[feed]
    word = WORDS[feed]

    def of_provider(landed: Landed) -> Callable[[Row], bool]:
        if not provider:
            return lambda row: True
        code = largest_provider(landed, feed, provider)
        return lambda row: row[provider] == code

    @fault(f"{word}: a provider's file doubled under new keys", "volume")
    def doubled(landed: Landed) -> int:
        chosen = of_provider(landed)
        return landed.rewrite(
            feed, lambda rows: rows + [{**row, key: f"9{row[key]}"[:19]} for row in rows if chosen(row)]
        )

    @fault(f"{word}: the last month cut in half", "volume")
    def cut_in_half(landed: Landed) -> int:
        return landed.keep(feed, lambda row: not (row[date].startswith(landed.last_month) and row[date][8:] > "15"))

    @fault(f"{word}: every second row of a provider's last month lost", "volume")
    def every_second(landed: Landed) -> int:
        chosen, turn = of_provider(landed), itertools.count()
        return landed.keep(feed, lambda row: not (chosen(row) and is_last_month(landed, date)(row) and next(turn) % 2))

    @fault(f"{word}: a month in the middle lost", "volume")
    def lost_month(landed: Landed) -> int:
        return landed.keep(feed, lambda row: not row[date].startswith("2025-07"))

    @fault(f"{word}: sexes swapped", "people")
    def sexes(landed: Landed) -> int:
        return landed.each(feed, lambda row: row.update({sex: SWAPPED.get(row[sex].upper(), row[sex])}))

    @fault(f"{word}: people re-keyed", "people")
    def rekeyed(landed: Landed) -> int:
        return landed.each(
            feed,
            lambda row: row.update({person: row[person] and hashlib.md5(row[person].encode()).hexdigest().upper()}),
        )

    @fault(f"{word}: people mixed up among each other", "people")
    def mixed(landed: Landed) -> int:
        def rows(found: list[Row]) -> list[Row]:
            people = sorted({row[person] for row in found if row[person]})
            other = dict(zip(people, random.Random(1).sample(people, len(people)), strict=True))
            return [{**row, person: other.get(row[person], "")} for row in found]

        return landed.rewrite(feed, rows)

    @fault(f"{word}: nobody has an identifier", "people")
    def nobody(landed: Landed) -> int:
        return landed.each(feed, set_to(**{person: ""}))

    @fault(f"{word}: dates moved by a day", "dates")
    def moved_by_a_day(landed: Landed) -> int:
        return landed.each(feed, lambda row: row.update({name: moved(row[name], -1) for name in dates}))

    @fault(f"{word}: every practice unknown", "codes")
    def no_practice(landed: Landed) -> int:
        return landed.each(feed, set_to(**{practice: "V81999"}))

    @fault(f"{word}: one practice for everyone", "codes")
    def one_practice(landed: Landed) -> int:
        return landed.each(feed, set_to(**{practice: "Z10001"}))


for each_feed in EVENTS:
    event_faults(each_feed)


def constant(name: str, feed: str, group: str = "codes", **values: str) -> None:
    DATA_FAULTS[name] = (group, lambda landed: landed.each(feed, set_to(**values)))


constant("admissions: all by the emergency department", "hes_apc", ADMIMETH="21")
constant("admissions: all elective", "hes_apc", ADMIMETH="11")
constant("admissions: all episodes unfinished", "hes_apc", EPISTAT="1")
constant("admissions: all day cases", "hes_apc", CLASSPAT="2")
constant("admissions: every episode the first", "hes_apc", EPIORDER="01")
constant("admissions: nobody discharged", "hes_apc", DISDATE="", DISMETH="8")
constant("admissions: no diagnosis", "hes_apc", DIAG_4_01="")
constant("outpatients: everybody attended", "hes_op", ATTENDED="5")
constant("outpatients: nobody attended", "hes_op", ATTENDED="3")
constant("outpatients: all follow-ups", "hes_op", FIRSTATT="2")
constant("emergency care: all type 1", "ecds", DEPARTMENT_TYPE="01")
constant("emergency care: all planned", "ecds", ATTENDANCE_CATEGORY="4")
constant("emergency care: zero minutes for unknown", "ecds", "zeros", DEPARTURE_TIME_SINCE_ARRIVAL="0")
constant("GP appointments: everybody attended", "gp_appointments", APPT_STATUS="Attended")
constant("GP appointments: all unknown status", "gp_appointments", APPT_STATUS="Unknown")
constant("GP appointments: all with a GP", "gp_appointments", HCP_TYPE="GP")
constant("GP appointments: zero minutes for unknown", "gp_appointments", "zeros", DURATION_MINUTES="0")
constant("contracts: no prices", "contract_activity", "money", **{PRICE: ""})
constant("contracts: zero pounds for unknown", "contract_activity", "money", **{PRICE: "0"})
constant("contracts: activity of zero", "contract_activity", "zeros", **{ACTIVITY: "0"})


def times(row: Row, factor: float) -> None:
    row[PRICE] = str(round(float(row[PRICE]) * factor, 2)) if row[PRICE] else ""


@fault("contracts: pounds as pence", "money")
def pence(landed: Landed) -> int:
    return landed.each("contract_activity", lambda row: times(row, 100))


@fault("contracts: one provider in thousands of pounds", "money")
def thousands(landed: Landed) -> int:
    code = "ORGANISATION IDENTIFIER (CODE OF PROVIDER)"
    chosen = largest_provider(landed, "contract_activity", code)
    return landed.each("contract_activity", lambda row: times(row, 0.001), lambda row: row[code] == chosen)


@fault("contracts: every line twice", "money")
def lines_twice(landed: Landed) -> int:
    return landed.rewrite("contract_activity", lambda rows: rows + [dict(row) for row in rows])


@fault("ages: months instead of years", "people")
def ages_in_months(landed: Landed) -> int:
    return landed.each(
        "hes_op", lambda row: row.update({"APPTAGE": str(int(row["APPTAGE"]) * 12) if row["APPTAGE"].isdigit() else ""})
    )


@fault("ages: everybody fifty years older", "people")
def ages_older(landed: Landed) -> int:
    column = "AGE_AT_ARRIVAL"
    return landed.each(
        "ecds", lambda row: row.update({column: str(min(119, int(row[column]) + 50)) if row[column].isdigit() else ""})
    )


@fault("map: a practice mapped twice", "map")
def mapped_twice(landed: Landed) -> int:
    def rows(found: list[Row]) -> list[Row]:
        other = next(row for row in found if row["INT_CODE"] != found[0]["INT_CODE"] and not row["VALID_TO"])
        return [*found, {**other, "PRACTICE_CODE": found[0]["PRACTICE_CODE"]}]

    return landed.rewrite("int_membership", rows)


@fault("map: a team lost", "map")
def team_lost(landed: Landed) -> int:
    return landed.keep("int_membership", lambda row: row["INT_CODE"] != "INT03")


@fault("map: a tenth of the practices lost", "map")
def practices_lost(landed: Landed) -> int:
    return landed.keep("int_membership", lambda row: not row["PRACTICE_CODE"].endswith("7"))


@fault("map: all practices in one team", "map")
def one_team(landed: Landed) -> int:
    return landed.each("int_membership", set_to(INT_CODE="INT01", INT_NAME="One INT"))


@fault("map: team codes renamed", "map")
def teams_renamed(landed: Landed) -> int:
    return landed.each("int_membership", lambda row: row.update(INT_CODE=row["INT_CODE"].replace("INT", "NEW")))


@fault("map: teams dealt out anew", "map")
def teams_shuffled(landed: Landed) -> int:
    def rows(found: list[Row]) -> list[Row]:
        order = random.Random(1).sample(range(len(found)), len(found))
        names = ("INT_CODE", "INT_NAME", "PCN_CODE", "PCN_NAME", "HCP_CODE", "HCP_NAME", "GO_LIVE_MONTH")
        return [
            {**row, **{name: found[other][name] for name in names}} for row, other in zip(found, order, strict=True)
        ]

    return landed.rewrite("int_membership", rows)


@fault("map: starts after the data cut", "map")
def map_in_future(landed: Landed) -> int:
    return landed.each("int_membership", set_to(VALID_FROM="2026-04-01"))


@fault("list: sexes swapped", "list")
def list_sexes(landed: Landed) -> int:
    return landed.each("gp_registrations", lambda row: row.update(SEX=SWAPPED.get(row["SEX"].upper(), row["SEX"])))


@fault("list: half of the practices missing", "list")
def half_list(landed: Landed) -> int:
    return landed.keep("gp_registrations", lambda row: row["ORG_CODE"][-1] in "02468")


@fault("list: every number doubled", "list")
def list_doubled(landed: Landed) -> int:
    return landed.each(
        "gp_registrations", lambda row: row.update(NUMBER_OF_PATIENTS=str(2 * int(row["NUMBER_OF_PATIENTS"])))
    )


@fault("list: zeros for everyone", "list")
def list_zeros(landed: Landed) -> int:
    return landed.each("gp_registrations", set_to(NUMBER_OF_PATIENTS="0"))


@fault("list: women only", "list")
def women_only(landed: Landed) -> int:
    return landed.keep("gp_registrations", lambda row: row["SEX"].upper() != "MALE")


@fault("list: an old one under this month's date", "list")
def list_again(landed: Landed) -> int:
    """Every cell as in the list of the delivery before."""
    earlier = Landed(
        sorted(path for path in landed.folder.parent.iterdir() if path.is_dir() and path.name < landed.delivery)[-1]
    )

    def name(row: Row) -> tuple[str, ...]:
        return row["ORG_TYPE"], row["ORG_CODE"], row["SEX"], row["AGE_GROUP_5"]

    newest = max(earlier.files("gp_registrations"), key=lambda path: path.name)
    with newest.open(encoding="utf-8-sig", newline="") as file:
        cells = {name(row): row["NUMBER_OF_PATIENTS"] for row in csv.DictReader(file)}
    return landed.each(
        "gp_registrations", lambda row: row.update(NUMBER_OF_PATIENTS=cells.get(name(row), row["NUMBER_OF_PATIENTS"]))
    )


@fault("list: half a year old", "list")
def old_list(landed: Landed) -> int:
    for path in sorted(landed.folder.parent.glob("2025-*/gp_registrations/*")):
        earlier = Landed(path.parents[1])
        if earlier.delivery != landed.delivery:
            path.unlink()
            (earlier.folder / "gp_registrations" / path.name).write_bytes(
                landed.files("gp_registrations")[0].read_bytes()
            )
    return sum(
        Landed(folder).each("gp_registrations", set_to(EXTRACT_DATE="2025-04-01"))
        for folder in sorted(landed.folder.parent.glob("2025-*"))
    )


@fault("opt-outs: a list that matches nobody", "people")
def opt_outs_of_nobody(landed: Landed) -> int:
    return landed.each(
        "opt_outs", lambda row: row.update(PERSON_ID=hashlib.md5(row["PERSON_ID"].encode()).hexdigest().upper())
    )


@fault("file: NHS numbers instead of pseudonyms", "file")
def nhs_numbers(landed: Landed) -> int:
    def number(row: Row) -> None:
        digits = [
            int(digit) for digit in f"{int(hashlib.md5(row['TOKEN_PERSON_ID'].encode()).hexdigest(), 16) % 10**9:09d}"
        ]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        row["TOKEN_PERSON_ID"] = "".join(map(str, digits)) + str(0 if check == 11 else check if check < 10 else 1)

    return landed.each("hes_op", number)


@fault("file: empty", "file")
def empty_file(landed: Landed) -> int:
    landed.files("ecds")[0].write_text("")
    return 1


@fault("file: header only", "file")
def header_only(landed: Landed) -> int:
    return landed.keep("ecds", lambda row: False)


@fault("file: another feed's rows", "file")
def other_feed(landed: Landed) -> int:
    landed.files("ecds")[0].write_bytes(landed.files("hes_op")[0].read_bytes())
    return 1


@fault("file: required feed not delivered", "file")
def not_delivered(landed: Landed) -> int:
    landed.files("hes_op")[0].unlink()
    return 1


@fault("file: truncated in the middle of a row", "file")
def truncated(landed: Landed) -> int:
    path = landed.files("hes_op")[0]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return 1


@fault("file: an earlier month's file sent again", "file")
def last_months_file(landed: Landed) -> int:
    """Nothing of the newest month, as when the wrong file is attached."""
    return landed.keep("hes_op", lambda row: row["APPTDATE"] < f"{landed.last_month}-01")


def named_fault(name: str) -> Fault:
    """A fault of the demo generator (`int-marts demo --faults`), planted in what has landed already."""

    def plant(landed: Landed) -> int:
        year, month = (int(part) for part in landed.last_month.split("-"))
        plan = cast(DemoPlan, SimpleNamespace(last_month=dt.date(year, month, 1)))
        with duckdb.connect() as connection:
            NAMED_FAULTS[name].plant(Scene(connection, plan, landed.folder))
        return 1

    return plant


for each_name in sorted(NAMED_FAULTS):
    DATA_FAULTS[f"demo: {each_name.replace('_', ' ')}"] = ("demo", named_fault(each_name))
