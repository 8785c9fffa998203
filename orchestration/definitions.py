"""The one Definitions object: landing → lake → inputs → dbt layers → gate → release."""

import dagster as dg

from orchestration.foundation.settings import PROJECT_ROOT, Settings, load_settings
from orchestration.graph.assets.landing import acceptance, inputs, lake_assets, landing_delivery
from orchestration.graph.assets.release import build_mart_checks, build_receipt_asset, release
from orchestration.graph.assets.shared import HomeResource
from orchestration.graph.assets.warehouse import build_dbt_assets
from orchestration.graph.automation import REFRESH_JOB_NAME, build_schedule, landing_sensor, tell_people


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions for one home; parses the dbt project first when a file of it has changed."""
    dbt_build = build_dbt_assets(settings)
    mart_keys = sorted(
        (key for key in dbt_build.keys if key.path[0] in ("marts", "as_at")), key=lambda key: key.to_user_string()
    )
    suites = [path.stem for path in sorted((PROJECT_ROOT / "expectations" / "marts").glob("*.json"))]
    refresh_job = dg.define_asset_job(
        REFRESH_JOB_NAME,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Everything for one delivery: ingest, accept, build, check, publish. The command `int-marts refresh` runs this job.",
    )
    return dg.Definitions(
        assets=[landing_delivery, *lake_assets, inputs, dbt_build, build_receipt_asset(mart_keys), release],
        asset_checks=[acceptance, build_mart_checks(mart_keys, suites)],
        jobs=[refresh_job],
        sensors=[landing_sensor, tell_people],
        schedules=[build_schedule(settings)],
        resources={"home": HomeResource()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_settings())
