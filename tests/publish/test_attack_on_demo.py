"""The public folder of a published demo under attack: 42 teams, the real catalogue, figures that nobody arranged; and one that we did."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration import publishing as publish
from orchestration.foundation.settings import Settings
from orchestration.publishing import public
from orchestration.publishing.protection import protect
from tests.publish.attacker import Attack, Hidden
from tests.publish.fixture_warehouse import open_verdict

SAMPLED = 8
MEASURE = "gp_referrals_ers"


def public_folder(home: Path) -> Path:
    return (home / "releases_public" / "current").resolve()


@pytest.mark.slow
def test_a_sample_of_what_the_demo_hides_cannot_be_found(published_home: Path) -> None:
    attack = Attack([public_folder(published_home)])
    cells = list(attack.hidden)
    assert len(cells) > 100
    assert attack.successes(cells[:: len(cells) // SAMPLED]) == []


@pytest.mark.attack
def test_nothing_that_the_demo_hides_can_be_found(published_home: Path) -> None:
    assert Attack([public_folder(published_home)]).successes() == []


def corner_a_team(warehouse: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """One referral of one team, 13 of two others of its partnership, none of the rest, all in the last month.

    They are shown as a star, 15, 15 and together 25, which leaves 0 or 1 for the star: too few. Gives the team and the month.
    """
    [(partnership, month)] = warehouse.execute(
        "select min(hcp_code), (select strftime(max(month), '%Y-%m') from marts.indicator_values) from marts.dim_int"
    ).fetchall()
    warehouse.execute(
        f"""
        create temp table planted as
        select int_code, [1, 13, 13][row_number() over (order by int_code)] as referrals
        from marts.dim_int where hcp_code = '{partnership}';
        create temp table areas as
        select int_code, 'int' as area_type, int_code as area_code from marts.dim_int
        union all select int_code, 'pcn', pcn_code from marts.dim_int union all select int_code, 'hcp', hcp_code from marts.dim_int
        union all select int_code, 'icb', area_code from marts.dim_int, marts.dim_area where area_type = 'icb';
        create temp table new_months as
        select areas.area_type, areas.area_code, figures.month, sum(case
            when planted.int_code is null then figures.numerator
            when figures.month = date '{month}-01' then coalesce(planted.referrals, 0) else 0 end) as numerator
        from marts.indicator_values as figures
        inner join areas on figures.area_type = 'int' and figures.area_code = areas.int_code
        left join planted on areas.int_code = planted.int_code
        where figures.indicator_id = '{MEASURE}' and figures.cohort_id = 'all' and figures.period = 'month'
        group by all;
        update marts.indicator_values set numerator = new_months.numerator from new_months
        where indicator_values.indicator_id = '{MEASURE}' and cohort_id = 'all' and period = 'month'
            and indicator_values.area_type = new_months.area_type and indicator_values.area_code = new_months.area_code
            and indicator_values.month = new_months.month;
        update marts.indicator_values set numerator = windows.numerator from (
            select ends.area_type, ends.area_code, ends.month, sum(months.numerator) as numerator
            from new_months as ends inner join new_months as months
                on ends.area_type = months.area_type and ends.area_code = months.area_code
                and months.month > ends.month - interval 12 month and months.month <= ends.month
            group by all) as windows
        where indicator_values.indicator_id = '{MEASURE}' and cohort_id = 'all' and period = 'rolling_12_months'
            and indicator_values.area_type = windows.area_type and indicator_values.area_code = windows.area_code
            and indicator_values.month = windows.month and indicator_values.numerator is not null;
        """
    )
    [(team,)] = warehouse.execute("select int_code from planted where referrals = 1").fetchall()
    return team, month


@pytest.fixture
def publish_cornered(published_home: Path, tmp_path: Path) -> Callable[[str], tuple[Path, Hidden]]:
    """Publish the demo with a cornered count, into a home with no release before it."""

    def publish_into(name: str) -> tuple[Path, Hidden]:
        home = tmp_path / name
        for part in ("warehouse", "dbt"):
            shutil.copytree(published_home / part, home / part)
        settings = Settings(home=home, threads=1)
        with duckdb.connect(str(settings.paths.warehouse_file)) as warehouse:
            team, month = corner_a_team(warehouse)
        publish.publish(settings, "2025-10", open_verdict(settings))
        folder = public_folder(home)
        return folder, Hidden(folder.name, MEASURE, f"int {team}", month)

    return publish_into


@pytest.mark.attack
def test_a_cornered_count_of_the_demo_is_found_only_without_complementary_suppression(
    publish_cornered: Callable[[str], tuple[Path, Hidden]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cell = publish_cornered("protected")
    attack = Attack([folder])
    cells = [found for found in attack.hidden if found.measure == MEASURE]
    assert cell in cells
    assert attack.successes(cells) == []
    with monkeypatch.context() as patch:
        patch.setattr(
            public,
            "protect",
            lambda new, earlier, relations: protect(new, earlier, relations, with_complementary=False),
        )
        folder, cell = publish_cornered("careless")
    assert cell in Attack([folder]).successes([cell])
