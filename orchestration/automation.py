"""What starts runs without a person: the landing sensor, the schedule, and the sensor that tells people about a failure."""

import hashlib
import time
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.assets.shared import DELIVERIES
from orchestration.instance import DELIVERY_PARTITIONS, close_dead_runs
from orchestration.settings import Settings, load_settings

if TYPE_CHECKING:
    from orchestration.deliveries import Delivery

REFRESH_JOB_NAME = "refresh"


def listing(delivery: "Delivery") -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file of a delivery: cheap to read every half minute."""
    files = [file for feed_files in delivery.files.values() for file in feed_files]
    return sorted((f.relative_name, f.path.stat().st_size, f.path.stat().st_mtime_ns) for f in files)


def content_key(delivery: "Delivery") -> str:
    """The run key: a re-sent file is a new key, so Dagster, which never repeats a key, never ignores it."""
    digest = hashlib.sha256()
    for file in sorted((f for files in delivery.files.values() for f in files), key=lambda f: f.relative_name):
        digest.update(file.relative_name.encode() + b"\0")
        with file.path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"{delivery.name}-{digest.hexdigest()[:16]}"


def missing_feeds(delivery: "Delivery", settings: Settings) -> list[str]:
    """Required feeds that are not there; `a|b` asks for one of the two."""
    required = delivery.required_feeds or settings.required_feeds
    return [need for need in required if not any(feed in delivery.files for feed in need.split("|"))]


def decide(delivery: "Delivery", settings: Settings, now_ns: int) -> str | None:
    """Why this delivery cannot be taken yet, in words; None when it is complete and still."""
    missing = missing_feeds(delivery, settings)
    if missing:
        return f"{delivery.name}: waiting for {', '.join(need.replace('|', ' or ') for need in missing)}"
    files = listing(delivery)
    if any(size == 0 for _, size, _ in files):
        return f"{delivery.name}: a file is still empty"
    youngest = max((changed for _, _, changed in files), default=0)
    still_for = (now_ns - youngest) / 1e9
    if still_for < settings.sensor_settle_seconds:
        return f"{delivery.name}: files changed {still_for:.0f} s ago, waiting until they are still for {settings.sensor_settle_seconds} s"
    return None


@dg.sensor(
    name="landing",
    job_name=REFRESH_JOB_NAME,
    minimum_interval_seconds=30,
    description=(
        "Watches the landing folder: registers a delivery when it is complete and starts its refresh; "
        "says what is missing when it is not."
    ),
)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    from orchestration.deliveries import list_deliveries

    settings = load_settings()
    close_dead_runs(context.instance, settings)
    seen = set((context.cursor or "").split(",")) - {""}
    requests, waiting, names = [], [], []
    for delivery in list_deliveries(settings.paths):
        stamp = delivery.name + ":" + hashlib.sha256(repr(listing(delivery)).encode()).hexdigest()[:16]
        reason = decide(delivery, settings, time.time_ns())
        if reason:
            waiting.append(reason)
        elif stamp not in seen:
            seen = {old for old in seen if not old.startswith(delivery.name + ":")} | {stamp}
            names.append(delivery.name)
            requests.append(dg.RunRequest(run_key=content_key(delivery), partition_key=delivery.name))
    # older deliveries are taken in on the way to the newest one, so only the newest needs a run
    requests = requests[-1:]
    if not requests:
        return dg.SkipReason("; ".join(waiting) or "nothing new in landing")
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[DELIVERIES.build_add_request(names)],
        cursor=",".join(sorted(seen)),
    )


def build_schedule(settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="monthly_refresh",
        job_name=REFRESH_JOB_NAME,
        cron_schedule=settings.schedule_cron,
        execution_timezone=settings.timezone,
        description="Looks for a complete delivery that is not published yet, and raises an alert when an expected one is late.",
    )
    def monthly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from orchestration.alerts import late_deliveries, raise_alert
        from orchestration.deliveries import list_deliveries
        from orchestration.publish import current_release

        settings = load_settings()
        scheduled = context.scheduled_execution_time.date()
        for late in late_deliveries(settings, scheduled):
            raise_alert(settings, kind="late_delivery", delivery=late.delivery, text=late.text)
        deliveries = list_deliveries(settings.paths)
        if not deliveries:
            return dg.SkipReason("no delivery in landing")
        newest, current = deliveries[-1], current_release(settings)
        reason = decide(newest, settings, time.time_ns())
        if reason:
            return dg.SkipReason(reason)
        if current and current.delivery >= newest.name:
            return dg.SkipReason(f"{newest.name} is published already as {current.release_id}")
        context.instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [newest.name])
        return dg.RunRequest(run_key=content_key(newest), partition_key=newest.name)

    return monthly_refresh


@dg.run_failure_sensor(
    name="tell_people",
    description="Writes a plain alert when a run fails (a file always; webhook and mail when configured).",
)
def tell_people(context: dg.RunFailureSensorContext) -> None:
    from orchestration.alerts import raise_alert

    steps = [event.step_key for event in context.get_step_failure_events()]
    delivery = context.dagster_run.tags.get("dagster/partition", "unknown")
    raise_alert(
        load_settings(),
        kind="run_failed",
        delivery=delivery,
        text=f"run {context.dagster_run.run_id[:8]} failed in {', '.join(map(str, steps))}",
    )
