"""landing → lake → inputs: one asset per feed and delivery, its acceptance, and the views that dbt reads."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.build.inputs import write_inputs
from orchestration.build.plan import make_plan, note_plan
from orchestration.contracts import FeedContract, load_contracts
from orchestration.foundation.settings import PROJECT_ROOT
from orchestration.graph.assets.shared import (
    DATA_ENGINEERS,
    DELIVERIES,
    ONE_RUN,
    OWNER,
    HomeResource,
    delivery_of_run,
    plain_words,
    source_code,
)
from orchestration.lake.manifest import Manifest
from orchestration.lake.whole_delivery import ingest_feed_up_to
from orchestration.landing.deliveries import find_delivery

LANDING_KEY = dg.AssetKey(["landing", "delivery"])
LIVE_KEY = dg.AssetKey(["inputs", "live"])
INPUTS_KEY = dg.AssetKey(["inputs", "plan"])
CONTRACTS = load_contracts()


def lake_key(feed: str) -> dg.AssetKey:
    return dg.AssetKey(["lake", feed])


@dg.asset(
    key=LANDING_KEY,
    partitions_def=DELIVERIES,
    backfill_policy=ONE_RUN,
    group_name="landing",
    kinds={"file"},
    owners=[OWNER],
    description=(
        "A month's submission as it was delivered: which files were found, for which feeds, and what was ignored. "
        "Nothing here is ever changed by the pipeline."
    ),
)
def landing_delivery(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    with plain_words(context, "landing"):
        for name in context.partition_keys:
            delivery = find_delivery(home.settings.paths, name)
            found = {feed: [file.relative_name for file in files] for feed, files in sorted(delivery.files.items())}
            facts = {
                "data_cut": str(delivery.data_cut),
                "feeds_found": len(found),
                "files": dg.MetadataValue.json(found),
                "ignored": dg.MetadataValue.json(sorted(delivery.ignored)),
            }
            context.add_asset_metadata(facts, asset_key=LANDING_KEY, partition_key=name)
    return dg.MaterializeResult()


def build_lake_asset(contract: FeedContract) -> dg.AssetsDefinition:
    """The ingest asset of one feed. Earlier deliveries that are not in the lake yet are taken in on the way."""

    @dg.asset(
        key=lake_key(contract.feed),
        deps=[LANDING_KEY],
        partitions_def=DELIVERIES,
        backfill_policy=ONE_RUN,
        group_name="lake",
        kinds={"parquet", "duckdb"},
        owners=[OWNER],
        description=f"{contract.title}. {contract.description} Grain: {contract.grain}.",
        metadata={
            "contract": f"orchestration/contracts/{contract.feed}.yaml",
            **source_code(PROJECT_ROOT / "orchestration" / "contracts" / f"{contract.feed}.yaml"),
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(c.name, type=c.sql_type, description=c.description or None) for c in contract.columns
                ]
            ),
        },
    )
    def lake_feed(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
        names = context.partition_keys
        with plain_words(context, f"ingest {contract.feed}"):
            manifests = ingest_feed_up_to(home.settings, max(names), contract.feed)
        for name in names:
            context.add_asset_metadata(ingested(manifests.get(name)), asset_key=context.asset_key, partition_key=name)
        return dg.MaterializeResult()

    return lake_feed


def ingested(manifest: Manifest | None) -> dict[str, Any]:
    """What the UI shows of one feed of one delivery."""
    if manifest is None:
        return {"delivered": False, "dagster/partition_row_count": 0}
    return {
        "delivered": True,
        "dagster/partition_row_count": manifest.rows_loaded,
        "rows_read": manifest.rows_read,
        "rows_loaded": manifest.rows_loaded,
        "rows_quarantined": manifest.rows_quarantined,
        "rows_removed": dg.MetadataValue.json(manifest.rows_removed),
        "files": dg.MetadataValue.json({file.file: file.sha256 for file in manifest.files}),
        "assumptions": dg.MetadataValue.json({file.file: list(file.assumptions) for file in manifest.files}),
    }


lake_assets = [build_lake_asset(contract) for contract in CONTRACTS.values()]


@dg.multi_asset(
    name="inputs",
    specs=[
        dg.AssetSpec(
            LIVE_KEY,
            deps=[lake_key(feed) for feed in CONTRACTS],
            group_name="inputs",
            kinds={"duckdb"},
            owners=[DATA_ENGINEERS],
            description="Which lake rows are live for this delivery (restatement resolved), a view of each feed. dbt reads nothing else.",
        ),
        # Every model asks the plan for months and data cut. It waits for all feeds, as one step with the views; what a table is made of
        # is said by the feeds its staging models read, so that no mart seems to stand on all of them.
        dg.AssetSpec(
            INPUTS_KEY,
            deps=[LANDING_KEY],
            group_name="inputs",
            kinds={"duckdb"},
            owners=[DATA_ENGINEERS],
            description="The build plan: data cut, months, deliveries, which feed covers what, what was removed.",
        ),
    ],
)
def inputs(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[dg.MaterializeResult]:
    with plain_words(context, "inputs"):
        plan = make_plan(home.settings, delivery_of_run(context, home.settings))
        write_inputs(home.settings, plan.delivery)
        note_plan(home.settings.paths, plan)
    said = {"delivery": plan.delivery, "data_cut": str(plan.data_cut), "build_id": plan.build_id}
    yield dg.MaterializeResult(asset_key=LIVE_KEY, metadata={**said, "versions": dg.MetadataValue.json(plan.versions)})
    yield dg.MaterializeResult(asset_key=INPUTS_KEY, metadata=said)
