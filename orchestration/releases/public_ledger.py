"""What was ever shown or hidden in public: an append-only chain of entries outside the release folders (definitions E19).

Each entry names the hash of the one before, and each internal release the entry that was written for it. An entry holds the true counts
behind one public release, so the ledger is as internal as they are. It is written before the public folder appears: a killed publication
leaves an entry too many, never one too few. Whoever cannot say what was shown before shows nothing more: without the ledger, or with a
break in it, nothing public is published.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_file
from orchestration.foundation.settings import Settings
from orchestration.releases.receipt import read_receipt
from orchestration.releases.store import RELEASE_NAME, SET_ASIDE, ReleaseStore

ENDING = ".json.gz"
WAY_OUT = "put it back from a backup, or start it anew from the releases that stand with `int-marts releases --rebuild-ledger`"


class LedgerBroken(IntMartsError):
    """It cannot be said what was shown or hidden before."""


class Entry(BaseModel):
    """`shown` is the publisher's own account of the release. `replaces`: heads of ledgers that a person gave up for this one."""

    model_config = ConfigDict(extra="forbid")

    number: int
    release: str
    previous: str
    replaces: list[str] = []
    shown: dict[str, Any]


class PublicLedger:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.paths.public_ledger

    def files(self) -> list[Path]:
        return sorted(self.folder.glob(f"[0-9]*{ENDING}"))

    def head(self) -> str:
        """The hash of the newest entry; empty where there is none."""
        files = self.files()
        return hash_file(files[-1]) if files else ""

    def is_sound(self) -> bool:
        try:
            self.read()
        except LedgerBroken:
            return False
        return True

    def read(self) -> list[Entry]:
        """Every entry, oldest first. Raises `LedgerBroken` when one is missing, unreadable or changed, in words and with the way out."""
        entries, heads, previous = [], set(), ""
        for number, path in enumerate(self.files(), start=1):
            entry = self._entry(path)
            if entry.number != number or entry.previous != previous:
                raise LedgerBroken(f"the public ledger is broken before {path.name}: {WAY_OUT}")
            entries.append(entry)
            heads |= {previous := hash_file(path), *entry.replaces}
        written_for = {entry.release for entry in entries}
        missing = sorted(self._public_releases() - written_for)
        if missing:
            raise LedgerBroken(f"the public ledger has no entry of release {', '.join(missing)}: {WAY_OUT}")
        lost = sorted(name for name, head in self._heads_named().items() if head not in heads)
        if lost:
            raise LedgerBroken(f"the public ledger lost the entry of release {', '.join(lost)}: {WAY_OUT}")
        return entries

    def append(self, release: str, shown: dict[str, Any], replaces: list[str] | None = None) -> str:
        """One more entry; gives its hash. The same again, when nothing came of the last one, is not written twice."""
        files = self.files()
        last = self._entry(files[-1]) if files else None
        if last is not None and last.release == release and last.shown == shown:
            return hash_file(files[-1])
        number = len(files) + 1
        entry = Entry(number=number, release=release, previous=self.head(), replaces=replaces or [], shown=shown)
        path = self.folder / f"{number:05d}-{release}{ENDING}"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        text = json.dumps(entry.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        write_atomically(path, gzip.compress(text.encode(), mtime=0), mode=0o600)
        return hash_file(path)

    def give_up(self) -> list[str]:
        """Put a broken ledger aside, whole; gives the heads that releases name, for the new one to stand for."""
        heads = sorted(set(self._heads_named().values()))
        if self.folder.exists():
            number = len(list(self.folder.parent.glob(f"{self.folder.name}.given_up-*"))) + 1
            self.folder.rename(self.folder.with_name(f"{self.folder.name}.given_up-{number}"))
        return heads

    def _entry(self, path: Path) -> Entry:
        try:
            return Entry.model_validate_json(gzip.decompress(path.read_bytes()))
        except (OSError, EOFError, ValueError) as error:  # pydantic's errors are values' errors
            why = getattr(error, "strerror", None) or "damaged"
            raise LedgerBroken(f"the public ledger's {path.name} cannot be read ({why}): {WAY_OUT}") from None

    def _public_releases(self) -> set[str]:
        root = self.settings.paths.releases_public
        entries = [*root.glob("*"), *(root / SET_ASIDE).glob("*")]
        return {entry.name for entry in entries if RELEASE_NAME.fullmatch(entry.name)}

    def _heads_named(self) -> dict[str, str]:
        """Internal release → the entry that its receipt names."""
        store = ReleaseStore(self.settings.paths.releases)
        found = {str(release): read_receipt(store.folder(release)).public_ledger for release in store.sound()}
        return {name: head for name, head in found.items() if head}
