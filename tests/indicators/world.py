"""A small made-up ICB straight into dbt's inputs: six practices, four teams, everything every indicator needs, no files to read.

Each value comes from a hash of what it belongs to,
so the world is the same on every machine and in every order of rows.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from orchestration.build.plan_tables import judge_coverage
from tests.empty_inputs import write_empty_inputs

ICB = "QXX"
FIRST_MONTH, LAST_MONTH = "2023-09-01", "2025-10-01"
DATA_CUT = "2025-10-31"

MEMBERSHIP = [
    # practice, INT, PCN, HCP, from, to, go live
    ("A00001", "T01", "N01", "H1", "2020-04-01", None, "2025-01-01"),
    ("A00002", "T01", "N01", "H1", "2020-04-01", None, "2025-01-01"),
    ("A00003", "T02", "N02", "H1", "2020-04-01", None, None),
    ("A00004", "T03", "N03", "H2", "2020-04-01", None, None),
    ("A00005", "T03", "N03", "H2", "2020-04-01", "2025-04-01", None),
    ("A00005", "T04", "N03", "H2", "2025-04-01", None, None),
    ("A00006", "T02", "N02", "H1", "2020-04-01", None, None),
]

MACROS = """
create macro draw(key, salt) as (hash(key || '|' || salt) % 1000000) / 1000000.0;
create macro pick(key, salt, choices) as choices[1 + cast(floor(draw(key, salt) * len(choices)) as integer)];
create macro day_in(month, key, salt) as cast(month + cast(floor(draw(key, salt) * 28) as integer) as date);
create macro month_of(d) as cast(date_trunc('month', d) as date);
"""


def create_people(connection: duckdb.DuckDBPyConnection, people: int) -> None:
    """Tables `people` (age, sex, LSOA, practice, moving date), `month_list` and `visits` (person × month × number)."""
    connection.execute(MACROS)
    connection.execute(
        f"""
        create table month_list as
        select cast(unnest(generate_series(date '{FIRST_MONTH}', date '{LAST_MONTH}',
        interval 1 month)) as date) as month;
        create table lsoas as
        select 'E0100' || lpad(cast(i as varchar), 4, '0') as lsoa_code,
        i % 10 + 1 as imd_decile from range(40) as t(i);
        create table people as
        select
            'P' || lpad(cast(i as varchar), 6, '0') as person_id,
            cast(floor(power(draw(i, 'age'), 1.2) * 99) as integer) as age_years,
            pick(i, 'sex', ['1', '2']) as sex_code,
            'A0000' || cast(1 + i % 6 as varchar) as practice_code,
            case when draw(i,
            'moves') < 0.03 then 'A0000' || cast(1 + (i + 3) % 6 as varchar) end as next_practice_code,
            date '2024-11-01' as move_date,
            'E0100' || lpad(cast(cast(floor(draw(i, 'lsoa') * 40) as integer) as varchar), 4, '0') as lsoa_code,
            draw(i, 'frailty') as frailty
        from range({people}) as t(i);
        alter table people add column sex varchar;
        update people set sex = case sex_code when '1' then 'male' else 'female' end;
        """
    )


def located(rate: str, salt: str, at_most: int = 3) -> str:
    """One row per thing that happens to a person in a month: `rate` is SQL over the person, the expected number a month."""
    return f"""
        select
            people.person_id || '|{salt}|' || strftime(month, '%Y%m') || '|' || n as key,
            people.person_id, people.age_years, people.sex, people.lsoa_code, people.frailty,
            day_in(month, people.person_id || strftime(month, '%Y%m') || n, '{salt} day') as date,
            case when next_practice_code is not null and month >= move_date then next_practice_code else practice_code end
                as practice_code
        from people cross join month_list cross join range({at_most}) as numbers(n)
        where draw(people.person_id || strftime(month, '%Y%m') || n, '{salt}') < ({rate}) / {at_most}.0
    """


FEEDS: dict[str, str] = {
    "int_membership": "select practice_code, int_code, 'Team ' || int_code as int_name, pcn_code, 'Network ' || pcn_code as "
    "pcn_name, hcp_code, 'Partnership ' || hcp_code as hcp_name, cast(valid_from as date) as valid_from, cast(valid_to as "
    "date) as valid_to, cast(go_live_month as date) as go_live_month from membership",
    "ods_practices": "select distinct practice_code, 'Practice ' || practice_code as practice_name, 'QXX' as icb_code, '99X' "
    "as sub_icb_code, date '2000-01-01' as open_date, null::date as close_date, 'A' as status, '4' as prescribing_setting, "
    "null::date as join_date, null::date as left_date from people",
    "lsoa_deprivation": "select lsoa_code, imd_decile, imd_decile * 100 as imd_rank from lsoas",
    "gp_registrations": """
        select month as extract_date, practice_code, '99X' as sub_icb_code, sex,
            case when age_years >= 95 then '95+' else (age_years // 5 * 5) || '_' || (age_years // 5 * 5 + 4) end as age_group,
            count(*) as patients
        from people cross join month_list group by all""",
    "gp_registrations_lsoa": """
        select month as extract_date, practice_code, lsoa_code, 'ALL' as sex, count(*) as patients
        from people cross join month_list where extract('month' from month) in (1, 4, 7, 10) group by all""",
    "gp_appointments": f"""
        select key as appointment_id, person_id, practice_code, date as appointment_date,
            date - cast(floor(draw(key, 'wait') * 25) as integer) as booked_date,
            pick(key, 'status', ['Attended', 'Attended', 'Attended', 'Attended', 'DNA', 'Unknown']) as appt_status,
            pick(key, 'staff', ['GP', 'Other Practice staff', 'Unknown']) as hcp_type,
            pick(key, 'mode', ['Face-to-Face', 'Telephone', 'Home Visit', 'Video/Online']) as appt_mode,
            pick(key, 'category', ['General Consultation Acute', 'General Consultation Routine', 'Care Home Visit',
                'Structured Medication Review', 'Social Prescribing Service',
                'Clinical Triage']) as national_category,
            10 as duration_minutes, age_years, sex, 'A' as ethnic_group, lsoa_code as lsoa11
        from ({located("0.45", "gp")})""",
    "online_consultations": """
        select month, practice_code, 'N01' as pcn_code, '99X' as sub_icb_code, 'S' as supplier,
            cast(5 + floor(draw(practice_code || month, 'oc') * 9) as bigint) as submissions,
            0 as clinical_submissions,
            0 as administrative_submissions, 0 as other_submissions, 100 as registered_patients, 1.0 as rate_per_1000,
            'Yes' as participation
        from (select distinct practice_code from people) cross join month_list""",
    "ecds": f"""
        select key as epikey, person_id, pick(key, 'provider', ['R01', 'R02']) as provider_code, 'R0101' as site_code,
            date as arrival_date, make_time(cast(floor(draw(key, 'hour') * 24) as integer), 5, 0) as arrival_time,
            pick(key, 'type', ['01', '01', '01', '03', '04', '05']) as department_type,
            pick(key, 'category', ['1', '1', '1', '1', '2', '4']) as attendance_category,
            pick(key, 'source', ['264362003', '264362003', '1065991000000100']) as attendance_source,
            pick(key, 'arrival', ['1048051000000107', '1048071000000103']) as arrival_mode,
            pick(key, 'acuity', ['1064891000000107', '1064901000000108', '1077251000000100']) as acuity,
            pick(key, 'complaint', ['248062006', '21522001', '29857009']) as chief_complaint, age_years, sex,
            'A' as ethnic_group, lsoa_code as lsoa11, practice_code,
            cast(20 + floor(draw(key, 'minutes') * 500) as integer) as departure_minutes,
            pick(key, 'left', ['182992009', '182992009', '1066301000000103']) as discharge_status,
            pick(key, 'destination', ['306689006', '306689006', '306706006', '306694006']) as discharge_destination,
            pick(key, 'follow', ['3780001', '3781000175107']) as discharge_follow_up,
            case when draw(key, 'inv') < 0.4 then ',26604007,' end as investigation_codes,
            case when draw(key, 'treat') < 0.4 then ',225358003,' end as treatment_codes
        from ({located("case when frailty > 0.97 then 0.9 else 0.05 end", "ae")})""",
    "hes_op": f"""
        select key as attendkey, person_id, 'R01' as provider_code, 'R0101' as site_code, date as apptdate,
        age_years, sex,
            'A' as ethnic_group, practice_code, lsoa_code as lsoa11,
            pick(key, 'attended', ['5', '5', '5', '6', '3', '7', '2']) as attended,
            pick(key, 'first', ['1', '2', '2', '3', '4']) as firstatt, pick(key, 'priority', ['1', '2',
            '3']) as priority,
            pick(key, 'ref', ['03', '03', '11']) as refsourc, date - 40 as reqdate, '110' as mainspef,
            '110' as tretspef,
            case when draw(key, 'proc') < 0.2 then 'X291' end as primary_procedure,
            case when draw(key, 'proc') < 0.2 then ',X291,' end as procedure_codes
        from ({located("0.09", "op")})""",
    "ers_referrals": f"""
        select key as ubrn_id, person_id, cast(date as timestamp) as action_timestamp, '1' as action_code,
            '110' as specialty_code, 'Orthopaedics' as specialty_name, pick(key, 'priority', ['1', '2',
            '3']) as priority_code,
            practice_code, practice_code as referring_org_code, age_years, sex, false as is_test_patient,
            null::varchar as ar_status_code, '1' as action_id
        from ({located("0.03", "ers")})""",
    "contract_activity": f"""
        select pick(key, 'provider', ['R01', 'R02']) as provider_code, '99X' as commissioner_code,
            cast(case when extract('month' from date) >= 4 then extract('year' from date) * 100 + extract('year' from date) % 100 + 1
                else (extract('year' from date) - 1) * 100 + extract('year' from date) % 100 end as integer) as financial_year,
            cast((extract('month' from date) + 8) % 12 + 1 as integer) as financial_month, practice_code,
            pick(key, 'pod', ['NEL', 'EL', 'OPFASPCL', 'AE', 'DC']) as point_of_delivery_code, person_id,
            age_years, sex,
            cast(1 as decimal(18, 3)) as activity,
            case when draw(key, 'priced') < 0.9 then cast(50 + floor(draw(key,
            'price') * 90000) / 100 as decimal(18, 2)) end as price_gbp,
            cast('2025-11-01' as timestamp) as created_timestamp
        from ({located("0.1", "contract")})""",
    "gp_payments": """
        select practice_code, practice_code as practice_name, '99X' as sub_icb_code, 'N01' as pcn_code,
        financial_year,
            100.0 as registered_patients, cast(123456.78 as decimal(18, 2)) as payments_gbp
        from (select distinct practice_code from people) cross join (values ('2023/24'), ('2024/25'),
        ('2025/26')) as years(financial_year)""",
    "community_contacts": f"""
        select key as contact_id, person_id, 'R03' as provider_code, practice_code, date as referral_date,
        time '09:00' as referral_time,
            date as contact_date, pick(key, 'time', [time '10:00', time '12:30']) as contact_time,
            pick(key, 'team', ['urgent_community_response', 'district_nursing']) as team_type, pick(key, 'seen',
            ['5', '5', '3']) as attended,
            age_years, sex
        from ({located("0.05", "community")})""",
    "hes_apc": f"""
        select key as epikey, person_id, 'R01' as provider_code, 'R0101' as site_code, key as provspnops,
        date as admidate,
            pick(key, 'method', ['21', '21', '22', '31', '11']) as admimeth, pick(key, 'source', ['19', '19',
            '54']) as admisorc, '01' as admincat,
            '1' as classpat, date as epistart, date + stay as epiend, 1 as epiorder, '3' as epistat,
            '1' as epitype, date + stay as disdate,
            case when draw(key, 'death') < 0.04 then '4' else '1' end as dismeth, case when draw(key,
            'death') < 0.04 then '79' else
                pick(key, 'dest', ['19', '19', '19', '54']) end as disdest,
            case when stay > 2 and draw(key, 'ready') < 0.5 then date + stay - 1 end as disreadydate,
            'Y' as spelend, age_years, sex,
            'A' as ethnic_group, practice_code, lsoa_code as lsoa11, pick(key, 'spec', ['300', '430',
            '100']) as mainspef,
            pick(key, 'spec', ['300', '430', '100']) as tretspef, diagnosis as primary_diagnosis,
            ',' || diagnosis || pick(key, 'second', [',W190,', ',X789,', ',F102,', ',F112,', ',R54X,',
            ',']) as diagnosis_codes
        from (
            select *, cast(floor(power(draw(key, 'stay'), 3) * 30) as integer) as stay,
                pick(key, 'diagnosis', ['J441', 'I500', 'S720', 'N390', 'E119', 'L031', 'F102', 'R074']) as diagnosis
            from ({located("case when frailty > 0.95 then 0.4 else 0.015 + age_years / 3000.0 end", "apc")})
        )""",
    "deaths": "select person_id, max(disdate) as death_date, any_value(practice_code order by epikey) as practice_code, "
    "any_value(age_years order by epikey) as age_years, any_value(sex order by epikey) as sex, "
    "any_value(case when dismeth = '4' then 'HOSPITAL' else 'HOME' end order by epikey) as place_of_death from hes_apc "
    "where dismeth = '4' or hash(epikey) % 40 = 0 group by person_id",
    "person_cohorts": "select person_id, 'nnhip' as cohort_id, date '2024-01-01' as valid_from, null::date as valid_to, "
    "'active_case' as status from people where frailty > 0.9 union all select person_id, 'nnhip', date '2024-06-01', null, "
    "'active_case' from people where frailty > 0.97",
}

COVERAGE_DATE = {
    "reported_measures": "period_end", "qof_prevalence": "year_end",
    "gp_appointments": "appointment_date", "ecds": "arrival_date", "hes_op": "apptdate", "hes_apc": "epiend",
    "ers_referrals": "cast(action_timestamp as date)", "community_contacts": "contact_date", "deaths": "death_date",
    "online_consultations": "month", "gp_registrations": "extract_date", "gp_registrations_lsoa": "extract_date",
    "contract_activity": "make_date(financial_year // 100 + case when financial_month > 9 then 1 else 0 end, "
    "(financial_month + 2) % 12 + 1, 1)",
}  # fmt: skip


def write_world(path: Path, people: int = 1500, without: tuple[str, ...] = ()) -> Path:
    """Write `inputs.duckdb` with a live world.

    Parameters
    ----------
    path
        The file to write.
    people
        Registered people; about 0.8 events per person and month.
    without
        Feeds that are not delivered.
    """
    write_empty_inputs(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema world; set schema = 'world'")
        connection.execute(
            "create table membership (practice_code varchar, int_code varchar, pcn_code varchar, hcp_code varchar, "
            "valid_from varchar, valid_to varchar, go_live_month varchar)"
        )
        connection.executemany("insert into membership values (?, ?, ?, ?, ?, ?, ?)", MEMBERSHIP)
        create_people(connection, people)
        for feed, select in FEEDS.items():
            connection.execute(f"create table {feed} as {select}")
            if feed not in without:
                deliver(connection, feed)
        judge_coverage(connection)
        connection.execute(
            f"insert into plan.build values ('2025-10', date '{DATA_CUT}', '{ICB}', 'Test ICB', date '{FIRST_MONTH}', "
            f"date '{LAST_MONTH}', 0); insert into plan.sub_icb_codes values ('99X');"
            f"insert into plan.deliveries values ('2025-10', date '{DATA_CUT}', date '{FIRST_MONTH}', false)"
        )
        connection.execute("drop schema world cascade")
    return path


def deliver(
    connection: duckdb.DuckDBPyConnection, feed: str, delivery: str = "2025-10", data_cut: dt.date | str = DATA_CUT
) -> None:
    """Put the rows of a feed behind its live view's name, and say in the plan which months they cover."""
    coverage = f"month_of({COVERAGE_DATE[feed]})" if feed in COVERAGE_DATE else "null::date"
    connection.execute(f"create table live.{feed}_rows as from live.{feed} limit 0")
    connection.execute(
        f"insert into live.{feed}_rows by name select *, {coverage} as coverage_month, '{delivery}' as delivery from {feed}"
    )
    connection.execute(f"drop view live.{feed}; alter table live.{feed}_rows rename to {feed}")
    connection.execute(
        f"insert into plan.feed_coverage select '{feed}', coverage_month, '', '{delivery}', date '{data_cut}', false, count(*), null "
        f"from live.{feed} group by coverage_month"
    )
    connection.execute(f"insert into plan.feed_status values ('{feed}', true, true, '{delivery}', 'demo')")
