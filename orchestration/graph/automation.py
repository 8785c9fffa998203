"""What starts runs without a person: the landing sensor, the schedule, and the sensor that tells people about a failure."""

import time
from contextlib import suppress
from pathlib import Path

import dagster as dg

from orchestration.build.plan import SETTINGS_OF_A_PLAN, changed_in_landing, make_plan
from orchestration.foundation.code_version import code_fingerprint
from orchestration.foundation.errors import EXIT_GATE_SHUT, EXIT_REFUSED, IntMartsError, UsageError
from orchestration.foundation.hashes import file_hashes, hash_json
from orchestration.foundation.settings import Settings, load_settings
from orchestration.gate.alerts import raise_alert, tell_what_is_late
from orchestration.graph.assets.shared import DELIVERIES, delivery_in
from orchestration.graph.instance import DELIVERY_PARTITIONS, close_dead_runs, died
from orchestration.lake.retention_note import retention_file
from orchestration.landing.deliveries import NOTE, Delivery, list_deliveries, missing_feeds
from orchestration.releases.listing import current_release

REFRESH_JOB_NAME = "refresh"
CONTENT_TAG = "int_marts/content"
# a run that dies each time (of too little memory, say) is not tried for ever
MOST_TRIES = 3


def files_of(delivery: Delivery) -> list[tuple[str, Path]]:
    """Every file that decides something, its note too, by name."""
    named = [(file.relative_name, file.path) for files in delivery.files.values() for file in files]
    note = delivery.folder / NOTE
    return sorted([*named, *([(NOTE, note)] if note.is_file() else [])])


def listing(delivery: Delivery) -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file of a delivery: cheap to read every half minute.

    A time of writing that a sender's clock put into the future would never be long ago: then it is that of arriving here.
    """
    stats = [(name, path.stat()) for name, path in files_of(delivery)]
    return [(name, stat.st_size, min(stat.st_mtime_ns, stat.st_ctime_ns)) for name, stat in stats]


def content_key(settings: Settings, deliveries: list[Delivery]) -> str:
    """Everything that decides what a run of the newest of these deliveries comes to: the files of all of them, settings, waivers, what
    `forget` and `purge` asked for, and the code. A file that has not changed is not read again."""
    home, hashes = settings.paths, file_hashes(settings.paths)
    landed = [(delivery.name, name, hashes.of(path)) for delivery in deliveries for name, path in files_of(delivery)]
    asked = [hashes.of(path) for path in (home.waivers_file, retention_file(home))]
    hashes.save()
    chosen = settings.model_dump(mode="json", include=SETTINGS_OF_A_PLAN)
    return f"{deliveries[-1].name}-{hash_json([landed, asked, chosen, code_fingerprint()])[:16]}"


def next_run_key(instance: dg.DagsterInstance, content: str, is_changed: bool) -> str | None:
    """The key of a run of these contents; None while one is under way, or when there was one and nothing asks for another.

    Dagster never repeats a key, so that files put back (A, B, A) and a run that died each get a new one. `is_changed`: landing is not
    as it was when it was last looked at.
    """
    runs, died = runs_of(instance, content)
    if runs and not runs[0].is_finished:
        return None
    if runs and not is_changed and not (died[0] and sum(died) < MOST_TRIES):
        return None
    return f"{content}-{len(runs) + 1}"


def runs_of(instance: dg.DagsterInstance, content: str) -> tuple[list[dg.DagsterRun], list[bool]]:
    """The runs of these contents, newest first, and which of them died."""
    runs = list(instance.get_runs(dg.RunsFilter(tags={CONTENT_TAG: content})))
    return runs, [has_died(instance, run) for run in runs]


def has_died(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether it ended without a word: it failed, and none of its steps did. Its process was killed, or never came to its first step."""
    return run.status is dg.DagsterRunStatus.FAILURE and not instance.get_run_stats(run.run_id).steps_failed


def is_published(settings: Settings, deliveries: list[Delivery]) -> str | None:
    """The current release, when it is of the plan that these very files make (or of a newer delivery)."""
    newest = deliveries[-1].name
    with suppress(IntMartsError):
        current = current_release(settings)
        if current is None or current.delivery < newest:
            return None
        plan = make_plan(settings, current.delivery)
        if current.build_id == plan.build_id and not changed_in_landing(settings.paths, current.delivery):
            return current.release_id
    return None


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


def refresh_request(
    instance: dg.DagsterInstance, settings: Settings, read: list[Delivery], is_changed: bool
) -> dg.RunRequest | None:
    """A run that nobody watches waits for the home instead of ending because a person holds it."""
    content = content_key(settings, read)
    run_key = next_run_key(instance, content, is_changed)
    if run_key is None:
        return None
    return dg.RunRequest(
        run_key=run_key,
        partition_key=read[-1].name,
        tags={CONTENT_TAG: content},
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
    # what was seen last time; a file is hashed only when a name, a size or a time of change differs
    stamp = hash_json([(delivery.name, listing(delivery)) for delivery in read])
    is_changed = stamp != context.cursor
    last_died = any(runs_of(context.instance, content_key(settings, read))[1][:1])
    request = refresh_request(context.instance, settings, read, is_changed) if is_changed or last_died else None
    if request is None:
        return dg.SkipReason("; ".join([f"nothing new since {read[-1].name}", *waiting]))
    return dg.SensorResult(
        run_requests=[request],
        dynamic_partitions_requests=[DELIVERIES.build_add_request([delivery.name for delivery in read])],
        cursor=stamp,
    )


def build_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Raises `UsageError` when the settings name no cron string or no time zone."""
    try:
        return schedule_of(settings)
    except dg.DagsterInvalidDefinitionError:
        wrong = f"schedule_cron ({settings.schedule_cron}) or timezone ({settings.timezone})"
        raise UsageError(f"setting {wrong}: not as in `0 6 * * *` or `Europe/London`") from None


def schedule_of(settings: Settings) -> dg.ScheduleDefinition:
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
        request = refresh_request(context.instance, settings, read, is_changed=False)
        if request is None:
            return dg.SkipReason(
                "; ".join([f"{newest} was tried already; its run says why it was not published", *waiting])
            )
        context.instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [newest])
        return request

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
    settings = load_settings()
    raise_alert(
        settings,
        kind="delivery_refused" if EXIT_REFUSED in endings else "run_failed",
        delivery=delivery_in(context.dagster_run.tags, context.instance) or "unknown",
        text="\n".join(
            [
                f"run {context.dagster_run.run_id[:8]} failed in {', '.join(steps) or 'no step'}",
                *(words if steps else [died(settings)]),
            ]
        ),
    )
