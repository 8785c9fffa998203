"""Hospital stays, then their spells, then their episodes (HES Admitted Patient Care).

The unit that is drawn is the **stay**: what a continuous inpatient spell is meant to find again. A stay is one spell,
or two when
a patient is transferred. Stays of one person never overlap, and only planned transfers carry transfer codes, so the
generator
knows every continuous inpatient spell and every readmission without applying the rule that the pipeline applies.

Readmissions are drawn from the discharge before them, up to three in a row, and thinned by an INT that is live.
"""

from __future__ import annotations

from datetime import date

import duckdb

from orchestration.synthetic import codes
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import BURN_IN_MONTHS, CHOSEN_HIGH, EFFECTS, DemoPlan, add_months, last_of_month
from orchestration.synthetic.sql import (
    CLINIC_WEEKDAYS,
    EMERGENCY_WEEKDAYS,
    day_draw,
    month_factor,
    month_index,
    pick,
    quoted,
)

# per head and month
EMERGENCY, DAY_CASE, ELECTIVE, MATERNITY, REGULAR, NON_EMERGENCY = 0.0058, 0.0085, 0.0016, 0.0064, 0.0006, 0.0002
SEASONS = (1.07, 1.03, 1.02, 0.98, 0.98, 0.97, 0.96, 0.95, 0.98, 1.01, 1.03, 1.06)
READMISSION_SHARE = 0.11
MAX_STAY_DAYS = 90
STAY_SLOTS = 16  # room in `stay_id` for a month's stay, its readmissions, a birth and a death

EMERGENCY_METHODS = {"21": 68, "22": 8, "23": 3, "24": 8, "25": 1, "28": 1, "2A": 4, "2D": 7}


def create_stays(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Tables `stays`, `spells` and `episodes` (numbers of practices and persons, true dates, no dirt)."""
    con.execute(
        "create table candidates "
        "(stay_id bigint, person bigint, kind varchar, admission date, discharge date, is_death boolean)"
    )
    for i in range(-BURN_IN_MONTHS, plan.month_count):
        con.execute(_monthly_candidates(plan, add_months(plan.first_month, i)))
    _terminal_stays(con)
    for depth in (1, 2, 3):
        _readmissions(con, plan, depth)
    _resolve_overlaps(con, plan)
    _spells(con)
    _episodes(con)
    con.execute("drop table candidates")


def live_effect(plan: DemoPlan, month: str, month_number: str) -> str:
    """SQL for the factor by which a live INT lowers use, as the plan's effects say; 1 with flat rates."""
    if plan.flat_rates:
        return "1.0"
    since = f"datesub('month', live_month, {month})"
    cases = [
        f"when live_month <= date '{add_months(plan.last_month, -months)}' then 1 - least({most}, {each} * (1 + {since}))"
        for months, each, most in EFFECTS[plan.effects]
    ]
    live = f"case {' '.join(cases)} else 1.0 end" if cases else "1.0"
    ahead = f"datesub('month', {month}, live_month)"
    before = f"if({ahead} between 1 and 12, {CHOSEN_HIGH}, 1.0)" if plan.chosen_high else "1.0"
    return f"case when live_month is null then 1.0 when {month} < live_month then {before} else {live} end"


def _monthly_candidates(plan: DemoPlan, month: date) -> str:
    i = month_index(plan, month)
    busy = month_factor(plan, month, EMERGENCY_WEEKDAYS, SEASONS)
    clinics = month_factor(plan, month, CLINIC_WEEKDAYS, (1.0,) * 12)
    key = f"(person * 512 + {i + 16})"
    effect = live_effect(plan, f"date '{month}'", str(i))
    return f"""
        insert into candidates
        with drawn as (
            select *, {key} as k, draw({key}, 'stay') as u, {EMERGENCY * busy} * w_emergency * {effect}
                * if(death_date between date '{month}' and date '{month}' + 90, 4, 1) as p_emergency,
                {DAY_CASE * clinics} * w_outpatient as p_day_case, {ELECTIVE * clinics} * w_outpatient as p_elective,
                if(sex = 2 and middle_age between 20 and 39, {MATERNITY}, 0) as p_maternity,
                {age_on(f"date '{month}'")} as age
            from persons
        ), kinds as (
            select *, case when u < p_emergency then 'emergency'
                when u < p_emergency + p_day_case then 'day_case'
                when u < p_emergency + p_day_case + p_elective then 'elective'
                when u < p_emergency + p_day_case + p_elective + p_maternity then 'maternity'
                when u < p_emergency + p_day_case + p_elective + p_maternity + {REGULAR} then 'regular'
                when u < p_emergency + p_day_case + p_elective + p_maternity + {REGULAR + NON_EMERGENCY} then 'other'
                end as kind
            from drawn
        ), dated as (
            select *, if(kind in ('day_case', 'elective', 'regular'),
            {day_draw(month, CLINIC_WEEKDAYS, plan.flat_rates, "draw(k, 'clinic day')")},
                {day_draw(month, EMERGENCY_WEEKDAYS, plan.flat_rates, "draw(k, 'day')")}) as admission
            from kinds where kind is not null
        )
        select k * {STAY_SLOTS}, person, kind, admission, admission + {_length_of_stay("k")}, false from dated
        union all
        select (person * 512 + {i + 16}) * {STAY_SLOTS} + 5, person, 'birth', birth_date, birth_date + 1, false
        from persons where birth_date between date '{month}' and date '{last_of_month(month)}'
    """


def _length_of_stay(key: str) -> str:
    """Nights: a third of emergencies go home the same day, the old stay longer."""
    return f"""(case when kind in ('day_case', 'regular') then 0
        when kind = 'maternity' then floor(draw({key}, 'nights') * 4)
        when kind = 'elective' then 1 + floor(-ln(1 - draw({key}, 'nights')) * 2)
        when draw({key}, 'same day') < if(age >= 75, 0.20, 0.40) then 0
        else 1 + floor(-ln(1 - draw({key}, 'nights')) * case when age >= 75 then 7.5 when age >= 45 then 4 else 1.8 end)
        end)::integer % {MAX_STAY_DAYS}"""


def _terminal_stays(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"""
        insert into candidates
        select person * 512 * {STAY_SLOTS} + 7, person, 'emergency',
            death_date - floor(-ln(1 - draw(person, 'last nights')) * 8)::integer % 60, death_date, true
        from persons where dies_in_hospital
    """)


def _readmissions(con: duckdb.DuckDBPyConnection, plan: DemoPlan, depth: int) -> None:
    con.execute(f"""
        insert into candidates
        with parents as (
            select c.*, p.need, p.live_month, p.birth_date, {age_on("c.discharge")} as age,
                c.discharge + floor(-ln(1 - draw(c.stay_id, 'delay')) * 24)::integer as admission_again
            from candidates c join persons p using (person)
            where stay_id % {STAY_SLOTS} = {depth - 1} and c.kind in ('emergency', 'elective', 'day_case') and not
            is_death
        ), drawn as (
            select *, 'emergency' as new_kind, {live_effect(plan, "admission_again", "")} as effect from parents
        )
        select stay_id + 1, person, new_kind, admission_again,
            admission_again + {_length_of_stay("(stay_id + 1)").replace("kind", "new_kind")}, false
        from drawn
        where draw(stay_id, 'again') < effect * least(0.6, {READMISSION_SHARE} * need * if(age >= 65, 1.4, 1)
                * if(kind = 'emergency', 1, 0.25))
            and admission_again <= date '{plan.data_cut}'
    """)


def _resolve_overlaps(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """`stays`: nobody is in two beds, nobody comes back from death; two stays on one day are kept when the first has
    ended."""
    con.execute(f"""
        create table stays as
        with alive as (
            select c.*, p.birth_date from candidates c join persons p using (person)
            left join candidates t on t.person = c.person and t.is_death
            where c.admission >= p.birth_date and c.admission <= date '{plan.data_cut}' and (c.kind <> 'birth' or
            c.admission = p.birth_date)
                and (c.is_death or c.discharge < coalesce(t.admission, p.death_date, date '2999-01-01'))
        ), ordered as (
            select *, max(discharge) over (partition by person order by admission, discharge, stay_id
                rows between unbounded preceding and 1 preceding) as earlier_discharge from alive
        ), kept as (
            select * from ordered
            where earlier_discharge is null or admission > earlier_discharge
                or (admission = earlier_discharge and discharge > admission)
        )
        select k.stay_id, k.person, k.kind, k.admission, k.discharge, k.is_death,
            lag(k.discharge) over per_person is not distinct from k.admission
                or lead(k.admission) over per_person is not distinct from k.admission
                or lead(k.admission) over per_person is not distinct from k.discharge as touches_another
        from kept k where k.discharge >= date '{plan.first_month}'
        window per_person as (partition by k.person order by k.admission, k.discharge, k.stay_id)
    """)


def _spells(con: duckdb.DuckDBPyConnection) -> None:
    """`spells`: `leg` 1 and, after a transfer, 2; codes of admission and discharge; the provider of each leg."""
    con.execute(f"""
        create table spells as
        with people as (
            select s.*, p.hcp, p.need, p.birth_date, p.is_care_home_resident, {age_on("s.admission")} as age,
                s.discharge - s.admission as nights from stays s join persons p using (person)
        ), planned as (
            select *, kind = 'emergency' and nights >= 3 and draw(stay_id, 'transfer') < 0.045 as is_transferred,
                admission + 1 + floor(draw(stay_id, 'transfer day') * (nights - 1))::integer as transfer_date,
                if(draw(stay_id, 'elsewhere') < 0.07, 1 + floor(draw(stay_id, 'where') * 4)::integer, hcp) as trust
            from people
        ), legs as (
            select *, unnest(if(is_transferred, [1, 2], [1])) as leg from planned
        )
        select stay_id * 2 + leg - 1 as spell_id, stay_id, leg, person, kind, age, is_death, touches_another,
        is_transferred,
            if(leg = 1, admission, transfer_date) as admission, if(is_transferred and leg = 1, transfer_date,
            discharge) as discharge,
            'ZX' || if(leg = 1, trust, if(trust = 4 or draw(stay_id, 'far') < 0.3, 6, trust + 1)) as provider,
            case when kind = 'day_case' then ({quoted(["11", "12", "13"])})[1 + floor(draw(stay_id, 'list') *
            3)::integer]
                when kind in ('elective', 'regular') then ({quoted(["11", "12", "13"])})[1 + floor(draw(stay_id,
                'list') * 3)::integer]
                when kind = 'maternity' then if(draw(stay_id, 'labour') < 0.9, '31', '32')
                when kind = 'birth' then if(draw(stay_id, 'home birth') < 0.02, '2C', if(draw(stay_id, 'outside') <
                0.01, '83', '82'))
                when kind = 'other' then ({quoted(["84", "89"])})[1 + floor(draw(stay_id, 'list') * 2)::integer]
                when leg = 2 then if(draw(stay_id, 'method 2') < 0.75, '81', '2B')
                else {pick("draw(stay_id, 'method')", EMERGENCY_METHODS)} end as method,
            case when leg = 2 then '51' when kind = 'birth' then '79' when is_care_home_resident then '54'
                when draw(stay_id, 'source') < 0.01 then '29' else '19' end as source,
            case when kind = 'day_case' then '2' when kind = 'regular' then '3' when kind = 'maternity' and nights = 0
            then '5'
                else '1' end as patient_class,
            case when is_death and (leg = 2 or not is_transferred) then '4'
                when not is_transferred and draw(stay_id, 'self') < 0.015 then '6' else '1' end as discharge_method,
            case when is_transferred and leg = 1 then '51' when is_death then '79' when is_care_home_resident then '54'
                when age >= 75 and nights >= 7 and draw(stay_id, 'new care home') < 0.08 then '54'
                when draw(stay_id, 'to') < 0.02 then '29' else '19' end as discharge_destination,
            if(age >= 65 and nights >= 5 and draw(stay_id, 'ready') < 0.25,
                greatest(admission, discharge - 1 - floor(draw(stay_id, 'ready days') * 6)::integer), null) as
                ready_date
        from legs
    """)


def _episodes(con: duckdb.DuckDBPyConnection) -> None:
    """`episodes`: one to three per spell, with the practice on the day each starts and its clinical codes."""
    age_group = "if(age < 18, 'child', if(age < 65, 'adult', 'old'))"
    primary = " ".join(
        f"when '{group}' then {pick(_PRIMARY_DRAW, weights)}" for group, weights in codes.EMERGENCY_DIAGNOSES.items()
    )
    con.execute(f"""
        create table episodes as
        with counted as (
            select *, (discharge - admission)::integer as nights,
                1 + (discharge - admission >= 2 and kind = 'emergency' and draw(spell_id, 'two') < 0.28)::integer
                  + (discharge - admission >= 6 and kind = 'emergency' and draw(spell_id, 'three') < 0.20)::integer as n
            from spells
        ), split as (
            select *, unnest(range(1, n + 1))::integer as episode_order from counted
        ), dated as (
            select *, spell_id * 4 + episode_order - 1 as episode_id, admission + (nights * (episode_order - 1) //
            n)::integer as episode_start,
                admission + (nights * episode_order // n)::integer as episode_end, episode_order = n as is_last
            from split
        ), coded as (
            select d.* exclude (age), p.token, p.sex, p.ethnic_category, p.lsoa, p.imd_decile, p.has_opted_out,
            p.is_homeless,
                {practice_on("d.episode_start")} as practice, {age_on("d.episode_start")} as age,
                d.episode_start - p.birth_date as age_days
            from dated d join persons p using (person)
        ), diagnosed as (
            select *, case kind
                when 'day_case' then {pick(_PRIMARY_DRAW, codes.DAY_CASE_DIAGNOSES)}
                when 'elective' then {pick(_PRIMARY_DRAW, codes.ELECTIVE_DIAGNOSES)}
                when 'maternity' then if(draw(episode_id, 'primary') < 0.8, 'O800', 'O034')
                when 'birth' then 'Z380' when 'regular' then 'N185' when 'other' then 'Z048'
                else case {age_group} {primary} end end as primary_diagnosis,
                {age_group} as age_group
            from coded
        )
        select * exclude (age_group),
            if(kind in ('birth', 'regular'), '', {_secondary(1)}) as diagnosis_2,
            if(kind in ('birth', 'regular'), '', {_secondary(2)}) as diagnosis_3,
            if(kind <> 'emergency', '', {_secondary(3)}) as diagnosis_4,
            case when kind <> 'emergency' then ''
                when primary_diagnosis like 'S%' and (age >= 65 or draw(episode_id, 'fall') < 0.4)
                    then {pick("draw(episode_id, 'cause')", codes.FALL_CAUSES)}
                when primary_diagnosis like 'T39%' then {pick("draw(episode_id, 'cause')", codes.SELF_HARM_CAUSES)}
                else '' end as cause,
            if(is_homeless and draw(episode_id, 'no abode') < 0.7, 'Z590', '') as diagnosis_6,
            case kind when 'day_case' then {pick("draw(episode_id, 'procedure')", codes.DAY_CASE_PROCEDURES)}
                when 'elective' then {pick("draw(episode_id, 'procedure')", codes.ELECTIVE_PROCEDURES)}
                when 'maternity' then 'R249' when 'regular' then 'X403'
                when 'emergency' then {pick("draw(episode_id, 'procedure')", codes.EMERGENCY_PROCEDURES)} else '' end
                as procedure_1,
            case when kind = 'maternity' then '501' when kind = 'birth' then '420' when kind = 'regular' then '361'
                when age < 16 then '420'
                when kind in ('day_case', 'elective') then
                {pick("draw(spell_id, 'specialty')", codes.ELECTIVE_SPECIALTIES)}
                when primary_diagnosis like 'F2%' or primary_diagnosis like 'F3%' then '710'
                else {pick("draw(episode_id, 'specialty')", codes.EMERGENCY_SPECIALTIES)} end as specialty,
            case kind when 'maternity' then '2' when 'birth' then '3' else '1' end as episode_type
        from diagnosed
    """)


_PRIMARY_DRAW = "draw(episode_id, 'primary')"


def _secondary(position: int) -> str:
    draw = f"draw(episode_id, 'secondary {position}')"
    return f"if(age >= 65, {pick(draw, codes.SECONDARY_OLD)}, {pick(draw, codes.SECONDARY_ADULT)})"
