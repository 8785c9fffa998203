"""The main job as one call, in this process: every run, however it was started, leaves the same trace."""

from __future__ import annotations

import os
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

import dagster as dg

from orchestration.build.dbt_runtime import compile_beside
from orchestration.foundation.errors import DeliveryRefused, GateShut, IntMartsError, UsageError
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.gate.suites import import_great_expectations
from orchestration.graph.assets.shared import use_settings
from orchestration.graph.automation import REFRESH_JOB_NAME
from orchestration.graph.definitions import build_definitions
from orchestration.graph.instance import close_dead_runs, open_instance, register_deliveries, remove_old_runs
from orchestration.publishing import Publication, find_release

STOPPED = (dg.DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__)


def run_job(settings: Settings, delivery_name: str) -> Publication:
    """The Dagster job `refresh` for one delivery, in this process, on the instance of this home.

    Raises what the run ended with, an `IntMartsError`; `KeyboardInterrupt` where a person stopped it.
    """
    os.environ["INT_MARTS_HOME"] = str(settings.paths.root.absolute())
    with ExitStack() as until_the_end:
        with reporter().step("load Dagster"):
            # dbt compiles in a process of its own, when it has to
            compiling = compile_beside(settings)
            # entered before anything is defined: Dagster asks the storage of the instance entered last, and after an
            # earlier run of the same process that can be one that is gone
            instance = until_the_end.enter_context(open_instance(settings))
            use_settings(settings)
            if compiling.is_alive():
                # this process would only wait: it imports what the acceptance needs, seconds that come later otherwise
                import_great_expectations()
            job = build_definitions(settings).resolve_job_def(REFRESH_JOB_NAME)
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
        if was_stopped(result):
            raise KeyboardInterrupt
        if not result.success:
            raise first_failure(result)
        missing = unmaterialised(job, result)
        if missing:
            raise IntMartsError(
                f"the run ended without error but did not build {', '.join(missing[:5])}; nothing can be trusted"
            )
        return published_by(settings, result)


def was_stopped(result: dg.ExecuteInProcessResult) -> bool:
    """Dagster notes Ctrl-C as the failure of the step it fell in."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return any(error and error.cls_name in STOPPED for error in errors)


def first_failure(result: dg.ExecuteInProcessResult) -> IntMartsError:
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
    events = [event for event in result.all_events if event.is_step_failure]
    named = ", ".join(event.step_key or "?" for event in events[:3])
    data = events[0].step_failure_data if events else None
    error = data.error.cause or data.error if data and data.error else None
    return IntMartsError(f"the run failed in {named or 'no step'} ({error.cls_name if error else 'no step failed'})")


def unmaterialised(job: dg.JobDefinition, result: dg.ExecuteInProcessResult) -> list[str]:
    """Assets of the job that the run did not build: a green run that skipped something is a failure."""
    built = {event.asset_key for event in result.all_events if event.is_step_materialization}
    return sorted(key.to_user_string() for key in set(job.asset_layer.executable_asset_keys) - built)


def published_by(settings: Settings, result: dg.ExecuteInProcessResult) -> Publication:
    for event in result.all_events:
        if event.is_step_materialization and event.asset_key and event.asset_key.path[0] == "release":
            metadata = event.materialization.metadata
            release = find_release(settings, str(metadata["release"].value))
            return Publication(release, is_new=bool(metadata["is_new"].value))
    raise IntMartsError("the run ended without a release")
