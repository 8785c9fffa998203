"""What starts runs without a person: the landing sensor, the schedule, and the sensor that tells people about a failure."""

import hashlib
import time

import dagster as dg

from orchestration.foundation.errors import EXIT_GATE_SHUT, EXIT_REFUSED
from orchestration.foundation.hashes import file_hashes
from orchestration.foundation.settings import Settings, load_settings
from orchestration.gate.alerts import raise_alert, tell_what_is_late
from orchestration.graph.assets.shared import DELIVERIES, delivery_in
from orchestration.graph.instance import DELIVERY_PARTITIONS, close_dead_runs
from orchestration.landing.deliveries import Delivery, list_deliveries, missing_feeds
from orchestration.publishing import current_release

REFRESH_JOB_NAME = "refresh"


def listing(delivery: Delivery) -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file of a delivery: cheap to read every half minute."""
    files = [file for feed_files in delivery.files.values() for file in feed_files]
    return sorted((f.relative_name, f.path.stat().st_size, f.path.stat().st_mtime_ns) for f in files)


def contents(settings: Settings, deliveries: list[Delivery]) -> list[tuple[str, str, str, str]]:
    """Delivery, feed, file name and sha256 of every file. A file that the lake knows and that has not changed is not read again."""
    hashes = file_hashes(settings.paths)
    found = []
    for delivery in deliveries:
        for feed, files in delivery.files.items():
            found += [(delivery.name, feed, file.relative_name, hashes.of(file.path)) for file in files]
    hashes.save()
    return sorted(found)


def content_key(settings: Settings, deliveries: list[Delivery]) -> str:
    """The run key of the newest of these deliveries: a re-sent file of any of them is a new key, so Dagster, which never repeats
    a key, never ignores it."""
    digest = hashlib.sha256(repr(contents(settings, deliveries)).encode())
    return f"{deliveries[-1].name}-{digest.hexdigest()[:16]}"


def is_published(settings: Settings, deliveries: list[Delivery]) -> str | None:
    """The current release, when it was made from these very files (or is of a newer delivery)."""
    current = current_release(settings)
    if current is None or current.delivery < deliveries[-1].name:
        return None
    used = {(file.delivery, file.feed, file.sha256) for file in current.receipt.inputs}
    landed = {(delivery, feed, sha256) for delivery, feed, _, sha256 in contents(settings, deliveries)}
    return current.release_id if landed <= used else None


def unsettled(delivery: Delivery, settings: Settings, now_ns: int) -> str | None:
    """Why this delivery's files may still be on their way, in words; None when they are whole and still."""
    files = listing(delivery)
    if any(size == 0 for _, size, _ in files):
        return f"{delivery.name}: a file is still empty"
    youngest = max((changed for _, _, changed in files), default=0)
    still_for = (now_ns - youngest) / 1e9
    if still_for < settings.sensor_settle_seconds:
        return f"{delivery.name}: files changed {still_for:.0f} s ago, waiting until they are still for {settings.sensor_settle_seconds} s"
    return None


def decide(delivery: Delivery, settings: Settings, now_ns: int) -> str | None:
    """Why this delivery cannot be taken yet, in words; None when it is complete and still."""
    missing = missing_feeds(delivery, settings.required_feeds)
    if missing:
        return f"{delivery.name}: waiting for {', '.join(need.replace('|', ' or ') for need in missing)}"
    return unsettled(delivery, settings, now_ns)


def to_refresh(deliveries: list[Delivery], settings: Settings, now_ns: int) -> tuple[list[Delivery], list[str]]:
    """The deliveries that a refresh would read, the newest complete one last (none: nothing can be started), and who waits for what.

    A refresh reads every delivery up to its own, so a file of an older one that is still being copied holds it up too.
    """
    waiting = [reason for delivery in deliveries if (reason := decide(delivery, settings, now_ns))]
    complete = [delivery for delivery in deliveries if not missing_feeds(delivery, settings.required_feeds)]
    if not complete:
        return [], waiting
    read = [delivery for delivery in deliveries if delivery.name <= complete[-1].name]
    copying = [reason for delivery in read if (reason := unsettled(delivery, settings, now_ns))]
    return ([] if copying else read), list(dict.fromkeys(waiting + copying))


def refresh_request(settings: Settings, read: list[Delivery]) -> dg.RunRequest:
    """A run that nobody watches waits for the home instead of ending because a person holds it."""
    return dg.RunRequest(
        run_key=content_key(settings, read),
        partition_key=read[-1].name,
        run_config={"resources": {"home": {"config": {"wait_for_lock": True}}}},
    )


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
    settings = load_settings()
    close_dead_runs(context.instance, settings)
    read, waiting = to_refresh(list_deliveries(settings.paths), settings, time.time_ns())
    for reason in waiting:
        context.log.info(reason)
    if not read:
        return dg.SkipReason("; ".join(waiting) or "no delivery in landing")
    # what was seen last time: nothing is hashed until a name, a size or a time of change differs
    stamp = hashlib.sha256(repr([(delivery.name, listing(delivery)) for delivery in read]).encode()).hexdigest()
    if stamp == context.cursor:
        return dg.SkipReason("; ".join([f"nothing new since {read[-1].name}", *waiting]))
    return dg.SensorResult(
        run_requests=[refresh_request(settings, read)],
        dynamic_partitions_requests=[DELIVERIES.build_add_request([delivery.name for delivery in read])],
        cursor=stamp,
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
        settings = load_settings()
        tell_what_is_late(settings, context.scheduled_execution_time.date())
        read, waiting = to_refresh(list_deliveries(settings.paths), settings, time.time_ns())
        if not read:
            return dg.SkipReason("; ".join(waiting) or "no delivery in landing")
        newest = read[-1].name
        if release := is_published(settings, read):
            return dg.SkipReason("; ".join([f"{newest} is published already as {release}", *waiting]))
        context.instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [newest])
        return refresh_request(settings, read)

    return monthly_refresh


@dg.run_failure_sensor(
    name="tell_people",
    description="Writes a plain alert when a run fails (a file always; webhook and mail when configured).",
)
def tell_people(context: dg.RunFailureSensorContext) -> None:
    failures = context.get_step_failure_events()
    steps = sorted({str(event.step_key) for event in failures})
    told = [event.step_failure_data.user_failure_data for event in failures]
    endings = {failure.metadata["exit_code"].value for failure in told if failure and "exit_code" in failure.metadata}
    # the gate and the acceptance raise an alert of their own, with what to do
    if endings == {EXIT_GATE_SHUT} or steps == ["acceptance"]:
        return
    words = list(dict.fromkeys(failure.description for failure in told if failure and failure.description))
    raise_alert(
        load_settings(),
        kind="delivery_refused" if EXIT_REFUSED in endings else "run_failed",
        delivery=delivery_in(context.dagster_run.tags, context.instance) or "unknown",
        text="\n".join([f"run {context.dagster_run.run_id[:8]} failed in {', '.join(steps) or 'no step'}", *words]),
    )
