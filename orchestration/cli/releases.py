"""Commands about releases that exist: list, put away, roll back, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.app import HomeOption, Json, app, releases_there, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.home_lock import hold


@app.command()
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
        from orchestration.publishing import current_release, damaged_releases, list_releases
        from orchestration.publishing import set_aside as put_away
        from orchestration.publishing.public import rebuild_ledger

        settings = settings_for(home)
        if set_aside or new_ledger:
            with hold(settings.paths, purpose="releases"):
                if set_aside:
                    put_away(settings, set_aside)
                if new_ledger:
                    rebuild_ledger(settings)
        current, damaged = current_release(settings), damaged_releases(settings)
        sound = {r.release_id: r.delivery for r in list_releases(settings)}
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


@app.command()
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
        from orchestration.publishing import rollback as roll_back

        settings = settings_for(home)
        with hold(settings.paths, purpose=f"rollback to {release}"):
            roll_back(settings, release)
        return {"current": release}

    run_command(as_json, work, lambda r: f"current is {r['current']} again")


@app.command()
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
        from orchestration.publishing import verify as verify_release

        checked = verify_release(settings_for(home), release)
        return {"release": checked.release_id, "tables": checked.tables, "files": checked.files}

    run_command(
        as_json, work, lambda r: f"{r['release']} holds what its receipt says: {r['tables']} tables, {r['files']} files"
    )


@app.command()
def superset(
    out: Annotated[Path, typer.Option(help="Where to write the export (.zip).")],
    uri: Annotated[
        str | None,
        typer.Option(
            help="SQLAlchemy address of the database, without a password; default: the current release's file."
        ),
    ] = None,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """A starter for Apache Superset: database, datasets, charts and a dashboard, to be imported there."""

    def work() -> dict[str, Any]:
        from orchestration.publishing.superset import write_superset_export
        from orchestration.releases.listing import find_release

        settings = settings_for(home)
        # through the link, so that the dashboard follows the current release
        file = (
            settings.paths.releases.absolute() / "current" / find_release(settings, None).database.name
            if uri is None
            else None
        )
        address = uri or f"duckdb:///{file}?access_mode=read_only"
        return {"out": out, "uri": address, "files": len(write_superset_export(out, address))}

    run_command(
        as_json, work, lambda r: f"written: {r['out']}, {r['files']} files for {r['uri']}; import it in Superset"
    )
