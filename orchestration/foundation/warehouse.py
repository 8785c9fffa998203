"""The thin read-only handle on the warehouse. Gate and publisher know this interface and not the engine behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import quote

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

MART_SCHEMAS = ("marts", "as_at", "bi")
LOW_64_BITS = f"{2**64 - 1}::uhugeint"


class TableFacts(BaseModel):
    """What a table holds, in short: the seal of a build and the receipt of a release name it by this."""

    model_config = ConfigDict(frozen=True)

    rows: int
    content_hash: str
    columns: dict[str, str]


class Warehouse:
    """Queries over one open read-only connection. `relation` is always `schema.table`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def query_df(self, sql: str, parameters: Sequence | None = None) -> pd.DataFrame:
        return self.connection.execute(sql, parameters or []).df()

    def rows(self, sql: str, parameters: Sequence | None = None) -> list[tuple]:
        return self.connection.execute(sql, parameters or []).fetchall()

    def tables(self, schemas: Sequence[str] = MART_SCHEMAS) -> list[str]:
        found = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_database() and list_contains(?, table_schema) order by 1",
            [list(schemas)],
        )
        return [name for (name,) in found]

    def columns(self, relation: str) -> dict[str, str]:
        schema, table = relation.split(".")
        return dict(
            self.rows(
                "select column_name, data_type from information_schema.columns where table_catalog = current_database() "
                "and table_schema = ? and table_name = ? order by ordinal_position",
                [schema, table],
            )
        )

    def row_count(self, relation: str) -> int:
        return self.rows(f"select count(*) from {relation}")[0][0]

    def facts(self, relation: str) -> TableFacts:
        return TableFacts(
            rows=self.row_count(relation), content_hash=self.content_hash(relation), columns=self.columns(relation)
        )

    def content_hash(self, relation: str) -> str:
        """The same for the same rows whatever wrote them and in whatever order; another one when a single value differs.

        Each row as text gives 128 bits (MD5: the aim is to notice a change, and every file of a release carries a SHA-256 as well).
        Their sums, the number of rows and the columns are what is hashed: no sort, and the rows never leave the engine.
        """
        columns = self.columns(relation)
        if not columns:
            raise IntMartsError(f"{relation} is not in the warehouse")
        fields = ", ".join(f"coalesce(cast({quote(name)} as varchar), chr(0))" for name in columns)
        # two words of one MD5; asked for each word (`md5_number_upper`, `_lower`), DuckDB makes text and MD5 of every row twice
        sums = self.rows(
            f"select count(*), sum((md5 & {LOW_64_BITS})::ubigint), sum((md5 >> 64)::ubigint) "
            f"from (select md5_number(concat_ws(chr(31), {fields})) as md5 from {relation})"
        )[0]
        return digest(columns, sums)

    def quick_hash(self, relation: str) -> str:
        """Like the content hash, at a tenth of its cost, by the engine's own 64 bits of a row: another version of the engine says another
        thing, so that only an equal one tells anything."""
        columns = self.columns(relation)
        row = f"hash({', '.join(map(quote, columns))})"
        return digest(columns, self.rows(f"select count(*), sum({row}), bit_xor({row}) from {relation}")[0])


def digest(columns: dict[str, str], sums: Sequence[int]) -> str:
    said = [*(f"{name} {kind}" for name, kind in columns.items()), *map(str, sums)]
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Read-only: many readers may hold it at once, but never while dbt writes (the home lock sees to that)."""
    path = settings.paths.warehouse_file
    if not path.exists():
        raise IntMartsError("nothing has been built yet: run `int-marts refresh`")
    with open_database(settings, path) as warehouse:
        yield warehouse


@contextmanager
def open_database(settings: Settings, path: Path) -> Iterator[Warehouse]:
    """One file, read-only, with what the settings give the engine."""
    import duckdb

    with duckdb.connect(
        str(path), read_only=True, config={"threads": settings.threads_for(path), "memory_limit": settings.memory_limit}
    ) as connection:
        yield Warehouse(connection)
