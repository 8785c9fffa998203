"""Where a contract's columns are in one file: delimiter, header row, vintage, and the position of each column."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter
from typing import NamedTuple

from orchestration.contracts import Column, FeedContract, Layout, normalise_header
from orchestration.foundation.errors import DeliveryRefused
from orchestration.landing.source import Source, head_text, refuse

DELIMITERS = {",": "comma", "|": "pipe", "\t": "tab"}
FOREIGN_DELIMITERS = {";": "semicolon", "^": "caret", "~": "tilde", ":": "colon"}
HEADER_ROWS_SEARCHED = 30
HEADERS_TOLD = 6
# What no text has: fewer than this many in the first quarter of a megabyte are a slip of somebody's export.
CONTROL_CHARACTERS = re.compile(r"(?:[\x01-\x08\x0e-\x1a\x1c-\x1f][^\x01-\x08\x0e-\x1a\x1c-\x1f]*){20}")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class SourceColumns(NamedTuple):
    """Where one canonical column comes from: 0-based positions in the file, and how they combine."""

    positions: tuple[int, ...]
    combine: str  # one | join | sum | constant
    header: str = ""
    constant: str | None = None
    minus: tuple[int, ...] = ()


class FileLayout(NamedTuple):
    delimiter: str
    header_lines: int  # physical lines before the first data row
    rows_above: int  # rows above the header
    header_has_breaks: bool
    width: int
    headers: tuple[str, ...]  # normalised; empty for a headerless file
    raw_headers: tuple[str, ...]
    vintage: str
    columns: dict[str, SourceColumns]
    assumptions: tuple[str, ...]


def wanted_headers(contract: FeedContract) -> set[str]:
    wanted = {header for column in contract.columns for header in column.headers()}
    wanted |= {header for column in contract.columns for join in column.join for header in join.headers()}
    return wanted | {normalise_header(name) for column in contract.columns for name in (*column.add, *column.subtract)}


def header_score(cells: list[str], contract: FeedContract) -> int:
    """How many of the contract's columns the cells would head."""
    # Hardly a row but the header has a cell that any column could be headed by, and no header begins with a digit.
    found = {normalise_header(cell) for cell in cells if cell and not cell[0].isdigit()}
    score = 0 if found.isdisjoint(contract.all_heads) else sum(not found.isdisjoint(heads) for heads in contract.heads)
    if not contract.layouts:
        return score
    headers = tuple(normalise_header(cell) for cell in cells)
    for layout in contract.layouts:
        if start_of(layout, headers) is not None:
            score = max(score, len(layout.positions))
    return score


def start_of(layout: Layout, headers: tuple[str, ...]) -> int | None:
    """Where the headers that recognise a layout begin: a sheet may have empty columns before and others after its own."""
    for start in range(len(headers) - layout.columns + 1):
        if layout.first_headers and headers[start : start + len(layout.first_headers)] == layout.first_headers:
            return start
    return None


def heads_whole_table(cells: list[str], contract: FeedContract) -> bool:
    """Whether the cells head every column that must be there; or are the first row of a layout without a header."""
    found = {normalise_header(cell) for cell in cells if cell}
    for layout in contract.layouts:
        if len(cells) == layout.columns and layout.first_value and re.match(layout.first_value, cells[0].strip()):
            return True
        if start_of(layout, tuple(normalise_header(cell) for cell in cells)) is not None:
            return True
    needed = [column for column in contract.columns if column.required]
    return all(any(name in found for name in column.headers()) for column in needed)


def records(text: str, delimiter: str, limit: int) -> list[tuple[int, list[str]]]:
    """The first records with the number of physical lines read up to the end of each."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    try:
        for cells in reader:
            found.append((reader.line_num, cells))
            if len(found) >= limit:
                break
    except csv.Error:
        pass
    return found


def find_layout(source: Source, contract: FeedContract) -> FileLayout:
    """Raises `DeliveryRefused` when the file is not this feed's: wrong delimiter, missing columns, not a table."""
    text = head_text(source)
    if not text.strip():
        raise refuse(source.label, "the file holds nothing but blanks", "send the file again")
    if CONTROL_CHARACTERS.search(text):
        raise refuse(source.label, "control characters, so this is not a CSV file", "send it as CSV in UTF-8", line=1)
    if re.match(r"\s*(<!doctype|<html|<\?xml)", text, re.IGNORECASE):
        raise refuse(source.label, "this is a web page or XML, not a CSV file", "send the data file itself")
    if re.match(r"\s*[\[{]\s*[\[{\"]", text) and header_score(text.splitlines()[0].split(","), contract) == 0:
        raise refuse(source.label, "this is JSON, not a CSV file", "send it as CSV")
    best_score, best_delimiter, best_row = 0, ",", 0
    parsed = {delimiter: records(text, delimiter, HEADER_ROWS_SEARCHED) for delimiter in DELIMITERS}
    for delimiter, rows in parsed.items():
        for number, (_, cells) in enumerate(rows):
            score = header_score(cells, contract)
            if score > best_score and len(cells) > 1 - (len(contract.columns) == 1):
                best_score, best_delimiter, best_row = score, delimiter, number
    headerless = next((layout for layout in contract.layouts if not layout.first_headers), None)
    if headerless and best_score < 2:
        return positional(source, contract, headerless, parsed)
    if best_score == 0:
        raise no_header(source, contract, text)
    line, cells = parsed[best_delimiter][best_row]
    lines_before = parsed[best_delimiter][best_row - 1][0] if best_row else 0
    above = [row for _, row in parsed[best_delimiter][:best_row]]
    layout = named(source, contract, best_delimiter, line, cells, above)
    for line_above, row in parsed[best_delimiter][:best_row]:
        if is_a_row(row, contract, layout):
            raise refuse(
                source.label, "this row stands above the header", "send the header as the first line", line_above
            )
    return layout._replace(header_has_breaks=line - lines_before > 1, rows_above=best_row)


def is_a_row(cells: list[str], contract: FeedContract, layout: FileLayout) -> bool:
    """Whether what stands above the header, or inside a value, is data: of the file's width, with a value wherever one must be."""
    required = [column for column in contract.columns if column.required]
    needed = [column for column in required if column.not_null or column.name in contract.key] or required
    places = [place for column in needed for place in layout.columns[column.name].positions]
    if len(cells) != layout.width or not all(cells[place].strip() for place in places):
        return False
    return any(character.isdigit() for place in places for character in cells[place])


def no_header(source: Source, contract: FeedContract, text: str) -> DeliveryRefused:
    first_line = text.splitlines()[0]
    for delimiter, name in FOREIGN_DELIMITERS.items():
        if header_score(first_line.split(delimiter), contract) > 1:
            return refuse(
                source.label,
                f"wrong delimiter: the columns are separated by a {name}",
                "separate them by comma, pipe or tab",
                line=1,
            )
    required = [column.sources[0] for column in contract.columns if column.required]
    expected = ", ".join(required[:HEADERS_TOLD]) + (" …" if len(required) > HEADERS_TOLD else "")
    return refuse(
        source.label,
        f"not a table of feed {contract.feed}: no header row in the first {HEADER_ROWS_SEARCHED} rows (expected columns {expected})",
        "send the file with its header row, or name its feed in delivery.yaml",
        line=1,
    )


def positional(
    source: Source, contract: FeedContract, layout: Layout, parsed: dict[str, list[tuple[int, list[str]]]]
) -> FileLayout:
    """A file without a header row, recognised by its width and its first value."""
    for delimiter, rows in parsed.items():
        if rows and len(rows[0][1]) == layout.columns and re.match(layout.first_value or "", rows[0][1][0].strip()):
            return at_positions(source, contract, layout, delimiter, header_lines=0, headers=())
    widths = len(parsed[","][0][1]) if parsed[","] else 0
    raise refuse(
        source.label,
        f"{layout.columns} columns without a header are expected, or the named ones; the first row has {widths}",
        "send the file as its publisher made it",
        line=1,
    )


def at_positions(
    source: Source,
    contract: FeedContract,
    layout: Layout,
    delimiter: str,
    header_lines: int,
    headers: tuple[str, ...],
    start: int = 0,
) -> FileLayout:
    columns = {}
    for column in contract.columns:
        if places := layout.positions.get(column.name):
            positions = tuple(start + place - 1 for place in places)
            columns[column.name] = SourceColumns(positions, "one" if len(places) == 1 else "sum", f"column {places[0]}")
        elif (constant := constant_of(column, source)) is not None:
            columns[column.name] = SourceColumns((), "constant", constant=constant)
    require(source, contract, columns, headers, headers)
    width = len(headers) or layout.columns
    notes = ("columns by position",)
    return FileLayout(delimiter, header_lines, 0, False, width, headers, headers, layout.name, columns, notes)


def named(
    source: Source,
    contract: FeedContract,
    delimiter: str,
    header_lines: int,
    cells: list[str],
    above: list[list[str]] | None = None,
) -> FileLayout:
    headers = tuple(normalise_header(cell) for cell in cells)
    for layout in contract.layouts:
        if (start := start_of(layout, headers)) is not None:
            return at_positions(source, contract, layout, delimiter, header_lines, headers, start)
    place: dict[str, int] = {}
    for number, header in enumerate(headers):
        place.setdefault(header, number)
    repeated = {header for header, count in Counter(headers).items() if count > 1 and header}
    columns: dict[str, SourceColumns] = {}
    notes: list[str] = []
    for column in contract.columns:
        found = locate(column, place, source, above or [])
        if found is None:
            continue
        if found.combine != "constant" and found.header in repeated:
            raise refuse(source.label, f"column {found.header} appears more than once", "send it once", header_lines)
        columns[column.name] = found
        if found.combine == "constant" and column.from_file_name:
            notes.append(
                f"{column.name} taken from the file name" + (" or the lines above" if column.told_above else "")
            )
        elif found.combine == "one" and column.headers() and found.header != column.headers()[0]:
            notes.append(f"{column.name} from {found.header}")
    require(source, contract, columns, headers, tuple(cells))
    unused = len(headers) - len({position for found in columns.values() for position in found.positions})
    if unused:
        notes.append(f"{unused} columns beyond the contract left out")
    vintage = f"{len(headers)} columns by name"
    return FileLayout(
        delimiter, header_lines, 0, False, len(cells), headers, tuple(cells), vintage, columns, tuple(notes)
    )


def locate(column: Column, place: dict[str, int], source: Source, above: list[list[str]]) -> SourceColumns | None:
    for join in column.join:
        positions = tuple(place[header] for header in join.headers() if header in place)
        if positions:
            return SourceColumns(positions, "join", join.prefix)
    for header in column.headers():
        if header in place:
            added = tuple(place[name] for name in map(normalise_header, column.add) if name in place)
            minus = tuple(place[name] for name in map(normalise_header, column.subtract) if name in place)
            combine = "join" if column.type == "codes" else "sum" if column.add or column.subtract else "one"
            return SourceColumns((place[header], *added), combine, header, minus=minus)
    told = (value for header, value in column.where_headed.items() if normalise_header(header) in place)
    constant = next(told, None) or constant_of(column, source, above)
    return SourceColumns((), "constant", constant=constant) if constant is not None else None


def constant_of(column: Column, source: Source, above: list[list[str]] | None = None) -> str | None:
    if not column.from_file_name:
        return column.default
    name = source.file_name
    if column.type != "month":
        return financial_year_in(name)
    in_name, in_file = month_in(name), month_told_above(column, source, above or [])
    if in_name and in_file and in_name != in_file:
        raise refuse(
            source.label,
            f"its name says another month than the line {column.told_above!r} above its header",
            "give the file the name its publisher gave it, or send the other month's file",
        )
    return in_file or in_name or month_of_year_in(name, column)


def month_told_above(column: Column, source: Source, above: list[list[str]]) -> str | None:
    """What the line says that begins with `told_above`: in its cell, or in the next that holds something."""
    if not column.told_above:
        return None
    for row in above:
        cells = [cell.strip() for cell in row if cell.strip()]
        for cell, following in zip(cells, [*cells, ""][1:], strict=True):
            if line := re.fullmatch(rf"{re.escape(column.told_above)}\s*(?::(.*))?", cell, re.IGNORECASE | re.DOTALL):
                told = (line[1] or "").strip() or following
                found = {*months_in(told), *re.findall(r"^20\d\d-(?:0[1-9]|1[0-2])(?=-01\b)", told)}
                if told and len(found) != 1:
                    raise refuse(
                        source.label,
                        f"the line {column.told_above!r} above its header names no month that is understood",
                        "write it as July 2024",
                    )
                return next((month if len(month) > 7 else f"{month}-01" for month in found), None)
    return None


def month_of_year_in(name: str, column: Column) -> str | None:
    year = re.search(r"(?<!\d)20\d{2}(?!\d)", name)
    return f"{year[0]}-{column.month_of_the_year:02d}-01" if year and column.month_of_the_year else None


def month_in(name: str) -> str | None:
    """
    >>> month_in("April-2025-AE.csv"), month_in("ae_monthly_published_2025-04.csv"), month_in("list.csv")
    ('2025-04-01', '2025-04-01', None)
    """
    if months := months_in(name):
        return months[0]
    if match := re.search(r"(?<!\d)(20\d{2})[-_]?(0[1-9]|1[0-2])(?!\d)", name):
        return f"{match[1]}-{match[2]}-01"
    return None


def months_in(text: str) -> list[str]:
    """
    >>> months_in("England, January to March 2024"), months_in("Summary Table, January 2024 to January 2025")
    (['2024-03-01'], ['2024-01-01', '2025-01-01'])
    """
    found = re.finditer(r"(?<![a-z])(" + "|".join(MONTHS) + r")[a-z]*[-_ ]*(\d{4}|\d{2})(?!\d)", text.casefold())
    return [
        f"{int(match[2]) + (2000 if len(match[2]) == 2 else 0):04d}-{MONTHS.index(match[1]) + 1:02d}-01"
        for match in found
    ]


def financial_year_in(name: str) -> str | None:
    """
    >>> financial_year_in("nhspaymentsgp-22-23.csv"), financial_year_in("gp_payments_2022-23.csv")
    ('2022/23', '2022/23')
    """
    for match in re.finditer(r"(?<!\d)(?:20)?(\d{2})[-_ ]?(?:20)?(\d{2})(?!\d)", name):
        if int(match[2]) == (int(match[1]) + 1) % 100:
            return f"20{match[1]}/{match[2]}"
    return None


def require(
    source: Source,
    contract: FeedContract,
    columns: dict[str, SourceColumns],
    headers: tuple[str, ...],
    raw_headers: tuple[str, ...],
) -> None:
    """Refuse when a required column is missing, with a guess at its new name."""
    missing = [
        column
        for column in contract.columns
        if (column.required or (column.from_file_name and column.not_null)) and column.name not in columns
    ]
    if not missing:
        return
    if len(missing) > len([column for column in contract.columns if column.required]) // 2 and len(headers) <= 2:
        raise refuse(
            source.label, "wrong delimiter: the columns are not separated by comma, pipe or tab", "use one of those", 1
        )
    unused = [header for header in headers if header and header not in wanted_headers(contract)]
    told = []
    for column in missing[:5]:
        name = column.sources[0] if column.sources else column.name
        close = difflib.get_close_matches(normalise_header(name), unused, n=1, cutoff=0.6)
        hint = f" (renamed? {raw_headers[headers.index(close[0])]!r} looks like it)" if close else ""
        if column.from_file_name:
            hint += " (nor does the file name say it)"
        told.append(f"{name}{hint}")
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    raise refuse(
        source.label,
        f"missing column{'s' if len(missing) > 1 else ''} {', '.join(told)}{more}",
        "send the column, or add its new name to the contract's aliases",
        line=1,
    )
