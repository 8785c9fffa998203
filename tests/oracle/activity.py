"""Visits, referrals, admissions and conditions, one function per rule (definitions C2, C7, C8, C13, C14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from .records import Attendance, Episode, OutpatientAppointment, moment, practice, text
from .stays import BIRTH_EPISODES, Spell

EMERGENCY_METHODS = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}
NON_EMERGENCY_METHODS = {"31", "32", "82", "83", "84", "89"}
# planning/NNHIP: what "specific acute" leaves out (part B section 14); 650-662 and 720-727 are ranges
NOT_SPECIFIC_ACUTE = (
    {"199", "223", "290", "291", "331", "344", "345", "346", "360", "424", "499", "501", "504", "560"}
    | {str(n) for n in range(650, 663)}
    | {"700", "710", "711", "712", "713", "715", "730", "840", "920"}
    | {str(n) for n in range(720, 728)}
)


def ae_setting(attendance: Attendance) -> str | None:
    """C7, C14: type 05 is same-day emergency care, every category; A&E is 01-04 and unknown, without planned ones."""
    if attendance.department_type == "05":
        return "same_day_emergency_care"
    return None if attendance.is_planned else "ae_attendance"


def ae_type(attendance: Attendance) -> str:
    if attendance.department_type == "05":
        return "sdec"
    known = {"01": "type_1", "02": "type_2", "03": "type_3", "04": "type_4"}
    return known.get(attendance.department_type or "", "unknown")


def kept_attendances(
    attendances: Iterable[Attendance], are_planned_compared: bool = False
) -> list[tuple[str, Attendance]]:
    """(setting, attendance) after C7's duplicate rule: same person and site within one setting, arriving within 60
    minutes (60 included) of the one kept, across midnight too; a missing time, site or person is no duplicate (C14)."""
    kept: list[tuple[str, Attendance]] = []
    groups: dict[tuple, list[tuple[datetime, Attendance]]] = defaultdict(list)
    for attendance in attendances:
        setting = ae_setting(attendance)
        if setting is None and not are_planned_compared:
            continue
        group = (setting or "ae_attendance", attendance.person_id, attendance.site_code)
        if None in group or attendance.arrival_time is None or attendance.arrival_date is None:
            if setting is not None:
                kept.append((setting, attendance))
            continue
        groups[group].append((datetime.combine(attendance.arrival_date, attendance.arrival_time), attendance))
    for (setting, _, _), arrivals in groups.items():
        last_kept: datetime | None = None
        for arrival, attendance in sorted(arrivals, key=lambda pair: (pair[0], pair[1].key)):
            if last_kept is not None and arrival - last_kept <= timedelta(minutes=60):
                continue
            last_kept = arrival
            if ae_setting(attendance) is not None:
                kept.append((setting, attendance))
    return kept


def outpatient_type(appointment: OutpatientAppointment) -> str | None:
    """C7: an operation code makes it a procedure; FIRSTATT 5 (RTT clock stop) is out."""
    if appointment.firstatt == "5":
        return None
    if appointment.procedure_codes:
        return "procedure"
    known = {"1": "first", "3": "first", "2": "follow_up", "4": "follow_up"}
    return known.get(appointment.firstatt or "", "unknown")


def attendance_outcome(attended: str | None) -> str | None:
    """C7, C14: 5 and 6 were seen, 3 and 7 were not, 2 and 4 (cancelled) and 0 (future) are neither, else unknown."""
    if attended in {"5", "6"}:
        return "visits"
    if attended in {"3", "7"}:
        return "not_attended"
    return None if attended in {"2", "4", "0"} else "status_unknown"


def gp_status(status: str | None) -> str:
    return {"ATTENDED": "visits", "DNA": "not_attended"}.get(status or "", "status_unknown")


def gp_staff(hcp_type: str | None) -> str:
    return {"GP": "gp", "OTHER PRACTICE STAFF": "other_practice_staff"}.get(hcp_type or "", "unknown")


def is_gp_referral(appointment: OutpatientAppointment) -> bool:
    """C8, C14: an attended first appointment with REFSOURC 03."""
    return (
        appointment.attended in {"5", "6"}
        and appointment.firstatt in {"1", "3"}
        and (appointment.refsourc or "").zfill(2) == "03"
    )


def referral_date(appointment: OutpatientAppointment) -> date | None:
    """An unusable REQDATE is nothing: null, before 1970, after the appointment, or flagged by WAIT_IND 1, 2, 3, 5."""
    asked = appointment.reqdate
    if asked is None or asked < date(1970, 1, 1) or appointment.wait_ind in {"1", "2", "3", "5"}:
        return None
    return None if appointment.apptdate and asked > appointment.apptdate else asked


def ers_referrals(
    rows: Iterable[dict[str, str]], action_codes: set[str]
) -> list[tuple[datetime, str | None, str, str]]:
    """(when, practice, specialty, UBRN): one per distinct UBRN_ID at its earliest referral action; advice and guidance
    (a non-blank AR_STATUS_CD) and test patients out; registered practice, else the referring one (C8, C14)."""
    first: dict[str, tuple] = {}
    for row in rows:
        acted, number = moment(row.get("ACTION_DT_TM")), text(row.get("UBRN_ID"))
        if acted is None or number is None or text(row.get("AR_STATUS_CD")) is not None:
            continue
        if (text(row.get("TEST_PATIENT_IND")) or "N") in {"Y", "1", "TRUE", "T", "YES"}:
            continue
        if action_codes and text(row.get("ACTION_CD")) not in action_codes:
            continue
        where = practice(row.get("REGISTERED_ORG_ID")) or practice(row.get("REFERRING_ORG_ID"))
        candidate = (acted, text(row.get("ACTION_ID")) or "", where, text(row.get("SPECIALTY_CD")) or "unknown", number)
        if number not in first or candidate[:2] < first[number][:2]:
            first[number] = candidate
    return [(acted, where, specialty, number) for acted, _, where, specialty, number in first.values()]


def admission_type(episode: Episode) -> str | None:
    """C2, C14: births are out of `emergency` only."""
    if episode.admimeth in EMERGENCY_METHODS:
        return "non_emergency" if episode.epitype in BIRTH_EPISODES else "emergency"
    if episode.admimeth in NON_EMERGENCY_METHODS:
        return "non_emergency"
    return "transfer" if episode.admimeth == "81" else None


def first_finished_episode(spell: Spell) -> Episode | None:
    """C2: EPIORDER 1, EPISTAT 3, CLASSPAT 1, 2 or 5."""
    for episode in spell.episodes:
        if episode.epiorder == 1 and episode.epistat == "3" and episode.classpat in {"1", "2", "5"}:
            return episode
    return None


def length_of_stay(spell: Spell, data_cut: date) -> int | None:
    """Days (nights) from admission to discharge; None = not discharged by the data cut."""
    if spell.discharge is None or spell.discharge > data_cut:
        return None
    return (spell.discharge - spell.admission).days


def stay_group(days: int | None) -> str:
    return "not_discharged" if days is None else ("0" if days == 0 else "1_plus")


def age_group(years: int | None) -> str:
    if years is None:
        return "unknown"
    for limit, name in ((20, "0_19"), (65, "20_64"), (75, "65_74"), (85, "75_84")):
        if years < limit:
            return name
    return "85_plus"


def is_fall_65_plus(episode: Episode) -> bool:
    """Part B 21: age 65+, primary S00-T98 and W00-W19 in any position (of an emergency first episode)."""
    primary = episode.diagnosis_codes[0] if episode.diagnosis_codes else ""
    is_injury = primary[:1] == "S" or (primary[:1] == "T" and primary[1:3].isdigit() and int(primary[1:3]) <= 98)
    is_fall = any(c[:1] == "W" and c[1:3].isdigit() and int(c[1:3]) <= 19 for c in episode.diagnosis_codes)
    return (episode.age_years or 0) >= 65 and is_injury and is_fall


def is_medical(treatment_function: str | None) -> bool:
    """C13: 300-370, 400, 410, 430."""
    if not treatment_function or not treatment_function.isdigit():
        return False
    return 300 <= int(treatment_function) <= 370 or treatment_function in {"400", "410", "430"}


def is_nnhip_non_elective(spell: Spell) -> bool:
    """Planning/NNHIP (C2, part B 14): non-elective method, specific acute function on the last episode, not private."""
    return (
        spell.first.admimeth in EMERGENCY_METHODS | NON_EMERGENCY_METHODS | {"81"}
        and spell.first.classpat in {"1", "2", "5"}
        and spell.last.tretspef is not None
        and spell.last.tretspef not in NOT_SPECIFIC_ACUTE
        and spell.first.admincat != "02"
    )
