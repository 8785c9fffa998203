"""`int-marts refresh`: nothing, where the release stands; else the whole job."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestration.cli.demo import write_into_new_home
from orchestration.cli.options import DeliveryArgument, HomeOption, Json, Wait, settings_for
from orchestration.cli.output import run_command, saying_what_readers_see, show_publication, told
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.landing.deliveries import find_delivery
from orchestration.releases.standing import standing_release


def refresh(
    delivery: DeliveryArgument = None,
    wait: Wait = False,
    demo_if_empty: Annotated[
        bool, typer.Option("--demo-if-empty", help="Write the demo first when landing is empty.")
    ] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Everything for one delivery: ingest, accept, build, check, publish."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        settings.paths.create()
        landed = [path for path in settings.paths.landing.iterdir() if path.is_dir() and not path.name.startswith(".")]
        if demo_if_empty and not landed:
            write_into_new_home(settings.paths)
        with saying_what_readers_see(settings):
            done = stand_or_run(settings, delivery, wait=wait)
        return {**done, "seconds": {name: round(took, 1) for name, took in reporter().seconds_by_step.items()}}

    run_command(as_json, work, show_publication)


def stand_or_run(settings: Settings, delivery_name: str | None = None, wait: bool = False) -> dict[str, Any]:
    """Everything for one delivery (default: the newest), where its release does not stand already.

    Raises `UsageError` (no such delivery), `DeliveryRefused`, `GateShut`, `Busy` or `IntMartsError` (a fault).
    """
    delivery = find_delivery(settings.paths, delivery_name)
    with hold(settings.paths, purpose=f"refresh {delivery.name}", wait=wait), reporter().step("look for changes"):
        standing = standing_release(settings, delivery.name)
    if standing:
        return told(settings, standing, is_new=False)
    # Dagster takes seconds to load, and a refresh with nothing new asks nothing of it
    from orchestration.graph.pipeline import run_job

    done = run_job(settings, delivery.name)
    return told(settings, done.release, is_new=done.is_new)
