"""A file is read whole or refused by name: every member of an archive, every sheet, every line above and below."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
import yaml

from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import load_settings
from orchestration.landing.deliveries import find_delivery
from tests.ingest.defects import as_zip
from tests.ingest.good_files import HEADERS, as_text, table
from tests.ingest.test_cases import ingest, refusal

HALF = 21
GOOD = table("deaths")
FIRST, SECOND = as_text(GOOD[:HALF]).encode(), as_text([GOOD[0], *GOOD[HALF:]]).encode()


def workbook(sheets: dict[str, list[list[str]]], hidden: tuple[str, ...] = ()) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            if name in hidden:
                sheet.hide()
        book.worksheets()[0].activate()
    return target.getvalue()


SECOND_BOOK = workbook({"D": [GOOD[0], *GOOD[HALF:]]})
PACKED: dict[str, Callable[[], bytes]] = {
    "b.csv": lambda: SECOND,
    "b.txt": lambda: SECOND,
    "b.tsv": lambda: SECOND.replace(b",", b"\t"),
    "b.dat": lambda: SECOND.replace(b",", b"|"),
    "b.csv.gz": lambda: gzip.compress(SECOND, mtime=0),
    "b.csv.bz2": lambda: bz2.compress(SECOND),
    "b.csv.xz": lambda: lzma.compress(SECOND),
    "b.gz": lambda: gzip.compress(SECOND, mtime=0),
    "b.xlsx": lambda: SECOND_BOOK,
    "b.zip": lambda: as_zip({"inner.csv": SECOND}),
    "b.zip.gz": lambda: gzip.compress(as_zip({"inner.csv": SECOND}), mtime=0),
    "deep.zip": lambda: as_zip({"b.zip": as_zip({"c.zip": as_zip({"d.csv.gz": gzip.compress(SECOND, mtime=0)})})}),
}


@pytest.mark.parametrize("is_inside", [True, False], ids=["in a zip", "beside it"])
@pytest.mark.parametrize("name", sorted(PACKED))
def test_whatever_stands_beside_a_good_file_is_read(name: str, is_inside: bool, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.csv": FIRST, name: PACKED[name]()}
    if is_inside:
        files = {"all.zip": as_zip({key: value for key, value in files.items() if isinstance(value, bytes)})}
    manifest, _ = ingest(tmp_path, "deaths", files)
    assert (manifest.rows_loaded, manifest.rows_removed) == (40, {})


@pytest.mark.parametrize("is_inside", [True, False], ids=["in a zip", "beside it"])
@pytest.mark.parametrize("name", ["b.sas7bdat", "b.rar", "b.7z", "b.json", "b.xml", "b.mdb", "b.csv.gpg"])
def test_what_cannot_be_read_is_refused_by_its_name(name: str, is_inside: bool, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.csv": FIRST, name: b"whatever is in there"}
    if is_inside:
        files = {"all.zip": as_zip({"a.csv": FIRST, name: b"whatever is in there"})}
    assert name in refusal(tmp_path, "deaths", files)


def test_a_document_beside_the_data_is_named_and_left_out(tmp_path: Path) -> None:
    manifest, _ = ingest(tmp_path, "deaths", {"a.zip": as_zip({"a.csv": FIRST, "read me.pdf": b"%PDF-"})})
    assert manifest.rows_loaded == HALF - 1
    assert "read me.pdf in the zip is a document and left out" in manifest.files[0].assumptions


def test_every_sheet_with_the_header_is_read(tmp_path: Path) -> None:
    book = workbook({"Notes": [["Deaths of the month"]], "One": GOOD[:HALF], "Two": [GOOD[0], *GOOD[HALF:]]})
    manifest, _ = ingest(tmp_path, "deaths", {"deaths.xlsx": book})
    assert manifest.rows_loaded == 40
    assert [file.file for file in manifest.files] == ["deaths/deaths.xlsx:One", "deaths/deaths.xlsx:Two"]


def test_a_hidden_sheet_is_refused_by_name(tmp_path: Path) -> None:
    book = workbook({"One": GOOD[:HALF], "Old": [GOOD[0], *GOOD[HALF:]]}, hidden=("Old",))
    assert "'Old' is hidden" in refusal(tmp_path, "deaths", {"deaths.xlsx": book})


@pytest.mark.parametrize("rows", [GOOD[HALF:], [["PERSON_ID", "DEATH_DAY"], *GOOD[HALF:]]], ids=["none", "other"])
def test_a_sheet_that_goes_on_without_the_header_is_refused_by_name(rows: list[list[str]], tmp_path: Path) -> None:
    book = workbook({"One": GOOD[:HALF], "Two": rows})
    assert "'Two' looks like more of the data" in refusal(tmp_path, "deaths", {"deaths.xlsx": book})


def test_lines_above_the_header_are_counted(tmp_path: Path) -> None:
    manifest, _ = ingest(tmp_path, "deaths", {"d.csv": b"Deaths of the month\n\nMade on 1 November\n" + FIRST})
    assert (manifest.rows_loaded, manifest.rows_removed) == (HALF - 1, {"above_header": 3})
    assert manifest.rows_read == HALF + 2


def test_a_row_above_the_header_is_told(tmp_path: Path) -> None:
    head, *rows = FIRST.decode().splitlines(keepends=True)
    told = refusal(tmp_path, "deaths", {"d.csv": "".join([*rows[:3], head, *rows[3:]])})
    assert "d.csv, line 1: this row stands above the header" in told


@pytest.mark.parametrize("feed", sorted(feed for feed in HEADERS if HEADERS[feed]))
def test_a_line_of_totals_is_no_row(feed: str, tmp_path: Path) -> None:
    rows = table(feed)
    rows += [["Total" for _ in rows[0]]]
    name = "f_2022-23.csv" if feed == "gp_payments" else "f.csv"
    manifest, _ = ingest(tmp_path, feed, {name: as_text(rows)})
    removed = {"other_organisation_level": 1} if feed == "gp_registrations" else {"total_row": 1}
    assert (manifest.rows_loaded, manifest.rows_removed) == (40, removed)


def test_a_very_long_value_costs_its_row_at_most(tmp_path: Path) -> None:
    rows = table("hes_op")
    rows[0].append("NOTE")
    for cells in rows[1:]:
        cells.append('plain, "quoted"\nand broken')
    rows[7][-1] = "x" * 300_000
    rows[9][HEADERS["hes_op"].index("APPTDATE")] = "soon"
    rows[11][-1] = "y" * 3_000_000
    manifest, _ = ingest(tmp_path, "hes_op", {"hes_op.csv": as_text(rows) + "\n"})
    assert (manifest.rows_loaded, manifest.rows_quarantined) == (38, 2)


def with_stray_quotes(rows: list[list[str]], header: str, opened: int, closed: int) -> str:
    """One quotation mark before the value of a row, and one behind that of a later row."""
    place = rows[0].index(header)
    found = [list(cells) for cells in rows]
    found[opened][place] = '"' + found[opened][place]
    found[closed][place] += '"'
    return "".join(",".join(cells) + "\n" for cells in found)


@pytest.mark.parametrize("closed", [22, 40])
@pytest.mark.parametrize(
    ("feed", "header", "told"),
    [
        ("hes_op", "GPPRAC", "a value of column GPPRAC holds a line break"),
        ("hes_op", "NOTE", "a value of column 24 holds whole rows"),
        ("opt_outs", "PERSON_ID", "a value of column PERSON_ID holds a line break"),
        ("gp_payments", "Practice Name", "a value of column 2 holds whole rows"),
        ("virtual_ward_capacity", "Name", "a value of column NAME holds a line break"),
    ],
)
def test_rows_between_two_stray_quotation_marks_are_not_lost(
    feed: str, header: str, told: str, closed: int, tmp_path: Path
) -> None:
    """They became one value, and every line was accounted for."""
    rows = table(feed)
    if header == "NOTE":
        rows = [[*cells, "NOTE" if cells is rows[0] else "seen"] for cells in rows]
    content = with_stray_quotes(rows, header, 21, closed)
    assert f"f_2022-23.csv, line 22: {told}" in refusal(tmp_path, feed, {"f_2022-23.csv": content})


def test_rows_are_not_lost_where_the_last_column_of_one_is_empty(tmp_path: Path) -> None:
    """The row that the two marks make has a column too many, of which the engine says nothing when it is empty."""
    rows = [[*cells, "NOTE" if cells is GOOD[0] else ""] for cells in GOOD]
    rows[21][1] = '"' + rows[21][1]
    rows[30][0] += '"'
    told = refusal(tmp_path, "deaths", {"d.csv": "".join(",".join(cells) + "\n" for cells in rows)})
    assert "line 22: a value of column DEATH_DATE holds a line break" in told


def test_rows_of_which_the_engine_names_fewer_than_it_sets_aside_are_not_lost(tmp_path: Path) -> None:
    rows = [[f'"{cell}"' for cell in (*cells, "x")] for cells in GOOD]
    for number in (5, 6):
        rows[number][-1] = '"""'
    told = refusal(tmp_path, "deaths", {"d.csv": "".join(",".join(cells) + "\n" for cells in rows)})
    assert "d.csv: quotation marks that do not say where a row ends" in told


def test_a_row_of_another_shape_among_free_text_over_several_lines_is_set_aside(tmp_path: Path) -> None:
    head, *rows = ([*cells, "NOTE" if cells is GOOD[0] else "one\ntwo"] for cells in GOOD)
    rows[7].append("x")
    rows[9][-1:] = ["short", "x"]
    rows[11].pop()
    manifest, _ = ingest(tmp_path, "deaths", {"d.csv": as_text([head, *rows])})
    assert manifest.rows_loaded == 37 and manifest.rows_quarantined >= 3


def test_free_text_over_several_lines_is_no_row(tmp_path: Path) -> None:
    """In a column of the contract and in one that is left out, with as many commas as there are between columns."""
    rows = table("gp_payments", 20)
    name, width = rows[0].index("Practice Name"), len(rows[0]) + 1
    rows = [rows[0] + ["NOTE"], *([*cells, "one\n" + ", then" * width + "\n\nand 3 more"] for cells in rows[1:])]
    rows[5][name] = "The\r\nSurgery, Park Road"
    manifest, _ = ingest(tmp_path, "gp_payments", {"f_2022-23.csv": as_text(rows)})
    assert (manifest.rows_read, manifest.rows_loaded) == (20, 20)


def test_a_large_workbook_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.landing.workbooks.LARGEST_UNPACKED_BYTES", 1000)
    assert "too large" in refusal(tmp_path, "deaths", {"deaths.xlsx": SECOND_BOOK})


def test_a_file_named_like_a_feed_is_never_passed_over(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    for name in ("deaths.csv", "deaths_2.rar", "deaths.pdf", "something.rar"):
        (folder / name).write_bytes(FIRST)
    delivery = find_delivery(settings.paths)
    assert [file.relative_name for file in delivery.files["deaths"]] == ["deaths.csv", "deaths_2.rar"]
    assert delivery.ignored == ["deaths.pdf", "something.rar"]
    from orchestration.lake.feed import ingest_feed

    with pytest.raises(DeliveryRefused, match=r"deaths_2\.rar: files ending in \.rar"):
        ingest_feed(settings, delivery, "deaths")


@pytest.mark.parametrize(
    "name", ["sub/b.csv", "b.bak", ".b.csv", "b.html", "hes_op/sub/b.csv", "v2/sub/b.csv", "x/../b.csv"]
)
def test_a_file_that_the_note_names_is_read_or_refused(name: str, tmp_path: Path) -> None:
    """Others of the feed were taken in, and nobody heard that this one was not."""
    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    (folder / "x").mkdir(parents=True)
    for path in (folder / "a.csv", folder / name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FIRST)
    (folder / "delivery.yaml").write_text(yaml.safe_dump({"files": {"a.csv": "deaths", name: "deaths"}}))
    problems = find_delivery(settings.paths).problems
    assert [problem for problem in problems if repr(name) in problem and "is not read: put it" in problem]


def test_files_that_the_note_names_are_read_where_files_lie(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    names = ["a.csv", "./b.csv", "hes_op/c.csv", "v2/d.csv", "v2/deaths/e.csv"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(FIRST)
    (folder / "hes_op" / "hes_op.csv").write_text(as_text(table("hes_op")))
    (folder / "delivery.yaml").write_text(yaml.safe_dump({"files": dict.fromkeys(names, "deaths")}))
    delivery = find_delivery(settings.paths)
    assert delivery.problems == []
    assert [file.relative_name for file in delivery.files["deaths"]] == ["v2/d.csv", "v2/deaths/e.csv"]
