"""Dagster's SQLite event log on connections that stay open.

A refresh leaves about a thousand events (one for each table and each check, and what was planned). Dagster's own class opens,
commits, syncs to disk and closes a new engine for each, several times, and compiles the same four statements again: 29 s of processor
time for 250 tables and 540 checks, 7 s with one engine kept for each file (measured with Dagster 1.13). The files are Dagster's own:
its class reads them, and takes over at any time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

# the index and the runs a person has open; the web server lives for months and must not keep a file open for every run it showed
KEPT_FILES = 8


class KeptConnectionEventLogStorage(SqliteEventLogStorage):
    """`base_dir` as of the class above it."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(*arguments, **settings)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptConnectionEventLogStorage:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.pop(shard, None) or kept_engine(self.conn_string_for_shard(shard))
            self._engines[shard] = engine
            while len(self._engines) > KEPT_FILES:
                self._engines.popitem(last=False)[1].dispose()
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Asked three times for every event; a table that was there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        super().dispose()
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def kept_engine(address: str) -> Engine:
    engine = create_engine(
        address,
        poolclass=QueuePool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def sync_at_checkpoints(connection: Any, _record: Any) -> None:
        # with write-ahead logging a crash loses nothing; a power cut may lose the last events, never the file
        connection.execute("pragma synchronous = normal")

    return engine
