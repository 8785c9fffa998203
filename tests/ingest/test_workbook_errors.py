"""Cells of a workbook where a formula failed: as in the same table as text, and never plain blanks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from orchestration.landing import sheet_errors
from tests.ingest.good_files import as_text, table
from tests.ingest.test_cases import ingest


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
        assert sheet_errors.has_errors(archive, "sheet.xml") and not sheet_errors.has_errors(archive, "good.xml")
