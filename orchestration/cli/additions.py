"""The text of an addition and where it belongs: what `int-marts new` writes. Nothing is overwritten."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from orchestration.contracts.contract import SQL_TYPES, ColumnType
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import PROJECT_ROOT

NAME = re.compile(r"[a-z][a-z0-9_]{2,62}")
MEASURE_SQL = """{{{{ additive_measures(
    events=ref('{events}'),
    measures={{'{measure}': "{where}"}}
) }}}}
"""
LOOK_AT_CHECKS = "int-marts checks, and read the diff: registry, keys of the graph, docs/indicators.md"


@dataclass(frozen=True)
class Written:
    """The files of an addition, and what is left to do."""

    files: list[Path]
    next_steps: list[str]


def new_indicator(
    indicator_id: str, like: str, events: str, where: str, words: dict[str, str], project: Path | None = None
) -> Written:
    """A measure file that counts `events` where a condition holds, and a catalogue row: that of `like` with `words` changed.

    Raises `UsageError` when the name is taken or no name, or when what it is like, or its events, do not exist.
    """
    root = project or PROJECT_ROOT
    measure = root / "dbt_project" / "models" / "measures" / "additive" / f"{indicator_id}_measures.sql"
    catalogue = root / "seeds" / "indicator_catalogue.csv"
    require_name(indicator_id)
    if not list((root / "dbt_project" / "models" / "intermediate").rglob(f"{events}.sql")):
        raise UsageError(f"there is no event model {events}: docs/architecture.md lists them")
    if '"' in where:
        raise UsageError("the condition is written between double quotes: use single ones for text, as setting = 'x'")
    rows = read_rows(catalogue)
    model = the_row(rows, "indicator_id", like)
    if model["measure_kind"] != "additive":
        raise UsageError(
            f"{like} is not a count of events: copy the measure file of {model['numerator_measure_id']} by hand"
        )
    if len(words["short_title"]) > 28 or any(row["short_title"] == words["short_title"] for row in rows):
        raise UsageError("a short title has at most 28 characters and is nobody else's")
    row = {
        **model,
        "indicator_id": indicator_id,
        "numerator_measure_id": indicator_id,
        "is_headline": "false",
        "display_order": next_order(rows, model),
        "definition_version": "1.0",
        **words,
    }
    require_free(indicator_id, rows, "indicator_id", [measure])
    measure.write_text(MEASURE_SQL.format(events=events, measure=indicator_id, where=where), encoding="utf-8")
    append_row(catalogue, row)
    asks = "a row of seeds/measure_requirements.csv where the condition reads what some deliveries do not say"
    return Written([measure, catalogue], [asks, LOOK_AT_CHECKS])


def new_cohort(cohort_id: str, words: dict[str, str], project: Path | None = None) -> Written:
    """A row of `seeds/cohorts.csv`. Raises `UsageError` when the name is taken or no name, or the kind has no meaning."""
    root = project or PROJECT_ROOT
    cohorts = root / "seeds" / "cohorts.csv"
    require_name(cohort_id)
    rows = read_rows(cohorts)
    needed = {"age": "age_from", "sex": "sex", "imd_quintile": "imd_quintile"}
    if words["kind"] not in needed:
        raise UsageError(
            f"kind is one of {', '.join(needed)}; a list of people needs no row: deliver it in the feed person_cohorts"
        )
    if not words.get(needed[words["kind"]]):
        raise UsageError(f"a cohort of kind {words['kind']} needs {needed[words['kind']]}")
    require_free(cohort_id, rows, "cohort_id", [])
    fixed = {"population_measure_id": "registered_population", "source": "local request", "definition_version": "1.0"}
    append_row(cohorts, {name: {**fixed, **words, "cohort_id": cohort_id}.get(name, "") for name in rows[0]})
    return Written([cohorts], [LOOK_AT_CHECKS])


def new_feed(
    feed: str, title: str, key: str, coverage_date: str, columns: dict[str, str], project: Path | None = None
) -> Written:
    """Contract, suite, source and staging model of a record-level feed. `columns`: our name → type, as contracts name types.

    Raises `UsageError` when the name is taken or no name, when key or date is not among the columns, or when a type is unknown.
    """
    root = project or PROJECT_ROOT
    staging = root / "dbt_project" / "models" / "staging"
    model = f"stg_{feed}__records"
    require_name(feed)
    if wrong := sorted({kind for kind in columns.values() if kind not in get_args(ColumnType)}):
        raise UsageError(f"no type of a column: {', '.join(wrong)}; known are {', '.join(get_args(ColumnType))}")
    if missing := [name for name in (key, coverage_date) if name not in columns]:
        raise UsageError(f"not among the columns: {', '.join(missing)}")
    files = {
        root / "orchestration" / "contracts" / f"{feed}.yaml": contract_text(feed, title, key, coverage_date, columns),
        root / "expectations" / "feeds" / f"{feed}.json": suite_text(feed, title),
        staging / f"{model}.sql": staging_sql(feed, columns),
        staging / f"{model}.yml": staging_yml(model, title, key, columns, SQL_TYPES),
    }
    require_free(feed, [], "", list(files))
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    sources = staging / "_sources.yml"
    line = (
        f'      - name: {feed}\n        description: "{title}, one row per live record."\n'
        f"        config: {{meta: {{dagster: {{asset_key: [lake, {feed}]}}}}}}\n"
    )
    first = "      - name: hes_apc\n"
    sources.write_text(sources.read_text(encoding="utf-8").replace(first, line + first, 1), encoding="utf-8")
    steps = [f"in {feed}.yaml: the headers each column goes by in files (`from`), and code lists", LOOK_AT_CHECKS]
    return Written([*files, sources], steps)


def contract_text(feed: str, title: str, key: str, coverage_date: str, columns: dict[str, str]) -> str:
    lines = [
        f"feed: {feed}",
        f"title: {title}",
        f"description: {title}, one row per record.",
        "owner: ICB intelligence team",
    ]
    lines += [f"grain: one {key.removesuffix('_id')}"]
    if "person" in columns.values():
        lines += ["is_patient_level: true", "person_id_space: token_person_id"]
    lines += [f"coverage_date: {coverage_date}", f"key: [{key}]", "supersedes: present_months", "columns:"]
    for name, kind in columns.items():
        more = ", required: true, not_null: true" if name in (key, coverage_date) else ""
        more += ", on_invalid: quarantine" if name == coverage_date else ""
        headers = f"[{name.upper()}, TOKEN_PERSON_ID]" if kind == "person" else f"[{name.upper()}]"
        lines.append(f"  {name}: {{type: {kind}, from: {headers}{more}}}")
    return "\n".join(lines) + "\n"


def suite_text(feed: str, title: str) -> str:
    def expectation(column: str, check: str, reason: str, what_to_do: str, **bound: int) -> dict[str, object]:
        meta = {"check": check, "frame": "feed", "severity": "block", "owner": "ICB intelligence team"}
        said = {"reason": reason, "source": "contract of the feed", "what_to_do": what_to_do}
        return {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": column, **bound},
            "meta": {**meta, **said},
        }

    suite = {
        "name": feed,
        "about": f"What a delivery of {title.lower()} must look like.",
        "features": {},
        "expectations": [
            expectation(
                "quarantined_pct",
                "few_rows_quarantined",
                "more than 5 % of the rows could not be read as the contract says",
                "read the error report (`int-marts check`): it names line, column and rule of each refused row",
                max_value=5,
            ),
            expectation(
                "rows",
                "has_rows",
                "the feed was delivered without a single usable row",
                "ask for the file again",
                min_value=1,
            ),
        ],
    }
    return json.dumps(suite, indent=2) + "\n"


def staging_sql(feed: str, columns: dict[str, str]) -> str:
    read = [
        f"    {{{{ usable_practice_code('{name}') }}}} as {name}" if kind == "practice" else f"    {name}"
        for name, kind in columns.items()
    ]
    return "select\n" + ",\n".join(read) + f"\nfrom {{{{ source('live', '{feed}') }}}}\n"


def staging_yml(model: str, title: str, key: str, columns: dict[str, str], types: dict[str, str]) -> str:
    described = "".join(
        f'      - {{name: {name}, data_type: "{types[kind].lower()}", description: "{name.replace("_", " ").capitalize()}."}}\n'
        for name, kind in columns.items()
    )
    return (
        f'version: 2\n\nmodels:\n  - name: {model}\n    description: "{title}."\n    config:\n      meta:\n'
        f'        owner: ICB intelligence team\n        grain: "{key}"\n        limits: "As its feed; see the contract."\n'
        f"    columns:\n{described}"
    )


def require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name}: a name is small letters, digits and underscores, and begins with a letter")


def require_free(name: str, rows: list[dict[str, str]], column: str, files: list[Path]) -> None:
    if any(row[column] == name for row in rows) or any(file.exists() for file in files):
        raise UsageError(f"{name} is there already; nothing was written")


def the_row(rows: list[dict[str, str]], column: str, name: str) -> dict[str, str]:
    for row in rows:
        if row[column] == name:
            return row
    near = get_close_matches(name, [row[column] for row in rows], 3)
    raise UsageError(f"there is no indicator {name}" + (f"; did you mean {', '.join(near)}?" if near else ""))


def next_order(rows: list[dict[str, str]], model: dict[str, str]) -> str:
    """The first free place after the row it is like, so that themes stay together."""
    used = {int(row["display_order"]) for row in rows}
    after = int(model["display_order"])
    return str(next(place for place in range(after + 1, max(used) + 2) if place not in used))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def append_row(path: Path, row: dict[str, str]) -> None:
    """One more line; the others keep their bytes."""
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, list(row), lineterminator="\n").writerow(row)
