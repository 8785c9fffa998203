"""Community contacts, deaths, cohorts and opt-outs: the person-level feeds beside the hospital's and the practice's."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.synthetic import dirt
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoDelivery, DemoPlan, add_months
from orchestration.synthetic.sql import CLINIC_WEEKDAYS, LIVES_ON_DAY, month_factor, pick, visits_sql
from orchestration.synthetic.writers import write_table

CONTACTS_PER_HEAD_PER_YEAR = 0.85
# CSDS team types: district nursing, therapy, podiatry, heart failure nursing, urgent community response
TEAM_TYPES = {"12": 52, "15": 22, "20": 12, "33": 6, "59": 8}
URGENT_RESPONSE = "59"
PLACES_OF_DEATH = {"HOME": 28, "CARE_HOME": 21, "HOSPITAL": 43, "HOSPICE": 5, "OTHER": 3}
ATTENDED = {"5": 86, "6": 2, "3": 6, "7": 1, "2": 3, "4": 2}


def create_contacts(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `contacts`: one true community contact per row."""
    con.execute("create table visits (event_id bigint, person bigint, event_date date)")
    for month in plan.months:
        mean = CONTACTS_PER_HEAD_PER_YEAR / 12 * month_factor(plan, month, CLINIC_WEEKDAYS, (1.0,) * 12)
        visits = visits_sql(plan, month, "contact", f"w_community * {mean}", CLINIC_WEEKDAYS, only="not is_visitor")
        con.execute(f"insert into visits select event_id, person, event_date from ({visits}) where {LIVES_ON_DAY}")
    con.execute(f"""
        create table contacts as
        with described as (
            select v.*, p.token, p.sex, p.has_opted_out, {age_on("v.event_date")} as age,
                {practice_on("v.event_date")} as practice,
                {pick("draw(event_id, 'team')", TEAM_TYPES)} as team_type,
                {pick("draw(event_id, 'contact attended')", ATTENDED)} as attended,
                v.event_date + to_minutes(480 + floor(draw(event_id, 'contact minute') * 600)::integer) as contact_at
            from visits v join persons p using (person)
        )
        select *, contact_at - to_minutes(if(team_type = '{URGENT_RESPONSE}',
            5 + floor(-ln(1 - draw(event_id, 'response')) * 90)::integer,
            1440 + floor(draw(event_id, 'response') * 20000)::integer)) as referred_at
        from described
    """)
    con.execute("drop table visits")


def contacts_as_delivered(fresh: str) -> str:
    return f"""
        select e.* exclude (practice), {dirt.delivered_practice("event_id", fresh, "pr.code")} as practice_code,
            {dirt.has_null_person("event_id")} as person_is_null
        from (select *, date_trunc('month', event_date)::date as event_month from contacts) e
        join practices pr on pr.number = e.practice
        where {dirt.is_visible("event_id", fresh)}
    """


def write_community_contacts(con: duckdb.DuckDBPyConnection, delivery: DemoDelivery, folder: Path) -> int:
    fresh = dirt.fresh_in("event_month", delivery.month)
    source = f"""
        select *, unnest({dirt.copies("event_id")}) as copy from ({contacts_as_delivered(fresh)})
        where event_date between date '{delivery.coverage_from}' and date '{delivery.data_cut}'
    """
    columns = {
        "CONTACT_ID": "'C' || event_id",
        "PERSON_ID": "if(person_is_null, null, token)",
        "PROVIDER_CODE": "'ZX5'",
        "PRACTICE_CODE": "practice_code",
        "REFERRAL_DATE": "referred_at::date",
        "REFERRAL_TIME": "strftime(referred_at, '%H:%M:%S')",
        "CONTACT_DATE": "event_date",
        "CONTACT_TIME": "if(copy = 2, '23:59:00', strftime(contact_at, '%H:%M:%S'))",
        "TEAM_TYPE": "team_type",
        "ATTENDED": "attended",
        "AGE": "age",
        "SEX": "sex",
        # dropped at the door: free text with canaries
        "CONTACT_NOTES": "'CANARY visit note ' || (event_id % 9973) || ': wound dressed, key safe at the door'",
    }
    return write_table(con, folder / "community_contacts.csv", columns, source, "event_id, copy")


def write_deaths(con: duckdb.DuckDBPyConnection, delivery: DemoDelivery, folder: Path) -> int:
    """Deaths in the months the delivery covers; nobody dies twice, and a death is never restated."""
    source = f"""
        select p.*, pr.code, {age_on("death_date")} as age
        from persons p join practices pr on pr.number = {practice_on("p.death_date")}
        where not p.is_visitor and death_date between date '{delivery.coverage_from}' and date '{delivery.data_cut}'
    """
    columns = {"PERSON_ID": "token", "DEATH_DATE": "death_date", "PRACTICE_CODE": "code", "AGE": "age", "SEX": "sex"}
    columns["PLACE_OF_DEATH"] = pick("draw(person, 'place of death')", PLACES_OF_DEATH)
    rows = write_table(con, folder / "deaths.csv", columns, source, "person")
    if rows == 0:  # nobody died in a very small demo: a feed without rows is left out, an empty file would be refused
        (folder / "deaths.csv").unlink()
    return rows


def cohorts_sql(plan: DemoPlan) -> str:
    """SQL: person, cohort_id, valid_from, valid_to, status of everybody who ever belonged to a cohort."""
    start = add_months(plan.first_month, -12)
    later = f"(date '{plan.first_month}' + floor(draw(person, 'joins') * 365)::integer)::date"
    return f"""
        select person, token, 'nnhip' as cohort_id, {later} as valid_from, null::date as valid_to,
            if(draw(person, 'case') < 0.3, 'active_case', 'eligible') as status
        from persons where not is_visitor and middle_age >= 60 and need > 1.6 and draw(person, 'nnhip') < 0.35
        union all
        select person, token, 'efi_severe', date '{start}', null, null from persons where not is_visitor and is_severely_frail
        union all
        select person, token, 'homeless', date '{start}',
            if(draw(person, 'housed') < 0.3, ({later} + 90)::date, null), null
        from persons where not is_visitor and is_homeless
        union all
        select person, token, 'palliative', (death_date - 60 - floor(draw(person, 'known for') * 200)::integer)::date, null, null
        from persons where not is_visitor and death_date is not null and draw(person, 'palliative') < 0.55
    """


def write_person_cohorts(con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path) -> int:
    """The register as it stood on the data cut."""
    cut = f"date '{delivery.data_cut}'"
    source = f"select * from ({cohorts_sql(plan)}) where valid_from <= {cut}"
    columns = {
        "PERSON_ID": "token",
        "COHORT_ID": "cohort_id",
        "VALID_FROM": "valid_from",
        "VALID_TO": f"if(valid_to <= {cut}, valid_to, null)",
        "STATUS": "status",
    }
    return write_table(con, folder / "person_cohorts.csv", columns, source, "cohort_id, person, valid_from")


def write_opt_outs(con: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """The same list in every delivery; no file when nobody opted out."""
    count = con.execute("select count(*) from persons where has_opted_out").fetchone()
    if not count or not count[0]:
        return 0
    return write_table(
        con, folder / "opt_outs.csv", {"PERSON_ID": "token"}, "select * from persons where has_opted_out", "person"
    )
