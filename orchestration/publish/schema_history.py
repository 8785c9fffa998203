"""A column that BI stands on never vanishes or changes its type in silence."""

from __future__ import annotations

from orchestration.errors import IntMartsError
from orchestration.publish.receipt import ReleaseReceipt, TableFacts


def schema_breaks(before: dict[str, TableFacts], now: dict[str, dict[str, str]]) -> list[str]:
    """Tables and columns that disappeared or changed type; new ones are no break. `now` holds types by table and column."""
    found = []
    for relation, facts in before.items():
        if relation not in now:
            found.append(f"{relation} disappeared")
            continue
        columns = now[relation]
        found += [f"{relation}.{name} disappeared" for name in facts.columns if name not in columns]
        found += [
            f"{relation}.{name} changed from {kind} to {columns[name]}"
            for name, kind in facts.columns.items()
            if name in columns and columns[name] != kind
        ]
    return found


def require_stable_schema(previous: ReleaseReceipt, now: dict[str, dict[str, str]], schema_version: int) -> None:
    """Raises `IntMartsError` when the schema breaks with the last release's and `SCHEMA_VERSION` was not raised."""
    found = schema_breaks(previous.tables, now)
    if found and schema_version <= previous.schema_version:
        raise IntMartsError(
            f"what BI tools read would break since release {previous.release_id}: {'; '.join(found)}; "
            "keep the column, or raise SCHEMA_VERSION in orchestration/publish/receipt.py and note it in docs/architecture.md"
        )
