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
# tests that read a few models only; where no others are chosen, the build stops at these
READS = {
    "test_spells": ("spells",),
    "test_continuous_inpatient_spells": ("continuous_inpatient_spells",),
    "test_readmissions": ("readmissions_by_index",),
    "test_bed_nights": ("bed_nights", "dim_month"),
    "test_ae_duplicates": ("ae_attendances",),
    "test_admissions": ("admissions",),
    "test_membership_by_date_and_succession": ("practice_areas", "dim_month"),
    "test_registered_population": ("registered_population", "dim_month"),
    "test_shares_are_by_nights_and_sum_to_the_penny": ("build",),
}


def models_read(items: list[pytest.Item]) -> tuple[str, ...]:
    """The models that the chosen tests read; none named means all."""
    chosen = {
        getattr(item, "originalname", "") for item in items if "random_settings" in getattr(item, "fixturenames", ())
    }
    return tuple(sorted({model for name in chosen for model in READS[name]})) if chosen <= READS.keys() else ()


@pytest.fixture(scope="session")
def random_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    return random_home(Path(tmp_path_factory.mktemp("rules")), PEOPLE, models_read(request.session.items))


@pytest.fixture(scope="session")
def warehouse(random_settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(random_settings.paths.warehouse_file), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def brute(random_settings) -> BruteForce:
    return BruteForce(random_settings.paths.landing, "2025-03", (SUB_ICB,))
