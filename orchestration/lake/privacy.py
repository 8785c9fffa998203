"""Persons are pseudonyms: what refuses a patient-level file at the door, and how local identifiers are hashed.

Nothing here ever puts a value into a message: file, column and rule only.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import duckdb
import nhs_number

from orchestration.contracts import FeedContract
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.landing.layout import FileLayout, wanted_headers
from orchestration.landing.source_files import Source, refuse

DEFAULT_SPACE = "token_person_id"
CANDIDATES_CHECKED = 1000
# Of a large file one value in so many is looked at; where that gives too few candidates, every value is.
SHARE_LOOKED_AT = 64
NHS_NUMBER_SHAPE = r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(\.0)?"
# Cheap comparisons over every value first: a pattern is looked for only where they leave something.
LIKELY = "strlen({0}) between 10 and 14 and {0} >= '0' and {0} < ':'"
WINDOWS, WINDOW_BYTES = 8, 1 << 16

PERSONAL_HEADERS = {
    "a name": re.compile(
        r"^(?:(?:PATIENT|PERSON|CLIENT|SERVICE_USER)S?_)?(?:(?:FULL|FIRST|LAST|FAMILY|GIVEN|MIDDLE|PREFERRED|MAIDEN)_?|FORE|SUR)?"
        r"NAMES?(?:_\d+)?$|FORENAME|SURNAME|FAMILY_?NAME|PATIENT_?NAME"
    ),
    "an address": re.compile(r"^(?!.*(?:LSOA|MSOA|CCG|ICB|ORG|EMAIL_DOMAIN)).*ADDRESS|^(?:.*_)?(?:E_?MAIL|TELEPHONE|PHONE|MOBILE)"),
    "a postcode": re.compile(r"^(?!.*(?:LSOA|MSOA|CCG|ICB|ORG|SITE|_FROM_)).*(?:POST_?CODE)$|^(?!.*(?:LSOA|CCG)).*POSTCODE_OF_USUAL"),
    "a date of birth": re.compile(r"^(?:.*_)?(?:DOB|D_O_B|DATE_OF_BIRTH|BIRTH_?DATE|DATEOFBIRTH)$"),
}  # fmt: skip


def refuse_personal_headers(source: Source, contract: FeedContract, layout: FileLayout) -> None:
    if not contract.is_patient_level:
        return
    listed = wanted_headers(contract)
    for number, header in enumerate(layout.headers):
        if header in listed:
            continue
        for what, pattern in PERSONAL_HEADERS.items():
            if pattern.search(header):
                raise refuse(
                    source.label,
                    f"column {number + 1} is headed as {what}",
                    "take identifying columns out before delivery",
                    line=1,
                )


def looks_like_nhs_numbers(values: Iterable[str]) -> bool:
    """At least half of the ten-digit values pass the modulus 11 check.

    >>> looks_like_nhs_numbers(["9434765919", "x"]), looks_like_nhs_numbers(["1234567890", "x"])
    (True, False)
    """
    candidates = valid = 0
    for value in values:
        digits = re.sub(r"[ \-]|\.0+$", "", value)
        if len(digits) == 10 and digits.isascii() and digits.isdigit():
            candidates += 1
            valid += bool(nhs_number.is_valid(digits))
    return candidates > 0 and 2 * valid >= candidates


def refuse_nhs_numbers_in_sample(
    source: Source, contract: FeedContract, layout: FileLayout, checked: Collection[str]
) -> None:
    """Columns that are not `checked` on every row: looked at in windows spread over the whole file (all of a small file)."""
    if not contract.is_patient_level or source.kind != "csv":
        return
    seen = {position for name in checked if name in layout.columns for position in layout.columns[name].positions}
    unseen = [number for number in range(layout.width) if number not in seen]
    values: dict[int, set[str]] = {number: set() for number in unseen}
    for text in windows(source.path, source.facts.size):
        rows = []
        with suppress(csv.Error):
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter):
                if len(cells) >= layout.width:
                    rows.append(cells)
        for number, found in values.items():
            found.update(cell for cell in {cells[number] for cells in rows} if 10 <= len(cell) <= 14)
    in_shape = re.compile(rf"\s*{NHS_NUMBER_SHAPE}\s*").fullmatch
    for number, found in values.items():
        if looks_like_nhs_numbers(cell.strip() for cell in found if in_shape(cell)):
            raise nhs_numbers_found(source, f"column {number + 1}")


def windows(path: Path, size: int) -> Iterable[str]:
    with path.open("rb") as file:
        if size <= WINDOWS * WINDOW_BYTES:
            yield file.read().decode("utf-8", errors="ignore")
            return
        for number in range(WINDOWS):
            file.seek(number * (size - WINDOW_BYTES) // (WINDOWS - 1))
            yield file.read(WINDOW_BYTES).decode("utf-8", errors="ignore").split("\n", 1)[-1]


def refuse_nhs_numbers_in_table(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    table: str,
    parts: list[tuple[Source, str]],
    columns: dict[str, str],
) -> None:
    """Columns that are kept: every row, and where many values are in question, a share of those.

    `parts` are the files in the table, `columns` maps its columns to the names told.
    """
    if not contract.is_patient_level or not columns:
        return
    counts = ", ".join(f"count(*) filter ({LIKELY.format(column)})" for column in columns)
    found = connection.execute(f"select {counts} from {table}").fetchone() or ()
    for (column, name), count in zip(columns.items(), found, strict=True):
        for source, rows in parts if count else ():
            if looks_like_nhs_numbers(values_in_shape(connection, rows, column)):
                raise nhs_numbers_found(source, f"column {name}")


def values_in_shape(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> list[str]:
    """Different values with the shape of an NHS number: all of them, or so many that a hash picks.

    Picked, not the smallest: keys that sort before the NHS numbers of a column must not stand for all of it.
    """
    for share in (f"hash({column}) % {SHARE_LOOKED_AT} = 0", "true"):
        # Materialised, or DuckDB may try the pattern on every row before the cheap comparisons.
        values = connection.execute(
            f"with likely as materialized (select distinct trim({column}) as v from {rows} "
            f"where {LIKELY.format(column)} and {share}) "
            f"select v from likely where regexp_full_match(v, '{NHS_NUMBER_SHAPE}') order by hash(v), v limit {CANDIDATES_CHECKED}"
        ).fetchall()
        if len(values) == CANDIDATES_CHECKED:
            break
    return [value for (value,) in values]


def nhs_numbers_found(source: Source, column: str) -> Exception:
    return refuse(
        source.label, f"{column} holds NHS numbers", "send pseudonyms; this file is not kept and must be withdrawn"
    )


def needs_hashing(settings: Settings, feed: str) -> bool:
    """Raises `UsageError` when a feed carries local identifiers and there is no key: never a default key."""
    if feed not in settings.local_identifier_feeds:
        return False
    if settings.person_hash_key is None or not settings.person_hash_key.get_secret_value():
        raise UsageError(
            f"setting person_hash_key is needed: feed {feed} is declared to carry local identifiers (local_identifier_feeds)"
        )
    return True


def hash_pads(settings: Settings) -> tuple[str, str]:
    """Two keys made from the one, for the nested hash below; they go to DuckDB as variables, never into SQL text."""
    assert settings.person_hash_key is not None
    key = settings.person_hash_key.get_secret_value().encode()
    inner, outer = (hmac.new(key, purpose, hashlib.sha256).hexdigest() for purpose in (b"inner", b"outer"))
    return inner, outer


def hashed(x: str) -> str:
    """Keyed nested hash of an identifier, as in HMAC: without the key, identifiers cannot be tried one by one."""
    return f"case when {x} is not null then sha256(getvariable('outer_key') || sha256(getvariable('inner_key') || {x})) end"


def in_space(x: str, space: str | None) -> str:
    """Identifiers of different spaces never compare equal."""
    return x if space in (None, DEFAULT_SPACE) else f"'{space}:' || {x}"


def key_fingerprint(settings: Settings, feed: str) -> str:
    if not needs_hashing(settings, feed):
        return ""
    return hashlib.sha256("".join(hash_pads(settings)).encode()).hexdigest()[:16]
