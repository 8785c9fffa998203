"""Releases that are damaged, set aside or without a public side; and the ledger without which nothing public is published."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from orchestration import publishing as publish
from orchestration.cli.app import app
from orchestration.foundation.errors import UsageError, VerifyDiffers
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate.history import create_previous_figures
from orchestration.publishing import public
from orchestration.releases.listing import previous_release
from orchestration.releases.public_ledger import LedgerBroken, PublicLedger
from orchestration.releases.store import ReleaseId, ReleaseStore
from tests.publish.fixture_warehouse import build_warehouse, open_verdict

pytestmark = pytest.mark.usefixtures("quick_publication")


def refresh(settings: Settings, restated: int) -> publish.Publication:
    build_warehouse(settings, restated=restated)
    return publish.publish(settings, "2025-10", open_verdict(settings))


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(settings.paths.root)])


def damage(settings: Settings, root: str, release: str, how: str) -> None:
    receipt = settings.paths.root / root / release / "release.json"
    if how in ("gone", "a folder"):
        receipt.unlink()
        if how == "a folder":
            receipt.mkdir()
    elif how == "empty":
        receipt.write_bytes(b"")
    elif how == "a list":
        receipt.write_text("[]")
    elif how == "without a key":
        written = json.loads(receipt.read_text())
        del written["tables"]
        receipt.write_text(json.dumps(written))
    elif how == "cut":
        receipt.write_bytes(receipt.read_bytes()[:1000])
    else:
        receipt.write_text(receipt.read_text().replace('"QZZ"', '"QYY"'))


@pytest.mark.parametrize("how", ["cut", "gone", "edited"])
@pytest.mark.parametrize("which", ["old", "current"])
@pytest.mark.slow
def test_a_damaged_release_is_listed_and_stops_nothing(which: str, how: str, settings: Settings) -> None:
    refresh(settings, restated=2)
    bad, good = ("2025-10.1", "2025-10.2") if which == "old" else ("2025-10.2", "2025-10.1")
    damage(settings, "releases", bad, how)
    listed = json.loads(run(settings, "releases", "--json").stdout)["releases"]
    assert [row["release"] for row in listed] == ["2025-10.1", "2025-10.2"]
    assert [row["release"] for row in listed if row["damage"]] == [bad]
    assert run(settings, "verify", good).exit_code == 0
    assert run(settings, "verify", bad).exit_code == 6
    assert run(settings, "rollback", good).exit_code == 0
    assert publish.current_release(settings).release_id == good  # type: ignore[union-attr]
    assert run(settings, "releases", "--set-aside", bad).exit_code == 0
    assert [r["release"] for r in json.loads(run(settings, "releases", "--json").stdout)["releases"]] == [good]
    assert run(settings, "verify").exit_code == 0
    made = refresh(settings, restated=3)
    assert made.release.release_id == "2025-10.3", "a number is never given twice"
    assert run(settings, "verify").exit_code == 0


@pytest.mark.parametrize("how", ["cut", "a folder", "empty", "a list", "without a key"])
def test_the_current_release_damaged_is_replaced_by_the_next(how: str, settings: Settings) -> None:
    damage(settings, "releases", "2025-10.1", how)
    listed = json.loads(run(settings, "releases", "--json").stdout)["releases"]
    assert [bool(row["damage"]) for row in listed] == [True]
    assert ("Is a directory" in listed[0]["damage"]) == (how == "a folder")
    assert publish.current_release(settings) is None
    made = publish.publish(settings, "2025-10", open_verdict(settings))
    assert (made.release.release_id, made.is_new) == ("2025-10.2", True)
    assert publish.current_release(settings).release_id == "2025-10.2"  # type: ignore[union-attr]
    assert run(settings, "verify").exit_code == 0


def test_a_rollback_moves_both_sides_or_neither(settings: Settings) -> None:
    refresh(settings, restated=2)
    shutil.rmtree(settings.paths.releases_public / "2025-10.1")
    with pytest.raises(VerifyDiffers, match="no public side"):
        publish.rollback(settings, "2025-10.1")
    assert where_both_point(settings) == {"2025-10.2"}


def where_both_point(settings: Settings) -> set[str]:
    return {(settings.paths.root / root / "current").readlink().name for root in ("releases", "releases_public")}


@pytest.mark.slow
@pytest.mark.parametrize("root", ["releases", "releases_public"])
@pytest.mark.parametrize("how", ["denied", "killed"])
def test_a_rollback_that_stops_half_way_is_undone(
    root: str, how: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a denied folder at once; after a kill by the next publication, which has nothing else to do."""
    refresh(settings, restated=2)
    point_current = ReleaseStore.point_current

    def stopped(store: ReleaseStore, *arguments: Any) -> None:
        if store.root.name == root and arguments[0] == ReleaseId("2025-10", 1):
            raise PermissionError if how == "denied" else KeyboardInterrupt
        point_current(store, *arguments)

    with monkeypatch.context() as patch, pytest.raises((PermissionError, KeyboardInterrupt)):
        patch.setattr(ReleaseStore, "point_current", stopped)
        publish.rollback(settings, "2025-10.1")
    if how == "killed":
        assert not publish.publish(settings, "2025-10", open_verdict(settings)).is_new
    assert where_both_point(settings) == {"2025-10.2"}
    assert run(settings, "verify").exit_code == 0


def test_nothing_is_compared_with_a_release_of_which_a_byte_differs(settings: Settings) -> None:
    """Neither restatements nor the drift of the next month, and neither stops for it: the whole one before stands in."""

    def compared_with() -> str | None:
        found = previous_release(settings, lambda delivery: delivery < "2025-11")
        return found.release_id if found else None

    refresh(settings, restated=2)
    assert compared_with() == "2025-10.2"
    publish.rollback(settings, "2025-10.1")
    assert compared_with() == "2025-10.1", "what readers have"
    publish.rollback(settings, "2025-10.2")
    databases = [settings.paths.releases / name / "int_marts.duckdb" for name in ("2025-10.1", "2025-10.2")]
    databases[1].write_bytes(databases[1].read_bytes()[:-100])
    assert compared_with() == "2025-10.1"
    databases[0].unlink()
    assert compared_with() is None
    with duckdb.connect() as connection:
        create_previous_figures(Warehouse(connection), settings, "2025-11")
        assert connection.execute("select count(*) from previous_figures").fetchone() == (0,)


def test_setting_aside_what_is_not_there_is_a_usage_error(settings: Settings) -> None:
    with pytest.raises(UsageError):
        publish.set_aside(settings, "2025-10.9")


# -- the ledger -------------------------------------------------------------------------------------------------------------------


def lose(ledger: Path) -> None:
    shutil.rmtree(ledger)


def edit(ledger: Path) -> None:
    path = sorted(ledger.iterdir())[0]
    entry = json.loads(gzip.decompress(path.read_bytes()))
    entry["shown"]["hidden"] = []
    path.write_bytes(gzip.compress(json.dumps(entry).encode(), mtime=0))


def cut_off(ledger: Path) -> None:
    sorted(ledger.iterdir())[-1].unlink()


def garble(ledger: Path) -> None:
    sorted(ledger.iterdir())[0].write_bytes(b"\x1f\x8bnothing")


def begin_late(ledger: Path) -> None:
    sorted(ledger.iterdir())[0].unlink()


@pytest.mark.parametrize("harm", [lose, edit, cut_off, garble, begin_late])
@pytest.mark.slow
def test_without_the_ledger_nothing_public_is_published_and_the_internal_side_is(harm, settings: Settings) -> None:  # type: ignore[no-untyped-def]
    refresh(settings, restated=2)
    harm(settings.paths.root / "public_ledger")
    made = refresh(settings, restated=3)
    assert (made.release.release_id, made.is_new) == ("2025-10.3", True)
    assert not (settings.paths.releases_public / "2025-10.3").exists()
    assert (settings.paths.releases_public / "current").readlink().name == "2025-10.2"
    assert "public ledger" in made.release.receipt.public_withheld
    assert run(settings, "verify").exit_code == 0
    again = publish.publish(settings, "2025-10", open_verdict(settings))
    assert not again.is_new, "the same as long as nothing is mended"
    assert run(settings, "releases", "--rebuild-ledger").exit_code == 0
    mended = publish.publish(settings, "2025-10", open_verdict(settings))
    assert mended.is_new and (settings.paths.releases_public / mended.release.release_id).is_dir()
    assert run(settings, "verify").exit_code == 0
    # back to the one without a public side: the public side goes with the newest that is not newer
    publish.rollback(settings, "2025-10.3")
    assert (settings.paths.releases_public / "current").readlink().name == "2025-10.2"
    assert run(settings, "verify").exit_code == 0


@pytest.mark.slow
def test_nothing_is_forgotten_when_releases_are_removed(settings: Settings) -> None:
    few = settings.model_copy(update={"releases_kept": 1})
    hidden_at_first = public.earlier_publications(few)[-1].hidden
    for restated in (2, 3, 4):
        refresh(few, restated=restated)
    assert [r.release_id for r in publish.list_releases(few)] == ["2025-10.4"]
    earlier = public.earlier_publications(few)
    assert len(earlier) == 4 and earlier[-1].hidden == hidden_at_first and hidden_at_first


def test_a_second_home_begins_with_an_empty_ledger(tmp_path: Path) -> None:
    assert PublicLedger(Settings(home=tmp_path)).read() == []
    (tmp_path / "releases_public" / "2025-10.1").mkdir(parents=True)
    with pytest.raises(LedgerBroken, match=r"no entry of release 2025-10\.1"):
        PublicLedger(Settings(home=tmp_path)).read()


def test_the_public_receipt_names_no_files(settings: Settings) -> None:
    receipt = json.loads((settings.paths.releases_public / "2025-10.1" / "release.json").read_text())
    inside = json.loads((settings.paths.releases / "2025-10.1" / "release.json").read_text())
    assert receipt["inputs"] and {(entry["file"], entry["sha256"]) for entry in receipt["inputs"]} == {("", "")}
    everything = "".join(
        path.read_text(errors="replace")
        for path in (settings.paths.releases_public / "2025-10.1").rglob("*")
        if path.is_file()
    )
    for entry in inside["inputs"]:
        assert entry["sha256"] not in everything and entry["file"] not in everything
