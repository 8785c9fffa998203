"""warehouse → evidence → release: the mart suites, the receipt, and the one asset that leaves the building."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.graph.assets.check_results import summarise, table_of, to_dagster
from orchestration.graph.assets.shared import (
    DELIVERIES,
    ONE_RUN,
    OWNER,
    HomeResource,
    delivery_of_run,
    plain_words,
)

RECEIPT_KEY = dg.AssetKey(["gate", "receipt"])
RELEASE_KEY = dg.AssetKey(["release", "current"])


def build_receipt_asset(mart_keys: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=RECEIPT_KEY,
        deps=mart_keys,
        group_name="gate",
        kinds={"greatexpectations", "json"},
        owners=[OWNER],
        description=(
            "What was checked, tied to this exact build: dbt's invocation, the suites' versions, input hashes "
            "and each mart's content hash. Publication recomputes all of it."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                "gate_is_open",
                asset=RECEIPT_KEY,
                description="Every required check passed on exactly what would be published.",
            ),
        ],
    )
    def receipt(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[Any]:
        from orchestration.gate import examine, judge
        from orchestration.landing.deliveries import find_delivery

        with plain_words(context, "checks"):
            delivery = find_delivery(home.settings.paths, delivery_of_run(context, home.settings))
            made = examine(home.settings, delivery)
            verdict = judge(home.settings, delivery)
        yield dg.MaterializeResult(
            metadata={
                "build_id": made.build_id,
                "checks": len(verdict.results),
                "not_passed": dg.MetadataValue.md(table_of(verdict.results)),
            }
        )
        yield dg.AssetCheckResult(
            asset_key=RECEIPT_KEY,
            check_name="gate_is_open",
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

    return receipt


def build_mart_checks(mart_keys: list[dg.AssetKey], suites: list[str]) -> dg.AssetChecksDefinition:
    """Great Expectations suites over the marts, one check per mart that has a suite."""
    checked = [key for key in mart_keys if key.path[0] == "marts" and key.path[-1] in suites]

    @dg.multi_asset_check(
        name="mart_suites",
        specs=[
            dg.AssetCheckSpec(
                "expectations",
                asset=key,
                additional_deps=[RECEIPT_KEY],
                description=f"Great Expectations suite expectations/marts/{key.path[-1]}.json on what would be published.",
            )
            for key in checked
        ],
    )
    def mart_suites(context: dg.AssetCheckExecutionContext, home: HomeResource) -> Iterator[Any]:
        from orchestration.gate import read_receipt

        with plain_words(context, "mart suites"):
            results = [r for r in read_receipt(home.settings).results if r.kind == "mart"]
        for key in checked:
            of_mart = [
                r
                for r in results
                if r.subject.split(".")[-1] == key.path[-1] or r.check_id.split(".")[1:2] == [key.path[-1]]
            ]
            if of_mart:
                yield to_dagster(summarise(of_mart, key.path[-1]), key, "expectations")

    return mart_suites


@dg.multi_asset(
    name="release__current",
    specs=[
        dg.AssetSpec(
            RELEASE_KEY,
            deps=[RECEIPT_KEY],
            partitions_def=DELIVERIES,
            group_name="release",
            kinds={"duckdb", "parquet", "html"},
            owners=[OWNER],
            description=(
                "The published release: marts, report, dictionary, quality page and receipt in one immutable folder. "
                "Refused unless every required check passed on exactly this build."
            ),
            skippable=True,
        )
    ],
    backfill_policy=ONE_RUN,
)
def release(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[Any]:
    """Of several deliveries in one run the newest is published, and only that one is marked as published.

    So it tells of its materialisation itself, and yields nothing: Dagster would mark every delivery of the run.
    """
    from orchestration.graph.assets.release_pages import headline_of, receipt_markdown
    from orchestration.graph.pipeline import publish_delivery
    from orchestration.publishing import find_release

    delivery = max(context.partition_keys)
    with plain_words(context, "release"):
        done = publish_delivery(home.settings, delivery)
        published = find_release(home.settings, done.release_id)
        headline = headline_of(published)
    metadata: dict[str, Any] = {
        **({"headline_chart": dg.MetadataValue.md(headline)} if headline else {}),
        "release": done.release_id,
        "is_new": done.is_new,
        "receipt": dg.MetadataValue.md(receipt_markdown(published)),
        "report": dg.MetadataValue.path(str(done.report)),
        "quality_page": dg.MetadataValue.path(str(done.folder / "quality" / "index.html")),
        "dictionary": dg.MetadataValue.path(str(done.folder / "dictionary.html")),
        "folder": dg.MetadataValue.path(str(done.folder)),
        "dagster/row_count": sum(done.rows_by_table.values()),
    }
    context.log_event(dg.AssetMaterialization(RELEASE_KEY, partition=delivery, metadata=metadata))
    yield from ()
