"""The data dictionary, from one source each: models and columns from dbt's YAML (its manifest), indicators from `dim_indicator`,
the publisher's own tables from `release_tables.yml`. The same words go into the DuckDB file, Parquet, `dictionary.html` and `.csv`."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import MART_SCHEMAS

RELEASE_TABLES_FILE = Path(__file__).with_name("release_tables.yml")

UNIT_BY_ENDING = {
    "_per_1000": "per 1,000 people",
    "_per_1000_lower_95": "per 1,000 people",
    "_per_1000_upper_95": "per 1,000 people",
    "_per_head_gbp": "pounds per head",
    "_gbp": "pounds",
    "_pct": "%",
    "_pct_lower_95": "%",
    "_pct_upper_95": "%",
    "_days": "days",
    "_minutes": "minutes",
    "_population": "people",
}


@dataclass(frozen=True)
class Column:
    name: str
    description: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Table:
    relation: str
    description: str = ""
    grain: str = ""
    owner: str = ""
    limits: str = ""
    columns: dict[str, Column] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        return self.columns.get(name, Column(name, unit=unit_of(name)))


@dataclass(frozen=True)
class Dictionary:
    tables: dict[str, Table]

    def table(self, relation: str) -> Table:
        """What is written about `schema.table`; a table of another schema shares the words of its namesake in `marts`."""
        namesake = f"marts.{relation.split('.')[1]}"
        found = self.tables.get(relation) or self.tables.get(namesake) or Table(relation)
        if relation not in self.tables and relation.startswith("as_at.") and found.description:
            note = "On the boundaries of each month, not those at the data cut. "
            return Table(relation, note + found.description, found.grain, found.owner, found.limits, found.columns)
        return found


def unit_of(column: str) -> str:
    return next((unit for ending, unit in UNIT_BY_ENDING.items() if column.endswith(ending)), "")


@lru_cache(maxsize=1)
def release_tables() -> dict[str, dict[str, Any]]:
    """The publisher's own marts: words, columns and types."""
    return yaml.safe_load(RELEASE_TABLES_FILE.read_text(encoding="utf-8"))


def manifest_file(settings: Settings) -> Path:
    return settings.paths.dbt / "target" / "manifest.json"


def read_dictionary(settings: Settings) -> Dictionary:
    """Raises `IntMartsError` when dbt has not been parsed in this home."""
    try:
        nodes = json.loads(manifest_file(settings).read_text(encoding="utf-8"))["nodes"]
    except (OSError, ValueError, KeyError):
        raise IntMartsError(
            "dbt's manifest is missing, so columns cannot be described: run `int-marts refresh`"
        ) from None
    tables = [_from_node(node) for node in nodes.values() if node["resource_type"] in ("model", "seed")]
    tables += [
        _table(f"marts.{name}", entry.get("description", ""), entry, entry["columns"])
        for name, entry in release_tables().items()
    ]
    return Dictionary({table.relation: table for table in tables if table.relation.split(".")[0] in MART_SCHEMAS})


def _from_node(node: dict[str, Any]) -> Table:
    meta = {**node.get("meta", {}), **node.get("config", {}).get("meta", {})}
    columns = {
        name: {
            "description": entry.get("description", ""),
            "unit": {**entry.get("meta", {}), **entry.get("config", {}).get("meta", {})}.get("unit"),
        }
        for name, entry in node.get("columns", {}).items()
    }
    return _table(f"{node['schema']}.{node.get('alias') or node['name']}", node.get("description", ""), meta, columns)


def _table(relation: str, description: str, meta: dict[str, Any], columns: dict[str, dict[str, Any]]) -> Table:
    limits = meta.get("limits", "")
    return Table(
        relation=relation,
        description=" ".join(description.split()),
        grain=str(meta.get("grain", "")),
        owner=str(meta.get("owner", "")),
        limits=" ".join(("; ".join(limits) if isinstance(limits, list) else str(limits)).split()),
        columns={
            name: Column(name, " ".join((entry.get("description") or "").split()), entry.get("unit") or unit_of(name))
            for name, entry in columns.items()
        },
    )


CSV_HEADER = (
    "kind", "table", "name", "type", "unit", "description", "numerator", "denominator", "grain", "limits", "owner", "version",
)  # fmt: skip


def write_dictionary(
    folder: Path,
    dictionary: Dictionary,
    columns_by_table: dict[str, dict[str, str]],
    indicators: list[dict[str, Any]],
    title: str,
) -> None:
    """`dictionary.csv` (a row per table, column and indicator) and `dictionary.html` (the same, for people; no outside request)."""
    from jinja2 import Environment, PackageLoader

    with (folder / "dictionary.csv").open("w", newline="", encoding="utf-8") as handle:
        rows = csv.writer(handle, lineterminator="\n")
        rows.writerow(CSV_HEADER)
        for relation, columns in columns_by_table.items():
            table = dictionary.table(relation)
            rows.writerow(
                (
                    "table",
                    relation,
                    relation.split(".")[1],
                    "",
                    "",
                    table.description,
                    "",
                    "",
                    table.grain,
                    table.limits,
                    table.owner,
                    "",
                )
            )
            for name, kind in columns.items():
                column = table.column(name)
                rows.writerow(
                    ("column", relation, name, kind, column.unit, column.description, "", "", "", "", table.owner, "")
                )
        for indicator in indicators:
            one = {name: "" if value is None else str(value) for name, value in indicator.items()}
            rows.writerow(
                ("indicator", "marts.indicator_values", one["indicator_id"], "", indicator_unit(indicator), describe_indicator(one),
                 one.get("numerator", ""), one.get("denominator", ""), "", one.get("known_limitations", ""),
                 one.get("owner", ""), one.get("definition_version", ""))
            )  # fmt: skip
    pages = Environment(
        loader=PackageLoader("orchestration.publishing", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = pages.get_template("dictionary.html.j2").render(
        title=title,
        tables=[(relation, dictionary.table(relation), columns) for relation, columns in columns_by_table.items()],
        indicators=[(indicator, indicator_unit(indicator)) for indicator in indicators],
    )
    (folder / "dictionary.html").write_text(html, encoding="utf-8")


def describe_indicator(indicator: dict[str, str]) -> str:
    words = indicator.get("definition") or indicator.get("description") or ""
    return ": ".join(filter(None, (indicator.get("title", ""), words)))


def indicator_unit(indicator: dict[str, Any]) -> str:
    multiplier = float(indicator.get("multiplier") or 1)
    if indicator.get("unit"):
        return str(indicator["unit"])
    return {1.0: "ratio", 100.0: "%"}.get(multiplier, f"per {multiplier:,.0f}")
