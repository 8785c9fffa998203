"""What becomes of the rows that are not plain data: removed by a named rule, or quarantined with a reason."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb

from orchestration.contracts import FeedContract
from orchestration.foundation.hashes import hash_file
from orchestration.foundation.sql import literal, quote
from orchestration.lake import typing_sql
from orchestration.lake.check_digits import SHORTEST_ROUNDED, is_rounded
from orchestration.lake.loading import LoadedTable, add_quarantined
from orchestration.lake.reasons import RARE_NAME, ROUNDED
from orchestration.lake.retention_note import RetentionNote
from orchestration.landing.source import refuse

# Two parts of one month have few lines in common; two editions of it nearly all. Below so many lines chance decides.
FEWEST_LINES_COMPARED, MOST_SHARED = 20, 0.5
# So many different lines that two short files share are not by chance either.
FEWEST_DIFFERENT_SHARED = 8
# A line that names its person has hardly a twin.
FEWEST_NAMED_SHARED = 3


def find_outcomes(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    tables: list[LoadedTable],
    opt_out_files: list[Path],
    retention: RetentionNote,
) -> None:
    """Fill `outcomes(source, row_id, kind, rule, column_name)`: one line per row that does not go into the lake."""
    connection.execute(
        "create table outcomes (source integer, row_id bigint, kind varchar, rule varchar, column_name varchar)"
    )
    if opt_out_files:
        files = ", ".join(literal(path) for path in opt_out_files)
        connection.execute(
            f"create table opted_out as select distinct person_id from read_parquet([{files}], hive_partitioning = false)"
        )
    connection.execute("create table forgotten (fingerprint varchar)")
    if retention.forgotten and contract.person:
        connection.execute("insert into forgotten select unnest(?::varchar[])", [retention.forgotten])
    remove_repeated_files(connection, tables)
    add(connection, tables, "row_outcome", "row_outcome is not null")
    quarantine_rounded_codes(connection, contract, tables)
    quarantine_rare_names(connection, contract, tables)
    if contract.person and contract.feed != "opt_outs" and retention.forgotten:
        gone = "sha256(lower(person_id)) in (select fingerprint from forgotten)"
        add(connection, tables, "'removed|forgotten|'", gone)
    if contract.person and opt_out_files:
        add(connection, tables, "'removed|opt_out|'", "person_id in (select person_id from opted_out)")
    if retention.first_month_kept and contract.is_patient_level:
        add(connection, tables, "'removed|purged|'", f"coverage_month < date '{retention.first_month_kept}-01'")
    if contract.key and contract.is_patient_level:
        remove_repeated_keys(connection, contract, tables)
    elif contract.one_row_of:
        remove_repeated_units(connection, contract, tables)
    elif contract.distinct:
        remove_repeated_rows(connection, contract, tables)
    elif contract.unit and len(tables) > 1:
        remove_repeated_contents(connection, contract, tables)
        refuse_revised_units(connection, contract, tables)


def add(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable], outcome: str, condition: str) -> None:
    """One more rule, for the rows that no rule before it took."""
    rows = still_there(connection, tables, f"{outcome} as outcome", condition)
    connection.execute(
        "insert into outcomes select source, row_id, split_part(outcome, '|', 1), split_part(outcome, '|', 2), "
        f"split_part(outcome, '|', 3) from ({rows})"
    )


def still_there(
    connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable], columns: str, condition: str = "true"
) -> str:
    """The rows that no rule has taken yet, as `source, row_id, columns`; tables without an outcome are not searched for any."""
    touched = {number for (number,) in connection.execute("select distinct source from outcomes").fetchall()}
    return " union all ".join(
        f"select {table.number} as source, row_id, {columns} from ({table.rows}) where {condition}"
        + (
            f" and row_id not in (select row_id from outcomes where source = {table.number})"
            if table.number in touched
            else ""
        )
        for table in tables
    )


def remove_repeated_keys(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Of rows with one key the first stays; the others are `duplicate_exact` or, with other content, `duplicate_key`."""
    key = ", ".join(quote(name) for name in contract.key)
    not_null = " and ".join(f"{quote(name)} is not null" for name in contract.key)
    content = ", ".join(quote(column.name) for column in contract.columns)
    keys = still_there(connection, tables, key)
    # Fingerprints first: almost always there is nothing to compare, and eight bytes a row are cheap to group.
    connection.execute(
        f"create temp table suspects as select hash({key}) as fingerprint from ({keys}) where {not_null} "
        "group by fingerprint having count(*) > 1"
    )
    if connection.execute("select count(*) from suspects").fetchone() != (0,):
        # Looked for in each table, so that only suspects have their content worked out.
        is_suspect = f"{not_null} and hash({key}) in (select fingerprint from suspects)"
        rows = still_there(connection, tables, f"{key}, hash({content}) as content", is_suspect)
        connection.execute(
            f"""
            insert into outcomes
            select source, row_id, 'removed',
                case when content = first_content then 'duplicate_exact' else 'duplicate_key' end, ''
            from (
                select source, row_id, content,
                    row_number() over (partition by {key} order by source, row_id) as place,
                    first_value(content) over (partition by {key} order by source, row_id) as first_content
                from ({rows})
            )
            where place > 1
            """
        )
    connection.execute("drop table suspects")


def remove_repeated_rows(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Rows that are their own key: the same content counts once, in one file or in several."""
    content = ", ".join(quote(column.name) for column in contract.columns)
    rows = still_there(connection, tables, f"hash({content}) as content")
    connection.execute(
        f"insert into outcomes select source, row_id, 'removed', 'duplicate_exact', '' from ({rows}) "
        "qualify row_number() over (partition by content order by source, row_id) > 1"
    )


def remove_repeated_files(connection: duckdb.DuckDBPyConnection, tables: list[LoadedTable]) -> None:
    """A whole file that comes twice counts once; its lines are no second set of facts."""
    sizes = Counter(table.source.path.stat().st_size for table in tables)
    seen: set[str] = set()
    for table in tables:
        if sizes[table.source.path.stat().st_size] > 1:
            content = hash_file(table.source.path)
            if content in seen:
                add(connection, [table], "'removed|file_sent_twice|'", "true")
            seen.add(content)


def remove_repeated_contents(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """The same for a file that comes again in another dress: encoding, delimiter, order of its lines, workbook."""
    content = ", ".join(quote(column.name) for column in contract.columns)
    sizes = Counter(table.rows_in_table for table in tables)
    seen: set[tuple[int, ...]] = set()
    for table in tables:
        if sizes[table.rows_in_table] > 1:
            rows = still_there(connection, [table], f"hash({content}) as content")
            found = connection.execute(f"select count(*), coalesce(sum(content), 0) from ({rows})").fetchone() or (0,)
            if found in seen:
                add(connection, [table], "'removed|file_sent_twice|'", "true")
            elif found[0]:
                seen.add(found)


def remove_repeated_units(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """One row per practice and year, list and band, small area …: the same again counts once, another value refuses both:
    two editions of a table are not mixed."""
    unit = ", ".join(quote(name) for name in contract.one_row_of)
    content = ", ".join(quote(column.name) for column in contract.columns if column.type != "text")
    units = still_there(connection, tables, f"hash({unit}) as unit")
    several = f"select unit from ({units}) group by unit having count(*) > 1"
    if connection.execute(f"{several} limit 1").fetchone() is None:
        return
    rows = still_there(connection, tables, f"hash({unit}) as unit, hash({content}) as content")
    connection.execute(f"create temp table repeats as select * from ({rows}) where unit in ({several})")
    found = connection.execute(
        "select min(source), max(source), count(*) over (), max(row_id) from repeats "
        "group by unit having count(distinct content) > 1 order by 2 desc, 1, 4 limit 1"
    ).fetchone()
    if found:
        refuse_both(tables[found[0]], tables[found[1]], f"{found[2]:,} of", contract, row_id=found[3])
    connection.execute(
        "insert into outcomes select source, row_id, 'removed', 'duplicate_exact', '' from repeats "
        "qualify row_number() over (partition by unit order by source, row_id) > 1"
    )
    connection.execute("drop table repeats")


def refuse_revised_units(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Lines are facts of their own, alike or not, in one file or in parts; but two files that are mostly the same lines
    of the same units are two editions of them, not two parts: the whole file again, or only what was corrected in it.

    The same line: in every column; or in all but its figures, where it stands once in either file. Of parts of one month
    with one line per attendance at most one line in seven has such a twin by chance.
    """
    unit = ", ".join(quote(name) for name in contract.unit)
    # Files that were made on one day are one submission, whatever the hour; of several days the newest holds, further on.
    texts = {
        column.name: f"{quote(column.name)}::date" if column.type == "timestamp" else quote(column.name)
        for column in contract.columns
    }
    figures = [column.name for column in contract.columns if column.type in ("money", "decimal", "double", "count")]
    content = ", ".join(texts.values())
    about = ", ".join(text for name, text in texts.items() if name not in figures)
    named = f"{quote(contract.person.name)} is not null" if contract.person else "false"
    facts = f"hash({unit}) as unit, hash({content}) as content, hash({about}) as about, {named} as is_named"
    rows = still_there(connection, tables, facts)
    connection.execute(f"create temp table lines as select * from ({rows})")
    found = connection.execute(
        f"""
        with sizes as (
            select unit, source, count(*) as n from lines group by all
        ), pairs as (
            select a.source as first, b.source as second, sum(least(a.n, b.n)) as n
            from sizes as a join sizes as b on a.unit = b.unit and a.source < b.source
            group by all
        ), same as (
            select unit, content, is_named, source, count(*) as n from lines group by all
        ), shared as (
            select a.source as first, b.source as second, sum(least(a.n, b.n)) as n, count(*) as different,
                count(*) filter (a.is_named) as named
            from same as a join same as b on a.unit = b.unit and a.content = b.content and a.source < b.source
            group by all
        ), single as (
            select unit, about, source from lines group by all having count(*) = 1
        ), corrected as (
            select a.source as first, b.source as second, count(*) as n
            from single as a join single as b on a.unit = b.unit and a.about = b.about and a.source < b.source
            group by all
        )
        select first, second
        from pairs as p left join shared as s using (first, second) left join corrected as c using (first, second)
        where s.n > {MOST_SHARED} * p.n
            and (p.n >= {FEWEST_LINES_COMPARED} or s.different >= {FEWEST_DIFFERENT_SHARED} or s.named >= {FEWEST_NAMED_SHARED})
            or c.n > {MOST_SHARED} * p.n and c.n >= {FEWEST_DIFFERENT_SHARED}
        order by second desc, first
        limit 1
        """
    ).fetchone()
    connection.execute("drop table lines")
    if found:
        refuse_both(tables[found[0]], tables[found[1]], "some of", contract)


def refuse_both(
    first: LoadedTable, second: LoadedTable, how_many: str, contract: FeedContract, row_id: int | None = None
) -> None:
    """`row_id`: where in one file the second of them stands."""
    unit = " and ".join(name.replace("_", " ") for name in contract.one_row_of or contract.unit)
    if first.source.label == second.source.label:
        raise refuse(
            first.source.label,
            f"{how_many} the same {unit} stand in it twice and do not agree",
            "send the rows that hold, once",
            line_numbers(second, [row_id], [])[0] if row_id is not None else None,
        )
    raise refuse(
        f"{first.source.label} and {second.source.label}",
        f"both bring {how_many} the same {unit} and do not agree",
        "send the one that holds, in a folder v2/ of its own, or take the other one out",
    )


def quarantine_rounded_codes(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """A spreadsheet keeps fifteen digits of a number; the check digit of a SNOMED code of sixteen and more does not survive it."""
    names = [quote(column.name) for column in contract.columns if column.snomed]
    if not names:
        return
    # All columns in one reading, different values only.
    values = ", ".join(f"list(distinct {name}) filter (strlen({name}) >= {SHORTEST_ROUNDED})" for name in names)
    rows = still_there(connection, tables, ", ".join(names))
    found = connection.execute(f"select {values} from ({rows})").fetchone() or ()
    for name, texts in zip(names, found, strict=True):
        codes = {code for text in texts or () for code in text.split(",")}
        rounded = tuple(sorted(code for code in codes if is_rounded(code)))
        if rounded:
            bad = f"list_has_any(string_split({name}, ','), [{typing_sql.listed(rounded)}])"
            add(connection, tables, f"'quarantined|{ROUNDED}|{name.strip(chr(34))}'", bad)


def quarantine_rare_names(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """A value that would be published as a name, and that hardly anybody shares, may be somebody's own."""
    for column in contract.columns:
        if column.fewest_people and contract.person:
            name, person = quote(column.name), quote(contract.person.name)
            rows = still_there(connection, tables, f"{name} as shared, {person} as person")
            known = typing_sql.listed(column.known_names)
            connection.execute(
                f"create temp table rare as select shared from ({rows}) where not list_contains([{known}], shared) "
                f"group by shared having count(distinct person) < {column.fewest_people}"
            )
            add(connection, tables, f"'quarantined|{RARE_NAME}|{column.name}'", f"{name} in (select shared from rare)")
            connection.execute("drop table rare")


def locate_quarantined(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, tables: list[LoadedTable]
) -> None:
    """Give every quarantined row its physical line in the file, and put it beside those without the file's shape."""
    found = connection.execute(
        "select source, row_id, column_name, rule from outcomes where kind = 'quarantined' order by source, row_id"
    ).fetchall()
    for table in tables:
        rows = [row for source, *row in found if source == table.number]
        if not rows:
            continue
        rejected = connection.execute(
            f"select line from quarantined where source = {table.number} order by line"
        ).fetchall()
        lines = line_numbers(table, [row_id for row_id, _, _ in rows], [line for (line,) in rejected])
        headers = {name: place.header or name for name, place in table.layout.columns.items()}
        add_quarantined(
            connection,
            table.number,
            table.source.label,
            [
                (line, headers.get(column, column), reason)
                for (_, column, reason), line in zip(rows, lines, strict=True)
            ],
        )


def line_numbers(table: LoadedTable, row_ids: list[int], rejected: list[int]) -> list[int]:
    """Physical lines of rows, given in order, from their place among the rows that loaded."""
    if table.source.kind != "csv" or not (table.blank_lines or table.has_line_breaks):
        lines, passed = [], 0
        for row_id in row_ids:
            line = table.layout.header_lines + row_id + 1 + passed
            while passed < len(rejected) and rejected[passed] <= line:
                passed += 1
                line += 1
            lines.append(line)
        return lines
    wanted, gone = set(row_ids), set(rejected)
    found: dict[int, int] = {}
    with table.source.path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=table.layout.delimiter)
        row_id, start = 0, 1
        for cells in reader:
            if start > table.layout.header_lines and cells and start not in gone:
                if row_id in wanted:
                    found[row_id] = start
                row_id += 1
            start = reader.line_num + 1
    return [found.get(row_id, 0) for row_id in row_ids]
