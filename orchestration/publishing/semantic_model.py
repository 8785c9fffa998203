"""`deploy/bi/semantic_model.yml`: tables, joins and measures in the form of the Open Semantic Interchange (Apache Ossie, 0.2.0.dev0)."""

from __future__ import annotations

from typing import Any

import yaml

from orchestration.foundation.settings import PROJECT_ROOT
from orchestration.publishing.bi_words import BiTable, Column, dimensions, headlines, ready_tables

FILE = PROJECT_ROOT / "deploy" / "bi" / "semantic_model.yml"
VERSION = "0.2.0.dev0"
HEADER = "# Written by `int-marts checks` from the YAML of the tables and the catalogue: change the words there.\n"
DATATYPES = {"varchar": "String", "timestamp": "DateTime", "date": "Date", "double": "Float", "boolean": "Boolean"}
JOINS = {
    "area_key": ("dim_area", "area_key"),
    "indicator_id": ("dim_indicator", "indicator_id"),
    "int_code": ("dim_int", "int_code"),
}


def semantic_model() -> dict[str, Any]:
    tables = [*ready_tables(), *dimensions()]
    model = {
        "name": "int_marts",
        "description": "Indicators of Integrated Neighbourhood Teams: ready tables of a release and their dimensions.",
        "ai_context": {
            "instructions": "Finished figures are looked up by team or area and month, never summed or averaged. "
            "Counts of readmissions and people may be summed as their metrics do. Compare an area with its own past; never rank "
            "areas. Leave out what is not complete.",
            "synonyms": sorted({text for row in headlines() for text in (row["title"], row["short_title"])}),
        },
        "datasets": [_dataset(table) for table in tables],
        "relationships": [join for table in ready_tables() for join in _joins(table)],
        "metrics": [
            {
                "name": f"{table.name}__{metric.name}",
                "expression": _sql(metric.expression),
                "description": f"{metric.description} Of {table.schema}.{table.name}.",
            }
            for table in tables
            for metric in table.metrics
        ],
    }
    return {"version": VERSION, "semantic_model": [model]}


def semantic_model_text() -> str:
    return HEADER + yaml.safe_dump(semantic_model(), sort_keys=False, allow_unicode=True, width=140)


def write_semantic_model() -> None:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(semantic_model_text(), encoding="utf-8")


def _dataset(table: BiTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "source": f"int_marts.{table.schema}.{table.name}",
        "primary_key": list(table.key),
        "description": table.description,
        "fields": [_field(column) for column in table.columns],
    }


def _field(column: Column) -> dict[str, Any]:
    kind = DATATYPES.get(column.data_type, "Integer" if "int" in column.data_type else "Opaque")
    dimension = {"dimension": {"is_time": column.is_time}} if kind != "Float" else {}
    return {
        "name": column.name,
        "expression": _sql(column.name),
        **dimension,
        "description": column.description,
        "datatype": kind,
    }


def _joins(table: BiTable) -> list[dict[str, Any]]:
    names = {column.name for column in table.columns}
    return [
        {
            "name": f"{table.name}_to_{other}",
            "from": table.name,
            "to": other,
            "from_columns": [column],
            "to_columns": [key],
        }
        for column, (other, key) in JOINS.items()
        if column in names
    ]


def _sql(expression: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": expression}]}
