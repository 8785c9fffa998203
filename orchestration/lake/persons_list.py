"""A list of persons as people keep one: a text file, or what a spreadsheet saves."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import UsageError
from orchestration.foundation.machine import require_machine

WORKBOOK = b"PK\x03\x04"
EDGES = " \t\r\n\xa0\u200b\ufeff'\""
DELIMITERS = ",;\t|"


def read_persons(path: Path) -> list[str]:
    """The identifiers of a list, as they stand there. Raises `UsageError` when it cannot be told which these are, or there are none."""
    if not path.is_file():
        raise UsageError(f"there is no file {path.name}: a list of person identifiers is expected")
    content = path.read_bytes()
    rows = workbook_rows(path) if content.startswith(WORKBOOK) else text_rows(decoded(content, path.name))
    rows = [[cell.strip(EDGES) for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise UsageError(f"{path.name} names nobody: one person identifier per line is expected")
    column = column_of_persons(rows, path.name)
    has_header = is_header(rows[0])
    cells = (row[column] for row in rows[has_header:] if column < len(row))
    persons = list(dict.fromkeys(cell for cell in cells if cell))
    if not persons:
        raise UsageError(f"{path.name} names nobody below its header")
    return persons


def decoded(content: bytes, name: str) -> str:
    """Excel's "Unicode text" is UTF-16, its "CSV UTF-8" has a mark, its "CSV" is the system's own page."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    if content[:200].count(0) > len(content[:200]) // 4:
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def text_rows(text: str) -> list[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    delimiter = max(DELIMITERS, key=outside_quotes.count)
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def workbook_rows(path: Path) -> list[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        require_machine(error)
        raise UsageError(f"{path.name} cannot be read as a workbook: save the list as CSV") from None
    filled = [[[as_text(cell) for cell in row] for row in sheet] for sheet in sheets if any(map(any, sheet))]
    if len(filled) > 1:
        raise UsageError(f"{path.name} has {len(filled)} sheets with something in them: keep the list alone")
    return filled[0] if filled else []


def as_text(cell: object) -> str:
    """A number as its digits: a workbook knows no whole numbers."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def folded(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", header.casefold())


def names_of_persons() -> set[str]:
    """Every header under which a contract takes a person's identifier."""
    found = {"personid", "personidentifier", "identifier", "id"}
    for contract in load_contracts().values():
        if contract.person:
            found |= {folded(name) for name in (contract.person.name, *contract.person.sources)}
    return found


def is_header(row: list[str]) -> bool:
    """An identifier has a digit in it, the title of a column hardly ever; those that have are known by name.

    >>> is_header(["Person ID"]), is_header(["A1B2"]), is_header(["PSEUDO_NHS_NUMBER", "reason"])
    (True, False, True)
    """
    return any(folded(cell) in names_of_persons() for cell in row) or not any(map(str.isdigit, "".join(row)))


def column_of_persons(rows: list[list[str]], name: str) -> int:
    """The only column that is filled, or the one whose title a contract knows: a number in another column could be somebody else's."""
    filled = sorted({number for row in rows for number, cell in enumerate(row) if cell})
    if len(filled) == 1:
        return filled[0]
    titled = [number for number in filled if number < len(rows[0]) and folded(rows[0][number]) in names_of_persons()]
    if len(titled) != 1:
        raise UsageError(
            f"{name} has {len(filled)} columns, and it cannot be told which holds the person identifiers: "
            "leave that column alone, or head it PERSON_ID"
        )
    return titled[0]
