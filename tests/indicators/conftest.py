from __future__ import annotations

from pathlib import Path

import pytest

from tests.indicators.harness import Bench, compiled_folder


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_folder(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def bench(compiled: Path) -> Bench:
    return Bench(compiled)
