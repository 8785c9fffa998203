"""Write the files of a new indicator, cohort or feed, with the questions answered.

An indicator is one measure file and one catalogue row, a cohort one row, a feed a contract, a suite and the way into the warehouse.
All that follows from them (unions, the measure's YAML, registry, graph, pages) is written by `int-marts checks`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.additions import Written, new_cohort, new_feed, new_indicator
from orchestration.cli.options import Json
from orchestration.cli.output import run_command
from orchestration.foundation.errors import UsageError

new = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Project = Annotated[
    Path | None, typer.Option("--project", help="The project's folder; default: where this command's code is.")
]


def told(written: Written) -> dict[str, Any]:
    return {"files": [str(path) for path in written.files], "next": written.next_steps}


def show(result: dict[str, Any]) -> str:
    """Which files an addition wrote, and what comes next."""
    return "\n".join([*(f"written: {file}" for file in result["files"]), *(f"next: {step}" for step in result["next"])])


@new.command()
def indicator(
    indicator_id: Annotated[str, typer.Argument(help="Its name, as night_ae_attendances.")],
    like: Annotated[str, typer.Option(prompt="Most like which indicator", help="The indicator whose row is copied.")],
    events: Annotated[str, typer.Option(prompt="Counted from which event model", help="As ae_attendances.")],
    where: Annotated[str, typer.Option(prompt="Where (SQL over the event model)", help="Which of its rows count.")],
    title: Annotated[str, typer.Option(prompt="Title")],
    short_title: Annotated[str, typer.Option(prompt="Short title (at most 28 characters)")],
    definition: Annotated[str, typer.Option(prompt="Definition that a team lead understands")],
    numerator: Annotated[str, typer.Option(prompt="What is counted, in words")],
    limitations: Annotated[str, typer.Option(prompt="What it does not see")],
    source: Annotated[str, typer.Option(help="Where its definition comes from.")] = "local request",
    project: Project = None,
    as_json: Json = False,
) -> None:
    """A count of events: one measure file and one catalogue row."""
    words = {
        "title": title,
        "short_title": short_title,
        "definition": definition,
        "numerator": numerator,
        "known_limitations": limitations,
        "source": source,
    }

    def work() -> dict[str, Any]:
        return told(new_indicator(indicator_id, like, events, where, words, project))

    run_command(as_json, work, show)


@new.command()
def cohort(
    cohort_id: Annotated[str, typer.Argument(help="Its name, as age_15_24.")],
    title: Annotated[str, typer.Option(prompt="Title")],
    description: Annotated[str, typer.Option(prompt="Who they are, in a sentence")],
    kind: Annotated[str, typer.Option(prompt="Kind (age, sex or imd_quintile)")],
    age_from: Annotated[str, typer.Option(help="Of an age range: a multiple of five.")] = "",
    age_to: Annotated[str, typer.Option(help="Of an age range, included; blank = no end.")] = "",
    sex: Annotated[str, typer.Option(help="male or female.")] = "",
    imd_quintile: Annotated[str, typer.Option(help="1 (most deprived) to 5.")] = "",
    project: Project = None,
    as_json: Json = False,
) -> None:
    """A group of people for whom indicators are worked out again: one row."""
    if kind == "age" and not age_from:
        age_from = typer.prompt("Youngest age, a multiple of five")
        age_to = age_to or typer.prompt("Oldest age, included (blank = no end)", default="", show_default=False)
    if kind == "sex":
        sex = sex or typer.prompt("male or female")
    if kind == "imd_quintile":
        imd_quintile = imd_quintile or typer.prompt("Quintile, 1 (most deprived) to 5")
    words = {"title": title, "description": description, "kind": kind}
    words |= {"age_from": age_from, "age_to": age_to, "sex": sex, "imd_quintile": imd_quintile}

    def work() -> dict[str, Any]:
        return told(new_cohort(cohort_id, words, project))

    run_command(as_json, work, show)


@new.command()
def feed(
    name: Annotated[str, typer.Argument(metavar="FEED", help="Its name, which its files begin with.")],
    title: Annotated[str, typer.Option(prompt="Title")],
    key: Annotated[str, typer.Option(prompt="Column that names a record")],
    coverage_date: Annotated[str, typer.Option(prompt="Column that dates a record")],
    columns: Annotated[
        str, typer.Option(prompt="Columns (name:type, name:type …)", help="As stay_id:code,start_date:date.")
    ],
    project: Project = None,
    as_json: Json = False,
) -> None:
    """A kind of file that arrives: contract, suite, source and staging model."""

    def work() -> dict[str, Any]:
        pairs = [part.strip().split(":") for part in columns.split(",")]
        if any(len(pair) != 2 for pair in pairs):
            raise UsageError("columns are name:type, with commas between, as stay_id:code,start_date:date")
        return told(new_feed(name, title, key, coverage_date, dict(pairs), project))

    run_command(as_json, work, show)
