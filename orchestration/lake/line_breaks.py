"""Values that hold line breaks: free text may; elsewhere a quotation mark was left open, and the value has taken in rows."""

from __future__ import annotations

import csv
from collections.abc import Collection

from orchestration.contracts import FeedContract
from orchestration.landing.layout import FileLayout, is_a_row
from orchestration.landing.source import Source, refuse

CURE = "close every quotation mark, and double those inside a value"


def refuse_swallowed_rows(
    source: Source,
    contract: FeedContract,
    layout: FileLayout,
    removal_positions: Collection[int],
    records: int,
) -> None:
    """`records` are the rows that the engine read and the lines that it set aside. Every line is read again, and each is one of
    them or goes on with a value that may hold line breaks."""
    # What a rule takes rows out by must be one of its words, text or not.
    strict = {place: layout.headers[place] for place in removal_positions}
    for name, found in layout.columns.items():
        if contract.column(name).type != "text":
            strict |= dict.fromkeys((*found.positions, *found.minus), found.header or name)
    with source.path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        lines, breaks, following = 0, 0, 1
        for cells in reader:
            line, following = following, reader.line_num + 1
            # A blank line of a single column is a row of it.
            if line <= layout.header_lines or not (cells or layout.width == 1):
                continue
            lines += following - line
            # A row of another width is set aside; the engine overlooks blanks beyond the last column.
            if following > line + 1 and len(cells) >= layout.width and not any(cells[layout.width :]):
                refuse_swallowing_value(source, contract, layout, strict, cells, line)
                breaks += following - line - 1
    # Of several rows that it cannot tell apart the engine may name one.
    if lines > records + breaks:
        raise refuse(source.label, "quotation marks that do not say where a row ends", CURE)


def refuse_swallowing_value(
    source: Source, contract: FeedContract, layout: FileLayout, strict: dict[int, str], cells: list[str], line: int
) -> None:
    if tuple(cells) == layout.raw_headers:
        # It comes again below, and is removed as such.
        return
    for place, value in enumerate(cells):
        _, *later = value.split("\n")
        if later and place in strict:
            reason = f"a value of column {strict[place]} holds a line break, which only free text may hold"
            raise refuse(source.label, reason, CURE, line)
        # The last line of the value and the cells after it are the rest of the row where the quotation mark was closed.
        taken_in = [one.split(layout.delimiter) for one in later]
        taken_in[-1:] = [[*last, *cells[place + 1 :]] for last in taken_in[-1:]]
        if any(is_a_row(row, contract, layout) for row in taken_in):
            raise refuse(source.label, f"a value of column {place + 1} holds whole rows", CURE, line)
