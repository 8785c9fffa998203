from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration import publish
from orchestration.publish import pages
from orchestration.settings import Settings
from tests.publish.fixture_warehouse import make_home, open_verdict
from tests.publish.quick_report import write_quick_report


@pytest.fixture
def real_report() -> None:
    """Asked for by a test that wants the report as it is published."""


@pytest.fixture(autouse=True)
def _quick_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_report" not in request.fixturenames:
        monkeypatch.setattr(pages, "write_report", write_quick_report)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the release 2025-10.1 of the fixture's six teams. Never changed: tests that write take a copy."""
    root = tmp_path_factory.mktemp("small") / "data"
    settings = make_home(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "write_report", write_quick_report)
        publish.publish(settings, "2025-10", open_verdict(settings))
    return root


@pytest.fixture
def settings(small_home: Path, tmp_path: Path) -> Settings:
    """A copy of the small home, to do with as a test likes."""
    root = tmp_path / "data"
    shutil.copytree(small_home, root, symlinks=True)
    return Settings(home=root, threads=1, memory_limit="1GB", releases_kept=3)
