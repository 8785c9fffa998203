"""The one memory of file hashes, and the only one of the house that may answer for bytes.

A file is hashed again unless its device, inode, size, time of writing and time of change are what they were when it was hashed: the
kernel's time of change cannot be set back by hand. The memory, a file in the home, holds no names of files; its first line is the hash of
the rest. Lost or damaged, it costs a second look (one digit changed in it gave a release another hash of a landed file, for good).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestration.foundation.files import write_atomically
from orchestration.foundation.settings import Home

MEMORY = ".file_hashes.json"
# A kernel's clock ticks every 10 ms at the slowest, that of some file systems every 2 s: a file that changed less long ago may change
# once more without another time, so it is not remembered yet (git's index knows the same as "racily clean").
TICK_NS, COARSE_TICK_NS = 20_000_000, 2_000_000_000
MOST_REMEMBERED = 200_000


def hash_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """sha256 of what the file holds now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(content: Any) -> str:
    """The same for the same meaning, whatever the order of keys or the layout."""
    return hash_bytes(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode())


def file_mark(path: Path) -> tuple[int, ...]:
    """Another one whenever the file was written to. Empty where none is."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class FileHashes:
    """sha256 of files, remembered over commands. One for each home in a process, used by all its threads."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.lock = threading.Lock()
        self.known = self._written()
        self.new: dict[str, str] = {}

    def of(self, path: Path) -> str:
        """sha256 of the file as it stands; an empty string when there is none."""
        mark = file_mark(path)
        if not mark:
            return ""
        key = "-".join(map(str, mark))
        if (known := self.known.get(key)) is not None:
            return known
        try:
            found = hash_file(path)
        except FileNotFoundError:
            return ""
        if file_mark(path) == mark and is_settled(mark, time.time_ns()):
            with self.lock:
                self.known[key] = self.new[key] = found
        return found

    def save(self) -> None:
        """Add what was learnt to the memory; several processes may."""
        with self.lock:
            if not self.new:
                return
            kept = {**self._written(), **self.new}
            self.new = {}
        newest = dict(list(kept.items())[-MOST_REMEMBERED:])
        with suppress(OSError):  # a memory that cannot be kept is no reason to stop
            text = json.dumps(newest, separators=(",", ":"))
            write_atomically(self.memory, f"{hash_bytes(text.encode())}\n{text}", mode=0o600)

    def _written(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            seal, _, text = self.memory.read_text(encoding="utf-8").partition("\n")
            if seal == hash_bytes(text.encode()):
                return dict(json.loads(text))
        return {}


def is_settled(mark: tuple[int, ...], now_ns: int) -> bool:
    """Whether a later change is bound to show in the mark.

    >>> is_settled((1, 2, 3, 10**18 + 5, 10**18 + 5), 10**18 + 10), is_settled((1, 2, 3, 10**18 + 5, 10**18 + 5), 10**18 + 10**9)
    (False, True)
    """
    changed = mark[4]
    tick = COARSE_TICK_NS if changed % 1_000_000_000 == 0 else TICK_NS
    return now_ns - changed > tick


def file_hashes(home: Home) -> FileHashes:
    """The home's memory of hashes."""
    return _of_home(home.root.resolve())


@lru_cache(maxsize=8)
def _of_home(root: Path) -> FileHashes:
    return FileHashes(root / MEMORY)
