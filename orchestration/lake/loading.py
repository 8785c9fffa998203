"""One source into a temporary DuckDB table of typed rows, in the order of the file: rowid is the row's number."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.contracts import FeedContract, normalise_header
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.machine import require_machine
from orchestration.foundation.sql import literal, quote
from orchestration.lake import privacy
from orchestration.lake.line_breaks import refuse_swallowed_rows
from orchestration.lake.reasons import NOT_OF_ITS_SHAPE, UNREADABLE
from orchestration.lake.table_sql import TableSql, raw_name, table_sql
from orchestration.landing.deliveries import Delivery
from orchestration.landing.layout import FileLayout, find_layout, named
from orchestration.landing.source import Source, refuse

MOST_ROWS = 0.5
FEW_ROWS = 2000


class OpenedSource(NamedTuple):
    """A source whose header is understood, before any row is read."""

    number: int
    source: Source
    layout: FileLayout
    space: str | None

    def reads_like(self, other: OpenedSource) -> bool:
        """Whether both can be read as one file."""
        return (
            self.source.kind == other.source.kind == "csv"
            and self.looks == other.looks
            and self.layout.width > 1
            and not is_cut(self.layout)
            and self.layout._replace(assumptions=()) == other.layout._replace(assumptions=())
        )

    @property
    def looks(self) -> tuple[bool, ...]:
        """What the bytes show of its values, on which the SQL that reads them depends."""
        facts = self.source.facts
        signs = (facts.has_errors, facts.has_floats, facts.has_noughts, facts.has_clock, facts.has_percents)
        return facts.is_plain, *signs, facts.has_guards

    @property
    def most_rows(self) -> int:
        """Lines that may be rows. A value that holds a line break takes more of them than it makes rows."""
        facts = self.source.facts
        return facts.lines - facts.blank_lines - self.layout.header_lines


class LoadedTable(NamedTuple):
    """`rows_read` counts data rows of the file: those in the table, those rejected, and blank lines."""

    number: int
    source: Source
    layout: FileLayout
    table: str
    first_row: int
    sql: TableSql
    space: str | None
    rows_in_table: int
    rows_read: int
    blank_lines: int
    has_line_breaks: bool

    @property
    def rows(self) -> str:
        """The typed rows with their number in the file. Files that were read as one follow each other in their table."""
        end = self.first_row + self.rows_in_table
        return (
            f"select rowid - {self.first_row} as row_id, * from {self.table} "
            f"where rowid >= {self.first_row} and rowid < {end}"
        )


def load_sources(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    delivery: Delivery,
    sources: Iterable[Source],
    work: Path,
    declared_space: str | None,
    is_hashed: bool,
) -> list[LoadedTable]:
    """Raises `DeliveryRefused` for a file that is not this feed's, is cut short, or carries identifying columns."""
    connection.execute(
        "create table quarantined (source integer, file varchar, line bigint, column_name varchar, reason varchar)"
    )
    groups: list[list[OpenedSource]] = []
    for number, source in enumerate(sources):
        opened = open_source(connection, contract, source, number, declared_space)
        if groups and opened.reads_like(groups[-1][0]):
            groups[-1].append(opened)
        else:
            groups.append([opened])
    tables: list[LoadedTable] = []
    for group in groups:
        tables += load_group(connection, contract, delivery, group, work, is_hashed)
    return tables


def open_source(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    source: Source,
    number: int,
    declared_space: str | None,
) -> OpenedSource:
    layout = parquet_layout(connection, contract, source) if source.kind == "parquet" else find_layout(source, contract)
    privacy.refuse_personal_headers(source, contract, layout)
    return OpenedSource(number, source, layout, declared_space or space_of(contract, layout))


def load_group(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    delivery: Delivery,
    group: list[OpenedSource],
    work: Path,
    is_hashed: bool,
) -> list[LoadedTable]:
    """One table of the rows of all, when their lines account for every row; else each file is read by itself."""
    number, source, layout, space = group[0]
    table = f"rows_{number}"
    if source.kind == "parquet":
        relation = parquet_relation(connection, source, layout)
    else:
        relation = text_relation([opened.source for opened in group], layout, number, work)
    removals = columns_of_removals(contract, layout)
    sql = table_sql(contract, layout, relation, source.facts, space, is_hashed, removals, str(delivery.data_cut))
    for opened in group:
        privacy.refuse_nhs_numbers_in_sample(
            connection, opened.source, contract, layout, relation, sql.checked.values()
        )
    made = connection.execute(f"create table {table} as {sql.load}").fetchone()
    rows = made[0] if made else 0
    if len(group) == 1:
        loaded = [account_for(connection, contract, group[0], table, 0, sql, rows, work)]
    elif rows == sum(opened.most_rows for opened in group):
        # No file can have more rows than that, so each has as many.
        loaded, first_row = [], 0
        for opened in group:
            rows = opened.most_rows
            loaded.append(account_for(connection, contract, opened, table, first_row, sql, rows, work))
            first_row += rows
    else:
        connection.execute(f"drop table {table}; drop table reject_errors_{number}; drop table reject_scans_{number}")
        return [
            one for opened in group for one in load_group(connection, contract, delivery, [opened], work, is_hashed)
        ]
    told = {
        column: (layout.columns[name].header if name in layout.columns else name)
        for column, name in sql.checked.items()
    }
    parts = [(one.source, f"({one.rows})") for one in loaded]
    privacy.refuse_nhs_numbers_in_table(connection, contract, table, parts, told)
    return loaded


def account_for(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    opened: OpenedSource,
    table: str,
    first_row: int,
    sql: TableSql,
    rows: int,
    work: Path,
) -> LoadedTable:
    """Every line of one file is a row in the table, a rejected row or blank; refused when too few are rows."""
    number, source, layout, space = opened
    blank = 0 if layout.width == 1 else blank_lines(source, layout)
    # A row takes at least one line: when rows and lines agree, no line was rejected.
    is_whole = source.kind != "csv" or (layout.width > 1 and rows + blank + layout.header_lines == source.facts.lines)
    rejected = 0 if is_whole else read_rejects(connection, source, layout, number, work)
    rows_read = rows + rejected + blank
    if rows_read == blank and not contract.may_be_empty:
        raise refuse(source.label, "a header and no rows", "send the rows, or leave the file out")
    if rejected > MOST_ROWS * max(rows_read, 1):
        first = connection.execute(f"select min(line), min(reason) from quarantined where source = {number}").fetchone()
        assert first is not None
        raise refuse(
            source.label,
            f"{rejected:,} of {rows_read:,} rows do not have the header's {layout.width} columns ({first[1]})",
            "check the delimiter and the quotation marks",
            line=first[0],
        )
    has_breaks = source.kind == "csv" and check_lines(source, layout, rows_read)
    if has_breaks:
        refuse_swallowed_rows(source, contract, layout, columns_of_removals(contract, layout).values(), rows + rejected)
    return LoadedTable(number, source, layout, table, first_row, sql, space, rows, rows_read, blank, has_breaks)


def add_quarantined(
    connection: duckdb.DuckDBPyConnection, source: int, label: str, rows: list[tuple[int, str, str]]
) -> None:
    """`rows` are (line, column, reason)."""
    # As text: with its first parameter DuckDB imports pandas, which costs more than most files. A list of many is cheaper so.
    if len(rows) <= FEW_ROWS:
        told = ", ".join(f"({line}, {literal(column)}, {literal(reason)})" for line, column, reason in rows)
        connection.execute(f"insert into quarantined select {source}, {literal(label)}, * from (values {told})")
        return
    lines, columns, reasons = (list(values) for values in zip(*rows, strict=True))
    connection.execute(
        "insert into quarantined select ?, ?, unnest(?::bigint[]), unnest(?::varchar[]), unnest(?::varchar[])",
        [source, label, lines, columns, reasons],
    )


def space_of(contract: FeedContract, layout: FileLayout) -> str | None:
    person = contract.person
    if person is None:
        return None
    header = layout.columns[person.name].header if person.name in layout.columns else ""
    return person.spaces.get(header, contract.person_id_space)


def columns_of_removals(contract: FeedContract, layout: FileLayout) -> dict[int, int]:
    """Number of the rule → position of the column it looks at, for the rules whose column the file has."""
    found = {}
    for number, removal in enumerate(contract.removals):
        for header in map(normalise_header, removal.header):
            if header in layout.headers:
                found[number] = layout.headers.index(header)
                break
    return found


def parquet_relation(connection: duckdb.DuckDBPyConnection, source: Source, layout: FileLayout) -> str:
    described = connection.execute(f"describe select * from read_parquet({literal(source.path)})").fetchall()
    columns = []
    for place, (name, kind, *_) in enumerate(described):
        if kind.endswith("]") or kind.startswith(NESTED):
            raise refuse(source.label, f"column {place + 1} holds lists or records", "send one value in each column")
        columns.append(f"{as_text(quote(name), kind)} as {raw_name(place)}")
    return f"(select {', '.join(columns)} from read_parquet({literal(source.path)}))"


NESTED = ("STRUCT", "MAP", "UNION")
# Beyond this a float does not tell one whole number from the next.
EXACT_FLOAT = {"FLOAT": 1 << 24, "DOUBLE": 10**15}


def as_text(column: str, kind: str) -> str:
    """What a CSV would say: a data frame keeps whole numbers with gaps as floats, a database codes as decimals."""
    if limit := EXACT_FLOAT.get(kind):
        is_whole = f"{column} = trunc({column}) and abs({column}) < {limit}"
        return f"case when {is_whole} then {column}::bigint::varchar when isfinite({column}) then {column}::varchar end"
    if kind.startswith("DECIMAL"):
        return f"case when {column} = trunc({column}) then trunc({column})::hugeint::varchar else {column}::varchar end"
    if kind == "BOOLEAN":
        return f"case when {column} then 'Y' when not {column} then 'N' end"
    if kind == "BLOB":
        return f"try(decode({column}))"
    return f"{column}::varchar"


def parquet_layout(connection: duckdb.DuckDBPyConnection, contract: FeedContract, source: Source) -> FileLayout:
    try:
        described = connection.execute(f"describe select * from read_parquet({literal(source.path)})").fetchall()
    except duckdb.Error as error:
        require_machine(error)
        raise refuse(source.label, "the Parquet file is damaged or cut short", "send the file again") from None
    return named(source, contract, "", 0, [row[0] for row in described])


def text_relation(sources: list[Source], layout: FileLayout, number: int, work: Path) -> str:
    """The files as one relation of text columns; rows that do not have their shape go to DuckDB's rejects table."""
    paths, skipped = [source.path for source in sources], layout.header_lines
    if is_cut(layout):
        paths, skipped = [without_header(source, layout, work) for source in sources], 0
    listed = ", ".join(literal(path) for path in paths)
    columns = ", ".join(f"'{raw_name(position)}': 'VARCHAR'" for position in range(layout.width))
    return (
        f"read_csv([{listed}], auto_detect = false, columns = {{{columns}}}, delim = '{layout.delimiter}', "
        f"quote = '\"', escape = '\"', header = false, skip = {skipped}, store_rejects = true, "
        f"rejects_table = 'reject_errors_{number}', rejects_scan = 'reject_scans_{number}')"
    )


def is_cut(layout: FileLayout) -> bool:
    """Whether the rows above the data are cut off in a copy: `skip` counts lines, and a header may hold line breaks."""
    return layout.header_has_breaks or layout.header_lines > 1


def read_rejects(
    connection: duckdb.DuckDBPyConnection, source: Source, layout: FileLayout, number: int, work: Path
) -> int:
    """Returns the number of physical rows that do not have the file's shape; each is in `quarantined`."""
    offset = layout.header_lines if is_cut(layout) else 0
    size = body_path(source, work).stat().st_size if is_cut(layout) else source.facts.size
    errors = connection.execute(
        f"select line + {offset}, min(error_type), min(csv_line), min(line_byte_position) "
        f"from reject_errors_{number} group by line, line_byte_position order by line"
    ).fetchall()
    rejected: list[tuple[int, str, str]] = []
    for line, kind, row, start in errors:
        taken = (row or "").rstrip("\r\n").count("\n") + 1
        at_end = start is not None and start + len((row or "").encode()) >= size - 2
        if at_end and kind in ("UNQUOTED VALUE", "INVALID STATE") and taken > 1:
            raise refuse(source.label, "a quotation mark is opened and never closed", "send the file again", line=line)
        if kind == "MISSING COLUMNS" and not source.facts.ends_with_newline and line >= source.facts.lines:
            cells = (row or "").count(layout.delimiter) + 1
            reason = f"the file is cut short in the middle of a row, in column {cells} of {layout.width}"
            raise refuse(source.label, reason, "send the file again", line=line)
        reason = NOT_OF_ITS_SHAPE.get(kind, UNREADABLE)
        rejected += [(line + extra, "", reason) for extra in range(taken)]
    if rejected:
        add_quarantined(connection, number, source.label, rejected)
    return len(rejected)


def body_path(source: Source, work: Path) -> Path:
    return work / f"{source.path.stem[:40]}.body.csv"


def without_header(source: Source, layout: FileLayout, work: Path) -> Path:
    """A copy without the rows above the data, for headers that hold line breaks or stand below a title."""
    target = body_path(source, work)
    with source.path.open("rb") as file, target.open("wb") as copy:
        for _ in range(layout.header_lines):
            file.readline()
        while chunk := file.read(1 << 22):
            copy.write(chunk)
    return target


def blank_lines(source: Source, layout: FileLayout) -> int:
    """Blank lines between the rows; inside a quoted value a blank line is part of the value."""
    if source.kind != "csv" or not source.facts.blank_lines:
        return 0
    if not source.facts.has_quotes and layout.header_lines <= 1:
        return source.facts.blank_lines
    with source.path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter)
        return sum(1 for cells in reader if not cells and reader.line_num > layout.header_lines)


def check_lines(source: Source, layout: FileLayout, rows_read: int) -> bool:
    """Whether values hold line breaks. Without quotation marks they cannot, and then every line must be accounted for."""
    lines = source.facts.lines - layout.header_lines
    if lines == rows_read:
        return False
    if source.facts.has_quotes:
        return True
    if layout.width > 1 or abs(lines - rows_read) > 1:
        raise IntMartsError(f"{source.label}: {lines} lines but {rows_read} rows")
    return False
