"""Dagster's own storage, inside the home: telemetry off, one run at a time, SQLite unless PostgreSQL is configured."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import yaml

from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

POSTGRES_URL_VARIABLE = "INT_MARTS_DAGSTER_POSTGRES_URL"
DELIVERY_PARTITIONS = "delivery"


def instance_config(settings: Settings) -> dict:
    """`dagster.yaml` as data. The PostgreSQL address itself stays in the environment."""
    config: dict = {
        "telemetry": {"enabled": False},
        # no invitation to sign up in front of the work
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        "run_monitoring": {"enabled": True},
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 7, "success": 90, "failure": -1}},
        },
    }
    if settings.dagster_postgres_url:
        config["storage"] = {"postgres": {"postgres_url": {"env": POSTGRES_URL_VARIABLE}}}
    return config


def prepare_instance(settings: Settings) -> dict[str, str]:
    """Write `dagster.yaml` into the home and return the environment that points Dagster at it."""
    settings.paths.create()
    folder = settings.paths.dagster.absolute()
    text = yaml.safe_dump(instance_config(settings), sort_keys=True)
    target = folder / "dagster.yaml"
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
    environment = {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "INT_MARTS_HOME": str(settings.paths.root.absolute()),
    }
    if settings.dagster_postgres_url:
        environment[POSTGRES_URL_VARIABLE] = settings.dagster_postgres_url.get_secret_value()
    return environment


def open_instance(settings: Settings) -> DagsterInstance:
    os.environ.update(prepare_instance(settings))
    from dagster import DagsterInstance

    return DagsterInstance.get()


def register_deliveries(instance: DagsterInstance, settings: Settings) -> list[str]:
    """Make every delivery in landing a partition that a person can pick in the UI, sensor or not; returns their names."""
    from orchestration.deliveries import list_deliveries

    names = [delivery.name for delivery in list_deliveries(settings.paths)]
    known = set(instance.get_dynamic_partitions(DELIVERY_PARTITIONS))
    instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [name for name in names if name not in known])
    return names
