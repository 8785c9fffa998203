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


def withdraw(
    home: Home, delivery: str, feed: str | None, brought: list[str], data_cut: dt.date, owner: str, reason: str
) -> Withdrawal:
    """Leave a tombstone. `brought`: the feeds that landing or the lake has of the delivery.

    Raises `UsageError` when what it names was never there, or no reason is given.
    """
    if feed is not None and feed not in load_contracts():
        raise UsageError(f"{feed!r} is no feed; the feeds are {', '.join(load_contracts())}")
    if not reason.strip():
        raise UsageError("--reason is empty: say why, in a few words and without naming anybody")
    if not brought and (feed or not (home.landing / delivery).is_dir()):
        raise UsageError(f"neither landing nor the lake has {f'{feed} of ' if feed else ''}delivery {delivery}")
    if feed and feed not in brought:
        raise UsageError(f"delivery {delivery} did not bring {feed}; it brought {', '.join(brought)}")
    made = Withdrawal(delivery=delivery, feed=feed, data_cut=data_cut, owner=owner, reason=reason.strip())
    write_atomically(made.path(home), made.model_dump_json(indent=1))
    return made


def undo(home: Home, delivery: str, feed: str | None) -> None:
    """Lift a tombstone. Raises `UsageError` when there is none."""
    path = home.lake / "withdrawn" / f"{delivery}{'.' + feed if feed else ''}.json"
    if not path.exists():
        raise UsageError(f"{f'{feed} of ' if feed else ''}delivery {delivery} is not withdrawn")
    path.unlink()
