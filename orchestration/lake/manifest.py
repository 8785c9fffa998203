"""A version: one ingested delivery of a feed, and what is written about it beside its Parquet.

A version appears by one rename of a complete folder and is in force by one rename of `current.json`, the last step: what was not finished
is nobody's. The id of a version is the hash of its manifest, which names the hash of everything the version was made from and holds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import file_hashes, hash_bytes, hash_file
from orchestration.foundation.settings import Home
from orchestration.landing.deliveries import Delivery
from orchestration.landing.withdrawals import Withdrawal, is_withdrawn

MANIFEST = "manifest.json"
POINTER = "current.json"
# the coverage month of rows without a date
UNDATED = "undated"


class FileManifest(BaseModel):
    """One table that was read: a landed file, a member of a zip, a sheet. Counts conserve: read = loaded + quarantined + removed."""

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


class MadeFrom(BaseModel):
    """Everything that decides what stands in a version. Equal: the version is known and nothing is read again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(description="fingerprint of the code that reads, types and removes")
    contract_version: str
    landed: dict[str, str] = Field(description="landed file (a zip as a whole) → sha256")
    data_cut: str
    coverage_from: str
    opt_outs_key: str | None = Field(default=None, description="key of the opt-out list that was applied")
    person_id_space: str | None = Field(default=None, description="the space that settings name, where they do")
    person_key: str | None = Field(default=None, description="fingerprint of the key over local identifiers")
    retention: str | None = Field(default=None, description="what `forget` and `purge` had asked for by then")

    @property
    def key(self) -> str:
        return hash_bytes(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode())


class Manifest(BaseModel):
    """One feed of one delivery, in one version."""

    model_config = ConfigDict(extra="forbid")

    feed: str
    delivery: str
    version: int
    made_from: MadeFrom
    person_id_space: str | None
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_removed: dict[str, int] = Field(default_factory=dict)
    values_nulled: dict[str, int] = Field(default_factory=dict)
    coverage: dict[str, int] = Field(default_factory=dict, description="coverage month, or `undated` → rows")
    first_date: str | None = None
    last_date: str | None = None
    parquet: dict[str, str] = Field(description="every Parquet file of the version, its profile and codes too → sha256")
    files: list[FileManifest]

    @property
    def content_key(self) -> str:
        return self.made_from.key

    @property
    def contract_version(self) -> str:
        return self.made_from.contract_version

    @property
    def data_cut(self) -> str:
        return self.made_from.data_cut

    @property
    def coverage_from(self) -> str:
        return self.made_from.coverage_from

    @property
    def opt_outs_key(self) -> str | None:
        return self.made_from.opt_outs_key

    @property
    def sha256(self) -> dict[str, str]:
        """File → hash of what was read."""
        return {file.file: file.sha256 for file in self.files}

    @property
    def assumptions(self) -> list[str]:
        """What was assumed about any of the files, each once."""
        return list(dict.fromkeys(note for file in self.files for note in file.assumptions))

    def folder(self, home: Home) -> Path:
        return version_folder(home, self.feed, self.delivery, self.version)

    @property
    def id(self) -> str:
        """The version's id: the hash of its manifest, as `write` leaves it."""
        return hash_bytes(self.text().encode())

    def text(self) -> str:
        return self.model_dump_json(indent=1)


class Pointer(NamedTuple):
    """Which version is in force, and its id."""

    version: int
    id: str


def delivery_folder(home: Home, feed: str, delivery: str) -> Path:
    return home.lake / feed / f"delivery={delivery}"


def version_folder(home: Home, feed: str, delivery: str, version: int) -> Path:
    return delivery_folder(home, feed, delivery) / f"version={version}"


def number_of(folder: Path) -> int:
    return int(folder.name.removeprefix("version="))


def version_folders(home: Home, feed: str, delivery: str) -> list[Path]:
    """Oldest first, whole or not."""
    return sorted(delivery_folder(home, feed, delivery).glob("version=*"), key=number_of)


def read_manifest(folder: Path) -> Manifest | None:
    """None where there is none that can be read: such a version is nobody's."""
    with suppress(OSError, ValueError):  # pydantic's errors are values' errors
        return Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8"))
    return None


def versions(home: Home, feed: str, delivery: str) -> list[Manifest]:
    """All that can be read, oldest first."""
    return [found for folder in version_folders(home, feed, delivery) if (found := read_manifest(folder)) is not None]


def deliveries_of(home: Home, feed: str) -> list[str]:
    """The deliveries that the lake has of a feed, oldest first."""
    return sorted(path.name.removeprefix("delivery=") for path in (home.lake / feed).glob("delivery=*"))


def current(home: Home, feed: str, delivery: str) -> Manifest | None:
    """The version in force: the one the pointer names, else the newest that is complete."""
    folder = current_folder(home, feed, delivery)
    return read_manifest(folder) if folder else None


def in_force_up_to(
    home: Home, feed: str, up_to: str, landed: list[Delivery], withdrawals: list[Withdrawal]
) -> list[Manifest]:
    """The versions in force of a feed, of every delivery up to this one, oldest first.

    What is withdrawn is not in force. A delivery that is gone from landing without that has what the lake holds, and a check names it.
    """
    files = {delivery.name: delivery.files for delivery in landed}
    found = [
        current(home, feed, name)
        for name in deliveries_of(home, feed)
        if name <= up_to and feed in files.get(name, [feed]) and not is_withdrawn(withdrawals, name, feed)
    ]
    return [manifest for manifest in found if manifest is not None]


def current_folder(home: Home, feed: str, delivery: str) -> Path | None:
    """The folder of the version in force."""
    pointed = pointer(home, feed, delivery)
    if pointed is not None:
        named = version_folder(home, feed, delivery, pointed.version)
        if read_manifest(named) is not None:
            return named
    complete = [folder for folder in version_folders(home, feed, delivery) if read_manifest(folder) is not None]
    return complete[-1] if complete else None


def pointer(home: Home, feed: str, delivery: str) -> Pointer | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((delivery_folder(home, feed, delivery) / POINTER).read_text(encoding="utf-8"))
        return Pointer(int(found["version"]), str(found["id"]))
    return None


def point_to(home: Home, manifest: Manifest) -> None:
    """The last step of every change: from here on this version is the one in force."""
    wanted = Pointer(manifest.version, manifest.id)
    if pointer(home, manifest.feed, manifest.delivery) != wanted:
        target = delivery_folder(home, manifest.feed, manifest.delivery) / POINTER
        write_atomically(target, json.dumps(wanted._asdict()))


def verify_version(folder: Path) -> list[str]:
    """The files of a version that are not what its manifest says, by name; its manifest, when it is not the one that was put in force."""
    manifest = read_manifest(folder)
    if manifest is None:
        return [MANIFEST]
    home = Home(root=folder.absolute().parents[3])
    hashes = file_hashes(home)
    held = {path.relative_to(folder).as_posix(): hashes.of(path) for path in folder.rglob("*.parquet")}
    hashes.save()
    found = sorted(
        name for name in held.keys() | manifest.parquet.keys() if held.get(name) != manifest.parquet.get(name)
    )
    pointed = pointer(home, manifest.feed, manifest.delivery)
    written = hash_file(folder / MANIFEST)
    is_other = written != manifest.id or (
        pointed is not None and pointed.version == number_of(folder) and pointed.id != written
    )
    return [*([MANIFEST] if is_other else []), *found]
