"""Changing cells of an .xlsx and nothing else: the cells' XML is patched, every other part of the file is copied byte for byte.

Libraries that read a workbook and write it anew drop what they do not know, data validations of the x14 extension among it.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from lxml import etree

from orchestration.foundation.errors import UsageError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
EPOCH = date(1899, 12, 30)
DATE_FORMATS = {14, 15, 16, 17, 22}

Value = str | int | float | None

_REFERENCE = re.compile(r"^([A-Z]+)(\d+)$")
_RATE = re.compile(r"^IFERROR\(([A-Z]+\d+)/([A-Z]+\d+)\*1000,0\)$")
_LINK = re.compile(r"^(?:(\w+)!)?([A-Z]+\d+)$")
_RELATIVE = re.compile(r"(?<![A-Z$!])([A-Z]{1,2})(\d+)(?!\d|\()")


def tag(name: str) -> str:
    return f"{{{MAIN}}}{name}"


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def split(reference: str) -> tuple[str, int]:
    match = _REFERENCE.match(reference)
    if match is None:
        raise ValueError(f"not a cell: {reference}")
    return match[1], int(match[2])


def excel_serial(day: date) -> int:
    return (day - EPOCH).days


class Workbook:
    """An .xlsx whose cells can be read and set. Raises `UsageError` for a file that is not one."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                self._entries = [(info, archive.read(info)) for info in archive.infolist()]
        except (OSError, zipfile.BadZipFile):
            raise UsageError(f"{path.name} cannot be read as an Excel workbook (.xlsx)") from None
        self._parts = {info.filename: content for info, content in self._entries}
        try:
            self._sheet_parts = self._find_sheets()
            # a workbook may hold all its text in the cells
            strings = etree.fromstring(self._parts.get("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}"/>'.encode()))
        except (KeyError, etree.XMLSyntaxError):
            raise UsageError(f"{path.name} is not a workbook with sheets") from None
        self._strings = ["".join(item.itertext(tag("t"))) for item in strings.iterfind(tag("si"))]
        self._trees: dict[str, etree._Element] = {}
        self._cells: dict[str, dict[str, etree._Element]] = {}
        self._changed: set[str] = set()

    def _find_sheets(self) -> dict[str, str]:
        relations = etree.fromstring(self._parts["xl/_rels/workbook.xml.rels"])
        targets = {r.get("Id"): r.get("Target") for r in relations.iterfind(f"{{{RELATIONS}}}Relationship")}
        book = etree.fromstring(self._parts["xl/workbook.xml"])
        return {
            sheet.get("name"): posixpath.normpath(posixpath.join("xl", targets[sheet.get(RELATION_ID)])).lstrip("/")
            for sheet in book.iter(tag("sheet"))
        }

    @property
    def sheets(self) -> list[str]:
        return list(self._sheet_parts)

    def _sheet(self, sheet: str) -> dict[str, etree._Element]:
        if sheet not in self._cells:
            root = etree.fromstring(self._parts[self._sheet_parts[sheet]])
            self._trees[sheet] = root
            self._cells[sheet] = {cell.get("r"): cell for cell in root.iter(tag("c"))}
        return self._cells[sheet]

    def value(self, sheet: str, reference: str) -> Value:
        """What the cell shows: text, a number, or None. For a formula, its stored result."""
        cell = self._sheet(sheet).get(reference)
        if cell is None:
            return None
        kind = cell.get("t")
        if kind == "inlineStr":
            return "".join(cell.itertext(tag("t")))
        stored = cell.findtext(tag("v"))
        if stored is None:
            return None
        if kind == "s":
            return self._strings[int(stored)]
        if kind in ("str", "e"):
            return stored
        number = float(stored)
        return int(number) if number.is_integer() else number

    def column(self, sheet: str, letters: str, first_row: int) -> Iterator[Value]:
        """The values of a column from a row down to the last one that holds any."""
        rows = [split(r)[1] for r in self._sheet(sheet) if split(r)[0] == letters]
        for row in range(first_row, max(rows, default=0) + 1):
            yield self.value(sheet, f"{letters}{row}")

    def formulas(self, sheet: str) -> dict[str, str]:
        """Every formula of a sheet, shared ones written out for their own cell."""
        masters: dict[str, tuple[str, str]] = {}
        found = {}
        for reference, cell in self._sheet(sheet).items():
            formula = cell.find(tag("f"))
            if formula is None:
                continue
            if formula.get("t") == "shared" and formula.text:
                masters[formula.get("si")] = (reference, formula.text)
            if formula.text:
                found[reference] = formula.text
            else:
                origin, text = masters[formula.get("si")]
                found[reference] = _shift(text, origin, reference)
        return found

    def set(self, sheet: str, reference: str, value: Value, style: int | None = None) -> None:
        """Put a value into a cell that the template already has; its style stays unless another of the file's styles is named."""
        cell = self._sheet(sheet).get(reference)
        if cell is None or cell.find(tag("f")) is not None:
            raise UsageError(f"cell {sheet}!{reference} is not one that the template leaves to be filled")
        _store(cell, value)
        if style is not None:
            cell.set("s", str(style))
        self._changed.add(sheet)

    def month_style(self, sheet: str, reference: str) -> int | None:
        """A style of this file that shows a month as Excel does when a person picks one from the list, bordered as the cell is."""
        styles = etree.fromstring(self._parts["xl/styles.xml"])
        formats = list(styles.iterfind(f"{tag('cellXfs')}/*"))
        cell = self._sheet(sheet)[reference]
        own = formats[int(cell.get("s", "0"))]
        if int(own.get("numFmtId", "0")) in DATE_FORMATS:
            return None
        for number, candidate in enumerate(formats):
            if candidate.get("numFmtId") == "17" and candidate.get("borderId") == own.get("borderId"):
                return number
        return None

    def recalculate(self, sheet: str) -> None:
        """Store the result of each formula that follows from filled cells, because programs that only read see stored results.

        Knows the two kinds of formula that the return is made of: a link to a cell, and a rate per 1,000. Raises `UsageError` for another.
        """
        formulas = self.formulas(sheet)
        results: dict[str, Value] = {}

        def result(reference: str) -> Value:
            if reference not in formulas:
                return self.value(sheet, reference)
            if reference not in results:
                results[reference] = evaluate(formulas[reference])
            return results[reference]

        def evaluate(text: str) -> Value:
            if rate := _RATE.match(text):
                count, people = result(rate[1]), result(rate[2])
                if isinstance(count, str) or isinstance(people, str) or not people:
                    return 0
                return (count or 0) / people * 1000
            if link := _LINK.match(text):
                found = self.value(link[1], link[2]) if link[1] else result(link[2])
                return 0 if found is None else found
            raise UsageError(f"sheet {sheet} holds a formula that this version of the return does not know")

        for reference in formulas:
            _store(self._sheet(sheet)[reference], result(reference), is_formula=True)
        self._changed.add(sheet)

    def save(self, path: Path) -> None:
        """Write the workbook; parts that were not changed keep their bytes, order and dates."""
        changed = {
            self._sheet_parts[sheet]: etree.tostring(
                self._trees[sheet], xml_declaration=True, encoding="UTF-8", standalone=True
            )
            for sheet in self._changed
        }
        temporary = path.with_name(f".{path.name}.part")
        with zipfile.ZipFile(temporary, "w") as archive:
            for info, content in self._entries:
                archive.writestr(info, changed.get(info.filename, content), compress_type=info.compress_type)
        temporary.replace(path)


def _shift(formula: str, origin: str, target: str) -> str:
    """A shared formula as it reads in another of its cells."""
    (from_column, from_row), (to_column, to_row) = split(origin), split(target)
    across, down = column_number(to_column) - column_number(from_column), to_row - from_row
    return _RELATIVE.sub(lambda m: f"{column_letters(column_number(m[1]) + across)}{int(m[2]) + down}", formula)


def _store(cell: etree._Element, value: Value, is_formula: bool = False) -> None:
    for child in list(cell):
        if child.tag in (tag("v"), tag("is")):
            cell.remove(child)
    cell.attrib.pop("t", None)
    if value is None:
        return
    if isinstance(value, str) and not is_formula:
        cell.set("t", "inlineStr")
        text = etree.SubElement(etree.SubElement(cell, tag("is")), tag("t"))
        text.text = value
        if value != value.strip():
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        return
    if isinstance(value, str):
        cell.set("t", "str")
    etree.SubElement(cell, tag("v")).text = value if isinstance(value, str) else repr(value)
