"""Looks for anything about one person in everything a home writes outside landing, lake and warehouse.

Planted = the person identifiers and record keys of every landed patient-level file, and the free text of columns that no
contract keeps. Files are looked into whatever they are: text, zip and xlsx members, gzip, Parquet, DuckDB, SQLite.
"""

from __future__ import annotations

import gzip
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from .landing import Drop, drops

PRIVATE_FOLDERS = {"landing", "lake", "warehouse"}
PERSON_COLUMNS = {
    "TOKEN_PERSON_ID",
    "PSEUDO_HESID",
    "PERSON_ID",
    "PATIENT_ID",
    "NHS NUMBER",
    "LOCAL PATIENT IDENTIFIER",
}
RECORD_COLUMNS = {"EPIKEY", "ATTENDKEY", "AEKEY", "APPOINTMENT_ID", "CONTACT_ID", "UBRN_ID", "SUSSPELLID", "PROVSPNOPS"}
PATIENT_FEEDS = [
    "hes_apc",
    "hes_op",
    "ecds",
    "hes_ae",
    "gp_appointments",
    "ers_referrals",
    "contract_activity",
    "community_contacts",
    "deaths",
    "person_cohorts",
    "opt_outs",
]
WORD = re.compile(rb"[A-Za-z0-9_\-]{7,}")
SHORTEST_IDENTIFIER = 7
# Fewer digits than this, without a letter, turn up by chance in fractions of a second: 0.8749096 is nobody.
SHORTEST_NUMBER = 10
SHORTEST_TEXT = 12
MARKER = "CANARY"


@dataclass
class Planted:
    """Upper-case bytes: `words` are looked for as whole words, `phrases` anywhere."""

    words: set[bytes] = field(default_factory=set)
    phrases: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class Leak:
    """Where something planted was found, and how many different ones; never what."""

    file: str
    different_values: int


def planted_in(landing: Path, kept_columns: dict[str, set[str]] | None = None) -> Planted:
    """`kept_columns[feed]` = the source headers its contract keeps, in capitals with `_`; other columns' free text is planted too."""
    planted = Planted()
    for delivery in drops(landing, "9999-99"):
        for feed in PATIENT_FEEDS:
            collect(planted, delivery, feed, (kept_columns or {}).get(feed))
    return planted


def collect(planted: Planted, delivery: Drop, feed: str, kept: set[str] | None) -> None:
    for row in delivery.rows(feed):
        for name, value in row.items():
            value = (value or "").strip()
            if name in PERSON_COLUMNS | RECORD_COLUMNS:
                if len(value) >= (SHORTEST_NUMBER if value.isdigit() else SHORTEST_IDENTIFIER):
                    planted.words.add(value.upper().encode())
            elif value.upper().startswith(MARKER):
                # the demo marks every value that must never leave, in columns no contract keeps
                planted.phrases.add(MARKER.encode())
            elif kept is not None and spelling(name) not in kept and " " in value and len(value) >= SHORTEST_TEXT:
                planted.phrases.add(value.upper().encode())


def spelling(header: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", header.upper()).strip("_")


def contents(path: Path) -> Iterator[bytes]:
    """What a file says, unpacked; a database or Parquet file gives the text of every column."""
    head = path.open("rb").read(16)
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    elif head.startswith(b"\x1f\x8b"):
        yield gzip.decompress(path.read_bytes())
    elif head.startswith(b"PAR1"):
        with duckdb.connect() as connection:
            yield dump(connection, f"read_parquet('{path}')")
    elif head.startswith(b"SQLite format 3"):
        yield from sqlite_text(path)
    elif head[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall():
                yield dump(connection, f'"{schema}"."{table}"')
    else:
        yield path.read_bytes()


def dump(connection: duckdb.DuckDBPyConnection, relation: str) -> bytes:
    """Every different value of every column, one a line: what is planted stands in one value, never across two."""
    text = io.StringIO()
    for name, *_ in connection.execute(f"describe select * from {relation}").fetchall():
        column = '"' + name.replace('"', '""') + '"'
        text.write(name + "\n")
        cursor = connection.execute(f"select distinct {column}::varchar from {relation} where {column} is not null")
        while batch := cursor.fetchmany(10_000):
            text.writelines(value + "\n" for (value,) in batch)
    return text.getvalue().encode()


def sqlite_text(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in connection.execute(f'select * from "{table}"'):
                yield "\t".join("" if value is None else str(value) for value in row).encode()
    finally:
        connection.close()


def leaks_in(path: Path, planted: Planted) -> int:
    found: set[bytes] = set()
    for content in contents(path):
        upper = content.upper()
        found |= planted.words.intersection(WORD.findall(upper))
        found |= {phrase for phrase in planted.phrases if phrase in upper}
    return len(found)


def scan(home: Path, planted: Planted) -> list[Leak]:
    """Every file of the home but the private folders. An empty list is what we want."""
    leaks = []
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.relative_to(home).parts[0] in PRIVATE_FOLDERS:
            continue
        different = leaks_in(path, planted)
        if different:
            leaks.append(Leak(path.relative_to(home).as_posix(), different))
    return leaks
