"""What is written about the tables that BI reads: from their own YAML and the catalogue, so that no tool is told anything else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.foundation.yaml_text import read_yaml
from orchestration.publishing.indicator_docs import read_seed
from orchestration.publishing.marts import KEYS

# One row is one finished figure: of more than one there is no value. Sums are offered only where they mean something.
FINISHED = "CASE WHEN COUNT(*) = 1 THEN MAX({column}) END"
SUMS = {
    "readmissions_30_days": {
        "discharges_in_all": ("Discharges", "SUM(discharges)"),
        "readmissions_in_all": ("Readmissions within 30 days", "SUM(readmissions)"),
        "readmission_share": ("Readmitted within 30 days, %", "100.0 * SUM(readmissions) / NULLIF(SUM(discharges), 0)"),
    },
    "area_population": {
        "people": ("People on the lists (one month)", "CASE WHEN COUNT(DISTINCT month) = 1 THEN SUM(registered_population) END"),
    },
}  # fmt: skip
CHART_LINES = ("value", "adjusted_value", "centre_line", "lower_process_limit", "upper_process_limit", "target_value")


@dataclass(frozen=True)
class Column:
    name: str
    data_type: str
    description: str

    @property
    def is_time(self) -> bool:
        return self.data_type in ("timestamp", "date")


@dataclass(frozen=True)
class Metric:
    """`title` is what a legend says, `description` what it means."""

    name: str
    title: str
    expression: str
    description: str


@dataclass(frozen=True)
class BiTable:
    """A table of schema `bi` or a dimension of `marts`."""

    schema: str
    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...] = ()


@cache
def ready_tables() -> tuple[BiTable, ...]:
    return tuple(_table("bi", file.stem) for file in _files("bi"))


@cache
def dimensions() -> tuple[BiTable, ...]:
    return tuple(_table("marts", name) for name in ("dim_area", "dim_indicator", "dim_int"))


@cache
def headlines() -> tuple[dict[str, str], ...]:
    """The headline rows of the catalogue, in the order in which people read them."""
    rows = [row for row in read_seed("indicator_catalogue") if row["is_headline"] == "true"]
    return tuple(sorted(rows, key=lambda row: int(row["display_order"])))


def _files(schema: str) -> list[Path]:
    folder = DBT_PROJECT_DIR / "models" / schema
    return [file for file in sorted(folder.glob("*.yml")) if file.with_suffix(".sql").exists()]


def _table(schema: str, name: str) -> BiTable:
    (model,) = read_yaml((DBT_PROJECT_DIR / "models" / schema / f"{name}.yml").read_text(encoding="utf-8"))["models"]
    columns = tuple(Column(c["name"], c["data_type"], c["description"]) for c in model["columns"])
    meta = model["config"]["meta"]
    words = f"{model['description']} {meta['limits']}"
    return BiTable(schema, name, words, KEYS[name], columns, tuple(_metrics(name, columns)))


def _metrics(table: str, columns: tuple[Column, ...]) -> list[Metric]:
    if table in SUMS:
        return [Metric(name, title, sql, f"{title}.") for name, (title, sql) in SUMS[table].items()]
    if table == "spc_chart":
        shown = [column for column in columns if column.name in CHART_LINES]
    elif table in ("headline_wide", "team_newest"):
        shown = [column for column in columns if column.data_type == "double"]
    else:
        shown = []
    return [
        Metric(f"the_{c.name}", c.name.replace("_", " ").capitalize(), FINISHED.format(column=c.name), c.description)
        for c in shown
    ]
