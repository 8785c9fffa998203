"""Publishers' tables with headings over several rows: read by their names wherever they stand, or refused with the name that is gone."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from tests.ingest.good_files import as_text
from tests.ingest.test_cases import ingest, refusal
from tests.ingest.test_read_whole import workbook

Table = list[list[str]]
TITLE = "Table A1 - Number of households by initial assessment of homelessness circumstances and needs\nEngland, October to December 2025"
COUNCILS = [
    ["E92000001", "ENGLAND", "340", "300", "200", "100", "120.5"], ["-", "Rest of England", "1", "1", "1", "1", "9"],
    ["E12000008", "South East", "340", "300", "200", "100", "120.5"], ["", "", "", "", "", "", ""],
    ["E07000105", "Ashford", "140", "120", "90", "30", "57.5"], ["E06000035", "Medway Towns", "..", "..", "..", "..", "63"],
]  # fmt: skip
FOOT = [["", "", "", "", "", "", ""], ["Source", "MHCLG returns, latest update: 30 April 2026", "", "", "", "", ""]]
# of each column what stands above it in three rows; a merged cell has its text in the first column only
HEADINGS = (
    ("", "", ""), ("", "", ""), ("Total initial assessments1,2,6", "", ""),
    ("Assessed as owed a duty", "Total owed a prevention or relief duty", ""),
    ("", "Threatened with homelessness within 56 days - \nPrevention duty owed", "Of which:"),
    ("", "Homeless - \nRelief duty owed4", ""), ("Number of households\n in area5 (000s)", "", ""),
)  # fmt: skip
COLUMNS = "households_owed_a_duty, area_code, households_assessed, households_thousands"
READ = [
    (None, "E06000035", None, 63.0), (120, "E07000105", 140, 57.5), (300, "E12000008", 340, 120.5), (300, "E92000001", 340, 120.5),
]  # fmt: skip


def sheet(headings: tuple[tuple[str, ...], ...] = HEADINGS, rows: Table = COUNCILS, title: str = TITLE) -> Table:
    blank = [""] * (len(headings) - 1)
    return [[title, *blank], *(list(row) for row in zip(*headings, strict=True)), *rows, *FOOT]


def placed(table: Table, order: list[int | None]) -> Table:
    """Its columns elsewhere, and empty ones between them."""
    title = table[0][0]
    return [[title], *([row[place] if place is not None else "" for place in order] for row in table[1:])]


def read(
    folder: Path, files: dict[str, str | bytes], feed: str = "homelessness_duty", columns: str = COLUMNS
) -> list[tuple]:
    return sorted(ingest(folder, feed, files, columns)[1], key=lambda row: str(row[1]))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("seed", range(6))
def test_columns_are_known_by_their_names_wherever_they_stand(kind: str, seed: int, tmp_path: Path) -> None:
    """The three columns below one heading stay together; around them the order is any, with empty columns between."""
    draw = random.Random(seed)
    blocks: list[list[int | None]] = [[0], [1], [2], [3, 4, 5], [6], [None], [None]]
    draw.shuffle(blocks)
    table = placed(sheet(), [place for block in blocks for place in block])
    mark = draw.choice(["", "[note 3]", " ", "7", "4,9"])
    table = [
        [cell + mark if cell.startswith(("Total", "Number", "Assessed")) else cell for cell in row] for row in table
    ]
    body = (
        as_text(table) if kind == "csv" else workbook({"Contents": [["Table A1 - Number of households"]], "A1": table})
    )
    assert read(tmp_path, {f"x.{kind}": body}) == READ


@pytest.mark.parametrize("gone", [2, 3, 6])
def test_a_heading_that_is_gone_or_stands_twice_is_named(gone: int, tmp_path: Path) -> None:
    name = next(text for text in reversed(HEADINGS[gone]) if text)
    renamed = tuple(tuple("Something else" if text == name else text for text in column) for column in HEADINGS)
    assert "no heading" in refusal(tmp_path / "a", "homelessness_duty", {"x.xlsx": workbook({"A1": sheet(renamed)})})
    twice = placed(sheet(), [0, 1, 2, 3, 4, 5, 6, gone] if gone != 3 else [0, 1, 2, 3, 3, 4, 5, 6])
    said = refusal(tmp_path / "b", "homelessness_duty", {"x.xlsx": workbook({"A1": twice})})
    assert "stands over more than one column" in said


def test_a_total_below_another_heading_is_another_number(tmp_path: Path) -> None:
    moved = tuple(
        tuple("Accepted" if text == "Assessed as owed a duty" else text for text in column) for column in HEADINGS
    )
    said = refusal(tmp_path, "homelessness_duty", {"x.csv": as_text(sheet(moved))})
    assert "below 'Assessed as owed a duty'" in said


def test_the_titles_quarter_holds_and_not_the_day_of_the_download(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"homelessness_duty_2026-04.csv": as_text(sheet())}
    assert {month for month, _ in read(tmp_path, files, columns="cast(month as varchar), area_code")} == {"2025-12-01"}


@pytest.mark.parametrize(
    "said",
    ["October to December 2025 (revised March 2026)", "October to December 20251", "October to December 2025, published 30 April 2026"],
)  # fmt: skip
def test_a_day_of_revision_in_the_title_is_not_its_month(said: str, tmp_path: Path) -> None:
    table = sheet(title=TITLE.replace("October to December 2025", said))
    months = read(tmp_path, {"x.csv": as_text(table)}, columns="cast(month as varchar), area_code")
    assert {month for month, _ in months} == {"2025-12-01"}


def test_a_title_without_a_month_is_not_given_that_of_the_download(tmp_path: Path) -> None:
    table = sheet(title=TITLE.replace("October to December 2025", "Q3 2025/26"))
    assert "names no month" in refusal(tmp_path, "homelessness_duty", {"homelessness_duty_2026-04.csv": as_text(table)})


def test_one_damaged_sheet_among_good_ones_is_not_left_out(tmp_path: Path) -> None:
    book = waits()
    book["Table 4g"][2][1] = "Org Code"
    assert "no heading 'Organisation Code'" in refusal(tmp_path, "community_waits", {"x.xlsx": workbook(book)})


def test_a_heading_of_another_kind_beside_the_months_is_not_left_out(tmp_path: Path) -> None:
    book = waits()
    book["Table 4"][2][4] = "Audiology (CYP)"
    assert "of another kind" in refusal(tmp_path, "community_waits", {"x.xlsx": workbook(book)})


def test_the_areas_name_stands_in_the_column_where_england_does(tmp_path: Path) -> None:
    whole = read(tmp_path / "a", {"x.csv": as_text(sheet())}, columns="area_name, area_code")
    assert whole[:2] == [("Medway Towns", "E06000035"), ("Ashford", "E07000105")]
    cut = sheet(rows=[row for row in COUNCILS if "england" not in "".join(row).casefold()])
    assert {name for name, _ in read(tmp_path / "b", {"x.csv": as_text(cut)}, columns="area_name, area_code")} == {None}


def test_two_sheets_of_one_table_and_a_hidden_one_are_refused(tmp_path: Path) -> None:
    both = workbook({"A1": sheet(), "A1 (2)": sheet()})
    assert "hold the same table" in refusal(tmp_path / "a", "homelessness_duty", {"x.xlsx": both})
    hidden = workbook({"Contents": [["Contents"]], "A1": sheet()}, hidden=("A1",))
    assert "'A1' is hidden" in refusal(tmp_path / "b", "homelessness_duty", {"x.xlsx": hidden})


def test_months_in_columns_become_rows(tmp_path: Path) -> None:
    """The workbook of two-hour response: three tables, each month a column, every year others."""
    tables = {
        "% of 2-hour UCR referrals": ["0.853", "*"],
        "Count of referrals": ["90", "95"],
        "Count of contacts": ["200", "5"],
    }
    names = ["Organisation Name", "ODS Code", "Organisation Type", "Apr-26", "May-26"]
    book = {
        f"Table {n}": [
            [f"Table: {n} - {what}"], ["Data date: 03/05/2025"], ["", "", "", "Month (RTT End Date)"], names,
            ["KENT", "QKS", "ICB", *values], ["", "Source: CSDS, see notes", "", "", ""],
        ]
        for n, (what, values) in enumerate(tables.items(), 1)
    }  # fmt: skip
    columns = "metric, cast(month as varchar), value, area_code"
    found = read(tmp_path, {"x.xlsx": workbook(book)}, "community_services", columns)
    assert sorted(found, key=str) == [
        ("CONTACTS", "2026-04-01", 200.0, "QKS"), ("CONTACTS", "2026-05-01", 5.0, "QKS"),
        ("PERFORMANCE_SHARE", "2026-04-01", 0.853, "QKS"), ("PERFORMANCE_SHARE", "2026-05-01", None, "QKS"),
        ("REFERRALS", "2026-04-01", 90.0, "QKS"), ("REFERRALS", "2026-05-01", 95.0, "QKS"),
    ]  # fmt: skip


def waits() -> dict[str, Table]:
    """The workbook of community waits: the same organisations in three tables, one column a service; England has no code."""
    names = ["Organisation Type", "Organisation Code", "Organisation Name", "(A) Podiatry*", "(CYP) Audiology"]
    titles = {
        "Table 4": "Total waiting list by service, March 2026",
        "Table 4a": "Number waiting 0-1 weeks (0-7 days) by service, March 2026",
        # its own title has a sign that the list of contents leaves out
        "Table 4g": "Number waiting >52-104 weeks (365-728 days) by service, March 2026",
        "Table 4h": "Number waiting over 104 weeks (over 2 years) by service, March 2026",
    }
    book = {
        sheet: [
            [title],
            ["Blanks indicate nothing."],
            list(names),
            ["National", "", "England", "9", "3"],
            ["ICB", "QKS", "KENT", "", str(n)],
        ]
        for n, (sheet, title) in enumerate(titles.items())
    }
    book["Contents"] = [["Table 4: Total waiting list by service, March 2026"]]
    return book


def test_services_in_columns_become_rows(tmp_path: Path) -> None:
    book = waits()
    columns = "metric, area_code, service, value, cast(month as varchar)"
    found = read(tmp_path, {"x.xlsx": workbook(book)}, "community_waits", columns)
    assert {row[4] for row in found} == {"2026-03-01"}
    assert sorted(row[:4] for row in found if row[1]) == [
        (metric, "QKS", service, value)
        for metric, n in (("WAITING", 0), ("WAITING_52_TO_104_WEEKS", 2), ("WAITING_OVER_104_WEEKS", 3))
        for service, value in (("(A) Podiatry*", None), ("(CYP) Audiology", float(n)))
    ]
    assert [row[3] for row in found if row[1] is None] == [9.0, 3.0] * 3


@pytest.mark.parametrize("mark", ["*", "[c]", "<5", "-3"])
def test_a_hidden_number_is_not_none(mark: str, tmp_path: Path) -> None:
    """A blank is that nothing was sent; a mark's row goes by name, so that the service is missing there (staging asks for all)."""
    book = waits()
    book["Table 4g"][4][4] = mark
    manifest, rows = ingest(
        tmp_path, "community_waits", {"x.xlsx": workbook(book)}, "metric, area_code, service, value"
    )
    assert (len(rows), manifest.rows_quarantined) == (11, 1)


def test_shares_in_place_of_percentages_are_put_aside(tmp_path: Path) -> None:
    about = ["performance", "2025-03"]
    rows = [
        ["ORG_TYPE", "ORG_CODE", "METRIC", "MONTH", "VALUE"],
        ["ICB", "QKS", *about, "0.853"],
        ["ICB", "QKR", *about, "85.3"],
    ]
    manifest, _ = ingest(tmp_path, "community_services", {"x.csv": as_text(rows)})
    assert (manifest.rows_loaded, manifest.rows_quarantined) == (1, 1)


def virtual_wards(*lines: list[str]) -> bytes:
    head = [
        "Region",
        "Region Code",
        "ICB code",
        "Name",
        "Virtual Ward Capacity \n(see note 1) ",
        "Patients in a Virtual Ward\n(see notes 1) ",
    ]
    rows = [["-", "-", "-", "ENGLAND*", "900", "600"], ["South East", "Y59", "qks", "NHS KENT", "40", "30"]]
    wide = [
        [*line, *[""] * (6 - len(line))]
        for line in (["Title:", "Virtual wards"], *lines, ["Published:", "8th August 2024"])
    ]
    return workbook({"Notes": [["Notes"]], "Data": [*wide, head, *rows]})


@pytest.mark.parametrize(
    "name, line, month",
    [
        ("virtual_ward_capacity_2024-07.xlsx", ["Month:", "July 2024"], "2024-07-01"),
        ("virtual_ward_capacity.xlsx", ["Month:", "", "July 2024"], "2024-07-01"),
        ("virtual_ward_capacity.xlsx", ["Month: Jul-24"], "2024-07-01"),
        ("virtual_ward_capacity.xlsx", ["Month", "2024-07-01"], "2024-07-01"),
        ("virtual_ward_capacity_July-2024.xlsx", ["Month:"], "2024-07-01"),
        ("virtual_ward_capacity_2024-07.xlsx", ["Months of the year"], "2024-07-01"),
    ],
)  # fmt: skip
def test_the_month_above_the_header_and_that_of_the_name_are_one(
    name: str, line: list[str], month: str, tmp_path: Path
) -> None:
    columns = "cast(month as varchar), area_code, capacity_beds"
    assert read(tmp_path, {name: virtual_wards(line)}, "virtual_ward_capacity", columns) == [
        (month, None, 900.0),
        (month, "QKS", 40.0),
    ]


@pytest.mark.parametrize(
    "name, line, said",
    [
        ("virtual_ward_capacity_2024-08.xlsx", ["Month:", "July 2024"], "its name says another month"),
        ("virtual_ward_capacity_2024-07.xlsx", ["Month:", "soon"], "names no month that is understood"),
        ("virtual_ward_capacity_2024-07.xlsx", ["Month:", "June 2024 and July 2024"], "names no month that is understood"),
        ("virtual_ward_capacity.xlsx", ["Period:", "July 2024"], "missing column MONTH"),
    ],
)  # fmt: skip
def test_a_month_that_is_not_certain_refuses_the_file(name: str, line: list[str], said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, "virtual_ward_capacity", {name: virtual_wards(line)})


def reasons(home: Path) -> list[str]:
    with duckdb.connect() as connection:
        found = connection.execute(f"select reason from '{home}/lake/quarantine/**/*.parquet' order by all").fetchall()
    return [reason for (reason,) in found]


@pytest.mark.parametrize("place", [(4, 2), (4, 3), (5, 6)])
def test_a_percentage_in_a_column_of_counts_is_put_aside_by_name(place: tuple[int, int], tmp_path: Path) -> None:
    """`85%` is not 85 households."""
    rows = [list(row) for row in COUNCILS]
    rows[place[0]][place[1]] = "85%"
    manifest, _ = ingest(tmp_path, "homelessness_duty", {"x.csv": as_text(sheet(rows=rows))})
    assert (manifest.rows_quarantined, reasons(tmp_path)) == (1, ["a percentage where a count belongs"])


def test_a_percentage_is_a_percentage_where_one_is_meant(tmp_path: Path) -> None:
    head, about = ["ORG_TYPE", "ORG_CODE", "METRIC", "MONTH", "VALUE"], ["2025-03", "85.3%"]
    rows = [head, ["icb", "qks", "Performance", *about], ["ICB", "QKR", "PERFORMANCE", *about]]
    found = read(tmp_path, {"x.csv": as_text(rows)}, "community_services", "metric, area_code, value, area_level")
    assert found == [("PERFORMANCE", "QKR", 85.3, "ICB"), ("PERFORMANCE", "QKS", 85.3, "ICB")]


@pytest.mark.parametrize("where", ["first", "last", "nameless", "year"])
def test_a_months_column_that_cannot_be_read_refuses_the_sheet(where: str, tmp_path: Path) -> None:
    """Before the months that are understood as well as behind them, and one without a heading."""
    names = ["ODS Code", "Organisation Name", "Organisation Type", "Apr-26", "May-26", ""]
    change = {
        "first": (3, "April 2026 (revised)"),
        "last": (5, "June 26"),
        "nameless": (5, ""),
        "year": (5, "2026-27"),
    }[where]
    names[change[0]] = change[1]
    book = {
        f"Table {n}": [
            [f"Table: {n} - what"], ["", "", "", "Month (RTT End Date)", "", ""], names,
            ["QKS", "KENT", "ICB", "0.5", "0.6", "0.7"], ["Unknown", "Unknown", "Region", "1", "1", "1"],
        ]
        for n in (1, 2, 3)
    }  # fmt: skip
    said = refusal(tmp_path, "community_services", {"x.xlsx": workbook(book)})
    assert "of another kind" in said or "without a heading" in said
