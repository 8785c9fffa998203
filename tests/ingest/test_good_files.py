"""A good file of every feed loads whole, and the same file again is not read again."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest

from orchestration.build.inputs import write_inputs
from orchestration.contracts import load_contracts
from orchestration.foundation.settings import load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import HEADERS, ROWS, as_text, table, write_good
from tests.ingest.test_cases import ingest


@pytest.mark.parametrize("feed", sorted(load_contracts()))
def test_a_good_file_loads_whole(feed: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=2)
    write_good(settings.paths.landing / "2025-10", feed)
    manifest = ingest_feed(settings, find_delivery(settings.paths), feed)
    assert manifest is not None
    assert (manifest.rows_read, manifest.rows_loaded) == (ROWS, ROWS)
    assert (manifest.rows_removed, manifest.values_nulled) == ({}, {})
    assert write_inputs(settings, "2025-10").rows_live[feed] == ROWS
    with duckdb.connect(str(settings.paths.inputs_file), read_only=True) as connection:
        found = {row[0]: row[1] for row in connection.execute(f"describe live.{feed}").fetchall()}
    assert found == load_contracts()[feed].lake_columns()


def test_a_known_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(home=tmp_path, threads=2)
    write_good(settings.paths.landing / "2025-10", "deaths")
    delivery = find_delivery(settings.paths)
    first = ingest_feed(settings, delivery, "deaths")
    time.sleep(0.03)  # a file that is younger than a tick of the kernel's clock is not remembered
    assert ingest_feed(settings, delivery, "deaths") == first
    monkeypatch.setattr("orchestration.foundation.hashes.hash_file", lambda path: pytest.fail("read again"))
    assert ingest_feed(settings, delivery, "deaths") == first


def test_a_version_is_the_same_bytes_whatever_the_hosts_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for number, zone in enumerate(("America/New_York", "Pacific/Auckland")):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        home = tmp_path / str(number)
        files = {feed: {f"{feed}_2022-23.csv": as_text(table(feed))} for feed in sorted(HEADERS) if HEADERS[feed]}
        found.append({feed: ingest(home / feed, feed, named)[0].parquet for feed, named in files.items()})
    monkeypatch.undo()
    time.tzset()
    assert found[0] == found[1] and len(found[0]) > 25
