"""A whole delivery into the lake: its feeds, and the earlier deliveries it stands on. What it must contain are checks of the gate."""

from __future__ import annotations

import logging
import re
from concurrent.futures import ThreadPoolExecutor

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import Settings
from orchestration.lake.feed import ingest_feed, record_refusal, refuse_problems
from orchestration.lake.manifest import Manifest
from orchestration.lake.retention import obey
from orchestration.landing.deliveries import Delivery, list_deliveries

log = logging.getLogger(__name__)


def ingest_delivery(settings: Settings, delivery: Delivery) -> dict[str, Manifest]:
    """Ingest a delivery and every earlier one that is still in landing; known files are not read again.

    Returns feed → manifest of this delivery. Raises `DeliveryRefused`.
    """
    obey(settings, load_contracts())
    for earlier in list_deliveries(settings.paths):
        if earlier.name < delivery.name:
            ingest_files(settings, earlier)
    manifests = ingest_files(settings, delivery)
    (settings.paths.logs / "refused" / f"{delivery.name}.json").unlink(missing_ok=True)
    return manifests


def ingest_feed_up_to(settings: Settings, delivery_name: str, feed: str) -> dict[str, Manifest]:
    """One feed of every delivery up to this one, several at a time; delivery → manifest of those that hold it.

    Each worker gets its share of the memory, and all threads: deliveries differ in size, and the last one is not left with one core.
    Raises what the oldest refused delivery raises.
    """
    obey(settings, [feed])
    deliveries = [d for d in list_deliveries(settings.paths) if d.name <= delivery_name and feed in d.files]
    workers = max(1, min(settings.threads, len(deliveries)))
    share = settings_for_one_of(settings, workers)
    with ThreadPoolExecutor(workers, thread_name_prefix=f"ingest-{feed}") as pool:
        manifests = pool.map(lambda delivery: ingest_feed(share, delivery, feed), deliveries)
        return {d.name: manifest for d, manifest in zip(deliveries, manifests, strict=True) if manifest}


def settings_for_one_of(settings: Settings, workers: int) -> Settings:
    """
    >>> share = settings_for_one_of(Settings(threads=8, memory_limit="4GB"), 4)
    >>> share.threads, share.memory_limit
    (8, '1GB')
    """
    limit = re.fullmatch(r"\s*([\d.]+)\s*(\S*)\s*", settings.memory_limit)
    # what is no amount is left for DuckDB to refuse, in its own words
    memory = f"{float(limit[1]) / workers:g}{limit[2]}" if limit else settings.memory_limit
    return settings.model_copy(update={"memory_limit": memory})


def ingest_files(settings: Settings, delivery: Delivery) -> dict[str, Manifest]:
    try:
        refuse_problems(delivery)
    except DeliveryRefused as refusal:
        record_refusal(settings.paths, delivery.name, refusal)
        raise
    for name in delivery.ignored:
        log.warning("%s/%s is not a file of any feed and is ignored", delivery.name, name)
    manifests = {}
    for feed in delivery.files:
        manifest = ingest_feed(settings, delivery, feed)
        if manifest is not None:
            manifests[feed] = manifest
    return manifests
