"""A panel as a CSV file, and its evaluation as another: so that the estimator can be held against published examples."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import asdict
from pathlib import Path

from orchestration.build.evaluation.judgement import Judged, percent, percent_fall
from orchestration.build.evaluation.panel import Panel, PanelError, Row, month_number
from orchestration.foundation.errors import UsageError

NEEDED = ("unit", "period", "first_treated", "outcome")
OPTIONAL = ("weight", "stratum")
NOUGHT = {"0", "0.0"}
NEVER = {"", *NOUGHT, "na", "nan", "null", "none", "inf"}
LARGEST_NUMBER = 99_999


def read_panel(file: Path) -> Panel:
    """Read and check; a message names the line and the column."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PanelError(f"{file}: cannot be read as UTF-8 text ({type(error).__name__})") from error
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    header = [name.strip().lower() for name in next(lines, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise PanelError(f"{file}: no column {', '.join(missing)}; needed are {', '.join(NEEDED)}")
    if repeated := sorted({name for name in (*NEEDED, *OPTIONAL) if header.count(name) > 1}):
        raise PanelError(f"{file}: column {', '.join(repeated)} stands twice in the header")
    rows, has_months, nought = [], set(), ""
    for fields in lines:
        if not any(field.strip() for field in fields):
            continue
        where = f"{file}, line {lines.line_num}"
        if len(fields) != len(header):
            raise PanelError(f"{where}: {len(fields)} fields where the header has {len(header)}")
        row = {name: field.strip() for name, field in zip(header, fields, strict=True)}
        if not row["unit"]:
            raise PanelError(f"{where}: unit is empty")
        period, is_month = _period(row["period"], f"{where}: period")
        has_months.add(is_month)
        first_treated = None
        if row["first_treated"].lower() not in NEVER:
            first_treated, start_is_month = _period(row["first_treated"], f"{where}: first_treated")
            has_months.add(start_is_month)
        elif row["first_treated"] in NOUGHT:
            nought = nought or where
        if len(has_months) > 1:
            raise PanelError(f"{where}: months (YYYY-MM) and plain numbers are mixed")
        weight = _number(row["weight"], f"{where}: weight") if "weight" in row else 1.0
        outcome = _number(row["outcome"], f"{where}: outcome")
        rows.append(Row(row["unit"], period, first_treated, outcome, weight, row.get("stratum", "")))
    if not rows:
        raise PanelError(f"{file}: no rows below the header")
    if nought and min(row.period for row in rows) <= 0 <= max(row.period for row in rows):
        raise PanelError(f"{nought}: first_treated: 0 is never, and a period as well: count the periods from 1")
    return Panel.from_rows(rows)


def write_evaluation(file: Path, rows: list[Judged], outcome: str) -> None:
    """One line per row, the decimals that do not depend on the machine; `effect_pct` where the outcome is a logarithm."""
    try:
        stream = file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written ({type(error).__name__}): name a file in a folder that is there"
        ) from error
    names = list(asdict(rows[0]))
    names.insert(names.index("effect") + 1, "effect_pct")
    names.insert(names.index("detectable_effect") + 1, "detectable_effect_pct")
    with stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            values = asdict(row)
            for name, as_percent in (("effect", percent), ("detectable_effect", percent_fall)):
                there = outcome == "log_rate" and values[name] is not None
                values[f"{name}_pct"] = round(as_percent(values[name]), 10) if there else None
            writer.writerow([_text(values[name]) for name in names])


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _period(text: str, where: str) -> tuple[int, bool]:
    """A month (YYYY-MM, or its first day) or a whole number."""
    if month := re.fullmatch(r"(\d{4})-(\d{2})(-01)?", text):
        if not 1 <= int(month[2]) <= 12:
            raise PanelError(f"{where}: {text} is no month")
        return month_number(int(month[1]), int(month[2])), True
    if re.fullmatch(r"-?\d{1,9}(\.0+)?", text) and abs(int(float(text))) <= LARGEST_NUMBER:
        return int(float(text)), False
    raise PanelError(
        f"{where}: {text or 'nothing'} is neither a whole number up to {LARGEST_NUMBER} nor a month YYYY-MM"
    )


def _number(text: str, where: str) -> float:
    try:
        value = float(text.replace("_", "?"))  # Python reads 1_0 as ten, and nobody else does
    except ValueError:
        raise PanelError(f"{where}: {text or 'nothing'} is not a number") from None
    if not math.isfinite(value):
        raise PanelError(f"{where}: {text} is not a number")
    return value
