"""What one delivered row means: plain records, made from the columns' published names and nothing else.

Every record is built from the meaning of the source columns (HES Technical Output Specification, ECDS and list-size
headers), so that the judge shares no code with ingest. `C1` … `C14` are the parts of the written definitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

NOBODY_PRACTICES = {"V81997", "V81998", "V81999"}
NULL_DATES = {date(1800, 1, 1), date(1801, 1, 1)}
Row = Mapping[str, str]


def text(value: str | None) -> str | None:
    """A code as text: stripped, upper case, `5.0` for 5 mended, blanks and the HES marks `-` and `&` are nothing."""
    if value is None:
        return None
    value = value.strip().upper()
    if re.fullmatch(r"-?\d+\.0+", value):
        value = value.split(".")[0]
    return None if value in {"", "-", "&", "NULL"} else value


def day(value: str | None) -> date | None:
    """A date in one of the seven spellings; the HES null dates 1800-01-01 and 1801-01-01 are nothing."""
    value = (value or "").strip()
    if not value:
        return None
    value = re.split(r" |(?<=\d)T(?=\d)", value)[0]
    for pattern in ("%Y-%m-%d", "%Y%m%d", "%d%b%Y", "%d/%m/%Y"):
        try:
            found = datetime.strptime(value, pattern).date()
        except ValueError:
            continue
        return None if found in NULL_DATES else found
    return None


def moment(value: str | None) -> datetime | None:
    value = (value or "").strip()
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d"):
        try:
            return datetime.strptime(value, pattern)
        except ValueError:
            continue
    return None


def clock(value: str | None) -> time | None:
    """`hhmm`, `hh:mm` or `hh:mm:ss`; 3000 = invalid and 4000 = null (legacy A&E) are nothing."""
    fields = re.fullmatch(r"(\d\d):?(\d\d)(?::?(\d\d)(?:\.\d+)?)?", (value or "").strip())
    if fields is None:
        return None
    hours, minutes, seconds = (int(field or 0) for field in fields.groups())
    return time(hours, minutes, seconds) if hours < 24 and minutes < 60 and seconds < 60 else None


def age(value: str | None) -> int | None:
    """Whole years; 7001-7007 are parts of the first year of life; above 130 or below 0 is unknown (TOS)."""
    value = text(value)
    if value is None or not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return None
    years = int(float(value))
    if 7001 <= years <= 7007:
        return 0
    return years if 0 <= years <= 130 else None


def practice(value: str | None) -> str | None:
    """C1: usable = a letter and five digits, and not one of the three `no practice` codes."""
    value = text(value)
    if value is None or not re.fullmatch(r"[A-Z]\d{5}", value) or value in NOBODY_PRACTICES:
        return None
    return value


def sex(value: str | None) -> str:
    """C14: 1/M/MALE, 2/F/FEMALE, else unknown."""
    return {"1": "male", "M": "male", "MALE": "male", "2": "female", "F": "female", "FEMALE": "female"}.get(
        text(value) or "", "unknown"
    )


def month_of(value: date) -> date:
    return value.replace(day=1)


def codes(row: Row, prefix: str, count: int) -> tuple[str, ...]:
    """The non-blank codes of numbered columns (`DIAG_4_01` …), in order, without dots and blanks."""
    found = []
    for position in range(1, count + 1):
        value = row.get(f"{prefix}{position:02d}") or row.get(f"{prefix}{position}")
        value = text(value)
        if value is not None:
            value = value.replace(".", "").replace(" ", "").strip("-")
            if value and value != "&":
                found.append(value)
    return tuple(found)


def diagnoses(row: Row) -> tuple[str, ...]:
    """The codes of an episode, the primary one first; blank in its place where position 01 is (positions may have gaps)."""
    found = codes(row, "DIAG_4_", 20)
    return found if codes(row, "DIAG_4_", 1) or not found else ("", *found)


def person(row: Row) -> str | None:
    """A null person id is nobody (C1). HES: TOKEN_PERSON_ID, else PSEUDO_HESID (design 4.2); the two do not link."""
    for name in ("TOKEN_PERSON_ID", "PSEUDO_HESID", "PERSON_ID", "PATIENT_ID", "NHS NUMBER"):
        if name in row:
            return text(row[name])
    return None


@dataclass(frozen=True)
class Episode:
    """One HES admitted-patient-care episode. Names are the lake's canonical column names."""

    epikey: str
    person_id: str | None
    provider_code: str | None
    susspellid: str | None
    provspnops: str | None
    admidate: date | None
    admimeth: str | None
    admisorc: str | None
    admincat: str | None
    classpat: str | None
    epistart: date | None
    epiend: date | None
    epiorder: int | None
    epistat: str | None
    epitype: str | None
    disdate: date | None
    dismeth: str | None
    disdest: str | None
    age_years: int | None
    sex: str
    practice_code: str | None
    mainspef: str | None
    tretspef: str | None
    diagnosis_codes: tuple[str, ...]
    procedure_codes: tuple[str, ...]

    @classmethod
    def from_row(cls, row: Row) -> Episode:
        order = text(row.get("EPIORDER"))
        spell = text(row.get("SUSSPELLID"))
        return cls(
            epikey=text(row.get("EPIKEY")) or "",
            person_id=person(row),
            provider_code=text(row.get("PROCODE3")) or text(row.get("PROCODE5")),
            susspellid=None if spell in {"-1", "0"} else spell,
            provspnops=text(row.get("PROVSPNOPS")),
            admidate=day(row.get("ADMIDATE")),
            admimeth=text(row.get("ADMIMETH")),
            admisorc=text(row.get("ADMISORC")),
            admincat=text(row.get("ADMINCAT")),
            classpat=text(row.get("CLASSPAT")),
            epistart=day(row.get("EPISTART")),
            epiend=day(row.get("EPIEND")),
            epiorder=int(order) if order and order.isdigit() else None,
            epistat=text(row.get("EPISTAT")),
            epitype=text(row.get("EPITYPE")),
            disdate=day(row.get("DISDATE")),
            dismeth=text(row.get("DISMETH")),
            disdest=text(row.get("DISDEST")),
            age_years=age(row.get("STARTAGE") or row.get("ADMIAGE")),
            sex=sex(row.get("SEX")),
            practice_code=practice(row.get("GPPRAC")),
            mainspef=text(row.get("MAINSPEF")),
            tretspef=text(row.get("TRETSPEF")),
            diagnosis_codes=diagnoses(row),
            procedure_codes=codes(row, "OPERTN_4_", 24),
        )


@dataclass(frozen=True)
class OutpatientAppointment:
    attendkey: str
    person_id: str | None
    provider_code: str | None
    apptdate: date | None
    age_years: int | None
    sex: str
    practice_code: str | None
    attended: str | None
    firstatt: str | None
    refsourc: str | None
    reqdate: date | None
    wait_ind: str | None
    mainspef: str | None
    tretspef: str | None
    priority: str | None
    procedure_codes: tuple[str, ...]

    @classmethod
    def from_row(cls, row: Row) -> OutpatientAppointment:
        return cls(
            attendkey=text(row.get("ATTENDKEY")) or "",
            person_id=person(row),
            provider_code=text(row.get("PROCODE3")) or text(row.get("PROCODE5")),
            apptdate=day(row.get("APPTDATE")),
            age_years=age(row.get("APPTAGE")),
            sex=sex(row.get("SEX")),
            practice_code=practice(row.get("GPPRAC")),
            attended=text(row.get("ATTENDED")),
            firstatt=text(row.get("FIRSTATT")),
            refsourc=text(row.get("REFSOURC")),
            reqdate=day(row.get("REQDATE")),
            wait_ind=text(row.get("WAIT_IND")),
            mainspef=text(row.get("MAINSPEF")),
            tretspef=text(row.get("TRETSPEF")),
            priority=text(row.get("PRIORITY")),
            procedure_codes=codes(row, "OPERTN_4_", 24),
        )


@dataclass(frozen=True)
class Attendance:
    """One urgent and emergency care attendance, from ECDS or (before 1 April 2020) from HES A&E."""

    key: str
    person_id: str | None
    site_code: str | None
    provider_code: str | None
    arrival_date: date | None
    arrival_time: time | None
    department_type: str | None
    category: str | None
    is_planned: bool
    age_years: int | None
    sex: str
    practice_code: str | None
    is_ecds: bool = True

    @classmethod
    def from_ecds(cls, row: Row) -> Attendance:
        category = text(row.get("ATTENDANCE_CATEGORY"))
        return cls(
            key=text(row.get("EPIKEY")) or "",
            person_id=person(row),
            site_code=text(row.get("SITE")),
            provider_code=text(row.get("PROVIDER_CODE")) or text(row.get("PROVIDER_CODE_DERIVED")),
            arrival_date=day(row.get("ARRIVAL_DATE")),
            arrival_time=clock(row.get("ARRIVAL_TIME")),
            department_type=two_digits(row.get("DEPARTMENT_TYPE")),
            category=category,
            is_planned=category == "4",
            age_years=age(row.get("AGE_AT_ARRIVAL")),
            sex=sex(row.get("STATED_GENDER") or row.get("SEX")),
            practice_code=practice(row.get("PRACTICE_CODE_PATIENT_REGISTRATION")),
        )

    @classmethod
    def from_hes_ae(cls, row: Row) -> Attendance:
        category = text(row.get("AEATTENDCAT"))
        return cls(
            key=text(row.get("AEKEY")) or "",
            person_id=person(row),
            site_code=text(row.get("SITETRET")),
            provider_code=text(row.get("PROCODE3")),
            arrival_date=day(row.get("ARRIVALDATE")),
            arrival_time=clock(row.get("ARRIVALTIME")),
            department_type=two_digits(row.get("AEDEPTTYPE")),
            category=category,
            is_planned=category == "2",
            age_years=age(row.get("ARRIVALAGE")),
            sex=sex(row.get("SEX")),
            practice_code=practice(row.get("GPPRAC")),
            is_ecds=False,
        )


def two_digits(value: str | None) -> str | None:
    value = text(value)
    return value.zfill(2) if value and value.isdigit() else value
