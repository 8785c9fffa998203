"""Inputs that went wrong in the world, each with its right answer: the files beside the project when they are there, a twin always."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import load_settings
from orchestration.lake import typing_sql
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import Manifest
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import HEADERS, table
from tests.ingest.good_files import as_text as csv_text

CASES = Path(os.environ.get("INT_MARTS_CASES") or Path(__file__).resolve().parents[3] / "shared" / "cases")
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="the folder of cases (shared/cases) is not beside the project"
)

PERSON = "{:032X}"
DAY = dt.date


def ingest(home: Path, feed: str, files: dict[str, str | bytes], sql: str = "") -> tuple[Manifest, list[tuple]]:
    """What the lake holds of these files. Raises `DeliveryRefused`."""
    settings = load_settings(home=home, threads=1)
    folder = settings.paths.landing / "2025-10" / feed
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    manifest = ingest_feed(settings, find_delivery(settings.paths), feed)
    assert manifest is not None
    parquet = [str(path) for path in sorted(manifest.folder(settings.paths).glob("coverage_month=*/*.parquet"))]
    if not (sql and parquet):
        return manifest, []
    with duckdb.connect() as connection:
        found = connection.execute(f"select {sql} from read_parquet({parquet}, hive_partitioning = false)").fetchall()
    return manifest, sorted(found, key=str)


def of_case(folder: str, *names: str) -> dict[str, str | bytes]:
    return {name: (CASES / folder / name).read_bytes() for name in names}


def refusal(home: Path, feed: str, files: dict[str, str | bytes]) -> str:
    with pytest.raises(DeliveryRefused) as refused:
        ingest(home, feed, files)
    return str(refused.value)


# 01 and 02: layouts of the Organisation Data Service


@needs_cases
def test_practices_as_they_are_given_out_now(tmp_path: Path) -> None:
    _, rows = ingest(
        tmp_path,
        "ods_practices",
        of_case("01-epraccur-dse", "epraccur.csv"),
        "practice_code, status, prescribing_setting",
    )
    assert rows == [("Z10001", "A", "4"), ("Z10002", "C", "4"), ("Z10003", "A", "3")]


def test_both_layouts_of_practices_say_the_same(tmp_path: Path) -> None:
    old = table("ods_practices", 12)
    for number, cells in enumerate(old):
        cells[12] = "AC"[number % 2]
    new = [
        [*cells[:12], {"A": "ACTIVE", "C": "INACTIVE"}[cells[12]], *cells[13:25], "RO76", *cells[26:]] for cells in old
    ]
    sql = "practice_code, status, prescribing_setting, sub_icb_code"
    found = [
        ingest(tmp_path / name, "ods_practices", {"epraccur.csv": csv_text(rows)}, sql)[1]
        for name, rows in (("old", old), ("new", new))
    ]
    assert found[0] == found[1] and len(found[0]) == 12


@needs_cases
def test_partners_without_a_header(tmp_path: Path) -> None:
    _, rows = ingest(
        tmp_path, "pcn_membership", of_case("02-epcn-csv-no-header", "epcncorepartnerdetails.csv"),
        "practice_code, pcn_code, valid_from, valid_to",
    )  # fmt: skip
    assert rows == [
        ("Z10001", "U99001", DAY(2019, 7, 1), None),
        ("Z10002", "U99002", DAY(2019, 7, 1), DAY(2024, 3, 31)),
    ]


def test_partners_with_and_without_a_header(tmp_path: Path) -> None:
    named = table("pcn_membership", 9)
    placed = [["", *cells] for cells in named[1:]]
    placed = [
        [code, name, "99Z", "DEMO ICB", pcn, pcn_name, "99Z", "DEMO ICB", start, end, "1"]
        for _, code, name, pcn, pcn_name, start, end in placed
    ]
    sql = "practice_code, pcn_code, pcn_name, valid_from, valid_to"
    found = [
        ingest(tmp_path / name, "pcn_membership", {"epcn.csv": csv_text(rows)}, sql)[1]
        for name, rows in (("named", named), ("placed", placed))
    ]
    assert found[0] == found[1] and len(found[0]) == 9


# 03: years of two digits


@needs_cases
@pytest.mark.parametrize(
    ("feed", "name", "sql", "right"),
    [
        ("gp_coverage", "APPOINTMENTS_GP_COVERAGE.csv", "month", [(DAY(2025, 9, 1),), (DAY(2025, 10, 1),)]),
        (
            "int_membership",
            "int_membership.csv",
            "valid_from, valid_to, go_live_month",
            [(DAY(2019, 7, 1), None, DAY(2025, 4, 1)), (DAY(2019, 7, 1), None, DAY(2025, 8, 1))],
        ),
        (
            "pcn_membership",
            "pcn.csv",
            "valid_from, valid_to",
            [(DAY(2019, 7, 1), DAY(2025, 9, 30)), (DAY(2019, 7, 1), None)],
        ),
    ],
)
def test_years_of_two_digits(tmp_path: Path, feed: str, name: str, sql: str, right: list[tuple]) -> None:
    assert ingest(tmp_path, feed, of_case("03-two-digit-years", name), sql)[1] == sorted(right, key=str)


def test_an_end_that_cannot_be_read_is_no_open_end(tmp_path: Path) -> None:
    rows = table("pcn_membership", 9)
    rows[3][5] = "soon"
    manifest, _ = ingest(tmp_path, "pcn_membership", {"pcn.csv": csv_text(rows)})
    assert (manifest.rows_loaded, manifest.rows_quarantined) == (8, 1)


# 04: codes that were numbers once


@needs_cases
def test_keys_that_are_lost_are_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, "hes_apc", of_case("04-float-keys", "hes_apc.csv"))
    assert "column EPIKEY" in told and "floating-point" in told and "3 of 4 rows" in told


@pytest.mark.parametrize(
    ("feed", "header", "value"),
    [
        ("hes_apc", "EPIKEY", "5.00000000000000324e+18"),
        ("hes_apc", "EPIKEY", "5.00E+18"),
        ("hes_apc", "TOKEN_PERSON_ID", "1.23457E+11"),
        ("hes_apc", "SUSSPELLID", "123456.0"),
        ("hes_apc", "ADMIMETH", "21.0"),
        ("hes_op", "ATTENDKEY", "1.5e+17"),
        ("ecds", "ACUITY", "1.06491E+15"),
        ("ecds", "ACUITY", "1064911000000110"),
        ("ecds", "DIAGNOSIS_CODE_10", "1.06491E+15"),
        ("ecds", "DIAGNOSIS_CODE_1", "1064911000000110"),
        ("ecds", "DIAGNOSIS_CODE_2", "12345.0"),
    ],
)
def test_a_code_that_was_a_number_costs_its_row_or_the_file(tmp_path: Path, feed: str, header: str, value: str) -> None:
    for rows, is_refused in ((table(feed, 1300), False), (table(feed, 40), True)):
        for cells in rows[1:]:
            cells[0] = f"K{cells[0]}"
        rows[7][HEADERS[feed].index(header)] = value
        files: dict[str, str | bytes] = {f"{feed}.csv": csv_text([[*cells] for cells in rows])}
        if is_refused:
            told = refusal(tmp_path / "small", feed, files)
            assert f"{feed}.csv" in told and "1 of 40 rows" in told and value not in told
        else:
            manifest, _ = ingest(tmp_path / "large", feed, files)
            assert manifest.rows_quarantined == 1


def test_a_true_code_may_end_in_zeros(tmp_path: Path) -> None:
    rows = table("ecds")
    for cells in rows[1:]:
        cells[HEADERS["ecds"].index("ACUITY")] = "1077251000000100"
    assert ingest(tmp_path, "ecds", {"ecds.csv": csv_text(rows)})[0].rows_quarantined == 0


# 07 and 11: what "nothing" is written as


@needs_cases
def test_nobody_is_no_person(tmp_path: Path) -> None:
    _, rows = ingest(
        tmp_path, "hes_apc", of_case("07-na-as-person", "hes_apc.csv"), "epikey, person_id is null, susspellid"
    )
    assert rows == [("7001", True, None), ("7002", True, None), ("7003", True, None), ("7004", False, None),
                    ("7005", False, None)]  # fmt: skip


@needs_cases
def test_no_procedure_is_none(tmp_path: Path) -> None:
    _, rows = ingest(
        tmp_path, "hes_op", of_case("11-na-as-procedure", "hes_op.csv"), "attendkey, primary_procedure, procedure_codes"
    )
    assert rows == [("1", None, None), ("2", None, None), ("3", "W903", ",W903,")]


NOTHING = [*typing_sql.NOTHING, *typing_sql.ERRORS, *(word.lower() for word in typing_sql.NOTHING), "None", "NaN", "NA_character_",
           " NA ", "Undefined"]  # fmt: skip


@pytest.mark.parametrize("feed", sorted(HEADERS))
def test_every_spelling_of_nothing_is_nothing(feed: str, tmp_path: Path) -> None:
    """In every column that may be empty; what may not be says which row is at fault."""
    contract = load_contracts()[feed]
    if not HEADERS[feed]:
        pytest.skip("columns by position: the types are those of the others")
    from orchestration.contracts import normalise_header

    heads = [normalise_header(header) for header in HEADERS[feed]]
    strict = {name for c in contract.columns if c.not_null or contract.is_strict(c) for name in c.headers()}
    strict |= {
        name for c in contract.columns if c.name in contract.one_row_per or c.minimum == 0 for name in c.headers()
    }
    strict |= {normalise_header(name) for one in contract.removals for name in one.header}
    free = [place for place, head in enumerate(heads) if head not in strict]
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    found = []
    for number, words in enumerate(([""], NOTHING)):
        rows = table(feed)
        for row, cells in enumerate(rows[1:]):
            for place in free:
                cells[place] = words[(row + place) % len(words)]
        name = "f_2022-23.csv" if feed == "gp_payments" else "f.csv"
        try:
            manifest, values = ingest(tmp_path / str(number), feed, {name: csv_text(rows)}, columns)
            found.append((manifest.rows_loaded, manifest.rows_quarantined, manifest.values_nulled, values))
        except DeliveryRefused as refused:
            found.append((str(refused).split(" in ")[0],))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("feed", "header"),
    [("hes_apc", "EPIKEY"), ("hes_apc", "TOKEN_PERSON_ID"), ("hes_apc", "GPPRAC"), ("int_membership", "int_code")],
)
def test_an_error_value_costs_the_row(feed: str, header: str, tmp_path: Path) -> None:
    rows = table(feed)
    rows[5][HEADERS[feed].index(header)] = "#N/A"
    manifest, _ = ingest(tmp_path, feed, {f"{feed}.csv": csv_text(rows)})
    assert (manifest.rows_loaded, manifest.rows_quarantined) == (39, 1)


# 09 and 10: files of one unit


@needs_cases
def test_two_editions_of_a_year_name_both_files(tmp_path: Path) -> None:
    names = ("nhspaymentsgp-23-24.csv", "nhspaymentsgp-23-24-revised.csv")
    told = refusal(tmp_path, "gp_payments", of_case("09-revised-file-beside-first", *names))
    assert all(name in told for name in names)


@pytest.mark.parametrize(
    ("feed", "header"),
    [
        ("gp_payments", "Total NHS Payments to General Practice"),
        ("gp_registrations", "NUMBER_OF_PATIENTS"),
        ("gp_registrations_lsoa", "NUMBER_OF_PATIENTS"),
        ("gp_coverage", "Open Practices"),
        ("ae_monthly_published", "A&E attendances Type 1"),
        ("gp_appointments_published", "COUNT_OF_APPOINTMENTS"),
        ("int_membership", "int_code"),
        ("contract_activity", "CONTRACT MONITORING ACTUAL PRICE"),
    ],
)
def test_two_editions_of_anything_name_both_files(feed: str, header: str, tmp_path: Path) -> None:
    first, second = (
        table(feed, 400 if feed == "contract_activity" else 40),
        table(feed, 400 if feed == "contract_activity" else 40),
    )
    second[5][HEADERS[feed].index(header)] = "77"
    told = refusal(tmp_path, feed, {"a_2022-23.csv": csv_text(first), "b_2022-23.csv": csv_text(second)})
    assert "a_2022-23.csv" in told and "b_2022-23.csv" in told


PART = "10-contract-file-in-two-parts"
LINES = "practice_code, activity, price_gbp"
LINE = ("Z10001", Decimal("1.000"), Decimal("168.00"))


@needs_cases
def test_alike_lines_are_separate_attendances_in_parts_too(tmp_path: Path) -> None:
    _, whole = ingest(tmp_path / "whole", "contract_activity", of_case(PART, "whole.csv"), LINES)
    _, parts = ingest(tmp_path / "parts", "contract_activity", of_case(PART, "part1.csv", "part2.csv"), LINES)
    assert whole == [LINE] * 4
    assert [row for row in parts if row[0] == "Z10001"] == [LINE] * 4
    manifest, same = ingest(tmp_path / "same", "contract_activity", of_case(PART, "part1.csv", "part2_same.csv"), LINES)
    assert (same, manifest.rows_removed) == ([LINE] * 2, {"file_sent_twice": 2})


def test_a_file_in_parts_is_the_whole_file(tmp_path: Path) -> None:
    rows = table("contract_activity", 60)
    rows = [rows[0], *(cells for cells in rows[1:] for _ in range(2))]
    for number, cells in enumerate(rows[1:]):
        cells[9] = f"{100 + number // 4}.50"
    sql = "practice_code, financial_month, price_gbp, person_id"
    _, whole = ingest(tmp_path / "whole", "contract_activity", {"a.csv": csv_text(rows)}, sql)
    parts: dict[str, str | bytes] = {
        "part1.csv": csv_text(rows[:64]),
        "part2.csv": csv_text([rows[0], *rows[64:]]),
    }
    manifest, found = ingest(tmp_path / "parts", "contract_activity", parts, sql)
    assert found == whole and manifest.rows_removed == {}
    again, found = ingest(
        tmp_path / "again", "contract_activity", {**parts, "part2_again.csv": parts["part2.csv"]}, sql
    )
    assert found == whole and sum(again.rows_removed.values()) == len(rows) - 64


# 14: booked attendances


@needs_cases
def test_booked_attendances_count(tmp_path: Path) -> None:
    _, rows = ingest(
        tmp_path, "ae_monthly_published", of_case("14-ae-booked-appointments", "MSitAE-OCTOBER-2025.csv"),
        "attendances_type_1, attendances_type_2, attendances_other",
    )  # fmt: skip
    assert rows == [(8400, 0, 1350)]


def test_booked_attendances_of_a_twin_count(tmp_path: Path) -> None:
    rows = table("ae_monthly_published", 5)
    rows[0] += ["A&E attendances Booked Appointments Type 1", "A&E attendances Booked Appointments Other Department"]
    for cells in rows[1:]:
        cells += ["100", "-"]
    _, found = ingest(
        tmp_path, "ae_monthly_published", {"x.csv": csv_text(rows)}, "attendances_type_1, attendances_other"
    )
    assert found == [(1334, 567)] * 5


# Dates and moments


@pytest.mark.parametrize("share", [3, 2])
def test_month_first_dates_are_refused_by_name(share: int, tmp_path: Path) -> None:
    rows = table("hes_op", 60)
    place = HEADERS["hes_op"].index("APPTDATE")
    for number, cells in enumerate(rows[1:]):
        year, month, day = cells[place].split("-")
        cells[place] = f"{month}/{day}/{year}" if number % share == 0 else f"{day}/{month}/{year}"
    told = refusal(tmp_path, "hes_op", {"hes_op.csv": csv_text(rows)})
    assert "APPTDATE" in told and "month first" in told and "YYYY-MM-DD" in told


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_moment_with_a_zone_is_a_time_in_london_on_every_host(
    zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    rows = table("ers_referrals", 3)
    for cells, moment in zip(
        rows[1:], ("2025-06-30T23:30:00Z", "2025-07-01T00:30:00+01:00", "2025-07-01 00:30:00"), strict=True
    ):
        cells[1] = moment
    _, found = ingest(tmp_path, "ers_referrals", {"e.csv": csv_text(rows)}, "action_timestamp")
    monkeypatch.undo()
    time.tzset()
    assert found == [(dt.datetime(2025, 7, 1, 0, 30),)] * 3


def test_practices_counts_without_a_code_stay_practices_counts(tmp_path: Path) -> None:
    rows = [
        ["APPOINTMENT_MONTH", "GP_CODE", "SUB_ICB_LOCATION_CODE", "HCP_TYPE", "APPT_MODE", "APPT_STATUS", "COUNT_OF_APPOINTMENTS"],
        ["01/09/2025", "Y90001", "99Z", "GP", "Telephone", "Attended", "10"],
        ["01/09/2025", "", "99Z", "GP", "Telephone", "Attended", "3"],
    ]  # fmt: skip
    _, found = ingest(
        tmp_path, "gp_appointments_published", {"x.csv": csv_text(rows)}, "level, practice_code, appointments"
    )
    assert found == [("practice", "Y90001", 10), ("practice", None, 3)]
