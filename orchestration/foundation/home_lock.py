"""One lock guards a home, for the command line, the UI and the schedule alike; and what a killed command leaves is swept by the next."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.foundation.errors import Busy
from orchestration.foundation.files import DRAFT_ENDING, write_atomically
from orchestration.foundation.settings import Home

SCRATCH = ".scratch-"
# where dbt writes what it runs and how it ended, one folder a build
BUILD = ".build-"


@contextmanager
def hold(home: Home, purpose: str, wait: bool = False) -> Iterator[None]:
    """Hold the home while writing to it; raises `Busy` at once (or waits) when another run holds it.

    The lock is the operating system's, so a killed process never leaves it behind; the note beside it only says who.
    """
    home.create()
    note = home.lock_file.with_suffix(".holder.json")
    lock = FileLock(home.lock_file, timeout=-1 if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        holder = {}
        with suppress(OSError, ValueError):
            holder = json.loads(note.read_text())
        raise Busy(
            f"another run holds this home ({holder.get('purpose', 'unknown')}, process {holder.get('process', '?')}); "
            "wait for it to finish or start with --wait"
        ) from None
    try:
        sweep(home)
        write_atomically(note, json.dumps({"purpose": purpose, "process": os.getpid()}))
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


@contextmanager
def scratch_folder(home: Home, purpose: str) -> Iterator[Path]:
    """An empty folder for one command that needs no lock, removed at its end; after a kill, by the next command that writes. In the
    warehouse, where people's records may lie: what a killed command leaves lies there too."""
    sweep_scratch(home)
    folder = home.warehouse / f"{SCRATCH}{purpose}-{uuid.uuid4().hex[:8]}"
    with FileLock(folder.with_suffix(".lock")):
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            remove_scratch(folder)


def sweep(home: Home) -> None:
    """Remove what killed processes left: scratch folders, dbt's folder of a build, and drafts of files. The caller holds the home."""
    sweep_scratch(home)
    for build in (home.dbt / "target").glob(f"{BUILD}*"):
        shutil.rmtree(build, ignore_errors=True)
    for folder in (
        home.root,
        home.lake,
        home.lake / "withdrawn",
        home.warehouse,
        home.evidence,
        home.dagster,
        home.logs,
    ):
        for draft in folder.glob(f".*{DRAFT_ENDING}*"):
            draft.unlink(missing_ok=True)
    for draft in [*home.lake.glob(f"*/delivery=*/.*{DRAFT_ENDING}*"), *home.logs.glob(f"*/.*{DRAFT_ENDING}*")]:
        draft.unlink(missing_ok=True)


def sweep_scratch(home: Home) -> None:
    for left in home.warehouse.glob(f"{SCRATCH}*"):
        with suppress(Timeout), FileLock(left.with_suffix(".lock"), timeout=0):  # a living command holds its own
            remove_scratch(left.with_suffix(""))


def remove_scratch(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)
