"""A snapshot of every asset, check, job, schedule and sensor: a change of the graph is seen in review.

`python -m tests.house.test_keys` rewrites the snapshot after a person has looked.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

SNAPSHOT = Path(__file__).with_name("keys.txt")


def keys_of(definitions) -> list[str]:
    repository = definitions.get_repository_def()
    lines = [f"asset {key.to_user_string()}" for key in repository.asset_graph.get_all_asset_keys()]
    lines += [f"check {key.asset_key.to_user_string()}:{key.name}" for key in repository.asset_graph.asset_check_keys]
    lines += [f"job {job.name}" for job in repository.get_all_jobs() if not job.name.startswith("__")]
    lines += [f"schedule {schedule.name}" for schedule in repository.schedule_defs]
    lines += [f"sensor {sensor.name}" for sensor in repository.sensor_defs]
    return sorted(lines)


@pytest.mark.slow
def test_the_graph_is_the_one_in_the_snapshot(definitions) -> None:
    then, now = SNAPSHOT.read_text().splitlines(), keys_of(definitions)
    changed = list(difflib.unified_diff(then, now, "snapshot", "now", lineterm="", n=0))
    assert not changed, "\n".join([*changed, "if this is meant: python -m tests.house.test_keys"])


if __name__ == "__main__":
    import tempfile

    from orchestration.definitions import build_definitions
    from orchestration.foundation.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        SNAPSHOT.write_text("\n".join(keys_of(build_definitions(load_settings(home=Path(folder))))) + "\n")
