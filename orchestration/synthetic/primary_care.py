"""GP appointments, one month at a time: the largest feed, so that it never stands in memory whole."""

from __future__ import annotations

from datetime import date

from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoPlan
from orchestration.synthetic.sql import GP_WEEKDAYS, LIVES_ON_DAY, month_factor, pick, visits_sql

APPOINTMENTS_PER_HEAD_PER_YEAR = 5.6
SEASONS = (1.03, 0.98, 1.02, 0.97, 0.98, 0.99, 0.98, 0.93, 1.03, 1.10, 1.03, 0.95)

STATUSES = {"Attended": 90, "DNA": 5, "Unknown": 5}
STAFF = {"GP": 48, "Other Practice staff": 49, "Unknown": 3}
MODES = {"Face-to-Face": 65, "Telephone": 27, "Home Visit": 1, "Video/Online": 4, "Unknown": 3}
LEADS = {0: 43, 1: 8, 2: 4, 4: 8, 7: 8, 10: 8, 14: 5, 18: 6, 25: 5, 40: 5}
DURATIONS = {"5": 15, "8": 15, "10": 25, "12": 15, "15": 20, "20": 8, "60": 1, "": 1}
CATEGORIES = {
    "General Consultation Acute": 24,
    "General Consultation Routine": 30,
    "Unplanned Clinical Activity": 3,
    "Walk-in": 1,
    "Clinical Triage": 9,
    "Planned Clinics": 14,
    "Planned Clinical Procedure": 9,
    "Structured Medication Review": 2,
    "Social Prescribing Service": 1,
    "Group Consultation and Group Education": 1,
    "Care Related Encounter but does not fit into any other category": 4,
    "Unmapped": 2,
}
CARE_HOME_CATEGORIES = {
    "Care Home Visit": 5,
    "Patient contact during Care Home Round": 4,
    "Care Home Needs Assessment & Personalised Care and Support Planning": 1,
}


def appointments_sql(plan: DemoPlan, month: date) -> str:
    """SQL for one month's true appointments: event_id, person, practice (number), event_date and the attributes."""
    mean = APPOINTMENTS_PER_HEAD_PER_YEAR / 12 * month_factor(plan, month, GP_WEEKDAYS, SEASONS)
    visits = visits_sql(plan, month, "gp", f"w_gp * {mean}", GP_WEEKDAYS, only="not is_visitor")
    return f"""
        with dated as (select * from ({visits}) where {LIVES_ON_DAY})
        select event_id, person, token, has_opted_out, event_date, {practice_on("event_date")} as practice,
            event_date - {pick("draw(event_id, 'lead')", LEADS)} as booked_date,
            {pick("draw(event_id, 'status')", STATUSES)} as status,
            {pick("draw(event_id, 'staff')", STAFF)} as staff,
            if(is_care_home_resident and draw(event_id, 'visit') < 0.5, 'Home Visit',
            {pick("draw(event_id, 'mode')", MODES)}) as mode,
            if(is_care_home_resident and draw(event_id, 'visit') < 0.5,
                {pick("draw(event_id, 'care home category')", CARE_HOME_CATEGORIES)},
                {pick("draw(event_id, 'category')", CATEGORIES)}) as category,
            {pick("draw(event_id, 'duration')", DURATIONS)} as duration,
            {age_on("event_date")} as age, sex, ethnic_category, lsoa
        from dated
    """
