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
    pairs = release.execute(
        f"""
        with months as (
            select area_code, sum(numerator) as readmissions from marts.indicator_values
            where area_type = 'hcp' and period = 'month' and cohort_id = 'all' and indicator_id = 'readmissions_30d'
              and month in (select month from marts.readmissions where window_days = 30 and is_mature)
            group by 1
        )
        select q.readmissions, m.readmissions from ({QUERIES[1]}) as q join months as m on m.area_code = q.hcp_code
        """
    ).fetchall()
    assert len(pairs) == 4
    assert all(query == mart for query, mart in pairs)
