"""SIGKILL at any moment of an ingest leaves the old version or the new one, complete; the next run finishes the job."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.build.inputs import write_inputs
from orchestration.foundation.settings import load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import current
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import write_good

# Early enough that every row lies before the data cut, a hundred kills later too.
START = dt.date(2023, 6, 1)
PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from orchestration.landing.deliveries import find_delivery
from orchestration.lake.feed import ingest_feed
from orchestration.build.inputs import write_inputs
from orchestration.foundation.settings import load_settings
settings = load_settings(home=Path(sys.argv[1]), threads=1)
print("ready", flush=True)
ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
write_inputs(settings, "2025-10")
print("done", flush=True)
"""


def start(home: Path) -> subprocess.Popen[str]:
    """An ingest in a process of its own, which is about to begin."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", PROGRAM, str(home)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_at_random_moments(kills: int, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1)
    folder = settings.paths.landing / "2025-10"
    write_good(folder, "gp_appointments", rows=40, start=START)
    process, begun = start(tmp_path), time.monotonic()
    assert process.wait() == 0
    takes = time.monotonic() - begun
    allowed, left_over = {40}, 0
    chance = random.Random(11)
    for rows in range(41, 41 + kills):
        write_good(folder, "gp_appointments", rows=rows, start=START)
        process = start(tmp_path)
        time.sleep(chance.uniform(0, takes))
        process.send_signal(signal.SIGKILL)
        process.wait()
        left_over += len(list(settings.paths.lake.rglob(".building-*")))
        allowed.add(rows)
        found = current(settings.paths, "gp_appointments", "2025-10")
        assert found is not None and found.rows_loaded in allowed
        assert write_inputs(settings, "2025-10").rows_live["gp_appointments"] == found.rows_loaded
    manifest = ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
    assert manifest is not None and manifest.rows_loaded == 40 + kills
    assert not list(settings.paths.lake.rglob(".building-*"))
    assert left_over or kills < 100, "no kill hit an ingest at work: the test proves nothing"
