"""`release.json`: what a release is, what it was made from, what was checked, and what it holds. Shape of the public contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from orchestration.foundation.checks import CheckResult
from orchestration.foundation.errors import VerifyDiffers
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_file, hash_json
from orchestration.foundation.warehouse import TableFacts

RECEIPT_NAME = "release.json"
# Raised when a column or table of the marts disappears or changes its type or meaning (docs/architecture.md, "Releases").
SCHEMA_VERSION = 2

Profile = Literal["internal", "public"]
DATABASE_NAME: dict[Profile, str] = {"internal": "int_marts.duckdb", "public": "int_marts_public.duckdb"}


class InputFile(BaseModel):
    """One delivered file. Outside stand feed, delivery and version alone: a file's name may hold somebody's, and the hash of a
    patient-level file tells whoever has one like it that it is the same."""

    feed: str
    delivery: str
    version: int
    file: str = ""
    sha256: str = ""
    rows_read: int | None = None
    rows_loaded: int | None = None
    rows_quarantined: int | None = None

    model_config = ConfigDict(frozen=True)

    @property
    def key(self) -> tuple[str, str, int]:
        return self.feed, self.delivery, self.version

    def outside(self) -> InputFile:
        return InputFile(feed=self.feed, delivery=self.delivery, version=self.version)


class Disclosure(BaseModel):
    """How much the public profile hides. The split is known inside only: outside it would narrow what a hidden count can be."""

    cells: int
    suppressed: int
    suppressed_primary: int | None = None
    suppressed_complementary: int | None = None
    cornered_by_earlier_releases: int | None = None

    def outside(self) -> Disclosure:
        return self.model_copy(
            update={"suppressed_primary": None, "suppressed_complementary": None, "cornered_by_earlier_releases": None}
        )


class ReleaseReceipt(BaseModel):
    """Everything here follows from the inputs and the code: no clock, no machine, no user."""

    # Releases outlive the code that wrote them, in both directions: what an older or newer version did not know is no fault.
    model_config = ConfigDict(extra="ignore")

    schema_version: int
    release_id: str
    profile: Profile
    as_of_delivery: str
    data_cut: str
    first_month: str
    last_month: str
    icb_code: str
    icb_name: str
    previous_release: str | None
    schema_changes: list[str] = []
    build_id: str
    build_key: str
    is_synthetic: bool = False
    code_fingerprint: str
    git_commit: str
    package_versions: dict[str, str]
    inputs: list[InputFile]
    checks: list[CheckResult] = []
    checks_by_state: dict[str, int]
    waivers: list[dict[str, Any]] = []
    disclosure: Disclosure
    # Inside only: why there is no public side, in words; and the entry of the public ledger that stands for it.
    public_withheld: str = ""
    public_ledger: str = ""
    tables: dict[str, TableFacts]
    files: dict[str, str]
    seal: str = ""

    def sealed(self) -> ReleaseReceipt:
        """With `seal` = sha256 over everything else, so that an edited receipt is found."""
        return self.model_copy(update={"seal": seal_of(self.model_dump(mode="json"))})

    def write(self, folder: Path) -> None:
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
        write_atomically(folder / RECEIPT_NAME, text + "\n")


def read_receipt(folder: Path) -> ReleaseReceipt:
    """Raises `VerifyDiffers` when the receipt is missing, unreadable or was edited."""
    path = folder / RECEIPT_NAME
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        receipt = ReleaseReceipt.model_validate(written)
    except FileNotFoundError:
        raise VerifyDiffers(f"{folder.name}: {RECEIPT_NAME} is missing") from None
    except OSError as error:
        raise VerifyDiffers(f"{folder.name}: {RECEIPT_NAME} cannot be read: {error.strerror}") from None
    except ValueError:  # pydantic's and the decoders' errors are values' errors
        raise VerifyDiffers(f"{folder.name}: {RECEIPT_NAME} cannot be read as a receipt") from None
    if receipt.seal != seal_of(written):
        raise VerifyDiffers(f"{folder.name}: {RECEIPT_NAME} was changed after it was sealed")
    return receipt


def damage(folder: Path) -> str | None:
    """Why a release cannot be used, in words: its receipt is missing, unreadable or edited. None where it is sound."""
    try:
        receipt = read_receipt(folder)
    except VerifyDiffers as error:
        return str(error)
    return None if receipt.release_id == folder.name else f"{folder.name}: its receipt is that of {receipt.release_id}"


def seal_of(receipt: dict[str, Any]) -> str:
    """Over what is written, not over what this version of the code knows of it."""
    return hash_json({name: value for name, value in receipt.items() if name != "seal"})


def file_hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file of a release folder but its receipt, by path relative to the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = "a link"
        elif path.is_file() and name != RECEIPT_NAME:
            found[name] = hash_file(path)
    return found
