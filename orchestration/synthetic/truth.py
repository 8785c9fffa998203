"""What a correct pipeline must find after the last delivery: counts per area and month, from what the generator knows it made.

Nothing here reads a file. Each measure starts from the true events, leaves out what dirt hid, spoiled or repeated, and takes the
practice as it stands on the record; areas are those of the last data cut. Stays, transfers and readmissions are known from how they
were made, not found again by rule. Opted-out people are out wherever their pseudonym is on the record.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.synthetic import community, dirt, gp_files, hospital_files
from orchestration.synthetic.plan import EFFECTS, DemoPlan
from orchestration.synthetic.reference_files import submissions_sql

EMERGENCY_METHODS = "('21', '22', '23', '24', '25', '28', '2A', '2B', '2C', '2D')"
OTHER_METHODS = "('31', '32', '82', '83', '84', '89')"
MEDICAL_SPECIALTIES = ("300", "301", "320", "326", "340", "370", "430")
CANCER_CODES = ("C509", "C349", "C189", "C61X", "Z511")
_KNOWN = "(person_is_null or not has_opted_out)"
_NIGHTS = "('day_case', 'regular')"


def create_truth_table(con: duckdb.DuckDBPyConnection) -> None:
    """Table `truth`: measure, practice code as delivered, month, value."""
    con.execute("create table truth (measure varchar, practice_code varchar, month date, value decimal(18, 2))")


def create_truth(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """Everything but GP appointments, which are added month by month."""
    fresh = dirt.fresh_in_any("event_month", plan.fresh_months())
    con.execute(f"create temp table live_episodes as {_live_episodes(plan, fresh)}")
    _add(con, _attendances(fresh))
    _add(con, _outpatients(plan, fresh))
    _add(con, _contacts(fresh))
    _add(con, _referrals(plan))
    _add(con, _money())
    _add(con, "select 'registered_population' as measure, p.code as practice_code, month, sum(patients) from lists l "
              "join practices p on p.number = l.practice group by all")  # fmt: skip
    for month in plan.months:
        _add(
            con,
            f"select 'online_consultations', code, date '{month}', clinical + administrative from ({submissions_sql(plan, month)})",
        )
    _add(con, _admissions(plan))
    _create_live_stays(con, plan)
    _add(con, _readmissions())
    _add(con, _occupied_bed_days(plan))


def add_gp_month(con: duckdb.DuckDBPyConnection, plan: DemoPlan, month: date) -> None:
    """GP appointments of the month that stands in `gp_month`."""
    fresh = "true" if plan.live_delivery(month).month == month else "false"
    _add(con, f"""
        select {_measure({"Attended": "gp_appointments_attended", "DNA": "gp_dna", "Unknown": "gp_status_unknown"}, "status")} as measure,
            practice_code, date '{month}', count(*) from ({gp_files.appointments_as_delivered(fresh)}) where {_KNOWN} group by all
    """)  # fmt: skip


def _add(con: duckdb.DuckDBPyConnection, select: str) -> None:
    con.execute(f"insert into truth {select}")


def _measure(names: dict[str, str], column: str) -> str:
    cases = " ".join(f"when '{value}' then '{name}'" for value, name in names.items())
    return f"case {column} {cases} end"


def _per_flag(flags: dict[str, str], source: str) -> str:
    """SQL: one row per measure, practice and month; `flags` names for each measure the condition under which a row counts."""
    listed = ", ".join(f"if({condition}, '{name}', null)" for name, condition in flags.items())
    return f"""
        select measure, practice_code, month, count(*) from (
            select *, unnest([{listed}]) as measure from ({source})
        ) where measure is not null group by all
    """


def _attendances(fresh: str) -> str:
    source = f"select *, event_month as month from ({hospital_files.attendances_as_delivered(fresh)}) where {_KNOWN}"
    unplanned = "not is_sdec and attendance_category <> '4'"
    return _per_flag(
        {
            "ae_attendances_unplanned": unplanned,
            "ae_type_1_attendances": f"{unplanned} and department_type = '01'",
            "sdec_attendances": "is_sdec",
        },
        source,
    )


def _outpatients(plan: DemoPlan, fresh: str) -> str:
    rows = f"select *, event_month as month from ({hospital_files.outpatients_as_delivered(fresh)}) where {_KNOWN}"
    seen, lost = "attended in ('5', '6')", "attended in ('3', '7')"
    appointments = _per_flag(
        {
            "op_attendances": seen,
            "op_attendances_procedure": f"{seen} and procedure_1 <> ''",
            "op_attendances_first": f"{seen} and procedure_1 = '' and first_attendance in ('1', '3')",
            "op_attendances_follow_up": f"{seen} and procedure_1 = '' and first_attendance in ('2', '4')",
            "op_not_attended": lost,
        },
        f"select * from ({rows}) where first_attendance <> '5'",
    )
    referrals = f"""
        select 'gp_referrals_hes_op', practice_code, date_trunc('month', request_date)::date, count(*) from ({rows})
        where {seen} and first_attendance in ('1', '3') and referral_source = '03' and {hospital_files.has_request_date()}
            and request_date >= date '{plan.first_month}' group by all
    """
    return f"{appointments} union all {referrals}"


def _contacts(fresh: str) -> str:
    source = f"select *, event_month as month from ({community.contacts_as_delivered(fresh)}) where {_KNOWN}"
    return _per_flag({"community_contacts": "attended in ('5', '6')"}, source)


def _referrals(plan: DemoPlan) -> str:
    return f"""
        select 'gp_referrals_ers', if(lacks_any_practice, null, practice_code), date_trunc('month', first_at)::date, count(*)
        from referrals where not is_advice and not is_test and not has_opted_out and first_at::date <= date '{plan.data_cut}'
        group by all
    """


def _money() -> str:
    return """
        select 'spend_contract_gbp.' || pod, practice_code, month, sum(price) from contract_lines
        where price is not null and not has_opted_out group by all
        union all
        select 'contract_activity.' || pod, practice_code, month, sum(activity) from contract_lines
        where not has_opted_out group by all
        union all
        select 'spend_payment_gbp', p.code, l.month, sum(p.payment / 12)
        from payments p join (select distinct month from lists) l
            on l.month between p.year_start and p.year_start + interval 11 months
        group by all
    """


def _live_episodes(plan: DemoPlan, fresh: str) -> str:
    cut = f"date '{plan.data_cut}'"
    rows = hospital_files.episodes_as_delivered(fresh, cut, f"e.episode_end >= date '{plan.first_month}'")
    return f"select *, is_last and is_finished as ends_spell from ({rows}) where {_KNOWN} and not has_swapped_dates"


def _admissions(plan: DemoPlan) -> str:
    source = f"""
        select e.*, date_trunc('month', admission)::date as month,
            method in {EMERGENCY_METHODS} and episode_type not in ('3', '6') as is_emergency,
            discharge <= date '{plan.data_cut}' as is_discharged
        from live_episodes e
        where episode_order = 1 and is_finished and patient_class in ('1', '2', '5') and admission >= date '{plan.first_month}'
    """
    return _per_flag(
        {
            "emergency_admissions": "is_emergency",
            "emergency_admissions_los_0": "is_emergency and is_discharged and discharge = admission",
            "emergency_admissions_los_1_plus": "is_emergency and is_discharged and discharge > admission",
            "emergency_admissions_not_discharged": "is_emergency and not is_discharged",
            "falls_admissions_65_plus": "is_emergency and age >= 65 and primary_diagnosis like 'S%' and cause like 'W%'",
            "emergency_overnight_medical_75_plus": "is_emergency and is_discharged and discharge > admission and age >= 75 "
            f"and list_contains({list(MEDICAL_SPECIALTIES)}, specialty)",
            "acs_chronic_admissions": f"is_emergency and patient_class = '1' and source <> '51' and ({_acs_chronic()})",
            "non_emergency_admissions": f"method in {OTHER_METHODS} or (method in {EMERGENCY_METHODS} and not is_emergency)",
            "transfer_admissions": "method = '81'",
        },
        source,
    )  # fmt: skip


def _acs_chronic() -> str:
    """SQL: the planted primary diagnoses that are chronic ambulatory care sensitive, less the planted procedures that rule them out."""
    always = ("J459", "J440", "J441", "G409", "E109", "E119", "D509", "F03X", "I48X")
    heart, angina = ("I500", "I110", "I10X"), ("I209",)
    return (
        f"list_contains({list(always)}, primary_diagnosis) "
        f"or (list_contains({list(heart)}, primary_diagnosis) and procedure_1 not in ('K402', 'K605')) "
        f"or (list_contains({list(angina)}, primary_diagnosis) and procedure_1 in ('', 'U212'))"
    )


def _create_live_stays(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    """`live_stays`: one row per stay that is not a day case, as far as its episodes are in the live data."""
    positions = ("primary_diagnosis", "diagnosis_2", "diagnosis_3", "diagnosis_4")
    cancer = " or ".join(f"list_contains({list(CANCER_CODES)}, {position})" for position in positions)
    con.execute(f"""
        create temp table cancer_episodes as
        select person, episode_start from live_episodes where ({cancer}) and not person_is_null
    """)
    con.execute(f"""
        create temp table live_stays as
        with summed as (
            select stay_id, person, min(admission) as admission, max(discharge) as discharge,
                arg_max(practice_code, episode_id) as practice_code, bool_or(ends_spell and discharge_method = '4') as is_died,
                max(discharge) <= date '{plan.data_cut}' as is_discharged,
                arg_min(method in {EMERGENCY_METHODS} and episode_type not in ('3', '6'), episode_id) as is_emergency,
                bool_or({cancer}) as has_cancer, bool_or(specialty = '501') as has_obstetrics,
                bool_or(episode_type in ('2', '3', '5', '6') or specialty in ('501', '560', '610')) as has_maternity,
                bool_or(specialty between '700' and '727') as has_mental_health
            from live_episodes where kind not in {_NIGHTS} group by stay_id, person
        ), cancer_before as (
            select distinct s.stay_id from summed s join cancer_episodes c on c.person = s.person
                and c.episode_start >= s.admission - 365 and c.episode_start < s.admission
        )
        select s.*, is_discharged and not is_died and not has_cancer and b.stay_id is null and not has_maternity
                and not has_mental_health as is_index,
            is_emergency and not has_obstetrics and not has_cancer as is_readmission
        from summed s left join cancer_before b using (stay_id)
    """)


def _readmissions() -> str:
    """Each eligible emergency belongs to the latest index discharge before it; each index counts its first one."""
    paired = """
        with ordered as (
            select *, max(if(is_index, admission_rank, null)) over (partition by person order by admission_rank
                rows between unbounded preceding and 1 preceding) as index_rank
            from (select *, row_number() over (partition by person order by admission, discharge, stay_id) as admission_rank
                from live_stays)
        ), first_return as (
            select i.stay_id, min(r.admission - i.discharge) as days
            from ordered r join ordered i on i.person = r.person and i.admission_rank = r.index_rank
            where r.is_readmission group by i.stay_id
        )
        select s.*, date_trunc('month', s.discharge)::date as month, f.days
        from live_stays s left join first_return f using (stay_id) where s.is_index
    """
    windows = {f"readmissions_{n}d": f"days between 0 and {n - 1}" for n in (30, 60, 90)}
    return _per_flag({"readmission_index_discharges": "true", **windows}, paired)


def _occupied_bed_days(plan: DemoPlan) -> str:
    months = ", ".join(f"date '{month}'" for month in plan.months)
    return f"""
        select 'occupied_bed_days', practice_code, m.month,
            sum(least(if(is_discharged, discharge, date '{plan.data_cut}' + 1), (m.month + interval 1 month)::date)
                - greatest(admission, m.month)) as nights
        from live_stays s join (select unnest([{months}]) as month) m on s.admission < m.month + interval 1 month
            and if(is_discharged, discharge, date '{plan.data_cut}' + 1) > m.month
        group by all
    """


def write_truth(con: duckdb.DuckDBPyConnection, plan: DemoPlan, ledger: dict[str, Any], path: Path) -> None:
    """`truth.json`: `measures[measure][area][YYYY-MM]`, areas with a figure only; `dirt[delivery][feed][kind]` in rows."""
    visits = ["gp_appointments_attended", "ae_attendances_unplanned", "sdec_attendances", "op_attendances"]
    for total, parts in {"all_visits": visits, "all_visits_with_community": [*visits, "community_contacts"]}.items():
        _add(
            con,
            f"select '{total}', practice_code, month, sum(value) from truth where measure in {tuple(parts)} group by all",
        )
    rows = con.execute("""
        select measure, coalesce(p.area, 'UNATTRIBUTED') as area, strftime(month, '%Y-%m'), sum(value)
        from truth t left join practices p on p.code = t.practice_code
        where measure is not null group by all having sum(value) <> 0 order by all
    """).fetchall()
    measures: dict[str, dict[str, dict[str, int | float]]] = {}
    for measure, area, month, value in rows:
        number = float(value) if measure.startswith("spend_") else int(value)
        measures.setdefault(measure, {}).setdefault(area, {})[month] = number
    content = {
        "about": "What the demo's generator made: every figure is on the boundaries at the data cut, after the last delivery.",
        "demo": {
            "people": plan.people,
            "months": plan.month_count,
            "seed": plan.seed,
            "flat_rates": plan.flat_rates,
            "effects": "none" if plan.flat_rates else plan.effects,
            "effect_of_going_live": [
                {"live_for_months": months, "lower_each_month": each, "lower_at_most": most}
                for months, each, most in (() if plan.flat_rates else EFFECTS[plan.effects])
            ],
            "chosen_high": plan.chosen_high,
            "faults": sorted(plan.faults),
            "deliveries": [delivery.name for delivery in plan.deliveries],
        },
        "data_cut": plan.data_cut.isoformat(),
        "first_month": f"{plan.first_month:%Y-%m}",
        "last_month": f"{plan.last_month:%Y-%m}",
        "measures": measures,
        "dirt": ledger,
    }
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
