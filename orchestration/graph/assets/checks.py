"""The checks as Dagster shows them: every registered check on the table it is about, in the gate's words, red where the gate shuts.

`acceptance` looks at what has landed, before anything is built; `gate/receipt` holds what all others found on the sealed build, each run
once; `checks` tells it of each table and says whether the gate is open.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.foundation.checks import CheckResult, Severity
from orchestration.foundation.errors import GateShut
from orchestration.foundation.progress import reporter
from orchestration.gate import accept, acceptance, examine, judge, require_acceptance, tell_gate_is_shut
from orchestration.gate.dbt_tests import DbtTests
from orchestration.gate.definitions import Definition
from orchestration.gate.runner import declared
from orchestration.graph.assets.check_results import summarise, table_of, to_dagster
from orchestration.graph.assets.landing import CONTRACTS, INPUTS_KEY, LANDING_KEY, lake_key
from orchestration.graph.assets.shared import OWNER, HomeResource, delivery_of_run, plain_words, told
from orchestration.graph.assets.warehouse import SEAL_KEY, built_nodes
from orchestration.landing.deliveries import find_delivery

RECEIPT_KEY = dg.AssetKey(["gate", "receipt"])
GATE_IS_OPEN = "gate_is_open"
BEFORE_THE_BUILD = ("acceptance", "delivery")


def asset_of(relation: str, built: Collection[dg.AssetKey]) -> dg.AssetKey:
    """The asset that a check is about; what is about no table is about the receipt."""
    schema, _, table = relation.partition(".")
    if schema == "landing":
        return LANDING_KEY
    if schema == "plan":
        return INPUTS_KEY
    if schema in ("lake", "live") and table in CONTRACTS:
        return lake_key(table)
    key = dg.AssetKey([schema, table])
    return key if key in built else RECEIPT_KEY


def spec_of(definition: Definition, asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """Dagster's own `blocking` holds back what is downstream: not possible for a check after the build on what was before it, whose
    run is held back by the gate all the same."""
    is_block = definition.severity is Severity.BLOCK
    is_upstream = asset in (LANDING_KEY, INPUTS_KEY) or (
        asset.path[0] == "lake" and definition.kind not in BEFORE_THE_BUILD
    )
    said = [
        definition.reason,
        "Blocking: the gate stays shut while it fails." if is_block else "It only warns.",
        f"If it fails: {definition.what_to_do}." if definition.what_to_do else "",
    ]
    return dg.AssetCheckSpec(
        re.sub(r"[^A-Za-z0-9_]", "_", definition.check_id),
        asset=asset,
        description=" ".join(filter(None, said)),
        blocking=is_block and not is_upstream,
        metadata={"check_id": definition.check_id, "gate": str(definition.severity), "owner": definition.owner},
    )


def build_checks(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    built = built_nodes(manifest)
    specs = {
        check_id: (definition, spec_of(definition, asset_of(definition.relation, built)))
        for check_id, definition in sorted(declared(DbtTests(dict(manifest))).items())
    }
    early = {check_id: spec for check_id, (definition, spec) in specs.items() if definition.kind in BEFORE_THE_BUILD}
    late = {check_id: spec for check_id, (_, spec) in specs.items() if check_id not in early}
    return [build_acceptance(early), receipt, build_gate_checks(late)]


def as_dagster_shows(
    results: Collection[CheckResult], specs: Mapping[str, dg.AssetCheckSpec]
) -> Iterator[dg.AssetCheckResult]:
    """A result for each spec; `complete` has seen to it that none is missing."""
    by_check: dict[str, list[CheckResult]] = {}
    for result in results:
        by_check.setdefault(result.check_id, []).append(result)
    for check_id, spec in specs.items():
        found = by_check[check_id]
        shown = found[0] if len(found) == 1 else summarise(found, found[0].subject)
        yield to_dagster(shown, spec.asset_key, spec.name)


def build_acceptance(specs: Mapping[str, dg.AssetCheckSpec]) -> dg.AssetChecksDefinition:
    # every feed is waited for, one without a suite too
    waited_for = [lake_key(feed) for feed in CONTRACTS]

    @dg.multi_asset_check(
        name="acceptance",
        specs=[with_deps(spec, waited_for) for spec in specs.values()],
    )
    def acceptance_checks(context: dg.AssetCheckExecutionContext, home: HomeResource) -> Iterator[dg.AssetCheckResult]:
        with plain_words(context, "acceptance"):
            delivery = find_delivery(home.settings.paths, delivery_of_run(context, home.settings))
            results = accept(home.settings, delivery)
            acceptance.note(home.settings, delivery, results)
        yield from as_dagster_shows(results, specs)
        with plain_words(context, "acceptance verdict"):
            require_acceptance(home.settings, delivery, results)

    return acceptance_checks


def with_deps(spec: dg.AssetCheckSpec, keys: Collection[dg.AssetKey]) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        spec.name,
        asset=spec.asset_key,
        description=spec.description,
        blocking=spec.blocking,
        metadata=spec.metadata,
        additional_deps=[key for key in keys if key != spec.asset_key],
    )


@dg.asset(
    key=RECEIPT_KEY,
    deps=[SEAL_KEY],
    group_name="gate",
    kinds={"greatexpectations", "json"},
    owners=[OWNER],
    description=(
        "What every check found, each run once on the sealed build, tied to its plan by hash. Publication looks whether "
        "plan, landing, lake and warehouse are still what they were."
    ),
)
def receipt(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    with plain_words(context, "checks"):
        made = examine(home.settings, find_delivery(home.settings.paths, delivery_of_run(context, home.settings)))
    return dg.MaterializeResult(
        metadata={
            "build_id": made.build_id,
            "checks": len(made.results),
            "not_passed": dg.MetadataValue.md(table_of(made.results)),
        }
    )


def build_gate_checks(specs: Mapping[str, dg.AssetCheckSpec]) -> dg.AssetChecksDefinition:
    is_open = dg.AssetCheckSpec(
        GATE_IS_OPEN,
        asset=RECEIPT_KEY,
        blocking=True,
        description="Blocking: every required check passed on exactly what would be published.",
    )

    @dg.multi_asset_check(name="checks", specs=[is_open, *(with_deps(spec, [RECEIPT_KEY]) for spec in specs.values())])
    def checks(context: dg.AssetCheckExecutionContext, home: HomeResource) -> Iterator[dg.AssetCheckResult]:
        with plain_words(context, "gate"):
            delivery = find_delivery(home.settings.paths, delivery_of_run(context, home.settings))
            verdict = judge(home.settings, delivery)
        yield from as_dagster_shows(verdict.results, specs)
        yield dg.AssetCheckResult(
            asset_key=RECEIPT_KEY,
            check_name=GATE_IS_OPEN,
            passed=verdict.is_open,
            severity=dg.AssetCheckSeverity.ERROR,
            description="\n\n".join([verdict.summary, *(f"- {reason}" for reason in verdict.reasons)]),
            metadata={
                "held_shut_by": dg.MetadataValue.md(table_of(verdict.shut_by)),
                "checks": len(verdict.results),
                "holding_it_shut": len(verdict.shut_by),
                "waivers": len(verdict.waivers),
            },
        )
        try:
            verdict.require_open()
        except GateShut as shut:
            tell_gate_is_shut(home.settings, verdict)
            reporter().failures.append(shut)
            raise told(shut) from None

    return checks
