"""A release served by a real PostgreSQL, started for these tests on a socket of its own."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator

import duckdb
import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from orchestration import publishing as publish
from orchestration.cli.app import app
from orchestration.foundation.errors import IntMartsError, UsageError, VerifyDiffers
from orchestration.foundation.settings import Settings
from orchestration.publishing.marts import KEYS
from orchestration.publishing.postgres import READ_ONLY_ROLE, postgres_type, publish_to_postgres
from tests.postgres_server import postgres_server
from tests.publish.fixture_warehouse import build_warehouse, open_verdict

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.xdist_group("postgres"),
    pytest.mark.usefixtures("quick_publication"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The connection string of an empty server; skipped where PostgreSQL is not installed."""
    with postgres_server() as socket_folder:
        yield f"host={socket_folder} user=int_marts dbname=postgres"


@pytest.fixture
def serving(settings: Settings, server: str) -> Iterator[Settings]:
    yield settings.model_copy(update={"postgres_dsn": SecretStr(server)})
    with psycopg.connect(server) as connection:
        names = connection.execute(
            "select nspname from pg_namespace where nspname ~ '^(release_|marts$|as_at$|bi$)'"
        ).fetchall()
        for (name,) in names:
            connection.execute(f'drop schema "{name}" cascade')


def query(dsn: str, sql: str) -> list[tuple]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql).fetchall()


def second_release(settings: Settings) -> None:
    build_warehouse(settings, restated=4)
    publish.publish(settings, "2025-10", open_verdict(settings))


def test_every_table_arrives_whole(serving: Settings, server: str) -> None:
    loaded = publish_to_postgres(serving)
    assert (loaded.release_id, loaded.schema) == ("2025-10.1", "release_2025_10_1")
    with duckdb.connect(str(serving.paths.releases / "2025-10.1" / "int_marts.duckdb"), read_only=True) as inside:
        for relation in (
            "marts.indicator_values",
            "as_at.readmissions",
            "marts.spend_per_capita",
            "marts.dim_int",
            "marts.release_info",
        ):
            assert (
                query(server, f"select * from {relation} order by 1, 2, 3, 4, 5, 6")
                == inside.execute(f"select * from {relation} order by 1, 2, 3, 4, 5, 6").fetchall()
            )
            assert loaded.rows_by_table[relation] == inside.execute(f"select count(*) from {relation}").fetchone()[0]
    assert query(server, "select col_description('marts.readmissions'::regclass, 1)") == [
        ("What int_code means in readmissions.",)
    ]


def test_keys_indexes_and_words_are_there_for_whoever_queries(serving: Settings, server: str) -> None:
    """Each mart has its key, what people filter by has an index, and view and table say what the dictionary says."""
    publish_to_postgres(serving)
    keys = dict(
        query(
            server,
            "select c.conrelid::regclass::text, array_agg(a.attname::text order by array_position(c.conkey, a.attnum)) "
            "from pg_constraint as c join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = any(c.conkey) "
            "where c.contype = 'p' and c.connamespace = 'release_2025_10_1'::regnamespace group by 1",
        )
    )
    served = {f"release_2025_10_1.{relation.replace('.', '__')}": relation for relation in publish_tables(serving)}
    assert set(keys) == set(served)
    assert {name: tuple(columns) for name, columns in keys.items()} == {
        name: KEYS[relation.split(".")[1]] for name, relation in served.items()
    }
    indexed = query(
        server, "select indexdef from pg_indexes where schemaname = 'release_2025_10_1' and tablename = 'bi__spc_chart'"
    )
    assert {text.rpartition("(")[2].rstrip(")") for (text,) in indexed} >= {"area_key", "month"}
    for described in ("marts.readmissions", "release_2025_10_1.marts__readmissions"):
        assert query(server, f"select obj_description('{described}'::regclass)") == [("The mart readmissions.",)]
        assert query(server, f"select col_description('{described}'::regclass, 1)") == [
            ("What int_code means in readmissions.",)
        ]


def publish_tables(settings: Settings) -> list[str]:
    with duckdb.connect(str(settings.paths.releases / "2025-10.1" / "int_marts.duckdb"), read_only=True) as inside:
        return [
            name
            for (name,) in inside.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        ]


def test_the_command_loads_the_sealed_release_of_a_copied_home_and_asks_no_gate(
    serving: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy has other times and may lack landing and lake: what was published was judged once and is served by its hashes."""
    monkeypatch.setenv("INT_MARTS_POSTGRES_DSN", server)
    for folder in (serving.paths.landing, serving.paths.lake, serving.paths.warehouse):
        shutil.rmtree(folder, ignore_errors=True)
    for file in serving.paths.releases.rglob("*"):
        if file.is_file():
            os.utime(file, (0, 0))
    run = functools.partial(CliRunner().invoke, app)
    home = ["--home", str(serving.paths.root), "--json"]
    done = run(["publish", "--to", "postgres", *home])
    assert done.exit_code == 0, done.output
    assert query(server, "select release_id from marts.release_info") == [("2025-10.1",)]
    assert run(["publish", "2025-10", "--to", "postgres", *home]).exit_code == 0
    assert run(["publish", "2025-09", "--to", "postgres", *home]).exit_code == 2
    assert run(["publish", "--to", "paper", *home]).exit_code == 2


def test_types_say_what_the_columns_hold() -> None:
    kinds = {
        "DECIMAL(18,2)": "numeric(18,2)",
        "BIGINT": "bigint",
        "DOUBLE": "double precision",
        "VARCHAR": "text",
        "DATE": "date",
    }
    assert {kind: postgres_type(kind) for kind in kinds} == kinds
    assert postgres_type("VARCHAR[]") == "text[]"


def test_a_reader_reads_the_views_and_nothing_else(serving: Settings, server: str) -> None:
    publish_to_postgres(serving)
    with psycopg.connect(server) as connection:
        connection.execute(f"set role {READ_ONLY_ROLE}")
        assert connection.execute("select count(*) from marts.indicator_values").fetchone() != (0,)
        for sql in (
            "delete from marts.dim_int",
            "create table marts.mine (a integer)",
            "select * from release_2025_10_1.marts__dim_int",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql)


@pytest.mark.slow
def test_the_next_release_replaces_the_last_and_a_rollback_goes_back(serving: Settings, server: str) -> None:
    publish_to_postgres(serving)
    second_release(serving)
    publish_to_postgres(serving)
    assert query(server, "select release_id from marts.release_info") == [("2025-10.2",)]
    publish_to_postgres(serving, "2025-10.1")
    assert query(server, "select release_id from marts.release_info") == [("2025-10.1",)]
    publish_to_postgres(serving, "2025-10.1")
    schemas = query(server, "select nspname from pg_namespace where nspname like 'release_%' order by 1")
    assert schemas == [("release_2025_10_1",), ("release_2025_10_2",)]


def read_until(dsn: str, done: threading.Event, seen: list[tuple], errors: list[BaseException]) -> None:
    """Several queries in a transaction, as a dashboard does: all of one release."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not done.is_set():
            try:
                with connection.transaction():
                    before = connection.execute("select release_id from marts.release_info").fetchone()
                    connection.execute("select sum(numerator) from marts.indicator_values").fetchone()
                    after = connection.execute("select release_id from marts.release_info").fetchone()
                assert before == after
                seen.append(before)
            except BaseException as error:
                errors.append(error)
                return


def read_with_psql_until(dsn: str, done: threading.Event, seen: list[tuple], errors: list[BaseException]) -> None:
    """The same with the client that people type into."""
    name = "select release_id from marts.release_info;"
    script = f"begin; {name} select count(*) > 0 from marts.indicator_values; {name} commit;"
    while not done.is_set():
        try:
            command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", dsn]
            said = subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout.split()
            before, has_rows, after = said
            assert (has_rows, before) == ("t", after)
            seen.append((before,))
        except BaseException as error:
            errors.append(error)
            return


def load_while_reading(serving: Settings, server: str, times: int) -> set[tuple]:
    publish_to_postgres(serving, "2025-10.1")
    done, seen, errors = threading.Event(), [], []  # type: ignore[var-annotated]
    clients = [read_until, read_until, read_with_psql_until]
    readers = [threading.Thread(target=client, args=(server, done, seen, errors)) for client in clients]
    for reader in readers:
        reader.start()
    try:
        for turn in range(times):
            publish_to_postgres(serving, ("2025-10.2", "2025-10.1")[turn % 2])
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert errors == []
    return set(seen)


@pytest.mark.slow
def test_readers_see_one_release_at_a_time(serving: Settings, server: str) -> None:
    second_release(serving)
    assert load_while_reading(serving, server, times=3) == {("2025-10.1",), ("2025-10.2",)}


@pytest.mark.soak
def test_readers_see_one_release_at_a_time_a_hundred_times(serving: Settings, server: str) -> None:
    second_release(serving)
    assert load_while_reading(serving, server, times=100) == {("2025-10.1",), ("2025-10.2",)}


def test_a_damaged_release_is_not_served(serving: Settings, server: str) -> None:
    (serving.paths.releases / "2025-10.1" / "changes.csv").write_text("other")
    with pytest.raises(VerifyDiffers):
        publish_to_postgres(serving)
    assert query(server, "select count(*) from pg_namespace where nspname like 'release_%'") == [(0,)]


def test_a_load_that_fails_leaves_what_was_served(
    serving: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_to_postgres(serving)
    monkeypatch.setattr("orchestration.publishing.postgres._grant", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish_to_postgres(serving)
    assert query(server, "select release_id from marts.release_info") == [("2025-10.1",)]


def test_without_a_server_the_message_says_so_and_keeps_the_secret(settings: Settings) -> None:
    with pytest.raises(UsageError, match="INT_MARTS_POSTGRES_DSN"):
        publish_to_postgres(settings)
    nowhere = settings.model_copy(
        update={"postgres_dsn": SecretStr("host=/nowhere user=u password=hunter2 connect_timeout=2")}
    )
    with pytest.raises(IntMartsError, match="cannot be reached") as error:
        publish_to_postgres(nowhere)
    assert "hunter2" not in str(error.value)
