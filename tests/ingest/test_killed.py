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

from orchestration.deliveries import find_delivery
from orchestration.ingest import ingest_feed, write_inputs
from orchestration.ingest.manifest import current
from orchestration.settings import load_settings
from tests.ingest.good_files import write_good

START = dt.date(2025, 3, 1)
PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from orchestration.deliveries import find_delivery
from orchestration.ingest import ingest_feed, write_inputs
from orchestration.settings import load_settings
settings = load_settings(home=Path(sys.argv[1]), threads=1)
print("ready", flush=True)
ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
write_inputs(settings, "2025-10")
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1)
    folder = settings.paths.landing / "2025-10"
    write_good(folder, "gp_appointments", rows=40, start=START)
    ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
    write_inputs(settings, "2025-10")
    allowed = {40}
    chance = random.Random(11)
    for rows in (41, 42, 43, 44):
        write_good(folder, "gp_appointments", rows=rows, start=START)
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(chance.uniform(0.02, 0.9))
        process.send_signal(signal.SIGKILL)
        process.wait()
        allowed.add(rows)
        found = current(settings.paths, "gp_appointments", "2025-10")
        assert found is not None and found.rows_loaded in allowed
        assert write_inputs(settings, "2025-10").rows_live["gp_appointments"] == found.rows_loaded
    manifest = ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
    assert manifest is not None and manifest.rows_loaded == 44
    assert not list(settings.paths.lake.rglob(".building-*"))
