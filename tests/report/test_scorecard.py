"""The scorecard of a team: four columns with their clocks, what is withheld and what nobody sent, one page without scripts."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from orchestration.publishing.report.changes import whole_months_live
from orchestration.publishing.report.scorecard import COLUMNS, _months_live, scorecard_name, write_scorecards

FACTS = {"release_id": "2025-10.1", "as_of_delivery": "2025-10", "data_cut": "2025-10-31"}
TABLES = """
create schema marts;
create table marts.dim_int as
    select 'INT 1' as int_code, 'Hill <Team>' as int_name, date '2025-06-01' as go_live_month,
        true as is_current, false as is_special;
create table marts.dim_indicator as select * from (values
    ('staff_enps', 'eNPS', 'points', 'staff', false, 'framework', 'Programme', 'reported_net_promoter'),
    ('staff_turnover_pct', 'Turnover', '%', 'staff', false, 'framework', 'Programme', 'reported_proportion'),
    ('patient_sleep_mean', 'Sleep', 'points', 'patients', false, 'framework', 'Programme', 'reported_mean'),
    ('emergency_admissions', 'Emergency admissions', 'per 100,000', 'emergency_admissions', true, 'C2', 'ICB', 'additive'),
    ('spell_bed_days', 'Bed days', 'per 1,000', 'readmissions', false, 'C5', 'ICB', 'additive')
) as t(indicator_id, title, unit, theme, is_headline, source, owner, measure_kind);
create table marts.indicator_values as
    select *, 'all' as cohort_id, 'int' as area_type, 'INT 1' as area_code, last_day(month) as period_end, value - 1 as value_lower_95,
        value + 1 as value_upper_95, 7.5 as comparator_value, 'final' as period_status
    from (values
        ('staff_enps', date '2025-08-01', 'reported', 12.0, 61.0, null),
        ('staff_enps', date '2025-09-01', 'reported', 20.0, 80.0, null),
        ('patient_sleep_mean', date '2025-09-01', 'reported', null, null, 'withheld_small_numbers'),
        ('staff_turnover_pct', date '2025-09-01', 'reported', null, null, 'not_delivered'),
        ('emergency_admissions', date '2025-09-01', 'rolling_12_months', 9123.0, null, null),
        ('emergency_admissions', date '2025-09-01', 'month', 801.0, null, null),
        ('spell_bed_days', date '2025-09-01', 'rolling_12_months', 333.0, null, null)
    ) as t(indicator_id, month, period, value, response_pct, null_reason);
create table marts.reported_context as
    select 'staff_turnover_pct' as indicator_id, * , date '2025-09-01' as month, 11.5 as value, 10.0 as target_value,
        date '2028-03-01' as target_month
    from (values
        ('council', 'E06000035', 'Medway'), ('council', 'E07000107', 'Dartford'), ('england', 'ENG', 'England')
    ) as t(area_type, area_code, area_name);
create table marts.team_context as
    select 'INT 1' as int_code, 'council' as area_type, 'E06000035' as area_code, 84.0 as share_pct;
"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        write_scorecards(tmp_path, SimpleNamespace(connection=connection), FACTS)  # type: ignore[arg-type]
    (path,) = tmp_path.iterdir()
    assert path.name == scorecard_name("INT 1") == "scorecard-INT_20_1.html"
    return path.read_text(encoding="utf-8")


def columns(page: str) -> dict[str, str]:
    sections = re.findall(r"<section.*?</section>", page, re.DOTALL)
    return {title: section for (title, _, _), section in zip(COLUMNS, sections, strict=True)}


def test_four_columns_with_their_clocks_newest_value_and_past(page: str) -> None:
    found = columns(page)
    staff = found["Staff activation"]
    assert "<strong>20.0</strong> points (19.0 to 21.0)" in staff
    assert "before 12.0" in staff
    assert "80.0 % answered" in staff
    assert "rest of the ICB 7.50" in staff
    assert "after 1 month." in staff
    assert "Live since June 2025, 5 months." in page
    assert "after 6 months: too early to tell" in found["Health improvement"]
    demand = found["Demand reduction"]
    assert "9,123" in demand
    assert "801" not in demand
    assert "333" not in demand


def test_months_live_are_whole_months_with_that_of_go_live() -> None:
    """The rule of the team's page (E16's worked case): August to September are two months; a month that is not over is none."""
    live = date(2025, 8, 1)
    assert _months_live(live, date(2025, 9, 30)) == whole_months_live(date(2025, 9, 1), live) == 2
    assert _months_live(live, date(2025, 9, 29)) == 1
    assert _months_live(live, date(2025, 7, 31)) is None
    assert _months_live(None, date(2025, 7, 31)) is None


def test_what_is_withheld_or_was_not_sent_is_said(page: str) -> None:
    found = columns(page)
    assert "withheld: few answered" in found["Patient activation"]
    assert "Not delivered: Turnover (Programme)" in found["Staff activation"]
    assert "Nothing has been delivered" in found["Health improvement"]


def test_it_needs_no_script_and_no_request_and_escapes_names(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"https?:", page)
    assert "Hill &lt;Team&gt;" in page
    assert "Medway" in page
    assert "10.0 by Mar 2028" in page


def test_only_what_surrounds_the_team_is_its_context(page: str) -> None:
    """A council in which few of its people live is not the team's; England is everybody's."""
    assert "Medway" in page
    assert "England" in page
    assert "Dartford" not in page
