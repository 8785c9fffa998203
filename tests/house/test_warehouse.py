"""The content hash: what the receipt, the gate and the releases compare."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.warehouse import Warehouse

ROWS = [("a", 1, 1.5, None), ("b", 2, None, "x"), ("b", 2, None, "x")]


def hash_of_rows(rows: list[tuple], columns: str = "code varchar, n bigint, rate double, note varchar") -> str:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.visits ({columns})")
        connection.executemany("insert into marts.visits values (?, ?, ?, ?)", rows)
        return Warehouse(connection).content_hash("marts.visits")


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert hash_of_rows(ROWS) == hash_of_rows(ROWS[::-1])


@pytest.mark.parametrize(
    "rows",
    [
        [("a", 1, 1.5, None), ("b", 2, None, "x")],
        [*ROWS, ("b", 2, None, "x")],
        [("a", 1, 1.5, ""), *ROWS[1:]],
        [("a", 1, 1.5000000000000002, None), *ROWS[1:]],
        [("a", 2, 1.5, None), ("b", 1, None, "x"), ("b", 2, None, "x")],
        [("ab", 1, 1.5, None), ("", 2, None, "x"), ("b", 2, None, "x")],
    ],
    ids=["one fewer", "one more", "null to empty", "last digit", "swapped between rows", "moved between fields"],
)
def test_any_other_content_has_another_hash(rows: list[tuple]) -> None:
    assert hash_of_rows(rows) != hash_of_rows(ROWS)


def test_where_a_value_ends_counts() -> None:
    assert hash_of_rows([("b", 21, 1.5, "x")]) != hash_of_rows([("b2", 1, 1.5, "x")])


def test_names_and_types_of_columns_count() -> None:
    assert hash_of_rows(ROWS) != hash_of_rows(ROWS, "code varchar, n integer, rate double, note varchar")
    assert hash_of_rows(ROWS) != hash_of_rows(ROWS, "code varchar, m bigint, rate double, note varchar")


def test_a_table_that_is_not_there_has_no_hash() -> None:
    with duckdb.connect() as connection, pytest.raises(IntMartsError, match=r"marts\.visits is not in the warehouse"):
        Warehouse(connection).content_hash("marts.visits")
