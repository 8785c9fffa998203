"""The queries of docs/connect-bi.md give the figures of the marts: what people copy from there cannot be summed wrongly."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.slow

PAGE = (PROJECT_ROOT / "docs" / "connect-bi.md").read_text(encoding="utf-8")
ENDINGS = ("", "_gbp", "_pct", "_per_1000", "_per_100000")
QUERIES = [block.split("```")[0] for block in PAGE.split("```sql\n")[1:]]


@pytest.fixture(scope="module")
def release(published_home: Path):
    with duckdb.connect(
        str(published_home / "releases" / "current" / "int_marts.duckdb"), read_only=True
    ) as connection:
        yield connection


def test_every_query_finds_rows(release: duckdb.DuckDBPyConnection) -> None:
    assert len(QUERIES) == 9
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


def test_ready_tables_hold_the_figures_of_the_marts(release: duckdb.DuckDBPyConnection) -> None:
    """Each headline of each team and month, where it is complete, and nothing where it is not."""
    columns = [name for name, *_ in release.execute("describe bi.headline_wide").fetchall()]
    headlines = [
        (name, next(c for c in columns if c.startswith(name) and c.removeprefix(name) in ENDINGS))
        for (name,) in release.execute(
            "select indicator_id from marts.dim_indicator where is_headline order by display_order"
        ).fetchall()
    ]
    assert len(headlines) >= 10
    seen = 0
    for indicator, column in headlines:
        compared, different = release.execute(
            f"""
            select count(v.value), count(*) filter (w.{column} is distinct from case when v.period_status <> 'incomplete' then v.value end)
            from marts.indicator_values as v join bi.headline_wide as w on w.int_code = v.area_code and w.month = v.month
            where v.indicator_id = '{indicator}' and v.cohort_id = 'all' and v.period = 'month' and v.area_type = 'int'
            """
        ).fetchone()
        assert different == 0, indicator
        seen += compared
        newest, month = release.execute(
            f"""
            select count(*) filter (n.{column} is distinct from w.{column}), count(*) filter (n.{column}_month <> w.month)
            from bi.team_newest as n join bi.headline_wide as w on w.int_code = n.int_code
            where w.{column} is not null
            and w.month = (select max(month) from bi.headline_wide as x where x.int_code = n.int_code and x.{column} is not null)
            """
        ).fetchone()
        assert (newest, month) == (0, 0)
    assert seen > 1000


def test_readmissions_of_the_ready_table_are_those_of_the_mart(release: duckdb.DuckDBPyConnection) -> None:
    ready = {row[0]: row[1:3] for row in release.execute(QUERIES[7]).fetchall()}
    mart = release.execute(
        """
        select d.hcp_name, sum(r.readmissions), sum(r.discharges)
        from marts.readmissions as r join marts.dim_int as d using (int_code)
        where r.window_days = 30 and r.is_mature and r.period_status <> 'incomplete' and not d.is_special and r.null_reason is null
        group by 1
        """
    ).fetchall()
    assert len(ready) == 4
    assert ready == {name: (readmissions, discharges) for name, readmissions, discharges in mart}


def test_people_are_counted_once(release: duckdb.DuckDBPyConnection) -> None:
    """All ages and sexes of all teams and NO_INT are the ICB; a team's are its list; those of 75 and over divide as the mart does."""
    differing = release.execute(
        """
        with people as (select int_code, month, sum(registered_population) as people from bi.area_population group by all)
        select count(*), count(*) filter (p.people <> v.registered_population)
        from people as p join marts.indicator_values as v on v.area_code = p.int_code and v.month = p.month
        where v.area_type = 'int' and v.indicator_id = 'all_visits' and v.cohort_id = 'all' and v.period = 'month'
        """
    ).fetchone()
    assert differing[0] > 100
    assert differing[1] == 0
    icb = release.execute(
        """
        select count(*) filter (p.people <> v.registered_population), count(*)
        from (select month, sum(registered_population) as people from bi.area_population group by 1) as p
        join marts.indicator_values as v on v.month = p.month
        where v.area_type = 'icb' and v.indicator_id = 'all_visits' and v.cohort_id = 'all' and v.period = 'month'
        """
    ).fetchone()
    assert icb[0] == 0
    assert icb[1] > 12
    old, people = release.execute(
        f"""
        select count(*), count(*) filter (q.people <> m.people) from ({QUERIES[8]}) as q join (
            select int_code, month, sum(age_group_population) as people from (
                select distinct int_code, month, age_group, age_group_population from marts.non_elective_admissions_per_capita
                where age_group in ('75_84', '85_plus')) group by all
        ) as m on m.int_code = q.int_code and m.month = q.month
        """
    ).fetchone()
    assert old > 100
    assert people == 0


def test_pandas_reads_dates_and_numbers(published_home: Path) -> None:
    """From the Parquet files, without a word of conversion: months are dates, figures are numbers."""
    for file in sorted((published_home / "releases" / "current" / "parquet" / "bi").glob("*.parquet")):
        frame = pd.read_parquet(file)
        for name, kind in frame.dtypes.items():
            if name == "month" or (str(name).endswith("month") and not str(name).startswith("months")):
                assert kind.kind == "M", (file.name, name, kind)
            elif kind.kind == "O":
                values = frame[name].dropna()
                assert values.map(lambda value: isinstance(value, str | bool)).all(), (file.name, name)


def test_every_area_of_the_ready_tables_is_in_the_dimension_by_one_key(release: duckdb.DuckDBPyConnection) -> None:
    (areas,) = release.execute("select count(distinct area_key) = count(*) from marts.dim_area").fetchone()
    assert areas
    for table in ("headline_wide", "team_newest", "spc_chart", "readmissions_30_days", "area_population"):
        (lost,) = release.execute(
            f"select count(*) from bi.{table} where area_key is not null and area_key not in (select area_key from marts.dim_area)"
        ).fetchone()
        assert lost == 0, table
