"""The demo as a whole: which files, the same bytes whatever the threads, and what a delivery holds."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from orchestration.foundation.errors import UsageError
from orchestration.synthetic import DemoSummary, write_demo

PEOPLE, MONTHS = 1_500, 8


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo(tmp_path_factory.mktemp("demo") / "landing", people=PEOPLE, months=MONTHS)


def _hashes(landing: Path) -> dict[str, str]:
    files = (path for path in landing.rglob("*") if path.is_file())
    return {str(path.relative_to(landing)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _rows(path: Path, delimiter: str = "|") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def test_same_arguments_same_bytes(demo: DemoSummary, tmp_path: Path) -> None:
    again = write_demo(tmp_path / "landing", people=PEOPLE, months=MONTHS, threads=1)
    assert _hashes(again.landing) == _hashes(demo.landing)
    assert again.rows == demo.rows


def test_another_seed_is_another_demo(demo: DemoSummary, tmp_path: Path) -> None:
    other = write_demo(tmp_path / "landing", people=PEOPLE, months=MONTHS, seed=2)
    assert _hashes(other.landing) != _hashes(demo.landing)


def test_deliveries_are_never_overwritten(demo: DemoSummary) -> None:
    with pytest.raises(UsageError, match="never overwrites"):
        write_demo(demo.landing, people=PEOPLE, months=MONTHS)


def test_required_feeds_are_there(demo: DemoSummary) -> None:
    assert demo.deliveries == ("2025-09", "2025-10")
    for name in demo.deliveries:
        for feed in ("int_membership", "gp_registrations", "hes_apc", "hes_op", "ecds", "gp_appointments"):
            assert demo.rows[name][feed] > 0
            assert list((demo.landing / name).glob(f"{feed}*"))


def test_the_council_that_reports_is_one_in_which_people_live(demo: DemoSummary) -> None:
    """Another one surrounds no team, and its values are shown nowhere."""

    def all_rows(name: str) -> list[dict[str, str]]:
        return [row for path in sorted(demo.landing.rglob(name)) for row in _rows(path, delimiter=",")]

    districts = {row["Local Authority District code (2019)"] for row in all_rows("lsoa_deprivation.csv")}
    councils = {row["AREA_CODE"] for row in all_rows("reported_measures.csv") if row["AREA_TYPE"] == "council"}
    assert councils and councils <= districts


def test_the_area_has_its_shape(demo: DemoSummary) -> None:
    rows = _rows(demo.landing / "2025-10" / "int_membership.csv", ",")
    current = [row for row in rows if row["valid_to"] == ""]
    assert len({row["int_code"] for row in current}) == 42
    assert len({row["pcn_code"] for row in current}) == 41
    assert len({row["hcp_code"] for row in current}) == 4
    assert len(current) == 183  # 184 open practices, one without an INT
    assert len({row["practice_code"] for row in rows}) == 185  # one merged away, one closed
    assert max(Counter(row["practice_code"] for row in current).values()) == 1


def test_an_unfinished_episode_finishes_in_the_next_delivery(demo: DemoSummary) -> None:
    first = {row["EPIKEY"]: row for row in _rows(demo.landing / "2025-09" / "hes_apc_2526.txt")}
    second = {row["EPIKEY"]: row for row in _rows(demo.landing / "2025-10" / "hes_apc_2526.txt")}
    unfinished = [key for key, row in first.items() if row["EPISTAT"] == "1"]
    assert unfinished
    assert all(first[key]["EPIEND"] == "1800-01-01" for key in unfinished)
    finished = [key for key in unfinished if second[key]["EPISTAT"] == "3"]
    assert finished and all(second[key]["EPIEND"] > "2025-09-30" for key in finished)
