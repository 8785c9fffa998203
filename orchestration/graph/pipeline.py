"""The main job as one call: what the command, the schedule and the UI have in common.

`refresh` runs the Dagster job `refresh` in this process, so that every run, however it was started, leaves the same trace.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.foundation.errors import DeliveryRefused, GateShut, IntMartsError, UsageError
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings

if TYPE_CHECKING:
    from orchestration.gate import Verdict


@dataclass(frozen=True)
class Published:
    """What a publication left behind."""

    delivery: str
    release_id: str
    is_new: bool
    folder: Path
    rows_by_table: dict[str, int] = field(default_factory=dict)

    @property
    def report(self) -> Path:
        return self.folder / "report" / "index.html"


def publish_delivery(settings: Settings, delivery_name: str) -> Published:
    """The gate and the release from what is built. Raises `GateShut` with the names of the checks that hold it shut."""
    from orchestration.gate import judge
    from orchestration.landing.deliveries import find_delivery
    from orchestration.publishing import publish

    delivery = find_delivery(settings.paths, delivery_name)
    verdict = judge(settings, delivery)
    if not verdict.is_open:
        tell_gate_is_shut(settings, delivery_name, verdict)
        verdict.require_open()
    done = publish(settings, delivery, verdict)
    return Published(
        delivery=delivery.name,
        release_id=done.release_id,
        is_new=done.is_new,
        folder=done.folder,
        rows_by_table=done.rows_by_table,
    )


def tell_gate_is_shut(settings: Settings, delivery_name: str, verdict: Verdict) -> None:
    """The quality page and an alert, so that people see why nothing was published; never a reason to fail on top."""
    from orchestration.gate import write_quality_page
    from orchestration.gate.alerts import raise_alert

    folder = settings.paths.logs / "refused" / delivery_name
    folder.mkdir(parents=True, exist_ok=True)
    write_quality_page(folder, verdict)
    raise_alert(settings, kind="gate_shut", delivery=delivery_name, text=verdict.summary)


def unchanged(settings: Settings, delivery_name: str) -> Published | None:
    """The current release, when it was made from these very inputs by this very code and still holds what its receipt says."""
    from orchestration.publishing import current_release, verify

    current = current_release(settings)
    if current is None or current.delivery != delivery_name:
        return None
    from orchestration.build.inputs import write_inputs
    from orchestration.gate import build_id
    from orchestration.lake.whole_delivery import ingest_delivery
    from orchestration.landing.deliveries import find_delivery

    ingest_delivery(settings, find_delivery(settings.paths, delivery_name))
    plan = write_inputs(settings, delivery_name)
    if current.build_id != build_id(settings, plan.inputs_hash):
        return None
    try:
        verify(settings, current.release_id)
    except IntMartsError:
        return None
    return Published(
        delivery_name, current.release_id, is_new=False, folder=current.folder, rows_by_table=current.rows_by_table
    )


def refresh(settings: Settings, delivery_name: str | None = None, wait: bool = False) -> Published:
    """Everything for one delivery (default: the newest): ingest, accept, build, check, publish.

    Raises `UsageError` (no such delivery), `DeliveryRefused`, `GateShut`, `Busy` or `IntMartsError` (a fault).
    """
    from orchestration.foundation.home_lock import hold
    from orchestration.landing.deliveries import find_delivery

    delivery = find_delivery(settings.paths, delivery_name)
    with hold(settings.paths, purpose=f"refresh {delivery.name}", wait=wait), reporter().step("look for changes"):
        same = unchanged(settings, delivery.name)
    if same:
        return same
    return run_job(settings, delivery.name)


def run_job(settings: Settings, delivery_name: str) -> Published:
    """The Dagster job `refresh` for one delivery, in this process, on the instance of this home."""
    os.environ["INT_MARTS_HOME"] = str(settings.paths.root.absolute())
    from orchestration.build.dbt_runtime import parse_beside
    from orchestration.graph.instance import close_dead_runs, open_instance, register_deliveries, remove_old_runs

    with ExitStack() as until_the_end:
        with reporter().step("load Dagster"):
            # dbt parses in a process of its own, when it has to: meanwhile this one imports Dagster
            parsing = parse_beside(settings)
            # entered before anything is defined: Dagster asks the storage of the instance entered last, and after an
            # earlier run of the same process that can be one that is gone
            instance = until_the_end.enter_context(open_instance(settings))
            from orchestration.graph.assets.shared import use_settings

            use_settings(settings)
            from orchestration.definitions import build_definitions

            if parsing.is_alive():
                # this process would only wait: it imports what the acceptance needs, five seconds that come later otherwise
                from orchestration.gate.suites import import_great_expectations

                import_great_expectations()
            job = build_definitions(settings).resolve_job_def("refresh")
        # dbt writes its own log to the home; on the command line its chatter would drown the steps and break --json
        until_the_end.enter_context(redirect_stdout(until_the_end.enter_context(Path(os.devnull).open("w"))))
        register_deliveries(instance, settings)
        close_dead_runs(instance, settings)
        if removed := remove_old_runs(instance, settings):
            reporter().say(f"removed {removed} Dagster runs older than {settings.retention_months} months")
        result = job.execute_in_process(
            instance=instance,
            partition_key=delivery_name,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        if not result.success:
            raise first_failure(result)
        missing = unmaterialised(job, result)
        if missing:
            raise IntMartsError(
                f"the run ended without error but did not build {', '.join(missing[:5])}; nothing can be trusted"
            )
        return published_by(settings, result, delivery_name)


def first_failure(result: object) -> IntMartsError:
    """The house's own error behind a failed run, the most telling one first."""
    failures = reporter().failures
    refusals = [failure for failure in failures if isinstance(failure, DeliveryRefused)]
    if len(refusals) > 1:
        return DeliveryRefused(
            "\n".join(map(str, refusals)), [problem for refusal in refusals for problem in refusal.problems]
        )
    for kind in (UsageError, DeliveryRefused, GateShut):
        of_kind = [failure for failure in failures if isinstance(failure, kind)]
        if of_kind:
            return of_kind[0]
    if failures:
        return failures[0]
    events = [event for event in result.all_events if event.is_step_failure]  # type: ignore[attr-defined]
    named = ", ".join(event.step_key or "?" for event in events[:3])
    data = events[0].step_failure_data if events else None
    error = data.error.cause or data.error if data and data.error else None
    detail = f"{error.cls_name}: {error.message.strip().splitlines()[0][:300]}" if error else "no step failed"
    return IntMartsError(f"the run failed in {named or 'no step'}: {detail}")


def unmaterialised(job: object, result: object) -> list[str]:
    """Assets of the job that the run did not build: a green run that skipped something is a failure."""
    built = {event.asset_key for event in result.all_events if event.is_step_materialization}  # type: ignore[attr-defined]
    wanted = job.asset_layer.executable_asset_keys  # type: ignore[attr-defined]
    return sorted(key.to_user_string() for key in wanted - built)


def published_by(settings: Settings, result: object, delivery_name: str) -> Published:
    from orchestration.publishing import find_release

    for event in result.all_events:  # type: ignore[attr-defined]
        if event.is_step_materialization and event.asset_key.path[0] == "release":
            metadata = event.materialization.metadata
            release = find_release(settings, str(metadata["release"].value))
            return Published(
                delivery_name, release.release_id, bool(metadata["is_new"].value), release.folder, release.rows_by_table
            )
    raise IntMartsError("the run ended without a release")
