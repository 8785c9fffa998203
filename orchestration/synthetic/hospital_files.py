"""The hospital extracts as they are delivered: pipe-delimited, HES and ECDS column names, HES null conventions.

Width: the columns that the contracts need plus some real HES columns that nothing needs (among them `PCONSULT`,
`WARDSTRT`,
`PREFERER`, `DISCHARGE_INFORMATION_GIVEN`, which carry canaries that must never be seen outside landing).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from orchestration.synthetic import dirt
from orchestration.synthetic.plan import DemoDelivery, DemoPlan, financial_year_start
from orchestration.synthetic.writers import write_table

_SHARES = ("10%", "10-20%", "20-30%", "30-40%", "40-50%")
IMD_TEXT = (
    "Most deprived 10%",
    *(f"More deprived {share}" for share in _SHARES[1:]),
    *(f"Less deprived {share}" for share in reversed(_SHARES[1:])),
    "Least deprived 10%",
)
_IMD = "(" + str(list(IMD_TEXT)) + ")[imd_decile]"
_NULL_DATE = "date '1800-01-01'"
_HES_PERSON = "if(person_is_null, null, token)"


# HES ages: whole years, and 7001-7007 below one year
AGE = """(case when age > 0 then age when age_days < 1 then 7001 when age_days < 7 then 7002 when age_days < 29 then 7003
        when age_days < 91 then 7004 when age_days < 182 then 7005 when age_days < 273 then 7006 else 7007 end)"""


# A stay that dirt may touch: one spell with one episode inside one month, next to no other stay.
IS_SIMPLE_STAY = (
    "(n = 1 and leg = 1 and not is_transferred and not is_death and not touches_another "
    "and date_trunc('month', admission) = date_trunc('month', discharge))"
)


def episodes_as_delivered(fresh: str, cut: str, wanted: str) -> str:
    """SQL over `episodes`: rows in the file and as they stand there. `cut` is SQL for the data cut of the delivery."""
    practice = dirt.delivered_practice("stay_id", fresh, "pr.code")
    return f"""
        select e.* exclude (practice), {IS_SIMPLE_STAY} as is_simple, e.episode_end <= {cut} as is_finished,
            if({IS_SIMPLE_STAY}, {practice}, pr.code) as practice_code,
            {IS_SIMPLE_STAY} and kind = 'day_case' and {dirt.has_null_person("stay_id")} as person_is_null,
            {IS_SIMPLE_STAY} and nights > 0 and draw(stay_id, 'swapped') < {dirt.SWAPPED_DATES_SHARE} as
            has_swapped_dates
        from (select *, date_trunc('month', episode_end)::date as event_month from episodes) e
        join practices pr on pr.number = e.practice
        where e.episode_start <= {cut} and {wanted} and (not {IS_SIMPLE_STAY} or {dirt.is_visible("stay_id", fresh)})
    """


def write_hes_apc(con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path) -> int:
    cut = f"date '{delivery.data_cut}'"
    rows = 0
    for year, start, end in _years(delivery):
        is_last = end == delivery.data_cut
        wanted = f"(e.episode_end between date '{start}' and date '{end}'" + (
            f" or e.episode_end > {cut})" if is_last else ")"
        )
        fresh = dirt.fresh_in("event_month", delivery.month)
        source = f"""
            select *, unnest({dirt.copies("episode_id")}) as copy,
                '{year}' as fyear, has_swapped_dates as s, is_last and is_finished as ends_spell
            from ({episodes_as_delivered(fresh, cut, wanted)})
        """
        path = folder / f"hes_apc_{year}.txt"
        rows += write_table(con, path, _apc_columns(), source, "episode_id, copy", delimiter="|")
    return rows


def _apc_columns() -> dict[str, str]:
    diagnoses = ["primary_diagnosis", "diagnosis_2", "diagnosis_3", "diagnosis_4", "cause", "diagnosis_6"]
    emergency = "method in ('21', '22', '23', '24', '25', '28', '2A', '2B', '2C', '2D')"
    counts = "is_finished and patient_class not in ('3', '4')"
    columns = {
        "FYEAR": "fyear",
        "EPIKEY": "(5000000000000000000 + episode_id)::varchar",
        "TOKEN_PERSON_ID": _HES_PERSON,
        "SUSRECID": "(10000000000000 + episode_id)::varchar",
        "SUSSPELLID": "if(draw(spell_id, 'no spell id') < 0.01, '-1', (1000000000000000000 + spell_id)::varchar)",
        "PROVSPNOPS": "if(draw(spell_id, 'no spell id') < 0.004 and not touches_another, null, 'S' || spell_id)",
        "PROCODE3": "provider",
        "PROCODE5": "provider || '00'",
        "PROCODET": "provider",
        "SITETRET": "provider || '01'",
        "ADMIDATE": "if(s, discharge, admission)",
        "ADMIMETH": "method",
        "ADMISORC": "source",
        "ADMINCAT": "'01'",
        "CLASSPAT": "patient_class",
        "EPISTART": "episode_start",
        "EPIEND": f"if(is_finished, episode_end, {_NULL_DATE})",
        "EPIORDER": "lpad(episode_order::varchar, 2, '0')",
        "EPISTAT": "if(is_finished, '3', '1')",
        "EPITYPE": "episode_type",
        "DISDATE": f"case when not ends_spell then {_NULL_DATE} when s then admission else discharge end",
        "DISMETH": "if(ends_spell, discharge_method, '8')",
        "DISDEST": "if(ends_spell, discharge_destination, '98')",
        "DISREADYDATE": f"if(ends_spell and ready_date is not null, ready_date, {_NULL_DATE})",
        "SPELBGIN": "case when episode_order > 1 then 0 when ends_spell then 2 else 1 end",
        "SPELEND": "if(ends_spell, 'Y', 'N')",
        "EPIDUR": "if(is_finished, episode_end - episode_start, null)",
        "SPELDUR": "if(ends_spell, discharge - admission, null)",
        "STARTAGE": AGE,
        "SEX": "sex",
        "ETHNOS": "ethnic_category",
        "GPPRAC": "practice_code",
        "LSOA11": "lsoa",
        "IMD04_DECILE": _IMD,
        "MAINSPEF": "specialty",
        "TRETSPEF": "specialty",
        "DIAG_COUNT": " + ".join(f"({name} <> '')::integer" for name in diagnoses),
    }
    columns |= {f"DIAG_4_{i:02d}": f"nullif({name}, '')" for i, name in enumerate(diagnoses, 1)}
    columns |= {f"DIAG_4_{i:02d}": "null" for i in range(len(diagnoses) + 1, 21)}
    columns |= {"OPERTN_COUNT": "(procedure_1 <> '')::integer", "OPERTN_4_01": "if(procedure_1 = '', '-', procedure_1)"}
    columns |= {f"OPERTN_4_{i:02d}": "null" for i in range(2, 25)}
    columns |= {
        "SUSHRG": "if(copy = 2, 'UZ01Z', substr(primary_diagnosis, 1, 1) || 'Z' || (10 + age % 80) || 'A')",
        "FCE": f"if({counts}, 1, 0)",
        "FAE": f"if({counts} and episode_order = 1, 1, 0)",
        "FAE_EMERGENCY": f"if({counts} and episode_order = 1 and {emergency}, 1, 0)",
        "FDE": "if(ends_spell and patient_class not in ('3', '4'), 1, 0)",
        "PCONSULT": "'CANARYC' || lpad((person % 5000)::varchar, 5, '0')",
        "WARDSTRT": "'CANARY WARD ' || (spell_id % 97)",
    }
    return columns


def write_hes_op(con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path) -> int:
    rows = 0
    for year, start, end in _years(delivery):
        fresh = dirt.fresh_in("event_month", delivery.month)
        source = f"""
            select *, unnest({dirt.copies("event_id")}) as copy, '{year}' as fyear,
                {_request_date_fault()} as wait_fault
            from ({outpatients_as_delivered(fresh)}) where event_date between date '{start}' and date '{end}'
        """
        rows += write_table(con, folder / f"hes_op_{year}.txt", _op_columns(), source, "event_id, copy", delimiter="|")
    return rows


def _request_date_fault() -> str:
    """HES WAIT_IND: 1 the request date is null (1800-01-01), 5 it was submitted but invalid (1801-01-01), 0 usable."""
    draw = "draw(event_id, 'request date')"
    return f"case when {draw} < 0.030 then 1 when {draw} < 0.034 then 5 else 0 end"


def has_request_date() -> str:
    """SQL: is REQDATE usable?"""
    return f"({_request_date_fault()} = 0)"


def outpatients_as_delivered(fresh: str) -> str:
    return f"""
        select e.* exclude (practice), {dirt.delivered_practice("event_id", fresh, "pr.code")} as practice_code,
            {dirt.has_null_person("event_id")} as person_is_null
        from (select *, date_trunc('month', event_date)::date as event_month from outpatients) e
        join practices pr on pr.number = e.practice
        where {dirt.is_visible("event_id", fresh)}
    """


def _op_columns() -> dict[str, str]:
    tele = "first_attendance in ('3', '4')"
    kind = "case attended when '5' then 1 when '6' then 1 when '3' then 4 when '7' then 4 when '2' then 7 else 10 end"
    columns = {
        "FYEAR": "fyear",
        "ATTENDKEY": "(7000000000000000000 + event_id)::varchar",
        "Token_Person_ID": _HES_PERSON,
        "PROCODE3": "provider",
        "PROCODET": "provider",
        "SITETRET": "provider || '01'",
        "APPTDATE": "event_date",
        "APPTAGE": "if(age = 0, 7007, age)",
        "APPTAGE_CALC": "if(age = 0, 0.875, age)",
        "SEX": "sex",
        "ETHNOS": "ethnic_category",
        "GPPRAC": "practice_code",
        "LSOA11": "lsoa",
        "IMD04_DECILE": _IMD,
        "ATTENDED": "attended",
        "FIRSTATT": "first_attendance",
        "ATENTYPE": f"{kind} + if(first_attendance in ('2', '4'), 1, 0) + if({tele}, 20, 0)",
        "OUTCOME": "1 + floor(draw(event_id, 'outcome') * 3)::integer",
        "PRIORITY": "priority",
        "REFSOURC": "referral_source",
        "REQDATE": f"case wait_fault when 1 then {_NULL_DATE} when 5 then date '1801-01-01' else request_date end",
        "WAIT_IND": "wait_fault",
        "REFERORG": "if(referral_source = '03', practice_code, 'X99998')",
        "MAINSPEF": "specialty",
        "TRETSPEF": "specialty",
        "SERVTYPE": "if(procedure_1 = '', '1', '2')",
        "STAFFTYP": "if(draw(event_id, 'staff') < 0.7, '01', '04')",
        "OPERTN_4_01": "if(procedure_1 = '', '-', procedure_1)",
    }
    columns |= {f"OPERTN_4_{i:02d}": "null" for i in range(2, 25)}
    columns |= {
        "SUSHRG": "if(copy = 2, 'UZ01Z', if(procedure_1 = '', 'WF01A', 'MA12Z'))",
        "PREFERER": "'CANARYR' || lpad((person % 5000)::varchar, 5, '0')",
    }
    return columns


def write_ecds(con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path) -> int:
    rows = 0
    for year, start, end in _years(delivery):
        fresh = dirt.fresh_in("event_month", delivery.month)
        source = f"""
            select * replace (if(copy = 3, arrival + to_minutes({_duplicate_minutes()}), arrival) as arrival),
                if(copy = 3, 1, 0) as key_shift
            from (select *, unnest(list_concat({dirt.copies("event_id")}, if({has_rekeyed_duplicate()}, [3], []))) as
            copy
                from ({attendances_as_delivered(fresh)}) where event_date between date '{start}' and date '{end}')
        """
        source = f"select * from ({source}) where arrival::date <= date '{end}'"
        rows += write_table(con, folder / f"ecds_{year}.txt", _ecds_columns(), source, "event_id, copy", delimiter="|")
    return rows


def has_rekeyed_duplicate() -> str:
    """SQL: is this attendance delivered a second time under a new key (late evening ones more often: across
    midnight)?"""
    return (
        f"(not person_is_null and attendance_category in ('1', '2', '3') and draw(event_id, 'rekeyed') "
        f"< {dirt.REKEYED_DUPLICATE_SHARE} * if(extract(hour from arrival) = 23, 8, 1))"
    )


def _duplicate_minutes() -> str:
    return "(3 + floor(draw(event_id, 'rekeyed minutes') * 58))::integer"


def attendances_as_delivered(fresh: str) -> str:
    return f"""
        select e.* exclude (practice), {dirt.delivered_practice("event_id", fresh, "pr.code")} as practice_code,
            {dirt.has_null_person("event_id")} as person_is_null
        from (select *, date_trunc('month', event_date)::date as event_month from attendances) e
        join practices pr on pr.number = e.practice
        where {dirt.is_visible("event_id", fresh)}
    """


def _ecds_columns() -> dict[str, str]:
    leaving = "(arrival + to_minutes(departure_minutes))"
    columns = {
        "EPIKEY": "(8000000000000000000 + event_id * 2 + key_shift)::varchar",
        "TOKEN_PERSON_ID": _HES_PERSON,
        "PROVIDER_CODE": "provider",
        "PROVIDER_CODE_DERIVED": "provider",
        "SITE": "provider || '01'",
        "ARRIVAL_DATE": "arrival::date",
        "ARRIVAL_TIME": "strftime(arrival, '%H:%M:%S')",
        "ARRIVAL_MONTH": "strftime(arrival, '%Y%m')",
        "ARRIVAL_MODE": "arrival_mode",
        "ATTENDANCE_CATEGORY": "attendance_category",
        "ATTENDANCE_SOURCE": "attendance_source",
        "DEPARTMENT_TYPE": "nullif(department_type, '')",
        "ACUITY": "acuity",
        "CHIEF_COMPLAINT": "chief_complaint",
        "AGE_AT_ARRIVAL": "age",
        "STATED_GENDER": "sex",
        "ETHNIC_CATEGORY": "ethnic_category",
        "LSOA_2011": "lsoa",
        "PRACTICE_CODE_PATIENT_REGISTRATION": "practice_code",
        "CONCLUSION_TIME_SINCE_ARRIVAL": "departure_minutes * 9 // 10",
        "DEPARTURE_DATE": f"{leaving}::date",
        "DEPARTURE_TIME": f"strftime({leaving}, '%H:%M:%S')",
        "DEPARTURE_TIME_SINCE_ARRIVAL": "departure_minutes",
        "DISCHARGE_STATUS": "discharge_status",
        "DISCHARGE_DESTINATION": "discharge_destination",
        "DISCHARGE_FOLLOW_UP": "nullif(follow_up, '')",
        "DIAGNOSIS_CODE_1": "nullif(diagnosis, '')",
    }
    columns |= {f"DIAGNOSIS_CODE_{i}": "null" for i in range(2, 13)}
    columns |= {"INVESTIGATION_CODE_1": "investigation"} | {f"INVESTIGATION_CODE_{i}": "null" for i in range(2, 13)}
    columns |= {"TREATMENT_CODE_1": "nullif(treatment, '')"} | {f"TREATMENT_CODE_{i}": "null" for i in range(2, 13)}
    columns |= {
        "HEALTH_RESOURCE_GROUP": "if(copy = 2, 'VB99Z', 'VB0' || (1 + age % 9) || 'Z')",
        "DISCHARGE_INFORMATION_GIVEN": "'CANARY letter text no ' || (event_id % 9973)",
    }
    return columns


def _years(delivery: DemoDelivery) -> list[tuple[str, date, date]]:
    """The financial years a delivery covers: HES file suffix (`2526`), first and last day."""
    years = []
    start = delivery.coverage_from
    while start <= delivery.data_cut:
        first = financial_year_start(start)
        end = min(date(first.year + 1, 3, 31), delivery.data_cut)
        years.append((f"{first.year % 100:02d}{(first.year + 1) % 100:02d}", start, end))
        start = date(first.year + 1, 4, 1)
    return years
