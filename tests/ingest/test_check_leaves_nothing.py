"""`int-marts check` writes nothing into the lake, and a killed one leaves nothing behind that the next command does not sweep."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.foundation.hashes import hash_file
from orchestration.foundation.home_lock import hold, scratch_folder
from orchestration.foundation.settings import Settings, load_settings
from orchestration.lake.check import check_delivery
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import as_text, person, write_good

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An older delivery in the lake, whose opt-outs were sent again since; a newer one that never was."""
    made = load_settings(home=tmp_path / "home", threads=1, required_feeds=("deaths",))
    (made.paths.landing).mkdir(parents=True)
    (made.paths.root / "int_marts.toml").write_text('required_feeds = ["deaths"]\nthreads = 1\n')
    for feed in ("deaths", "person_cohorts"):
        write_good(made.paths.landing / "2025-09", feed)
    opt_outs(made, "2025-09", 1)
    ingest_delivery(made, find_delivery(made.paths))
    opt_outs(made, "2025-09", 2)
    for feed in ("deaths", "person_cohorts"):
        write_good(made.paths.landing / "2025-10", feed, rows=30)
    return made


def opt_outs(settings: Settings, delivery: str, people: int) -> None:
    rows = [["PERSON_ID"], *([person(n)] for n in range(people))]
    (settings.paths.landing / delivery / "opt_outs.csv").write_text(as_text(rows), encoding="utf-8")


def lake_of(settings: Settings) -> dict[str, str]:
    return {
        str(p.relative_to(settings.paths.lake)): hash_file(p) for p in settings.paths.lake.rglob("*") if p.is_file()
    }


def test_the_lake_is_as_it_was(settings: Settings) -> None:
    before = lake_of(settings)
    assert check_delivery(settings, find_delivery(settings.paths), lambda dry, delivery: [])
    assert lake_of(settings) == before
    assert not list(settings.paths.warehouse.glob(".scratch-*"))


def test_a_check_at_work_is_not_swept(settings: Settings) -> None:
    with scratch_folder(settings.paths, "check") as mine:
        (mine / "file").write_text("at work")
        with hold(settings.paths, "another command"), scratch_folder(settings.paths, "check"):
            assert (mine / "file").exists()
    assert not mine.exists()


@pytest.mark.slow
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_a_killed_check_leaves_nobody_behind(kills: int, settings: Settings) -> None:
    before = lake_of(settings)
    command = [sys.executable, "-m", "orchestration.cli", "check", "2025-10", "--home", str(settings.paths.root)]
    begun = time.monotonic()
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    takes = time.monotonic() - begun
    chance, left_over = random.Random(3), 0
    for _ in range(kills):
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.4 * takes, takes))
        process.send_signal(signal.SIGKILL)
        process.wait()
        left_over += len(list(settings.paths.warehouse.glob(".scratch-*/")))
        with hold(settings.paths, "the next command"):
            assert not list(settings.paths.warehouse.glob(".scratch-*"))
        assert lake_of(settings) == before
    assert left_over or kills < 100, "no kill hit a check at work: the test proves nothing"
