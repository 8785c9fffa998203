"""The command line: instant help, exit codes, JSON, and words that name the fix."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from orchestration.cli.app import COMMANDS, command_of, docstring_of


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


def test_every_command_says_in_the_list_what_it_says_itself() -> None:
    for name in COMMANDS:
        said = docstring_of(name)
        assert said and " ".join(said.split()) in " ".join(str(command_of(name).help).split()), name


def test_help_imports_nothing_heavy() -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import orchestration.cli"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    for heavy in ("dagster", "duckdb", "pandas", "great_expectations", "scipy", "vl_convert"):
        assert f" {heavy}\n" not in listed, f"{heavy} is imported for --help"


def test_help_answers_within_half_a_second() -> None:
    """In processor time, which a busy machine does not stretch."""
    run("--help")
    assert min(seconds_of_help() for _ in range(5)) < 0.5


def seconds_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def on_a_terminal(*arguments: str, home: Path) -> str:
    """What a person sees: standard error is a terminal."""
    screen, end = pty.openpty()
    command = [sys.executable, "-m", "orchestration.cli", *arguments, "--home", str(home)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=end, env={**os.environ, "TERM": "xterm-256color"}
    )
    os.close(end)
    seen = b""
    with suppress(OSError):  # the end of a terminal is an error on Linux
        while chunk := os.read(screen, 65536):
            seen += chunk
    assert process.wait() == 0, seen.decode(errors="replace")
    return seen.decode(errors="replace")


@pytest.mark.slow
def test_steps_are_bars_on_a_terminal_and_plain_lines_elsewhere(tmp_path: Path) -> None:
    demo = ("demo", "--people", "100", "--months", "2")
    bars = on_a_terminal(*demo, home=tmp_path / "terminal")
    assert "write demo deliveries" in bars
    assert "\u2501" in bars and "\x1b[" in bars, "a bar that moves"
    plain = run(*demo, home=tmp_path / "pipe")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  write demo deliveries  \d+\.\d s\n", plain.stderr)
    assert "\x1b" not in plain.stdout + plain.stderr


def completed(words: str, home: Path) -> list[str]:
    """What the shell offers after these words."""
    asked = {"_INT_MARTS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "import sys; sys.argv = ['int-marts']; from orchestration.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked, "INT_MARTS_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def test_the_shell_completes_commands_deliveries_and_releases(tmp_path: Path) -> None:
    for name in ("landing/2025-09", "landing/2025-10", "releases/2025-10.1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "releases" / "current").symlink_to("2025-10.1")
    assert completed("int-marts re", tmp_path) == ["refresh", "releases"]
    assert completed("int-marts refresh 2025-1", tmp_path) == ["2025-10"]
    assert completed("int-marts check ", tmp_path) == ["2025-09", "2025-10"]
    assert completed("int-marts rollback ", tmp_path) == ["2025-10.1"]


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
