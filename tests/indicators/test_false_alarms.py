"""Laws of the words: no calendar month is signalled more than another, and season makes no more signals than there are without it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from tests.indicators.false_alarms import FLAT, SEASON, chart_table, draw_world, how_soon, judged, month_table, signals


def months_differ(compiled, months: int, season: np.ndarray, seeds: range) -> float:
    """p of the chi-square test that signals of teams fall on calendar months alike; a month's points share its chance, a run its months,
    so that only small values say anything."""
    found = signals(judged(compiled, [draw_world(f"x{seed}", seed, months, season) for seed in seeds]))
    table = month_table(found[found["area_type"] == "int"])
    assert table["signalled"].sum() > 30, "too few signals to tell"
    return chi2_contingency(np.column_stack([table["signalled"], table["judged"] - table["signalled"]])).pvalue


def test_no_calendar_month_is_signalled_more_than_another(compiled) -> None:
    assert months_differ(compiled, 38, SEASON, range(4)) > 1e-4


def test_the_law_can_fail(compiled) -> None:
    """The same winters, judged as if there were none (a history too short to know them, with runs left in)."""
    bench = judged(compiled, [draw_world(f"x{seed}", seed, 38, SEASON) for seed in range(4)])
    bench.connection.execute("update indicators.season_factors set season_factor = 1.0, season_basis = 'none'")
    bench.run("indicators.process_points", "indicators.process_limits", "indicators.process_signals")
    table = month_table(signals(bench))
    assert chi2_contingency(np.column_stack([table["signalled"], table["judged"] - table["signalled"]])).pvalue < 1e-6


@pytest.mark.attack
@pytest.mark.parametrize("months", [26, 38])
def test_season_makes_hardly_more_signals_than_none(compiled, months: int) -> None:
    """Definitions E15: at most 1.1 times as many as flat for teams, 1.5 times for partnerships and the ICB. The ICB makes its own factors,
    and a month of year seen three times keeps more of its chance than one seen twice: at 26 months its 3 % become 8 % (docs/words.md)."""
    flat, seasonal = (1 - chart_table(compiled, months, season, 60)["none"] for season in (FLAT, SEASON))
    assert seasonal["int"] <= 1.1 * flat["int"]
    assert seasonal["hcp"] <= 1.5 * flat["hcp"]
    assert seasonal["icb"] <= (0.1 if months == 26 else 1.5 * flat["icb"])
    assert months_differ(compiled, months, SEASON, range(20)) > 1e-4


@pytest.mark.attack
def test_a_fall_of_ten_per_cent_is_found_as_often_and_as_soon(compiled) -> None:
    """Definitions E15: as often as without season, less 5 points, and within one month as early."""
    flat, seasonal = (how_soon(compiled, season, 10, (10.0,), upto=7) for season in (FLAT, SEASON))
    assert (seasonal[6] >= flat[6] - 0.05).all()
    for after in range(2, 7):
        assert (seasonal[after + 1] >= flat[after] - 0.05).all(), after
