"""Reference and published files: ODS, PCN membership, deprivation, lists by neighbourhood, and official totals."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from orchestration.synthetic.plan import DemoDelivery, DemoPlan
from orchestration.synthetic.sql import OFFICE_WEEKDAYS, month_factor
from orchestration.synthetic.world import PROVIDERS, World, closing_day, int_code, open_practices, pcn_code, place_name
from orchestration.synthetic.writers import write_rows, write_table

OTHER_ICB, OTHER_SUB_ICB = "QYY", "98Z"
PCN_HEADER = (
    "Partner\nOrganisation\nCode", "Partner\nName", "Practice\nParent\nSub ICB Loc Code", "Practice\nParent\nSub ICB Loc Name",
    "PCN Code", "PCN Name", "PCN Parent\nSub ICB Loc Code", "PCN Parent\nSub ICB Loc Name",
    "Practice to PCN\nRelationship\nStart Date", "Practice to PCN\nRelationship\nEnd Date",
    "Practice Sub ICB Loc and PCN Sub ICB Loc Match",
)  # fmt: skip
DEPRIVATION_HEADER = (
    "LSOA code (2011)",
    "LSOA name (2011)",
    "Local Authority District code (2019)",
    "Local Authority District name (2019)",
    "Index of Multiple Deprivation (IMD) Rank",
    "Index of Multiple Deprivation (IMD) Decile",
)
ENGLISH_LSOAS = 32_844
SUBMISSION_SUPPLIERS = ("LARCH HEALTH LIMITED", "ELMWARE SYSTEMS LTD")


def write_ods_practices(plan: DemoPlan, world: World, delivery: DemoDelivery, folder: Path) -> int:
    """epraccur: 27 columns by position, no header, with out-of-area practices and organisations that are not practices."""
    rows = []
    for practice in world.practices:
        icb, sub_icb = (plan.icb_code, plan.sub_icb_code) if practice.is_in_icb else (OTHER_ICB, OTHER_SUB_ICB)
        closed = practice.closes is not None and practice.closes <= delivery.data_cut
        close_date = f"{closing_day(practice.closes):%Y%m%d}" if closed and practice.closes else ""
        head = [
            practice.code,
            practice.name,
            "Y99",
            icb,
            f"{practice.number + 1} HIGH STREET",
            "",
            "",
            "DEMOTON",
            "",
            "ZZ1 1ZZ",
        ]
        middle = ["19740401", close_date, "C" if closed else "A", "B", sub_icb, "20200401", close_date, "", "", "", ""]
        rows.append([*head, *middle, "0", "", "", "", "4", ""])
    for number in range(12):
        head = [
            f"Z9{number + 1:04d}",
            f"DEMO OUT OF HOURS {number + 1}",
            "Y99",
            plan.icb_code,
            "1 SIDE LANE",
            "",
            "",
            "DEMOTON",
            "",
            "ZZ1 2ZZ",
        ]
        rows.append(
            [
                *head,
                "20150401",
                "",
                "A",
                "B",
                plan.sub_icb_code,
                "20200401",
                "",
                "",
                "",
                "",
                "",
                "0",
                "",
                "",
                "",
                "2",
                "",
            ]
        )
    path = folder / "ods_practices.csv"
    return write_rows(path, None, sorted(rows), quote_all=True)


def write_ods_succession(world: World, delivery: DemoDelivery, folder: Path) -> int:
    rows = [
        [p.code, world.practices[p.successor].code, "M", f"{p.closes:%Y%m%d}", "1"]
        for p in world.practices
        if p.successor is not None and p.closes is not None and p.closes <= delivery.data_cut
    ]
    # a succession from before the demo keeps the file from being empty
    rows.append(["Z18801", world.practices[0].code, "M", "20160401", "1"])
    return write_rows(folder / "ods_succession.csv", None, sorted(rows))


def write_pcn_membership(plan: DemoPlan, world: World, delivery: DemoDelivery, folder: Path) -> int:
    """ePCN core partner details: line breaks in the headers, dates yyyymmdd, ended rows kept."""
    name = f"NHS DEMO ICB - {plan.sub_icb_code}"
    found: dict[tuple[int, int], list[date | None]] = {}
    for m in world.memberships:
        if m.valid_from <= delivery.data_cut:
            known = m.valid_to if m.valid_to is not None and m.valid_to <= delivery.data_cut else None
            start, _ = found.get((m.practice, m.pcn), [m.valid_from, None])
            found[m.practice, m.pcn] = [start, known]
    rows = []
    for (practice, pcn), (start, end) in sorted(found.items()):
        ended = f"{closing_day(end):%Y%m%d}" if end else ""
        place = [plan.sub_icb_code, name]
        label = f"{place_name(pcn + 60).upper()} PCN"
        rows.append(
            [
                world.practices[practice].code,
                world.practices[practice].name,
                *place,
                pcn_code(pcn),
                label,
                *place,
                f"{start:%Y%m%d}",
                ended,
                "True",
            ]
        )
    return write_rows(folder / "pcn_membership.csv", PCN_HEADER, rows)


def write_lsoa_deprivation(con: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """IMD File 1 for the invented neighbourhoods; deciles are spread over the demo's own area."""
    source = f"""
        select l.*, count(*) over () as n,
            (1 + floor((local_rank - 0.5) / count(*) over () * {ENGLISH_LSOAS}))::integer as english_rank,
            least(10, 1 + floor(10 * (local_rank - 0.5) / count(*) over ()))::integer as decile
        from lsoas l
    """
    values = ("code", "'Demoshire ' || lpad((number // 5 + 1)::varchar, 3, '0') || chr((65 + number % 5)::integer)",
              "'E0799' || lpad((pcn % 13)::varchar, 4, '0')", "'Demo district ' || (pcn % 13)", "english_rank", "decile")  # fmt: skip
    columns = dict(zip(DEPRIVATION_HEADER, values, strict=True))
    return write_table(con, folder / "lsoa_deprivation.csv", columns, source, "code")


def write_lists_by_lsoa(con: duckdb.DuckDBPyConnection, month: date, folder: Path) -> int:
    """gp-reg-pat-prac-lsoa-all: published quarterly."""
    source = f"""
        select p.code, p.name, l.lsoa, sum(l.patients)::bigint as patients
        from lists l join practices p on p.number = l.practice where l.month = date '{month}' group by all
    """
    columns = {
        "PUBLICATION": "'GP_PRAC_PAT_LIST'",
        "EXTRACT_DATE": f"'{month}'",
        "PRACTICE_CODE": "code",
        "PRACTICE_NAME": "name",
        "LSOA_CODE": "lsoa",
        "SEX": "'ALL'",
        "NUMBER_OF_PATIENTS": "patients",
    }
    path = folder / "gp_registrations_lsoa" / f"gp-reg-pat-prac-lsoa-all-{month:%Y-%m}.csv"
    return write_table(con, path, columns, source, "code, lsoa")


def write_gp_coverage(
    con: duckdb.DuckDBPyConnection, plan: DemoPlan, world: World, months: list[date], folder: Path
) -> int:
    patients = dict(con.execute("select month, sum(patients)::bigint from lists group by all").fetchall())
    rows = []
    for month in months:
        practices = len(open_practices(world, month))
        counts = [practices, practices, patients[month], patients[month]]
        rows.append([plan.sub_icb_code, "E54000999", "E40000999", f"{month:%d%b%Y}".upper(), *counts])
    header = (
        "SUB_ICB_LOCATION_CODE", "ICB_ONS_CODE", "REGION_CODE", "Appointment_Month", "Included Practices", "Open Practices",
        "Patients registered at included practices", "Patients registered at open practices",
    )  # fmt: skip
    return write_rows(folder / "gp_coverage.csv", header, rows)


def write_int_programme(plan: DemoPlan, world: World, months: list[date], folder: Path) -> int:
    """Live teams only: 5,750 pounds a month, 69,000 a year; the structure builds up over the first months."""
    rows = []
    for number, live in sorted(world.go_live.items()):
        for month in (m for m in months if m >= live):
            age = (month.year - live.year) * 12 + month.month - live.month
            parts = [("yes", live) if age >= since else ("no", "") for since in (0, 0, 2, 6)]
            rows.append(
                [int_code(number), f"{month:%Y-%m}", "5750.00", *(str(value) for part in parts for value in part)]
            )
    header = (
        "INT_CODE", "MONTH", "COST_GBP", "NAMED_LEAD", "NAMED_LEAD_FROM", "MULTIDISCIPLINARY_MEETING",
        "MULTIDISCIPLINARY_MEETING_FROM", "SHARED_RECORD", "SHARED_RECORD_FROM", "SHARED_PREMISES", "SHARED_PREMISES_FROM",
    )  # fmt: skip
    return write_rows(folder / "int_programme.csv", header, rows)


def write_online_consultations(con: duckdb.DuckDBPyConnection, plan: DemoPlan, month: date, folder: Path) -> int:
    """One month of "Submissions via Online Consultation Systems": footnote marks in the headers, unallocated PCN `U`."""
    source = submissions_sql(plan, month)
    columns = {
        "Month [1]": f"'{month}'",
        "GP Code": "code",
        "GP Name": "name",
        "PCN Code [2, 3]": "if(area = 'NO_INT', 'U', 'U99' || lpad((pcn + 1)::varchar, 3, '0'))",
        "PCN Name [3]": "if(area = 'NO_INT', 'UNALLOCATED', 'DEMO PCN ' || (pcn + 1))",
        "Sub ICB Code": f"'{plan.sub_icb_code}'",
        "Sub ICB Name": f"'NHS DEMO ICB - {plan.sub_icb_code}'",
        "ICB Code": f"'{plan.icb_code}'",
        "ICB Name": "'NHS DEMO INTEGRATED CARE BOARD'",
        "Region Code": "'Y99'",
        "Region Name": "'DEMO REGION'",
        "Supplier [4, 5, 6]": f"({list(SUBMISSION_SUPPLIERS)})[1 + number % 2]",
        "Submissions [7]": "clinical + administrative",
        "Clinical Submissions [7]": "clinical",
        "Administrative Submissions [7]": "administrative",
        "Other/Unknown Type Submissions [7]": "0",
        "Registered Patient Count [8]": "patients",
        "Rate per 1,000 Registered Patients [9, 10]": "(clinical + administrative) * 1000.0 / patients",
        "Participation": "1",
    }
    path = folder / "online_consultations" / f"online_consultations_{month:%Y-%m}.csv"
    return write_table(con, path, columns, source, "code")


def submissions_sql(plan: DemoPlan, month: date) -> str:
    """SQL: practice × clinical and administrative submissions of a month, about 55 per 1,000 patients, more in one of more working days.

    With flat rates the months of a practice differ as Poisson counts do (their normal approximation).
    """
    busy = month_factor(plan, month, OFFICE_WEEKDAYS, (1.0,) * 12)
    noise = "0" if plan.flat_rates else f"0.25 * draw(p.number, 'online {month}')"

    def submissions(rate: float, name: str) -> str:
        mean = f"l.patients * {rate * busy} * (0.8 + 0.4 * draw(p.number, '{name}') + {noise})"
        if not plan.flat_rates:
            return f"({mean})::bigint"
        chance = f"sqrt(-2 * ln(1 - draw(p.number, '{name} size {month}'))) * cos(2 * pi() * draw(p.number, '{name} way {month}'))"
        return f"greatest(0, {mean} + sqrt({mean}) * {chance})::bigint"

    return f"""
        select p.*, l.patients, {submissions(0.040, "online")} as clinical,
            {submissions(0.015, "online admin")} as administrative
        from practices p
        join (select practice, sum(patients)::bigint as patients from lists where month = date '{month}' group by all) l
            on l.practice = p.number
        where p.is_in_icb
    """


def write_ae_monthly(con: duckdb.DuckDBPyConnection, month: date, folder: Path) -> int:
    """MSitAE: what the providers reported for a month. Counted from what happened, so it reconciles with a complete extract."""
    counts = {
        provider: (one, two, other)
        for provider, one, two, other in con.execute(f"""
            select provider, count(*) filter (department_type = '01'), count(*) filter (department_type = '02'),
                count(*) filter (department_type not in ('01', '02'))
            from attendances where date_trunc('month', event_date) = date '{month}' and not is_sdec
                and attendance_category <> '4' and not has_opted_out group by all
        """).fetchall()
    }
    admitted = dict(
        con.execute(f"""
            select provider, count(*) filter (method = '21') || '|' || count(*) filter (method <> '21')
            from spells s join persons p using (person)
            where kind = 'emergency' and method <> '81' and date_trunc('month', admission) = date '{month}'
                and not p.has_opted_out group by all
        """).fetchall()
    )
    rows = []
    totals = [0] * 18
    for provider in PROVIDERS:
        one, two, other = counts.get(provider.code, (0, 0, 0))
        via, direct = (int(text) for text in admitted.get(provider.code, "0|0").split("|"))
        numbers = [one, two, other, 0, 0, 0, one // 3, 0, other // 20, 0, 0, 0, via // 5, via // 40, via, 0, 0, direct]
        totals = [a + b for a, b in zip(totals, numbers, strict=True)]
        rows.append(
            [
                f"MSitAE-{month:%B-%Y}".upper().replace("MSITAE", "MSitAE"),
                provider.code,
                "NHS ENGLAND DEMO ",
                provider.name,
                *numbers,
            ]
        )
    rows.append([rows[0][0], "TOTAL", "TOTAL", "TOTAL", *totals])
    return write_rows(folder / "ae_monthly_published" / f"{month:%B-%Y}-AE.csv", MSITAE_HEADER, rows)


_TYPES = ("Type 1", "Type 2", "Other A&E Department")
_BOOKED = ("Type 1", "Type 2", "Other Department")
MSITAE_HEADER = (
    "Period", "Org Code", "Parent Org", "Org name",
    *(f"A&E attendances {t}" for t in _TYPES),
    *(f"A&E attendances Booked Appointments {t}" for t in _BOOKED),
    *(f"Attendances over 4hrs {t}" for t in _BOOKED),
    *(f"Attendances over 4hrs Booked Appointments {t}" for t in _BOOKED),
    "Patients who have waited 4-12 hs from DTA to admission", "Patients who have waited 12+ hrs from DTA to admission",
    "Emergency admissions via A&E - Type 1", "Emergency admissions via A&E - Type 2",
    "Emergency admissions via A&E - Other A&E department", "Other emergency admissions",
)  # fmt: skip
