"""SIGKILL at any moment of a command: the next one ends well, and nobody's data lies outside landing, lake and warehouse.

Every second kill takes the command alone, so that a dbt or a worker of it lives on beside the next command.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from orchestration.foundation.settings import load_settings
from orchestration.lake.retention import forms_of, persons_in_lake
from tests.conftest import PROJECT_ROOT
from tests.oracle.leak_scan import planted_in, scan

DELIVERY = "2025-10"
# what may come next, and how it may end
NEXT = {"refresh": (0,), "check": (0,), "publish": (0, 4), "verify": (0, 6), "releases": (0,)}
KILLS = 25


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory, command: Callable) -> Path:
    home = tmp_path_factory.mktemp("killed") / "data"
    asked = ("--people", "1000", "--months", "4", "--to", DELIVERY, "--seed", "77")
    assert command("demo", *asked, home=home).exit_code == 0
    (home / "int_marts.toml").write_text("releases_kept = 3\n")
    assert command("refresh", home=home).exit_code == 0
    return home


def landed_again(home: Path, number: int) -> list[str]:
    """One opt-out more or less, so that every patient-level feed is another: there is something to refresh."""
    listed = next((home / "landing" / DELIVERY).glob("opt_outs*"))
    kept = listed.with_name(".whole")
    whole = kept.read_text() if kept.exists() else listed.read_text()
    kept.write_text(whole)
    listed.write_text("\n".join(whole.splitlines()[: -1 - number % 2]) + "\n")
    return ["refresh"]


def somebody_asked(home: Path, number: int) -> list[str]:
    """Another person each time."""
    with (home / "landing" / DELIVERY / "community_contacts.csv").open(newline="") as contacts:
        people = sorted({row["PERSON_ID"] for row in csv.DictReader(contacts)} - {""})
    listed = home.parent / f"forget-{number}.csv"
    listed.write_text(people[number] + "\n")
    return ["forget", str(listed)]


def waived_otherwise(home: Path, number: int) -> list[str]:
    """Another waiver each time: there is something to publish."""
    words = f"reason: try {number}, owner: nobody, expires: 2026-12-31"
    (home / "waivers.yml").write_text(f"- {{check_id: accept.hes_apc.has_rows, delivery: {DELIVERY}, {words}}}\n")
    return ["publish"]


def just_check(home: Path, number: int) -> list[str]:
    return ["check"]


COMMANDS = {"refresh": landed_again, "forget": somebody_asked, "publish": waived_otherwise, "check": just_check}


def started(arguments: list[str], home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *arguments, "--home", str(home)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_group(group: int) -> None:
    with suppress(ProcessLookupError):  # it had ended by then
        os.killpg(group, signal.SIGKILL)


@pytest.mark.soak
@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_comes_after_a_kill_ends_well(name: str, small_home: Path, command: Callable) -> None:
    settings, prepare = load_settings(home=small_home), COMMANDS[name]
    planted, chance = planted_in(small_home / "landing"), random.Random(name)
    begun = time.monotonic()
    assert started(prepare(small_home, 0), small_home).wait() == 0
    took, hit, orphaned = time.monotonic() - begun, 0, list[int]()
    try:
        for number in range(1, KILLS + 1):
            process = started(prepare(small_home, number), small_home)
            time.sleep(chance.uniform(0, took))
            hit += process.poll() is None
            if number % 2:
                kill_group(process.pid)
            else:
                process.kill()
                orphaned.append(process.pid)
            process.wait()
            comes = chance.choice(list(NEXT))
            done = command(comes, home=small_home)
            assert done.exit_code in NEXT[comes], f"kill {number} of {name}, then {comes}: {done.stderr[-1500:]}"
            assert scan(small_home, planted) == [], f"kill {number} of {name}, then {comes}"
    finally:
        for group in orphaned:
            kill_group(group)
    assert hit > KILLS // 2, "most kills came too late: the test proves little"
    lists = list(small_home.parent.glob("forget-*.csv"))
    for listed in lists:
        assert command("forget", str(listed), home=small_home).exit_code == 0
    asked = {form for listed in lists for form in forms_of(settings, listed.read_text().strip())}
    assert command("refresh", home=small_home).exit_code == 0
    assert command("verify", home=small_home).exit_code == 0
    assert scan(small_home, planted) == []
    left = ("warehouse/.scratch-*", "lake/*/*/.building-*", "releases*/.*", "dbt/target/.build-*", "**/*.draft")
    assert not [path for pattern in left for path in small_home.glob(pattern)]
    assert not persons_in_lake(settings, asked)
