"""One build for all rule tests: thousands of random histories go through the real ingest and models once per session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ..oracle.brute_force import BruteForce
from .geographies import SUB_ICB
from .home import random_home

PEOPLE = 2_000


@pytest.fixture(scope="session")
def random_settings(tmp_path_factory: pytest.TempPathFactory):
    return random_home(Path(tmp_path_factory.mktemp("rules")), PEOPLE)


@pytest.fixture(scope="session")
def warehouse(random_settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(random_settings.paths.warehouse_file), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def brute(random_settings) -> BruteForce:
    return BruteForce(random_settings.paths.landing, "2025-03", (SUB_ICB,))
