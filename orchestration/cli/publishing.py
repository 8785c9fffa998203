"""Commands that publish, fill in or explain what is built: `publish`, `explain`, `what-if`, `nnhip`, `superset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.options import DeliveryArgument, HomeOption, Json, Wait, settings_for
from orchestration.cli.output import run_command, saying_what_readers_see, show_publication, told
from orchestration.foundation.errors import UsageError
from orchestration.foundation.home_lock import hold
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.landing.deliveries import find_delivery
from orchestration.publishing import find_release, publish_delivery, publish_to_postgres
from orchestration.publishing.explain import explain as explain_figure
from orchestration.publishing.nnhip import fill_return
from orchestration.publishing.superset import write_superset_export
from orchestration.publishing.what_if import what_if as judge_map
from orchestration.releases.listing import stores


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
        if to not in (None, "postgres"):
            raise UsageError(f"--to {to}: only `postgres` is known")
        settings = settings_for(home)
        if to == "postgres":
            # what is released was judged and sealed: its own hashes are looked at, and the gate is not asked about the home again
            with hold(settings.paths, purpose="load PostgreSQL", wait=wait), reporter().step("load PostgreSQL"):
                loaded = publish_to_postgres(settings, released_for(settings, delivery))
            return {"release": loaded.release_id, "schema": loaded.schema, "rows": loaded.rows_by_table}
        name = find_delivery(settings.paths, delivery).name
        with (
            saying_what_readers_see(settings),
            hold(settings.paths, purpose=f"publish {name}", wait=wait),
            reporter().step("gate and release"),
        ):
            done = publish_delivery(settings, name)
        return told(settings, done.release, is_new=done.is_new)

    run_command(as_json, work, show_loaded if to == "postgres" else show_publication)


def released_for(settings: Settings, delivery: str | None) -> str | None:
    """The newest release of a delivery; None, which is the current one, where none is named."""
    if delivery is None:
        return None
    newest = stores(settings)["internal"].newest(of_delivery=delivery)
    if newest is None:
        raise UsageError(f"there is no release of delivery {delivery}: `int-marts releases` lists them")
    return str(newest)


def show_loaded(result: dict[str, Any]) -> str:
    return f"loaded: release {result['release']} as schema {result['schema']}, {sum(result['rows'].values()):,} rows"


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
        explanation = explain_figure(settings_for(home), int_code, indicator, month, period=period, cohort=cohort)
        return {"text": explanation.text(), **explanation.model_dump(mode="json")}

    run_command(as_json, work, lambda r: r["text"])


def what_if(
    membership: Annotated[
        Path, typer.Argument(metavar="MEMBERSHIP.csv", help="A proposed map: practice_code,int_code.")
    ],
    as_json: Json = False,
    home: HomeOption = None,
) -> None:
    """What a proposed map of teams would hold: list, need, use, spend and small numbers. Changes nothing."""

    def work() -> dict[str, Any]:
        judged = judge_map(settings_for(home), membership)
        return {"text": judged.text(), **judged.model_dump(mode="json")}

    run_command(as_json, work, lambda r: r["text"])


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
