"""Cells of a workbook where a formula failed: as in the same table as text, and never plain blanks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from orchestration.landing import sheet_errors
from tests.ingest.defects import as_zip
from tests.ingest.good_files import as_text, table
from tests.ingest.test_cases import ingest, refusal


def with_failed_formulas(rows: list[list[str]], corner: tuple[int, int], writer: str) -> bytes:
    """A workbook below and beside blank cells, in which `#…` are cells of errors and not their text."""
    target = io.BytesIO()
    if writer == "openpyxl":
        written = openpyxl.Workbook()
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                written.worksheets[0].cell(corner[0] + row + 1, corner[1] + column + 1, cell)
        written.save(target)
        return target.getvalue()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Notes").write(0, 0, "Made for the monthly return")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Notes!$A$1:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        sheet = book.add_worksheet("Rows & all")
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell.startswith("#"):
                    sheet.write_formula(corner[0] + row, corner[1] + column, "=NA()", None, cell)
                else:
                    sheet.write_string(corner[0] + row, corner[1] + column, cell)
    return target.getvalue()


@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter"])
@pytest.mark.parametrize("corner", [(0, 0), (3, 2)])
@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#DIV/0!"])
@pytest.mark.parametrize(("header", "set_aside"), [("PERSON_ID", 5), ("TEAM_TYPE", 5), ("SEX", 0)])
def test_a_formula_that_failed_is_the_same_in_a_workbook_as_in_text(
    header: str, set_aside: int, value: str, corner: tuple[int, int], writer: str, tmp_path: Path
) -> None:
    """A person whose look-up failed became nobody in the workbook, and was set aside in the text."""
    rows = table("community_contacts")
    for cells in rows[1::8]:
        cells[rows[0].index(header)] = value
    sql = "contact_id, person_id, sex"
    text, expected = ingest(tmp_path / "text", "community_contacts", {"f.csv": as_text(rows)}, sql)
    book, found = ingest(
        tmp_path / "book", "community_contacts", {"f.xlsx": with_failed_formulas(rows, corner, writer)}, sql
    )
    assert text.rows_quarantined == book.rows_quarantined == set_aside
    assert found == expected


def test_rows_and_cells_that_do_not_say_where_they_stand() -> None:
    """Excel may leave the references out; a row that has one counts on from it."""
    xml = (
        b'<worksheet xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"><sheetData>'
        b'<row><c t="e"><v>#N/A</v></c><c><v>1</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        b'<row r="5"><c r="AA5" t="e"/><c t="e"><v>#REF!</v></c></row><row><c t="e"><v>#NUM!</v></c></row>'
        b"</sheetData></worksheet>"
    )
    assert sheet_errors.errors_in(io.BytesIO(xml)) == {
        (0, 0): "#N/A",
        (0, 2): "#DIV/0!",
        (4, 26): "#N/A",
        (4, 27): "#REF!",
        (5, 0): "#NUM!",
    }


@pytest.mark.parametrize("spaces", range(sheet_errors.LONGEST_SIGN))
def test_the_sign_of_an_error_is_found_across_two_chunks(
    spaces: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_errors, "CHUNK", sheet_errors.LONGEST_SIGN)
    with zipfile.ZipFile(tmp_path / "book", "w") as archive:
        archive.writestr("sheet.xml", " " * spaces + "<c r='A1' t='e'/>" + " " * 99)
        archive.writestr("good.xml", " " * spaces + "<c r='A1' t='s'/>" + " " * 99)
    with zipfile.ZipFile(tmp_path / "book") as archive:
        found = [
            name for name in archive.namelist() if sheet_errors.has_sign(archive, name, sheet_errors.SIGN_OF_ERRORS)
        ]
    assert found == ["sheet.xml"]


def open_document(rows: list[list[str]]) -> bytes:
    """As LibreOffice writes it: of an error the text stands in the cell, and its value is blank."""
    names = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text")}
    spaces = " ".join(f'xmlns:{name}="{urn}"' for name, urn in names.items())
    failed = 'office:string-value="" calcext:value-type="error"'
    cells = (
        "".join(
            f'<table:table-cell office:value-type="string" {failed if cell.startswith("#") else ""}>'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        for row in rows
    )
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return as_zip(
        {
            "mimetype": kind.encode(),
            "content.xml": (
                f'<office:document-content {spaces} xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:'
                'xmlns:calcext:1.0"><office:body><office:spreadsheet><table:table table:name="One">'
                f"{body}</table:table></office:spreadsheet></office:body></office:document-content>"
            ).encode(),
            "META-INF/manifest.xml": (
                '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
                f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
            ).encode(),
        }
    )


def test_a_formula_that_failed_refuses_an_open_document(tmp_path: Path) -> None:
    rows = table("community_contacts")
    good, _ = ingest(tmp_path / "good", "community_contacts", {"f.ods": open_document(rows)})
    assert good.rows_loaded == 40
    rows[5][rows[0].index("PERSON_ID")] = "#N/A"
    told = refusal(tmp_path / "failed", "community_contacts", {"f.ods": open_document(rows)})
    assert "f.ods: cells of the workbook in which a formula failed; save it as .xlsx, or send CSV" in told
