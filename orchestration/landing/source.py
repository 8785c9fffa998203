"""One readable table, and how it is refused: what everybody who opens files speaks of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from orchestration.foundation.errors import DeliveryRefused


class TextFacts(NamedTuple):
    """What one pass over the bytes of a text file shows. Lines are physical lines, the header included."""

    size: int
    lines: int
    blank_lines: int
    has_quotes: bool
    is_plain: bool  # ASCII without tabs: blanks are spaces only
    encoding: str
    ends_with_newline: bool
    has_errors: bool = True  # a `#` or `<`, as in the error values of a spreadsheet, `1.#QNAN` and `<NA>`
    has_floats: bool = True  # `E+` or `.5E1`, as in codes that were numbers once
    has_noughts: bool = True  # `.0`, the same; but a price has it too
    has_clock: bool = True  # a `:`, as in every time of a day
    has_percents: bool = True  # a `%`, which does not belong to a count
    has_guards: bool = False  # `="`, as in codes whose noughts a spreadsheet is to keep


class Source(NamedTuple):
    """One readable table: a landed file, or a member of an archive, or a sheet of a workbook."""

    label: str
    file_name: str
    sha256: str
    kind: str  # csv | parquet
    path: Path
    facts: TextFacts
    assumptions: tuple[str, ...] = ()
    sheet: str = ""


NO_TEXT = TextFacts(0, 0, 0, False, False, "binary", True)


def refuse(label: str, reason: str, action: str, line: int | None = None) -> DeliveryRefused:
    where = f"{label}, line {line}" if line else label
    return DeliveryRefused(
        f"{where}: {reason}; {action}", [{"file": label, "line": line, "reason": reason, "what_to_do": action}]
    )


HEAD_BYTES = 1 << 18


def head_text(source: Source) -> str:
    with source.path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", errors="ignore", newline="").read()
