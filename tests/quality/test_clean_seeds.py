"""Clean data is never shut: demos of many seeds and sizes, up to the release (`make soak`), or as far as landed data can show.

`INT_MARTS_SOAK_SEEDS=3` makes it a small one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.settings import Settings
from orchestration.landing.deliveries import list_deliveries
from orchestration.synthetic import write_demo
from tests.quality.attack.stages import stop

SEEDS = range(1, 1 + int(os.environ.get("INT_MARTS_SOAK_SEEDS", "20")))
DELIVERIES = ("2025-09", "2025-10")


@pytest.mark.soak
@pytest.mark.parametrize(("people", "months", "seed"), [(50_000, 26, 101), (300, 14, 102)])
def test_nothing_on_landed_data_shuts_a_clean_demo(tmp_path: Path, people: int, months: int, seed: int) -> None:
    settings = Settings(home=tmp_path / "data", threads=2)
    settings.paths.create()
    write_demo(settings.paths.landing, people=people, months=months, deliveries=2, seed=seed)
    duckdb.connect(str(settings.paths.warehouse_file)).close()
    for delivery in list_deliveries(settings.paths):
        assert stop(settings, delivery.name) == ("gate", []), delivery.name


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_seed_is_published(tmp_path: Path, command: Callable, seed: int) -> None:
    """Two deliveries, the second sending the first's months again: every fourth seed publishes both, the others the newest."""
    home = tmp_path / "data"
    demo = ("--people", "1500", "--months", "13", "--deliveries", "2", "--seed", str(seed))
    assert command("demo", *demo, home=home).exit_code == 0
    published = DELIVERIES if seed % 4 == 0 else DELIVERIES[-1:]
    for delivery in published:
        done = command("refresh", delivery, "--json", home=home)
        assert done.exit_code == 0, done.stdout[-4000:]
    receipt = json.loads((home / "warehouse" / "evidence" / "receipt.json").read_text())
    assert not [result for result in receipt["results"] if result["state"] in ("fail", "error")]
    if len(published) > 1:
        restated = {r["check_id"]: r for r in receipt["results"] if r["check_id"].startswith("restatement.")}
        assert {r["state"] for r in restated.values()} == {"pass"}
        assert all(r["rows_examined"] > 0 for r in restated.values())
