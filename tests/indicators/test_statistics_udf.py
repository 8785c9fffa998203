"""The special functions, against known quantiles (chi-square tables) and the worked Poisson limits of the definitions, part D."""

from __future__ import annotations

import re

import duckdb
import pytest

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.build.statistics_udf import register


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


def test_the_exact_limits_written_in_the_macro_are_those_of_scipy() -> None:
    """Counts from 0 to 9 take their limits from a table in SQL; here the table is worked out again, to the last digit shown."""
    from scipy.stats import chi2

    macro = (DBT_PROJECT_DIR / "macros" / "statistics" / "limits.sql").read_text(encoding="utf-8")
    lower, upper = (
        [float(digits) for digits in re.findall(r"'([\d.]+)'", text)]
        for text in re.findall(r"macro exact_poisson_(?:lower|upper)_95\(\) -%}(.*?)endmacro", macro, re.DOTALL)
    )
    assert len(lower) == len(upper) == 10
    assert lower[0] == 0.0
    assert lower[1:] == pytest.approx([chi2.ppf(0.025, 2 * x) / 2 for x in range(1, 10)], rel=1e-14)
    assert upper == pytest.approx([chi2.ppf(0.975, 2 * x + 2) / 2 for x in range(10)], rel=1e-14)
