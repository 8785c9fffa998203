"""A starter for Apache Superset: an export (database, datasets, charts, a dashboard) that its import takes, made from the same words.

Every measure of a finished table is empty where more than one figure would be put together, so no chart can sum a rate.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from orchestration.publishing.bi_words import CHART_LINES, BiTable, headlines, ready_tables

VERSION = "1.0.0"
ROOT = "int_marts"
MADE = "2026-01-01T00:00:00+00:00"  # in the export's own form; not when it was made, so that the same words are the same bytes
DATABASE = "INT indicator marts"
DASHBOARD = "INT indicators, starter"
COLUMNS_OF_A_ROW = 12


def write_superset_export(target: Path, uri: str) -> list[str]:
    """Write the zip for a database at a SQLAlchemy address; the names of its files."""
    charts = _charts()
    files = {
        "metadata.yaml": {"version": VERSION, "type": "Dashboard", "timestamp": MADE},
        "databases/int_marts.yaml": _database(uri),
        **{f"datasets/int_marts/{table.name}.yaml": _dataset(table) for table in ready_tables()},
        **{f"charts/{name}.yaml": chart for name, chart in charts.items()},
        "dashboards/int_indicators.yaml": _dashboard(charts),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as export:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{ROOT}/{name}", (1980, 1, 1, 0, 0, 0))
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            export.writestr(entry, text, zipfile.ZIP_DEFLATED)
    return list(files)


def identity(name: str) -> str:
    """The same name has the same id in every export: importing again replaces."""
    return str(uuid5(NAMESPACE_URL, f"int-marts/superset/{name}"))


def _database(uri: str) -> dict[str, Any]:
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": uri,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "extra": {},
        "uuid": identity("database"),
        "version": VERSION,
    }


def _dataset(table: BiTable) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    return {
        "table_name": table.name,
        "main_dttm_col": "month" if "month" in names else None,
        "description": table.description,
        "schema": table.schema,
        "uuid": identity(f"dataset/{table.name}"),
        "database_uuid": identity("database"),
        "columns": [
            {
                "column_name": column.name,
                "verbose_name": None,
                "is_dttm": column.is_time,
                "is_active": True,
                "type": column.data_type.upper(),
                "groupby": column.data_type != "double",
                "filterable": True,
                "expression": None,
                "description": column.description,
            }
            for column in table.columns
        ],
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": metric.title,
                "expression": metric.expression,
                "description": metric.description,
            }
            for metric in table.metrics
        ],
        "version": VERSION,
    }


def _charts() -> dict[str, dict[str, Any]]:
    lines = [f"the_{name}" for name in CHART_LINES]
    charts = {
        f"icb_{row['indicator_id']}": _chart(
            f"{row['title']}, ICB ({row['unit']})",
            "echarts_timeseries_line",
            "spc_chart",
            columns=["month"],
            metrics=lines,
            filters={"area_type": "icb", "indicator_id": row["indicator_id"], "is_complete": True},
        )
        for row in headlines()
    }
    now = next(table for table in ready_tables() if table.name == "team_newest")
    shown = [column.name for column in now.columns if column.name not in ("area_key", "hcp_code")]
    charts["teams_now"] = _chart("Each team's headlines, newest complete month", "table", "team_newest", columns=shown)
    charts["readmissions_by_partnership"] = _chart(
        "Readmitted within 30 days, by partnership",
        "table",
        "readmissions_30_days",
        columns=["hcp_name"],
        metrics=["readmissions_in_all", "discharges_in_all", "readmission_share"],
    )
    return charts


def _chart(
    title: str,
    kind: str,
    dataset: str,
    columns: list[str],
    metrics: list[str] | None = None,
    filters: dict[str, str | bool] | None = None,
) -> dict[str, Any]:
    """`params` are what its editor shows, `query_context` what is asked when it is drawn or read by the API."""
    metrics, filters = metrics or [], filters or {}
    asked = {
        "columns": columns,
        "metrics": metrics,
        "filters": [{"col": column, "op": "==", "val": value} for column, value in filters.items()],
        "orderby": [[columns[0], True]],
        "row_limit": 10_000,
    }
    params: dict[str, Any] = {
        "viz_type": kind,
        "adhoc_filters": [
            {"expressionType": "SIMPLE", "clause": "WHERE", "subject": column, "operator": "==", "comparator": value}
            for column, value in filters.items()
        ],
        "row_limit": 10_000,
    }
    if kind == "table":
        raw = {"query_mode": "raw", "all_columns": columns}
        params |= {"query_mode": "aggregate", "groupby": columns, "metrics": metrics} if metrics else raw
    else:
        params |= {"x_axis": columns[0], "time_grain_sqla": "P1M", "metrics": metrics, "groupby": []}
        params |= {"x_axis_time_format": "%b %Y", "show_legend": True, "rich_tooltip": True}
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [asked],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": title,
        "viz_type": kind,
        "params": params,
        "query_context": json.dumps(context),
        "cache_timeout": None,
        "uuid": identity(f"chart/{title}"),
        "version": VERSION,
        "dataset_uuid": identity(f"dataset/{dataset}"),
    }


def _dashboard(charts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Two process charts a row, then the tables, each a row of its own."""
    names = list(charts)
    pictures = [name for name in names if charts[name]["viz_type"] != "table"]
    rows = [pictures[start : start + 2] for start in range(0, len(pictures), 2)]
    rows += [[name] for name in names if name not in pictures]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "parents": ["ROOT_ID"], "children": [f"ROW-{n}" for n in range(len(rows))]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": DASHBOARD}},
    }  # fmt: skip
    for number, row in enumerate(rows):
        above = ["ROOT_ID", "GRID_ID"]
        position[f"ROW-{number}"] = {
            "id": f"ROW-{number}",
            "type": "ROW",
            "parents": above,
            "children": [f"CHART-{name}" for name in row],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for name in row:
            position[f"CHART-{name}"] = {
                "id": f"CHART-{name}",
                "type": "CHART",
                "parents": [*above, f"ROW-{number}"],
                "children": [],
                "meta": {
                    "chartId": names.index(name) + 1,
                    "uuid": charts[name]["uuid"],
                    "sliceName": charts[name]["slice_name"],
                    "width": COLUMNS_OF_A_ROW // len(row),
                    "height": 50,
                },
            }
    return {
        "dashboard_title": DASHBOARD,
        "description": "Read each area against its own past. Limits are of adjusted_value; unfinished months are left out.",
        "css": "",
        "slug": "int-indicators",
        "uuid": identity("dashboard"),
        "position": position,
        "metadata": {},
        "version": VERSION,
    }
