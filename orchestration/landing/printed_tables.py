"""A publisher's table made for readers, as rows of its feed: headings over several merged rows become the contract's names.

Columns are known by what is written above them and never by their place, so that one more column, a footnote mark or a quarter
in the title changes nothing; a heading that is gone or stands twice refuses the table.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from orchestration.contracts import FeedContract, PrintedColumn, PrintedTable, normalise_header
from orchestration.foundation.errors import DeliveryRefused
from orchestration.landing.layout import HEADER_ROWS_SEARCHED, months_in
from orchestration.landing.source import refuse


class Misprint(Exception):
    """The title is there and some of the headings; what is wrong with the others."""


class Place(NamedTuple):
    """Where a column stands: of several positions the first that holds something counts."""

    positions: tuple[int, ...]

    def of(self, row: list[str]) -> str:
        return next((row[p].strip() for p in self.positions if p < len(row) and row[p].strip()), "")


class Headings(NamedTuple):
    last_row: int
    title: str
    places: dict[str, Place]
    cells: dict[str, Place]  # value of `headings_into` → its column


def plain(text: str) -> str:
    """
    >>> plain("Total initial assessments1,2,6"), plain("Number of households\\n in area5 (000s)"), plain("Recorded [note 2] ")
    ('TOTAL_INITIAL_ASSESSMENTS', 'NUMBER_OF_HOUSEHOLDS_IN_AREA_000S', 'RECORDED')
    """
    return normalise_header(re.sub(r"(?<=[A-Za-z)])\d+(?:\s*,\s*\d+)*(?![A-Za-z\d])", "", text))


def write_printed(path: Path, contract: FeedContract, target: Path) -> str | None:
    """Which table of the contract stands in the file (its title), after writing it to `target` below the contract's headers.

    Raises `Misprint` where one is nearly there.
    """
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        head = [row for row, _ in zip(csv.reader(file), range(2 * HEADER_ROWS_SEARCHED), strict=False)]
    for table in contract.printed:
        headings = find_headings(head, table)
        if headings:
            with (
                path.open("r", encoding="utf-8-sig", newline="") as file,
                target.open("w", encoding="utf-8", newline="") as out,
            ):
                csv.writer(out, lineterminator="\n").writerows(rows_of(csv.reader(file), headings, table, contract))
            return table.title
    return None


def find_headings(head: list[list[str]], table: PrintedTable) -> Headings | None:
    """The rows down to the first with which all columns are named; None where it is another table."""
    titles = [(n, cell) for n, row in enumerate(head) for cell in row if re.match(table.title, cell.strip())]
    if not titles:
        return None
    first, title = titles[0]
    wanted = {**table.columns, **table.cells}
    named = {name: column for name, column in wanted.items() if column.named}
    own: dict[int, set[str]] = {}
    spanning: dict[int, set[str]] = {}
    missing = list(named)
    for number, row in enumerate(head[first + 1 : first + 1 + HEADER_ROWS_SEARCHED], first + 1):
        above = ""
        for position, cell in enumerate(row):
            if cell.strip():
                above = plain(cell)
                own.setdefault(position, set()).add(above)
            spanning.setdefault(position, set()).add(above)
        places = {name: places_of(column, own, spanning) for name, column in named.items()}
        missing = [name for name, found in places.items() if not any(found)]
        if missing:
            continue
        for name, found in places.items():
            if any(len(positions) > 1 for positions in found):
                raise Misprint(f"the heading {told(named[name])} stands over more than one column")
        located = {name: Place(tuple(p for positions in found for p in positions)) for name, found in places.items()}
        for name, column in wanted.items():
            if not column.named and (place := nameless(column, head[number + 1 :], own)):
                located[name] = place
        if table.month and not month_of(title):
            raise Misprint("its title names no month")
        cells = {name: located.pop(name) for name in table.cells}
        if table.cells_headed:
            taken = {position for place in located.values() for position in place.positions}
            beside = {p: cell.strip() for p, cell in enumerate(row) if cell.strip() and p not in taken}
            headed = {p: text for p, text in beside.items() if re.fullmatch(table.cells_headed, text)}
            if not headed:
                continue
            if len(set(headed.values())) < len(headed):
                raise Misprint("a heading stands over more than one column")
            last_named = max(taken, default=-1)
            if strange := [p for p in beside if p > min(last_named, *headed) and p not in headed]:
                raise Misprint(f"the heading of column {strange[0] + 1} is of another kind than those beside it")
            cells = {text: Place((p,)) for p, text in headed.items()}
        return Headings(number, title, located, cells)
    if len(missing) < len(named):
        gone = ", ".join(told(named[name]) for name in missing) or f"tells of a {table.headings_into}"
        raise Misprint(f"no heading {gone}")
    return None


def told(column: PrintedColumn) -> str:
    return " or ".join(repr(name) for name in column.named) + (f" below {column.under!r}" if column.under else "")


def places_of(column: PrintedColumn, own: dict[int, set[str]], spanning: dict[int, set[str]]) -> list[list[int]]:
    """For each of its names the positions that have it as a heading of their own, below the one that spans them."""
    under = plain(column.under)
    return [
        [position for position, texts in own.items() if plain(name) in texts and (not under or under in spanning[position])]
        for name in column.named
    ]  # fmt: skip


def nameless(column: PrintedColumn, rows: list[list[str]], own: dict[int, set[str]]) -> Place | None:
    found = {
        position
        for row in rows
        for position, cell in enumerate(row)
        if position not in own and re.fullmatch(column.values, cell.strip())
    }
    if len(found) != 1 and column.is_optional:
        return None
    if len(found) != 1:
        how_many = "more than one column" if found else "no column"
        raise Misprint(f"{how_many} without a heading holds values like {column.values}")
    return Place((found.pop(),))


def rows_of(
    rows: Iterator[list[str]], headings: Headings, table: PrintedTable, contract: FeedContract
) -> Iterator[list[str]]:
    """One line per row, or one per cell where headings become values; what stands above is kept as remarks.

    Raises `Misprint` where headings are values and a row has something beside them: it would be left out without a word.
    """
    fixed = dict(table.constants)
    if table.month:
        fixed[table.month] = dated(month_of(headings.title), contract.column(table.month).type == "date")
    melted = [name for name in (table.headings_into, table.cells_into) if name]
    names = [*headings.places, *fixed, *melted]
    read = {p for place in (*headings.places.values(), *headings.cells.values()) for p in place.positions}
    last_named = max((p for place in headings.places.values() for p in place.positions), default=0)
    for number, row in enumerate(rows):
        if number < headings.last_row:
            yield [" ".join(cell.strip() for cell in row if cell.strip())]
        elif number == headings.last_row:
            yield [contract.column(name).sources[0] for name in names]
        else:
            values = [place.of(row) for place in headings.places.values()]
            is_blank = not any(values)
            beside = (p for p, cell in enumerate(row) if cell.strip() and p > last_named and p not in read)
            if table.cells_headed and not is_blank and (strange := next(beside, None)) is not None:
                raise Misprint(f"column {strange + 1} without a heading holds values")
            about = [*values, *("" if is_blank else value for value in fixed.values())]
            if is_blank or not melted:
                yield [*about, *("" for _ in melted)]
            else:
                yield from ([*about, name, place.of(row)] for name, place in headings.cells.items())


def month_of(title: str) -> str:
    """The month that a title names last, without a day of revision or publication and without footnote marks at its year; '' for none.

    >>> month_of("Table A1 England, July to September 2025 (revised October 2025)")
    '2025-09-01'
    >>> month_of("October to December 20251, published 30 April 2026")
    '2025-12-01'
    """
    told = re.sub(
        r"[(,;–-]?\s*\b(revised|republished|published|updated|corrected|extracted)\b.*", "", title, flags=re.IGNORECASE
    )
    months = months_in(re.sub(r"\b((?:19|20)\d\d)\d(?:,\d)*\b", r"\1", told))
    return months[-1] if months else ""


def dated(month: str, as_last_day: bool) -> str:
    first = dt.date.fromisoformat(month)
    return str(first.replace(day=calendar.monthrange(first.year, first.month)[1])) if as_last_day else month


def refuse_misprint(label: str, misprint: Misprint, contract: FeedContract) -> DeliveryRefused:
    return refuse(
        label,
        f"the table of feed {contract.feed} is not as it was: {misprint}",
        "send the publisher's file unchanged; if its headings have changed for good, add the new one to the contract",
    )
