"""The queries of docs/connect-bi.md give the figures of the marts: what people copy from there cannot be summed wrongly."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.slow

PAGE = (PROJECT_ROOT / "docs" / "connect-bi.md").read_text(encoding="utf-8")
QUERIES = [block.split("```")[0] for block in PAGE.split("```sql\n")[1:]]


@pytest.fixture(scope="module")
def release(published_home: Path):
    with duckdb.connect(
        str(published_home / "releases" / "current" / "int_marts.duckdb"), read_only=True
    ) as connection:
        yield connection


def test_every_query_finds_rows(release: duckdb.DuckDBPyConnection) -> None:
    assert len(QUERIES) == 4
    for query in QUERIES:
        assert release.execute(query).fetchall(), query


def test_emergency_admissions_are_those_of_the_indicator(release: duckdb.DuckDBPyConnection) -> None:
    compared, different = release.execute(
        f"""
        select count(*), count(*) filter (abs(q.admissions_per_1000 * 100 - v.value) > 1e-6 or q.admissions <> v.numerator)
        from ({QUERIES[0]}) as q join marts.indicator_values as v
          on v.area_code = q.int_code and v.month = q.month and v.area_type = 'int' and v.period = 'month'
         and v.cohort_id = 'all' and v.indicator_id = 'emergency_admissions'
        where v.value is not null
        """
    ).fetchone()
    assert compared > 100
    assert different == 0


def test_readmissions_are_those_of_the_indicator(release: duckdb.DuckDBPyConnection) -> None:
    """Of the months that both know: the indicator has none before a year of admitted care lies behind it (E3), the mart counts them."""
    month_of_mart = "where r.window_days = 30"
    assert month_of_mart in QUERIES[1]
    known = "select month from known"
    pairs = release.execute(
        f"""
        with known as (
            select month from marts.indicator_values
            where area_type = 'hcp' and period = 'month' and cohort_id = 'all' and indicator_id = 'readmissions_30d'
            group by month having bool_and(numerator is not null)
        ),
        months as (
            select area_code, sum(numerator) as readmissions, sum(denominator) as discharges from marts.indicator_values
            where area_type = 'hcp' and period = 'month' and cohort_id = 'all' and indicator_id = 'readmissions_30d'
              and month in ({known})
              and month in (select month from marts.readmissions where window_days = 30 and is_mature)
            group by 1
        )
        select q.readmissions, q.discharges, m.readmissions, m.discharges
        from ({QUERIES[1].replace(month_of_mart, f"{month_of_mart} and r.month in ({known})")}) as q
        join months as m on m.area_code = q.hcp_code
        """
    ).fetchall()
    assert len(pairs) == 4
    assert sum(mart for _, _, mart, _ in pairs) > 0
    assert [pair[:2] for pair in pairs] == [pair[2:] for pair in pairs]
