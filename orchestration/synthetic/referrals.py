"""Electronic referrals (e-RS): one row per action on a UBRN. Rows accumulate over deliveries and are never restated."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.synthetic import dirt
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoDelivery, DemoPlan
from orchestration.synthetic.sql import GP_WEEKDAYS, LIVES_ON_DAY, month_factor, pick, visits_sql
from orchestration.synthetic.writers import write_table

REFERRALS_PER_HEAD_PER_YEAR = 0.24  # of which about a tenth are advice and guidance
ADVICE_SHARE, TEST_SHARE, NO_REGISTERED_SHARE, NO_PRACTICE_SHARE = 0.10, 0.003, 0.015, 0.004
SPECIALTIES = {
    "110": ("Trauma and Orthopaedics", 14), "130": ("Ophthalmology", 10), "330": ("Dermatology", 14), "301": ("Gastroenterology", 10),
    "100": ("General Surgery", 9), "120": ("Ear, Nose and Throat", 10), "320": ("Cardiology", 8), "502": ("Gynaecology", 10),
    "400": ("Neurology", 6), "340": ("Respiratory Medicine", 5), "650": ("Physiotherapy", 4),
}  # fmt: skip
ACTIONS = ("SUBMIT", "BOOK", "REBOOK", "CANCEL", "ACCEPT")


def create_referrals(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `referrals`: one true UBRN per row."""
    con.execute("create table requests (event_id bigint, person bigint, event_date date)")
    for month in plan.months:
        mean = REFERRALS_PER_HEAD_PER_YEAR / 12 * month_factor(plan, month, GP_WEEKDAYS, (1.0,) * 12)
        visits = visits_sql(plan, month, "referral", f"w_referral * {mean}", GP_WEEKDAYS, only="not is_visitor")
        con.execute(f"insert into requests select event_id, person, event_date from ({visits}) where {LIVES_ON_DAY}")
    weights = {code: weight for code, (_, weight) in SPECIALTIES.items()}
    names = "map {" + ", ".join(f"'{code}': '{name}'" for code, (name, _) in SPECIALTIES.items()) + "}"
    con.execute(f"""
        create table referrals as
        with described as (
            select r.*, p.token, p.sex, p.has_opted_out, {age_on("r.event_date")} as age, pr.code as practice_code,
                r.event_date + to_minutes(500 + floor(draw(event_id, 'referral minute') * 500)::integer) as first_at,
                {pick("draw(event_id, 'referral specialty')", weights)} as specialty,
                draw(event_id, 'advice') < {ADVICE_SHARE} as is_advice,
                draw(event_id, 'test patient') < {TEST_SHARE} as is_test,
                draw(event_id, 'registered') as registered_draw,
                if(draw(event_id, 'two week') < 0.12, '3', if(draw(event_id, 'two week') < 0.3, '2', '1')) as priority
            from requests r join persons p using (person) join practices pr on pr.number = {practice_on("r.event_date")}
        )
        select *, ({names})[specialty] as specialty_name,
            registered_draw < {NO_PRACTICE_SHARE + NO_REGISTERED_SHARE} as lacks_registered,
            registered_draw < {NO_PRACTICE_SHARE} as lacks_any_practice
        from described
    """)
    con.execute("drop table requests")


def write_ers_referrals(con: duckdb.DuckDBPyConnection, delivery: DemoDelivery, folder: Path) -> int:
    source = f"""
        select *, unnest(if(draw(event_id * 8 + action, 'duplicate') < {dirt.EXACT_DUPLICATE_SHARE}, [0, 1], [0])) as copy
        from (
            select *, first_at + to_minutes(action * (600 + floor(draw(event_id, 'pace') * 20000)::integer)) as action_at,
                ({list(ACTIONS)})[if(action = 0, 1, 2 + floor(draw(event_id * 8 + action, 'action') * 4)::integer)] as action_code
            from (select *, unnest(range(1 + floor(draw(event_id, 'actions') * 4)::integer))::integer as action from referrals)
        ) where action_at::date between date '{delivery.coverage_from}' and date '{delivery.data_cut}'
    """
    columns = {
        "SK": "event_id * 8 + action",
        "SEQNO": "action + 1",
        "UBRN_ID": "'UB' || event_id",
        "SPECIALTY_CD": "specialty",
        "SPECIALTY_DESC": "specialty_name",
        "PRIORITY_CD": "priority",
        "PRIORITY_DESC": "case priority when '3' then '2 Week Wait' when '2' then 'Urgent' else 'Routine' end",
        "REFERRING_CLINICIAN_ID": "'CANARYG' || lpad((event_id % 9973)::varchar, 5, '0')",
        "REFERRING_ORG_ID": "if(lacks_any_practice, null, practice_code)",
        "PATIENT_ID": "token",
        "PATIENT_AGE": "age",
        "PATIENT_SEX_CD": "sex",
        "REGISTERED_ORG_ID": "if(lacks_registered, null, practice_code)",
        "ACTION_ID": "event_id * 8 + action",
        "ACTION_DT_TM": "strftime(action_at, '%Y-%m-%d %H:%M:%S')",
        "ACTION_CD": "action_code",
        "AR_STATUS_CD": "if(is_advice, 'ANSWERED', null)",
        "TEST_PATIENT_IND": "if(is_test, 'Y', 'N')",
    }
    return write_table(con, folder / "ers_referrals.csv", columns, source, "event_id, action, copy")
