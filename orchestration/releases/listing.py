"""Releases that exist: listing, finding, rolling back, verifying. Callers that change something hold the home lock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.foundation.errors import UsageError, VerifyDiffers
from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Settings
from orchestration.releases.receipt import DATABASE_NAME, Profile, ReleaseReceipt, damage, file_hashes, read_receipt
from orchestration.releases.store import ReleaseId, ReleaseStore
from orchestration.releases.tables import attach, table_facts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Release:
    """A release of the internal profile, as its receipt describes it."""

    release_id: str
    delivery: str
    folder: Path
    build_id: str
    receipt: ReleaseReceipt

    @property
    def rows_by_table(self) -> dict[str, int]:
        return {relation: facts.rows for relation, facts in self.receipt.tables.items()}

    @property
    def report(self) -> Path:
        return self.folder / "report" / "index.html"

    @property
    def database(self) -> Path:
        return self.folder / DATABASE_NAME["internal"]


@dataclass(frozen=True)
class Verified:
    """What `verify` recomputed and found as the receipts say: how many tables and files, over both profiles."""

    release_id: str
    tables: int
    files: int


def stores(settings: Settings) -> dict[Profile, ReleaseStore]:
    return {"internal": ReleaseStore(settings.paths.releases), "public": ReleaseStore(settings.paths.releases_public)}


def list_releases(settings: Settings) -> list[Release]:
    """Every sound release of the home, oldest first."""
    store = stores(settings)["internal"]
    return [_release(store, release) for release in store.sound()]


def damaged_releases(settings: Settings) -> dict[str, str]:
    """Release → what is wrong with it, on either side."""
    found: dict[str, str] = {}
    for store in stores(settings).values():
        for release, why in store.damaged().items():
            found[str(release)] = "; ".join(filter(None, [found.get(str(release)), f"{store.root.name}/{why}"]))
    return dict(sorted(found.items()))


def current_release(settings: Settings) -> Release | None:
    store = stores(settings)["internal"]
    release = store.current()
    return _release(store, release) if release else None


def previous_release(settings: Settings, is_before: Callable[[str], bool]) -> Release | None:
    """What readers had before: the current release, or the newest one, whose delivery `is_before`. One of which a byte differs is passed
    over: nothing is compared with what may have been edited."""
    store = stores(settings)["internal"]
    current = store.current()
    for release in dict.fromkeys([*([current] if current else []), *reversed(store.complete())]):
        if not is_before(release.delivery):
            continue
        try:
            check_folder(store.folder(release), "internal")
        except VerifyDiffers as error:
            log.warning("nothing is compared with release %s: %s", release, error)
            continue
        return _release(store, release)
    return None


def readers_see(settings: Settings) -> str:
    """What is published at this moment, in words; with what a stopped publication still has to do."""
    store = stores(settings)["internal"]
    current, newest = store.current(), store.newest()
    seen = f"readers see release {current}" if current else "readers see no release"
    if newest in (current, store.rolled_back_from()):
        return seen
    return f"{seen}; {newest} is whole, and the next `int-marts refresh` makes it current"


def find_release(settings: Settings, release_id: str | None = None) -> Release:
    """The named release, or the current one. Raises `UsageError` when there is no such release."""
    store = stores(settings)["internal"]
    return _release(store, _existing(store, release_id))


def rollback(settings: Settings, release_id: str) -> Release:
    """Point `current` of both profiles at an older (or newer) complete release, after verifying it. The caller holds the home lock.

    A later refresh of the same inputs leaves a rollback alone; only a newer release moves `current` on.
    Both sides move or neither: a release whose public side was withheld goes with the newest public one that is not newer.
    Raises `UsageError` (no such release) or `VerifyDiffers` (it does not hold what its receipt says, or its public side is missing).
    """
    by_profile = stores(settings)
    internal, public = by_profile["internal"], by_profile["public"]
    wanted = _existing(internal, release_id)
    check_folder(internal.folder(wanted), "internal")
    shown = public_side_of(settings, wanted)
    if shown is not None:
        check_folder(public.folder(shown), "public")
    newest = internal.newest()
    rolled_back_from = newest if newest != wanted else None
    point_both(settings, wanted, shown, rolled_back_from)
    return _release(internal, wanted)


def public_side_of(settings: Settings, release: ReleaseId) -> ReleaseId | None:
    """The public release that stands beside an internal one. Raises `VerifyDiffers` when it should have one and has none."""
    by_profile = stores(settings)
    internal, public = by_profile["internal"], by_profile["public"]
    if public.folder(release).is_dir():
        return release
    if not read_receipt(internal.folder(release)).public_withheld:
        raise VerifyDiffers(
            f"release {release} has no public side in {public.root.name}/, so nothing was moved: choose a release that has both, "
            f"or set it aside with `int-marts releases --set-aside {release}`"
        )
    return max((other for other in public.sound() if other < release), default=None)


def point_both(
    settings: Settings, internal: ReleaseId, public: ReleaseId | None, rolled_back_from: ReleaseId | None = None
) -> None:
    """Both or neither: where the internal side cannot be moved the public one goes back; after a kill by the next publication."""
    by_profile = stores(settings)
    shown = by_profile["public"]
    was, was_rolled_back_from = shown.current(), shown.rolled_back_from()
    shown.point(public, rolled_back_from)
    try:
        by_profile["internal"].point_current(internal, rolled_back_from)
    except OSError:
        shown.point(was, was_rolled_back_from)
        raise


def set_aside(settings: Settings, release_id: str) -> str | None:
    """Put a release away on both sides; where it was current, the newest sound one is current then. Gives what is current.

    The caller holds the home lock. Raises `UsageError` when there is no such release.
    """
    by_profile = stores(settings)
    doomed = ReleaseId.parse(release_id)
    if not any(store.folder(doomed).is_dir() for store in by_profile.values()):
        raise UsageError(f"there is no release {doomed}; see `int-marts releases`")
    for store in (by_profile["public"], by_profile["internal"]):
        if store.named() == doomed:
            store.point(max((release for release in store.sound() if release != doomed), default=None))
        if store.folder(doomed).is_dir():
            store.set_aside(doomed)
    current = by_profile["internal"].current()
    return str(current) if current else None


def verify(settings: Settings, release_id: str | None = None) -> Verified:
    """Recompute every hash of a release (default: the current one) in both profiles, and look where `current` points.

    Raises `VerifyDiffers` naming every file, table or link that differs, `UsageError` when there is no such release.
    """
    by_profile = stores(settings)
    wanted = _existing(by_profile["internal"], release_id)
    internal = by_profile["internal"]
    # Where `current` points is a matter of the current release: another one is not worse for it.
    differences = pointer_differences(settings) if wanted == internal.named() else []
    is_withheld = damage(internal.folder(wanted)) is None and read_receipt(internal.folder(wanted)).public_withheld
    tables = files = 0
    for profile, store in by_profile.items():
        if profile == "public" and is_withheld and not store.folder(wanted).exists():
            continue
        if not store.folder(wanted).exists():
            differences.append(f"{store.root.name}/{wanted} is missing")
            continue
        found, receipt = folder_differences(store.folder(wanted), profile)
        differences += [f"{store.root.name}/{wanted}: {difference}" for difference in found]
        if receipt is not None:
            if receipt.release_id != str(wanted):
                differences.append(f"{store.root.name}/{wanted}: its receipt is that of release {receipt.release_id}")
            tables += len(receipt.tables)
            files += len(receipt.files)
    if differences:
        raise VerifyDiffers("; ".join(differences))
    return Verified(str(wanted), tables, files)


def pointer_differences(settings: Settings) -> list[str]:
    """What an interrupted publication leaves: the root that is behind, by name. The next refresh mends each of these."""
    by_profile = stores(settings)
    current = {profile: store.current() for profile, store in by_profile.items()}
    found = []
    for store in by_profile.values():
        newest, pointed = store.newest(), store.current()
        named = store.named()
        if pointed is None and named is not None and (why := damage(store.folder(named))):
            found.append(f"{store.root.name}/current names {named}, which is damaged: {why}")
        elif pointed is None and newest is not None:
            found.append(f"{store.root.name}/current names no complete release (the newest is {newest})")
        elif newest is not None and pointed != newest and store.rolled_back_from() is None:
            found.append(f"{store.root.name}/current is behind: it names {pointed}, the newest is {newest}")
        elif not store.is_note_in_step():
            found.append(f"{store.root.name}/current.json differs from the link, which names {pointed}")
    if (
        not found
        and current["internal"] is not None
        and not is_in_step(settings, current["internal"], current["public"])
    ):
        behind = min(by_profile, key=lambda profile: str(current[profile] or ""))
        other = current["public" if behind == "internal" else "internal"]
        found.append(
            f"{by_profile[behind].root.name}/current is behind: it names {current[behind]}, the other profile {other}"
        )
    return found


def is_in_step(settings: Settings, internal: ReleaseId, public: ReleaseId | None) -> bool:
    try:
        return public_side_of(settings, internal) == public
    except VerifyDiffers:
        return False


def check_folder(folder: Path, profile: Profile) -> None:
    """Raises `VerifyDiffers` unless the folder holds exactly the files its receipt says, byte for byte."""
    _, found = file_differences(folder, profile)
    if found:
        raise VerifyDiffers(f"{folder.name}: " + "; ".join(found))


def folder_differences(folder: Path, profile: Profile) -> tuple[list[str], ReleaseReceipt | None]:
    """Of the files, and of every table of the database, read again: a receipt may have been wrong when it was written."""
    receipt, found = file_differences(folder, profile)
    database = folder / DATABASE_NAME[profile]
    if receipt is not None and database.is_file():
        found += _table_differences(database, receipt)
    return found, receipt


def file_differences(folder: Path, profile: Profile) -> tuple[ReleaseReceipt | None, list[str]]:
    try:
        receipt = read_receipt(folder)
    except VerifyDiffers as error:
        return None, [str(error)]
    found = []
    if receipt.profile != profile:
        found.append(f"its profile is {receipt.profile}, not {profile}")
    files = file_hashes(folder)
    found += [f"file {name} is missing" for name in sorted(receipt.files.keys() - files.keys())]
    found += [f"file {name} is not in the receipt" for name in sorted(files.keys() - receipt.files.keys())]
    found += [
        f"file {name} was changed"
        for name in sorted(files.keys() & receipt.files.keys())
        if files[name] != receipt.files[name]
    ]
    return receipt, found


def _table_differences(database: Path, receipt: ReleaseReceipt) -> list[str]:
    try:
        with duckdb.connect(":memory:") as connection:
            attach(connection, database, "examined")
            tables = table_facts(connection, "examined")
    except duckdb.Error as error:
        require_machine(error)
        return [f"{database.name} cannot be opened"]
    names = sorted(tables.keys() | receipt.tables.keys())
    return [f"table {name} differs" for name in names if tables.get(name) != receipt.tables.get(name)]


def _existing(store: ReleaseStore, release_id: str | None) -> ReleaseId:
    if release_id is None:
        current = store.named()
        if current is None:
            raise UsageError("there is no release yet: run `int-marts refresh`")
        if why := damage(store.folder(current)):
            raise VerifyDiffers(
                f"the current release is damaged: {why}; run `int-marts refresh`, or `int-marts releases --set-aside {current}`"
            )
        return current
    wanted = ReleaseId.parse(release_id)
    if not store.folder(wanted).is_dir():
        raise UsageError(f"there is no release {wanted}; see `int-marts releases`")
    return wanted


def _release(store: ReleaseStore, release: ReleaseId) -> Release:
    folder = store.folder(release)
    receipt = read_receipt(folder)
    return Release(str(release), release.delivery, folder, receipt.build_id, receipt)
