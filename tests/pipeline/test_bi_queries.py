"""The queries of docs/connect-bi.md give the figures of the marts: what people copy from there cannot be summed wrongly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import psycopg
import pytest
from pydantic import SecretStr

from orchestration.foundation.settings import load_settings
from orchestration.publishing.postgres import publish_to_postgres
from tests.conftest import PROJECT_ROOT
from tests.postgres_server import postgres_server

pytestmark = pytest.mark.slow

PAGE = (PROJECT_ROOT / "docs" / "connect-bi.md").read_text(encoding="utf-8")
ENDINGS = ("", "_gbp", "_pct", "_per_1000", "_per_100000")
QUERIES = [block.split("```")[0] for block in PAGE.split("```sql\n")[1:]]
EMERGENCY, YEAR, READMISSIONS, NEWEST, CHART, _, _, READY_CHART, READY_READMISSIONS, OVER_75 = QUERIES


@pytest.fixture(scope="module")
def release(published_home: Path):
    with duckdb.connect(
        str(published_home / "releases" / "current" / "int_marts.duckdb"), read_only=True
    ) as connection:
        yield connection


def test_every_query_finds_rows(release: duckdb.DuckDBPyConnection) -> None:
    for query in QUERIES:
        assert release.execute(query).fetchall(), query


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_every_query_says_the_same_on_postgresql(release: duckdb.DuckDBPyConnection, published_home: Path) -> None:
    with postgres_server() as socket_folder:
        dsn = f"host={socket_folder} user=int_marts dbname=postgres"
        publish_to_postgres(load_settings(home=published_home).model_copy(update={"postgres_dsn": SecretStr(dsn)}))
        with psycopg.connect(dsn) as server:
            for query in QUERIES:
                assert alike(server.execute(query).fetchall()) == alike(release.execute(query).fetchall()), query


def alike(rows: list[tuple]) -> list[list[str]]:
    """In no order (servers sort words each in their own way), numbers of any kind as floats."""
    numbers = (int, float, Decimal)
    return sorted(
        [f"{float(v):.9g}" if isinstance(v, numbers) and not isinstance(v, bool) else str(v) for v in row]
        for row in rows
    )


@pytest.mark.parametrize(
    ("query", "month", "period"), [(EMERGENCY, "month", "month"), (YEAR, "last_month", "rolling_12_months")]
)
def test_emergency_admissions_are_those_of_the_indicator(
    release: duckdb.DuckDBPyConnection, query: str, month: str, period: str
) -> None:
    """Each month's, and the year's over the mean of its lists; of complete months of teams and of nothing else."""
    rows, compared, different = release.execute(
        f"""
        select count(*), count(v.value), count(*) filter (
            abs(q.admissions_per_1000 * 100 - v.value) > 1e-6 or q.admissions <> v.numerator or v.period_status = 'incomplete')
        from ({query}) as q left join marts.indicator_values as v
          on v.area_code = q.int_code and v.month = q.{month} and v.area_type = 'int' and v.period = '{period}'
         and v.cohort_id = 'all' and v.indicator_id = 'emergency_admissions'
        """
    ).fetchone()
    assert rows == compared > (100 if period == "month" else 10)
    assert different == 0


def test_a_year_beside_a_newest_month_is_a_whole_one(release: duckdb.DuckDBPyConnection) -> None:
    twice, compared = release.execute(
        f"select count(*) - count(distinct area_code), count(value_12_months) from ({NEWEST})"
    ).fetchone()
    assert twice == 0
    assert compared > 10


def test_readmissions_are_those_of_the_indicator_and_of_the_ready_table(release: duckdb.DuckDBPyConnection) -> None:
    """Both leave out the months before a year of admitted care lies behind them (E3), of which the mart has counts."""
    (unknown,) = release.execute(
        "select sum(discharges) from marts.readmissions where is_mature and null_reason = 'history_too_short' and window_days = 30"
    ).fetchone()
    assert unknown > 0
    pairs = release.execute(
        f"""
        with months as (
            select area_code, sum(numerator) as readmissions, sum(denominator) as discharges from marts.indicator_values
            where area_type = 'hcp' and period = 'month' and cohort_id = 'all' and indicator_id = 'readmissions_30d'
              and value is not null and period_status <> 'incomplete'
            group by 1
        )
        select q.readmissions, q.discharges, m.readmissions, m.discharges, r.readmissions, r.discharges
        from ({READMISSIONS}) as q
        join months as m on m.area_code = q.hcp_code
        join marts.dim_area as a on a.area_type = 'hcp' and a.area_code = q.hcp_code
        join ({READY_READMISSIONS}) as r on r.hcp_name = a.area_name
        """
    ).fetchall()
    assert len(pairs) == 4
    assert sum(mart for mart, *_ in pairs) > 0
    assert [pair[:2] for pair in pairs] == [pair[2:4] for pair in pairs] == [pair[4:] for pair in pairs]


def test_both_charts_draw_what_was_judged(release: duckdb.DuckDBPyConnection) -> None:
    """The adjusted value between limits made for it, of complete months; no verdict where there was none."""
    drawn = ("month", "adjusted_value", "centre_line", "lower_process_limit", "upper_process_limit")
    lines = [
        release.execute(f"select {', '.join(drawn)} from ({query}) order by month").fetchall()
        for query in (CHART, READY_CHART)
    ]
    assert [row[1:] for row in lines[0]] == [row[1:] for row in lines[1]]
    adjusted, unfinished = release.execute(
        f"""
        select count(*) filter (abs(c.adjusted_value - c.value) > 1e-9), count(*) filter (s.period_status = 'incomplete')
        from ({CHART}) as c join marts.indicator_spc as s on s.month = c.month and s.adjusted_value = c.adjusted_value
        where s.indicator_id = 'all_visits' and s.area_type = 'icb'
        """
    ).fetchone()
    assert adjusted > 0
    assert unfinished == 0
    judged, unjudged, wrong = release.execute(
        """
        select count(b.variation), count(*) - count(b.variation), count(*) filter (b.variation <> s.variation)
        from bi.spc_chart as b join marts.indicator_spc as s
          on s.indicator_id = b.indicator_id and s.area_type = b.area_type and s.area_code = b.area_code and s.month = b.month
        """
    ).fetchone()
    assert judged > 100
    assert unjudged > 100
    assert wrong == 0


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
    ready = {row[0]: row[1:3] for row in release.execute(READY_READMISSIONS).fetchall()}
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
        select count(*), count(*) filter (q.people <> m.people) from ({OVER_75}) as q join (
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
