"""Cumulative deliveries across 1 April, one provider late, one under a new code: in any order the marts are those of one clean build.

`INT_MARTS_SOAK_DELIVERIES=3` makes it a small one; 1 April lies between the deliveries at every size.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.synthetic import write_demo

pytestmark = pytest.mark.soak

DELIVERIES = int(os.environ.get("INT_MARTS_SOAK_DELIVERIES", "14"))
FIRST_OF_YEAR = 2025 * 12 + 3
MONTHS = [
    f"{number // 12}-{number % 12 + 1:02d}"
    for number in range(FIRST_OF_YEAR - DELIVERIES // 2, FIRST_OF_YEAR - DELIVERIES // 2 + DELIVERIES)
]
LATE_PROVIDER, LATE_IN = "ZX3", "2025-04"
OLD_CODE, NEW_CODE, RECODED_FROM = b"ZX4", b"ZX7", "2025-04"
# Written by the publisher about the release itself: what came before it is part of what they say.
ABOUT_THE_RELEASE = {"data_quality", "restatements", "release_info"}
PUBLISHED, GATE_SHUT = 0, 4


@pytest.fixture(scope="module")
def arrivals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deliveries, one folder each, before they land."""
    folder = tmp_path_factory.mktemp("arrivals")
    write_demo(folder, people=1_500, months=DELIVERIES + 6, to=MONTHS[-1], deliveries=DELIVERIES, seed=11)
    for name in MONTHS:
        if name >= RECODED_FROM:
            for path in (path for path in (folder / name).rglob("*") if path.is_file()):
                path.write_bytes(path.read_bytes().replace(OLD_CODE, NEW_CODE))
    assert leave_out_the_late_provider(folder / LATE_IN) > 0
    return folder


def leave_out_the_late_provider(delivery: Path) -> int:
    """Its rows of the newest month come with the next delivery."""
    left_out = 0
    for feed, provider, day in (
        ("hes_apc", "PROCODE3", "EPISTART"),
        ("hes_op", "PROCODE3", "APPTDATE"),
        ("ecds", "PROVIDER_CODE", "ARRIVAL_DATE"),
    ):
        for path in sorted(delivery.glob(f"{feed}*")):
            head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            names = head.rstrip("\r\n").split("|")
            at, on = names.index(provider), names.index(day)
            kept = [
                row
                for row in rows
                if not (row.split("|")[at] == LATE_PROVIDER and row.split("|")[on].startswith(delivery.name))
            ]
            path.write_text(head + "".join(kept), encoding="utf-8")
            left_out += len(rows) - len(kept)
    return left_out


def land(arrivals: Path, home: Path, name: str) -> None:
    shutil.copytree(arrivals / name, home / "landing" / name, dirs_exist_ok=True)


def figures(home: Path) -> dict[str, str]:
    """Content hash of every mart of the current release."""
    receipt = json.loads((home / "releases" / "current" / "release.json").read_text())
    assert receipt["as_of_delivery"] == MONTHS[-1]
    return {
        name: table["content_hash"]
        for name, table in receipt["tables"].items()
        if name.split(".")[-1] not in ABOUT_THE_RELEASE
    }


@pytest.fixture(scope="module")
def clean(arrivals: Path, tmp_path_factory: pytest.TempPathFactory, command: Callable) -> Path:
    """Everything lands at once and is built once."""
    home = tmp_path_factory.mktemp("clean")
    for name in MONTHS:
        land(arrivals, home, name)
    done = command("refresh", "--json", home=home)
    assert done.exit_code == PUBLISHED, done.stderr[-3000:]
    return home


def orders() -> dict[str, list[str]]:
    half = len(MONTHS) // 2
    return {
        "in order": MONTHS,
        "shuffled": random.Random(5).sample(MONTHS, len(MONTHS)),
        "with repeats": [*MONTHS[: half + 1], *MONTHS[half - 1 :], MONTHS[half]],
    }


@pytest.mark.parametrize("order", list(orders()))
def test_however_they_arrive(order: str, arrivals: Path, clean: Path, tmp_path: Path, command: Callable) -> None:
    published: list[str] = []
    for name in orders()[order]:
        land(arrivals, tmp_path, name)
        done = command("refresh", name, "--json", home=tmp_path)
        # An older or newer delivery with others still missing may be refused by the gate; nothing else may happen.
        assert done.exit_code in (PUBLISHED, GATE_SHUT), done.stderr[-3000:]
        if done.exit_code == PUBLISHED:
            published.append(name)
            now = json.loads((tmp_path / "releases" / "current.json").read_text())["release"]
            assert now.startswith(f"{max(published)}."), f"{name} moved `current` to {now}"
    done = command("refresh", "--json", home=tmp_path)
    assert done.exit_code == PUBLISHED, done.stderr[-3000:]
    expected, found = figures(clean), figures(tmp_path)
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert set(found) == set(expected)


def test_the_changed_provider_and_the_late_one_are_there(clean: Path) -> None:
    """The deliveries do hold what they are to prove: both codes, and the late provider's month in the delivery after."""
    with duckdb.connect(str(clean / "warehouse" / "inputs.duckdb"), read_only=True) as connection:
        months = dict(
            connection.execute(
                "select provider_code, list(distinct strftime(coverage_month, '%Y-%m') order by 1) "
                "from plan.feed_coverage where feed = 'hes_op' and rows_live > 0 group by 1"
            ).fetchall()
        )
    assert max(months[OLD_CODE.decode()]) < RECODED_FROM <= min(months[NEW_CODE.decode()])
    assert LATE_IN in months[LATE_PROVIDER]
