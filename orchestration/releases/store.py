"""The folder of releases: names, numbers, the `current` link, installing, pruning. Knows nothing of what a release holds.

A release becomes visible by one rename of a complete folder and current by one rename of a link, so a process that is killed
anywhere leaves either the old state or the new one. What a killed process may leave is a folder whose name starts with a dot.
A release whose receipt is damaged is never a candidate for anything; it stays where it is until a person sets it aside.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from orchestration.foundation.errors import IntMartsError, UsageError
from orchestration.foundation.files import sync, sync_tree, write_atomically
from orchestration.releases.receipt import RECEIPT_NAME, damage

SET_ASIDE = "set_aside"
REMOVED = "removed.json"
RELEASE_NAME = re.compile(r"(?P<delivery>\d{4}-\d{2}(?:-M13)?)\.(?P<number>[1-9]\d*)")


@dataclass(frozen=True, order=True)
class ReleaseId:
    """`2025-10.2`: the second release of delivery 2025-10. Ordered by delivery (as text), then number."""

    delivery: str
    number: int

    def __str__(self) -> str:
        return f"{self.delivery}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> ReleaseId:
        found = RELEASE_NAME.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} is not the name of a release (for example 2025-10.2); see `int-marts releases`")
        return cls(found["delivery"], int(found["number"]))


class ReleaseStore:
    """One root (`releases/` or `releases_public/`) of immutable release folders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, release: ReleaseId) -> Path:
        return self.root / str(release)

    def receipt(self, release: ReleaseId) -> Path:
        return self.folder(release) / RECEIPT_NAME

    def complete(self) -> list[ReleaseId]:
        """Oldest first. A folder with a release's name is complete, because it got that name by the last step of its making."""
        if not self.root.is_dir():
            return []
        names = (entry.name for entry in self.root.iterdir() if entry.is_dir() and not entry.is_symlink())
        return sorted(ReleaseId.parse(name) for name in names if RELEASE_NAME.fullmatch(name))

    def sound(self) -> list[ReleaseId]:
        """Those whose receipt reads and was not edited, oldest first."""
        return [release for release in self.complete() if damage(self.folder(release)) is None]

    def damaged(self) -> dict[ReleaseId, str]:
        """Why each of the others is none."""
        found = {release: damage(self.folder(release)) for release in self.complete()}
        return {release: why for release, why in found.items() if why is not None}

    def numbers_used(self, delivery: str) -> list[int]:
        """By the releases that stand, by those set aside and by those removed: a number is never given twice."""
        names = [entry.name for entry in (self.root / SET_ASIDE).glob("*")] + [
            str(release) for release in self.complete()
        ]
        found = [ReleaseId.parse(name) for name in names if RELEASE_NAME.fullmatch(name)]
        return [self._removed().get(delivery, 0), *(one.number for one in found if one.delivery == delivery)]

    def _removed(self) -> dict[str, int]:
        """Delivery → the highest number of its releases that were removed. Raises `IntMartsError` when the note cannot be read."""
        try:
            return TypeAdapter(dict[str, int]).validate_json((self.root / REMOVED).read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise IntMartsError(
                f"{self.root.name}/{REMOVED} cannot be read, so that a number might be given twice: put it back from a backup, or "
                "write into it {delivery: highest number ever given} for each delivery"
            ) from None

    def newest(self, up_to_delivery: str | None = None, of_delivery: str | None = None) -> ReleaseId | None:
        found = [
            release
            for release in self.sound()
            if (up_to_delivery is None or release.delivery <= up_to_delivery)
            and (of_delivery is None or release.delivery == of_delivery)
        ]
        return found[-1] if found else None

    # -- current ------------------------------------------------------------------------------------------------------------

    @property
    def link(self) -> Path:
        return self.root / "current"

    @property
    def note(self) -> Path:
        """`current.json`, for readers that cannot follow links; where the two differ for a moment, the link rules."""
        return self.root / "current.json"

    def current(self) -> ReleaseId | None:
        """What `current` names; None when there is none, or when it names nothing that is sound."""
        release = self.named()
        return release if release is not None and damage(self.folder(release)) is None else None

    def named(self) -> ReleaseId | None:
        """What `current` names, sound or not."""
        target = self._link_target() or self._note().get("release", "")
        return ReleaseId.parse(target) if RELEASE_NAME.fullmatch(target) else None

    def is_rolled_back(self) -> bool:
        """Whether a person chose the current release by `rollback`: then only a newer release moves it."""
        note = self._note()
        return bool(note.get("rolled_back_from")) and note.get("release") == str(self.current())

    def rolled_back_from(self) -> ReleaseId | None:
        return ReleaseId.parse(self._note()["rolled_back_from"]) if self.is_rolled_back() else None

    def is_note_in_step(self) -> bool:
        return self._note().get("release") == (str(self.current()) if self.current() else None)

    def _link_target(self) -> str | None:
        return str(self.link.readlink()) if self.link.is_symlink() else None

    def _note(self) -> dict[str, str]:
        try:
            found = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def point_current(self, release: ReleaseId, rolled_back_from: ReleaseId | None = None) -> None:
        """The note first, the link last: killed in between, the link still rules and names a complete release."""
        if not self.receipt(release).exists():
            raise IntMartsError(f"release {release} is not complete in {self.root.name}/")
        note = {"release": str(release)}
        if rolled_back_from is not None:
            note["rolled_back_from"] = str(rolled_back_from)
        write_atomically(self.note, json.dumps(note, indent=2) + "\n")
        beside = self.root / ".current.new"
        beside.unlink(missing_ok=True)
        try:
            beside.symlink_to(str(release), target_is_directory=True)
        except OSError:  # a file system without links (Windows without the privilege): readers there use the note
            return
        beside.replace(self.link)
        sync(self.root)

    # -- making and removing ------------------------------------------------------------------------------------------------

    @contextmanager
    def building(self, release: ReleaseId) -> Iterator[Path]:
        """An empty hidden folder in the same file system; removed unless it was installed."""
        folder = self.root / f".building-{release}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def install(self, built: Path, release: ReleaseId) -> None:
        """Give a complete, synced folder its name. Raises `IntMartsError` when that release exists: releases never change."""
        if self.folder(release).exists():
            raise IntMartsError(f"release {release} exists already and is never changed")
        sync_tree(built)
        built.rename(self.folder(release))
        sync(self.root)

    def remove(self, release: ReleaseId) -> None:
        """Hidden first, so that nobody ever sees half a release."""
        if release == self.named():
            raise IntMartsError(f"release {release} is current and is not removed")
        doomed = self.root / f".deleting-{release}"
        shutil.rmtree(doomed, ignore_errors=True)
        self.folder(release).rename(doomed)
        shutil.rmtree(doomed)

    def prune(self, kept: int, made: ReleaseId) -> list[ReleaseId]:
        """Remove all but the newest `kept` sound releases; `current` and the one just made always stay."""
        doomed = [release for release in self.sound()[:-kept] if release not in (self.named(), made)]
        if doomed:
            # before they go: what people cited as 2024-10.1 is never another release
            removed = self._removed()
            removed |= {one.delivery: max(one.number, removed.get(one.delivery, 0)) for one in doomed}
            write_atomically(self.root / REMOVED, json.dumps(removed, indent=1, sort_keys=True) + "\n")
        for release in doomed:
            self.remove(release)
        return doomed

    def set_aside(self, release: ReleaseId) -> None:
        """Out of the way, whole, for a person to look at. `current` must not name it."""
        if release == self.named():
            raise IntMartsError(f"release {release} is current and is not set aside")
        (self.root / SET_ASIDE).mkdir(exist_ok=True)
        self.folder(release).rename(self.root / SET_ASIDE / str(release))
        sync(self.root)

    def point(self, release: ReleaseId | None, rolled_back_from: ReleaseId | None = None) -> None:
        """`point_current`, or nowhere."""
        if release is not None:
            self.point_current(release, rolled_back_from)
            return
        self.link.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def sweep(self) -> list[str]:
        """Remove what a killed run left behind."""
        if not self.root.is_dir():
            return []
        left = [
            entry for entry in self.root.iterdir() if entry.name.startswith((".building-", ".deleting-", ".current"))
        ]
        for entry in left:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        return sorted(entry.name for entry in left)
