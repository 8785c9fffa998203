"""A proposed map of teams, judged from a release that stays as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import load_settings
from orchestration.publishing import what_if as module


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = tmp_path / "int_marts.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.practice_profile as select * from (values "
            "('A00001', 12000, 15000.0, 40), ('A00002', 13000, 10000.0, 50), ('A00003', 9000, 9000.0, 20)) "
            "as t(practice_code, registered_population, need_weighted_population, emergency_admissions)"
        )
        connection.execute(
            "alter table marts.practice_profile add column first_month date default date '2024-11-01'; "
            "alter table marts.practice_profile add column last_month date default date '2025-10-01'; "
            "alter table marts.practice_profile add column spend_gbp decimal(18, 2) default 1000000;"
            + "".join(
                f"alter table marts.practice_profile add column {name} bigint default 100;"
                for name in module.COUNTS
                if name != "emergency_admissions"
            )
        )
    monkeypatch.setattr(
        module, "current_release", lambda settings: SimpleNamespace(release_id="2025-10.1", database=database)
    )
    return database


def judge(tmp_path: Path, text: str) -> module.WhatIf:
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    return module.what_if(load_settings(home=tmp_path / "home"), path)


def test_sums_indices_and_warnings_of_a_map(tmp_path: Path, release: Path) -> None:
    before = hashlib.sha256(release.read_bytes()).hexdigest()
    found = judge(tmp_path, "practice_code,int_code\nA00001,X\nA00002,X\nZ99999,Y\n")
    x, y = found.teams
    assert (x.int_code, x.practices, x.registered_population, x.emergency_admissions) == ("X", 2, 25000, 90)
    assert (x.need_weighted_population, x.need_index, x.spend_per_head_gbp) == (25000.0, 1.0, 80.0)
    assert x.warnings == []
    assert y.warnings == ["none of its practices is in the release"]
    assert (y.registered_population, y.need_index, y.emergency_admissions, y.spend_per_head_gbp) == (
        0,
        None,
        None,
        None,
    )
    assert (found.practices_without_team, found.practices_not_known) == (["A00003"], ["Z99999"])
    assert "unmet" in found.text() or "nobody has met" in found.text()
    assert hashlib.sha256(release.read_bytes()).hexdigest() == before


def test_a_small_team_is_warned_about(tmp_path: Path, release: Path) -> None:
    (team,) = judge(tmp_path, "practice_code,int_code\nA00003,Z\n").teams
    assert len(team.warnings) == 2


def test_what_is_not_known_of_a_practice_is_not_known_of_its_team(tmp_path: Path, release: Path) -> None:
    with duckdb.connect(str(release)) as connection:
        connection.execute(
            "alter table marts.practice_profile add column incomplete_counts varchar default ''; "
            "update marts.practice_profile set emergency_admissions = null, incomplete_counts = 'spend_gbp' where practice_code = 'A00002'"
        )
    found = judge(tmp_path, "practice_code,int_code\nA00001,X\nA00002,X\nA00003,Y\n")
    x, y = found.teams
    assert (x.emergency_admissions, x.gp_appointments, y.emergency_admissions) == (None, 200, 20)
    assert x.warnings == ["not all of it was delivered: spend_gbp"]
    assert "unknown" in found.text()


def test_the_order_of_the_map_changes_nothing(tmp_path: Path, release: Path) -> None:
    rows = ["A00001,X", "A00002,Y", "A00003,X"]
    assert judge(tmp_path, "practice_code,int_code\n" + "\n".join(rows)) == judge(
        tmp_path, "practice_code,int_code\n" + "\n".join(reversed(rows))
    )


def test_headers_in_capitals_blanks_and_ended_rows_are_read_as_in_the_feed(tmp_path: Path, release: Path) -> None:
    text = '\ufeffPRACTICE_CODE,INT_CODE,NAME,VALID_TO\r\n"a00001 ", X,"The\nsurgery",\r\nA00001,Old,,2024-03-31\r\n,\r\nA00002\r\n'
    found = judge(tmp_path, text)
    assert [(team.int_code, team.practices) for team in found.teams] == [("X", 1)]
    assert found.practices_without_team == ["A00002", "A00003"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"a,b\n1,2\n", b"practice_code,int_code\n", b"practice_code,int_code\nA00001,X\nA00001,Y\n",
        b"practice_code;int_code\nA00001;X\n", b"practice_code,int_code\nA00001,Caf\xe9\n", b"PK\x03\x04\x00\xff",
        b"practice_code,int_code\nA00001,\0X\n",
        b'practice_code,int_code\nA00001,"X\n',
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_read_is_refused(tmp_path: Path, release: Path, body: bytes) -> None:
    path = tmp_path / "map.csv"
    path.write_bytes(body)
    with pytest.raises(UsageError):
        module.what_if(load_settings(home=tmp_path / "home"), path)
