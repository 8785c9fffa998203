"""The main job on demo deliveries: published, repeatable, and refused or held when it should be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.slow

RELEASE_FILES = (
    "int_marts.duckdb",
    "int_marts.xlsx",
    "dictionary.html",
    "dictionary.csv",
    "report/index.html",
    "quality/index.html",
    "changes.csv",
    "release.json",
)


def current(home: Path) -> Path:
    return (home / "releases" / "current").resolve()


def contents(home: Path) -> dict[str, str]:
    """Every published file, `current` included, with a hash of its bytes."""
    folders = (home / "releases", home / "releases_public")
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_release_holds_everything_the_design_names(published_home: Path) -> None:
    release = current(published_home)
    for name in RELEASE_FILES:
        assert (release / name).is_file(), name
    assert json.loads((published_home / "releases" / "current.json").read_text())["release"] == release.name
    receipt = json.loads((release / "release.json").read_text())
    on_disk = {str(p.relative_to(release)) for p in release.rglob("*") if p.is_file()} - {"release.json"}
    assert set(receipt["files"]) == on_disk


def test_the_public_release_carries_the_same_number(published_home: Path) -> None:
    public = (published_home / "releases_public" / "current").resolve()
    assert public.name == current(published_home).name


def test_marts_have_rows_and_ints(published_home: Path) -> None:
    with duckdb.connect(str(current(published_home) / "int_marts.duckdb"), read_only=True) as connection:
        for mart in (
            "visits_per_capita",
            "referrals_per_capita",
            "spend_per_capita",
            "non_elective_admissions_per_capita",
            "readmissions",
        ):
            for schema in ("marts", "as_at"):
                found = connection.execute(f"select count(*), count(distinct int_code) from {schema}.{mart}").fetchone()
                assert found[0] > 0, f"{schema}.{mart}"
                assert found[1] >= 42, f"{schema}.{mart}"


def test_a_second_run_changes_nothing_and_makes_no_release(published_home: Path, command: Callable) -> None:
    before = sorted(p.name for p in (published_home / "releases").iterdir())
    again = command("refresh", "--json", home=published_home)
    assert again.exit_code == 0, again.stderr
    assert again.body["is_new"] is False
    assert sorted(p.name for p in (published_home / "releases").iterdir()) == before


@pytest.mark.soak
def test_an_older_delivery_rebuilt_never_becomes_current(copy_of_home: Path, command: Callable) -> None:
    newest = current(copy_of_home).name
    done = command("refresh", "2025-09", "--json", home=copy_of_home)
    assert done.exit_code == 0, done.stderr
    assert current(copy_of_home).name == newest


@pytest.mark.parametrize(
    ("name", "damage", "named"),
    [
        ("missing column", lambda text: text.replace("EPIKEY", "EPIKEYX", 1), "line 1: missing column EPIKEY"),
        ("wrong delimiter", lambda text: text.replace("|", ";"), "line 1: wrong delimiter"),
        ("empty", lambda text: "", "the file is empty; send the file again"),
        (
            "cut mid-row",
            lambda text: text[: len(text) // 2].rsplit("\n", 1)[0] + "\n" + text.splitlines()[5][:20],
            "in the middle of a row, in column 2 of",
        ),
        ("not a table at all", lambda text: "%PDF-1.7\n\x00\x01\x02 nothing to read here", "not a CSV file"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_and_nothing_moves(
    copy_of_home: Path, command: Callable, name: str, damage: Callable[[str], str], named: str
) -> None:
    before = current(copy_of_home).name
    published = contents(copy_of_home)
    folder = copy_of_home / "landing" / "2025-10"
    broken = next(p for p in folder.iterdir() if p.name.startswith("hes_apc"))
    broken.write_text(damage(broken.read_text()))
    done = command("refresh", home=copy_of_home)
    assert done.exit_code == 3, done.stderr[-2000:]
    last = [line for line in done.stderr.splitlines() if line.startswith("int-marts:")]
    assert len(last) == 1, done.stderr
    assert broken.name in last[0]
    assert named in last[0]
    assert "; " in last[0], "what to do"
    assert "Traceback" not in done.stderr
    assert current(copy_of_home).name == before
    assert contents(copy_of_home) == published


@pytest.mark.soak
def test_publish_alone_after_a_mart_was_edited_by_hand_is_refused(copy_of_home: Path, command: Callable) -> None:
    before = current(copy_of_home).name
    with duckdb.connect(str(copy_of_home / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("update marts.readmissions set readmissions = readmissions + 1 where readmissions > 0")
    done = command("publish", "--json", home=copy_of_home)
    assert done.exit_code == 4, done.stdout
    assert current(copy_of_home).name == before


def test_verify_finds_a_changed_byte(copy_of_home: Path, command: Callable) -> None:
    assert command("verify", home=copy_of_home).exit_code == 0
    target = current(copy_of_home) / "changes.csv"
    target.chmod(0o644)
    target.write_text(target.read_text() + "x")
    done = command("verify", home=copy_of_home)
    assert done.exit_code == 6
    assert "changes.csv" in done.stderr
