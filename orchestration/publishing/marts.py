"""Copying the marts out of the warehouse: one DuckDB file that BI drivers of the 1.x line open, and Parquet beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal, quote
from orchestration.publishing.dictionary import Dictionary
from orchestration.releases.tables import columns_of, tables_of

# DuckDB 1.5 would write this by default; said aloud, because BI drivers lag behind and a newer writer must not shut them out.
STORAGE_VERSION = "v1.0.0"

AREA_KEY = ("indicator_id", "cohort_id", "area_type", "area_code")
KEYS: dict[str, tuple[str, ...]] = {
    "visits_per_capita": ("int_code", "month", "setting", "visit_type"),
    "referrals_per_capita": ("int_code", "month", "source", "specialty_code"),
    "spend_per_capita": ("int_code", "month", "point_of_delivery", "cost_basis"),
    "non_elective_admissions_per_capita": ("int_code", "month", "admission_type", "age_group", "length_of_stay_group"),
    "readmissions": ("int_code", "month", "window_days"),
    "indicator_values": (*AREA_KEY, "month", "period"),
    "indicator_spc": (*AREA_KEY, "month", "period"),
    "indicator_funnel": (*AREA_KEY, "month", "period"),
    "indicator_change": (*AREA_KEY, "baseline_kind", "baseline_period", "current_period"),
    "indicator_inequality": (*AREA_KEY,),
    "delivery_gaps": ("gap_kind", "feed", "property", "sender_code", "area_type", "area_code", "first_month"),
    "reported_context": ("indicator_id", "area_type", "area_code", "month"),
    "team_context": ("int_code", "area_type", "area_code"),
    "practice_profile": ("practice_code",),
    "measure_season_factors": ("indicator_id", "month_of_year"),
    "measure_day_weights": ("indicator_id", "day_class"),
    "evaluation_plan": ("wave_id", "indicator_id", "cohort_id"),
    "evaluation_panel": ("indicator_id", "cohort_id", "int_code", "month"),
    "evaluation_effects": ("indicator_id", "cohort_id", "aggregation", "aggregate_key"),
    "evaluation_return": ("wave_id", "indicator_id", "cohort_id", "realisation"),
    "dim_int": ("int_code",),
    "dim_area": ("area_type", "area_code"),
    "dim_month": ("month",),
    "dim_indicator": ("indicator_id",),
    "dim_cohort": ("cohort_id",),
    "dim_target": ("target_id",),
    "dim_practice": ("practice_code",),
    "dim_point_of_delivery": ("point_of_delivery",),
    "dim_visit_type": ("setting", "visit_type"),
    "headline_wide": ("int_code", "month"),
    "team_newest": ("int_code",),
    "readmissions_30_days": ("int_code", "month"),
    "spc_chart": ("indicator_id", "area_key", "month"),
    "area_population": ("int_code", "month", "sex", "age_band"),
    "data_quality": ("check_id", "subject"),
    "restatements": (*AREA_KEY, "month", "period"),
    "release_info": ("release_id",),
}


def key_of(relation: str, columns: dict[str, str]) -> list[str]:
    """The key columns of a mart; a mart the design does not know is keyed by all its columns, in their order."""
    known = KEYS.get(relation.split(".")[1], ())
    return [name for name in known if name in columns] or list(columns)


@contextmanager
def writer(settings: Settings, target: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the new file attached as `release`, closed (so: written whole, no log beside it) at the end."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads_for(settings.paths.warehouse_file),
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.paths.spill),
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute(f"attach {literal(str(target))} as release (storage_version {literal(STORAGE_VERSION)})")
        yield connection
        connection.execute("checkpoint release")
        connection.execute("detach release")


def create_table(connection: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str], select: str) -> None:
    """Fill `release.<relation>` from a query that gives `columns` by name; rows in order of key, key columns NOT NULL."""
    key = key_of(relation, columns)
    connection.execute(f"create schema if not exists release.{relation.split('.')[0]}")
    declared = ", ".join(f"{quote(name)} {kind}{' not null' if name in key else ''}" for name, kind in columns.items())
    connection.execute(f"create table release.{relation} ({declared})")
    ordered = ", ".join(map(quote, dict.fromkeys([*key, *columns])))
    connection.execute(f"insert into release.{relation} by name select * from ({select}) order by {ordered}")


def copy_marts(connection: duckdb.DuckDBPyConnection, relations: list[str]) -> None:
    for relation in relations:
        columns = columns_of(connection, "warehouse", relation)
        create_table(connection, relation, columns, f"select * from warehouse.{relation}")


def comment(connection: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> None:
    """Descriptions of tables and columns inside the file, where BI tools show them."""
    said = []
    for relation in tables_of(connection, "release"):
        table = dictionary.table(relation)
        if table.description:
            said.append(f"comment on table release.{relation} is {literal(table.description)}")
        for column in columns_of(connection, "release", relation):
            if text := table.column(column).description:
                said.append(f"comment on column release.{relation}.{quote(column)} is {literal(text)}")
    # One statement each would write the file's log hundreds of times.
    connection.execute("; ".join(["begin", *said, "commit"]))


def write_parquet(connection: duckdb.DuckDBPyConnection, folder: Path, dictionary: Dictionary) -> None:
    """`parquet/<mart>.parquet`, and a folder of the schema's name for any schema but `marts`; descriptions as key-value metadata.

    Not sorted again: `create_table` has laid the rows in order, DuckDB reads them so, and the bytes are the same at half the cost.
    """
    for relation in tables_of(connection, "release"):
        schema, name = relation.split(".")
        target = folder / "parquet" / ("" if schema == "marts" else schema) / f"{name}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        table = dictionary.table(relation)
        columns = columns_of(connection, "release", relation)
        described = json.dumps({column: table.column(column).description for column in columns}, ensure_ascii=False)
        connection.execute(
            f"copy release.{relation} to {literal(str(target))} (format parquet, compression zstd, "
            f"kv_metadata {{description: {literal(table.description)}, column_descriptions: {literal(described)}}})"
        )
