"""The command line: instant help, exit codes, JSON, and words that name the fix."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMANDS = [
    "demo",
    "check",
    "refresh",
    "publish",
    "releases",
    "rollback",
    "verify",
    "explain",
    "nnhip",
    "forget",
    "purge",
    "checks",
    "ui",
]


def run(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    extra = ["--home", str(home)] if home else []
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments, *extra],
        capture_output=True,
        text=True,
    )


def test_help_names_every_command_and_the_exit_codes() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for command in COMMANDS:
        assert command in shown.stdout
    assert "gate shut" in shown.stdout


def test_help_imports_nothing_heavy() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import orchestration.cli"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    for heavy in ("dagster", "duckdb", "pandas", "great_expectations", "scipy", "altair"):
        assert f" {heavy}\n" not in listed, f"{heavy} is imported for --help"


def test_help_answers_within_half_a_second() -> None:
    run("--help")
    fastest = min(timed_help() for _ in range(5))
    assert fastest < 0.5


def timed_help() -> float:
    started = time.perf_counter()
    run("--help")
    return time.perf_counter() - started


def test_no_arguments_and_unknown_commands_are_usage(tmp_path: Path) -> None:
    assert run().returncode == 2
    assert run("publich").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("refresh", "2025-10"),
        ("check", "2025-10"),
        ("refresh", "October"),
        ("verify", "2025-10.1"),
        ("rollback", "2025-10.9"),
    ],
)
def test_what_is_not_there_is_usage_and_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("int-marts: ") or "int-marts: " in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_one_object_also_for_errors(tmp_path: Path) -> None:
    done = run("verify", "2025-10.1", "--json", home=tmp_path)
    body = json.loads(done.stdout)
    assert body["ok"] is False
    assert body["exit_code"] == done.returncode == 2


def test_a_wrong_setting_is_usage(tmp_path: Path) -> None:
    (tmp_path / "int_marts.toml").write_text("threads = 0\n")
    done = run("releases", home=tmp_path)
    assert done.returncode == 2
    assert "threads" in done.stderr


def test_releases_of_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    done = run("releases", home=tmp_path)
    assert done.returncode == 0
    assert "int-marts refresh" in done.stdout
