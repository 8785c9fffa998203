from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.quality import definitions
from tests.quality.build import Build


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A build that was checked and registered: the gate is open."""
    expectations = tmp_path / "expectations"
    monkeypatch.setattr(definitions, "EXPECTATIONS", expectations)
    monkeypatch.setattr(definitions, "REGISTRY_FILE", expectations / "checks.yml")
    made = Build(tmp_path / "data", expectations)
    made.register()
    made.examine()
    return made
