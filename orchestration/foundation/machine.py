"""What the machine may lack: room on the disk, memory, permission. Told as that, and not as a fault of the pipeline or of the delivery."""

from __future__ import annotations

import errno
from pathlib import Path

from orchestration.foundation.errors import MachineFault

NO_ROOM = "the disk is full: make room and start again; nothing was published"
NO_MEMORY = "the memory was not enough: raise memory_limit (INT_MARTS_MEMORY_LIMIT), or run it on a machine with more"
BY_NUMBER = {errno.ENOSPC: NO_ROOM, errno.EDQUOT: NO_ROOM, errno.ENOMEM: NO_MEMORY}
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
# the engine and dbt tell of the same in words
SAID = {
    "no space left on device": NO_ROOM,
    "disk quota exceeded": NO_ROOM,
    "max_temp_directory_size": NO_ROOM,
    "out of memory": NO_MEMORY,
    "failed to allocate": NO_MEMORY,
}


def machine_fault(error: BaseException) -> MachineFault | None:
    """The fault of the machine behind an error; None when it is something else. The name of a file is not told: it may hold somebody's."""
    if isinstance(error, OSError) and error.errno in DENIED:
        path = Path(str(error.filename)) if error.filename else None
        folder = path if path is None or path.is_dir() else path.parent
        return MachineFault(
            f"no permission to read or write in {folder or 'a folder of the home'}: give the user of the pipeline access to it"
        )
    if isinstance(error, OSError) and error.errno in BY_NUMBER:
        return MachineFault(BY_NUMBER[error.errno])
    if isinstance(error, MemoryError):
        return MachineFault(NO_MEMORY)
    return fault_said(str(error))


def fault_said(text: str) -> MachineFault | None:
    """
    >>> str(fault_said("Out of Memory Error: could not allocate block"))[:28]
    'the memory was not enough: r'
    >>> fault_said("Binder Error: no such column")
    """
    words = text.lower()
    return next((MachineFault(told) for said, told in SAID.items() if said in words), None)
