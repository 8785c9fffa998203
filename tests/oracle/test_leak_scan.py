"""The scan must be able to find: one identifier hidden in each kind of file a run writes."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import pytest

from .leak_scan import Planted, planted_in, scan

PERSON = "ABCDEF0123456789ABCDEF0123456789"
PHRASE = "fell on the stairs at home"
PLANTED = Planted({PERSON.encode()}, {PHRASE.upper().encode()})


def hide(path: Path, kind: str, value: str) -> None:
    if kind == "text":
        path.write_text(f'{{"message": "row of {value} is wrong"}}')
    elif kind == "gzip":
        path.write_bytes(gzip.compress(value.lower().encode()))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("sheet.xml", f"<c>{value}</c>")
    elif kind == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.execute("create table event_logs (event text)")
            connection.execute("insert into event_logs values (?)", ["x" * 9000 + " " + value])
    elif kind == "duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table t as select ? as note from range(5000)", [value])
    else:
        with duckdb.connect() as connection:
            connection.execute(f"copy (select '{value}' as note from range(5000)) to '{path}' (format parquet)")


@pytest.mark.parametrize("value", [PERSON, PHRASE])
@pytest.mark.parametrize("kind", ["text", "gzip", "zip", "sqlite", "duckdb", "parquet"])
def test_finds_what_is_hidden(tmp_path: Path, kind: str, value: str):
    (tmp_path / "logs").mkdir()
    hide(tmp_path / "logs" / "clean", kind, "nothing to see 0123456789")
    hide(tmp_path / "logs" / "leaky", kind, value)
    assert [(leak.file, leak.different_values) for leak in scan(tmp_path, PLANTED)] == [("logs/leaky", 1)]


def test_private_folders_are_not_scanned(tmp_path: Path):
    for name in ("landing", "lake", "warehouse"):
        (tmp_path / name).mkdir()
        hide(tmp_path / name / "rows", "text", PERSON)
    assert scan(tmp_path, PLANTED) == []


def test_collects_what_is_planted(tmp_path: Path):
    folder = tmp_path / "2025-03"
    folder.mkdir()
    (folder / "hes_apc.csv").write_text(f"TOKEN_PERSON_ID|EPIKEY|GPPRAC|NOTE\n{PERSON}|000000000042|Y90001|{PHRASE}\n")
    found = planted_in(tmp_path, {"hes_apc": {"TOKEN_PERSON_ID", "EPIKEY", "GPPRAC"}})
    assert found.words == {PERSON.encode(), b"000000000042"}
    assert found.phrases == {PHRASE.upper().encode()}
