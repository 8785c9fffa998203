"""How often whole demos in which nothing changes are signalled, by kind of indicator, area and calendar month (docs/words.md).

`int-marts demo --people 60000 --months 38 --effects none` (seasons, working days) and the same with `--flat-rates`, each refreshed;
`python -m tests.indicators.whole_demo SEASONAL_RELEASE [...] --flat FLAT_RELEASE [...]` prints the tables of the page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
import pandas as pd
from scipy.stats import chi2_contingency

# prices stand still in a demo, so that spend at constant prices falls: that is no false alarm
MOVES = "spend_per_head_constant_prices"
POINTS = f"""
    select
        case
            when limits = 'poisson' then 'counts per head'
            when limits = 'wilson' then 'percentages'
            when measure_kind like 'reported%' then 'reported means and rates'
            else 'days in hospital, money'
        end as kind,
        area_type, month, special_cause, special_cause <> 'none' as is_signalled
    from marts.indicator_spc inner join marts.dim_indicator using (indicator_id)
    where upper_process_limit is not null and cohort_id = 'all' and period_status <> 'incomplete' and indicator_id <> '{MOVES}'
        and area_type <> 'pcn'
"""
CHANGES = f"""
    select baseline_kind, area_type, verdict in ('lower', 'higher') as is_called,
        difference_pct_points_lower_95 > 0 or difference_pct_points_upper_95 < 0 as differs
    from marts.indicator_change
    where verdict in ('lower', 'higher', 'within_chance') and cohort_id = 'all' and indicator_id <> '{MOVES}' and area_type <> 'pcn'
"""


def rows(releases: list[Path], query: str) -> pd.DataFrame:
    """`POINTS` (a row for each judged month of a series) or `CHANGES` (a row for each comparison) of the releases."""
    found = []
    for release in releases:
        with duckdb.connect(str(release / "int_marts.duckdb"), read_only=True) as connection:
            found.append(connection.execute(query).df())
    return pd.concat(found)


def shares(found: pd.DataFrame) -> pd.DataFrame:
    """Per cent of judged months with each special cause, by kind of indicator and of area; `points` judged."""
    every = pd.concat([found, found.assign(kind="all")])
    table = every.groupby(["kind", "area_type"])["special_cause"].value_counts(normalize=True).unstack(fill_value=0.0)
    table["any"] = 1 - table["none"]
    return (table.drop(columns="none") * 100).assign(points=every.groupby(["kind", "area_type"]).size())


def changes(found: pd.DataFrame) -> pd.DataFrame:
    """Per cent of comparisons called a change, and of differences from the rest not called chance."""
    table = found.groupby(["baseline_kind", "area_type"])[["is_called", "differs"]]
    return (table.mean().astype(float) * 100).assign(comparisons=table.size())


def by_month(found: pd.DataFrame) -> pd.DataFrame:
    """Signalled and judged months of teams in each calendar month."""
    teams = found[found["area_type"] == "int"]
    return teams.groupby(teams["month"].dt.month)["is_signalled"].agg(["sum", "size"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seasonal", nargs="+", type=Path)
    parser.add_argument("--flat", nargs="+", type=Path, required=True)
    asked = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.float_format", lambda v: f"{v:.2f}")
    releases = {"seasonal": asked.seasonal, "flat": asked.flat}
    worlds = {name: rows(of, POINTS) for name, of in releases.items()}
    for name, found in worlds.items():
        print(f"\n## {name}\n{shares(found)}\n\n{changes(rows(releases[name], CHANGES))}")
    months = {name: by_month(found) for name, found in worlds.items()}
    print("\n## teams by calendar month, per cent")
    print(pd.DataFrame({name: one["sum"] / one["size"] * 100 for name, one in months.items()}))
    # a run of seven is seven signals and cut off at both ends of the history: a month is held against the same month of the flat demo
    signalled = [one["sum"].to_numpy() for one in months.values()]
    print(f"signals of seasonal and flat over the months: p = {chi2_contingency(signalled).pvalue:.3f}")


if __name__ == "__main__":
    main()
