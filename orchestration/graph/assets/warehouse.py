"""inputs → warehouse → seal: what dbt builds, table by table, in one step; no test of dbt runs here, the gate runs each once."""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from orchestration.build.dbt_build import build_warehouse
from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.build.plan import make_plan
from orchestration.foundation.progress import reporter
from orchestration.foundation.warehouse import MART_SCHEMAS, Warehouse
from orchestration.gate import void_receipt
from orchestration.graph.assets.search_words import rules_of, tags_of
from orchestration.graph.assets.shared import DATA_ENGINEERS, HomeResource, delivery_of_run, plain_words, source_code
from orchestration.graph.assets.table_metadata import TableMetadata, asset_key_of

SEAL_KEY = dg.AssetKey(["warehouse", "seal"])
BUILT = ("model", "seed")


def built_nodes(manifest: Mapping[str, Any]) -> dict[dg.AssetKey, dict[str, Any]]:
    """What dbt builds, by asset key (schema and table, as in the warehouse), parents first: Dagster wants to hear of them so."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    parents = {
        name: [one for one in node["depends_on"].get("nodes", []) if one in nodes] for name, node in nodes.items()
    }
    return {asset_key_of(nodes[name]): nodes[name] for name in TopologicalSorter(parents).static_order()}


def spec_of(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> dg.AssetSpec:
    """Key = schema and table, group = layer, owner from the model's YAML."""
    key = asset_key_of(node)
    owner = (node.get("meta") or node["config"].get("meta") or {}).get("owner", "data_engineering")
    parents = [
        manifest["nodes"].get(parent) or manifest["sources"][parent] for parent in node["depends_on"].get("nodes", [])
    ]
    said = {}
    if rules := rules_of(node):
        said["definitions"] = "; ".join(map(str, rules))
    if key.path[0] in MART_SCHEMAS:
        said["dictionary"] = f"releases/current/dictionary.html#{'.'.join(key.path)}"
    return dg.AssetSpec(
        key,
        deps=sorted({asset_key_of(parent) for parent in parents}),
        group_name=key.path[0],
        owners=[f"team:{str(owner).strip().lower().replace(' ', '_').replace('-', '_')}"],
        description=node.get("description") or None,
        kinds={"dbt", "duckdb"},
        tags=tags_of(node),
        metadata={
            "sql": node["original_file_path"],
            **source_code(DBT_PROJECT_DIR / node["original_file_path"]),
            **said,
        },
    )


def build_dbt_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    nodes = built_nodes(manifest)
    leave_the_house = [key for key in nodes if key.path[0] in MART_SCHEMAS]
    seal = dg.AssetSpec(
        SEAL_KEY,
        deps=sorted(leave_the_house),
        group_name="warehouse",
        owners=[DATA_ENGINEERS],
        kinds={"duckdb"},
        description=(
            "The finished build: its id, the hash of the warehouse, and of each table that leaves the house. "
            "From here the warehouse is read-only."
        ),
    )

    @dg.multi_asset(name="dbt_build", specs=[*(spec_of(manifest, node) for node in nodes.values()), seal])
    def dbt_build(
        context: dg.AssetExecutionContext, home: HomeResource, warehouse: DuckDBResource
    ) -> Iterator[dg.MaterializeResult]:
        """One dbt invocation; the warehouse is built whole, so nothing of an older build can survive in it."""
        run = home.settings
        with plain_words(context, "dbt"):
            void_receipt(run)
            sealed = build_warehouse(run, make_plan(run, delivery_of_run(context, run)))
        with reporter().step("table metadata"), warehouse.get_connection() as connection:
            metadata = TableMetadata(manifest, run.paths.dbt, Warehouse(connection), run.paths.inputs_file)
            for key, node in nodes.items():
                yield dg.MaterializeResult(asset_key=key, metadata=metadata.of(node))
            metadata.save()
        tables = {relation: facts.content_hash for relation, facts in sealed.tables.items()}
        yield dg.MaterializeResult(
            asset_key=SEAL_KEY,
            metadata={
                "build_id": sealed.build_id,
                "files": dg.MetadataValue.json(sealed.files),
                "tables": dg.MetadataValue.json(tables),
            },
        )

    return dbt_build
