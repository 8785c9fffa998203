"""Quality looks at the version of a delivery that ingest points to, not at the highest number."""

from __future__ import annotations

from pathlib import Path

from orchestration.build.inputs import suppliers
from orchestration.foundation.settings import load_settings
from orchestration.gate.history import _versions_in_force
from orchestration.lake.feed import ingest_feed
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import write_good


def test_a_file_that_was_taken_back_is_not_looked_at(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, threads=1)
    landed = settings.paths.landing / "2025-10"
    versions = []
    for rows in (40, 41, 40):
        write_good(landed, "deaths", rows=rows)
        manifest = ingest_feed(settings, find_delivery(settings.paths), "deaths")
        assert manifest is not None
        versions.append(manifest.version)
    assert versions == [1, 2, 1]
    in_force = manifest.folder(settings.paths)
    assert [item.folder(settings.paths) for item in suppliers(settings.paths, "2025-10")["deaths"]] == [in_force]
    assert _versions_in_force(settings, "deaths", "2025-10") == [in_force]
