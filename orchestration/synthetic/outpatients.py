"""Outpatient appointments (HES OP) and electronic referrals (e-RS)."""

from __future__ import annotations

import duckdb

from orchestration.synthetic import codes
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoPlan
from orchestration.synthetic.sql import CLINIC_WEEKDAYS, LIVES_ON_DAY, month_factor, pick, visits_sql

APPOINTMENTS_PER_HEAD_PER_YEAR = 1.95
SEASONS = (1.01, 1.01, 1.02, 1.00, 1.00, 1.00, 1.00, 0.95, 1.00, 1.02, 1.02, 0.97)

ATTENDED = {"5": 80, "6": 2, "3": 7, "7": 1, "2": 5, "4": 5}
FIRST_ATTENDANCE = {"1": 26, "2": 52, "3": 4, "4": 16, "5": 2}
REFERRAL_SOURCES = {"03": 46, "05": 17, "11": 14, "01": 4, "10": 3, "04": 3, "14": 3, "13": 2, "92": 2, "99": 6}
PRIORITIES = {"1": 78, "2": 12, "3": 8, "9": 2}


def create_outpatients(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `outpatients`: one true appointment per row."""
    con.execute("create table clinic_visits (event_id bigint, person bigint, event_date date)")
    for month in plan.months:
        mean = APPOINTMENTS_PER_HEAD_PER_YEAR / 12 * month_factor(plan, month, CLINIC_WEEKDAYS, SEASONS)
        visits = visits_sql(plan, month, "op", f"w_outpatient * {mean}", CLINIC_WEEKDAYS)
        con.execute(
            f"insert into clinic_visits select event_id, person, event_date from ({visits}) where {LIVES_ON_DAY}"
        )
    con.execute(f"""
        create table outpatients as
        with described as (
            select v.*, p.token, p.sex, p.ethnic_category, p.lsoa, p.imd_decile, p.has_opted_out,
            {age_on("v.event_date")} as age,
                {practice_on("v.event_date")} as practice,
                'ZX' || case when draw(event_id, 'elsewhere') < 0.08 then 6 when draw(event_id, 'elsewhere') < 0.14
                    then 1 + floor(draw(event_id, 'where') * 4)::integer else p.hcp end as provider,
                {pick("draw(event_id, 'attended')", ATTENDED)} as attended,
                {pick("draw(event_id, 'first')", FIRST_ATTENDANCE)} as first_attendance,
                {pick("draw(event_id, 'source')", REFERRAL_SOURCES)} as referral_source,
                {pick("draw(event_id, 'priority')", PRIORITIES)} as priority,
                {pick("draw(event_id, 'specialty')", codes.CLINIC_SPECIALTIES)} as specialty
            from clinic_visits v join persons p using (person)
        )
        select *, event_date - (case when priority = '3' then 6 + floor(draw(event_id, 'wait') * 9)
                when first_attendance in ('1', '3') then 14 + floor(-ln(1 - draw(event_id, 'wait')) * 55)
                else 90 + floor(-ln(1 - draw(event_id, 'wait')) * 150) end)::integer as request_date,
            if(attended in ('5', '6') and draw(event_id, 'procedure') < 0.16,
                if(draw(event_id, 'which') < 0.5, 'U201', if(draw(event_id, 'which') < 0.8, 'S065', 'D071')), '') as
                procedure_1
        from described
    """)
    con.execute("drop table clinic_visits")
