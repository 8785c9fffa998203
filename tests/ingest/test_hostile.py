"""Hostile input: refused with a named reason, or loaded with an exact account of every row. Never anything else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import Settings, load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import Manifest
from orchestration.landing.deliveries import find_delivery
from tests.ingest.defects import Case, all_cases, fuzz_cases

CASES = all_cases()
SAMPLE = CASES[:: len(CASES) // 24]
FUZZ = list(fuzz_cases(92))


def ingest_one(home: Path, feed: str, name: str, content: bytes) -> tuple[Settings, Manifest | None, str]:
    settings = load_settings(home=home, threads=2)
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    try:
        return settings, ingest_feed(settings, find_delivery(settings.paths), feed), ""
    except DeliveryRefused as refusal:
        return settings, None, str(refusal)


def check(case: Case, home: Path) -> None:
    settings, manifest, refusal = ingest_one(home, case.feed, case.name, case.content)
    expected = case.outcome
    if expected.refused is not None:
        assert manifest is None
        assert re.search(expected.refused, refusal), refusal
        assert case.name in refusal and "\n" not in refusal
        told = json.loads((settings.paths.logs / "refused" / "2025-10.json").read_text())
        assert told["message"] == refusal
        assert not list(settings.paths.lake.glob("*/delivery=*/version=*"))
        assert not list(settings.paths.lake.glob("*/delivery=*/.building*"))
    else:
        assert manifest is not None, refusal
        assert (manifest.rows_loaded, manifest.rows_quarantined, manifest.rows_removed) == (
            expected.loaded,
            expected.quarantined,
            expected.removed,
        )


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.id)
def test_a_sample_of_hostile_files(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.attack
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_hostile_files(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def check_fuzz(number: int, home: Path) -> None:
    feed, _, broken = FUZZ[number]
    name = "gp_payments_2022-23.csv" if feed == "gp_payments" else f"{feed}.csv"
    _, manifest, refusal = ingest_one(home, feed, name, broken())
    if manifest is None:
        assert name in refusal
    else:
        removed = sum(manifest.rows_removed.values())
        assert manifest.rows_read == manifest.rows_loaded + manifest.rows_quarantined + removed


@pytest.mark.slow
@pytest.mark.parametrize("number", range(0, len(FUZZ), 23))
def test_a_sample_of_broken_bytes(number: int, tmp_path: Path) -> None:
    check_fuzz(number, tmp_path)


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(FUZZ)))
def test_broken_bytes(number: int, tmp_path: Path) -> None:
    check_fuzz(number, tmp_path)
