"""A demo of another seed through the whole pipeline; every figure of its release against the brute force and `truth.json`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from . import compare, compare_statistics
from .brute_force import BruteForce
from .leak_scan import planted_in, scan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oracle")]
# One demo in `make test`, nineteen more in `make soak`; `INT_MARTS_ORACLE_SEED` chooses another for the one.
SEED = int(os.environ.get("INT_MARTS_ORACLE_SEED", "7041"))
MORE_SEEDS = range(1, 20)
PEOPLE, MONTHS, LAST_MONTH, DELIVERIES = 2_500, 26, "2025-10", 2
SHOWN = 15


@pytest.fixture(scope="session", params=[SEED, *(pytest.param(seed, marks=pytest.mark.soak) for seed in MORE_SEEDS)])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, command: Callable):
    """Settings of a home whose newest delivery has been refreshed and published."""
    from orchestration.foundation.settings import load_settings
    from orchestration.synthetic import write_demo

    settings = load_settings(home=tmp_path_factory.mktemp("oracle"), threads=2, memory_limit="2GB")
    settings.paths.create()
    write_demo(
        settings.paths.landing, people=PEOPLE, months=MONTHS, to=LAST_MONTH, deliveries=DELIVERIES, seed=request.param
    )
    done = command("refresh", "--json", home=settings.paths.root)
    assert done.exit_code == 0, done.stderr[-4000:]
    return settings


@pytest.fixture(scope="session")
def release(demo) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(demo.paths.releases / "current" / "int_marts.duckdb"), read_only=True)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def brute(demo) -> BruteForce:
    return BruteForce(demo.paths.landing, LAST_MONTH, demo.sub_icb_codes)


def no_differences(found: list[compare.Difference]) -> None:
    assert not found, f"{len(found)} differences\n" + "\n".join(str(one) for one in found[:SHOWN])


@pytest.mark.parametrize(
    "mart",
    ["visits", "referrals", "contract_spend", "payments", "admissions", "readmissions", "populations", "indicators"],
    ids=str,
)
def test_figures(brute: BruteForce, release, mart: str):
    no_differences(getattr(compare, f"compare_{mart}")(brute, release))


def test_standardised_rates(brute: BruteForce, release):
    no_differences(compare_statistics.compare_standardised_admissions(brute, release))


@pytest.mark.parametrize(
    "check",
    [compare.compare_arithmetic, compare_statistics.compare_process_charts, compare_statistics.compare_funnels],
    ids=lambda check: check.__name__,
)
def test_statistics(release, check):
    no_differences(check(release))


def test_nothing_about_a_person_leaves(demo):
    kept = kept_columns()
    assert scan(Path(demo.paths.root), planted_in(demo.paths.landing, kept)) == []


def kept_columns() -> dict[str, set[str]]:
    """Source headers that each contract keeps (upper case)."""
    from orchestration.contracts import load_contracts

    kept: dict[str, set[str]] = {}
    for feed, contract in load_contracts().items():
        kept[feed] = {str(header) for column in contract.columns for header in column.headers()}
        kept[feed] |= {header for column in contract.columns for joined in column.join for header in joined.headers()}
    return kept
