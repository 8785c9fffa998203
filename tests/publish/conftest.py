from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from orchestration import publishing as publish
from orchestration.foundation.settings import Settings
from orchestration.publishing import pages, public, publisher
from orchestration.publishing.protection import protect
from tests.publish.fixture_warehouse import make_home, open_verdict
from tests.publish.quick_report import write_quick_report


@pytest.fixture
def real_report() -> None:
    """Asked for by a test that wants the report as it is published."""


@pytest.fixture(autouse=True)
def _quick_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_report" not in request.fixturenames:
        monkeypatch.setattr(pages, "write_report", write_quick_report)


@pytest.fixture
def whole_publication() -> None:
    """Asked for by a test, in a module with `quick_publication`, that wants all parts as they are published."""


@pytest.fixture
def quick_publication(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For modules about releases as such, whatever is in them: an empty workbook, and no proof that hidden counts are safe. Both have
    tests of their own and are more than half of the seconds of a small publication."""
    if "whole_publication" in request.fixturenames:
        return
    for room in (publisher, public):
        monkeypatch.setattr(room, "write_workbook", lambda _connection, target, *_, **__: target.write_text("workbook"))
    monkeypatch.setattr(public, "protect", functools.partial(protect, with_complementary=False))


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
