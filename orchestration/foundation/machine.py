"""What the machine may lack: room on the disk, memory, permission. Told as that, and not as a fault of the pipeline or of the delivery."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

from orchestration.foundation.errors import MachineFault

NO_ROOM = "the disk is full: make room and start again"
NO_DISK = "the disk cannot be written to (full or damaged): make room or mend it and start again"
NO_PERMISSION = "no permission to read or write in {}: give the user of the pipeline access to it"
SOME_FOLDER = "a folder of the home"
NO_MEMORY = "the memory was not enough: raise memory_limit (INT_MARTS_MEMORY_LIMIT), or run it on a machine with more"
BY_NUMBER = {errno.ENOSPC: NO_ROOM, errno.EDQUOT: NO_ROOM, errno.ENOMEM: NO_MEMORY}
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
# the engine, dbt and Dagster's SQLite tell of the same in words
SAID = {
    "no space left on device": NO_ROOM,
    "disk quota exceeded": NO_ROOM,
    "max_temp_directory_size": NO_ROOM,
    "database or disk is full": NO_ROOM,
    "disk i/o error": NO_DISK,
    "out of memory": NO_MEMORY,
    "failed to allocate": NO_MEMORY,
    '": permission denied': NO_PERMISSION.format(SOME_FOLDER),
    "errno 13]": NO_PERMISSION.format(SOME_FOLDER),
    "os error 13": NO_PERMISSION.format(SOME_FOLDER),
    "read-only file system": NO_PERMISSION.format(SOME_FOLDER),
    "readonly database": NO_PERMISSION.format(SOME_FOLDER),
    "unable to open database file": NO_PERMISSION.format(SOME_FOLDER),
}


def machine_fault(error: BaseException) -> MachineFault | None:
    """The fault of the machine behind an error; None when it is something else. The name of a file is not told: it may hold somebody's."""
    if isinstance(error, OSError) and error.errno in DENIED:
        return MachineFault(
            NO_PERMISSION.format(denied_folder(Path(str(error.filename))) if error.filename else SOME_FOLDER)
        )
    if isinstance(error, OSError) and error.errno in BY_NUMBER:
        return MachineFault(BY_NUMBER[error.errno])
    if isinstance(error, MemoryError):
        return MachineFault(NO_MEMORY)
    return fault_said(str(error))


def require_machine(error: BaseException) -> None:
    """Raises the fault of the machine behind an error: what would be said next is about a file or a check that is not to blame."""
    if fault := machine_fault(error):
        raise fault from None


def denied_folder(path: Path) -> Path:
    """Where even looking is denied, it is the folder above that denies it."""
    with suppress(PermissionError):
        return path if path.is_dir() else path.parent
    return path.parent


def fault_said(text: str) -> MachineFault | None:
    """
    >>> str(fault_said("Out of Memory Error: could not allocate block"))[:28]
    'the memory was not enough: r'
    >>> fault_said("Binder Error: no such column")
    """
    words = text.lower()
    return next((MachineFault(told) for said, told in SAID.items() if said in words), None)
