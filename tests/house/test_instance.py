"""Dagster's storage in the home: deliveries to pick, runs of killed processes, and PostgreSQL by configuration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.foundation.errors import Busy
from orchestration.foundation.settings import Settings, load_settings
from orchestration.graph.instance import (
    POSTGRES_URL_VARIABLE,
    close_dead_runs,
    open_instance,
    register_deliveries,
    remove_old_runs,
)
from tests.postgres_server import postgres_server

SECRET = "hunter2"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("INT_MARTS_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    loaded = load_settings(home=tmp_path)
    loaded.paths.create()
    return loaded


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgres_server() as socket_folder:
        url = f"postgresql+psycopg2://int_marts:{SECRET}@/postgres?host={socket_folder}"
        monkeypatch.setenv(POSTGRES_URL_VARIABLE, url)
        yield url


def land(settings: Settings, name: str) -> None:
    folder = settings.paths.landing / name
    folder.mkdir()
    (folder / "opt_outs.csv").write_text("person_id\n")


@pytest.mark.slow
def test_every_delivery_in_landing_can_be_picked(settings: Settings) -> None:
    land(settings, "2025-09")
    with open_instance(settings) as instance:
        assert register_deliveries(instance, settings) == ["2025-09"]
        land(settings, "2025-10")
        register_deliveries(instance, settings)
        assert instance.get_dynamic_partitions("delivery") == ["2025-09", "2025-10"]


@pytest.mark.slow
def test_a_run_whose_process_was_killed_is_closed_and_a_living_one_is_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.foundation.home_lock import hold

    @dg.job
    def nothing() -> None: ...

    with open_instance(settings) as instance:
        run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
        assert close_dead_runs(instance, settings) == 0, "a run that has just started may be on its way to the lock"
        monkeypatch.setattr("orchestration.graph.instance.LOCK_TAKEN_WITHIN_S", -1)
        with hold(settings.paths, purpose="a living run"):
            assert close_dead_runs(instance, settings) == 0

        answers = iter([nullcontext(), Busy("the run that waited has it now")])

        def free_for_a_moment(*_: object, **__: object) -> object:
            if isinstance(answer := next(answers), Busy):
                raise answer
            return answer

        with monkeypatch.context() as patch:
            patch.setattr("orchestration.graph.instance.hold", free_for_a_moment)
            assert close_dead_runs(instance, settings) == 0, "a run that waits was about to take the lock"
        assert close_dead_runs(instance, settings) == 1
        assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
        assert close_dead_runs(instance, settings) == 0


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_runs_are_kept_in_postgresql_and_the_address_stays_in_the_environment(tmp_path: Path, postgres: str) -> None:
    import dagster as dg
    import psycopg

    from orchestration.graph.assets.landing import LANDING_KEY, landing_delivery
    from orchestration.graph.assets.shared import HomeResource

    settings = load_settings(home=tmp_path, dagster_postgres_url=SecretStr(postgres))
    settings.paths.create()
    land(settings, "2025-10")
    with open_instance(settings) as instance:
        register_deliveries(instance, settings)
        done = dg.materialize(
            [landing_delivery], partition_key="2025-10", instance=instance, resources={"home": HomeResource()}
        )
        assert done.success
    with open_instance(settings) as again:
        assert again.get_dynamic_partitions("delivery") == ["2025-10"]
        event = again.get_latest_materialization_event(LANDING_KEY)
        assert event and event.asset_materialization
        assert event.asset_materialization.metadata["feeds_found"].value == 1
        assert event.run_id == done.run_id
    with psycopg.connect(postgres.replace("+psycopg2", "")) as connection:
        assert connection.execute("select run_id from runs").fetchall() == [(done.run_id,)]
    kept = [path for path in settings.paths.dagster.rglob("*") if path.is_file()]
    assert not [path.name for path in kept if SECRET.encode() in path.read_bytes()]
    assert not list(settings.paths.dagster.rglob("runs.db"))
    assert _postgres_url(settings) == {"env": POSTGRES_URL_VARIABLE}


def _postgres_url(settings: Settings) -> object:
    import yaml

    config = yaml.safe_load((settings.paths.dagster / "dagster.yaml").read_text())
    return config["storage"]["postgres"]["postgres_url"]


def test_seconds_since_a_moment_without_a_time_zone_are_counted_in_utc() -> None:
    from orchestration.graph.instance import seconds_since

    naive = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert 0 <= seconds_since(naive) < 60


def test_an_address_without_the_driver_is_refused_before_anything_starts(settings: Settings) -> None:
    from orchestration.foundation.errors import UsageError

    wrong = settings.model_copy(update={"dagster_postgres_url": SecretStr(f"postgresql://u:{SECRET}@db/runs")})
    with pytest.raises(UsageError, match="psycopg2") as error:
        open_instance(wrong)
    assert SECRET not in str(error.value)


@pytest.mark.slow
def test_events_on_kept_connections_are_the_ones_dagsters_own_class_reads(settings: Settings) -> None:
    """Dagster's class takes the files over as they are, so the house can go back to it at any time."""
    import dagster as dg
    from dagster._core.storage.event_log import SqliteEventLogStorage

    from orchestration.graph.event_log import KEPT_FILES, KeptConnectionEventLogStorage

    @dg.asset
    def visits() -> None:
        """Nothing but events."""

    with open_instance(settings) as instance:
        kept = instance.event_log_storage
        assert isinstance(kept, KeptConnectionEventLogStorage)
        runs = [dg.materialize([visits], instance=instance).run_id for _ in range(KEPT_FILES + 2)]
        seen = {run: [record.event_log_entry for record in kept.get_records_for_run(run).records] for run in runs}
        assert len(kept._engines) <= KEPT_FILES

    own = SqliteEventLogStorage(str(settings.paths.dagster / "history" / "runs"))
    for run, events in seen.items():
        assert len(events) > 5
        assert [record.event_log_entry for record in own.get_records_for_run(run).records] == events
    assert own.get_latest_materialization_events([dg.AssetKey("visits")])[dg.AssetKey("visits")].run_id == runs[-1]
    own.dispose()


@pytest.mark.slow
def test_old_runs_go_with_all_they_logged_and_new_ones_stay(settings: Settings) -> None:
    import sqlite3

    import dagster as dg

    @dg.asset(check_specs=[dg.AssetCheckSpec("has_rows", asset="visits")])
    def visits() -> Iterator[object]:
        """Nothing but events."""
        yield dg.MaterializeResult()
        yield dg.AssetCheckResult(passed=True, check_name="has_rows")

    runs_folder = settings.paths.dagster / "history" / "runs"
    with open_instance(settings) as instance:
        old, new = (dg.materialize([visits], instance=instance).run_id for _ in range(2))
        assert remove_old_runs(instance, settings) == 0
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=31 * (settings.retention_months + 1))
        with sqlite3.connect(settings.paths.dagster / "history" / "runs.db") as connection:
            changed = connection.execute(
                "update runs set create_timestamp = ? where run_id = ?", (long_ago.strftime("%Y-%m-%d %H:%M:%S"), old)
            )
        assert changed.rowcount == 1
        assert remove_old_runs(instance, settings) == 1
        assert instance.get_run_by_id(old) is None
        assert instance.get_run_by_id(new) is not None
        assert not list(runs_folder.glob(f"{old}*")), "its file of events, by far the largest part, is left behind"
        assert not (settings.paths.dagster / "storage" / old).exists()
        assert not instance.all_logs(old) and instance.all_logs(new)
        with sqlite3.connect(runs_folder / "index.db") as index:
            kept = {run for (run,) in index.execute("select run_id from asset_check_executions")}
        assert kept == {new}, "what its checks found stays for ever"


@pytest.mark.slow
@pytest.mark.parametrize(("error", "stopped"), [(KeyboardInterrupt, True), (ValueError, False)])
def test_a_run_that_a_person_stopped_is_told_from_one_that_failed(error: type[BaseException], stopped: bool) -> None:
    import dagster as dg

    from orchestration.graph.pipeline import was_stopped

    @dg.op
    def step() -> None:
        raise error

    @dg.job
    def job() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert was_stopped(result) is stopped
