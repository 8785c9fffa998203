"""Money: contract monitoring (Data Dictionary column names) and payments to general practice.

Stays are priced one line each; attendances and appointments are priced in lines per practice, treatment function and point of
delivery, as providers do. Prices follow the activity that really happened, whatever the extracts say about it on the day. Lines that
are not activity (block, high-cost drugs) have activity 0 and no practice; some lines have a practice but no price.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from orchestration.synthetic import dirt
from orchestration.synthetic.plan import DemoDelivery, DemoPlan, add_months, financial_year_start
from orchestration.synthetic.writers import write_table

TARIFFS = {"AE": 168, "SDEC": 412, "OPFASPCL": 214, "OPFUPSPCL": 102, "OPPROC": 231, "NF2FFA": 121, "NF2FFUP": 58,
           "DC": 968, "EL": 4310, "RADAY": 322, "NELST": 842, "NEL": 2480, "NELNE": 2015}  # fmt: skip
PRICE_PER_NIGHT = 265
UNPRICED_SHARE = 0.01
VERSIONED_PROVIDER = "ZX2"
PAYMENTS_PER_HEAD = 172


def create_contract_lines(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `contract_lines`: month, provider, practice code, point of delivery, activity, price (null: not priced)."""
    tariff = "map {" + ", ".join(f"'{pod}': {price}" for pod, price in TARIFFS.items()) + "}"
    practice = dirt.delivered_practice("line_key", "false", "pr.code")
    con.execute(f"""
        create table contract_lines as
        with spell_ends as (
            select s.*, e.practice, e.specialty, e.token, e.has_opted_out, e.age as age_years, e.sex,
                date_trunc('month', s.discharge)::date as month
            from spells s join episodes e on e.spell_id = s.spell_id and e.is_last
            where s.discharge between date '{plan.first_month}' and date '{plan.data_cut}'
        ), lines as (
            select month, provider, practice, 'S' || spell_id as spell_number, token, has_opted_out, age_years, sex, specialty,
                case kind when 'day_case' then 'DC' when 'elective' then 'EL' when 'regular' then 'RADAY'
                    when 'emergency' then case when method = '81' then 'NELNE'
                        when discharge - admission <= 1 then 'NELST' else 'NEL' end else 'NELNE' end as pod,
                1 as activity, greatest(0, discharge - admission - 2) as extra_nights, spell_id * 4 as line_key
            from spell_ends
            union all
            select date_trunc('month', event_date)::date, provider, practice, null, null, false, null, null, specialty,
                case when procedure_1 <> '' then 'OPPROC' when first_attendance = '1' then 'OPFASPCL'
                    when first_attendance = '2' then 'OPFUPSPCL'
                    when first_attendance = '3' then 'NF2FFA' else 'NF2FFUP' end as pod,
                count(*), 0, min(practice * 1000000 + event_id % 1000000)
            from outpatients where attended in ('5', '6') and first_attendance <> '5' group by all
            union all
            select date_trunc('month', event_date)::date, provider, practice, null, null, false, null, null, '180',
                if(is_sdec, 'SDEC', 'AE') as pod, count(*), 0, min(practice * 1000000 + event_id % 1000000)
            from attendances group by all
        ), priced as (
            -- a line of many attendances always has its practice: two lines without one could look like the same line
            select l.* exclude (practice), if(spell_number is null, pr.code, {practice}) as practice_code, l.pod as pod_code,
                if(draw(line_key, 'unpriced') < {UNPRICED_SHARE}, null,
                    (l.activity * ({tariff})[l.pod] + l.extra_nights * {PRICE_PER_NIGHT})::decimal(18, 2)) as price
            from lines l join practices pr on pr.number = l.practice
        )
        select month, false as is_month_13, provider, spell_number, token, has_opted_out, age_years, sex, specialty, pod_code as pod,
            practice_code, activity::decimal(18, 3) as activity, price from priced
        union all
        select m.month, false, p.provider, null, null, false, null, null, null, p.pod, null, 0,
            (p.yearly * {plan.people} / 12)::decimal(18, 2)
        from (select unnest({_months(plan)}) as month) m,
            (values ('ZX1', 'BLOCK', 31), ('ZX2', 'BLOCK', 18), ('ZX5', 'BLOCK', 96), ('ZX1', 'DRUG', 22), ('ZX4', 'DRUG', 19))
                p(provider, pod, yearly)
        union all
        -- the year's late corrections, in the thirteenth month
        select m.month, true, 'ZX1', null, null, false, null, null, null, 'ADJUSTMENT', null, 0, -1234.56
        from (select unnest({_months(plan)}) as month) m where extract(month from m.month) = 3 and m.month < date '{plan.last_month}'
    """)


def _months(plan: DemoPlan) -> str:
    return "[" + ", ".join(f"date '{month}'" for month in plan.months) + "]"


def write_contract_activity(
    con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path
) -> int:
    """The year to date, one file per financial year. One provider's newest month is there twice: its first version, superseded."""
    created = f"{add_months(delivery.month, 1):%Y-%m}-14 08:30:00"
    first_version = f"{add_months(delivery.month, 1):%Y-%m}-07 08:30:00"
    rows = 0
    start = financial_year_start(delivery.coverage_from)
    while start <= delivery.data_cut:
        end = min(date(start.year + 1, 3, 31), delivery.data_cut)
        source = f"""
            select *, if(is_month_13, 13, (extract(month from month)::integer + 8) % 12 + 1) as financial_month,
                unnest(if(provider = '{VERSIONED_PROVIDER}' and month = date '{delivery.month}', [0, 1], [0])) as version
            from contract_lines where month between date '{max(start, delivery.coverage_from)}' and date '{end}'
        """
        columns = {
            "FINANCIAL MONTH": "financial_month",
            "FINANCIAL YEAR": f"'{start.year}{(start.year + 1) % 100:02d}'",
            "DATE AND TIME DATA SET CREATED": f"if(version = 0, '{created}', '{first_version}')",
            "ORGANISATION IDENTIFIER (CODE OF PROVIDER)": "provider",
            "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)": f"'{plan.icb_code}'",
            "GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)": "practice_code",
            "LOCAL PATIENT IDENTIFIER (EXTENDED)": "token",
            "AGE AT ACTIVITY DATE (CONTRACT MONITORING)": "age_years",
            "PERSON STATED GENDER CODE": "sex",
            "ACTIVITY TREATMENT FUNCTION CODE": "specialty",
            "COMMISSIONED SERVICE CATEGORY CODE": "'12'",
            "POINT OF DELIVERY CODE": "pod",
            "POINT OF DELIVERY FURTHER DETAIL DESCRIPTION": "null",
            "LOCAL CONTRACT CODE": f"'{plan.icb_code}' || provider",
            "TARIFF CODE": "if(activity = 0, null, 'ZZ' || length(pod) || '0A')",
            "NATIONAL TARIFF INDICATOR": "if(activity = 0, 'N', 'Y')",
            "HOSPITAL PROVIDER SPELL IDENTIFIER": "spell_number",
            "CONTRACT MONITORING ACTUAL ACTIVITY": "activity",
            "CONTRACT MONITORING ACTUAL PRICE": "if(version = 0, price, (price * 0.97)::decimal(18, 2))",
            "CONTRACT MONITORING ACTUAL MARKET FORCES FACTOR": "(price * 0.05)::decimal(18, 2)",
            "CONTRACT MONITORING ADDITIONAL DETAIL DESCRIPTION": "'CANARY remark on line for ' || pod",
        }
        order = "provider, financial_month, version, pod, practice_code, specialty, spell_number, activity, price"
        name = f"contract_activity_{start.year % 100:02d}{(start.year + 1) % 100:02d}.csv"
        rows += write_table(con, folder / name, columns, source, order)
        start = date(start.year + 1, 4, 1)
    return rows


def create_payments(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Table `payments`: financial year start × practice, for the years that had ended by the last data cut.

    Pounds divide by twelve without a rest, so that every month's twelfth is exact.
    """
    years = sorted(
        {financial_year_start(month) for month in plan.months if financial_year_start(month).year < plan.data_cut.year}
    )
    ended = [year for year in years if add_months(year, 12) <= plan.data_cut] or [date(plan.data_cut.year - 2, 4, 1)]
    starts = ", ".join(f"date '{year}'" for year in ended)
    con.execute(f"""
        create table payments as
        select y.year_start, p.code, p.name, p.pcn, l.patients,
            (floor(l.patients * {PAYMENTS_PER_HEAD} * (0.85 + 0.3 * draw(p.number, 'payment')) / 12) * 12)::decimal(18, 2) as payment
        from (select unnest([{starts}]) as year_start) y
        join practices p on p.is_in_icb
        join (select practice, month, sum(patients)::bigint as patients from lists group by all) l on l.practice = p.number
        where l.month = (select min(month) from lists where month >= y.year_start)
    """)


def write_gp_payments(con: duckdb.DuckDBPyConnection, plan: DemoPlan, delivery: DemoDelivery, folder: Path) -> int:
    """One file per year, named as it is published; a year is published in the delivery after it ended."""
    rows = 0
    for (year,) in con.execute("select distinct year_start from payments order by 1").fetchall():
        published = add_months(year, 12)
        if delivery.data_cut < published or (not delivery.is_first and delivery.month > published):
            continue
        source = (
            f"select *, (payment * 0.12)::decimal(18, 2) as deducted from payments where year_start = date '{year}'"
        )
        columns = {
            "NHS England (Region) code": "'Y99'",
            "NHS England (Region) Name": "'DEMO COMM REGION'",
            "CCG Code": f"'{plan.sub_icb_code}'",
            "Sub ICB NAME": f"'NHS DEMO ICB - {plan.sub_icb_code}'",
            "Code": "'U99' || lpad((pcn + 1)::varchar, 3, '0')",
            "CCG NAME": "'DEMO PCN ' || (pcn + 1)",
            "Practice Code": "code",
            "Practice Name": "name",
            "Contract Type": "'GMS'",
            "Dispensing Practice": "'No'",
            "Practice type": "'GP practice'",
            "Number of Registered Patients (Last Known Figure)": "patients",
            "Number of Weighted Patients (Last Known Figure)": "(patients * 1.02)::decimal(18, 2)",
            "Average payments per registered patient": "(payment / nullif(patients, 0))::decimal(18, 2)",
            "Global Sum": "(payment * 0.62)::decimal(18, 2)",
            "Total QOF Payments": "(payment * 0.08)::decimal(18, 2)",
            "Total NHS Payments to General Practice": "payment",
            "Deductions for Pensions, Levies and Prescription Charge Income": "-deducted",
            "Total NHS Payments to General Practice Minus Deductions": "payment - deducted",
        }
        name = f"nhspaymentsgp-{year.year % 100:02d}-{(year.year + 1) % 100:02d}.csv"
        rows += write_table(con, folder / "gp_payments" / name, columns, source, "code")
    return rows
