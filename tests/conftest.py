"""Fixtures that several rooms share: one small published home, made once per test session and worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.foundation.code_version import code_fingerprint
from tests.network_namespace import cut_off

PROJECT_ROOT = Path(__file__).resolve().parent.parent
REAL = PROJECT_ROOT.parent / "shared" / "real"
KEPT_HOMES_VARIABLE = "INT_MARTS_TEST_HOMES"
DEMO = ("--people", "4000", "--months", "14", "--to", "2025-10", "--deliveries", "2", "--seed", "7")

# groups of the asset graph, in the direction of the data
ASSET_GROUPS = (
    "landing",
    "lake",
    "inputs",
    "seeds",
    "staging",
    "intermediate",
    "measures",
    "indicators",
    "marts",
    "as_at",
    "bi",
    "warehouse",
    "gate",
    "release",
)

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def body(self) -> dict:
        return json.loads(self.stdout)


def int_marts(
    *arguments: str, home: Path, environment: dict[str, str] | None = None, packets: Path | None = None
) -> Done:
    """Run the command as a person would, in a process of its own; with `packets`, cut off from every network."""
    command = [sys.executable, "-m", "orchestration.cli", *arguments, "--home", str(home)]
    command = cut_off(command, packets) if packets else command
    env = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=PROJECT_ROOT)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on the published home go to one worker, so that it is made once. First: xdist reads the groups in a hook of this name."""
    for item in items:
        if {"published_home", "copy_of_home"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("published_home"))


@pytest.fixture(scope="session")
def command() -> Callable[..., Done]:
    return int_marts


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two demo deliveries and a published release of the second. Read-only: copy it (`copy_of_home`) to change it.

    Making it takes a minute or two. `INT_MARTS_TEST_HOMES=<folder>` keeps it there, one for each state of the code.
    """
    kept = os.environ.get(KEPT_HOMES_VARIABLE)
    if not kept:
        return publish_demo(tmp_path_factory.mktemp("published") / "data")
    home = Path(kept) / code_fingerprint()[:16] / "data"
    if not home.exists():
        publish_demo(made := tmp_path_factory.mktemp("published") / "data")
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, waiting := home.with_name(f"data.{os.getpid()}"), symlinks=True)
        # whoever was faster wins: both made the same
        try:
            waiting.rename(home)
        except OSError:
            shutil.rmtree(waiting)
    return home


def publish_demo(home: Path) -> Path:
    made = int_marts("demo", *DEMO, home=home)
    assert made.exit_code == 0, made.stderr
    done = int_marts("refresh", "--json", home=home, packets=packets_file(home))
    assert done.exit_code == 0, done.stderr[-4000:]
    return home


def packets_file(home: Path) -> Path:
    """Where the refresh of the published home leaves how many packets tried to leave the machine."""
    return home / "logs" / "packets"


@pytest.fixture
def copy_of_home(published_home: Path, tmp_path: Path) -> Path:
    """The published home, to be broken."""
    target = tmp_path / "data"
    shutil.copytree(published_home, target, symlinks=True)
    return target


@pytest.fixture(scope="session")
def real_files() -> Path:
    if not REAL.is_dir():
        pytest.skip("the real public files (../shared/real) are not beside the project: nothing to test them with")
    return REAL
