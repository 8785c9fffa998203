"""What is done otherwise with large files gives the same: rows written in shares, NHS numbers looked for in a share."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest

from orchestration.contracts import load_contracts
from orchestration.foundation.settings import load_settings
from orchestration.lake import privacy, rows
from orchestration.lake.feed import ingest_feed
from orchestration.lake.privacy import CANDIDATES_CHECKED, count_valid, holds_nhs_numbers, values_in_shape
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import write_good

APRIL = dt.date(2026, 4, 1)


def months(*counts: int) -> list[tuple[dt.date | None, int]]:
    return [(dt.date(2020 + number // 12, number % 12 + 1, 1), count) for number, count in enumerate(counts)]


def test_each_month_is_in_one_share_and_shares_are_about_equal() -> None:
    chance = random.Random(5)
    for _ in range(300):
        given = months(*(chance.randrange(1, 400_000) for _ in range(chance.randrange(1, 40))))
        if chance.random() < 0.3:
            given.append((None, chance.randrange(1, 1000)))
        shares = rows.shared_out(given)
        assert [month for share in shares for month in share] == [month for month, _ in given]
        assert 1 <= len(shares) <= rows.MOST_SHARES
        total, largest = sum(count for _, count in given), max(count for _, count in given)
        for share in shares:
            assert sum(count for month, count in given if month in share) <= total / len(shares) + 2 * largest


def test_nothing_to_write_is_no_share_and_few_rows_are_one() -> None:
    assert rows.shared_out([]) == []
    assert rows.shared_out([(APRIL, 10), (None, 90)]) == [[APRIL, None]]


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_written_in_shares_are_the_rows_of_one_share(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for small in (1_000_000, 1):
        monkeypatch.setattr(rows, "SMALL_SHARE_ROWS", small)
        settings = load_settings(home=tmp_path / str(small), threads=threads, required_feeds=("gp_appointments",))
        write_good(settings.paths.landing / "2025-10", "gp_appointments", rows=140, start=dt.date(2023, 6, 1))
        manifest = ingest_feed(settings, find_delivery(settings.paths), "gp_appointments")
        assert manifest is not None and manifest.rows_loaded == 140 and len(manifest.coverage) > 20
        found[small] = [
            (name, duckdb.read_parquet(str(manifest.folder(settings.paths) / name)).fetchall())
            for name in sorted(manifest.parquet)
        ]
    assert found[1] == found[1_000_000]


def nhs_number(stem: int) -> str:
    """A number with a right check digit, or with none that could be right."""
    left = (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(f"{stem:09d}")) % 11) % 11
    return f"{stem:09d}{left if left < 10 else 0}"


def column_of(values: list[str]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create table delivered as select unnest(?::varchar[]) as value", [values])
    return connection


@pytest.mark.parametrize(
    ("many", "few", "is_refused"),
    [
        ([nhs_number(400_000_000 + number) for number in range(70_000)], [], True),
        ([f"{5_000_000_000 + number * 3}" for number in range(70_000)], [], False),
        # keys of another length leave fewer candidates than the share would show: then every value is looked at
        ([f"{700_000_000_000 + number}" for number in range(70_000)], [nhs_number(400_000_124)], True),
        # low keys without a check digit do not stand for the NHS numbers that are most of the column
        (
            [nhs_number(400_000_000 + number) for number in range(140_000)]
            + [f"{1_000_000_000 + number * 3}" for number in range(100_000)],
            [],
            True,
        ),
        ([], [], False),
    ],
)
def test_nhs_numbers_in_a_large_column(many: list[str], few: list[str], is_refused: bool) -> None:
    contract = load_contracts()["deaths"]
    found = values_in_shape(column_of([*many, *few, *(" ",) * 10]), contract, "delivered", "value", "true")
    assert len(found.get("", [])) <= CANDIDATES_CHECKED and (not few or found == {"": few})
    assert holds_nhs_numbers(found) is is_refused
    assert privacy.SHARE_LOOKED_AT > 1


@pytest.mark.parametrize(("valid", "is_refused"), [(40, True), (9, False)])
def test_nhs_numbers_of_one_provider_among_local_numbers(valid: int, is_refused: bool) -> None:
    """Ten-digit local numbers pass the check one time in eleven; one provider's do so far more often."""
    right = [nhs_number(400_000_000 + number) for number in range(valid)]
    local = [
        number
        for number in (f"{5_000_000_000 + step * 7}" for step in range(2_000))
        if count_valid([number])[:2] == (1, 0)
    ]
    found = {"RZ1": local[:900], "RZ2": [*right, *local[900 : 1_000 - valid]]}
    assert holds_nhs_numbers(found) is is_refused
