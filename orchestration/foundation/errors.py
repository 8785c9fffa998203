"""The ways a command can end. Each error carries the exit code of the public contract and one line that names the fix.

No message may hold a value from a patient-level file: name the file, line, column and rule instead.
"""

from __future__ import annotations

EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_GATE_SHUT = 4
EXIT_BUSY = 5
EXIT_VERIFY_DIFFERS = 6


class IntMartsError(Exception):
    """A fault in the pipeline itself. `ended_as`: what kind of ending it is, in words."""

    exit_code = EXIT_FAULT
    ended_as = "a fault in the pipeline itself"


class MachineFault(IntMartsError):
    """The machine: its disk, its memory, or what this user may do on it."""

    ended_as = "the machine: disk, memory or permission"


class UsageError(IntMartsError):
    """Wrong arguments or settings: a missing delivery, a bad name, an unknown release."""

    exit_code = EXIT_USAGE
    ended_as = "not as it is used"


class DeliveryRefused(IntMartsError):
    """The delivery breaks a contract, the privacy rules or an acceptance check; nothing was published."""

    exit_code = EXIT_REFUSED
    ended_as = "delivery refused"

    def __init__(self, message: str, problems: list[dict] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


class GateShut(IntMartsError):
    """A required check has not passed on exactly what would be published."""

    exit_code = EXIT_GATE_SHUT
    ended_as = "gate shut"

    def __init__(self, message: str, check_ids: list[str] | None = None) -> None:
        super().__init__(message)
        self.check_ids = check_ids or []


class Busy(IntMartsError):
    """Another run holds this home."""

    exit_code = EXIT_BUSY
    ended_as = "busy: another run holds the home"


class VerifyDiffers(IntMartsError):
    """A release does not hold what its receipt says."""

    exit_code = EXIT_VERIFY_DIFFERS
    ended_as = "a release does not hold what its receipt says"
