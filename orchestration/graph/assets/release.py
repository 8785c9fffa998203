"""release: the one asset that leaves the building."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.graph.assets.checks import RECEIPT_KEY
from orchestration.graph.assets.release_pages import headline_of, receipt_markdown
from orchestration.graph.assets.shared import DELIVERIES, ONE_RUN, OWNER, HomeResource, plain_words
from orchestration.publishing import publish_delivery

RELEASE_KEY = dg.AssetKey(["release", "current"])


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
    delivery = max(context.partition_keys)
    with plain_words(context, "release"):
        done = publish_delivery(home.settings, delivery)
        made = done.release
        headline = headline_of(made)
    metadata: dict[str, Any] = {
        **({"headline_chart": dg.MetadataValue.md(headline)} if headline else {}),
        "release": made.release_id,
        "is_new": done.is_new,
        "receipt": dg.MetadataValue.md(receipt_markdown(made)),
        "report": dg.MetadataValue.path(str(made.report)),
        "quality_page": dg.MetadataValue.path(str(made.folder / "quality" / "index.html")),
        "dictionary": dg.MetadataValue.path(str(made.folder / "dictionary.html")),
        "folder": dg.MetadataValue.path(str(made.folder)),
        "dagster/row_count": sum(made.rows_by_table.values()),
    }
    context.log_event(dg.AssetMaterialization(RELEASE_KEY, partition=delivery, metadata=metadata))
    yield from ()
