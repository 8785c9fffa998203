"""What `forget` and `purge` have asked for so far: every version in the lake obeys it, those that are ingested later too."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestration.contracts import FeedContract
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_bytes, hash_json
from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Home

NOTE = "retention.json"
# what `forget` and `purge` leave in logs/, for good
RECEIPTS = "retention"


class RetentionNote(BaseModel):
    """Fingerprints of forgotten persons (`sha256` of the identifier in small letters), and the first coverage month that is kept.

    `seal`: over both, so that no rotten bit lets anybody back; notes of before have none.
    """

    model_config = ConfigDict(extra="forbid")

    forgotten: list[str] = []
    first_month_kept: str | None = None
    seal: str = ""

    def computed(self) -> str:
        return hash_json(self.model_dump(exclude={"seal"}))

    def asks_of(self, contract: FeedContract) -> str | None:
        """A key over what the note asks of a feed; None when it asks nothing."""
        persons = self.forgotten if contract.person and contract.feed != "opt_outs" else []
        month = self.first_month_kept if contract.is_patient_level else None
        return hash_bytes(json.dumps([persons, month]).encode()) if persons or month else None


def retention_file(home: Home) -> Path:
    return home.lake / NOTE


def read_note(home: Home) -> RetentionNote:
    """Raises `IntMartsError` when it cannot be read, or is gone though a receipt says that somebody asked: nobody comes back by that."""
    path = retention_file(home)
    if not path.exists() and not any((home.logs / RECEIPTS).glob("*.json")):
        return RetentionNote()
    try:
        note = RetentionNote.model_validate_json(path.read_text(encoding="utf-8"))
        if note.seal not in ("", note.computed()):
            raise ValueError
        return note
    except (OSError, ValueError) as error:  # pydantic's errors are values' errors
        require_machine(error)
        raise IntMartsError(
            f"lake/{NOTE}, which says who was forgotten and what was purged, is gone or cannot be read: put it back from a backup; "
            "without one write {} into it, and give `int-marts forget` and `purge` everything again that was asked so far"
        ) from None


def write_note(home: Home, note: RetentionNote) -> None:
    sealed = note.model_copy(update={"seal": note.computed()})
    write_atomically(retention_file(home), sealed.model_dump_json(), mode=0o600)
