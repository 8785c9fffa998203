"""Commands that a team needs a few times a year: requests to be forgotten, retention, deliveries withdrawn."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.options import HomeOption, Json, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Settings
from orchestration.lake import retention
from orchestration.lake.retention import RetentionReceipt
from orchestration.landing import withdrawals
from orchestration.landing.deliveries import data_cut_of, feeds_brought


def forget(
    persons_file: Annotated[Path, typer.Argument(help="A list of person identifiers: text, CSV or a workbook.")],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Remove named persons from all landing-derived data (a legal request). Old releases then no longer rebuild."""

    remove_from_lake("forget", lambda settings: retention.forget(settings, persons_file), as_json, home)


def purge(
    before: Annotated[str, typer.Option(help="Coverage months before YYYY-MM are removed.")],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Retention: remove landing-derived data of old coverage months."""

    remove_from_lake("purge", lambda settings: retention.purge(settings, before), as_json, home)


def remove_from_lake(
    purpose: str, remove: Callable[[Settings], RetentionReceipt], as_json: bool, home: Path | None
) -> None:
    """Under the home's lock, with the receipt as the answer."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        with hold(settings.paths, purpose=purpose):
            return remove(settings).model_dump(mode="json")

    run_command(
        as_json,
        work,
        lambda r: (
            (f"{r['persons_found']} of {r['persons_asked']} persons found; " if r["persons_asked"] else "")
            + f"{r['rows_removed']} rows removed, {sum(r['rows_left_out_by_feed'].values())} in all so far; "
            f"receipt {r['receipt_file']}; now run `int-marts refresh`"
        ),
    )


def withdraw(
    delivery: Annotated[str, typer.Argument(help="The delivery that should no longer count, such as 2025-10.")],
    feed: Annotated[str | None, typer.Option(help="One feed of it; default: the delivery as a whole.")] = None,
    reason: Annotated[str, typer.Option(help="Why, in a few words that name nobody.")] = "",
    owner: Annotated[str | None, typer.Option(help="Who decided it; default: the user of this computer.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what was withdrawn.")] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Take a delivery, or a feed of it, out of the figures: what it brought is no longer live at the next refresh."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        with hold(settings.paths, purpose=f"withdraw {delivery}"):
            if undo:
                withdrawals.undo(settings.paths, delivery, feed)
                return {"delivery": delivery, "feed": feed, "withdrawn": False}
            cut = data_cut_of(settings.paths, delivery)
            brought = feeds_brought(settings.paths, delivery)
            made = withdrawals.withdraw(
                settings.paths, delivery, feed, brought, cut, owner or getpass.getuser(), reason
            )
        return {**made.model_dump(mode="json"), "withdrawn": True}

    run_command(
        as_json,
        work,
        lambda r: (
            f"{r['feed'] + ' of ' if r['feed'] else ''}delivery {r['delivery']} is "
            f"{'withdrawn' if r['withdrawn'] else 'no longer withdrawn'}; now run `int-marts refresh`"
        ),
    )
