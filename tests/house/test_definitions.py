"""The code location: loads without a warning, every asset described, owned and in its group, the graph one-directional."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ASSET_GROUPS, PROJECT_ROOT

pytestmark = pytest.mark.slow


def test_every_asset_has_a_description_an_owner_and_a_group(definitions) -> None:
    specs = list(definitions.resolve_all_asset_specs())
    assert len(specs) > 80
    lacking = [
        s.key.to_user_string() for s in specs if not s.description or not s.owners or s.group_name not in ASSET_GROUPS
    ]
    assert not lacking


def test_the_graph_flows_one_way(definitions) -> None:
    back = []
    for spec in definitions.resolve_all_asset_specs():
        for dep in spec.deps:
            if (
                ASSET_GROUPS.index(dep.asset_key.path[0]) > ASSET_GROUPS.index(spec.key.path[0])
                and dep.asset_key.path[0] != "as_at"
            ):
                back.append(f"{dep.asset_key.to_user_string()} → {spec.key.to_user_string()}")
    assert not back


def test_it_loads_quietly_and_in_seconds(parsed_home: Path) -> None:
    """Six seconds of processor time, which a busy machine does not stretch."""
    code = (
        "from orchestration.foundation.settings import load_settings; from orchestration.definitions import build_definitions; "
        "from pathlib import Path; import dagster as dg; "
        f"dg.Definitions.validate_loadable(build_definitions(load_settings(home=Path({str(parsed_home)!r}))))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warning" not in done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6


def test_dagster_itself_finds_the_code_location(parsed_home: Path, tmp_path: Path) -> None:
    import os

    done = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "INT_MARTS_HOME": str(parsed_home),
            "PYTHONPATH": str(PROJECT_ROOT),
            "DAGSTER_HOME": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]
