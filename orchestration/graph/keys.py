"""Every asset, check, job, schedule and sensor by name: a change of the graph is seen in review."""

from __future__ import annotations

import dagster as dg

from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.graph.definitions import build_definitions

SNAPSHOT = PROJECT_ROOT / "tests" / "house" / "keys.txt"


def keys_of(definitions: dg.Definitions) -> list[str]:
    repository = definitions.get_repository_def()
    lines = [f"asset {key.to_user_string()}" for key in repository.asset_graph.get_all_asset_keys()]
    lines += [f"check {key.asset_key.to_user_string()}:{key.name}" for key in repository.asset_graph.asset_check_keys]
    lines += [f"job {job.name}" for job in repository.get_all_jobs() if not job.name.startswith("__")]
    lines += [f"schedule {schedule.name}" for schedule in repository.schedule_defs]
    lines += [f"sensor {sensor.name}" for sensor in repository.sensor_defs]
    return sorted(lines)


def write_keys(settings: Settings) -> int:
    """Take the graph as it is into the snapshot; how many keys it has."""
    keys = keys_of(build_definitions(settings))
    SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
    SNAPSHOT.write_text("\n".join(keys) + "\n", encoding="utf-8")
    return len(keys)
