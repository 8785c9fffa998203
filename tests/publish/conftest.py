from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import publish
from orchestration.settings import Settings
from tests.publish.fixture_warehouse import make_home, open_verdict


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the release 2025-10.1. Never changed: tests that write take a copy."""
    root = tmp_path_factory.mktemp("published") / "data"
    settings = make_home(root)
    publish.publish(settings, "2025-10", open_verdict(settings))
    return root


@pytest.fixture
def home_copy(published_home: Path, tmp_path: Path) -> Callable[[], Settings]:
    def copy() -> Settings:
        root = tmp_path / "data"
        shutil.copytree(published_home, root, symlinks=True)
        return Settings(home=root, threads=1, memory_limit="1GB", releases_kept=3)

    return copy


@pytest.fixture
def settings(home_copy: Callable[[], Settings]) -> Settings:
    return home_copy()
