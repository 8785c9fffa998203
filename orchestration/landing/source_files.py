"""From a landed file to something DuckDB can stream: unpacked, in UTF-8, with one line ending, and hashed.

Bytes are looked at once. A file that is already plain UTF-8 with one line ending is read where it lies.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from orchestration.contracts import FeedContract
from orchestration.foundation.hashes import hash_file
from orchestration.foundation.machine import require_machine
from orchestration.landing.deliveries import DOCUMENT_ENDINGS, TEXT_ENDINGS, LandedFile
from orchestration.landing.layout import DELIMITERS, HEADER_ROWS_SEARCHED, heads_whole_table, records
from orchestration.landing.printed_tables import Misprint, refuse_misprint, write_printed
from orchestration.landing.source import NO_TEXT, Source, TextFacts, head_text, refuse
from orchestration.landing.workbooks import WORKBOOK_ENDINGS, write_sheets

# A value may be as long as it likes; the reader of a row with a very long one says so by its shape, not by an exception.
csv.field_size_limit(sys.maxsize)

CHUNK = 4 << 20
MAXIMUM_UNPACKED_RATIO = 1000
MAXIMUM_DEPTH = 8
LITTER = (".ds_store", "thumbs.db", "desktop.ini")
PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")
SIGNS_OF_FLOATS = (b"E+", b"e+")
SPARK_FLOAT = re.compile(rb"\.[0-9]+[Ee][0-9]")
SIGNATURES = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"PK\x03\x04": "a zip archive or Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"7z\xbc\xaf": "a 7z archive",
}


def open_sources(file: LandedFile, sha256: str, contract: FeedContract, work: Path) -> Iterator[Source]:
    """Every table in one landed file. Raises `DeliveryRefused` for what cannot be read whole."""
    yield from open_any(file.path, file.relative_name, file.path.name, sha256, contract, work)


def open_any(
    path: Path, label: str, name: str, sha256: str, contract: FeedContract, work: Path, depth: int = 0
) -> Iterator[Source]:
    ending = Path(name).suffix.casefold()
    if path.stat().st_size == 0:
        raise refuse(label, "the file is empty", "send the file again")
    if depth > MAXIMUM_DEPTH:
        raise refuse(label, "archives inside archives", "send the data file itself")
    if ending == ".zip":
        yield from open_zip(path, label, sha256, contract, work, depth)
    elif ending == ".parquet":
        yield Source(label, name, sha256, "parquet", path, NO_TEXT)
    elif ending in WORKBOOK_ENDINGS:
        yield from open_workbook(path, label, name, sha256, contract, work)
    elif ending in PACKED:
        inner = Path(name).stem
        unpacked = work / f"{sha256[:16]}.{depth}{Path(inner).suffix.casefold() or '.csv'}"
        try:
            with PACKED[ending](path, "rb") as packed:
                copy_bounded(packed, unpacked, path.stat().st_size, label)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            require_machine(error)
            raise refuse(label, f"the {ending[1:]} archive is damaged or cut short", "send the file again") from None
        yield from open_any(unpacked, label, inner, hash_file(unpacked), contract, work, depth + 1)
    elif ending in TEXT_ENDINGS or not ending:
        yield as_rows(open_text(path, label, name, sha256, work), contract, work)
    else:
        raise refuse(label, f"files ending in {ending} are not read", "send it as CSV, Parquet or Excel workbook")


def copy_bounded(packed: IO[bytes], target: Path, packed_size: int, label: str) -> None:
    """Unpack, but not a bomb: more than a thousand times the packed size is not a data file."""
    limit = max(packed_size, 1 << 16) * MAXIMUM_UNPACKED_RATIO
    written = 0
    with target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > limit:
                raise refuse(label, "the archive unpacks to more than a thousand times its size", "send a plain file")
            file.write(chunk)


def open_zip(path: Path, label: str, sha256: str, contract: FeedContract, work: Path, depth: int) -> Iterator[Source]:
    """Every member, whatever it is: read, or refused by its name. Documents beside the data are named and left out."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not is_litter(info.filename)]
            documents = [info for info in members if info.filename.casefold().endswith(DOCUMENT_ENDINGS)]
            tables = [info for info in members if info not in documents]
            if not tables:
                raise refuse(label, "the zip holds no CSV, text, Parquet or Excel file", "send the data file itself")
            notes = tuple(f"{Path(info.filename).name} in the zip is a document and left out" for info in documents)
            for number, info in enumerate(sorted(tables, key=lambda member: member.filename)):
                if info.flag_bits & 0x1:
                    raise refuse(label, "the zip is encrypted", "send it without a password inside the secure transfer")
                name = Path(info.filename).name
                shown = f"{label}:{name}"
                unpacked = work / f"{sha256[:16]}.{depth}.{number}{Path(name).suffix.casefold()}"
                with archive.open(info) as packed:
                    copy_bounded(packed, unpacked, info.compress_size, shown)
                for source in open_any(unpacked, shown, name, hash_file(unpacked), contract, work, depth + 1):
                    yield source._replace(assumptions=(*source.assumptions, *notes))
    except NotImplementedError:
        raise refuse(
            label,
            "the zip is packed by a method that is not read (Windows packs large files so: Deflate64)",
            "pack it as an ordinary zip or .gz, or send the data file itself",
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError, ValueError) as error:
        require_machine(error)
        raise refuse(label, "the zip archive is damaged or cut short", "send the file again") from None


def is_litter(member: str) -> bool:
    """What Macs and Windows put into archives by themselves. Nothing else in one is passed over without a word.

    >>> [is_litter(name) for name in ("__MACOSX/._a.csv", "a/.DS_Store", "~$a.xlsx", "#2 a.csv", ".a.csv", "a.csv.bak")]
    [True, True, True, False, False, False]
    """
    name = Path(member).name.casefold()
    return member.startswith("__MACOSX/") or name.startswith(("._", "~$")) or name in LITTER


def open_workbook(
    path: Path, label: str, file_name: str, sha256: str, contract: FeedContract, work: Path
) -> Iterator[Source]:
    sheets = write_sheets(path, label, contract, work, sha256[:16])
    for sheet in sheets:
        shown = label if len(sheets) == 1 else f"{label}:{sheet.name}"
        facts, _, _ = survey(sheet.path)
        yield Source(shown, file_name, sha256, "csv", sheet.path, facts, (f"sheet {sheet.name!r}",), sheet.name)


def as_rows(source: Source, contract: FeedContract, work: Path) -> Source:
    """A table for readers that was saved as text, in the shape of rows; anything else as it is."""
    if not contract.printed:
        return source
    heads = [records(head_text(source), delimiter, HEADER_ROWS_SEARCHED) for delimiter in DELIMITERS]
    if any(heads_whole_table(row, contract) for head in heads for _, row in head):
        return source
    target = work / f"{source.sha256[:16]}.rows.csv"
    try:
        found = write_printed(source.path, contract, target)
    except Misprint as misprint:
        raise refuse_misprint(source.label, misprint, contract) from None
    return source._replace(path=target, facts=survey(target)[0]) if found else source


def open_text(path: Path, label: str, file_name: str, sha256: str, work: Path) -> Source:
    with path.open("rb") as file:
        start = file.read(8)
    for signature, what in SIGNATURES.items():
        if start.startswith(signature):
            raise refuse(label, f"this is {what}, not a CSV file", "send it as CSV, or with its own file ending")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return transcoded(path, label, file_name, sha256, work, "utf-16", "read as UTF-16 (byte order mark)")
    facts, nul_line, is_mixed = survey(path)
    if nul_line:
        raise refuse(label, "a zero byte, so this is not a text file", "send it as CSV in UTF-8", nul_line)
    if facts.encoding == "windows-1252":
        return transcoded(path, label, file_name, sha256, work, "cp1252", "not UTF-8: read as Windows-1252")
    if is_mixed:
        return transcoded(path, label, file_name, sha256, work, "utf-8-sig", "mixed line endings made one")
    notes = () if facts.ends_with_newline else ("no line break after the last row",)
    return Source(label, file_name, sha256, "csv", path, facts, notes)


def survey(path: Path) -> tuple[TextFacts, int, bool]:
    """One pass over the bytes: encoding, lines, blank lines. Also the line of a zero byte, and whether endings are mixed."""
    size = lines = blank = returns = paired = 0
    has_quotes = has_guards = has_clock = has_percents = False
    is_utf8 = is_plain = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    nul_line = 0
    has_errors = has_floats = has_noughts = False
    tail, last = b"\n", b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not nul_line and b"\0" in chunk:
                nul_line = lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            has_returns = b"\r" in chunk or b"\r" in tail
            joined = tail + chunk
            if b"\n\n" in joined or (has_returns and b"\n\r\n" in joined):
                blank += len(BLANK_LINE.findall(joined))
            size += len(chunk)
            lines += chunk.count(b"\n")
            if has_returns:
                returns += chunk.count(b"\r")
                paired += joined.count(b"\r\n")
            has_quotes = has_quotes or b'"' in chunk
            has_guards = has_guards or (has_quotes and b"=" in chunk and b'="' in chunk)
            has_errors = has_errors or b"#" in chunk or b"<" in chunk
            has_clock = has_clock or b":" in chunk
            has_percents = has_percents or b"%" in chunk
            # One byte is found ten times as fast as two, and most files have none of it.
            if not has_floats:
                has_floats = b"+" in chunk and any(sign in last + chunk for sign in SIGNS_OF_FLOATS)
                has_floats = has_floats or (b"." in chunk and SPARK_FLOAT.search(chunk) is not None)
            has_noughts = has_noughts or (b"." in chunk and b".0" in chunk) or last + chunk[:1] == b".0"
            last = chunk[-1:]
            is_plain = is_plain and chunk.isascii() and b"\t" not in chunk
            if is_utf8 and (not chunk.isascii() or decoder.getstate()[0]):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            # Enough of the past to see a blank line or a pair across chunks, and none is counted twice.
            tail = b"\n\r" if chunk.endswith(b"\n\r") else chunk[-1:] if chunk[-1:] in b"\r\n" else b""
    is_utf8 = is_utf8 and not decoder.getstate()[0]
    ends = tail != b""
    with path.open("rb") as file:
        has_mark = file.read(3) == codecs.BOM_UTF8
    if lines == 0 and returns:
        lines, is_mixed = returns, True
    else:
        is_mixed = paired != returns or (0 < paired < lines)
    total = lines + (0 if ends else 1)
    encoding = ("utf-8-sig" if has_mark else "utf-8") if is_utf8 else "windows-1252"
    facts = TextFacts(size, total, blank, has_quotes, is_plain, encoding, ends, has_errors, has_floats, has_noughts,
        has_clock, has_percents, has_guards)  # fmt: skip
    return facts, nul_line, is_mixed


def transcoded(path: Path, label: str, file_name: str, sha256: str, work: Path, encoding: str, note: str) -> Source:
    """A copy in UTF-8 with one line ending. Line numbers stay those of the original."""
    target = work / f"{path.stem[:16]}.{sha256[:8]}.utf8.csv"
    line = 1
    try:
        with (
            path.open("r", encoding=encoding, newline=None) as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while text := source.read(CHUNK):
                copy.write(text)
                line += text.count("\n")
    except (UnicodeDecodeError, UnicodeError):
        raise refuse(label, "neither UTF-8 nor Windows-1252", "send it as CSV in UTF-8", line) from None
    facts, nul_line, _ = survey(target)
    if nul_line:
        raise refuse(label, "a zero byte, so this is not a text file", "send it as CSV in UTF-8", nul_line)
    shown = {"cp1252": "windows-1252"}.get(encoding, encoding)
    return Source(label, file_name, sha256, "csv", target, facts._replace(encoding=shown), (note,))
