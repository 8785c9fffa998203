"""Dagster's own storage, inside the home: telemetry off, one run at a time, SQLite unless PostgreSQL is configured."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from typing import TYPE_CHECKING

import yaml

from orchestration.foundation.errors import Busy, UsageError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Settings
from orchestration.landing.deliveries import list_deliveries
from orchestration.releases.listing import readers_see

if TYPE_CHECKING:
    from dagster import DagsterInstance

POSTGRES_URL_VARIABLE = "INT_MARTS_DAGSTER_POSTGRES_URL"
POSTGRES_SCHEME = "postgresql+psycopg2://"
DELIVERY_PARTITIONS = "delivery"
# The landing sensor hashes what has just landed, once: gigabytes take longer than Dagster's one minute.
SENSOR_SECONDS = 600
# Said of a run of which no step said anything. Dagster itself closes one whose process it sees end, and has no word for it.
DIED = (
    "It ended without a word: its process was killed, the machine went off, or it never came to its first step. "
    "What the sensor or the schedule started is tried again by the sensor, at most three times; another run is started by hand."
)
# between "started" and its lock a run only opens its resources: seconds, even on a busy machine
LOCK_TAKEN_WITHIN_S = 120
# who waits for the lock asks for it twenty times a second
LOCK_ASKED_FOR_WITHIN_S = 1


def instance_config(settings: Settings) -> dict:
    """`dagster.yaml` as data. The PostgreSQL address itself stays in the environment."""
    config: dict = {
        "telemetry": {"enabled": False},
        # no invitation to sign up in front of the work
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        # a run that waits while the code is loaded anew is started a little later, and not lost
        "run_queue": {"max_user_code_failure_retries": 3, "user_code_failure_retry_delay": 30},
        "run_monitoring": {"enabled": True},
        # lateness is told by the calendar of deliveries; no table has a freshness policy to watch
        "freshness": {"enabled": False},
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 7, "success": 90, "failure": -1}},
        },
    }
    if settings.dagster_postgres_url:
        config["storage"] = {"postgres": {"postgres_url": {"env": POSTGRES_URL_VARIABLE}}}
    else:
        config["event_log_storage"] = {
            "module": "orchestration.graph.event_log",
            "class": "KeptConnectionEventLogStorage",
            "config": {"base_dir": str(settings.paths.dagster.absolute() / "history" / "runs")},
        }
    return config


def prepare_instance(settings: Settings) -> dict[str, str]:
    """Write `dagster.yaml` into the home and return the environment that points Dagster at it.

    Raises `UsageError` when the PostgreSQL address does not name the driver.
    """
    require_driver(settings)
    settings.paths.create()
    folder = settings.paths.dagster.absolute()
    text = yaml.safe_dump(instance_config(settings), sort_keys=True)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_text() != text:
        write_atomically(target, text)
    environment = {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": str(SENSOR_SECONDS),
        "INT_MARTS_HOME": str(settings.paths.root.absolute()),
    }
    if settings.dagster_postgres_url:
        environment[POSTGRES_URL_VARIABLE] = settings.dagster_postgres_url.get_secret_value()
    return environment


def require_driver(settings: Settings) -> None:
    """SQLAlchemy 2.1 takes psycopg 3 for a bare `postgresql://`, with which Dagster's NOTIFY is a syntax error (seen with 0.29)."""
    url = settings.dagster_postgres_url
    if url and not url.get_secret_value().startswith(POSTGRES_SCHEME):
        raise UsageError(
            f"{POSTGRES_URL_VARIABLE} must begin with {POSTGRES_SCHEME}, the driver that Dagster speaks to"
        )


def died(settings: Settings) -> str:
    """What is said of such a run. It may have come as far as its release: what is published is looked at."""
    return f"{DIED} Now {readers_see(settings)}."


def open_instance(settings: Settings) -> DagsterInstance:
    os.environ.update(prepare_instance(settings))
    from dagster import DagsterInstance

    return DagsterInstance.get()


def register_deliveries(instance: DagsterInstance, settings: Settings) -> list[str]:
    """Make every delivery in landing a partition that a person can pick in the UI, sensor or not; returns their names."""
    names = [delivery.name for delivery in list_deliveries(settings.paths)]
    known = set(instance.get_dynamic_partitions(DELIVERY_PARTITIONS))
    instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [name for name in names if name not in known])
    return names


def close_dead_runs(instance: DagsterInstance, settings: Settings) -> int:
    """Mark runs as failed whose process was killed: Dagster would call them started for ever, and the queue would wait for them.

    A living run holds the home's lock, or waits for it and has it a moment later: whoever gets it twice knows that none lives.
    Returns how many were closed.
    """
    from dagster import DagsterRunStatus, RunsFilter

    started = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
    records = [r for r in instance.get_run_records(started) if seconds_since(r.update_timestamp) > LOCK_TAKEN_WITHIN_S]
    if not records:
        return 0
    try:
        with hold(settings.paths, purpose="look for dead runs"):
            pass
        time.sleep(LOCK_ASKED_FOR_WITHIN_S)
        with hold(settings.paths, purpose="close dead runs"):
            for record in records:
                instance.report_run_failed(record.dagster_run, died(settings))
    except Busy:
        return 0
    return len(records)


def remove_old_runs(instance: DagsterInstance, settings: Settings) -> int:
    """Runs older than `retention_months` and all they logged; returns how many. Each is about 14 MB.

    Dagster leaves a run's emptied file of events as large as it was, what its steps printed, and what its checks found: taken away here.
    """
    from dagster import RunsFilter
    from sqlalchemy import text

    oldest = dt.datetime.now(dt.UTC) - dt.timedelta(days=30.44 * settings.retention_months)
    records = instance.get_run_records(RunsFilter(created_before=oldest))
    for record in records:
        run_id = record.dagster_run.run_id
        instance.delete_run(run_id)
        with instance.event_log_storage.index_connection() as index:  # type: ignore[attr-defined]
            index.execute(text("delete from asset_check_executions where run_id = :run"), {"run": run_id})
        for left in (settings.paths.dagster / "history" / "runs").glob(f"{run_id}.db*"):
            left.unlink()
        shutil.rmtree(settings.paths.dagster / "storage" / run_id, ignore_errors=True)
    return len(records)


def cancel_runs(instance: DagsterInstance) -> int:
    """Say of every run that is going on that a person ends it; its process, once interrupted, then ends as cancelled."""
    from dagster import DagsterRunStatus, RunsFilter

    running = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]))
    for run in running:
        instance.report_run_canceling(run, "The UI is being stopped.")
    return len(running)


def seconds_since(moment: dt.datetime) -> float:
    known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (dt.datetime.now(dt.UTC) - known).total_seconds()
