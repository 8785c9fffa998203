"""The one Definitions object: landing → lake → inputs → dbt's layers → seal → gate → release."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from orchestration.build.dbt_runtime import read_manifest
from orchestration.foundation.settings import Settings
from orchestration.graph.assets.checks import build_checks
from orchestration.graph.assets.landing import inputs, lake_assets, landing_delivery
from orchestration.graph.assets.release import release
from orchestration.graph.assets.shared import HomeResource
from orchestration.graph.assets.warehouse import build_dbt_assets
from orchestration.graph.automation import REFRESH_JOB_NAME, build_schedule, landing_sensor, tell_people


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions for one home; compiles the dbt project first when a file of it has changed."""
    manifest = read_manifest(settings)
    refresh_job = dg.define_asset_job(
        REFRESH_JOB_NAME,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Everything for one delivery: ingest, accept, build, check, publish. The command `int-marts refresh` runs this job.",
    )
    gate = build_checks(manifest)
    return dg.Definitions(
        assets=[
            landing_delivery,
            *lake_assets,
            inputs,
            build_dbt_assets(manifest),
            *(part for part in gate if not isinstance(part, dg.AssetChecksDefinition)),
            release,
        ],
        asset_checks=[part for part in gate if isinstance(part, dg.AssetChecksDefinition)],
        jobs=[refresh_job],
        sensors=[landing_sensor, tell_people],
        schedules=[build_schedule(settings)],
        resources={"home": HomeResource(), "warehouse": warehouse_to_read(settings)},
        executor=dg.in_process_executor,
    )


def warehouse_to_read(settings: Settings) -> DuckDBResource:
    """The warehouse as assets see it: read-only, because dbt alone writes."""
    return DuckDBResource(
        database=str(settings.paths.warehouse_file.absolute()),
        connection_config={
            "access_mode": "READ_ONLY",
            # it counts rows and names columns
            "threads": 1,
            "memory_limit": settings.memory_limit,
        },
    )
