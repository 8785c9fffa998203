"""`int-marts`: one command for the month. Heavy libraries are imported inside the commands, so that help is instant.

Exit codes: 0 done, 1 fault, 2 usage, 3 delivery refused, 4 gate shut, 5 busy, 6 verify found a difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.output import leave_with, run_command
from orchestration.foundation.errors import IntMartsError, UsageError
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings, load_settings

app = typer.Typer(
    name="int-marts",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Monthly extracts in, published indicator marts per Integrated Neighbourhood Team out.\n\n"
    "A month: put the delivery into landing/YYYY-MM, run `int-marts check`, then `int-marts refresh`.\n\n"
    "Exit codes: 0 done · 1 fault · 2 usage · 3 delivery refused · 4 gate shut · 5 busy · 6 verify found a difference.",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for machines.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Home of the data; default INT_MARTS_HOME or ./data.", show_default=False)
]


def deliveries_there(incomplete: str) -> list[str]:
    """For the shell's completion: the folders in landing."""
    landing = Path(os.environ.get("INT_MARTS_HOME") or "data") / "landing"
    return sorted(path.name for path in landing.glob(f"{incomplete}*") if path.is_dir())


def releases_there(incomplete: str) -> list[str]:
    """For the shell's completion: the release folders."""
    releases = Path(os.environ.get("INT_MARTS_HOME") or "data") / "releases"
    return sorted(path.name for path in releases.glob(f"{incomplete}*.*") if path.is_dir() and not path.is_symlink())


DeliveryArgument = Annotated[
    str | None,
    typer.Argument(
        help="A delivery folder such as 2025-10; default: the newest.",
        show_default=False,
        autocompletion=deliveries_there,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another run of this home instead of leaving with 5.")]


def settings_for(home: Path | None) -> Settings:
    if home is not None:
        os.environ["INT_MARTS_HOME"] = str(home.absolute())
    return load_settings()


@app.command()
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
        from orchestration.cli.refreshing import require_empty_home
        from orchestration.synthetic import write_demo

        settings = settings_for(home)
        require_empty_home(settings.paths)
        with hold(settings.paths, purpose="demo"), reporter().step("write demo deliveries"):
            made = write_demo(
                settings.paths.landing,
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
            "files": sum(1 for p in made.landing.rglob("*") if p.is_file()),
            "truth": made.truth_file,
        }

    run_command(
        as_json,
        work,
        lambda r: f"{r['files']} files of {', '.join(r['deliveries'])} in {r['landing']}\ntrue figures: {r['truth']}",
    )


@app.command()
def check(delivery: DeliveryArgument = None, as_json: Json = False, home: HomeOption = None) -> None:
    """Dry run of a delivery: what would be refused, and why. Writes an Excel error report for the data provider."""

    def work() -> dict[str, Any]:
        from orchestration.cli.checking import check_before_anything

        return check_before_anything(settings_for(home), delivery)

    run_command(as_json, work, lambda r: "\n".join([*r["lines"], r["verdict"]]))


@app.command()
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
        from orchestration.cli.refreshing import is_empty, require_empty_home
        from orchestration.cli.refreshing import refresh as run_refresh

        settings = settings_for(home)
        settings.paths.create()
        if demo_if_empty and is_empty(settings.paths.landing):
            from orchestration.synthetic import write_demo

            require_empty_home(settings.paths)
            with reporter().step("write demo deliveries"):
                write_demo(settings.paths.landing)
        done = run_refresh(settings, delivery, wait=wait)
        return {**done, "seconds": {name: round(took, 1) for name, took in reporter().seconds_by_step.items()}}

    run_command(as_json, work, show_publication)


def show_publication(result: dict[str, Any]) -> str:
    rows = result["rows"]
    width = max((len(name) for name in rows), default=0)
    lines = [f"  {name:<{width}}  {count:>12,}" for name, count in sorted(rows.items())]
    what = "published" if result["is_new"] else "nothing changed; the release stands as published"
    return "\n".join(
        [
            f"{what}: {result['release']} (delivery {result['delivery']})",
            "rows per table:",
            *lines,
            f"release  {result['folder']}",
            f"report   {result['report']}",
        ]
    )


@app.command()
def publish(
    delivery: DeliveryArgument = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="`postgres`: load the current release (of DELIVERY: its newest) into the serving database.",
            show_default=False,
        ),
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Only the gate and the release, from what is built; or, with --to, a release that stands into the serving database."""

    def work() -> dict[str, Any]:
        from orchestration.cli.refreshing import told
        from orchestration.landing.deliveries import find_delivery
        from orchestration.publishing import publish_delivery

        if to not in (None, "postgres"):
            raise UsageError(f"--to {to}: only `postgres` is known")
        settings = settings_for(home)
        if to == "postgres":
            from orchestration.publishing import publish_to_postgres

            # what is released was judged and sealed: its own hashes are looked at, and the gate is not asked about the home again
            with hold(settings.paths, purpose="load PostgreSQL", wait=wait), reporter().step("load PostgreSQL"):
                loaded = publish_to_postgres(settings, released_for(settings, delivery))
            return {"release": loaded.release_id, "schema": loaded.schema, "rows": loaded.rows_by_table}
        name = find_delivery(settings.paths, delivery).name
        with hold(settings.paths, purpose=f"publish {name}", wait=wait), reporter().step("gate and release"):
            done = publish_delivery(settings, name)
        return told(done, is_new=done.is_new)

    run_command(as_json, work, show_loaded if to == "postgres" else show_publication)


def released_for(settings: Settings, delivery: str | None) -> str | None:
    """The newest release of a delivery; None, which is the current one, where none is named."""
    from orchestration.releases.listing import stores

    if delivery is None:
        return None
    newest = stores(settings)["internal"].newest(of_delivery=delivery)
    if newest is None:
        raise UsageError(f"there is no release of delivery {delivery}: `int-marts releases` lists them")
    return str(newest)


def show_loaded(result: dict[str, Any]) -> str:
    return f"loaded: release {result['release']} as schema {result['schema']}, {sum(result['rows'].values()):,} rows"


@app.command()
def explain(
    int_code: Annotated[str, typer.Argument(metavar="INT", help="An INT, HCP or PCN code, or the ICB's.")],
    indicator: Annotated[str, typer.Argument(help="An indicator id, such as emergency_admissions.")],
    month: Annotated[str, typer.Argument(help="YYYY-MM")],
    period: Annotated[str, typer.Option(help="month, rolling_12_months or reported")] = "month",
    cohort: Annotated[str, typer.Option(help="A cohort id.")] = "all",
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """One figure, traced: numerator, denominator, rule, deliveries and files it came from, checks."""

    def work() -> dict[str, Any]:
        from orchestration.publishing.explain import explain as explain_figure

        explanation = explain_figure(settings_for(home), int_code, indicator, month, period=period, cohort=cohort)
        return {"text": explanation.text(), **explanation.model_dump(mode="json")}

    run_command(as_json, work, lambda r: r["text"])


@app.command("what-if")
def what_if(
    membership: Annotated[
        Path, typer.Argument(metavar="MEMBERSHIP.csv", help="A proposed map: practice_code,int_code.")
    ],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """What a proposed map of teams would hold: list, need, use, spend and small numbers. Changes nothing."""

    def work() -> dict[str, Any]:
        from orchestration.publishing.what_if import what_if as judge_map

        judged = judge_map(settings_for(home), membership)
        return {"text": judged.text(), **judged.model_dump(mode="json")}

    run_command(as_json, work, lambda r: r["text"])


@app.command()
def nnhip(
    template: Annotated[Path, typer.Option(help="The national template (.xlsx).")],
    place: Annotated[str, typer.Option(help="The Place's name as in the template's list.")],
    month: Annotated[str, typer.Option(help="Reporting month, YYYY-MM.")],
    out: Annotated[Path, typer.Option(help="Where to write the filled return.")],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """Fill the national NNHIP return from the cohort `nnhip`."""

    def work() -> dict[str, Any]:
        from orchestration.publishing.nnhip import fill_return

        summary = fill_return(settings_for(home), template=template, place=place, month=month, out=out)
        return {"out": out, **summary.model_dump(mode="json")}

    run_command(
        as_json,
        work,
        show_return,
    )


def show_return(result: dict[str, Any]) -> str:
    left = result["left_for_people"]
    return "\n".join(
        [
            f"written: {result['out']}",
            f"filled {result['cells_filled']} cells, {result['cells_suppressed']} of them with the mark for small numbers",
            "left for people:" if left else "nothing is left for people to fill in",
            *(f"  {line}" for line in left),
            *(f"note: {line}" for line in result["notes"]),
        ]
    )


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
    read_only: Annotated[bool, typer.Option("--read-only", help="For viewers: nothing can be started.")] = False,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Only prepare the home (dagster.yaml, deliveries), for a service.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Open Dagster on this home, on this machine only. Deliveries in landing can be picked there at once."""
    from orchestration.cli.dagster_ui import open_ui

    try:
        open_ui(settings_for(home), port, read_only=read_only, prepare_only=prepare_only)
    except IntMartsError as error:
        leave_with(error, as_json=False)
