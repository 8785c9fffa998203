"""One lock guards a home, for the command line, the UI and the schedule alike."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from orchestration.foundation.errors import Busy
from orchestration.foundation.settings import Home


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
        note.write_text(json.dumps({"purpose": purpose, "process": os.getpid()}))
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()
