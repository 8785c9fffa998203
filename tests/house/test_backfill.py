"""Several deliveries at once: all are taken in side by side, the newest is refreshed, in one run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.foundation.settings import Settings, load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.lake.whole_delivery import ingest_feed_up_to
from orchestration.landing.deliveries import find_delivery

NAMES = ["2025-08", "2025-09", "2025-10"]
# the order in which they came to be known: the newest is not the last
KNOWN = ["2025-08", "2025-10", "2025-09"]
RANGE = {"dagster/asset_partition_range_start": KNOWN[0], "dagster/asset_partition_range_end": KNOWN[-1]}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three deliveries of deaths: one, two and three of them, the newest with an impossible date as well."""
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    loaded = load_settings(threads=2)
    loaded.paths.create()
    lines = ["PERSON_ID,DEATH_DATE,PRACTICE_CODE,AGE,SEX"]
    for number, name in enumerate(NAMES, start=1):
        lines.append(f"{'ABCDEF'[number] * 32},{name}-01,Z10001,8{number},1")
        folder = loaded.paths.landing / name
        folder.mkdir()
        (folder / "deaths.csv").write_text("\n".join(lines) + "\n")
    return loaded


def test_deliveries_taken_in_side_by_side_are_those_taken_in_one_by_one(settings: Settings, tmp_path: Path) -> None:
    together = ingest_feed_up_to(settings, "2025-10", "deaths")
    assert {name: manifest.rows_read for name, manifest in together.items()} == dict(zip(NAMES, (1, 2, 3), strict=True))
    assert list(ingest_feed_up_to(settings, "2025-09", "deaths")) == NAMES[:2]
    alone = load_settings(home=tmp_path / "alone")
    alone.paths.create()
    alone.paths.landing.rmdir()
    alone.paths.landing.symlink_to(settings.paths.landing)
    for name in NAMES:
        one = ingest_feed(alone, find_delivery(alone.paths, name), "deaths")
        assert one == together[name]


@dataclass(frozen=True)
class Fake:
    """A publication that only remembers for what it was asked."""

    asked: list[str]

    def publish_delivery(self, _: Settings, delivery: str) -> SimpleNamespace:
        self.asked.append(delivery)
        folder = Path("somewhere")
        made = SimpleNamespace(release_id=f"{delivery}.1", report=folder, folder=folder, rows_by_table={})
        return SimpleNamespace(release=made, is_new=True)


@pytest.mark.slow
def test_of_several_deliveries_in_one_run_each_is_taken_in_and_only_the_newest_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.graph.assets.landing import LANDING_KEY, lake_assets, lake_key, landing_delivery
    from orchestration.graph.assets.release import RELEASE_KEY, release
    from orchestration.graph.assets.shared import HomeResource
    from orchestration.graph.instance import DELIVERY_PARTITIONS

    fake = Fake([])
    monkeypatch.setattr("orchestration.graph.assets.release.publish_delivery", fake.publish_delivery)
    monkeypatch.setattr("orchestration.graph.assets.release.headline_of", lambda _: None)
    monkeypatch.setattr("orchestration.graph.assets.release.receipt_markdown", lambda _: "")
    deaths = next(asset for asset in lake_assets if asset.key == lake_key("deaths"))

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DELIVERY_PARTITIONS, KNOWN)
        done = dg.materialize(
            [landing_delivery, deaths, release], instance=instance, tags=RANGE, resources={"home": HomeResource()}
        )
        assert done.success
        made = {
            (event.asset_key, event.partition): event.materialization.metadata
            for event in done.all_events
            if event.is_step_materialization
        }
    assert sorted(name for key, name in made if key == LANDING_KEY) == NAMES
    rows = {name: facts["rows_loaded"].value for (key, name), facts in made.items() if key == lake_key("deaths")}
    assert rows == dict(zip(NAMES, (1, 2, 3), strict=True))
    assert [name for key, name in made if key == RELEASE_KEY] == ["2025-10"]
    assert fake.asked == ["2025-10"]


@pytest.mark.slow
def test_the_ui_makes_one_run_of_several_deliveries(definitions) -> None:
    import dagster as dg

    job = definitions.resolve_job_def("refresh")
    assert job.backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.slow
def test_nothing_is_tried_again_where_trying_again_cannot_help(definitions, tmp_path: Path) -> None:
    """A failed check, a refused file or broken SQL is the same the second time; only the network is (`orchestration.gate.alerts`)."""
    from orchestration.foundation.errors import GateShut
    from orchestration.graph.assets.shared import told
    from orchestration.graph.instance import instance_config

    settings = load_settings(home=tmp_path)
    job = definitions.resolve_job_def("refresh")
    assert [node.name for node in job.all_node_defs if getattr(node, "retry_policy", None)] == []
    assert "run_retries" not in instance_config(settings)
    assert told(GateShut("shut")).allow_retries is False
