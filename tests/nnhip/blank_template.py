"""A workbook laid out as the national template v1.2, made here so that its rules are tested where the real file is not.

Sheets, labels, yellow cells, formulas (one of them shared), merged cells and the list validations of the x14 extension: all that a
careless writer loses.
"""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl

from orchestration.publishing.nnhip.rules import load_rules

PLACES = ["Elsewhere", "East Kent", "Dorset Place "]
VALIDATIONS = (
    '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main">'
    '<x14:dataValidations count="2" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">'
    '<x14:dataValidation type="list" allowBlank="1" showErrorMessage="1"><x14:formula1><xm:f>Lookups!$A$2:$A$4</xm:f></x14:formula1>'
    "<xm:sqref>B6</xm:sqref></x14:dataValidation>"
    '<x14:dataValidation type="list" allowBlank="1" showErrorMessage="1"><x14:formula1><xm:f>Lookups!$C$2:$C$14</xm:f></x14:formula1>'
    "<xm:sqref>B7</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst></worksheet>"
)


def write_blank_template(path: Path) -> Path:
    rules = load_rules()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in rules.required_sheets:
        book.create_sheet(name)
    lookups = book["Lookups"]
    for row, name in enumerate(PLACES, start=2):
        lookups.cell(row, 1, name)
    for row in range(2, 15):
        cell = lookups.cell(row, 3, date(2025 + (row + 7) // 12, (row + 7) % 12 + 1, 1))
        cell.number_format = "mmm-yy"
    instructions = book["Instructions"]
    yellow = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")
    for reference, label in (("A6", "Project Name"), ("A7", "Submission Period")):
        instructions[reference] = label
        instructions[reference.replace("A", "B")].fill = yellow
    submission = book["SubmissionTemplate"]
    submission["B1"], submission["B2"] = "=Instructions!B6", "=Instructions!B7"
    submission.merge_cells("E4:N4")
    for letters, column in rules.columns.items():
        submission[f"{letters}{column.header_row}"] = int(column.header) if column.header.isdigit() else column.header
    counted = {m.row: (m.metric_id, m.label) for m in rules.measures}
    counted[rules.caseload_row.row] = (rules.caseload_row.metric_id, rules.caseload_row.label)
    for row, (metric, label) in counted.items():
        submission[f"A{row}"], submission[f"C{row}"] = metric, label
    for row in rules.cohort_rows.rows:
        submission[f"C{row}"] = rules.cohort_rows.label
    for row in [*counted, *rules.cohort_rows.rows]:
        for letters in rules.columns:
            submission[f"{letters}{row}"].fill = yellow
    for measure in rules.measures:
        for letters in rules.columns:
            if measure.row + 1 not in rules.cohort_rows.rows:
                submission[f"{letters}{measure.row + 1}"] = f"={letters}7"
            submission[f"{letters}{measure.row + 2}"] = (
                f"=IFERROR({letters}{measure.row}/{letters}{measure.row + 1}*1000,0)"
            )
    plain = path.with_suffix(".plain")
    book.save(plain)
    _add_what_openpyxl_cannot(plain, path, book.sheetnames)
    plain.unlink()
    return path


def _add_what_openpyxl_cannot(plain: Path, path: Path, names: list[str]) -> None:
    part = {name: f"xl/worksheets/sheet{number}.xml" for number, name in enumerate(names, start=1)}
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            text = source.read(entry)
            if entry.filename == part["Instructions"]:
                text = text.replace(b"</worksheet>", VALIDATIONS.encode())
            if entry.filename == part["SubmissionTemplate"]:
                for number, letters in enumerate(("D", "E", "F", "G")):
                    written = f"<f>{letters}7</f>".encode()
                    shared = b'<f t="shared" ref="D16:G16" si="0">D7</f>' if not number else b'<f t="shared" si="0"/>'
                    head, tail = text.split(f'r="{letters}16"'.encode(), 1)
                    text = head + f'r="{letters}16"'.encode() + tail.replace(written, shared, 1)
            target.writestr(entry, text)
