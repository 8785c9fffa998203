"""docs/file-refused.md names every refusal that the code can say; a setting's fault is not the delivery's; the report names rows."""

from __future__ import annotations

import ast
import csv
import errno
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.errors import MachineFault, UsageError
from orchestration.foundation.settings import PROJECT_ROOT, load_settings
from orchestration.lake import reasons
from orchestration.lake.check import check_delivery, faults_file
from orchestration.landing.deliveries import find_delivery
from tests.ingest.defects import Case, refused_cases
from tests.ingest.good_files import HEADERS, as_text, table, write_good
from tests.ingest.test_hostile import ingest_one

PAGE = PROJECT_ROOT / "docs" / "file-refused.md"
SHORTEST_PART = 8


def nothing_else(*_: object) -> list[CheckResult]:
    """No acceptance: here it is about files and settings."""
    return []


def said(node: ast.expr) -> list[str]:
    """The fixed parts of a message."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [part for value in values if isinstance(value, ast.Constant) for part in said(value)]
    return []


def refusals() -> Iterator[tuple[str, list[str]]]:
    for room in ("landing", "lake"):
        for path in sorted((PROJECT_ROOT / "orchestration" / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse":
                    yield f"{path.name}:{node.lineno}", said(node.args[1])


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def test_every_refusal_is_in_the_table() -> None:
    page = plain(PAGE.read_text(encoding="utf-8"))
    found = [(place, max(parts, key=len)) for place, parts in refusals() if parts]
    assert len(found) > 35
    untold = [(place, part) for place, part in found if len(part.strip()) >= SHORTEST_PART and plain(part) not in page]
    assert not untold


def test_every_reason_for_a_row_is_in_the_table_with_what_to_ask_for() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = {**reasons.NOT_OF_ITS_SHAPE, **reasons.NOT_OF_ITS_TYPE}.values()
    found = {*told, *(value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str))}
    found -= {reasons.IN_QUOTATION_MARKS}
    assert found == set(reasons.WHAT_TO_SEND)
    rules = {name.replace("_", " ") for contract in load_contracts().values() for name in contract.rules}
    assert not [reason for reason in found | rules if f"| {reason}" not in page and f"; {reason}" not in page]


def test_a_setting_that_is_wrong_is_not_the_deliverys_fault(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, required_feeds=["deathz"])
    write_good(settings.paths.landing / "2025-10", "deaths")
    with pytest.raises(UsageError, match="required_feeds names 'deathz'"):
        check_delivery(settings, find_delivery(settings.paths), nothing_else)
    # what is no size is refused as it is read, what is a size but too large for DuckDB as it is used
    with pytest.raises(UsageError, match="memory_limit"):
        load_settings(home=tmp_path, memory_limit="plenty")
    settings = load_settings(home=tmp_path, memory_limit=f"{'9' * 40}GB")
    with pytest.raises(UsageError, match="memory_limit"):
        check_delivery(settings, find_delivery(settings.paths), nothing_else)


def packed(ending: str, text: str) -> bytes:
    if ending == "csv.gz":
        return gzip.compress(text.encode())
    made = io.BytesIO()
    if ending == "zip":
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("deaths.csv", text)
    else:
        book = openpyxl.Workbook()
        for row in csv.reader(text.splitlines()):
            book.active.append(row)  # type: ignore[union-attr]
        book.save(made)
    return made.getvalue()


@pytest.mark.parametrize("ending", ["csv.gz", "zip", "xlsx"])
def test_a_disk_that_fills_while_a_file_is_unpacked_is_not_the_files_fault(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / f"deaths.{ending}").write_bytes(packed(ending, as_text(table("deaths"))))
    results = check_delivery(settings, find_delivery(settings.paths), nothing_else)
    assert not [result for result in results if result.state in (State.FAIL, State.ERROR)]
    monkeypatch.setattr("orchestration.landing.source_files.copy_bounded", full)
    monkeypatch.setattr("orchestration.landing.workbooks.write_sheet", full)
    with pytest.raises(MachineFault, match="disk is full"):
        check_delivery(settings, find_delivery(settings.paths), nothing_else)


def test_too_little_memory_is_not_the_deliverys_fault(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, memory_limit="1MB")
    write_good(settings.paths.landing / "2025-10", "deaths")
    with pytest.raises(MachineFault, match="memory was not enough"):
        check_delivery(settings, find_delivery(settings.paths), nothing_else)


# One of each kind.
HOSTILE = list({case.defect: case for case in refused_cases()}.values())


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.id)
def test_check_says_of_a_hostile_file_what_the_door_would_say(case: Case, tmp_path: Path) -> None:
    """The same words, with what to ask for, and nothing in the lake."""
    _, _, refusal = ingest_one(tmp_path / "door", case.feed, case.name, case.content)
    settings = load_settings(home=tmp_path / "check")
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / case.name).write_bytes(case.content)
    results = check_delivery(settings, find_delivery(settings.paths), nothing_else)
    told = [result for result in results if result.state in (State.FAIL, State.ERROR)]
    assert [result.message for result in told] == [refusal]
    assert told[0].what_to_do and told[0].what_to_do in refusal and case.name in refusal
    assert not list(settings.paths.lake.glob("*/delivery=*"))


def test_the_report_of_a_refused_file_names_the_rows(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    rows = table("hes_op")
    for line in (4, 9, 23):
        rows[line - 1][HEADERS["hes_op"].index("ATTENDKEY")] = "5.00E+18"
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / "hes_op.csv").write_text(as_text(rows), encoding="utf-8")
    delivery = find_delivery(settings.paths)
    check_delivery(settings, delivery, nothing_else)
    faults = json.loads(faults_file(settings, delivery).read_text(encoding="utf-8"))
    assert [(fault["file"], fault["column"], fault["rows"], fault["lines"]) for fault in faults] == [
        ("hes_op.csv", "ATTENDKEY", 3, [4, 9, 23])
    ]
    assert "5.00E" not in json.dumps(faults)


REPORTED = ["smoking_pct", "int", "T{n:02d}", "2025-09-01", "2025-09-30", "20", "100"]
REPORTED_HEAD = ["MEASURE_ID", "AREA_TYPE", "AREA_CODE", "PERIOD_START", "PERIOD_END", "NUMERATOR", "DENOMINATOR"]


@pytest.mark.parametrize(
    "column, head, value, said, cure",
    [
        (2, "ORGANISATION", None, "missing column AREA_CODE", "send the column"),
        (5, "NUM", None, "neither numerator and denominator nor n", "headed NUMERATOR and DENOMINATOR"),
        (5, None, "20%", "column NUMERATOR: a percentage where a count belongs", "send the count itself"),
        (5, None, "<5", "column NUMERATOR: a number that its sender has hidden", "send the number itself"),
        (4, None, "09/30/2025", "column PERIOD_END: a date with the month first", "write dates as YYYY-MM-DD"),
        # the first of September, not the ninth of January
        (3, None, "09/01/2025", "column PERIOD_START: a date with the month first", "write dates as YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_reported_file_is_told_its_fault_and_its_cure(
    column: int, head: str | None, value: str | None, said: str, cure: str, tmp_path: Path
) -> None:
    heads = [head if head and place == column else name for place, name in enumerate(REPORTED_HEAD)]
    rows = [[cell.format(n=n) for cell in REPORTED] for n in range(12)]
    if value:
        rows = [[value if place == column else cell for place, cell in enumerate(row)] for row in rows]
    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / "reported_measures.csv").write_text(as_text([heads, *rows]), encoding="utf-8")
    (result,) = check_delivery(settings, find_delivery(settings.paths), nothing_else)
    assert said in result.message and cure in result.what_to_do


def test_what_is_set_aside_is_told_without_opening_the_report(tmp_path: Path) -> None:
    rows = [[cell.format(n=n) for cell in REPORTED] for n in range(12)]
    rows[3][5] = "20%"
    settings = load_settings(home=tmp_path)
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / "reported_measures.csv").write_text(as_text([REPORTED_HEAD, *rows]), encoding="utf-8")
    warned = [r for r in check_delivery(settings, find_delivery(settings.paths), nothing_else) if r.state == State.WARN]
    assert [(r.violations, r.what_to_do) for r in warned] == [(1, reasons.what_to_send(reasons.PERCENTAGE))]
    assert "a percentage where a count belongs in NUMERATOR (1)" in warned[0].message


@pytest.mark.parametrize("change", [(0, "Smoking_PCT"), (1, "INT"), (2, "t03")])
def test_one_row_in_two_cases_of_letters_is_one_row(change: tuple[int, str], tmp_path: Path) -> None:
    rows = [[cell.format(n=n) for cell in REPORTED] for n in range(12)]
    again = [change[1] if place == change[0] else cell for place, cell in enumerate(rows[3])]
    _, manifest, refusal = ingest_one(
        tmp_path / "a", "reported_measures", "reported_measures.csv", as_text([REPORTED_HEAD, *rows, again]).encode()
    )
    assert manifest and manifest.rows_removed == {"duplicate_exact": 1}
    again[5] = "21"
    _, _, refusal = ingest_one(
        tmp_path / "b", "reported_measures", "reported_measures.csv", as_text([REPORTED_HEAD, *rows, again]).encode()
    )
    assert "stand in it twice and do not agree" in refusal
