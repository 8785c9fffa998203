"""Every named fault changes the last delivery and nothing else; a misspelt name is refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.errors import UsageError
from orchestration.synthetic import write_demo
from orchestration.synthetic.faults import FAULTS, plant_faults
from orchestration.synthetic.plan import DemoPlan, parse_month

PEOPLE, MONTHS = 600, 4


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("clean") / "landing", people=PEOPLE, months=MONTHS).landing


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_changes_the_last_delivery_only(landing: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(landing, tmp_path / "landing"))
    plan = DemoPlan(PEOPLE, parse_month("2025-10"), MONTHS, 2, 1, False, faults=frozenset({name}))
    with duckdb.connect() as con:
        plant_faults(con, plan, copy)
    before, after = _hashes(landing), _hashes(copy)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed and all(path.startswith("2025-10/") for path in changed)


def test_faults_are_planted_by_the_door(landing: Path, tmp_path: Path) -> None:
    made = write_demo(tmp_path / "landing", people=PEOPLE, months=MONTHS, faults=["lost_int"])
    assert "INT05" not in (made.landing / "2025-10" / "int_membership.csv").read_text()
    assert "INT05" in (landing / "2025-10" / "int_membership.csv").read_text()


def test_an_unknown_fault_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no fault is called lots_int"):
        write_demo(tmp_path / "landing", people=PEOPLE, months=MONTHS, faults=["lots_int"])
