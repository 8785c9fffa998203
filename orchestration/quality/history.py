"""What the drift queries read: profiles of every delivery, each month marked by the delivery that supplies it.

Temporary tables in the read-only connection: `seen_profile(feed, delivery, column_name, provider_code, month, rows, nulls)`,
`seen_codes(feed, delivery, column_name, provider_code, month, code, rows)` and `this_build(delivery, data_cut, first_month,
last_month)`. They hold a row per column × month × provider, never one per record.
"""

from __future__ import annotations

from orchestration.settings import Settings
from orchestration.warehouse import Warehouse


def create_history(warehouse: Warehouse, settings: Settings) -> None:
    connection = warehouse.connection
    connection.execute(
        "create temp table this_build as select delivery, data_cut, first_month, last_month from inputs.plan.build"
    )
    delivery = warehouse.rows("select delivery from this_build")[0][0]
    columns = {
        "profile": "column_name, provider_code, coverage_month as month, rows, nulls",
        "codes": "column_name, provider_code, coverage_month as month, code, rows",
    }
    empty = {
        "profile": "null::varchar as feed, null::varchar as delivery, null::varchar as column_name, null::varchar as provider_code, "
        "null::date as month, null::bigint as rows, null::bigint as nulls",
        "codes": "null::varchar as feed, null::varchar as delivery, null::varchar as column_name, null::varchar as provider_code, "
        "null::date as month, null::varchar as code, null::bigint as rows",
    }
    for name, wanted in columns.items():
        connection.execute(f"create temp table seen_{name} as select {empty[name]} where false")
        for feed_folder in sorted(settings.paths.lake.glob("*")):
            for folder in _newest_versions(feed_folder, delivery):
                source = str(folder / f"{name}.parquet").replace("'", "''")
                connection.execute(
                    f"insert into seen_{name} select '{feed_folder.name}', '{folder.parent.name.removeprefix('delivery=')}', {wanted} "
                    f"from read_parquet('{source}')"
                )


def _newest_versions(feed_folder, delivery: str) -> list:  # type: ignore[no-untyped-def]
    found = []
    for folder in sorted(feed_folder.glob("delivery=*")):
        if folder.name.removeprefix("delivery=") <= delivery:
            versions = [path.parent for path in folder.glob("version=*/profile.parquet")]
            if versions:
                found.append(max(versions, key=lambda path: int(path.name.split("=")[1])))
    return found
