"""Faults of the machine are told as such, in plain words, and never as one of the pipeline or the delivery."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.build import dbt_runtime
from orchestration.build.dbt_build import require_all_built
from orchestration.cli.app import app
from orchestration.foundation.errors import MachineFault
from orchestration.foundation.machine import machine_fault
from orchestration.gate.dbt_tests import failures
from orchestration.gate.drift import result


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", "/home/landing/2025-10/Jane Doe.csv")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (full_disk(), "disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/home/lake/Jane Doe.csv"), "no permission"),
        (MemoryError(), "memory"),
        (
            duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB"),
            "memory_limit",
        ),
        (duckdb.IOException('IO Error: Could not write file "x": No space left on device'), "disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full"),
        (sqlite3.OperationalError("disk I/O error"), "disk cannot be written to"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "no permission"),
        (duckdb.IOException('IO Error: Cannot open file "/home/Jane Doe": Permission denied'), "no permission"),
    ],
)
def test_what_the_machine_lacks_is_named(error: Exception, word: str) -> None:
    fault = machine_fault(error)
    assert fault is not None and word in str(fault) and "Jane" not in str(fault)
    assert "machine" in fault.ended_as


def test_what_is_no_fault_of_the_machine_is_none() -> None:
    assert machine_fault(ValueError("out of range")) is None


def test_a_full_disk_under_dbt_is_not_called_broken_sql() -> None:
    said = "Runtime Error in model spells\n  IO Error: No space left on device"
    with pytest.raises(MachineFault, match="disk is full"):
        require_all_built([{"unique_id": "model.int_marts.spells", "status": "error", "message": said}])


def test_a_dbt_that_has_no_room_for_its_own_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It then leaves no account of any model, and its log is empty too."""
    dbt = tmp_path / "dbt"
    dbt.write_text("#!/bin/sh\necho 'OSError: [Errno 28] No space left on device'\nexit 2\n")
    dbt.chmod(0o755)
    monkeypatch.setattr(dbt_runtime, "dbt_executable", lambda: str(dbt))
    with pytest.raises(MachineFault, match="disk is full"):
        dbt_runtime.call_dbt(["build"], {})


def test_a_denied_folder_is_named_itself(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "Jane Doe.csv"):
        assert f"in {tmp_path}:" in str(machine_fault(PermissionError(errno.EACCES, "Permission denied", str(path))))


def test_where_even_looking_is_denied_the_folder_above_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", denied)
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "delivery.yaml"))
    assert f"in {tmp_path}:" in str(machine_fault(error))


class NoMemory:
    """A warehouse on a machine that has too little of it."""

    def rows(self, sql: str) -> list[tuple]:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB")


def test_a_check_that_finds_no_memory_is_not_a_check_that_fails() -> None:
    rule = SimpleNamespace(feed="hes_apc", rule=SimpleNamespace(any_of=()), sql="select 1", definition=None)
    for asked in (lambda: failures(NoMemory(), ["select 1"]), lambda: result(NoMemory(), rule, frozenset({"hes_apc"}))):  # type: ignore[arg-type]
        with pytest.raises(MachineFault, match="memory was not enough"):
            asked()


def test_the_command_tells_of_a_denied_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "lake" / "x"))

    monkeypatch.setattr("pathlib.Path.mkdir", denied)
    done = CliRunner().invoke(app, ["refresh", "--json", "--home", str(tmp_path)])
    assert done.exit_code == 1 and '"kind": "MachineFault"' in done.stdout and "no permission" in done.stdout


@pytest.mark.parametrize("limit", ["lots", "4", "GB", "-1GB"])
def test_a_wrong_memory_limit_is_a_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setenv("INT_MARTS_MEMORY_LIMIT", limit)
    done = CliRunner().invoke(app, ["refresh", "--json", "--home", str(tmp_path)])
    assert done.exit_code == 2 and "memory_limit" in done.stdout


@pytest.mark.parametrize("what", ["lake/deaths", "releases/2025-10.1", "releases_public/2025-10.1", "public_ledger/1"])
def test_the_demo_goes_only_into_a_new_home(tmp_path: Path, what: str) -> None:
    (tmp_path / what).mkdir(parents=True)
    for command in (["demo", "--people", "100", "--months", "1"], ["refresh", "--demo-if-empty"]):
        done = CliRunner().invoke(app, [*command, "--json", "--home", str(tmp_path)])
        assert done.exit_code == 2 and "the demo is written only into a new home" in done.stdout
    assert not list((tmp_path / "landing").glob("2*"))
