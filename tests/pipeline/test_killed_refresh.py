"""SIGKILL at any moment of a refresh: the next one ends well, and nobody's data lies outside landing, lake and warehouse."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT
from tests.oracle.leak_scan import planted_in, scan


def change_something(home: Path) -> None:
    """One opt-out more: every patient-level feed is read again."""
    listed = next((home / "landing" / "2025-10").glob("opt_outs*"))
    lines = listed.read_text().splitlines()
    listed.write_text("\n".join(lines[:-1]) + "\n")


@pytest.mark.soak
@pytest.mark.parametrize("kills", [10, 100])
def test_a_killed_refresh_is_finished_by_the_next(kills: int, copy_of_home: Path, command: Callable) -> None:
    planted = planted_in(copy_of_home / "landing")
    change_something(copy_of_home)
    refresh = [sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(copy_of_home)]
    chance, hit = random.Random(5), 0
    for _ in range(kills):
        process = subprocess.Popen(
            refresh, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(chance.uniform(2, 60))
        hit += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert command("verify", home=copy_of_home).exit_code in (0, 6)
        assert scan(copy_of_home, planted) == []
    assert hit > kills // 2, "most kills came too late: the test proves little"
    assert command("refresh", home=copy_of_home).exit_code == 0
    assert command("verify", home=copy_of_home).exit_code == 0
    assert scan(copy_of_home, planted) == []
    assert not [
        path
        for pattern in (".scratch-*", "lake/*/*/.building-*", "releases*/.*")
        for path in copy_of_home.glob(pattern)
    ]
