"""The one way a file is written: whole or not at all, whenever the process is killed; and what a killed process leaves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRAFT_ENDING = ".draft"


def write_atomically(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """A reader sees the old file or the new one, never half of one; after a power cut too. `mode`: its permissions, from its start."""
    with replacing(path, mode) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[Path]:
    """A draft beside `path` that takes its name at the end; removed when anything is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{DRAFT_ENDING}")
    try:
        if mode is not None:
            draft.touch(mode)
        yield draft
        sync(draft)
        draft.replace(path)
    finally:
        for left in (draft, Path(f"{draft}.wal")):  # a database has its log beside it
            left.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """A file, or the names in a folder, on disk. Where a folder cannot be opened (Windows), the system sees to it by itself."""
    with suppress(PermissionError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Every file and folder below, then the folder itself, on disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)
