"""The ways a command can end. Each error carries the exit code of the public contract and one line that names the fix.

No message may hold a value from a patient-level file: name the file, line, column and rule instead.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_GATE_SHUT = 4
EXIT_BUSY = 5
EXIT_VERIFY_DIFFERS = 6


class IntMartsError(Exception):
    """A fault in the pipeline itself."""

    exit_code = EXIT_FAULT


class UsageError(IntMartsError):
    """Wrong arguments or settings: a missing delivery, a bad name, an unknown release."""

    exit_code = EXIT_USAGE


class DeliveryRefused(IntMartsError):
    """The delivery breaks a contract, the privacy rules or an acceptance check; nothing was published."""

    exit_code = EXIT_REFUSED

    def __init__(self, message: str, problems: list[dict] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


class GateShut(IntMartsError):
    """A required check has not passed on exactly what would be published."""

    exit_code = EXIT_GATE_SHUT

    def __init__(self, message: str, check_ids: list[str] | None = None) -> None:
        super().__init__(message)
        self.check_ids = check_ids or []


class Busy(IntMartsError):
    """Another run holds this home."""

    exit_code = EXIT_BUSY


class VerifyDiffers(IntMartsError):
    """A release does not hold what its receipt says."""

    exit_code = EXIT_VERIFY_DIFFERS
