"""The law of the door: the same facts written another way give the same rows and counts, or a refusal that names file and cause.

A way of writing is drawn: missing values, dates, order of rows and columns, quoting, delimiter, encoding, line ends, parts, archive,
workbook, Parquet with the types of pandas, R and SQL Server. `make test` draws a few for every feed, `make attack` many.
"""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from orchestration.contracts import FeedContract, load_contracts, normalise_header
from orchestration.foundation.errors import DeliveryRefused
from orchestration.lake import typing_sql
from tests.ingest.defects import as_zip
from tests.ingest.good_files import HEADERS, file_name, table
from tests.ingest.test_cases import ingest

FEEDS = sorted(feed for feed in HEADERS if HEADERS[feed])
WAYS_IN_TEST, WAYS_IN_ATTACK = 5, 120
Rows = list[list[str]]
Files = dict[str, str | bytes]

NOTHING = (*typing_sql.NOTHING, *typing_sql.ERRORS, "null", "NaN", "None", "nil", "undefined", " ")
DATES: dict[str, Callable[[dt.date], str]] = {
    "iso": dt.date.isoformat,
    "digits": lambda day: day.strftime("%Y%m%d"),
    "slashes": lambda day: day.strftime("%d/%m/%Y"),
    "slashes, two digits": lambda day: day.strftime("%d/%m/%y"),
    "month name": lambda day: day.strftime("%d-%b-%Y"),
    "month name, two digits": lambda day: day.strftime("%d-%b-%y"),
    "sas": lambda day: day.strftime("%d%b%Y").upper(),
    "words": lambda day: day.strftime("%d %B %Y"),
    "midnight": lambda day: f"{day.isoformat()} 00:00:00",
    "midnight of SQL Server": lambda day: f"{day.isoformat()} 00:00:00.0000000",
    "zone of London": lambda day: dt.datetime.combine(day, dt.time(), ZoneInfo("Europe/London")).isoformat(),
    "the same moment in UTC": lambda day: (
        dt.datetime.combine(day, dt.time(), ZoneInfo("Europe/London")).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ),
}


def columns_of(contract: FeedContract, feed: str, *kinds: str) -> list[int]:
    names = {name for column in contract.columns if column.type in kinds for name in column.headers()}
    return [place for place, header in enumerate(HEADERS[feed]) if normalise_header(header) in names]


def with_other_nothing(rows: Rows, chance: random.Random) -> Rows:
    words = chance.choice([NOTHING, (chance.choice(NOTHING),)])
    return [rows[0], *([cell if cell else chance.choice(words) for cell in cells] for cells in rows[1:])]


def with_other_dates(rows: Rows, places: list[int], way: str) -> Rows:
    found = [list(cells) for cells in rows]
    for cells in found[1:]:
        for place in places:
            if len(cells[place]) == 10 and cells[place][4] == "-":
                cells[place] = DATES[way](dt.date.fromisoformat(cells[place]))
    return found


def as_csv(rows: Rows, chance: random.Random) -> tuple[str, bytes]:
    delimiter = chance.choice([",", "|", "\t"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    newline = chance.choice(["\n", "\r\n"])
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows(rows)  # type: ignore[arg-type]
    text = target.getvalue()
    if chance.random() < 0.3:
        text = text.removesuffix(newline)
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    ending = chance.choice([".csv", ".txt", ".tsv", ".dat"])
    return f"{delimiter!r} {encoding} {newline!r} {quoting}", ending.encode() + b"\0" + text.encode(encoding)


def in_archive(files: Files, stem: str, chance: random.Random) -> tuple[str, Files]:
    way = chance.choice(["plain", "gzip", "bzip2", "zip", "zip in a zip", "gzip in a zip"])
    bodies = {name: content for name, content in files.items() if isinstance(content, bytes)}
    match way:
        case "gzip":
            return way, {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in bodies.items()}
        case "bzip2":
            return way, {f"{name}.bz2": bz2.compress(content) for name, content in bodies.items()}
        case "zip":
            return way, {f"{stem}.zip": as_zip(bodies)}
        case "zip in a zip":
            return way, {f"{stem}.zip": as_zip({f"{name}.zip": as_zip({name: body}) for name, body in bodies.items()})}
        case "gzip in a zip":
            packed = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in bodies.items()}
            return way, {f"{stem}.zip": as_zip(packed)}
    return way, files


def as_workbook(parts: list[Rows]) -> bytes:
    """A title above, one sheet per part, and a sheet of notes."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Notes").write(0, 0, "Made for the monthly return")
        for number, rows in enumerate(parts):
            sheet = book.add_worksheet(f"Data {number}")
            sheet.write(0, 0, "Title")
            for line, cells in enumerate(rows, start=2):
                sheet.write_row(line, 0, cells)
    return target.getvalue()


def as_parquet(rows: Rows, contract: FeedContract, feed: str, writer: str) -> bytes:
    """Columns with the types that pandas, R and SQL Server give them."""
    numbers = columns_of(
        contract, feed, "integer", "bigint", "count", "age", "double", "sex", "financial_year", "boolean"
    )
    short = [
        place for place in columns_of(contract, feed, "code") if all(is_plain_number(row[place]) for row in rows[1:])
    ]
    dates = columns_of(contract, feed, "date")
    arrays, names = [], []
    for place, header in enumerate(rows[0]):
        values = [row[place] or None for row in rows[1:]]
        array: pa.Array = pa.array(values, pa.string())
        is_number = (place in numbers or place in short) and all(is_plain_number(value or "") for value in values)
        if place in dates and all(value is None or value[4:5] == "-" for value in values):
            days = [dt.datetime.fromisoformat(value) if value else None for value in values]
            kind = {"pandas": pa.timestamp("ns"), "R": pa.date32(), "R with times": pa.timestamp("us", "UTC"),
                    "SQL Server": pa.timestamp("us")}[writer]  # fmt: skip
            zone = ZoneInfo("Europe/London") if writer == "R with times" else None
            array = pa.array([day.replace(tzinfo=zone) if day and zone else day for day in days]).cast(kind)
        elif is_number and any(values):
            kind = pa.float64() if (writer in ("pandas", "R") and None in values) or writer == "R" else pa.int64()
            kind = pa.decimal128(20, 0) if writer == "SQL Server" else kind
            array = pa.array([int(value) if value else None for value in values]).cast(kind)
        elif writer.startswith("R"):
            array = array.dictionary_encode()
        arrays.append(array)
        names.append(header)
    target = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), target)
    return target.getvalue()


def is_plain_number(value: str) -> bool:
    """A code that is as well written as a number: no leading zero, and short enough for a float."""
    return not value or (value.isdigit() and len(value) < 13 and (value == "0" or value[0] != "0"))


def written_otherwise(feed: str, seed: int) -> tuple[str, Files]:
    """What was done, in words, and the files."""
    chance = random.Random(f"{feed} {seed}")
    contract = load_contracts()[feed]
    rows = table(feed)
    stem = file_name(feed).removesuffix(".csv")
    kind = chance.choices(["text", "workbook", "parquet"], [6, 2, 2])[0]
    way = chance.choice(sorted(DATES)) if kind != "parquet" else "iso"
    rows = with_other_dates(rows, columns_of(contract, feed, "date"), way)
    said = [kind, f"dates {way}"]
    order = chance.sample(range(1, len(rows)), len(rows) - 1)
    rows = [rows[0], *(rows[number] for number in order)]
    if kind == "parquet":
        writer = chance.choice(["pandas", "R", "R with times", "SQL Server"])
        return f"{feed}: Parquet of {writer}", {f"{stem}.parquet": as_parquet(rows, contract, feed, writer)}
    rows = with_other_nothing(rows, chance)
    places = chance.sample(range(len(rows[0])), len(rows[0]))
    rows = [[cells[place] for place in places] for cells in rows]
    rows[0] = [chance.choice([str.upper, str.lower, str])(cell) for cell in rows[0]]
    cuts = sorted(chance.sample(range(1, len(rows) - 1), chance.choice([0, 0, 1, 2])))
    parts = [[rows[0], *rows[1:][a:b]] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    said.append(f"{len(parts)} parts")
    if kind == "workbook":
        return f"{feed}: {', '.join(said)}", {f"{stem}.xlsx": as_workbook(parts)}
    files: Files = {}
    for number, part in enumerate(parts):
        how, packed = as_csv(part, chance)
        ending, _, content = packed.partition(b"\0")
        files[f"{stem}.{number}{ending.decode()}"] = content
        said.append(how)
    archive, files = in_archive(files, stem, chance)
    return f"{feed}: {', '.join([*said, archive])}", files


def facts(home: Path, feed: str, files: Files) -> tuple[object, ...]:
    columns = ", ".join(f'"{column.name}"' for column in load_contracts()[feed].columns)
    manifest, rows = ingest(home, feed, files, f"{columns}, coverage_month")
    removed = {
        rule: count for rule, count in manifest.rows_removed.items() if rule not in ("above_header", "blank_row")
    }
    return manifest.rows_loaded, manifest.rows_quarantined, removed, manifest.coverage, rows


def plainly(feed: str, home: Path) -> tuple[object, ...]:
    text = "\n".join(",".join(quoted(cell) for cell in cells) for cells in table(feed)) + "\n"
    return facts(home, feed, {file_name(feed): text})


def obeys(feed: str, seed: int, home: Path, expected: tuple[object, ...]) -> bool:
    """Whether it was read; a refusal must name file and cause."""
    said, files = written_otherwise(feed, seed)
    try:
        found = facts(home, feed, files)
    except DeliveryRefused as refusal:
        told = str(refusal)
        assert any(Path(name).name in told for name in files) and ";" in told, f"{said}: {told}"
        return False
    assert found == expected, said
    return True


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("feed", FEEDS)
def test_the_same_facts_written_otherwise(feed: str, tmp_path: Path) -> None:
    expected = plainly(feed, tmp_path / "plain")
    read = [obeys(feed, seed, tmp_path / str(seed), expected) for seed in range(WAYS_IN_TEST)]
    assert sum(read) >= len(read) - 2


@pytest.mark.attack
@pytest.mark.parametrize("feed", FEEDS)
def test_the_same_facts_written_in_many_other_ways(feed: str, tmp_path: Path) -> None:
    expected = plainly(feed, tmp_path / "plain")
    read = [obeys(feed, seed, tmp_path / str(seed), expected) for seed in range(WAYS_IN_TEST, WAYS_IN_ATTACK)]
    assert sum(read) >= 0.8 * len(read)


def test_other_facts_are_seen(tmp_path: Path) -> None:
    """A test of the test: one value more or less is another fact."""
    rows = table("hes_op")
    rows[7][9] = "3"
    text = "\n".join(",".join(cells) for cells in rows) + "\n"
    good = "\n".join(",".join(cells) for cells in table("hes_op")) + "\n"
    assert facts(tmp_path / "a", "hes_op", {"hes_op.csv": text}) != facts(
        tmp_path / "b", "hes_op", {"hes_op.csv": good}
    )
