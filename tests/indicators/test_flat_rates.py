"""Where nothing changes nothing is called a change more often than the rules themselves promise: in charts, classes and sentences.

The figures go through the project's own SQL and the report's own wording, one delivery a month, the newest month always half there.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import binom

from orchestration.publishing.report import wording
from orchestration.publishing.report.data import Indicator, Point
from tests.indicators.flat_rates import INDICATORS, MONTHS, TEAMS, chance_of_a_signal, delivered, draw
from tests.indicators.harness import Bench

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flat_rates")]
DELIVERIES = range(MONTHS - 3, MONTHS)
ONE_IN = 1e-4
"""How rarely a bound may be broken by chance; the draws are fixed, so that it either is or is not."""
NO_TARGETS = (
    "select '' as indicator_id, '' as cohort_id, '' as area_type, '' as area_code, date '2000-01-01' as month, '' as period, "
    "0.0 as target_value where false"
)
NO_RATES = (
    "select '' as indicator_id, '' as cohort_id, '' as boundary, '' as area_type, '' as area_code, date '2000-01-01' as month, "
    "'' as period, 0.0::double as events_standardised where false"
)
NO_REPORTS = (
    "select indicator_id, cohort_id, area_type, area_code, month, value, denominator, 0 as replies, period_status, boundary, "
    "true as is_monthly from indicators.indicator_figures where false"
)
# every month has the same days and no season is drawn: both are known, and 1
NO_CALENDAR = "select distinct indicator_id, month, 1.0 as calendar_factor from indicators.indicator_figures"
NO_SEASON = (
    "select indicator_id, unnest(range(1, 13))::integer as month_of_year, 1.0 as season_factor, 'none' as season_basis "
    "from (select distinct indicator_id from indicators.indicator_figures)"
)
NO_REBASINGS = (
    "select '' as indicator_id, '' as area_type, '' as area_code, date '2000-01-01' as month, '' as reason where false"
)


def at_most(marked: int, of: int, probability: float) -> None:
    """`marked` of `of` independent chances is no more than the probability allows."""
    allowed = binom.ppf(1 - ONE_IN, of, probability)
    assert marked <= allowed, (
        f"{marked} of {of} ({marked / of:.2%}); a chance of {probability:.2%} allows {allowed:.0f}"
    )


@pytest.fixture(scope="module", params=DELIVERIES)
def delivery(request: pytest.FixtureRequest, compiled: Path) -> Bench:
    """The marts of one delivery; `request.param` is the number of its month."""
    flat = draw(seed=20261122)
    bench = Bench(compiled).give("indicators.indicator_figures", delivered(flat, request.param))
    cut = flat.months[request.param] + pd.offsets.MonthEnd()
    levels = pd.DataFrame(
        [
            ("marts", flat.months[request.param].date(), f"P{team}", kind, code)
            for team, parent in TEAMS.items()
            for kind, code in (("int", team), ("hcp", parent), ("icb", "Q"))
        ],
        columns=["boundary", "month", "practice_code", "area_type", "area_code"],
    )
    bench.seed("indicator_catalogue").seed("indicator_targets").give("intermediate.practice_levels", levels)
    bench.give(
        "intermediate.build", f"select 'Q' as icb_code, date '{cut:%Y-%m-%d}' as data_cut, 0 as anticipation_months"
    )
    bench.give("intermediate.team_go_lives", "select '' as int_code, null::date as go_live_month where false")
    bench.give("indicators.process_rebasings", NO_REBASINGS).give("indicators.indicator_target_lines", NO_TARGETS)
    bench.give("indicators.standardised_rates", NO_RATES)
    bench.give(
        "indicators.indicator_cohorts",
        "select indicator_id, 'all' as cohort_id, limits from seeds.indicator_catalogue",
    )
    bench.give("indicators.reported_figures", NO_REPORTS)
    bench.give("indicators.calendar_factors", NO_CALENDAR).give("indicators.season_factors", NO_SEASON)
    bench.run(
        "indicators.process_months",
        "indicators.process_points",
        "indicators.process_limits",
        "indicators.process_signals",
        "marts.indicator_spc",
    )
    bench.run(
        "indicators.change_months",
        "indicators.change_periods",
        "indicators.change_comparators",
        "indicators.change_dispersion",
        "marts.indicator_change",
    )
    return bench.run("indicators.funnel_points", "marts.indicator_funnel")  # fmt: skip


def series_of(bench: Bench) -> dict[tuple[str, str], list[Point]]:
    """(indicator, team) → its points as the report reads them."""
    rows = bench.connection.execute(
        "select f.indicator_id, f.area_code, f.month, f.numerator, f.denominator, f.value, null, null, null, f.period_status, null, "
        "s.adjusted_value, s.season_basis, s.centre_line, s.lower_process_limit, s.upper_process_limit, s.special_cause, s.variation, "
        "s.assurance, s.phase, s.phase_reason "
        "from indicators.indicator_figures as f join marts.indicator_spc as s using (indicator_id, area_type, area_code, month) "
        "where f.period = 'month' and f.area_type = 'int' order by all"
    ).fetchall()
    series: dict[tuple[str, str], list[Point]] = {}
    for indicator, area, *rest in rows:
        series.setdefault((indicator, area), []).append(Point(*rest))
    return series


def described(bench: Bench) -> dict[str, Indicator]:
    rows = bench.connection.execute(
        "select indicator_id, title, multiplier, polarity, unit from seeds.indicator_catalogue"
    ).fetchall()
    return {row[0]: Indicator(row[0], row[1], "", row[2], row[3], {"unit": row[4]}) for row in rows}


def test_the_newest_month_is_never_a_fall(delivery: Bench) -> None:
    """Half of its events are still to come; on the chart it stands, and nothing is said of it."""
    newest = delivery.rows(
        "select * from marts.indicator_spc qualify month = max(month) over (partition by indicator_id, area_code)"
    )
    assert len(newest) == len(INDICATORS) * (len(TEAMS) + 5)
    assert (newest["value"] < newest["centre_line"]).mean() > 0.5
    assert set(newest["special_cause"]) == {"none"}
    assert set(newest["variation"]) == {"common_cause"}
    indicators = described(delivery)
    for (indicator, _), points in series_of(delivery).items():
        verdict = wording.judge(indicators[indicator], points)
        assert verdict.month == points[-2].month
        assert wording.month_name(points[-1].month) not in verdict.this_month + verdict.twelve_months


def test_sentences_name_a_change_as_rarely_as_the_rules_promise(delivery: Bench) -> None:
    indicators = described(delivery)
    said: Counter = Counter()
    series = series_of(delivery)
    for (indicator, _), points in series.items():
        verdict = wording.judge(indicators[indicator], points)
        said[verdict.variation] += 1
        assert bool(re.search("improvement|concern", verdict.this_month)) is (
            verdict.variation in ("improvement", "concern")
        )
    assert said["unknown"] == 0
    last, _ = chance_of_a_signal(len(next(iter(series.values()))) - 1)
    at_most(said["improvement"] + said["concern"] + said["neither"], len(series), last)


def test_charts_mark_a_month_as_rarely_as_the_rules_promise(delivery: Bench) -> None:
    """By series, because months in one run are marked together: the mean share of marked months is that of the rules."""
    marked = delivery.rows(
        "select area_type, avg((special_cause <> 'none')::int) as marked, count(distinct (indicator_id, area_code)) as series "
        "from marts.indicator_spc where period_status <> 'incomplete' and centre_line is not null group by area_type"
    ).set_index("area_type")
    points = int(delivery.rows("select count(distinct month) - 1 as points from marts.indicator_spc")["points"].iloc[0])
    _, anywhere = chance_of_a_signal(points)
    for area_type, row in marked.iterrows():
        # a marked run is seven months or more: as many independent chances as there are runs
        at_most(round(row["marked"] * row["series"] * points / 7), round(row["series"] * points / 7), anywhere)
        assert area_type in ("int", "hcp", "icb")


@pytest.mark.parametrize("area_type", ["int", "hcp", "icb"])
def test_a_year_is_said_to_rise_or_fall_at_most_one_time_in_twenty(delivery: Bench, area_type: str) -> None:
    indicators = described(delivery)
    changes = delivery.rows(
        f"select * from marts.indicator_change where area_type = '{area_type}' and baseline_period not like '%2024-12'"
    )
    changes = changes.astype(object).where(changes.notna(), None).to_dict("records")
    sentences = [wording.change_sentence(indicators[row["indicator_id"]], row) for row in changes]
    said = [text for text in sentences if re.search(r": (rose|fell) ", text)]
    outside = [row for row in changes if row["change_pct_lower_95"] > 0 or row["change_pct_upper_95"] < 0]
    assert len(said) == len(outside)
    at_most(len(said), len(sentences), 0.05)


def test_people_who_come_back_widen_the_limits_of_a_change(delivery: Bench) -> None:
    """Visits are drawn twice as variable as events, and come out so: of the teams together, below which no team's own lies (E16)."""
    found = delivery.rows(
        "select indicator_id, min(dispersion) as dispersion from indicators.change_dispersion where area_type = 'int' group by all"
    )
    dispersions = dict(zip(found["indicator_id"], found["dispersion"], strict=True))
    for indicator, (how, _, _) in INDICATORS.items():
        if how == "share":
            assert indicator not in dispersions
        else:
            assert dispersions[indicator] == pytest.approx(2.0 if how == "visits" else 1.0, abs=0.3)


def test_funnels_put_as_few_outside_as_their_lines_promise(delivery: Bench) -> None:
    """Of independent events. What people's return visits add the rule takes up only in part, because it winsorises (definitions C10)."""
    found = delivery.rows("from marts.indicator_funnel where area_type = 'int' qualify month = max(month) over ()")
    independent = [indicator for indicator, (how, _, _) in INDICATORS.items() if how != "visits"]
    classes = found[found["indicator_id"].isin(independent)]["funnel_class"]
    assert len(classes) == len(independent) * len(TEAMS)
    at_most(int(classes.str.endswith("99_8").sum()), len(classes), 0.002)
    at_most(int((classes != "within").sum()), len(classes), 0.05)
