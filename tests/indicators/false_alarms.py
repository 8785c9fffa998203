"""How often each kind of sentence is said where nothing changed, and how soon where something did (docs/words.md).

Counts of teams are drawn, the project's own SQL judges them: season, limits, rules, changes, funnels. `python -m
tests.indicators.false_alarms` prints the tables of the page; the tests ask the same of fewer seeds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tests.indicators.harness import Bench, compiled_folder

# A winter peak of 8 % a day, January first: more than England's files of 2025/26 show (docs/words.md).
SEASON = np.array([1.08, 1.04, 1.01, 0.98, 0.97, 0.96, 0.95, 0.94, 0.98, 1.01, 1.03, 1.05])
FLAT = np.ones(12)
TEAMS, PARTNERSHIPS = 42, 4
RATE = 0.008  # a month and person: emergency admissions
DISPERSION = (
    1.3  # variance of a team's month over that of independent events; real emergency admissions show 1.2 to 1.5
)
SERIES = ["indicator_id", "area_type", "area_code", "month"]


def draw_world(
    name: str,
    seed: int,
    months: int,
    season: np.ndarray,
    fall: float = 0.0,
    from_month: int = 0,
    until: int | None = None,
) -> pd.DataFrame:
    """Months of one indicator for teams, partnerships and the ICB; every team `fall` per cent lower from month number `from_month`, seen
    at the end of month number `until`. The same seed and months give the same world whatever is seen of it."""
    draw = np.random.default_rng([seed, months])
    people = draw.lognormal(np.log(42_000), 0.35, size=TEAMS).round()
    when = pd.date_range(end="2025-09-01", periods=months, freq="MS")
    levels = RATE * draw.lognormal(0, 0.15, size=TEAMS)
    days = np.asarray(when.days_in_month) / np.mean(when.days_in_month)
    fallen = np.where(np.arange(months) >= from_month, 1 - fall / 100, 1.0)
    mean = people[:, None] * levels[:, None] * (season[when.month - 1] * days * fallen)[None, :]
    # gamma-mixed Poisson: the variance is DISPERSION times the mean
    counts = draw.poisson(draw.gamma(mean / (DISPERSION - 1), DISPERSION - 1))
    teams = pd.DataFrame(
        {
            "team": np.repeat(np.arange(TEAMS), months),
            "month": np.tile(when.date, TEAMS),
            "numerator": counts.ravel().astype(float),
            "denominator": np.repeat(people, months),
        }
    )
    teams = teams[teams["month"] <= when[until - 1 if until else -1].date()]
    levels_of = {
        "int": [f"T{t:02d}" for t in teams["team"]],
        "hcp": [f"H{t % PARTNERSHIPS}" for t in teams["team"]],
        "icb": ["Q"] * len(teams),
    }
    parts = [
        teams.assign(area_type=kind, area_code=codes)
        .groupby(["area_type", "area_code", "month"], as_index=False)[["numerator", "denominator"]]
        .sum()
        for kind, codes in levels_of.items()
    ]  # fmt: skip
    return pd.concat(parts).assign(indicator_id=name)


def judged(compiled: Path, worlds: Sequence[pd.DataFrame]) -> Bench:
    """The worlds, judged by the project's SQL: `indicator_spc`-like points, changes and funnels in one bench."""
    rows = pd.concat(worlds)
    rows = rows.assign(
        value=rows["numerator"] / rows["denominator"] * 1000, count_behind=rows["numerator"],
        cohort_id="all", boundary="marts", period="month",
        period_status="final", phase=1, is_judged=True, multiplier=1000, phase_reason="",
    )  # fmt: skip
    bench = Bench(compiled).give("indicators.process_months", rows)
    bench.give(
        "indicators.indicator_figures",
        "select * exclude (phase, is_judged, phase_reason, count_behind) from indicators.process_months",
    )
    ids = "(select distinct indicator_id from indicators.process_months)"
    bench.give(
        "seeds.indicator_catalogue",
        "select indicator_id, 'outcome' as donabedian_type, 'additive' as measure_kind, true as is_seasonal, 'poisson' as limits, "
        f"'population' as denominator_kind, 1000 as multiplier, '' as unit from {ids}",
    )
    bench.give(
        "indicators.calendar_factors",
        "select indicator_id, month, day(last_day(month)) / avg(day(last_day(month))) over (partition by indicator_id) as calendar_factor "
        "from (select distinct indicator_id, month from indicators.process_months)",
    )
    bench.run(
        "indicators.season_factors",
        "indicators.process_points",
        "indicators.process_limits",
        "indicators.process_signals",
    )
    return bench


def signals(bench: Bench) -> pd.DataFrame:
    """One row for each judged point: its special cause and direction."""
    return bench.rows(
        "select indicator_id, area_type, area_code, month, special_cause, signal_direction, "
        "month = max(month) over (partition by indicator_id) as is_newest from indicators.process_signals order by all"
    )


def changes(bench: Bench, go_live: str) -> pd.DataFrame:
    """Verdicts of `indicator_change`, half of the teams gone live on that day."""
    bench.give("intermediate.team_go_lives", "select distinct area_code as int_code, "
               f"case when right(area_code, 1) in ('0', '2', '4', '6', '8') then date '{go_live}' end as go_live_month "
               "from indicators.process_months where area_type = 'int'")  # fmt: skip
    bench.give("intermediate.build", "select 'Q' as icb_code, date '2025-09-30' as data_cut, 0 as anticipation_months")
    bench.give("intermediate.practice_levels", "select distinct 'marts' as boundary, date '2025-09-01' as month, "
               "area_code as practice_code, "
               "unnest(['int', 'hcp', 'icb']) as area_type, unnest([area_code, 'H' || (right(area_code, 2)::int % 4), 'Q']) as area_code "
               "from (select distinct area_code from indicators.process_months where area_type = 'int')")  # fmt: skip
    bench.give(
        "seeds.indicator_targets",
        "select '' as indicator_id, '' as cohort_id, date '2000-01-01' as baseline_from, date '2000-01-01' as baseline_to where false",
    )
    bench.give(
        "indicators.process_rebasings",
        "select '' as indicator_id, '' as area_type, '' as area_code, date '2000-01-01' as month where false",
    )
    bench.run(
        "indicators.change_months",
        "indicators.change_periods",
        "indicators.change_comparators",
        "indicators.change_dispersion",
    )
    return bench.run("marts.indicator_change").rows("select * from marts.indicator_change order by all")


def chart_table(compiled: Path, months: int, season: np.ndarray, seeds: int) -> pd.DataFrame:
    """Share of points with each special cause, by kind of area."""
    found = signals(judged(compiled, [draw_world(f"x{seed}", seed, months, season) for seed in range(seeds)]))
    shares = found.groupby("area_type")["special_cause"].value_counts(normalize=True).unstack(fill_value=0.0)
    return shares.reindex(columns=["outside_limits", "trend", "two_of_three", "shift", "none"], fill_value=0.0)


def month_table(found: pd.DataFrame) -> pd.DataFrame:
    """Points signalled and points judged in each calendar month."""
    by_month = found.assign(calendar_month=pd.to_datetime(found["month"]).dt.month).groupby("calendar_month")[
        "special_cause"
    ]
    return pd.DataFrame({"signalled": by_month.apply(lambda cause: (cause != "none").sum()), "judged": by_month.size()})


def change_table(compiled: Path, season: np.ndarray, seeds: int, go_live: str, months: int = 38) -> pd.DataFrame:
    """Share of changes called lower or higher, and of differences from the rest of the ICB, where there are none."""
    rows = changes(judged(compiled, [draw_world(f"x{seed}", seed, months, season) for seed in range(seeds)]), go_live)
    rows = rows[rows["verdict"] != "too_early"]
    differs = (rows["difference_pct_points_lower_95"] > 0) | (rows["difference_pct_points_upper_95"] < 0)
    rows = rows.assign(
        called=rows["verdict"].isin(["lower", "higher"]), differs=differs.where(rows["difference_pct_points"].notna())
    )
    return rows.groupby(["baseline_kind", "area_type"])[["called", "differs"]].mean()


def how_soon(
    compiled: Path, season: np.ndarray, seeds: int, falls: Sequence[float], upto: int = 12, before: int = 27
) -> pd.DataFrame:
    """Share of series of which a lasting fall has been said by the report of each month after it began."""
    said: dict[tuple[float, int, str, str], float] = {}
    seen: dict[tuple[float, str], set[tuple[str, str]]] = {}
    for after in range(1, upto + 1):
        worlds = [
            draw_world(f"x{seed}_{fall}", seed, before + upto, season, fall, before, before + after)
            for fall in falls
            for seed in range(seeds)
        ]
        bench = judged(compiled, worlds)
        newest = signals(bench)
        newest = newest[newest["is_newest"] & (newest["signal_direction"] < 0)]
        year = changes(bench, "2030-01-01")
        year = year[(year["baseline_kind"] == "year_before") & (year["verdict"] == "lower")]
        for fall in falls:
            for kind, areas in (("int", TEAMS), ("hcp", PARTNERSHIPS), ("icb", 1)):
                for name, rows in (("chart", newest), ("change", year)):
                    of = rows[rows["indicator_id"].str.endswith(f"_{fall}") & (rows["area_type"] == kind)]
                    ever = seen.setdefault((fall, f"{kind} {name}"), set())
                    ever |= set(zip(of["indicator_id"], of["area_code"], strict=True))
                    said[fall, after, kind, name] = len(ever) / (areas * seeds)
    index = pd.MultiIndex.from_tuples(said, names=["fall_pct", "months_after", "area_type", "sentence"])
    return pd.Series(said.values(), index=index).unstack("months_after")


def funnel_table(compiled: Path, seeds: int) -> pd.Series:
    """Share of teams outside the inner and the outer lines of a funnel where teams differ by chance alone, of rates and of percentages."""
    draw = np.random.default_rng(1)
    rows = []
    for seed in range(seeds):
        people = draw.lognormal(np.log(42_000), 0.35, size=TEAMS).round()
        stays = (people * RATE * 12).round()
        for kind, base, counts, scale in (
            ("poisson", people, draw.poisson(draw.gamma(people * RATE * 12 / (DISPERSION - 1), DISPERSION - 1)), 1000),
            ("wilson", stays, draw.binomial(stays.astype(int), 0.85), 100),
        ):
            rows += [
                (f"{kind}{seed}", kind, "all", "int", f"T{i:02d}", n, d, scale, n / d * scale)
                for i, (n, d) in enumerate(zip(counts.astype(float), base, strict=True))
            ]
    columns = [
        "indicator_id",
        "limits",
        "cohort_id",
        "area_type",
        "area_code",
        "numerator",
        "denominator",
        "multiplier",
        "value",
    ]
    frame = pd.DataFrame(rows, columns=columns).assign(
        boundary="marts", period="rolling_12_months", month=pd.Timestamp("2025-09-01").date(), period_status="final"
    )
    bench = Bench(compiled).give("indicators.indicator_figures", frame)
    bench.connection.execute("alter table indicators.indicator_figures add column expected double")
    bench.give(
        "indicators.indicator_cohorts",
        "select distinct indicator_id, cohort_id, limits from indicators.indicator_figures",
    )
    bench.give(
        "indicators.standardised_rates",
        "select indicator_id, cohort_id, boundary, area_type, area_code, month, period, 0.0 as events_standardised "
        "from indicators.indicator_figures where false",
    )
    found = bench.run("indicators.funnel_points", "marts.indicator_funnel").rows(
        "select indicator_id, funnel_class from marts.indicator_funnel"
    )
    found["kind"] = found["indicator_id"].str.replace(r"\d", "", regex=True)
    return found.groupby("kind")["funnel_class"].value_counts(normalize=True)


def gradient_table(compiled: Path, seeds: int) -> pd.Series:
    """Share of areas said to have a gradient of deprivation where there is none; independent events, as the rule takes them."""
    draw = np.random.default_rng(2)
    rows = []
    for kind, people, areas in (("int", 42_000, TEAMS), ("hcp", 450_000, PARTNERSHIPS), ("icb", 1_900_000, 1)):
        for seed in range(seeds):
            for area in range(areas):
                fifths = draw.dirichlet(np.full(5, 8.0)) * people
                rows += [
                    (f"x{seed}", f"imd_{5 - i}", kind, f"{kind}{area}", float(draw.poisson(d * RATE * 12)), d)
                    for i, d in enumerate(fifths)
                ]
    frame = pd.DataFrame(
        rows, columns=["indicator_id", "cohort_id", "area_type", "area_code", "numerator", "denominator"]
    ).assign(
        month=pd.Timestamp("2025-09-01").date(), period="rolling_12_months", period_status="final", multiplier=1000
    )
    frame["value"] = frame["numerator"] / frame["denominator"] * 1000
    bench = Bench(compiled).give("marts.indicator_values", frame).seed("cohorts")
    bench.give(
        "seeds.indicator_catalogue", "select distinct indicator_id, 'poisson' as limits from marts.indicator_values"
    )
    found = bench.run("marts.indicator_inequality").rows("select * from marts.indicator_inequality")
    called = (found["relative_index_lower_95"] > 1) | (found["relative_index_upper_95"] < 1)
    return called.groupby(found["area_type"]).mean()


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    pd.set_option("display.width", 200, "display.max_columns", 30, "display.float_format", lambda v: f"{v:.3f}")
    compiled = Path(sys.argv[2]) if len(sys.argv) > 2 else compiled_folder(Path(tempfile.mkdtemp()))
    worlds: dict[str, np.ndarray] = {"flat": FLAT, "seasonal": SEASON}
    steps: list[tuple[str, Callable[[np.ndarray], object]]] = [
        *((f"chart, {m} months", lambda season, m=m: chart_table(compiled, m, season, seeds)) for m in (20, 26, 38)),
        ("change, go-live a year ago", lambda season: change_table(compiled, season, seeds, "2024-06-01")),
        ("change, go-live half a year ago", lambda season: change_table(compiled, season, seeds, "2025-04-01")),
        ("how soon", lambda season: how_soon(compiled, season, seeds, (5.0, 10.0, 20.0))),
    ]
    print(f"\n## funnel\n{funnel_table(compiled, seeds)}\n\n## gradient\n{gradient_table(compiled, seeds)}", flush=True)
    for title, step in steps:
        for name, season in worlds.items():
            print(f"\n## {title}, {name}\n{step(season)}", flush=True)


if __name__ == "__main__":
    main()
