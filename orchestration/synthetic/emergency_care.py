"""A&E attendances and same-day emergency care (Emergency Care Data Set).

Attendances that end in an admission are made from the stays they led to; the others are drawn per person and month.
Nobody
arrives twice within three hours of their own accord, so that every pair of arrivals within 60 minutes is a planted
duplicate.
"""

from __future__ import annotations

import duckdb

from orchestration.synthetic import codes
from orchestration.synthetic.hospital_stays import live_effect
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoPlan
from orchestration.synthetic.sql import (
    EMERGENCY_WEEKDAYS,
    LIVES_ON_DAY,
    month_factor,
    month_index,
    pick,
    quoted,
    visits_sql,
)

ATTENDANCES_PER_HEAD_PER_YEAR = 0.30  # beside those that are admitted
SDEC_PER_HEAD_PER_YEAR = 0.035
SEASONS = (0.97, 0.98, 1.01, 1.00, 1.04, 1.04, 1.03, 0.97, 1.00, 1.01, 0.99, 0.97)
HOURS = dict(enumerate((2, 2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 7, 7, 6, 6, 6, 6, 6, 6, 5, 4, 4, 3)))
NATURAL_GAP_HOURS = 3


def create_attendances(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `attendances`: one true attendance per row, planned and SDEC ones included."""
    con.execute(
        "create table arrivals "
        "(event_id bigint, person bigint, event_date date, is_sdec boolean, stay_admitted boolean)"
    )
    for month in plan.months:
        i = month_index(plan, month)
        busy = month_factor(plan, month, EMERGENCY_WEEKDAYS, SEASONS)
        effect = live_effect(plan, f"date '{month}'", str(i))
        for is_sdec, rate, weight in (
            (False, ATTENDANCES_PER_HEAD_PER_YEAR, "w_ae"),
            (True, SDEC_PER_HEAD_PER_YEAR, "w_emergency"),
        ):
            mean = f"{weight} * {rate / 12 * busy} * {effect}"
            name, first_slot = ("sdec", 16) if is_sdec else ("ae", 0)
            visits = visits_sql(plan, month, name, mean, EMERGENCY_WEEKDAYS, slots=64, first_slot=first_slot)
            con.execute(f"""
                insert into arrivals select event_id, person, event_date, {is_sdec}, false from ({visits}) where {LIVES_ON_DAY}
            """)
    con.execute(f"""
        insert into arrivals
        select s.stay_id * 4 + 3 + 2000000000000000, s.person, s.admission, false, true
        from spells s where s.leg = 1 and s.kind = 'emergency' and s.method = '21' and s.admission >= date
        '{plan.first_month}'
    """)
    _describe(con, plan)
    con.execute("drop table arrivals")


def _describe(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    con.execute(f"""
        create table attendances as
        with timed as (
            select a.*, p.token, p.sex, p.ethnic_category, p.lsoa, p.hcp, p.has_opted_out, p.is_care_home_resident,
                p.is_homeless, {age_on("a.event_date")} as age, {practice_on("a.event_date")} as practice,
                a.event_date + to_minutes(60 * {pick("draw(event_id, 'hour')", HOURS)} + floor(draw(event_id,
                'minute') * 60)::integer)
                    as arrival
            from arrivals a join persons p using (person)
        ), spaced as (
            select *, lag(arrival) over (partition by person order by arrival, event_id) as earlier from timed
        ), kept as (
            select * exclude (earlier) from spaced where earlier is null or arrival > earlier +
            to_hours({NATURAL_GAP_HOURS})
        ), typed as (
            select *, case when is_sdec then '05' when stay_admitted then '01'
                    when draw(event_id, 'type') < 0.60 then '01' when draw(event_id, 'type') < 0.63 then '02'
                    when draw(event_id, 'type') < 0.95 then '03' when draw(event_id, 'type') < 0.995 then '04' else ''
                    end as department_type,
                if(draw(event_id, 'elsewhere') < 0.06, 1 + floor(draw(event_id, 'where') * 4)::integer, hcp) as trust,
                {pick("draw(event_id, 'acuity')", codes.ACUITY)} as acuity,
                (10 + floor(-ln(1 - draw(event_id, 'wait')) * if(stay_admitted, 260, 150)))::integer % 1400 as
                departure_minutes,
                draw(event_id, 'leaves') < 0.035 and not stay_admitted and not is_sdec as leaves_early,
                draw(event_id, 'ambulance') < case when stay_admitted then 0.55 when age >= 75 then 0.40 else 0.15 end
                as by_ambulance
            from kept
        )
        select *, if(department_type in ('03', '04') and draw(event_id, 'community site') < 0.6, 'ZX5', 'ZX' || trust)
        as provider,
            case when stay_admitted or is_sdec then '1' when draw(event_id, 'category') < 0.945 then '1'
                when draw(event_id, 'category') < 0.965 then '2' when draw(event_id, 'category') < 0.975 then '3' else
                '4' end
                as attendance_category,
            if(is_care_home_resident, if(draw(event_id, 'home') < 0.5, '{codes.SOURCE_CARE_HOME}',
            '{codes.SOURCE_NURSING_HOME}'),
                '{codes.SOURCE_HOME}') as attendance_source,
            if(by_ambulance, ({quoted(codes.AMBULANCE)})[1 + floor(draw(event_id, 'crew') * 3)::integer],
            '{codes.WALK_IN}') as arrival_mode,
            {pick("draw(event_id, 'complaint')", codes.CHIEF_COMPLAINTS)} as chief_complaint,
            {pick("draw(event_id, 'diagnosis')", codes.ED_DIAGNOSES)} as diagnosis,
            {pick("draw(event_id, 'investigation')", codes.INVESTIGATIONS)} as investigation,
            {pick("draw(event_id, 'treatment')", codes.TREATMENTS)} as treatment,
            if(leaves_early, ({quoted(codes.STATUS_LEFT)})[1 + floor(draw(event_id, 'left') * 3)::integer],
            '{codes.STATUS_TREATED}')
                as discharge_status,
            case when stay_admitted then if(draw(event_id, 'short stay') < 0.2, '{codes.DESTINATION_SHORT_STAY}',
            '{codes.DESTINATION_WARD}')
                when is_care_home_resident then '{codes.DESTINATION_NURSING_HOME}' else '{codes.DESTINATION_HOME}' end
                as discharge_destination,
            if(stay_admitted, '', {pick("draw(event_id, 'follow up')", codes.FOLLOW_UPS)}) as follow_up
        from typed where event_date between date '{plan.first_month}' and date '{plan.data_cut}'
    """)
