"""Cells of a workbook where a formula failed: the reader of workbooks hands them over as blanks.

In .xlsx and .xlsm they are found; of an .ods it can be said that it has some. Of .xls and .xlsb nothing is known.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from typing import IO

from lxml import etree

BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SIGN_OF_ERRORS = re.compile(rb"""\st\s*=\s*["']e["']""")
OPEN_DOCUMENT = "content.xml"
SIGN_IN_OPEN_DOCUMENT = re.compile(rb"""calcext:value-type\s*=\s*["']error["']""")
LONGEST_SIGN = 64
CHUNK = 4 << 20
UNTOLD = "#N/A"

Errors = dict[tuple[int, int], str]


def errors_of_sheets(path: Path) -> dict[str, Errors]:
    """Name of the sheet → (row, column), both counted from 0 → what the cell shows; only sheets that have some."""
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        if BOOK not in archive.namelist():
            return {}
        return {
            name: error_cells(archive, part)
            for name, part in parts_of(archive).items()
            if has_sign(archive, part, SIGN_OF_ERRORS)
        }


def has_untold_errors(path: Path) -> bool:
    """Whether it is an .ods with errors, whose place is not known."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        is_open_document = OPEN_DOCUMENT in archive.namelist()
        return is_open_document and has_sign(archive, OPEN_DOCUMENT, SIGN_IN_OPEN_DOCUMENT)


def parts_of(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of the sheet → its file in the workbook."""
    targets = {
        relation.get("Id"): posixpath.normpath(posixpath.join("/xl", relation.get("Target", "")))[1:]
        for relation in etree.fromstring(archive.read(RELATIONS))
    }
    sheets = etree.fromstring(archive.read(BOOK)).iterfind("{*}sheets/{*}sheet")
    return {
        sheet.get("name", ""): targets[value]
        for sheet in sheets
        for key, value in sheet.attrib.items()
        if key.endswith("}id")
    }


def has_sign(archive: zipfile.ZipFile, part: str, sign: re.Pattern[bytes]) -> bool:
    """A search over the bytes: most sheets have none, and are not parsed a second time."""
    tail = b""
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            if sign.search(tail + chunk):
                return True
            tail = chunk[-LONGEST_SIGN:]
    return False


def error_cells(archive: zipfile.ZipFile, part: str) -> Errors:
    with archive.open(part) as file:
        return errors_in(file)


def errors_in(file: IO[bytes]) -> Errors:
    """Rows and cells that do not say where they stand follow the one before."""
    found: Errors = {}
    row = 0
    for _, element in etree.iterparse(file, tag="{*}row", resolve_entities=False, huge_tree=True):
        row = int(element.get("r") or row + 1)
        column = 0
        for cell in element.iterchildren("{*}c"):
            column = column_number(cell.get("r", "")) or column + 1
            if cell.get("t") == "e":
                found[row - 1, column - 1] = cell.findtext("{*}v") or UNTOLD
        # A row is not needed again, nor those before it.
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return found


def column_number(reference: str) -> int:
    """
    >>> column_number("A1"), column_number("AB7"), column_number("")
    (1, 28, 0)
    """
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
