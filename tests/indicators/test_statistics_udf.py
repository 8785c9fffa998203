"""The special functions, against known quantiles (chi-square tables) and the worked Poisson limits of the definitions, part D."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.statistics_udf import register


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    register(connection)
    return connection


def test_exact_poisson_limits_of_five(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "select chi_square_quantile(0.025, 10.0) / 2, chi_square_quantile(0.975, 12.0) / 2"
    ).fetchone()
    assert row == pytest.approx((1.623486390, 11.668332079), rel=1e-9)


def test_nought_degrees_of_freedom_and_nulls(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "select chi_square_quantile(0.5, 0.0), chi_square_quantile(0.5, null), chi_square_quantile(0.95, 1.0)"
    ).fetchone()
    assert row[:2] == (0.0, None)
    assert row[2] == pytest.approx(3.841458821, rel=1e-9)


def test_a_cursor_knows_them_and_many_rows_agree_with_one(connection: duckdb.DuckDBPyConnection) -> None:
    sql = "select sum(cast(chi_square_quantile(0.025, 2.0 * x) as decimal(38, 9))) from range(5000) as t(x)"
    first = connection.cursor().execute(sql).fetchone()
    connection.execute("set threads = 1")
    assert connection.execute(sql).fetchone() == first
