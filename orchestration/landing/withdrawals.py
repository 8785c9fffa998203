"""Deliveries that somebody has withdrawn: a tombstone each, in `lake/withdrawn/`, and what it takes out.

What a tombstone names is no longer live, whether its files still lie in landing or not. What is gone from landing without one is an error:
nobody said that its rows should no longer count.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import IntMartsError, UsageError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.machine import require_machine
from orchestration.foundation.settings import Home


class Withdrawal(BaseModel):
    """`feed` None: the delivery as a whole. `data_cut` is the delivery's: no clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery: str
    feed: str | None = None
    data_cut: dt.date
    owner: str
    reason: str

    def path(self, home: Home) -> Path:
        return home.lake / "withdrawn" / f"{self.delivery}{'.' + self.feed if self.feed else ''}.json"


def read_withdrawals(home: Home) -> list[Withdrawal]:
    """Raises `IntMartsError` naming a tombstone that cannot be read: what it took out must not come back by that."""
    found = []
    for path in sorted((home.lake / "withdrawn").glob("[!.]*.json")):
        try:
            found.append(Withdrawal.model_validate_json(path.read_text(encoding="utf-8")))
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            require_machine(error)
            raise IntMartsError(
                f"lake/withdrawn/{path.name} cannot be read: withdraw {path.stem} again, or lift it with --undo"
            ) from None
    return found


def is_withdrawn(withdrawals: list[Withdrawal], delivery: str, feed: str | None = None) -> bool:
    """Whether a delivery as a whole, or a feed of it, is withdrawn."""
    return any(one.delivery == delivery and one.feed in (None, feed) for one in withdrawals)


def withdraw(home: Home, delivery: str, feed: str | None, data_cut: dt.date, owner: str, reason: str) -> Withdrawal:
    """Leave a tombstone. Raises `UsageError` when neither landing nor lake has what it names, or no reason is given."""
    if feed is not None and feed not in load_contracts():
        raise UsageError(f"{feed!r} is no feed; the feeds are {', '.join(load_contracts())}")
    if not reason.strip():
        raise UsageError("--reason is empty: say why, in a few words and without naming anybody")
    if not (home.landing / delivery).is_dir() and not any(
        path.exists() for path in lake_folders(home, delivery) if feed in (None, path.parent.name)
    ):
        raise UsageError(f"neither landing nor the lake has {f'{feed} of ' if feed else ''}delivery {delivery}")
    made = Withdrawal(delivery=delivery, feed=feed, data_cut=data_cut, owner=owner, reason=reason.strip())
    write_atomically(made.path(home), made.model_dump_json(indent=1))
    return made


def undo(home: Home, delivery: str, feed: str | None) -> None:
    """Lift a tombstone. Raises `UsageError` when there is none."""
    path = home.lake / "withdrawn" / f"{delivery}{'.' + feed if feed else ''}.json"
    if not path.exists():
        raise UsageError(f"{f'{feed} of ' if feed else ''}delivery {delivery} is not withdrawn")
    path.unlink()


def lake_folders(home: Home, delivery: str) -> list[Path]:
    return [home.lake / feed / f"delivery={delivery}" for feed in load_contracts()]
