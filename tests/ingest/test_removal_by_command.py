"""`forget`, `purge` and `withdraw` as people call them: what goes is gone for the next build, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from typer.testing import CliRunner, Result

from orchestration.build.inputs import suppliers, write_inputs
from orchestration.build.plan import changed_in_landing
from orchestration.cli.app import app
from orchestration.contracts import FeedContract
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.settings import Settings, load_settings
from orchestration.lake import retention
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import current, verify_version, version_folders
from orchestration.lake.retention_note import read_note
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery, gone_from_landing, list_deliveries
from tests.ingest.good_files import ROWS, person, write_good

PROJECT = Path(__file__).resolve().parents[2]
FEEDS = ("deaths", "person_cohorts")


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(settings.paths.root)])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two deliveries of two feeds, in the lake."""
    made = load_settings(home=tmp_path / "home", threads=1, required_feeds=("deaths",))
    for delivery in ("2025-09", "2025-10"):
        for feed in FEEDS:
            write_good(made.paths.landing / delivery, feed)
    ingest_delivery(made, find_delivery(made.paths))
    (made.paths.root / "int_marts.toml").write_text('required_feeds = ["deaths"]\nthreads = 1\n')
    return made


def plan(settings: Settings, delivery: str = "2025-10") -> tuple[str, dict[str, int]]:
    ingest_delivery(settings, find_delivery(settings.paths, delivery))
    made = write_inputs(settings, delivery)
    versions = {feed: [version.id for version in found] for feed, found in suppliers(settings.paths, delivery).items()}
    return hash_json(versions), {feed: made.rows_live[feed] for feed in FEEDS}


def persons_held(settings: Settings) -> set[str]:
    import duckdb

    files = [str(path) for path in settings.paths.lake.glob("*/delivery=*/**/part-*.parquet")]
    if not files:
        return set()
    rows = duckdb.from_parquet(files, hive_partitioning=False, union_by_name=True).query(
        "lake", "select distinct person_id from lake"
    )
    return {found for (found,) in rows.fetchall()}


def as_excel(path: Path, people: list[str]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_column(0, 0, ["Person ID", *people])


LISTS = {
    "plain.txt": lambda path, people: path.write_text("\n".join(people)),
    "header.csv": lambda path, people: path.write_text("PERSON_ID\r\n" + "\r\n".join(people) + "\r\n"),
    "quoted.csv": lambda path, people: path.write_text('"Person id","Reason"\n' + "".join(f'"{p}","asked, twice"\n' for p in people)),
    "mark.csv": lambda path, people: path.write_text("person_id\n" + "\n".join(people), encoding="utf-8-sig"),
    "unicode.txt": lambda path, people: path.write_text("person_id\r\n" + "\r\n".join(people), encoding="utf-16"),
    "semicolons.csv": lambda path, people: path.write_text("nr;TOKEN_PERSON_ID\n" + "".join(f"{n};{p}\n" for n, p in enumerate(people))),
    "small.txt": lambda path, people: path.write_text("\n".join(p.lower() for p in people)),
    "blanks.txt": lambda path, people: path.write_text("\n\n".join(f"  {p}\u00a0" for p in people)),
    "book.xlsx": as_excel,
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_whatever_saved_it(name: str, settings: Settings, tmp_path: Path) -> None:
    before, rows = plan(settings)
    LISTS[name](tmp_path / name, [person(5), person(6)])
    done = run(settings, "forget", str(tmp_path / name), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["persons_found"] == 2
    assert not {person(5), person(6)} & persons_held(settings)
    after, left = plan(settings)
    assert after != before, "a refresh would say that nothing changed"
    assert left == {feed: rows[feed] - 2 for feed in FEEDS}
    again = run(settings, "forget", str(tmp_path / name), "--json")
    assert again.exit_code == 0 and json.loads(again.stdout)["rows_removed"] == 0
    assert plan(settings)[0] == after


def test_a_removal_that_was_stopped_and_given_again_accounts_for_both_parts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.csv").write_text(person(5) + "\n")
    obey_in, last = retention.obey_in, FEEDS[-1]

    def denied(given: Settings, contract: FeedContract, *more: Any) -> int:
        if contract.feed == last:
            raise PermissionError
        return obey_in(given, contract, *more)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "obey_in", denied)
        assert run(settings, "forget", str(tmp_path / "list.csv")).exit_code == 1
    receipt = json.loads(run(settings, "forget", str(tmp_path / "list.csv"), "--json").stdout)
    assert (receipt["rows_by_feed"], receipt["rows_left_out_by_feed"]) == ({last: 2}, dict.fromkeys(FEEDS, 2))


@pytest.mark.parametrize(
    ("text", "said"),
    [("PERSON_ID\nNOBODY1\n", "none of its 1"), ("", "names nobody"), ("a1,b2\nc3,d4\n", "cannot be told"),
     ("Person ID\n", "names nobody")],
)  # fmt: skip
def test_a_list_that_names_nobody_is_an_error(text: str, said: str, settings: Settings, tmp_path: Path) -> None:
    before = plan(settings)
    (tmp_path / "list.csv").write_text(text)
    done = run(settings, "forget", str(tmp_path / "list.csv"))
    assert done.exit_code == 2 and said in done.output
    assert plan(settings) == before


def test_nobody_comes_back_and_the_warehouse_goes(settings: Settings, tmp_path: Path) -> None:
    settings.paths.warehouse.mkdir(exist_ok=True)
    settings.paths.warehouse_file.write_bytes(b"rows of people")
    (tmp_path / "list").write_text(person(5))
    assert run(settings, "forget", str(tmp_path / "list")).exit_code == 0
    assert not settings.paths.warehouse_file.exists()
    write_good(settings.paths.landing / "2025-10", "deaths", rows=ROWS + 1)
    assert plan(settings)[1]["deaths"] == ROWS
    assert person(5) not in persons_held(settings)


@pytest.mark.parametrize("left", [None, "", '{"forgotten": ["ab', '{"gorgotten": []}'])
def test_nobody_comes_back_because_what_was_asked_is_lost(left: str | None, settings: Settings, tmp_path: Path) -> None:
    note = settings.paths.lake / "retention.json"
    (tmp_path / "list").write_text(person(5))
    assert run(settings, "forget", str(tmp_path / "list")).exit_code == 0
    kept, held = note.read_text(), plan(settings)
    note.unlink() if left is None else note.write_text(left)
    write_good(settings.paths.landing / "2025-11", "deaths")
    for arguments in (("refresh",), ("check",), ("forget", str(tmp_path / "list")), ("purge", "--before", "2025-01")):
        done = run(settings, *arguments)
        assert done.exit_code != 0 and "put it back from a backup" in " ".join(done.output.split()), done.output
    assert person(5) not in persons_held(settings)
    note.write_text(kept)
    assert plan(settings) == held
    note.write_text("{}")  # a person's word, as the message says
    assert plan(settings)[1]["deaths"] == held[1]["deaths"] + 1, "read again from landing, not from what was left"
    assert run(settings, "forget", str(tmp_path / "list")).exit_code == 0
    assert plan(settings)[1] == held[1]


def test_no_rotten_bit_of_what_was_asked_lets_anybody_back(settings: Settings, tmp_path: Path) -> None:
    """Neither in a name, whose list would be taken for empty, nor in a person's fingerprint."""
    (tmp_path / "list").write_text(person(5))
    assert run(settings, "forget", str(tmp_path / "list")).exit_code == 0
    note = settings.paths.lake / "retention.json"
    whole, asked = note.read_bytes(), read_note(settings.paths)
    assert asked.forgotten
    for place, bit in product(range(len(whole)), range(8)):
        content = bytearray(whole)
        content[place] ^= 1 << bit
        note.write_bytes(content)
        with suppress(IntMartsError):
            assert read_note(settings.paths) == asked, (place, bit)


def test_purge_makes_versions_too(settings: Settings) -> None:
    before, _ = plan(settings)
    done = run(settings, "purge", "--before", "2025-05", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["rows_removed"] > 0
    assert plan(settings)[0] != before
    assert not list(settings.paths.lake.rglob("coverage_month=2025-0[1-4]"))
    assert json.loads(run(settings, "purge", "--before", "2025-05", "--json").stdout)["rows_removed"] == 0


def test_what_is_withdrawn_is_not_live_and_can_be_brought_back(settings: Settings) -> None:
    before = plan(settings)
    assert run(settings, "withdraw", "2025-10").exit_code == 2, "no reason"
    done = run(settings, "withdraw", "2025-10", "--feed", "person_cohorts", "--reason", "wrong month")
    assert done.exit_code == 0, done.output
    tombstone = json.loads((settings.paths.lake / "withdrawn" / "2025-10.person_cohorts.json").read_text())
    assert tombstone["reason"] == "wrong month" and tombstone["data_cut"] == "2025-10-31" and tombstone["owner"]
    without = plan(settings)
    assert without[0] != before[0] and without[1]["deaths"] == before[1]["deaths"]
    assert run(settings, "withdraw", "2025-10", "--reason", "all of it").exit_code == 0
    assert [delivery.name for delivery in list_deliveries(settings.paths)] == ["2025-09"]
    assert find_delivery(settings.paths).name == "2025-09"
    assert run(settings, "withdraw", "2025-10", "--undo").exit_code == 0
    assert run(settings, "withdraw", "2025-10", "--feed", "person_cohorts", "--undo").exit_code == 0
    assert plan(settings) == before
    assert run(settings, "withdraw", "2025-11", "--reason", "x").exit_code == 2


def test_a_feed_that_the_delivery_did_not_bring_cannot_be_withdrawn(settings: Settings) -> None:
    """A slip of the pen must not answer that the wrong data are out."""
    done = run(settings, "withdraw", "2025-10", "--feed", "gp_appointments_published", "--reason", "wrong month")
    said = " ".join(done.output.split())
    assert done.exit_code == 2
    assert "2025-10 did not bring gp_appointments_published; it brought deaths, person_cohorts" in said
    assert not (settings.paths.lake / "withdrawn").exists()
    # in the lake only, and in landing only
    (settings.paths.landing / "2025-10" / "deaths.csv").unlink()
    write_good(settings.paths.landing / "2025-10", "hes_apc")
    for feed in ("deaths", "hes_apc"):
        assert run(settings, "withdraw", "2025-10", "--feed", feed, "--reason", "wrong month").exit_code == 0
        assert run(settings, "withdraw", "2025-10", "--feed", feed, "--reason", "in other words").exit_code == 0


@pytest.mark.parametrize("is_landed", [True, False])
@pytest.mark.parametrize("earlier", [None, [person(5)]])
def test_a_list_of_opt_outs_that_is_withdrawn_removes_nobody(
    earlier: list[str] | None, is_landed: bool, settings: Settings
) -> None:
    """The whole extract came as the list: once it is withdrawn the list before it holds, or none."""
    people = {"2025-09": earlier, "2025-10": [person(n) for n in range(ROWS)]}
    for delivery, listed in people.items():
        if listed:
            (settings.paths.landing / delivery / "opt_outs.csv").write_text("\n".join(["PERSON_ID", *listed]) + "\n")
    assert plan(settings)[1] == dict.fromkeys(FEEDS, 0)
    assert run(settings, "withdraw", "2025-10", "--feed", "opt_outs", "--reason", "the whole extract").exit_code == 0
    if not is_landed:
        (settings.paths.landing / "2025-10" / "opt_outs.csv").unlink()
    assert plan(settings)[1] == dict.fromkeys(FEEDS, ROWS - len(earlier or []))
    in_force = current(settings.paths, "opt_outs", "2025-09")
    assert (in_force is None) == (earlier is None)
    for feed in FEEDS:
        made = current(settings.paths, feed, "2025-10")
        assert made is not None and made.opt_outs_key == (in_force.content_key if in_force else None)
    assert run(settings, "withdraw", "2025-10", "--feed", "opt_outs", "--undo").exit_code == 0
    assert plan(settings)[1] == dict.fromkeys(FEEDS, 0 if is_landed else ROWS - len(earlier or []))


def test_the_list_that_holds_is_read_whichever_feed_comes_first(settings: Settings) -> None:
    """The newest is withdrawn and the lake begins anew: the one before it is in landing only."""
    for delivery, listed in {"2025-09": [person(5)], "2025-10": [person(n) for n in range(ROWS)]}.items():
        (settings.paths.landing / delivery / "opt_outs.csv").write_text("\n".join(["PERSON_ID", *listed]) + "\n")
    plan(settings)
    assert run(settings, "withdraw", "2025-10", "--feed", "opt_outs", "--reason", "the whole extract").exit_code == 0
    for feed in (*FEEDS, "opt_outs"):
        shutil.rmtree(settings.paths.lake / feed)
    made = ingest_feed(settings, find_delivery(settings.paths, "2025-10"), "deaths")
    assert made is not None and (made.rows_loaded, made.rows_removed) == (ROWS - 1, {"opt_out": 1})


def test_a_note_of_the_delivery_that_was_edited_since_is_named(settings: Settings) -> None:
    note = settings.paths.landing / "2025-09" / "delivery.yaml"
    assert changed_in_landing(settings.paths, "2025-10") == []
    note.write_text("coverage_from: 2025-05-01\n")
    assert changed_in_landing(settings.paths, "2025-10") == ["landing/2025-09/delivery.yaml changed"]
    plan(settings)
    assert changed_in_landing(settings.paths, "2025-10") == []


def test_what_left_landing_without_a_word_is_named(settings: Settings) -> None:
    import shutil

    assert gone_from_landing(settings.paths, "2025-10") == []
    (settings.paths.landing / "2025-10" / "deaths.csv").unlink()
    shutil.rmtree(settings.paths.landing / "2025-09")
    assert gone_from_landing(settings.paths, "2025-10") == [
        "2025-09/deaths",
        "2025-09/person_cohorts",
        "2025-10/deaths",
    ]
    assert gone_from_landing(settings.paths, "2025-09") == ["2025-09/deaths", "2025-09/person_cohorts"]
    # asked by every door whether what was published still stands, `refresh` too, which once said that nothing had changed
    said = {"2025-09/deaths is gone", "2025-09/person_cohorts is gone", "2025-10/deaths is gone"}
    assert {text.removeprefix("landing/") for text in changed_in_landing(settings.paths, "2025-10")} == said
    run(settings, "withdraw", "2025-09", "--reason", "never should have come")
    assert gone_from_landing(settings.paths, "2025-10") == ["2025-10/deaths"]
    assert changed_in_landing(settings.paths, "2025-10") == ["landing/2025-10/deaths is gone"]


@pytest.mark.parametrize("what", ["data", "profile.parquet", "manifest.json", "gone", "more"])
def test_a_changed_version_is_named_and_made_again(what: str, settings: Settings) -> None:
    """Every byte of a version is named by its manifest, and its manifest by what put it in force."""
    before = plan(settings)[1]
    version = current(settings.paths, "deaths", "2025-10")
    assert version is not None
    folder = version.folder(settings.paths)
    data = sorted(folder.glob("coverage_month=*/*.parquet"))[0]
    assert verify_version(folder) == []
    if what == "gone":
        data.unlink()
    elif what == "more":
        data.with_name("part-9.parquet").write_bytes(data.read_bytes())
    else:
        target = data if what == "data" else folder / what
        old = target.stat()
        content = bytearray(target.read_bytes())
        content[len(content) // 2] ^= 1
        target.write_bytes(content)
        os.utime(target, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert verify_version(folder) != []
    assert plan(settings)[1] == before
    mended = current(settings.paths, "deaths", "2025-10")
    assert mended is not None and verify_version(mended.folder(settings.paths)) == []
    assert mended.folder(settings.paths) != folder


@pytest.mark.slow
@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.soak)])
def test_a_killed_forget_is_finished_by_the_next_command(kills: int, settings: Settings, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "orchestration.cli",
        "forget",
        str(tmp_path / "list"),
        "--home",
        str(settings.paths.root),
    ]
    rows = plan(settings)[1]
    takes = 3.0
    for number in range(kills):
        (tmp_path / "list").write_text("\n".join(person(n) for n in range(number + 1)))
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(takes * (number + 1) / kills)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = plan(settings)[1]
        for feed in FEEDS:
            folders = version_folders(settings.paths, feed, "2025-10")
            assert all(verify_version(folder) == [] for folder in folders)
            assert rows[feed] - (number + 1) <= left[feed] <= rows[feed]
    assert run(settings, "forget", str(tmp_path / "list")).exit_code == 0
    assert not {person(n) for n in range(kills)} & persons_held(settings)
    assert not list(settings.paths.lake.rglob(".building-*"))
