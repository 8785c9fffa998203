"""inputs → warehouse: dbt's models, seeds and tests as assets and checks."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import dagster as dg
from packaging.version import Version

from orchestration.build.dbt_runtime import (
    DBT_PROJECT_DIR,
    dbt_executable,
    ensure_manifest,
    parsed_environment,
    without_dbt_core,
)
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import Warehouse, open_warehouse
from orchestration.graph.assets.check_results import to_dagster
from orchestration.graph.assets.shared import HomeResource, plain_words
from orchestration.graph.assets.table_metadata import TableMetadata, asset_key_of, with_table_metadata

with without_dbt_core():
    from dagster_dbt import (
        DagsterDbtTranslator,
        DagsterDbtTranslatorSettings,
        DbtCliInvocation,
        DbtCliResource,
        DbtProject,
        dbt_assets,
    )

if TYPE_CHECKING:
    from orchestration.gate.dbt_evidence import DbtEvidence


class HouseTranslator(DagsterDbtTranslator):
    """Names as in the design: key = schema and table, group = layer, owner from the model's YAML. One for each manifest."""

    def __init__(self) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True, enable_code_references=True)
        )
        self.specs: dict[str, dg.AssetSpec] = {}

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """Made once: dagster-dbt asks for a node again for each node that reads it."""
        if unique_id not in self.specs:
            self.specs[unique_id] = self.new_asset_spec(manifest, unique_id, project)
        return self.specs[unique_id]

    def new_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        node = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
        spec = super().get_asset_spec(manifest, unique_id, project).replace_attributes(key=asset_key_of(node))
        if node["resource_type"] == "source":
            return spec
        owner = (node.get("meta") or node["config"].get("meta") or {}).get("owner", "data_engineering")
        return spec.replace_attributes(
            group_name=spec.key.path[0],
            owners=[f"team:{str(owner).strip().lower().replace(' ', '_').replace('-', '_')}"],
            description=node.get("description") or None,
        ).merge_attributes(
            metadata={"sql": node["original_file_path"], "dictionary": f"dictionary.html#{node['name']}"}
        )

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """With what the gate does about it and what people are to do."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        node = manifest["nodes"][unique_id]
        meta = node["config"].get("meta") or {}
        said = [
            node.get("description") or f"dbt test `{node['name']}`.",
            "It only warns." if meta.get("gate") == "warn" else "The gate stays shut while it fails.",
            f"If it fails: {meta['what_to_do']}" if meta.get("what_to_do") else "",
        ]
        return spec._replace(description=" ".join(filter(None, said)))


def as_the_gate_judges(events: Iterator[Any], evidence: "DbtEvidence", warehouse: Warehouse) -> Iterator[Any]:
    """dbt calls every failed test a warning and an empty table passed; people see what the gate makes of it, in its words."""
    from orchestration.gate.evaluate import RowCounter
    from orchestration.gate.rerun import Rerun

    delivered = frozenset(
        feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
    )
    results = evidence.check_results(delivered, RowCounter(warehouse).count, Rerun(warehouse), only_failed=True)
    judged = {result.check_id: result for result in results}
    by_test = {node["unique_id"]: judged[check_id] for check_id, node in evidence.tests.items()}
    for event in events:
        if isinstance(event, dg.AssetCheckResult) and event.asset_key and event.check_name:
            unique_id = getattr((event.metadata or {}).get("unique_id"), "value", None)
            result = by_test.get(str(unique_id))
            event = to_dagster(result, event.asset_key, event.check_name) if result else event
        yield event


def build_dbt_assets(settings: Settings) -> dg.AssetsDefinition:
    manifest_file = ensure_manifest(settings)
    project = DbtProject(
        project_dir=DBT_PROJECT_DIR, target_path=manifest_file.parent.absolute(), profiles_dir=DBT_PROJECT_DIR
    )

    @dbt_assets(
        manifest=manifest_file,
        project=project,
        dagster_dbt_translator=HouseTranslator(),
        name="dbt_build",
    )
    def dbt_build(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[Any]:
        """One dbt invocation; the warehouse is built whole, so nothing of an older build can survive in it."""
        run = home.settings
        from orchestration.gate import note_build, void_receipt
        from orchestration.gate.dbt_evidence import load_evidence

        invocation: DbtCliInvocation | None = None
        with plain_words(context, "dbt"):
            if not run.paths.inputs_file.exists():
                raise IntMartsError(
                    "the inputs are not there: materialise inputs/plan first, or run `int-marts refresh`"
                )
            void_receipt(run)
            # a dbt that is killed writes no results: the last build's must not be taken for its own
            (run.paths.dbt / "target" / "run_results.json").unlink(missing_ok=True)
            if not context.is_subset:
                run.paths.warehouse_file.unlink(missing_ok=True)
            (run.paths.warehouse / "spill").mkdir(exist_ok=True)
            # unit tests judge the code, not the data: they belong to its tests
            arguments = ["build", "--exclude", "resource_type:unit_test"]
            target = run.paths.dbt / "target"
            invocation = dbt_resource(run).cli(arguments, context=context, target_path=target, raise_on_error=False)
            events = list(invocation.stream())
            require_dbt_ran(invocation)
        # the warehouse can only be read once dbt has let go of it
        with reporter().step("table metadata"), open_warehouse(run) as warehouse:
            note_build(run)
            metadata = TableMetadata(invocation.manifest, invocation.target_path, warehouse, run.paths.inputs_file)
            judged = as_the_gate_judges(iter(events), load_evidence(run), warehouse)
            yield from with_table_metadata(judged, metadata)
            metadata.save()

    return dbt_build


class DbtOfThisEnvironment(DbtCliResource):
    """Asks the installed package which version it is; the class above starts dbt for that, two seconds in every refresh. Nor does it
    need dbt's adapter in this process: what the UI shows of a table is read from the warehouse (`table_metadata`)."""

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def dbt_resource(settings: Settings) -> DbtCliResource:
    import os

    os.environ.update(parsed_environment(settings))
    return DbtOfThisEnvironment(
        project_dir=str(DBT_PROJECT_DIR), profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=dbt_executable()
    )


def require_dbt_ran(invocation: DbtCliInvocation) -> None:
    """SQL that broke stops the run; a data check that failed does not, it is judged by the gate. Raises `IntMartsError`."""
    if not invocation.target_path.joinpath("run_results.json").exists():
        raise IntMartsError(
            f"dbt stopped before its end (exit code {invocation.process.returncode}); see dbt/target/dbt.log in the home"
        )
    results = invocation.get_artifact("run_results.json")["results"]
    broken = [r for r in results if r["status"] in ("error", "runtime error")]
    if broken:
        first = broken[0]
        raise IntMartsError(
            f"dbt: {len(broken)} of {len(results)} nodes broke, first {first['unique_id']}: "
            f"{first_line(first['message'])} (the SQL failed, not a data check)"
        )


def first_line(text: str | None) -> str:
    """The message without values: DuckDB quotes the offending value only after the first line's colon-separated kind."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return (lines[1] if len(lines) > 1 and lines[0].endswith(")") else lines[0] if lines else "no message")[:300]
