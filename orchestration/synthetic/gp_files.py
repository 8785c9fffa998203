"""Files of general practice: record-level appointments and registered lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from orchestration.synthetic import dirt
from orchestration.synthetic.people import age_on, practice_on
from orchestration.synthetic.plan import DemoDelivery, DemoPlan
from orchestration.synthetic.primary_care import appointments_sql
from orchestration.synthetic.writers import write_table

APPOINTMENT_COLUMNS = {
    "APPOINTMENT_ID": "event_id",
    "PERSON_ID": "if(person_is_null, null, token)",
    "PRACTICE_CODE": "practice_code",
    "APPOINTMENT_DATE": "event_date",
    "BOOKED_DATE": "booked_date",
    "APPT_STATUS": "status",
    "HCP_TYPE": "staff",
    "APPT_MODE": "mode",
    "NATIONAL_CATEGORY": "category",
    "DURATION_MINUTES": "if(copy = 2, '7', duration)",
    "AGE": "age",
    "SEX": "if(sex = 1, 'Male', 'Female')",
    "ETHNOS": "ethnic_category",
    "LSOA11": "lsoa",
    # dropped at the door: free text, with canaries in a few rows
    "SLOT_NOTES": "if(event_id % 211 = 0, 'CANARY note ' || (event_id % 9973) || ', daughter will ring back', null)",
}


def create_month(con: duckdb.DuckDBPyConnection, plan: DemoPlan, month: date) -> None:
    """Temporary table `gp_month`: the true appointments of one month."""
    con.execute(f"create or replace temp table gp_month as {appointments_sql(plan, month)}")


def appointments_as_delivered(fresh: str) -> str:
    return f"""
        select e.* exclude (practice), {dirt.has_null_person("event_id")} as person_is_null,
            {dirt.delivered_practice("event_id", fresh, "practice_code_of(practice)")} as practice_code
        from gp_month e where {dirt.is_visible("event_id", fresh)}
    """


def write_gp_appointments(con: duckdb.DuckDBPyConnection, month: date, delivery: DemoDelivery, folder: Path) -> int:
    """One file per month in the feed's own folder."""
    fresh = "true" if delivery.month == month else "false"
    source = f"select *, unnest({dirt.copies('event_id')}) as copy from ({appointments_as_delivered(fresh)})"
    path = folder / "gp_appointments" / f"gp_appointments_{month:%Y-%m}.csv"
    # `gp_month` stands in order of person and nothing here changes the order: a sort of the largest feed is spared
    return write_table(con, path, APPOINTMENT_COLUMNS, source)


def create_lists(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `lists`: month × practice × sex × five-year band (0-18, 19 = 95+) × LSOA: people registered on the first
    of the month."""
    con.execute(
        "create table lists (month date, practice integer, sex integer, band integer, lsoa varchar, patients bigint)"
    )
    for month in plan.months:
        day = f"date '{month}'"
        con.execute(f"""
            insert into lists
            select {day}, {practice_on(day)} as practice, sex, least(19, {age_on(day)} // 5)::integer as band, lsoa,
            count(*)
            from persons where not is_visitor and birth_date <= {day} and (death_date is null or death_date > {day})
            group by all
        """)


def write_gp_registrations(con: duckdb.DuckDBPyConnection, plan: DemoPlan, month: date, folder: Path) -> int:
    """`gp-reg-pat-prac-quin-age` of one month, with the PCN, sub-ICB, ICB and region levels that a reader must leave
    out."""
    band = "if(band = 19, '95+', (band * 5) || '_' || (band * 5 + 4))"
    source = f"""
        with practice_bands as (
            select p.code, p.pcn, l.sex, {band} as band, sum(l.patients)::bigint as patients
            from lists l join practices p on p.number = l.practice where l.month = date '{month}' group by all
        ), levels as (
            select 'GP' as level, code, sex, band, patients from practice_bands
            union all select 'PCN', 'U99' || lpad((pcn + 1)::varchar, 3, '0'), sex, band, sum(patients) from
            practice_bands group by all
            union all select 'SUB_ICB_LOCATION', '{plan.sub_icb_code}', sex, band, sum(patients) from practice_bands
            group by all
            union all select 'ICB', '{plan.icb_code}', sex, band, sum(patients) from practice_bands group by all
            union all select 'COMM_REGION', 'Y99', sex, band, sum(patients) from practice_bands group by all
        )
        select level, code, if(grouping(sex) = 1, 'ALL', if(sex = 1, 'MALE', 'FEMALE')) as sex_text,
            if(grouping(band) = 1, 'ALL', band) as age_text, sum(patients)::bigint as patients
        from levels group by grouping sets ((level, code, sex, band), (level, code, sex), (level, code))
    """
    columns = {
        "PUBLICATION": "'GP_PRAC_PAT_LIST'",
        "EXTRACT_DATE": f"'{month}'",
        "ORG_TYPE": "level",
        "ORG_CODE": "code",
        "ONS_CODE": "null",
        "POSTCODE": "if(level = 'GP', 'ZZ1 1ZZ', null)",
        "SEX": "sex_text",
        "AGE_GROUP_5": "age_text",
        "NUMBER_OF_PATIENTS": "patients",
    }
    path = folder / "gp_registrations" / f"gp-reg-pat-prac-quin-age-{month:%Y-%m}.csv"
    return write_table(con, path, columns, source, "level, code, sex_text, age_text")
