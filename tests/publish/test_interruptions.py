"""Readers while the next release is published, and publications that are killed: never an error, never a mixed or broken release."""

from __future__ import annotations

import errno
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration import publishing as publish
from orchestration.cli import publishing as command
from orchestration.cli.app import app
from orchestration.foundation.errors import VerifyDiffers
from orchestration.foundation.settings import Settings
from orchestration.publishing import publisher
from orchestration.publishing.marts import copy_marts
from orchestration.releases.listing import check_folder, stores
from orchestration.releases.tables import attach
from tests.publish.fixture_warehouse import build_warehouse, open_verdict

ROOT = Path(__file__).parents[2]


def read_with_duckdb(current: Path) -> set[str]:
    with duckdb.connect(str(current / "int_marts.duckdb"), read_only=True) as database:
        assert database.execute("select count(*) from marts.indicator_values").fetchone()[0] > 0
        return {row[0] for row in database.execute("select release_id from marts.release_info").fetchall()}


def read_with_pandas(current: Path) -> set[str]:
    return set(pd.read_parquet(current / "parquet" / "release_info.parquet")["release_id"])


def read_with_polars(current: Path) -> set[str]:
    return set(pl.read_parquet(current / "parquet" / "release_info.parquet")["release_id"])


def read_with_excel(current: Path) -> set[str]:
    book = openpyxl.load_workbook(current / "int_marts.xlsx", read_only=True)
    words = [str(cell) for row in book["Cover"].iter_rows(values_only=True) for cell in row if cell]
    return {word.split()[1].rstrip(",") for word in words if word.startswith("Release ")}


READERS: tuple[Callable[[Path], set[str]], ...] = (
    read_with_duckdb,
    read_with_pandas,
    read_with_polars,
    read_with_excel,
)


def read_while(settings: Settings, work: Callable[[], None]) -> tuple[list[set[str]], list[BaseException]]:
    """Readers that each resolve `current` once, as a client that opens a folder does, and read through it."""
    seen: list[set[str]] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def read(reader: Callable[[Path], set[str]]) -> None:
        while not done.is_set():
            try:
                folder = (settings.paths.releases / "current").resolve()
                found = reader(folder)
                assert found == {folder.name}
                seen.append(found)
            except BaseException as error:
                errors.append(error)
                return
            time.sleep(0.05)

    threads = [threading.Thread(target=read, args=(reader,)) for reader in READERS]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return seen, errors


def publish_many(settings: Settings, times: int) -> None:
    for restated in range(1, times + 1):
        build_warehouse(settings, restated=restated)
        publish.publish(settings, "2025-10", open_verdict(settings))


@pytest.mark.slow
def test_readers_see_whole_releases_while_the_next_is_published(settings: Settings) -> None:
    seen, errors = read_while(settings, lambda: publish_many(settings, 1))
    assert errors == []
    assert {"2025-10.1"} in seen and len(seen) > 10


@pytest.mark.soak
def test_readers_see_whole_releases_during_a_hundred_publications(settings: Settings) -> None:
    seen, errors = read_while(settings.model_copy(update={"releases_kept": 4}), lambda: publish_many(settings, 100))
    assert errors == [] and len({name for found in seen for name in found}) > 50


@pytest.mark.slow
def test_a_reader_that_stays_connected_keeps_what_it_had(settings: Settings) -> None:
    with duckdb.connect(str(settings.paths.releases / "current" / "int_marts.duckdb"), read_only=True) as reader:
        before = reader.execute("select sum(numerator) from marts.indicator_values").fetchone()
        publish_many(settings.model_copy(update={"releases_kept": 1}), 1)
        assert reader.execute("select sum(numerator) from marts.indicator_values").fetchone() == before
        assert reader.execute("select release_id from marts.release_info").fetchone() == ("2025-10.1",)


# -- killed -----------------------------------------------------------------------------------------------------------------------


def killed_publication(settings: Settings, after_seconds: float) -> bool:
    """Start a publication, kill it after a while; True when it was killed before it ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.publish.publish_once", str(settings.home), "2025-10"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    try:
        process.wait(timeout=after_seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    finally:
        process.stdout.close()
    return False


def assert_current_is_whole(settings: Settings) -> None:
    for profile, store in stores(settings).items():
        current = store.current()
        assert current is not None
        check_folder(store.folder(current), profile)


def kill_and_repair(settings: Settings, points: int, seed: int) -> int:
    """Kills at points spread over a publication; after each, what is current is whole and the next publication ends well."""
    started = time.monotonic()
    build_warehouse(settings, restated=1)
    publish.publish(settings, "2025-10", open_verdict(settings))
    whole = (time.monotonic() - started) * 1.2
    dice, killed = random.Random(seed), 0
    for point in range(points):
        build_warehouse(settings, restated=point + 2)
        killed += killed_publication(settings, dice.uniform(0, whole))
        assert_current_is_whole(settings)
    build_warehouse(settings, restated=points + 2)
    publish.publish(settings, "2025-10", open_verdict(settings))
    publish.verify(settings)
    for store in stores(settings).values():
        assert not list(store.root.glob(".*"))
    return killed


@pytest.mark.slow
def test_sigkill_leaves_current_whole(settings: Settings) -> None:
    assert kill_and_repair(settings, points=2, seed=7) >= 1


@pytest.mark.soak
def test_sigkill_at_a_hundred_points_leaves_current_whole(settings: Settings) -> None:
    assert kill_and_repair(settings, points=100, seed=11) > 50


STEPS = ("install public", "install internal", "point public", "point internal", "prune")


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_stopping_before_each_of_the_last_steps(settings: Settings, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as a kill, at the very places where it matters."""
    from orchestration.releases.store import ReleaseStore

    class Stopped(BaseException):
        pass

    action, _, profile = step.partition(" ")
    name = {"install": "install", "point": "point_current", "prune": "prune"}[action]
    original = getattr(ReleaseStore, name)
    root = {"public": "releases_public", "internal": "releases", "": "releases_public"}[profile]

    def stop(self: ReleaseStore, *args: object, **kwargs: object) -> object:
        if self.root.name == root:
            raise Stopped
        return original(self, *args, **kwargs)

    build_warehouse(settings, restated=5)
    with monkeypatch.context() as patch:
        patch.setattr(ReleaseStore, name, stop)
        with pytest.raises(Stopped):
            publish.publish(settings, "2025-10", open_verdict(settings))
    assert_current_is_whole(settings)
    if step in ("install internal", "point public", "point internal"):
        with pytest.raises(VerifyDiffers, match="is behind"):
            publish.verify(settings)
    done = publish.publish(settings, "2025-10", open_verdict(settings))
    assert done.release.release_id == "2025-10.2"
    assert publish.verify(settings).release_id == "2025-10.2"


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["release", "warehouse", "warehouse and back"])
def test_a_value_that_changes_while_it_is_copied_is_seen(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """In the copy alone, or in the warehouse, where the sealed file may be back before anybody looks again."""

    def copy_and_change(connection: duckdb.DuckDBPyConnection, relations: list[str]) -> None:
        edit = "update {} set readmissions = readmissions + 1 where int_code = 'DI001'"
        file = settings.paths.warehouse_file
        sealed = file.read_bytes()
        if changed != "release":
            connection.execute("detach warehouse")
            with duckdb.connect(str(file)) as warehouse:
                warehouse.execute(edit.format("marts.readmissions"))
            attach(connection, file, "warehouse")
        copy_marts(connection, relations)
        if changed == "warehouse and back":
            connection.execute("detach warehouse")
            file.write_bytes(sealed)
            attach(connection, file, "warehouse")
        if changed == "release":
            connection.execute(edit.format("release.marts.readmissions"))

    build_warehouse(settings, restated=5)
    with monkeypatch.context() as patch:
        patch.setattr(publisher, "copy_marts", copy_and_change)
        with pytest.raises(VerifyDiffers, match=r"copied otherwise than judged: marts\.readmissions"):
            publish.publish(settings, "2025-10", open_verdict(settings))
    assert [release.release_id for release in publish.list_releases(settings)] == ["2025-10.1"]


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def key_pressed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("ending", "exit_code"), [(full_disk, 1), (key_pressed, 130)])
@pytest.mark.parametrize(
    ("step", "seen"),
    [
        ("write_words", "readers see release 2025-10.1"),
        (
            "move_forward",
            "readers see release 2025-10.1; 2025-10.2 is whole, and the next `int-marts refresh` makes it",
        ),
        ("tidy", "readers see release 2025-10.2"),
    ],
)
def test_the_last_word_of_what_ends_early_is_what_readers_see(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, ending: Callable, exit_code: int, step: str, seen: str
) -> None:
    """Before, during and after publication: nobody is told that nothing was published when it was."""
    build_warehouse(settings, restated=5)
    monkeypatch.setattr(
        command, "publish_delivery", lambda settings, name: publish.publish(settings, name, open_verdict(settings))
    )
    monkeypatch.setattr(command, "find_delivery", lambda home, name: SimpleNamespace(name=name))
    # `move_forward` also mends what was left before this publication: the second call is its own
    calls = iter([publisher.move_forward] if step == "move_forward" else [])
    monkeypatch.setattr(publisher, step, lambda *given: next(calls, ending)(*given))
    done = CliRunner().invoke(app, ["publish", "2025-10", "--home", str(settings.home)])
    assert done.exit_code == exit_code, done.output
    assert done.stderr.splitlines()[-1].startswith(seen), done.stderr
    assert "nothing was published" not in done.stderr
