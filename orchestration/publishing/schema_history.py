"""What BI stands on never changes in silence: columns, types, grain and units of the marts, and the rules of the indicators.

Compared with the last release itself, not with a record kept beside the code: what people have connected to is what counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.foundation.errors import IntMartsError
from orchestration.releases.listing import Release
from orchestration.releases.tables import NOT_HASHED, columns_of, tables_of

if TYPE_CHECKING:
    import duckdb

Columns = dict[str, dict[str, str]]  # types by table and column
# What an indicator is, as the catalogue says it. Its words may be polished and it may join the headlines under the same version.
RULE_COLUMNS = (
    "measure_kind",
    "numerator_measure_id",
    "denominator_measure_id",
    "denominator_kind",
    "events_per_person",
    "multiplier",
    "unit",
    "polarity",
    "standardisation",
    "limits",
)


@dataclass(frozen=True)
class SchemaChange:
    """One difference from the last release. `is_break`: a file that reads the last release may fail or mislead on this one."""

    text: str
    is_break: bool


def schema_changes(before: Columns, now: Columns, words_before: Path, words_now: Path) -> list[SchemaChange]:
    """Tables, columns and their types; grain, units and descriptions by the two `dictionary.csv`."""
    return [*_columns(before, now), *_words(_read(words_before), _read(words_now))]


def _columns(before: Columns, now: Columns) -> Iterator[SchemaChange]:
    for relation in sorted(before.keys() | now.keys()):
        if relation not in now or relation not in before:
            is_gone = relation not in now
            yield SchemaChange(f"{relation} {'disappeared' if is_gone else 'is new'}", is_gone)
            continue
        old, new = before[relation], now[relation]
        yield from (SchemaChange(f"{relation}.{name} disappeared", True) for name in old if name not in new)
        yield from (SchemaChange(f"{relation}.{name} is new", False) for name in new if name not in old)
        yield from (
            SchemaChange(f"{relation}.{name} changed from {old[name]} to {new[name]}", True)
            for name in old
            if name in new and new[name] != old[name]
        )


def _read(dictionary: Path) -> dict[tuple[str, str], dict[str, str]]:
    with dictionary.open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] in ("table", "column")]
    return {(row["table"], row["name"] if row["kind"] == "column" else ""): row for row in rows}


def _words(
    before: dict[tuple[str, str], dict[str, str]], now: dict[tuple[str, str], dict[str, str]]
) -> Iterator[SchemaChange]:
    for (relation, column), old in before.items():
        if (new := now.get((relation, column))) is None:
            continue
        name = f"{relation}.{column}" if column else relation
        for property_ in ("grain", "unit"):
            if old[property_] != new[property_]:
                yield SchemaChange(
                    f"{name}: {property_} changed from {old[property_] or 'none'} to {new[property_] or 'none'}", True
                )
        if old["description"] != new["description"]:
            yield SchemaChange(f"{name} is described in other words", False)


def changed_rules(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Indicators whose rule differs between the attached `previous` and `release` under the same `definition_version`."""
    catalogue = "marts.dim_indicator"
    if any(catalogue not in tables_of(connection, database) for database in ("previous", "release")):
        return []
    known = set(columns_of(connection, "previous", catalogue)) & set(columns_of(connection, "release", catalogue))
    compared = [name for name in RULE_COLUMNS if name in known]
    differing = ", ".join(
        f"case when earlier.{name} is distinct from now.{name} then '{name}' end" for name in compared
    )
    found = connection.execute(
        f"""
        select now.indicator_id, now.definition_version, list_filter([{differing}], lambda name: name is not null) as columns
        from previous.{catalogue} as earlier inner join release.{catalogue} as now on earlier.indicator_id = now.indicator_id
        where earlier.definition_version = now.definition_version and len(columns) > 0
        order by now.indicator_id
        """
    ).fetchall()
    return [
        f"{indicator} changed its {', '.join(columns)} and is still version {version}"
        for indicator, version, columns in found
    ]


def require_stable_schema(
    previous: Release, connection: duckdb.DuckDBPyConnection, folder: Path, schema_version: int
) -> list[str]:
    """Every difference from the last release, in words; `connection` has both attached (`previous`, `release`).

    Raises `IntMartsError` when BI files would break and `SCHEMA_VERSION` was not raised, or when an indicator's rule changed without a
    new `definition_version`.
    """
    name = "dictionary.csv"
    before = {relation: facts.columns for relation, facts in previous.receipt.tables.items()}
    held = [relation for relation in tables_of(connection, "release") if relation not in NOT_HASHED]
    now = {relation: columns_of(connection, "release", relation) for relation in held}
    changes = schema_changes(before, now, previous.folder / name, folder / name)
    breaks = [change.text for change in changes if change.is_break]
    if breaks and schema_version <= previous.receipt.schema_version:
        raise IntMartsError(
            f"what BI tools read would break since release {previous.release_id}: {'; '.join(breaks)}; "
            "keep it as it was, or raise SCHEMA_VERSION in orchestration/releases/receipt.py and note it in docs/architecture.md"
        )
    if rules := changed_rules(connection):
        raise IntMartsError(
            f"indicators mean something else than in release {previous.release_id}: {'; '.join(rules)}; "
            "give each a new definition_version in seeds/indicator_catalogue.csv"
        )
    return [change.text for change in changes]
