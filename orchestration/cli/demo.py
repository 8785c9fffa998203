"""`int-marts demo`: a delivery of invented people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestration.cli.options import HomeOption, Json, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.errors import UsageError
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Home
from orchestration.synthetic import DemoSummary, write_demo


def demo(
    people: Annotated[int, typer.Option(min=100, help="Registered people to invent.")] = 200_000,
    months: Annotated[int, typer.Option(min=1, help="Months of history.")] = 26,
    to: Annotated[str, typer.Option(help="Last month, YYYY-MM.")] = "2025-10",
    deliveries: Annotated[int, typer.Option(min=1, help="Cumulative deliveries; each restates the one before.")] = 2,
    seed: Annotated[int, typer.Option(help="Same seed and sizes: same bytes.")] = 1,
    faults: Annotated[list[str] | None, typer.Option(help="Plant a named fault (may be repeated).")] = None,
    flat_rates: Annotated[
        bool, typer.Option("--flat-rates", help="True rates that never change, to test false alarms.")
    ] = False,
    effects: Annotated[
        str,
        typer.Option(
            help="What going live does: growing, by_wave (waves differ) or none (nothing changes but season); in truth.json."
        ),
    ] = "growing",
    chosen_high: Annotated[
        bool, typer.Option("--chosen-high", help="Teams went live after a year that was high by chance.")
    ] = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Write synthetic deliveries into landing, with the true figures in truth.json beside them."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        made = write_into_new_home(
            settings.paths,
            people=people,
            months=months,
            to=to,
            deliveries=deliveries,
            seed=seed,
            faults=tuple(faults or ()),
            flat_rates=flat_rates,
            effects=effects,
            chosen_high=chosen_high,
        )
        return {
            "landing": settings.paths.landing,
            "deliveries": made.deliveries,
            "files": made.files,
            "truth": made.truth_file,
        }

    run_command(
        as_json,
        work,
        lambda r: f"{r['files']} files of {', '.join(r['deliveries'])} in {r['landing']}\ntrue figures: {r['truth']}",
    )


def write_into_new_home(home: Home, **asked: Any) -> DemoSummary:
    """The demo goes only where nothing was ever taken in or published: invented people never stand beside real ones.

    `asked`: what `write_demo` takes. Raises `UsageError` naming what is there, `Busy` while a run holds the home.
    """
    lake = [path.name for path in home.lake.glob("*") if not path.name.startswith(".")] if home.lake.is_dir() else []
    roots = (home.releases, home.releases_public, home.public_ledger)
    kept = [root for root in roots if root.is_dir() and any(root.iterdir())]
    if lake or kept:
        what = ", ".join([*(["a lake"] if lake else []), *(f"{root.name}/" for root in kept)])
        raise UsageError(f"this home has {what}: the demo is written only into a new home (--home or INT_MARTS_HOME)")
    with hold(home, purpose="demo"), reporter().step("write demo deliveries"):
        return write_demo(home.landing, **asked)
