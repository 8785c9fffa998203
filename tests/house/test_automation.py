"""The landing sensor takes a delivery when it is complete and still, says what is missing, and never ignores a re-sent file."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings, load_settings
from orchestration.gate.alerts import tell_what_is_late
from orchestration.graph.automation import content_key, decide, to_refresh
from orchestration.landing.deliveries import find_delivery, list_deliveries, missing_feeds

REQUIRED = ("int_membership", "gp_registrations", "hes_apc", "hes_op", "ecds", "gp_appointments")
HOUR_NS = 3_600_000_000_000
RANGE = {"dagster/asset_partition_range_start": "2025-07", "dagster/asset_partition_range_end": "2025-08"}
LONG_AGO = 1_700_000_000


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    loaded = load_settings()
    loaded.paths.create()
    return loaded


def land(
    settings: Settings,
    feeds: tuple[str, ...] = REQUIRED,
    text: str = "a,b\n1,2\n",
    folder: str = "2025-10",
    changed: float | None = None,
) -> None:
    target = settings.paths.landing / folder
    target.mkdir(parents=True, exist_ok=True)
    for feed in feeds:
        (target / f"{feed}.csv").write_text(text)
        if changed is not None:
            os.utime(target / f"{feed}.csv", (changed, changed))


def key_of(settings: Settings) -> str:
    return content_key(settings, list_deliveries(settings.paths))


def test_a_delivery_without_a_required_feed_waits_and_says_for_what(settings: Settings) -> None:
    land(settings, REQUIRED[:-2])
    delivery = find_delivery(settings.paths, "2025-10")
    assert missing_feeds(delivery, settings.required_feeds) == ["ecds", "gp_appointments|gp_appointments_published"]
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
    first = key_of(settings)
    os.utime(settings.paths.landing / "2025-10" / "ecds.csv", (1, 1))
    assert key_of(settings) == first
    (settings.paths.landing / "2025-10" / "ecds.csv").write_text("a,b\n1,3\n")
    assert key_of(settings) != first


def test_the_run_key_follows_everything_that_decides(settings: Settings) -> None:
    """Else the schedule would say "was tried already" of what `forget`, a waiver or a corrected note has made another."""
    land(settings)
    note = settings.paths.landing / "2025-10" / "delivery.yaml"
    keys = [key_of(settings), key_of(settings.model_copy(update={"icb_code": "QXX"}))]
    for path in (note, settings.paths.waivers_file, settings.paths.lake / "retention.json"):
        path.write_text("data_cut: 2025-10-30\n")
        keys.append(key_of(settings))
    assert len(set(keys)) == len(keys) == 5


def test_a_file_from_the_future_does_not_wait_for_it(settings: Settings) -> None:
    """A sender's clock may be wrong by years; what counts then is when the file came here."""
    land(settings, changed=time.time() + 1e8)
    delivery = find_delivery(settings.paths, "2025-10")
    assert "waiting until they are still" in (decide(delivery, settings, time.time_ns()) or "")
    assert decide(delivery, settings, time.time_ns() + HOUR_NS) is None


def test_the_newest_complete_delivery_is_refreshed_when_a_newer_one_has_only_begun(settings: Settings) -> None:
    land(settings, changed=LONG_AGO)
    land(settings, REQUIRED[:1], folder="2025-11", changed=LONG_AGO)
    read, waiting = to_refresh(list_deliveries(settings.paths), settings, time.time_ns())
    assert [delivery.name for delivery in read] == ["2025-10"]
    assert [reason.split(":")[0] for reason in waiting] == ["2025-11"]


def test_an_older_delivery_that_is_still_being_copied_holds_the_newest_up(settings: Settings) -> None:
    land(settings, folder="2025-09", changed=LONG_AGO)
    land(settings, changed=LONG_AGO)
    land(settings, ("ecds",), folder="2025-09/v2")
    assert to_refresh(list_deliveries(settings.paths), settings, time.time_ns())[0] == []
    read, _ = to_refresh(list_deliveries(settings.paths), settings, time.time_ns() + HOUR_NS)
    assert [delivery.name for delivery in read] == ["2025-09", "2025-10"]


@pytest.mark.slow
def test_the_sensor_asks_for_one_run_and_then_rests_until_something_changes(settings: Settings) -> None:
    import dagster as dg

    from orchestration.graph.automation import landing_sensor

    land(settings, folder="2025-09", changed=LONG_AGO)
    land(settings, changed=LONG_AGO)

    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None = None) -> object:
            return landing_sensor(dg.build_sensor_context(instance=instance, cursor=cursor))

        first = look()
        assert [request.partition_key for request in first.run_requests] == ["2025-10"]
        assert first.dynamic_partitions_requests[0].partition_keys == ["2025-09", "2025-10"]
        assert first.run_requests[0].run_config["resources"]["home"]["config"]["wait_for_lock"] is True
        assert isinstance(look(first.cursor), dg.SkipReason)

        land(settings, ("ecds",), text="a,b\n1,4\n", changed=LONG_AGO + 500)
        resent = look(first.cursor)
        assert resent.run_requests[0].run_key != first.run_requests[0].run_key

        land(settings, ("ecds",), text="a,b\n1,5\n", folder="2025-09/v2", changed=LONG_AGO + 900)
        older = look(resent.cursor)
        assert [request.partition_key for request in older.run_requests] == ["2025-10"], (
            "a correction to an older delivery changes the newest figures, so the newest is refreshed"
        )
        assert older.run_requests[0].run_key not in {first.run_requests[0].run_key, resent.run_requests[0].run_key}


@pytest.mark.slow
def test_files_put_back_are_run_again_and_a_run_that_died_is_tried_again_but_not_for_ever(settings: Settings) -> None:
    import dagster as dg

    from orchestration.graph.automation import MOST_TRIES, landing_sensor

    cursor, keys = None, []

    def look(instance: dg.DagsterInstance) -> str | None:
        """The key of the run that the sensor asks for; it is started and left unfinished."""
        nonlocal cursor
        said = landing_sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
        if isinstance(said, dg.SkipReason):
            return None
        cursor, request = said.cursor, said.run_requests[0]
        run = instance.create_run_for_job(refuses, tags=request.tags)
        keys.append((request.run_key, run))
        return request.run_key

    @dg.op
    def refuse() -> None:
        raise dg.Failure("a word")

    @dg.job(name="refresh")
    def refuses() -> None:
        refuse()

    with dg.DagsterInstance.ephemeral() as instance:
        for text, changed in (("a,b\n1,2\n", 0), ("a,b\n1,3\n", 100), ("a,b\n1,2\n", 200)):
            land(settings, text=text, changed=LONG_AGO + changed)
            assert look(instance)
            assert look(instance) is None, "one run of the same files at a time"
            instance.delete_run(keys[-1][1].run_id)
            refuses.execute_in_process(instance=instance, tags=keys[-1][1].tags, raise_on_error=False)
            assert look(instance) is None, "a run that failed with a word is not repeated"
        assert len({key for key, _ in keys}) == 3
        land(settings, text="a,b\n1,4\n", changed=LONG_AGO + 300)
        died = 0
        while look(instance):
            died += 1
            instance.report_run_failed(
                keys[-1][1]
            )  # as `close_dead_runs` does, and Dagster of a run that never came to its start
        assert died == MOST_TRIES
        assert len({key for key, _ in keys}) == len(keys)


@pytest.mark.slow
def test_the_sensor_says_what_is_missing(settings: Settings) -> None:
    import dagster as dg

    from orchestration.graph.automation import landing_sensor

    land(settings, REQUIRED[:-1], changed=LONG_AGO)
    with dg.DagsterInstance.ephemeral() as instance:
        said = landing_sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "2025-10: waiting for gp_appointments or gp_appointments_published"


def fail_a_run(error: Exception | None, tags: dict[str, str]) -> None:
    """Let `tell_people` see a run that ended with this error."""
    import dagster as dg

    from orchestration.foundation.errors import IntMartsError
    from orchestration.graph.assets.shared import told
    from orchestration.graph.automation import tell_people

    @dg.op
    def breaks() -> None:
        raise told(error) if isinstance(error, IntMartsError) else ValueError("a value nobody may see")

    @dg.job
    def refresh() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("delivery", ["2025-07", "2025-09", "2025-08"])
        failed = refresh.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        tell_people(seen_by_the_sensor(instance, failed.dagster_run, failed.get_run_failure_event()))


def seen_by_the_sensor(instance: Any, run: Any, event: Any) -> Any:
    import dagster as dg

    context = dg.build_run_status_sensor_context(
        sensor_name="tell_people", dagster_event=event, dagster_instance=instance, dagster_run=run
    )
    return context.for_run_failure()


def alerts(settings: Settings) -> dict[str, str]:
    """Kind and delivery of each alert → its words."""
    files = sorted((settings.paths.logs / "alerts").glob("*.json"))
    return {path.stem.split("-", 1)[1]: json.loads(path.read_text())["text"] for path in files}


@pytest.mark.slow
def test_a_failed_run_leaves_an_alert_with_the_step_and_the_words_of_the_house(settings: Settings) -> None:
    from orchestration.foundation.errors import Busy, DeliveryRefused, GateShut

    fail_a_run(Busy("another run holds this home"), {"dagster/partition": "2025-10"})
    fail_a_run(DeliveryRefused("ecds.txt: required column missing"), RANGE)
    fail_a_run(GateShut("one alert of the gate is enough"), {"dagster/partition": "2025-08"})
    fail_a_run(None, {})
    told_people = alerts(settings)
    assert sorted(told_people) == ["delivery_refused-2025-09", "run_failed-2025-10", "run_failed-unknown"]
    assert told_people["run_failed-2025-10"].endswith("failed in breaks\nanother run holds this home")
    assert "required column missing" in told_people["delivery_refused-2025-09"]
    assert "nobody may see" not in told_people["run_failed-unknown"]


@pytest.mark.slow
def test_of_a_run_that_died_is_told_that_it_died(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    from orchestration.graph.automation import tell_people
    from orchestration.graph.instance import close_dead_runs

    @dg.job
    def nothing() -> None: ...

    monkeypatch.setattr("orchestration.graph.instance.LOCK_TAKEN_WITHIN_S", -1)
    with dg.DagsterInstance.ephemeral() as instance:
        made = instance.create_run_for_job(
            nothing, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2025-10"}
        )
        assert close_dead_runs(instance, settings) == 1
        event = instance.all_logs(made.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)[0].dagster_event
        tell_people(seen_by_the_sensor(instance, instance.get_run_by_id(made.run_id), event))
    told = alerts(settings)["run_failed-2025-10"]
    assert "It ended without a word: its process was killed" in told
    assert "readers see no release" in told, "whether it came as far as its release is looked at"


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"schedule_cron": "every day"}, {"timezone": "Kent"}])
def test_a_schedule_that_is_none_is_a_wrong_setting(settings: Settings, wrong: dict[str, str]) -> None:
    from orchestration.graph.automation import build_schedule

    with pytest.raises(UsageError, match=next(iter(wrong))):
        build_schedule(settings.model_copy(update=wrong))


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{", "[]", '{"raised_at": 3}'])
def test_a_damaged_alert_stops_nothing(settings: Settings, content: str) -> None:
    land(settings)
    folder = settings.paths.logs / "alerts"
    folder.mkdir(parents=True)
    (folder / "20260201T060000000000-late_delivery-2025-11.json").write_text(content)
    assert len(tell_what_is_late(settings, dt.date(2026, 2, 2))) == 1


@pytest.mark.slow
def test_the_schedule_tells_people_that_a_delivery_is_late_once_a_week(settings: Settings) -> None:
    import dagster as dg

    from orchestration.graph.automation import build_schedule

    land(settings)

    def tick(instance: dg.DagsterInstance, day: dt.date) -> None:
        moment = dt.datetime.combine(day, dt.time(6), dt.UTC)
        with dg.build_schedule_context(instance=instance, scheduled_execution_time=moment) as context:
            build_schedule(settings).evaluate_tick(context)

    with dg.DagsterInstance.ephemeral() as instance:
        tick(instance, dt.date(2026, 2, 2))
        tick(instance, dt.date(2026, 2, 3))
    files = [path.name.split("-", 1)[1] for path in (settings.paths.logs / "alerts").glob("*.json")]
    assert files == ["late_delivery-2025-11.json"]


@pytest.mark.slow
def test_the_schedule_starts_what_is_new_and_nothing_that_is_published(
    published_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.graph.automation import build_schedule

    for folder in ("releases", "lake", "warehouse"):
        (tmp_path / folder).symlink_to(published_home / folder)
    landing = Path(shutil.copytree(published_home / "landing", tmp_path / "landing"))
    monkeypatch.setenv("INT_MARTS_HOME", str(tmp_path))
    settings = load_settings(sensor_settle_seconds=0)
    monkeypatch.setenv("INT_MARTS_SENSOR_SETTLE_SECONDS", "0")

    def tick() -> object:
        moment = dt.datetime(2025, 12, 1, 6, tzinfo=dt.UTC)
        # both closed in their order: a context that outlives its instance leaves Dagster with the storage of a dead one
        with (
            dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
            dg.build_schedule_context(instance=instance, scheduled_execution_time=moment) as context,
        ):
            return build_schedule(settings)(context)

    assert "2025-10 is published already as 2025-10.1" in str(tick().skip_message)
    (landing / "2025-10" / "v2").mkdir()
    (landing / "2025-10" / "v2" / "deaths.csv").write_text("PERSON_ID,DEATH_DATE,PRACTICE_CODE,AGE,SEX\n")
    assert tick().partition_key == "2025-10"
