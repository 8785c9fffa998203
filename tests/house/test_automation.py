"""The landing sensor takes a delivery when it is complete and still, says what is missing, and never ignores a re-sent file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orchestration.automation import content_key, decide, missing_feeds
from orchestration.deliveries import find_delivery
from orchestration.settings import Settings, load_settings

REQUIRED = ("int_membership", "gp_registrations", "hes_apc", "hes_op", "ecds", "gp_appointments")
HOUR_NS = 3_600_000_000_000


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    loaded = load_settings()
    loaded.paths.create()
    return loaded


def land(settings: Settings, feeds: tuple[str, ...] = REQUIRED, text: str = "a,b\n1,2\n") -> None:
    folder = settings.paths.landing / "2025-10"
    folder.mkdir(exist_ok=True)
    for feed in feeds:
        (folder / f"{feed}.csv").write_text(text)


def test_a_delivery_without_a_required_feed_waits_and_says_for_what(settings: Settings) -> None:
    land(settings, REQUIRED[:-2])
    delivery = find_delivery(settings.paths, "2025-10")
    assert missing_feeds(delivery, settings) == ["ecds", "gp_appointments|gp_appointments_published"]
    assert "ecds, gp_appointments or gp_appointments_published" in (decide(delivery, settings, time.time_ns()) or "")


def test_files_that_still_change_are_left_alone(settings: Settings) -> None:
    land(settings)
    delivery = find_delivery(settings.paths, "2025-10")
    assert "waiting until they are still" in (decide(delivery, settings, time.time_ns()) or "")
    assert decide(delivery, settings, time.time_ns() + HOUR_NS) is None


def test_an_empty_file_waits(settings: Settings) -> None:
    land(settings)
    (settings.paths.landing / "2025-10" / "ecds.csv").write_text("")
    assert "empty" in (decide(find_delivery(settings.paths, "2025-10"), settings, time.time_ns() + HOUR_NS) or "")


def test_the_run_key_follows_the_content_and_not_the_clock(settings: Settings) -> None:
    land(settings)
    first = content_key(find_delivery(settings.paths, "2025-10"))
    os.utime(settings.paths.landing / "2025-10" / "ecds.csv", (1, 1))
    assert content_key(find_delivery(settings.paths, "2025-10")) == first
    (settings.paths.landing / "2025-10" / "ecds.csv").write_text("a,b\n1,3\n")
    assert content_key(find_delivery(settings.paths, "2025-10")) != first


@pytest.mark.slow
def test_the_sensor_asks_for_one_run_and_then_rests_until_something_changes(settings: Settings) -> None:
    import dagster as dg

    from orchestration.automation import landing_sensor

    land(settings)
    for file in (settings.paths.landing / "2025-10").iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))
    with dg.DagsterInstance.ephemeral() as instance:
        first = landing_sensor(dg.build_sensor_context(instance=instance))
        assert [request.partition_key for request in first.run_requests] == ["2025-10"]
        again = landing_sensor(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert isinstance(again, dg.SkipReason)
        (settings.paths.landing / "2025-10" / "ecds.csv").write_text("a,b\n1,4\n")
        os.utime(settings.paths.landing / "2025-10" / "ecds.csv", (1_700_000_500, 1_700_000_500))
        resent = landing_sensor(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert resent.run_requests[0].run_key != first.run_requests[0].run_key


@pytest.mark.slow
def test_a_failed_run_leaves_an_alert_that_names_the_step(settings: Settings) -> None:
    import json

    import dagster as dg

    from orchestration.automation import tell_people

    @dg.op
    def breaks() -> None:
        raise dg.Failure("the gate is shut")

    @dg.job
    def refresh() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        failed = refresh.execute_in_process(
            instance=instance, raise_on_error=False, tags={"dagster/partition": "2025-10"}
        )
        event = failed.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            sensor_name="tell_people", dagster_event=event, dagster_instance=instance, dagster_run=failed.dagster_run
        )
        tell_people(context.for_run_failure())
    (file,) = (settings.paths.logs / "alerts").glob("*-run_failed-2025-10.json")
    assert "failed in breaks" in json.loads(file.read_text())["text"]


@pytest.mark.slow
def test_the_schedule_tells_people_that_a_delivery_is_late(settings: Settings) -> None:
    import datetime as dt

    import dagster as dg

    from orchestration.automation import build_schedule

    land(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=dt.datetime(2026, 2, 2, 6, tzinfo=dt.UTC)
        )
        build_schedule(settings).evaluate_tick(context)
    alerts = sorted(path.name.split("-", 1)[1] for path in (settings.paths.logs / "alerts").glob("*.json"))
    assert alerts == ["late_delivery-2025-11.json"]
