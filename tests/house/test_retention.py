"""What a home keeps is bounded, and what was taken is said."""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.foundation.settings import load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import current, number_of, version_folders
from orchestration.landing.deliveries import find_delivery
from orchestration.releases import retention
from tests.ingest.good_files import write_good


def test_versions_that_nothing_names_go_and_the_one_in_force_stays(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1)
    for rows in (20, 21, 22):
        write_good(settings.paths.landing / "2025-10", "deaths", rows=rows)
        ingest_feed(settings, find_delivery(settings.paths), "deaths")
    assert [number_of(f) for f in version_folders(settings.paths, "deaths", "2025-10")] == [1, 2, 3]
    assert retention.tidy(settings) == ["2 versions of the lake that no kept release names"]
    assert [number_of(f) for f in version_folders(settings.paths, "deaths", "2025-10")] == [3]
    assert current(settings.paths, "deaths", "2025-10").rows_loaded == 22  # type: ignore[union-attr]
    assert retention.tidy(settings) == []


def test_as_long_as_a_release_is_damaged_versions_stay(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1)
    for rows in (20, 21):
        write_good(settings.paths.landing / "2025-10", "deaths", rows=rows)
        ingest_feed(settings, find_delivery(settings.paths), "deaths")
    (settings.paths.releases / "2025-10.1").mkdir(parents=True)
    assert retention.tidy(settings) == []


def test_old_logs_go_and_receipts_of_removal_stay(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1, retention_months=12)
    for name in ("alerts/old.json", "alerts/new.json", "retention/0001-forget.json"):
        (settings.paths.logs / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.paths.logs / name).write_text("{}")
        if "new" not in name:
            os.utime(settings.paths.logs / name, (0, 0))
    assert retention.tidy(settings) == ["1 logs older than 12 months"]
    assert sorted(path.name for path in settings.paths.logs.rglob("*.json")) == ["0001-forget.json", "new.json"]
