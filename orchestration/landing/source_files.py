"""From a landed file to something DuckDB can stream: unpacked, in UTF-8, with one line ending, and hashed.

Bytes are looked at once. A file that is already plain UTF-8 with one line ending is read where it lies.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from orchestration.contracts import FeedContract
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.hashes import hash_file
from orchestration.landing.deliveries import LandedFile, is_hidden_or_temporary

CHUNK = 4 << 20
MAXIMUM_UNPACKED_RATIO = 1000
BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")
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


class TextFacts(NamedTuple):
    """What one pass over the bytes of a text file shows. Lines are physical lines, the header included."""

    size: int
    lines: int
    blank_lines: int
    has_quotes: bool
    is_plain: bool  # ASCII without tabs: blanks are spaces only
    encoding: str
    ends_with_newline: bool


class Source(NamedTuple):
    """One readable table: a landed file, or a member of a zip, or a sheet of a workbook."""

    label: str
    file_name: str
    sha256: str
    kind: str  # csv | parquet
    path: Path
    facts: TextFacts
    assumptions: tuple[str, ...] = ()
    sheet: str = ""


def refuse(label: str, reason: str, action: str, line: int | None = None) -> DeliveryRefused:
    where = f"{label}, line {line}" if line else label
    return DeliveryRefused(
        f"{where}: {reason}; {action}", [{"file": label, "line": line, "reason": reason, "what_to_do": action}]
    )


def open_sources(file: LandedFile, sha256: str, contract: FeedContract, work: Path) -> Iterator[Source]:
    """Every table in one landed file. Raises `DeliveryRefused` for what cannot be read whole."""
    label, name = file.relative_name, file.path.name.casefold()
    if file.path.stat().st_size == 0:
        raise refuse(label, "the file is empty", "send the file again")
    if name.endswith(".zip"):
        yield from open_zip(file, sha256, contract, work)
    elif name.endswith(".parquet"):
        yield Source(label, file.path.name, sha256, "parquet", file.path, NO_TEXT)
    elif name.endswith(".xlsx"):
        yield open_workbook(file.path, label, file.path.name, sha256, contract, work)
    elif name.endswith(".gz"):
        unpacked = work / f"{sha256[:16]}.csv"
        try:
            with gzip.open(file.path, "rb") as packed:
                copy_bounded(packed, unpacked, file.path.stat().st_size, label)
        except (OSError, EOFError, zlib.error):
            raise refuse(label, "the gzip archive is damaged or cut short", "send the file again") from None
        yield open_text(unpacked, label, file.path.name[: -len(".gz")], sha256, work)
    else:
        yield open_text(file.path, label, file.path.name, sha256, work)


NO_TEXT = TextFacts(0, 0, 0, False, False, "binary", True)


def copy_bounded(packed: IO[bytes] | gzip.GzipFile, target: Path, packed_size: int, label: str) -> None:
    """Unpack, but not a bomb: more than a thousand times the packed size is not a data file."""
    limit = max(packed_size, 1 << 16) * MAXIMUM_UNPACKED_RATIO
    written = 0
    with target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > limit:
                raise refuse(label, "the archive unpacks to more than a thousand times its size", "send a plain file")
            file.write(chunk)


def open_zip(file: LandedFile, sha256: str, contract: FeedContract, work: Path) -> Iterator[Source]:
    label = file.relative_name
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = [
                info
                for info in archive.infolist()
                if not info.is_dir()
                and not is_hidden_or_temporary(Path(info.filename).name)
                and not info.filename.startswith("__MACOSX/")
                and info.filename.casefold().endswith((".csv", ".txt", ".parquet", ".xlsx"))
            ]
            if not members:
                raise refuse(label, "the zip holds no CSV, text, Parquet or Excel file", "send the data file itself")
            for number, info in enumerate(sorted(members, key=lambda member: member.filename)):
                if info.flag_bits & 0x1:
                    raise refuse(label, "the zip is encrypted", "send it without a password inside the secure transfer")
                name = Path(info.filename).name
                shown = f"{label}:{name}"
                unpacked = work / f"{sha256[:16]}.{number}{Path(name).suffix.casefold()}"
                with archive.open(info) as packed:
                    copy_bounded(packed, unpacked, info.compress_size, shown)
                if unpacked.stat().st_size == 0:
                    raise refuse(shown, "the file is empty", "send the file again")
                if name.casefold().endswith(".parquet"):
                    yield Source(shown, name, hash_file(unpacked), "parquet", unpacked, NO_TEXT)
                elif name.casefold().endswith(".xlsx"):
                    yield open_workbook(unpacked, shown, name, hash_file(unpacked), contract, work)
                else:
                    yield open_text(unpacked, shown, name, hash_file(unpacked), work)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, UnicodeDecodeError, ValueError):
        raise refuse(label, "the zip archive is damaged or cut short", "send the file again") from None


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
    has_quotes = False
    is_utf8 = is_plain = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    nul_line = 0
    tail = b"\n"
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
    return TextFacts(size, total, blank, has_quotes, is_plain, encoding, ends), nul_line, is_mixed


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


def cell_text(value: object) -> str:
    """A workbook cell as its CSV text: whole floats lose their fraction, dates are ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def open_workbook(path: Path, label: str, file_name: str, sha256: str, contract: FeedContract, work: Path) -> Source:
    """The sheet that the contract prefers, or the one whose headers fit best, written out as CSV."""
    from python_calamine import CalamineError, CalamineWorkbook

    from orchestration.landing.layout import header_score

    try:
        book = CalamineWorkbook.from_path(str(path))
        scores = {}
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=30)
            scores[name] = max((header_score([cell_text(cell) for cell in row], contract) for row in rows), default=0)
        preferred = [name for name in contract.sheets if scores.get(name)]
        sheet = preferred[0] if preferred else max(scores, key=lambda name: scores[name], default="")
        if not scores.get(sheet):
            raise refuse(
                label, "no sheet has the expected column headers", "send the sheet with the data, headers included"
            )
        target = work / f"{sha256[:16]}.sheet.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for row in book.get_sheet_by_name(sheet).iter_rows():
                writer.writerow([cell_text(cell) for cell in row])
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile):
        raise refuse(label, "the workbook cannot be opened", "save it again as .xlsx, or send CSV") from None
    facts, _, _ = survey(target)
    return Source(label, file_name, sha256, "csv", target, facts, (f"sheet {sheet!r}",), sheet)


def head_text(source: Source, characters: int = 1 << 18) -> str:
    with source.path.open("rb") as file:
        raw = file.read(characters)
    return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", errors="ignore", newline="").read()
