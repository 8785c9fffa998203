"""Persons are pseudonyms: what refuses a patient-level file at the door, and how local identifiers are hashed.

Nothing here ever puts a value into a message: file, column and rule only.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import math
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import duckdb
import nhs_number

from orchestration.contracts import FeedContract
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.landing.layout import FileLayout, wanted_headers
from orchestration.landing.source import Source, refuse

DEFAULT_SPACE = "token_person_id"
CANDIDATES_CHECKED = 1000
# Of a large file one value in so many is looked at; where that gives too few candidates, every value is.
SHARE_LOOKED_AT = 64
# Ten digits, however they are grouped and whatever a few characters before them say: `943 476 5919`, `943.476.5919`, `NHS:9434765919`.
NUMBER_ALONE = r"[^0-9]{0,8}([0-9][^0-9]{0,2}){9}[0-9](\.0+)?[^0-9]{0,2}"
# The same among words or before a suffix: `seen, NHS number 943 476 5919`, `9434765919/01`.
NUMBER_WITHIN = r"(^|[^0-9A-Za-z])([0-9]{3})[^0-9A-Za-z]{0,2}([0-9]{3})[^0-9A-Za-z]{0,2}([0-9]{4})([^0-9A-Za-z]|$)"
NHS_NUMBER_SHAPE = f"({NUMBER_ALONE})|(.*{NUMBER_WITHIN}.*)"
# Cheap comparisons over every value first: a pattern is looked for only where they leave something.
LONGEST_SHAPE = 18
# Longer texts are looked at in a share of the rows of a large table: a column of them shows there too.
LONGEST_TEXT, ROWS_ALL_LOOKED_AT = 200, 20_000
# One number in eleven passes the check by chance. More valid ones than chance gives once in so many columns are NHS numbers.
BY_CHANCE, CERTAIN = 1 / 11, 1e-5
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


class Counted(NamedTuple):
    """Values with ten digits and how many pass the check; `alone`: of those, the values that are such a number and no more."""

    candidates: int
    valid: int
    alone: int
    alone_valid: int


def count_valid(values: Iterable[str]) -> Counted:
    """
    >>> tuple(count_valid(["9434765919", "x", "1234567890"])), tuple(count_valid(["943.476.5919", "seen: 943\u00a0476\u00a05919, home"]))
    ((2, 1, 2, 1), (2, 2, 1, 1))
    """
    candidates = valid = alone = alone_valid = 0
    for value in values:
        digits, is_alone = value, True
        if len(value) != 10 or not value.isdigit():
            digits = re.sub(r"[^0-9]", "", re.sub(r"\.0+$", "", value))
            if len(digits) != 10 and (within := re.search(NUMBER_WITHIN, value)):
                digits = "".join(within.group(2, 3, 4))
            # Among words one number proves nothing: a telephone number may pass the check.
            is_alone = re.fullmatch(NUMBER_ALONE, value.strip()) is not None
        if len(digits) == 10 and digits.isascii():
            passes = nhs_number.calculate_checksum(digits[:9]) == int(digits[9])
            candidates, valid = candidates + 1, valid + passes
            alone, alone_valid = alone + is_alone, alone_valid + (is_alone and passes)
    return Counted(candidates, valid, alone, alone_valid)


def is_beyond_chance(candidates: int, valid: int) -> bool:
    """Whether local numbers of ten digits would so often pass the check.

    >>> is_beyond_chance(1000, 400), is_beyond_chance(1000, 100), is_beyond_chance(4, 4), is_beyond_chance(6, 6)
    (True, False, False, True)
    """
    # Chance goes three standard deviations beyond its mean a hundred times as often as is asked here.
    if valid <= candidates * BY_CHANCE + 3 * math.sqrt(candidates * BY_CHANCE * (1 - BY_CHANCE)):
        return False
    # costs more than most files: loaded only where it has something to say
    from scipy.stats import binom

    return bool(binom.sf(valid - 1, candidates, BY_CHANCE) < CERTAIN)


def holds_nhs_numbers(by_provider: Mapping[str, Collection[str]]) -> bool:
    """Among all values of a column, or among one provider's."""
    counts = [count_valid(values) for values in by_provider.values()]
    if not counts:
        return False
    total = Counted(*(sum(numbers) for numbers in zip(*counts, strict=True)))
    is_half = total.alone > 0 and 2 * total.alone_valid >= total.alone
    return is_half or any(is_beyond_chance(one.candidates, one.valid) for one in (total, *counts))


def refuse_nhs_numbers_in_sample(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: FeedContract,
    layout: FileLayout,
    relation: str,
    checked: Collection[str],
) -> None:
    """Columns that are not `checked` on every row: looked at in windows spread over the whole file (all of a small file),
    of Parquet in its first rows."""
    if not contract.is_patient_level:
        return
    seen = {position for name in checked if name in layout.columns for position in layout.columns[name].positions}
    unseen = [number for number in range(layout.width) if number not in seen]
    provider = layout.columns.get(contract.provider or "")
    place = provider.positions[0] if provider and provider.positions else None
    if not unseen:
        return
    rows: list[list[str]] = []
    if source.kind == "parquet":
        wanted = {*unseen, *([place] if place is not None else [])}
        cells_of = ", ".join(f"coalesce(c{number}, '')" if number in wanted else "''" for number in range(layout.width))
        found = connection.execute(f"select {cells_of} from {relation} limit {ROWS_ALL_LOOKED_AT}").fetchall()
        rows = [list(cells) for cells in found]
    for text in windows(source.path, source.facts.size) if source.kind == "csv" else ():
        with suppress(csv.Error):
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter):
                if len(cells) >= layout.width:
                    rows.append(cells)
    has_shape = re.compile(rf"\s*({NHS_NUMBER_SHAPE})\s*", re.DOTALL).fullmatch
    for number in unseen:
        shaped = {
            cell for cell in {cells[number] for cells in rows} if 10 <= len(cell) <= LONGEST_TEXT and has_shape(cell)
        }
        if not shaped:
            continue
        by_provider: dict[str, set[str]] = {}
        for cells in rows:
            if cells[number] in shaped:
                by_provider.setdefault(cells[place] if place is not None else "", set()).add(cells[number])
        if holds_nhs_numbers(by_provider):
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
    is_large = connection.execute(f"select count(*) > {ROWS_ALL_LOOKED_AT} from {table}").fetchone() == (True,)
    texts = f"{{}} % {SHARE_LOOKED_AT} = 0" if is_large else "true"
    counts = ", ".join(f"count(*) filter ({in_shape(column, 'true', texts.format('rowid'))})" for column in columns)
    found = connection.execute(f"select {counts} from {table}").fetchone() or ()
    for (column, name), count in zip(columns.items(), found, strict=True):
        for source, rows in parts if count else ():
            if holds_nhs_numbers(values_in_shape(connection, contract, rows, column, texts.format("row_id"))):
                raise nhs_numbers_found(source, f"column {name}")


def in_shape(column: str, share: str, texts: str) -> str:
    """Of trimmed values. As a case, or DuckDB may try the pattern on every row before the cheap comparisons.

    `share`: the rows that are looked at, `texts`: of these, the ones whose longer texts count.
    """
    pattern = f"regexp_full_match({column}, '{NHS_NUMBER_SHAPE}')"
    likely = f"strlen({column}) <= {LONGEST_SHAPE} or {texts} and strlen({column}) <= {LONGEST_TEXT}"
    return f"case when strlen({column}) < 10 or not ({share}) then false when {likely} then {pattern} else false end"


def values_in_shape(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, rows: str, column: str, texts: str
) -> dict[str, list[str]]:
    """Provider → different values with the shape of an NHS number: all of them, or so many of each that a hash picks.

    Picked, not the smallest: keys that sort before the NHS numbers of a column must not stand for all of it.
    """
    sender = f"coalesce({contract.provider}, '')" if contract.provider else "''"
    found: dict[str, list[str]] = {}
    for share in (f"hash({column}) % {SHARE_LOOKED_AT} = 0", "true"):
        values = connection.execute(
            f"select sender, v from (select distinct {sender} as sender, trim({column}) as v from {rows} "
            f"where {in_shape(column, share, texts)}) "
            f"qualify row_number() over (partition by sender order by hash(v), v) <= {CANDIDATES_CHECKED}"
        ).fetchall()
        found = {}
        for name, value in values:
            found.setdefault(name, []).append(value)
        if found and all(len(of_one) == CANDIDATES_CHECKED for of_one in found.values()):
            break
    return found


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
