"""What is written about one ingested feed of one delivery, beside its Parquet."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from orchestration.foundation.hashes import hash_json
from orchestration.foundation.settings import Home

MANIFEST = "manifest.json"
POINTER = "current.json"
# the coverage month of rows without a date
UNDATED = "undated"


class FileManifest(BaseModel):
    """One landed file (or one member of a zip). Counts conserve: read = loaded + quarantined + removed."""

    model_config = ConfigDict(extra="forbid")

    file: str
    sha256: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_removed: dict[str, int] = Field(default_factory=dict)
    encoding: str
    delimiter: str
    header_vintage: str
    assumptions: list[str] = Field(default_factory=list)


class Manifest(BaseModel):
    """One feed of one delivery, in one version. `content_key` is what the version was made from."""

    model_config = ConfigDict(extra="forbid")

    feed: str
    delivery: str
    version: int
    content_key: str
    contract_version: str
    data_cut: str
    coverage_from: str
    person_id_space: str | None
    opt_outs_key: str | None = Field(default=None, description="hash of the opt-out list that was applied")
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_removed: dict[str, int] = Field(default_factory=dict)
    values_nulled: dict[str, int] = Field(default_factory=dict)
    coverage: dict[str, int] = Field(default_factory=dict, description="coverage month, or `undated` → rows")
    first_date: str | None = None
    last_date: str | None = None
    parquet: dict[str, str] = Field(default_factory=dict, description="Parquet file → sha256")
    files: list[FileManifest]
    landed: dict[str, str] = Field(default_factory=dict, description="landed file, an archive as a whole → sha256")

    @property
    def version_id(self) -> str:
        """The hash of the manifest: what is built from a version names it by this."""
        return hash_json(self.model_dump(mode="json"))

    @property
    def sha256(self) -> dict[str, str]:
        """File → hash of what was delivered."""
        return {file.file: file.sha256 for file in self.files}

    @property
    def assumptions(self) -> list[str]:
        """What was assumed about any of the files, each once."""
        return list(dict.fromkeys(note for file in self.files for note in file.assumptions))

    def folder(self, home: Home) -> Path:
        return version_folder(home, self.feed, self.delivery, self.version)


def delivery_folder(home: Home, feed: str, delivery: str) -> Path:
    return home.lake / feed / f"delivery={delivery}"


def version_folder(home: Home, feed: str, delivery: str, version: int) -> Path:
    return delivery_folder(home, feed, delivery) / f"version={version}"


def versions(home: Home, feed: str, delivery: str) -> list[Manifest]:
    """All complete versions in the lake, oldest first."""
    found = []
    for path in delivery_folder(home, feed, delivery).glob(f"version=*/{MANIFEST}"):
        found.append(Manifest.model_validate_json(path.read_text(encoding="utf-8")))
    return sorted(found, key=lambda manifest: manifest.version)


def current(home: Home, feed: str, delivery: str) -> Manifest | None:
    """The version in force: the one the pointer names, else the newest that is complete."""
    folder = current_folder(home, feed, delivery)
    if folder is None:
        return None
    return Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))


def current_folder(home: Home, feed: str, delivery: str) -> Path | None:
    """The folder of the version in force."""
    folder = delivery_folder(home, feed, delivery)
    with suppress(OSError, ValueError, KeyError):
        named = version_folder(
            home, feed, delivery, json.loads((folder / POINTER).read_text(encoding="utf-8"))["version"]
        )
        if (named / MANIFEST).is_file():
            return named
    complete = (path.parent for path in folder.glob(f"version=*/{MANIFEST}"))
    return max(complete, key=lambda path: int(path.name.removeprefix("version=")), default=None)


def point_to(home: Home, manifest: Manifest) -> None:
    pointer = delivery_folder(home, manifest.feed, manifest.delivery) / POINTER
    text = json.dumps({"version": manifest.version})
    if not pointer.is_file() or pointer.read_text(encoding="utf-8") != text:
        write_atomically(pointer, text)


def write_atomically(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
