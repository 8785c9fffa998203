"""A release as a PostgreSQL schema, for Power BI, Tableau and Excel users who cannot reach a file.

Each release is loaded into a schema of its own (`release_2025_10_2`); the views in `marts`, `as_at` and `bi`, which people query, are
switched to it in one transaction, so a reader sees the whole old release or the whole new one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from orchestration.foundation.errors import IntMartsError, UsageError
from orchestration.foundation.settings import Settings
from orchestration.foundation.warehouse import MART_SCHEMAS
from orchestration.publishing.marts import KEYS
from orchestration.releases.listing import Release, check_folder, find_release
from orchestration.releases.tables import attach, columns_of, tables_of

if TYPE_CHECKING:
    import duckdb
    import psycopg
    from psycopg import sql as pg

READ_ONLY_ROLE = "int_marts_reader"
SCHEMAS_KEPT = 2
LOCK_TRIES = 3000
LOCK_PAUSE_SECONDS = 0.02
ROWS_AT_A_TIME = 20_000
FILTERED_BY = ("area_key", "area_code", "int_code", "indicator_id", "month")
POSTGRES_TYPE = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38,0)",
    "FLOAT": "double precision",
    "DOUBLE": "double precision",
}


@dataclass(frozen=True)
class Loaded:
    """What PostgreSQL now serves."""

    release_id: str
    schema: str
    rows_by_table: dict[str, int]


def publish_to_postgres(settings: Settings, release_id: str | None = None) -> Loaded:
    """Load a verified release (default: the current one) into the database of the setting `postgres_dsn` and switch the views to it.

    The release was judged and sealed: its hashes are looked at, the gate is not asked again. Loading one that is already served loads it
    again, to the same effect. Raises `UsageError` (no such release, no setting),
    `VerifyDiffers` (the release is not what its receipt says) or `IntMartsError` (the database refused).
    """
    if settings.postgres_dsn is None:
        raise UsageError("setting postgres_dsn is empty: set INT_MARTS_POSTGRES_DSN (a libpq connection string)")
    import duckdb
    import psycopg

    release = find_release(settings, release_id)
    check_folder(release.folder, "internal")
    try:
        with psycopg.connect(settings.postgres_dsn.get_secret_value()) as server, duckdb.connect(":memory:") as source:
            attach(source, release.database, "release")
            return _load(server, source, release)
    except psycopg.Error as error:
        # The first line names the server's complaint; connection strings are never repeated, because they may hold a password.
        said = (
            "it cannot be reached"
            if isinstance(error, psycopg.OperationalError)
            else (error.diag.message_primary or "an error")
        )
        raise IntMartsError(f"PostgreSQL did not take release {release.release_id}: {said}") from None


def schema_of(release_id: str) -> str:
    return "release_" + release_id.replace("-", "_").replace(".", "_").lower()


def _load(server: psycopg.Connection, source: duckdb.DuckDBPyConnection, release: Release) -> Loaded:
    from psycopg import sql as pg

    schema = schema_of(release.release_id)
    rows: dict[str, int] = {}
    with server.transaction():
        # One loader at a time; the lock ends with the transaction.
        server.execute("select pg_advisory_xact_lock(hashtext('int_marts'))")
        server.execute(pg.SQL("drop schema if exists {} cascade").format(pg.Identifier(f"{schema}_loading")))
        loading = pg.Identifier(f"{schema}_loading")
        server.execute(pg.SQL("create schema {}").format(loading))
        for relation in tables_of(source, "release"):
            rows[relation] = _load_table(server, source, relation, loading)
        expected = release.receipt.tables
        differing = [name for name, facts in expected.items() if rows.get(name) != facts.rows]
        if differing:
            raise IntMartsError(f"loaded otherwise than released: {', '.join(differing)}")
        _switch_views(server, source, schema, loading)
        _grant(server)
        _drop_old_schemas(server, schema)
    return Loaded(release.release_id, schema, rows)


def _load_table(
    server: psycopg.Connection, source: duckdb.DuckDBPyConnection, relation: str, schema: pg.Identifier
) -> int:
    from psycopg import sql as pg

    columns = columns_of(source, "release", relation)
    table = pg.SQL("{}.{}").format(schema, pg.Identifier(relation.replace(".", "__")))
    declared = pg.SQL(", ").join(
        pg.SQL("{} {}").format(pg.Identifier(name), pg.SQL(postgres_type(kind))) for name, kind in columns.items()
    )
    server.execute(pg.SQL("create table {} ({})").format(table, declared))
    cursor = source.execute(f"select * from release.{relation}")
    count = 0
    with server.cursor().copy(pg.SQL("copy {} from stdin").format(table)) as copy:
        while batch := cursor.fetchmany(ROWS_AT_A_TIME):
            for row in batch:
                copy.write_row(row)
            count += len(batch)
    _index(server, table, relation.split(".")[1], columns)
    server.execute(pg.SQL("analyze {}").format(table))
    return count


def _index(server: psycopg.Connection, table: pg.Composed, name: str, columns: Iterable[str]) -> None:
    """The mart's key, and an index for each column that people filter by and the key does not begin with."""
    from psycopg import sql as pg

    key = KEYS.get(name, ())
    if key:
        named = pg.SQL(", ").join(map(pg.Identifier, key))
        server.execute(pg.SQL("alter table {} add primary key ({})").format(table, named))
    for column in FILTERED_BY:
        if column in columns and column not in key[:1]:
            server.execute(pg.SQL("create index on {} ({})").format(table, pg.Identifier(column)))


def postgres_type(duckdb_type: str) -> str:
    """
    >>> postgres_type("DECIMAL(18,2)")
    'numeric(18,2)'
    """
    if duckdb_type.startswith("DECIMAL"):
        return duckdb_type.replace("DECIMAL", "numeric")
    if duckdb_type.endswith("[]"):
        return postgres_type(duckdb_type[:-2]) + "[]"
    return POSTGRES_TYPE.get(duckdb_type, "text")


def _describe(
    server: psycopg.Connection,
    source: duckdb.DuckDBPyConnection,
    relation: str,
    kind: Literal["table", "view"],
    name: pg.Identifier,
) -> None:
    """The words of the dictionary, on the view that people query and on the table behind it."""
    from psycopg import sql as pg

    for text in _comment(source, relation):
        server.execute(pg.SQL("comment on {} {} is {}").format(pg.SQL(kind), name, pg.Literal(text)))
    for column, text in _comments(source, relation).items():
        server.execute(pg.SQL("comment on column {}.{} is {}").format(name, pg.Identifier(column), pg.Literal(text)))


def _comment(source: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    found: list[Any] = source.execute(
        "select comment from duckdb_tables() where database_name = 'release' and schema_name || '.' || table_name = ? "
        "and comment is not null",
        [relation],
    ).fetchall()
    return [text for (text,) in found]


def _comments(source: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    schema, table = relation.split(".")
    found: list[Any] = source.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'release' and schema_name = ? and table_name = ? "
        "and comment is not null",
        [schema, table],
    ).fetchall()
    return dict(found)


def _switch_views(
    server: psycopg.Connection, source: duckdb.DuckDBPyConnection, schema: str, loading: pg.Identifier
) -> None:
    """Views are dropped and made again in the same transaction, so that a changed column list cannot stop a release."""
    from psycopg import sql as pg

    for view_schema in MART_SCHEMAS:
        server.execute(pg.SQL("create schema if not exists {}").format(pg.Identifier(view_schema)))
    views = _take_views(server)
    for view in views:
        server.execute(pg.SQL("drop view {}").format(view))
    server.execute(pg.SQL("drop schema if exists {} cascade").format(pg.Identifier(schema)))
    server.execute(pg.SQL("alter schema {} rename to {}").format(loading, pg.Identifier(schema)))
    for relation in tables_of(source, "release"):
        view = pg.Identifier(*relation.split("."))
        table = pg.Identifier(schema, relation.replace(".", "__"))
        server.execute(pg.SQL("create view {} as select * from {}").format(view, table))
        _describe(server, source, relation, "table", table)
        _describe(server, source, relation, "view", view)


def _take_views(server: psycopg.Connection) -> list[pg.Identifier]:
    """Every view that is served, held for this transaction alone.

    All at once or not at all, and never waiting while holding: a reader in the middle of several queries can so finish, and neither it
    nor the loader ends in a deadlock.
    """
    import psycopg
    from psycopg import sql as pg

    found = server.execute(
        "select table_schema, table_name from information_schema.views where table_schema = any(%s) order by 1, 2",
        [list(MART_SCHEMAS)],
    ).fetchall()
    views = [pg.Identifier(schema, name) for schema, name in found]
    if not views:
        return []
    lock = pg.SQL("lock table {} in access exclusive mode nowait").format(pg.SQL(", ").join(views))
    for _ in range(LOCK_TRIES):
        try:
            with server.transaction():
                server.execute(lock)
            return views
        except psycopg.errors.LockNotAvailable:
            time.sleep(LOCK_PAUSE_SECONDS)
    raise IntMartsError(
        "readers have held the views for a minute: nothing was switched; try again when they have finished"
    )


def _grant(server: psycopg.Connection) -> None:
    """The role may read the views and nothing else; people are made its members by the database's owner."""
    from psycopg import sql as pg

    role = pg.Identifier(READ_ONLY_ROLE)
    known = server.execute("select 1 from pg_roles where rolname = %s", [READ_ONLY_ROLE]).fetchone()
    if known is None:
        server.execute(pg.SQL("create role {} nologin").format(role))
    for view_schema in MART_SCHEMAS:
        schema = pg.Identifier(view_schema)
        server.execute(pg.SQL("revoke create on schema {} from public").format(schema))
        server.execute(pg.SQL("grant usage on schema {} to {}").format(schema, role))
        server.execute(pg.SQL("grant select on all tables in schema {} to {}").format(schema, role))


def _drop_old_schemas(server: psycopg.Connection, served: str) -> None:
    """Keep the one served before as well: a reader's query may still be running in it, and a rollback needs no loading."""
    from psycopg import sql as pg

    names = server.execute(
        "select nspname from pg_namespace where nspname ~ '^release_[0-9]{4}_[0-9]{2}' order by oid desc"
    ).fetchall()
    others = [name for (name,) in names if name != served]
    for name in others[SCHEMAS_KEPT - 1 :]:
        server.execute(pg.SQL("drop schema {} cascade").format(pg.Identifier(name)))
