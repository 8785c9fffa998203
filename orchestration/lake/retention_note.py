"""The note that later ingests obey after `forget` and `purge`."""

from __future__ import annotations

from pydantic import BaseModel

from orchestration.foundation.settings import Home

NOTE = "retention.json"


class RetentionNote(BaseModel):
    """What later ingests leave out: fingerprints of forgotten persons, and the first coverage month that is kept."""

    forgotten: list[str] = []
    first_month_kept: str | None = None


def read_note(home: Home) -> RetentionNote:
    path = home.lake / NOTE
    return RetentionNote.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else RetentionNote()
