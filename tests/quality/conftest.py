from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.gate import definitions
from tests.quality.build import Build


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A build that was checked and registered: the gate is open."""
    monkeypatch.setattr(definitions, "EXPECTATIONS", definitions.EXPECTATIONS)
    monkeypatch.setattr(definitions, "REGISTRY_FILE", definitions.REGISTRY_FILE)
    return Build.checked(tmp_path)
