"""Commands about releases that exist: list, put away, roll back, verify."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestration.cli.options import HomeOption, Json, releases_there, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.home_lock import hold
from orchestration.publishing.public import rebuild_ledger
from orchestration.releases import listing


def releases(
    set_aside: Annotated[
        str | None,
        typer.Option(
            "--set-aside", help="Put a (damaged) release away.", show_default=False, autocompletion=releases_there
        ),
    ] = None,
    new_ledger: Annotated[
        bool,
        typer.Option(
            "--rebuild-ledger", help="Start the public ledger anew; what releases showed that are gone is forgotten."
        ),
    ] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """List the releases, newest last; the current one is marked, a damaged one says why."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        if set_aside or new_ledger:
            with hold(settings.paths, purpose="releases"):
                if set_aside:
                    listing.set_aside(settings, set_aside)
                if new_ledger:
                    rebuild_ledger(settings)
        current, damaged = listing.current_release(settings), listing.damaged_releases(settings)
        sound = {r.release_id: r.delivery for r in listing.list_releases(settings)}
        return {
            "releases": [
                {
                    "release": name,
                    "delivery": sound.get(name, name.rsplit(".", 1)[0]),
                    "is_current": bool(current and name == current.release_id),
                    "damage": damaged.get(name, ""),
                }
                for name in sorted(
                    sound.keys() | damaged.keys(),
                    key=lambda name: (name.rsplit(".", 1)[0], int(name.rsplit(".", 1)[1])),
                )
            ]
        }

    def show(result: dict[str, Any]) -> str:
        lines = [
            f"{'*' if row['is_current'] else ' '} {row['release']}  delivery {row['delivery']}"
            + (
                f"  DAMAGED: {row['damage']}; `int-marts releases --set-aside {row['release']}`"
                if row["damage"]
                else ""
            )
            for row in result["releases"]
        ]
        return "\n".join(lines) or "no release yet: run `int-marts refresh`"

    run_command(as_json, work, show)


def rollback(
    release: Annotated[
        str,
        typer.Argument(
            help="The release that `current` shall name again, such as 2025-10.1.", autocompletion=releases_there
        ),
    ],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Point `current` back to an earlier release; nothing is deleted."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        with hold(settings.paths, purpose=f"rollback to {release}"):
            listing.rollback(settings, release)
        return {"current": release}

    run_command(as_json, work, lambda r: f"current is {r['current']} again")


def verify(
    release: Annotated[
        str | None,
        typer.Argument(help="A release; default: the current one.", show_default=False, autocompletion=releases_there),
    ] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Recompute every hash of a release and compare it with its receipt."""

    def work() -> dict[str, Any]:
        checked = listing.verify(settings_for(home), release)
        return {"release": checked.release_id, "tables": checked.tables, "files": checked.files}

    run_command(
        as_json, work, lambda r: f"{r['release']} holds what its receipt says: {r['tables']} tables, {r['files']} files"
    )
