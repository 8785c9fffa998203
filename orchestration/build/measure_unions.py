"""Writes the unions over the measure files, because dbt wants each reference spelled out, and the YAML of a measure file that has none.

A new measure is one file in ``models/measures/<kind>/``; the pipeline calls :func:`write_measure_unions` before dbt
parses, so that nobody has to touch a second file. The written models are committed; a test asserts they are current.
"""

from __future__ import annotations

from pathlib import Path

UNIONS = {"additive": "additive_cells", "person_period": "person_period_cells", "durations": "duration_cells"}
"""Folder of measure files → model that unites them."""

HEADER = "-- Written by orchestration/build/measure_unions.py from the files in models/measures/{kind}; add a file there, not a line here."


MEASURE_YML = """version: 2

models:
  - name: {name}
    description: "{what} from one source: {words}."
    config:
      meta:
        owner: ICB intelligence team
        grain: "{grain}"
        limits: "None known beyond those of its feeds."
    data_tests:
      - grain:
          name: grain__{name}
          arguments:
            key:
{key}
            rules:
{rules}
          config:
            meta:
              gate: block
              owner: ICB intelligence team
              relation: measures.{name}
              what_to_do: This is a fault in the models, not in what was delivered; do not publish, tell the data engineer.
"""
CELL = ["coalesce(practice_code, '')", "sex", "age_band"]
SAID = {
    "additive": (
        "Cells of additive measures",
        ["cohort_id", "cut", "month", *CELL, "coalesce(imd_quintile, 0)", "coalesce(day_class, 0)"],
        ["cut in ('sex_age', 'imd', 'day_class')"],
    ),
    "person_period": (
        "Events per person and month",
        ["measure_id", "cohort_id", "person_id", "month", "practice_code", "sex", "age_band"],
        ["events > 0"],
    ),
    "durations": (
        "Histograms of durations",
        ["measure_id", "cohort_id", "month", *CELL, "duration"],
        ["events > 0", "duration >= 0"],
    ),
}
"""Kind of measure → what its tables hold, their key, their rules."""


def measure_yml(kind: str, name: str) -> str:
    """What every table of a kind of measure is, keeps and promises; a file with more to say is written by hand."""
    what, key, rules = SAID[kind]

    def listed(texts: list[str]) -> str:
        return "\n".join(f'              - "{text}"' for text in texts)

    grain = " × ".join(key)
    words = name.replace("_", " ")
    return MEASURE_YML.format(name=name, what=what, words=words, grain=grain, key=listed(key), rules=listed(rules))


def union_sql(kind: str, measures: list[str]) -> str:
    """The text of one union model.

    Parameters
    ----------
    kind
        Folder under ``models/measures``.
    measures
        Names of the models to unite, in order.
    """
    # additive measures are kept as columns (macro `additive_measures`) and become rows here
    select = (
        "{{{{ cells_in_rows(ref('{measure}')) }}}}"
        if kind == "additive"
        else "select * from {{{{ ref('{measure}') }}}}"
    )
    selects = "\nunion all by name\n".join(select.format(measure=measure) for measure in measures)
    config = "{{ config(materialized='view') }}"
    return f"{HEADER.format(kind=kind)}\n{config}\n\n{selects}\n"


def write_measure_unions(project_dir: Path) -> bool:
    """Bring the union models of a dbt project up to date.

    Parameters
    ----------
    project_dir
        The dbt project (the folder of ``dbt_project.yml``).

    Returns
    -------
    bool
        Whether a file was written; files already current are left untouched, so dbt's partial parsing keeps them.

    Raises
    ------
    FileNotFoundError
        If a measures folder holds no measure: a union over nothing is not a relation.
    """
    changed = False
    for kind, model in UNIONS.items():
        folder = project_dir / "models" / "measures" / kind
        measures = sorted(path.stem for path in folder.glob("*.sql"))
        if not measures:
            raise FileNotFoundError(f"{folder}: no measure files (*.sql)")
        for name in measures:
            described = folder / f"{name}.yml"
            if not described.exists():
                described.write_text(measure_yml(kind, name), encoding="utf-8")
                changed = True
        target = project_dir / "models" / "measures" / f"{model}.sql"
        text = union_sql(kind, measures)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            changed = True
    return changed
