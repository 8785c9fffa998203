"""The scorecard of a team: four columns with their clocks, what is withheld and what nobody sent, one page without scripts."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.indicator_docs import read_seed
from orchestration.publishing.report.changes import months_live_at, whole_months_live
from orchestration.publishing.report.scorecard import (
    COLUMNS,
    MOST_ROWS,
    apart,
    columns_of,
    scorecard_name,
    write_scorecards,
)

THEMES = [theme for _, _, themes in COLUMNS for theme in themes]
FACTS = {"release_id": "2025-10.1", "as_of_delivery": "2025-10", "data_cut": "2025-10-31"}
TABLES = """
create schema marts;
create table marts.dim_int as
    select 'INT 1' as int_code, 'Hill <Team>' as int_name, date '2025-06-01' as go_live_month,
        true as is_current, false as is_special;
create table marts.dim_indicator as select * from (values
    ('staff_enps', 'eNPS', 'points', 'staff', false, 'framework', 'Programme', 'reported_net_promoter', 1),
    ('staff_turnover_pct', 'Turnover', '%', 'staff', false, 'framework', 'Programme', 'reported_proportion', 2),
    ('patient_sleep_mean', 'Sleep', 'points', 'patients', false, 'framework', 'Programme', 'reported_mean', 3),
    ('emergency_admissions', 'Emergency admissions', 'per 100,000', 'emergency_admissions', true, 'C2', 'ICB', 'additive', 40),
    ('spell_bed_days', 'Bed days', 'per 1,000', 'readmissions', false, 'C5', 'ICB', 'additive', 50)
) as t(indicator_id, title, unit, theme, is_headline, source, owner, measure_kind, display_order);
create table marts.indicator_values as
    select *, 'all' as cohort_id, 'int' as area_type, 'INT 1' as area_code, month as period_start, last_day(month) as period_end,
        value - 1 as value_lower_95,
        value + 1 as value_upper_95, 7.5 as comparator_value, 1.0 as numerator, 2.0 as denominator,
        null::double as standardised_value, null::double as target_value,
        null::double as trajectory_value, case when null_reason is null then 'provisional' else 'incomplete' end as period_status
    from (values
        ('staff_enps', date '2025-08-01', 'reported', 12.0, 61.0, null),
        ('staff_enps', date '2025-09-01', 'reported', 20.0, 80.0, null),
        ('patient_sleep_mean', date '2025-09-01', 'reported', null, null, 'withheld_small_numbers'),
        ('staff_turnover_pct', date '2025-09-01', 'reported', null, null, 'not_delivered'),
        ('emergency_admissions', date '2024-09-01', 'rolling_12_months', 8765.0, null, null),
        ('emergency_admissions', date '2025-08-01', 'rolling_12_months', 9111.0, null, null),
        ('emergency_admissions', date '2025-09-01', 'rolling_12_months', 9123.0, null, null),
        ('emergency_admissions', date '2025-09-01', 'month', 801.0, null, null),
        ('spell_bed_days', date '2025-09-01', 'rolling_12_months', 333.0, null, null)
    ) as t(indicator_id, month, period, value, response_pct, null_reason);
create table marts.indicator_spc as
    select 'emergency_admissions' as indicator_id, 'all' as cohort_id, 'int' as area_type, 'INT 1' as area_code, cast(m as date) as month,
        1 as phase
    from range(date '2023-10-01', date '2025-10-01', interval 1 month) as t(m);
create table marts.reported_context as
    select 'staff_turnover_pct' as indicator_id, * , date '2025-09-01' as month, 11.5 as value, 10.0 as target_value,
        date '2028-03-01' as target_month
    from (values
        ('council', 'E06000035', 'Medway'), ('council', 'E07000107', 'Dartford'), ('england', 'ENG', 'England'),
        ('region', 'Y59', 'South East'), ('region', 'Y56', 'London')
    ) as t(area_type, area_code, area_name);
create table marts.team_context as
    select 'INT 1' as int_code, *
    from (values ('council', 'E06000035', 84.0), ('region', 'Y59', 100.0)) as t(area_type, area_code, share_pct);
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        write_scorecards(tmp_path, Warehouse(connection), FACTS)
    (path,) = tmp_path.iterdir()
    assert path.name == scorecard_name("INT 1") == "scorecard-INT_20_1.html"
    return path.read_text(encoding="utf-8")


def write_a_full_scorecard(folder: Path, every: int) -> Path:
    """The catalogue as it is: of its measures each `every`-th is not delivered, and all that can surround a team does."""
    catalogue = [
        row for row in read_seed("indicator_catalogue") if row["theme"] in THEMES or row["is_headline"] == "true"
    ]
    around = [row for row in read_seed("indicator_catalogue") if row["theme"] == "surroundings"]
    months = [date(2025, month, 1) for month in range(1, 10)]
    areas = (("council", "E06000035", "Medway Towns"), ("region", "Y59", "SOUTH EAST"), ("england", "ENG", "ENGLAND"))
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        connection.execute(
            "truncate marts.dim_indicator; truncate marts.indicator_values; truncate marts.reported_context"
        )
        for number, row in enumerate([*catalogue, *around]):
            about = [
                row[name]
                for name in ("indicator_id", "title", "unit", "theme", "is_headline", "source", "owner", "measure_kind")
            ]
            connection.execute("insert into marts.dim_indicator values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*about, number])
            period = "reported" if row["measure_kind"].startswith("reported") else "rolling_12_months"
            if row in catalogue and number % every:
                connection.executemany(
                    "insert into marts.indicator_values select ?, ?, ?, 6543.5 + month(?), 61.5, null, 'all', 'int', 'INT 1', ?, "
                    "last_day(?), 5543.5, 7543.5, 7.5, 1, 2, null, null, null, 'provisional'",
                    [[row["indicator_id"], month, period, month, month, month] for month in months],
                )
        connection.executemany(
            "insert into marts.reported_context values (?, ?, ?, ?, date '2025-09-01', 11.5, 10.0, date '2028-03-01')",
            [[row["indicator_id"], *area] for row in around for area in areas],
        )
        write_scorecards(folder, Warehouse(connection), FACTS)
    return folder / scorecard_name("INT 1")


def columns(page: str) -> dict[str, str]:
    sections = re.findall(r"<section.*?</section>", page, re.DOTALL)
    return {title: section for (title, _, _), section in zip(COLUMNS, sections, strict=True)}


def test_four_columns_with_their_clocks_newest_value_and_past(page: str) -> None:
    found = columns(page)
    staff = found["Staff activation"]
    assert "<strong>20.0</strong> points (19.0 to 21.0)" in staff
    assert "· in Aug 2025 12.0" in staff and "before 12.0" not in staff, (
        "the team is live since June: `before` is not August"
    )
    assert "80.0 % answered" in staff
    assert "rest of the ICB 7.50" in staff
    assert "after 1 month." in staff
    assert "Live since June 2025, 5 months." in page
    assert "after 6 months: too early to tell" in found["Health improvement"]
    demand = found["Demand reduction"]
    assert "9,123" in demand
    assert "12 months to Sep 2025 (provisional) · the year before 8,765" in demand
    assert "9,111" not in demand, "eleven of its months are those of the newest year"
    assert "801" not in demand
    assert "333" not in demand


def test_a_year_recorded_another_way_stands_beside_none(tmp_path: Path) -> None:
    """As on the team's page (E9): the two years lie in two phases."""
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        connection.execute("update marts.indicator_spc set phase = 2 where month >= date '2025-01-01'")
        write_scorecards(tmp_path, Warehouse(connection), FACTS)
    demand = columns(next(tmp_path.iterdir()).read_text(encoding="utf-8"))["Demand reduction"]
    assert "9,123" in demand and "the year before" not in demand


def test_headlines_come_in_the_catalogues_order_and_what_is_left_out_is_named() -> None:
    names = [f"i{n:02d}" for n in range(MOST_ROWS + 2)]
    catalogue = [
        {
            "indicator_id": name,
            "title": name.upper(),
            "owner": "",
            "theme": "",
            "is_headline": True,
            "measure_kind": "additive",
        }
        for name in reversed(names)
    ]
    figure = dict.fromkeys(
        ("unit", "value_lower_95", "value_upper_95", "comparator_value", "response_pct", "null_reason")
    )
    figure |= {"period": "rolling_12_months", "period_status": "final", "value": 1.0}
    when = {"month": date(2025, 9, 1), "period_end": date(2025, 9, 30)}
    rows = [{"indicator_id": name, "title": name.upper(), **figure, **when} for name in names]
    demand = columns_of(rows, catalogue, {}, {})[-1]
    assert [line.title for line in demand.lines] == [name.upper() for name in reversed(names)][:MOST_ROWS]
    assert demand.more == ["I01", "I00"]
    assert not demand.missing


def test_months_live_are_whole_months_with_that_of_go_live() -> None:
    """The rule of the team's page (E16's worked case): August to September are two months; a month that is not over is none."""
    live = date(2025, 8, 1)
    assert months_live_at(date(2025, 9, 30), live) == whole_months_live(date(2025, 9, 1), live) == 2
    assert months_live_at(date(2025, 9, 29), live) == 1
    assert months_live_at(date(2025, 7, 31), live) is None
    assert months_live_at(date(2025, 7, 31), None) is None


def test_periods_that_share_days_or_differ_in_length_are_no_past() -> None:
    """Rolling years by quarter: beside the newest stands the year before it; a month beside quarters is none of them."""
    ends = [
        date(2023, 9, 30),
        date(2024, 3, 31),
        date(2024, 6, 30),
        date(2024, 9, 30),
        date(2025, 6, 30),
        date(2025, 9, 30),
    ]
    years = [{"period_start": date(end.year - 1, end.month + 1, 1), "period_end": end} for end in ends]
    assert [row["period_end"].year for row in apart(years)] == [2023, 2024, 2025]
    quarter = {"period_start": date(2025, 4, 1), "period_end": date(2025, 6, 30)}
    months = [
        {"period_start": date(2025, month, 1), "period_end": date(2025, month, last)}
        for month, last in ((2, 28), (3, 31), (7, 31))
    ]
    assert apart([*months[:2], quarter, months[2]]) == months
    assert apart([*months[:2], quarter]) == [quarter]


def test_what_is_withheld_or_was_not_sent_is_said(page: str) -> None:
    found = columns(page)
    assert "withheld: few answered" in found["Patient activation"]
    assert "Not delivered: Turnover (Programme)" in found["Staff activation"]
    assert "Nothing has been delivered" in found["Health improvement"]


def a_page(folder: Path, changes: str) -> str:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        connection.execute(changes)
        write_scorecards(folder, Warehouse(connection), FACTS)
    return next(folder.iterdir()).read_text(encoding="utf-8")


def test_what_came_and_makes_no_figure_is_not_called_missing(tmp_path: Path) -> None:
    """A practice that did not send, a history that is too short and parts that do not add up are no delivery that lacks."""
    found = columns(
        a_page(
            tmp_path,
            "update marts.indicator_values set period_status = 'incomplete' where indicator_id = 'staff_enps';"
            "update marts.indicator_values set value = null, period_status = 'incomplete', null_reason = 'history_too_short' "
            "where indicator_id = 'emergency_admissions'",
        )
    )
    assert "Not known: eNPS (incomplete)" in found["Staff activation"]
    assert "Not delivered: Turnover (Programme)" in found["Staff activation"]
    assert "Not known: Emergency admissions (history too short)" in found["Demand reduction"]
    assert "elivered" not in found["Demand reduction"]


def test_a_demand_that_nobody_sent_is_not_asked_of_reported_measures(tmp_path: Path) -> None:
    found = columns(a_page(tmp_path, "delete from marts.indicator_values where period <> 'reported'"))
    assert "Nothing has been delivered. It is counted in the extracts" in found["Demand reduction"]
    assert "reported_measures" not in found["Demand reduction"]
    assert "reported_measures" in found["Health improvement"]


def test_what_is_published_for_the_icb_alone_surrounds_its_teams(tmp_path: Path) -> None:
    page = a_page(
        tmp_path,
        "update marts.indicator_values set null_reason = 'published_for_icb_only' where indicator_id = 'staff_turnover_pct';"
        "insert into marts.indicator_values by name select * replace ('icb' as area_type, 'QKS' as area_code, 9.4 as value, "
        "null as null_reason) from marts.indicator_values where indicator_id = 'staff_turnover_pct';"
        "insert into marts.indicator_values by name select * replace ('icb' as area_type, 'QKS' as area_code, 33.3 as value) "
        "from marts.indicator_values where indicator_id = 'staff_enps'",
    )
    assert "the ICB <strong>9.40</strong>, England" in page
    assert "33.3" not in page, "of what teams have, the rest of the ICB stands beside their own"
    assert "Not known: Turnover (published for icb only)" in page


def test_two_codes_of_one_region_that_say_the_same_are_said_once(tmp_path: Path) -> None:
    page = a_page(
        tmp_path,
        "insert into marts.reported_context by name "
        "select * replace ('E12000008' as area_code, 'SOUTH EAST' as area_name, 11.501 as value) "
        "from marts.reported_context where area_code = 'Y59';"
        "insert into marts.team_context values ('INT 1', 'region', 'E12000008', 100.0)",
    )
    assert page.count("South East") == 1


def test_it_needs_no_script_and_no_request_and_escapes_names(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"https?:", page)
    assert "Hill &lt;Team&gt;" in page
    assert "Medway" in page
    assert "10.0 by Mar 2028" in page


def test_only_what_surrounds_the_team_is_its_context(page: str) -> None:
    """A council in which few of its people live is not the team's, nor another region; England is everybody's."""
    assert all(name in page for name in ("Medway", "South East", "England"))
    assert not any(name in page for name in ("Dartford", "London"))
    assert page.count("Turnover, Sep 2025") == 1, "one line for each measure, its areas side by side"
