"""Every sheet of a workbook that holds rows of the feed, written out as CSV; a sheet that may hold some is never passed over."""

from __future__ import annotations

import csv
import datetime as dt
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from orchestration.contracts import FeedContract
from orchestration.foundation.machine import require_machine
from orchestration.landing.layout import HEADER_ROWS_SEARCHED, header_score, heads_whole_table
from orchestration.landing.printed_tables import Misprint, refuse_misprint, write_printed
from orchestration.landing.sheet_errors import Errors, errors_of_sheets, has_untold_errors
from orchestration.landing.source import refuse

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, SheetMetadata

WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
# A sheet is held in memory whole, at about twice what it takes as XML (measured: 134 MB of 300,000 rows took 270 MB).
LARGEST_UNPACKED_BYTES = 250 << 20
LARGEST_OLD_BYTES = 64 << 20
FEWEST_COLUMNS_OF_A_TABLE = 4
# A workbook of today with a password is wrapped in the format of the old ones.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


class Sheet(NamedTuple):
    name: str
    path: Path
    head: list[list[str]]
    is_hidden: bool


def write_sheets(path: Path, label: str, contract: FeedContract, work: Path, stem: str) -> list[Sheet]:
    """Each sheet with a header that fits, as a CSV file. Raises `DeliveryRefused` for another that may be part of the data."""
    from python_calamine import CalamineError, CalamineWorkbook

    refuse_too_large(path, label)
    try:
        book = CalamineWorkbook.from_path(str(path))
        errors, is_untold = errors_of_sheets(path), has_untold_errors(path)
        # One sheet is in memory at a time, and none is read twice.
        sheets = [
            write_sheet(
                book.get_sheet_by_name(about.name),
                about,
                errors.get(about.name, {}),
                work / f"{stem}.sheet{number}.csv",
            )
            for number, about in enumerate(book.sheets_metadata)
        ]
    except (CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, etree.LxmlError) as error:
        require_machine(error)
        with path.open("rb") as file:
            is_locked = file.read(4) == OLD_WORKBOOK and path.suffix.casefold() != ".xls"
        if is_locked:
            raise refuse(
                label, "the workbook is protected by a password", "save it without one inside the secure transfer"
            ) from None
        raise refuse(label, "the workbook cannot be opened", "save it again as .xlsx, or send CSV") from None
    if is_untold:
        raise refuse(label, "cells of the workbook in which a formula failed", "save it as .xlsx, or send CSV")
    return printed_sheets(sheets, label, contract) or sheets_with_rows(sheets, label, contract)


def printed_sheets(sheets: list[Sheet], label: str, contract: FeedContract) -> list[Sheet]:
    """The tables for readers among the sheets, in the shape of rows; none where a sheet has the contract's own headers."""
    if not contract.printed or any(heads_whole_table(row, contract) for sheet in sheets for row in sheet.head):
        return []
    found: dict[str, Sheet] = {}
    for sheet in sheets:
        target = sheet.path.with_suffix(".rows.csv")
        try:
            title = write_printed(sheet.path, contract, target)
        except Misprint as misprint:
            raise refuse_misprint(label, misprint, contract) from None
        if title is None:
            continue
        if sheet.is_hidden:
            raise refuse(label, f"sheet {sheet.name!r} is hidden and holds rows", "take it out, or make it visible")
        if title in found:
            raise refuse(
                label,
                f"sheets {found[title].name!r} and {sheet.name!r} hold the same table",
                "send the publisher's file unchanged",
            )
        found[title] = sheet._replace(path=target)
    return list(found.values())


def write_sheet(sheet: CalamineSheet, about: SheetMetadata, errors: Errors, target: Path) -> Sheet:
    """With the words of its errors, which the same table as text has too."""
    head: list[list[str]] = []
    rows_with_errors = {row for row, _ in errors}
    # Rows are handed over from the first of the sheet, cells from the first column that holds something.
    first_column = sheet.start[1] if sheet.start else 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(sheet.iter_rows()):
            cells = [cell_text(cell) for cell in row]
            if number in rows_with_errors:
                places = range(first_column, first_column + len(cells))
                cells = [errors.get((number, place), cell) for place, cell in zip(places, cells, strict=True)]
            writer.writerow(cells)
            if len(head) < HEADER_ROWS_SEARCHED:
                head.append(cells)
    return Sheet(about.name, target, head, not str(about.visible).endswith(".Visible"))


def refuse_too_large(path: Path, label: str) -> None:
    too_large = path.stat().st_size > LARGEST_OLD_BYTES
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            too_large = sum(member.file_size for member in archive.infolist()) > LARGEST_UNPACKED_BYTES
    if too_large:
        raise refuse(label, "the workbook is too large to be held in memory", "send its sheet as CSV")


def sheets_with_rows(sheets: list[Sheet], label: str, contract: FeedContract) -> list[Sheet]:
    fitting = [sheet for sheet in sheets if any(heads_whole_table(row, contract) for row in sheet.head)]
    for sheet in fitting:
        if sheet.is_hidden:
            raise refuse(label, f"sheet {sheet.name!r} is hidden and holds rows", "take it out, or make it visible")
    scores = {sheet.name: max((header_score(row, contract) for row in sheet.head), default=0) for sheet in sheets}
    if not fitting:
        # The nearest one, so that what is missing in it can be named.
        nearest = max(sheets, key=lambda sheet: scores[sheet.name], default=None)
        if nearest is None or not scores[nearest.name]:
            raise refuse(
                label, "no sheet has the expected column headers", "send the sheet with the data, headers included"
            )
        return [nearest]
    chosen = [sheet for sheet in fitting if sheet.name in contract.sheets]
    if not chosen:
        refuse_torn_sheets(sheets, scores, fitting, label, contract)
    return chosen or fitting


def refuse_torn_sheets(
    sheets: list[Sheet], scores: dict[str, int], fitting: list[Sheet], label: str, contract: FeedContract
) -> None:
    """A sheet beside the data with half of its headers, or with rows of its width and no header, may be more of the data."""
    needed = len([column for column in contract.columns if column.required])
    width = max(filled(row) for sheet in fitting for row in sheet.head)
    for sheet in sheets:
        is_torn = scores[sheet.name] > needed / 2
        is_wide = width >= FEWEST_COLUMNS_OF_A_TABLE
        is_headless = any(filled(row) >= width and (is_wide or are_codes(row)) for row in sheet.head)
        if sheet not in fitting and (is_torn or is_headless):
            raise refuse(
                label,
                f"sheet {sheet.name!r} looks like more of the data, without the header of {fitting[0].name!r}",
                "send all rows below one header, or take the sheet out",
            )


def are_codes(row: list[str]) -> bool:
    """Whether all its cells look like codes, dates or numbers; in a narrow table that alone tells rows from remarks.

    >>> are_codes(["00A1B2"]), are_codes(["Opt-outs of 31 October"]), are_codes(["Notes"])
    (True, False, False)
    """
    cells = [cell for cell in row if cell]
    return all(any(character.isdigit() for character in cell) and " " not in cell.strip() for cell in cells)


def filled(row: list[str]) -> int:
    return sum(1 for cell in row if cell)


def cell_text(value: object) -> str:
    """A workbook cell as its CSV text: whole floats lose their fraction, dates are ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
