"""What `forget` and `purge` have asked for so far: every version in the lake obeys it, those that are ingested later too."""

from __future__ import annotations

import json

from pydantic import BaseModel

from orchestration.contracts import FeedContract
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_bytes
from orchestration.foundation.settings import Home

NOTE = "retention.json"


class RetentionNote(BaseModel):
    """Fingerprints of forgotten persons (`sha256` of the identifier in small letters), and the first coverage month that is kept."""

    forgotten: list[str] = []
    first_month_kept: str | None = None

    def asks_of(self, contract: FeedContract) -> str | None:
        """A key over what the note asks of a feed; None when it asks nothing."""
        persons = self.forgotten if contract.person and contract.feed != "opt_outs" else []
        month = self.first_month_kept if contract.is_patient_level else None
        return hash_bytes(json.dumps([persons, month]).encode()) if persons or month else None


def read_note(home: Home) -> RetentionNote:
    path = home.lake / NOTE
    return RetentionNote.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else RetentionNote()


def write_note(home: Home, note: RetentionNote) -> None:
    write_atomically(home.lake / NOTE, note.model_dump_json(), mode=0o600)
