"""What somebody adds who has read `docs/adding-an-indicator.md` and nothing else: one measure file, one catalogue row, one cohort row.

A copy of the project gets the three and refreshes a small demo to a release; the indicator must be wherever indicators are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.house.test_new import COHORT as NEW_COHORT
from tests.house.test_new import INDICATOR as NEW_INDICATOR
from tests.house.test_new import copy_of_project, run_in

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("additions")]
DEMO = ("--people", "3000", "--months", "14", "--to", "2025-10", "--deliveries", "1", "--seed", "5")
MARTS = (
    "marts.indicator_values",
    "as_at.indicator_values",
    "marts.indicator_spc",
    "marts.indicator_funnel",
    "marts.dim_indicator",
)
INDICATOR, COHORT = "night_ae_attendances", "age_15_24"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the release that the changed project published."""
    project = copy_of_project(tmp_path_factory.mktemp("additions") / "project")
    home = project.parent / "data"
    for arguments in (NEW_INDICATOR, NEW_COHORT, ("checks",), ("demo", *DEMO), ("refresh", "--json")):
        done = run_in(project, *arguments)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return home / "releases" / "current"


@pytest.fixture(scope="module")
def marts(release: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(release / "int_marts.duckdb"), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("mart", MARTS)
def test_the_indicator_is_in_every_mart(marts: duckdb.DuckDBPyConnection, mart: str) -> None:
    assert marts.execute(f"select count(*) from {mart} where indicator_id = ?", [INDICATOR]).fetchone()[0] > 0


def test_its_figures_are_those_of_the_events(marts: duckdb.DuckDBPyConnection) -> None:
    """A part of all unplanned attendances, and the same part for the ICB as for its teams together."""
    night, whole, icb = marts.execute(
        """
        select
            sum(numerator) filter (indicator_id = ? and area_type = 'int'),
            sum(numerator) filter (indicator_id = 'ae_attendances_unplanned' and area_type = 'int'),
            sum(numerator) filter (indicator_id = ? and area_type = 'icb')
        from marts.indicator_values where cohort_id = 'all' and period = 'month'
        """,
        [INDICATOR, INDICATOR],
    ).fetchone()
    assert 0 < night < whole
    assert icb >= night


def test_it_is_in_the_dictionary_the_workbook_and_the_report(release: Path) -> None:
    assert INDICATOR in (release / "dictionary.csv").read_text(encoding="utf-8")
    assert "A&amp;E attendances at night" in (release / "dictionary.html").read_text(encoding="utf-8")
    pages = [path.read_text(encoding="utf-8") for path in sorted((release / "report").rglob("*.html"))]
    assert sum("A&amp;E attendances at night" in page for page in pages) > 1
    assert (release / "int_marts.xlsx").stat().st_size > 0


def test_the_cohort_is_worked_out_and_described(marts: duckdb.DuckDBPyConnection) -> None:
    assert marts.execute("select title from marts.dim_cohort where cohort_id = ?", [COHORT]).fetchone() == (
        "Aged 15 to 24",
    )
    found = marts.execute(
        "select count(distinct indicator_id), count(value) from marts.indicator_values where cohort_id = ?", [COHORT]
    ).fetchone()
    assert found[0] > 5
    assert found[1] > 0
    both = marts.execute(
        "select count(*) from marts.indicator_values where cohort_id = ? and indicator_id = ?", [COHORT, INDICATOR]
    ).fetchone()
    assert both[0] > 0
