"""Good files of every feed, small and written here by hand, so that a test can break one thing at a time."""

# ruff: noqa: SIM905  (a header line reads better as one string)

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

ROWS = 40
PROVIDERS = ("RZ1", "RZ2")
CUT = dt.date(2025, 10, 31)

SURVEY_QUESTIONS = (
    "overallexp", "gpcontactoverall", "localgpservicesphone", "localgpservicesprefhpsee", "healthconfidence", "healthsupport",
)  # fmt: skip

HEADERS: dict[str, list[str]] = {
    "hes_apc": "EPIKEY|TOKEN_PERSON_ID|PROCODE3|SITETRET|SUSSPELLID|PROVSPNOPS|ADMIDATE|ADMIMETH|ADMISORC|CLASSPAT|EPISTART"
    "|EPIEND|EPIORDER|EPISTAT|EPITYPE|DISDATE|DISMETH|DISDEST|STARTAGE|SEX|ETHNOS|GPPRAC|LSOA11|IMD04_DECILE|MAINSPEF"
    "|TRETSPEF|DIAG_4_01|DIAG_4_02|OPERTN_4_01|OPERTN_4_02|SUSHRG|FYEAR".split("|"),
    "hes_op": "ATTENDKEY|TOKEN_PERSON_ID|PROCODE3|APPTDATE|APPTAGE|SEX|ETHNOS|GPPRAC|LSOA11|ATTENDED|FIRSTATT|ATENTYPE"
    "|OUTCOME|PRIORITY|REFSOURC|REQDATE|WAIT_IND|REFERORG|MAINSPEF|TRETSPEF|OPERTN_4_01|OPERTN_4_02|SUSHRG".split("|"),
    "ecds": "EPIKEY|TOKEN_PERSON_ID|PROVIDER_CODE|SITE|ARRIVAL_DATE|ARRIVAL_TIME|DEPARTMENT_TYPE|ATTENDANCE_CATEGORY"
    "|ACUITY|AGE_AT_ARRIVAL|STATED_GENDER|ETHNIC_CATEGORY|LSOA_2011|PRACTICE_CODE_PATIENT_REGISTRATION"
    "|DEPARTURE_TIME_SINCE_ARRIVAL|DISCHARGE_STATUS|DIAGNOSIS_CODE_1|DIAGNOSIS_CODE_10|DIAGNOSIS_CODE_2".split("|"),
    "hes_ae": "AEKEY|PSEUDO_HESID|PROCODE3|ARRIVALDATE|ARRIVALTIME|AEDEPTTYPE|AEATTENDCAT|AEATTENDDISP|AEARRIVALMODE"
    "|ARRIVALAGE|SEX|ETHNOS|GPPRAC|LSOA11|DEPDUR|DIAG2_01|DIAG2_02".split("|"),
    "gp_appointments": "APPOINTMENT_ID|PERSON_ID|PRACTICE_CODE|APPOINTMENT_DATE|BOOKED_DATE|APPT_STATUS|HCP_TYPE|APPT_MODE"
    "|NATIONAL_CATEGORY|DURATION_MINUTES|AGE|SEX|ETHNOS|LSOA11".split("|"),
    "gp_appointments_published": "SUB_ICB_LOCATION_CODE|SUB_ICB_LOCATION_NAME|Appointment_Date|APPT_STATUS|HCP_TYPE"
    "|APPT_MODE|TIME_BETWEEN_BOOK_AND_APPT|COUNT_OF_APPOINTMENTS".split("|"),
    "online_consultations": [
        "Month [1]", "GP Code", "GP Name", "PCN Code [2, 3]", "Sub ICB Code", "Supplier [4, 5, 6]", "Submissions [7]",
        "Clinical Submissions [7]", "Administrative Submissions [7]", "Other/Unknown Type Submissions [7]",
        "Registered Patient Count [8]", "Rate per 1,000 Registered Patients [9, 10]", "Participation",
    ],
    "ers_referrals": "UBRN_ID|ACTION_DT_TM|ACTION_CD|ACTION_ID|SPECIALTY_CD|SPECIALTY_DESC|PRIORITY_CD|REGISTERED_ORG_ID"
    "|REFERRING_ORG_ID|PATIENT_ID|PATIENT_AGE|PATIENT_SEX_CD|TEST_PATIENT_IND|AR_STATUS_CD".split("|"),
    "contract_activity": [
        "FINANCIAL MONTH", "FINANCIAL YEAR", "DATE AND TIME DATA SET CREATED", "ORGANISATION IDENTIFIER (CODE OF PROVIDER)",
        "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)", "GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)",
        "POINT OF DELIVERY CODE", "TARIFF CODE", "CONTRACT MONITORING ACTUAL ACTIVITY", "CONTRACT MONITORING ACTUAL PRICE",
        "CONTRACT MONITORING ACTUAL MARKET FORCES FACTOR", "LOCAL PATIENT IDENTIFIER",
    ],
    "gp_payments": [
        "Practice Code", "Practice Name", "CCG Code", "Code", "Number of Registered Patients (Last Known Figure)",
        "Total NHS Payments to General Practice", "Total NHS Payments to General Practice Minus Deductions",
    ],
    "gp_registrations": "PUBLICATION|EXTRACT_DATE|ORG_TYPE|ORG_CODE|ONS_CODE|POSTCODE|SEX|AGE_GROUP_5|NUMBER_OF_PATIENTS".split(
        "|"
    ),
    "gp_registrations_lsoa": "PUBLICATION|EXTRACT_DATE|PRACTICE_CODE|PRACTICE_NAME|LSOA_CODE|SEX|NUMBER_OF_PATIENTS".split("|"),
    "lsoa_deprivation": [
        "LSOA code (2011)", "LSOA name (2011)", "Index of Multiple Deprivation (IMD) Rank",
        "Index of Multiple Deprivation (IMD) Decile",
    ],
    "ods_practices": [],
    "ods_succession": [],
    "pcn_membership": [
        "Partner\nOrganisation\nCode", "Partner\nName", "PCN Code", "PCN Name",
        "Practice to PCN\nRelationship\nStart Date", "Practice to PCN\nRelationship\nEnd Date",
    ],
    "int_membership": "practice_code|int_code|int_name|pcn_code|pcn_name|hcp_code|hcp_name|valid_from|valid_to"
    "|go_live_month".split("|"),
    "community_contacts": "CONTACT_ID|PERSON_ID|PROVIDER_CODE|PRACTICE_CODE|REFERRAL_DATE|REFERRAL_TIME|CONTACT_DATE"
    "|CONTACT_TIME|TEAM_TYPE|ATTENDED|AGE|SEX".split("|"),
    "deaths": "PERSON_ID|DEATH_DATE|PRACTICE_CODE|AGE|SEX".split("|"),
    "person_cohorts": "PERSON_ID|COHORT_ID|VALID_FROM|VALID_TO|STATUS".split("|"),
    "ae_monthly_published": [
        "Period", "Org Code", "Parent Org", "Org name", "A&E attendances Type 1", "A&E attendances Type 2",
        "A&E attendances Other A&E Department", "Emergency admissions via A&E - Type 1",
        "Emergency admissions via A&E - Type 2", "Emergency admissions via A&E - Other A&E department",
        "Other emergency admissions",
    ],
    "gp_coverage": [
        "SUB_ICB_LOCATION_CODE", "ICB_ONS_CODE", "REGION_CODE", "Appointment_Month", "Included Practices",
        "Open Practices", "Patients registered at included practices", "Patients registered at open practices",
    ],
    "opt_outs": ["PERSON_ID"],
    "int_programme": ["INT_CODE", "MONTH", "COST_GBP", "NAMED_LEAD", "NAMED_LEAD_FROM"],
    "dementia_diagnoses": "ORG_TYPE|ORG_CODE|NAME|ACH_DATE|MEASURE|VALUE".split("|"),
    "gp_patient_survey": [
        "MONTH", "ad_practicecode", "distributed", "received",
        *(f"{question}.{part}" for question in SURVEY_QUESTIONS for part in ("counteval", "baseevalw", "baseevaluw")),
    ],
    "gp_workforce": "MONTH|PRACTICE_CODE|STAFF_GROUP|DETAILED_STAFF_ROLE|MEASURE|VALUE|partner_fte|salaried_fte|locum_fte".split("|"),
    "homelessness_duty": "MONTH|AREA_CODE|AREA_NAME|HOUSEHOLDS_ASSESSED|HOUSEHOLDS_OWED_A_DUTY|HOUSEHOLDS_THOUSANDS".split("|"),
    "acute_discharge": "Period|Level|Region|ICB|Org Code|Org Name|Metric|Metric Type|Metric Group|Value".split("|"),
    "community_services": "org_type|org_code|org_name|metric|month|value".split("|"),
    "ambulance_quality": "Year|Month|Region|Org Code|Org Name|A7|A17|A53|A56".split("|"),
    "community_waits": "ORG_TYPE|ORG_CODE|ORG_NAME|MONTH|METRIC|SERVICE|VALUE".split("|"),
    "virtual_ward_capacity": "MONTH|Region|ICB code|Name|Virtual Ward Capacity|Patients in a Virtual Ward".split("|"),
    "adult_social_care": "FINANCIAL_YEAR|Geographical Level|ONS Code|Geographical Description|ASCOF Measure Code"
    "|Disaggregation Level|Measure Type|Measure Value".split("|"),
    "qof_prevalence": "FINANCIAL_YEAR|PRACTICE_CODE|GROUP_CODE|REGISTER|PATIENT_LIST_TYPE|PRACTICE_LIST_SIZE".split("|"),
    "reported_measures": "MEASURE_ID|AREA_TYPE|AREA_CODE|PERIOD_START|PERIOD_END|NUMERATOR|DENOMINATOR|N|VALUE_SUM"
    "|VALUE_SUM_OF_SQUARES|PROMOTERS|DETRACTORS|INVITED".split("|"),
}  # fmt: skip

DELIMITERS = {"hes_apc": "|", "hes_op": "|", "ecds": "|", "hes_ae": "|"}


def person(number: int) -> str:
    return f"{number * 2654435761 % 2**64:032X}"


def practice(number: int) -> str:
    return f"Y9{number % 7:04d}"


def row(feed: str, n: int, start: dt.date = dt.date(2025, 4, 1)) -> list[str]:
    """Row `n` of a good file; dates run from `start`, five days apart."""
    day = start + dt.timedelta(days=n * 5)
    iso, who, gp, provider = day.isoformat(), person(n % 25), practice(n), PROVIDERS[n % 2]
    match feed:
        case "hes_apc":
            end = (day + dt.timedelta(days=2)).isoformat()
            return (
                f"E{n:018d}|{who}|{provider}|{provider}01|{n + 100}|P{n}|{iso}|21|19|1|{iso}|{end}|1|3|1|{end}|1|19|{30 + n}"
                f"|{n % 2 + 1}|A|{gp}|E0101{n:04d}|Most deprived 10%|300|300|J18.1|I10X|X401||DZ11A|2526"
            ).split("|")
        case "hes_op":
            ask = (day - dt.timedelta(days=60)).isoformat()
            return (
                f"A{n:018d}|{who}|{provider}|{iso}|{40 + n % 50}|{n % 2 + 1}|A|{gp}|E0101{n:04d}|5|1|1|1|1|03|{ask}|0"
                f"|{gp}|300|300|X401|-|WF01A"
            ).split("|")
        case "ecds":
            return (
                f"{n:019d}|{who}|{provider}|{provider}01|{iso}|{n % 24:02d}:15:00|01|1|1064911000000105|{20 + n}|{n % 2 + 1}"
                f"|A|E0101{n:04d}|{gp}|{60 + n}|1066301000000103|100000{n:04d}0|30000{n:04d}0|200000{n:04d}0"
            ).split("|")
        case "hes_ae":
            return (
                f"{n:012d}|{who}|{provider}|{iso}|{n % 24:02d}30|01|1|03|2|{20 + n}|{n % 2 + 1}|A|{gp}|E0101{n:04d}|{60 + n}"
                "|01|02"
            ).split("|")
        case "gp_appointments":
            status = ("Attended", "DNA", "Unknown")[n % 3]
            return (
                f"GA{n:08d}|{who}|{gp}|{iso}|{iso}|{status}|GP|Face-to-Face|General Consultation Acute|10|{20 + n}|1|A"
                f"|E0101{n:04d}"
            ).split("|")
        case "gp_appointments_published":
            return [
                "99Z",
                "Demo",
                day.strftime("%d%b%Y").upper(),
                "Attended",
                "GP",
                "Telephone",
                "8  to 14 Days",
                f"{1000 + n}",
            ]
        case "online_consultations":
            return [
                "2025-09-01",
                f"Y9{n:04d}",
                "Surgery",
                "U99001",
                "99Z",
                "SUPPLIER",
                "30",
                "20",
                "9",
                "1",
                "1000",
                "30",
                "1",
            ]
        case "ers_referrals":
            return (
                f"{n + 100000000000}|{iso} 09:{n:02d}:00|1|{n + 5000}|100|General surgery|1|{gp}|{gp}|{who}|{20 + n}|M|N|"
            ).split("|")
        case "contract_activity":
            month = n % 6 + 1
            return [
                f"{month}",
                "202526",
                "2025-11-01 10:00:00",
                provider,
                "99Z",
                gp,
                "NEL",
                "DZ11A",
                "1.000",
                f"{100 + n}.50",
                "5.25",
                who,
            ]
        case "gp_payments":
            return [f"Y9{n:04d}", "Surgery", "99Z", "U99001", "1000.5", "110000.00", f"{100000 + n}.25"]
        case "gp_registrations":
            sex = ("MALE", "FEMALE")[n % 2]
            return [
                "GP_PRAC_PAT_LIST",
                "2025-10-01",
                "GP",
                f"Y9{n // 4:04d}",
                "",
                "ZZ1 1ZZ",
                sex,
                ("0_4", "95+")[n // 2 % 2],
                f"{n}",
            ]
        case "gp_registrations_lsoa":
            return ["GP_PRAC_PAT_LIST", "2025-10-01", gp, "Surgery", f"E0101{n:04d}", "ALL", f"{n}"]
        case "lsoa_deprivation":
            return [f"E0101{n:04d}", "Demo 001A", f"{n + 1}", f"{n % 10 + 1}"]
        case "ods_practices":
            cells = [f"Y9{n:04d}", "SURGERY", "Y99", "QZZ"] + [""] * 23
            cells[10], cells[12], cells[14], cells[25] = "19900401", "A", "99Z", "4"
            return cells
        case "ods_succession":
            return [f"Y9{n:04d}", f"Y9{n + 1:04d}", "R", "20250401", ""]
        case "pcn_membership":
            return [f"Y9{n:04d}", "SURGERY", "U99001", "DEMO PCN", "20200401", ""]
        case "int_membership":
            return [
                f"Y9{n:04d}",
                "N01",
                "Demo One",
                "U99001",
                "Demo PCN",
                "H1",
                "Demo HCP",
                "2020-04-01",
                "",
                "2025-04-01",
            ]
        case "community_contacts":
            return f"C{n:06d}|{who}|{provider}|{gp}|{iso}|09:00|{iso}|10:30|District nursing|Y|{60 + n % 30}|2".split(
                "|"
            )
        case "deaths":
            return [person(n), iso, gp, f"{60 + n % 40}", "2"]
        case "person_cohorts":
            return [person(n), "nnhip", "2025-04-01", "", "active_case"]
        case "ae_monthly_published":
            return [
                "MSitAE-SEPTEMBER-2025",
                f"RZ{n:02d}",
                "REGION ",
                "TRUST",
                "1,234",
                "0",
                "567",
                "300",
                "0",
                "10",
                "40",
            ]
        case "gp_coverage":
            return [f"9{n:02d}", "E54000099", "E40000099", "01SEP2025", "40", "41", "400000", "410000"]
        case "int_programme":
            return [f"INT{n:02d}", "2025-09", "5750.00", "yes", "2024-10-01"]
        case "dementia_diagnoses":
            return ["GP", f"Y9{n:04d}", "SURGERY", "2025-09-30", "DEMENTIA_REGISTER_65_PLUS", f"{n + 20}"]
        case "gp_patient_survey":
            return ["2025-09", f"Y9{n:04d}", "300", "120", *(["80.5", "110.25", "118"] * len(SURVEY_QUESTIONS))]
        case "gp_workforce":
            return ["2025-09", f"Y9{n:04d}", "GP", "Salaried GPs", "FTE", f"{n + 1}.5", "", "", ""]
        case "homelessness_duty":
            return ["2025-09", f"E0700{n:04d}", "Council", f"{100 + n}", f"{90 + n}", "55.125"]
        case "acute_discharge":
            stay = "Number of patients who no longer meet the criteria to reside"
            return [
                "01/09/2025",
                "PROVIDER",
                "SOUTH EAST",
                "ICB",
                f"RZ{n:02d}",
                "TRUST",
                stay,
                "Daily metric",
                "NCTR",
                f"{n + 50}.00",
            ]
        case "community_services":
            return ["Provider", f"RZ{n:02d}", "TRUST", "performance", "Sep-25", f"{70 + n / 4}"]
        case "ambulance_quality":
            return [
                "2025",
                "9",
                "Y59",
                f"RX{n:02d}",
                "SERVICE",
                f"{9000 + n}",
                f"{1200 + n}",
                f"{4500 + n}",
                f"{7000 + n}",
            ]
        case "community_waits":
            return ["Provider", f"RZ{n:02d}", "TRUST", "2025-09", "WAITING", "(A) Podiatry", f"{300 + n}"]
        case "virtual_ward_capacity":
            return ["2025-09", "SOUTH EAST", f"Q{n:02d}", "ICB", f"{400 + n}", f"{300 + n}"]
        case "adult_social_care":
            return ["2020-21", "Council", f"E0600{n:04d}", "Council", "2B1", "Total", "Numerator", f"{200 + n}"]
        case "qof_prevalence":
            return ["2024-25", f"Y9{n:04d}", "DEM", f"{n + 10}", "TOTAL", "9000"]
        case "reported_measures":
            return f"staff_pulse|int|INT{n:02d}|2025-09-01|2025-09-30|{20 + n}|80|80|||||100".split("|")
        case "opt_outs":
            return [person(n + 900)]
    raise AssertionError(feed)


def file_name(feed: str) -> str:
    return f"{feed}_2022-23.csv" if feed == "gp_payments" else f"{feed}.csv"


def as_text(rows: list[list[str]], delimiter: str = ",") -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return target.getvalue()


def table(feed: str, rows: int = ROWS, start: dt.date = dt.date(2025, 4, 1)) -> list[list[str]]:
    """Header (where the feed has one) and rows."""
    head = [list(HEADERS[feed])] if HEADERS[feed] else []
    return head + [row(feed, number, start) for number in range(rows)]


def write_good(folder: Path, feed: str, rows: int = ROWS, start: dt.date = dt.date(2025, 4, 1)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(feed)
    path.write_text(as_text(table(feed, rows, start), DELIMITERS.get(feed, ",")), encoding="utf-8", newline="")
    return path
