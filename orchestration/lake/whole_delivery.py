"""A whole delivery into the lake: its feeds, the earlier deliveries it stands on, and what it must contain."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from orchestration.build.inputs import UNDATED
from orchestration.contracts import load_contracts
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import Settings
from orchestration.lake.feed import ingest_feed, record_refusal, refuse_problems
from orchestration.lake.manifest import Manifest
from orchestration.lake.retention import obey
from orchestration.landing.deliveries import Delivery, last_day, list_deliveries, missing_feeds

log = logging.getLogger(__name__)

# A cut this long after the newest activity means that the wrong month's files were put into the folder.
LONGEST_SILENCE_DAYS = 62
LISTS = ("gp_registrations", "gp_registrations_lsoa", "gp_coverage")
Progress = Callable[[str], None]


def ingest_delivery(settings: Settings, delivery: Delivery, progress: Progress | None = None) -> dict[str, Manifest]:
    """Ingest a delivery and every earlier one that is still in landing; known files are not read again.

    Returns feed → manifest of this delivery. Raises `DeliveryRefused`.
    """
    obey(settings, load_contracts())
    for earlier in list_deliveries(settings.paths):
        if earlier.name < delivery.name:
            ingest_files(settings, earlier, progress)
    manifests = ingest_files(settings, delivery, progress)
    try:
        require_feeds(settings, delivery)
        require_matching_opt_outs(delivery, manifests)
        require_fresh(delivery, manifests)
    except DeliveryRefused as refusal:
        record_refusal(settings.paths, delivery.name, refusal)
        raise
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


def ingest_files(settings: Settings, delivery: Delivery, progress: Progress | None) -> dict[str, Manifest]:
    try:
        refuse_problems(delivery)
    except DeliveryRefused as refusal:
        record_refusal(settings.paths, delivery.name, refusal)
        raise
    for name in delivery.ignored:
        log.warning("%s/%s is not a file of any feed and is ignored", delivery.name, name)
    manifests = {}
    for feed in delivery.files:
        if progress:
            progress(f"{delivery.name} {feed}")
        manifest = ingest_feed(settings, delivery, feed)
        if manifest is not None:
            manifests[feed] = manifest
    return manifests


def require_feeds(settings: Settings, delivery: Delivery) -> None:
    missing = missing_feeds(delivery, settings.required_feeds)
    if missing:
        told = ", ".join(group.replace("|", " or ") for group in missing)
        raise DeliveryRefused(
            f"delivery {delivery.name}: required feed{'s' if len(missing) > 1 else ''} not delivered: {told}; "
            f"put the file into landing/{delivery.name}/ or change required_feeds",
            [{"feed": group, "reason": "not delivered"} for group in missing],
        )


def require_matching_opt_outs(delivery: Delivery, manifests: dict[str, Manifest]) -> None:
    """An opt-out list that matches nobody at all is in the wrong identifier space."""
    listed = manifests.get("opt_outs")
    if listed is None or not listed.rows_loaded:
        return
    people = [item for name, item in manifests.items() if name != "opt_outs" and load_contracts()[name].person]
    if people and not any(item.rows_removed.get("opt_out") for item in people):
        raise DeliveryRefused(
            f"{listed.files[0].file}: the opt-out list matches nobody in any feed; "
            "send it in the same identifiers as the feeds (see person_id_spaces)",
            [{"file": listed.files[0].file, "reason": "matches nobody"}],
        )


def require_fresh(delivery: Delivery, manifests: dict[str, Manifest]) -> None:
    newest = max((day for name, item in manifests.items() if (day := newest_activity(name, item))), default=None)
    if newest is not None and (delivery.data_cut - newest).days > LONGEST_SILENCE_DAYS:
        raise DeliveryRefused(
            f"delivery {delivery.name}: its data cut {delivery.data_cut} is {(delivery.data_cut - newest).days} days after "
            "its newest activity; were the files of another month put into this folder?",
            [{"reason": "newest activity is too old"}],
        )


def newest_activity(feed: str, manifest: Manifest) -> dt.date | None:
    """The newest day a feed of activity tells about; lists and reference files are not activity."""
    if feed in LISTS or not any(month != UNDATED for month in manifest.coverage):
        return None
    contract = load_contracts()[feed]
    is_daily = contract.coverage_date and contract.column(contract.coverage_date).type != "month"
    if is_daily and manifest.last_date:
        return dt.date.fromisoformat(manifest.last_date)
    newest = max(month for month in manifest.coverage if month != UNDATED)
    return last_day(int(newest[:4]), int(newest[5:]))
