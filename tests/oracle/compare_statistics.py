"""Recomputes the statistics of the published small tables from the published values (C10): SPC, funnels, standardised rates."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from . import limits
from .brute_force import BruteForce
from .compare import BOUNDARIES, Difference, is_close, marts_months
from .geography import BANDS, band_of, boundary_dates
from .records import month_of

if TYPE_CHECKING:
    import duckdb

Connection = "duckdb.DuckDBPyConnection"


def compare_process_charts(connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """Centre line and limits of each phase from its own points; a point is outside when and only when it is outside.

    Incomplete months are shown but give no limits and are never a special cause. What is judged is the value ÷ (calendar × season) (E15).
    """
    rows = connection.execute(
        "select indicator_id, cohort_id, area_type, area_code, coalesce(s.phase, 0), month, "
        "s.value / (s.calendar_factor * s.season_factor), s.centre_line, "
        "s.lower_process_limit, s.upper_process_limit, s.special_cause, v.period_status "
        "from marts.indicator_spc s join marts.indicator_values v "
        "using (indicator_id, cohort_id, area_type, area_code, period, month) where period = 'month' order by month"
    ).fetchall()
    series: dict[tuple, list[tuple]] = defaultdict(list)
    for *key, month, value, centre, lower, upper, cause, status in rows:
        series[tuple(key)].append((month, value, centre, lower, upper, cause, status))
    found: list[Difference] = []
    for key, points in series.items():
        used = [float(p[1]) for p in points if p[1] is not None and p[6] != "incomplete"]
        shown = {(p[2], p[3], p[4]) for p in points if p[2] is not None}
        if shown and len(used) < 12:
            found.append(Difference("indicator_spc limits from fewer than 12 points", key, None, len(used)))
        elif shown:
            wanted = limits.process_limits(used)
            for got in shown:
                # a rate cannot be below 0, so a lower limit shown as 0 or none stands for a negative one
                lower_agrees = is_close(got[1], wanted[1]) or (wanted[1] < 0 and got[1] in (0, None))
                # nor a percentage above 100
                upper_agrees = is_close(got[2], wanted[2]) or (wanted[2] > 100 and got[2] == 100)
                if not (is_close(got[0], wanted[0]) and lower_agrees and upper_agrees):
                    found.append(Difference("indicator_spc limits", key, wanted, got))
        found += outside_points(key, points)
    return found


def outside_points(key: tuple, points: list[tuple]) -> list[Difference]:
    found = []
    for month, value, centre, lower, upper, cause, status in points:
        if centre is None or value is None:
            continue
        is_outside = value > upper or (lower is not None and value < lower)
        wanted = is_outside and status != "incomplete"
        if wanted != (cause == "outside_limits") and not is_close(value, upper) and not is_close(value, lower):
            found.append(Difference("indicator_spc outside_limits", (*key, month), wanted, cause))
        if status == "incomplete" and cause != "none":
            found.append(Difference("indicator_spc cause in an incomplete month", (*key, month), "none", cause))
    return found


def compare_funnels(connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """Expected counts, dispersion and limits over the areas of one type, indicator, cohort and period."""
    rows = connection.execute(
        "select f.indicator_id, f.cohort_id, f.area_type, f.month, f.area_code, f.observed, f.expected, f.pooled_value, "
        "f.lower_95, f.upper_95, f.lower_99_8, f.upper_99_8, f.dispersion, v.denominator, v.multiplier "
        "from marts.indicator_funnel f join marts.indicator_values v "
        "using (indicator_id, cohort_id, area_type, area_code, period, month) "
        # where the rate is standardised indirectly the expected counts come from the ICB's rates by sex and age
        "where f.expected is not null and v.limit_method not ilike '%wilson%' "
        "and coalesce(v.standardisation, 'none') not ilike '%indirect%'"
    ).fetchall()
    groups: dict[tuple, list[tuple]] = defaultdict(list)
    for *key, area, observed, expected, pooled, l95, u95, l998, u998, dispersion, people, multiplier in rows:
        shown = (area, float(observed), float(expected), float(pooled), l95, u95, l998, u998, dispersion)
        groups[tuple(key)].append((*shown, float(people), float(multiplier)))
    found: list[Difference] = []
    for key, areas in groups.items():
        rate = sum(a[1] for a in areas) / sum(a[9] for a in areas)
        expected = [rate * a[9] for a in areas]
        tau_squared = limits.between_area_variance([a[1] for a in areas], expected)
        for area, counted in zip(areas, expected, strict=True):
            wanted = (
                counted,
                rate * area[10],
                *limits.funnel_limits(rate * area[10], counted, tau_squared, 0.05),
                *limits.funnel_limits(rate * area[10], counted, tau_squared, 0.002),
                tau_squared,
            )
            got = area[2:9]
            # published populations are rounded means; a limit near 0 is the difference of two large numbers
            nearly = 1e-6 * max(1.0, rate * area[10])
            if not all(
                is_close(one, other) or abs(one - other) <= nearly for one, other in zip(wanted, got, strict=True)
            ):
                found.append(Difference("indicator_funnel", (*key, area[0]), wanted, got))
    return found


def compare_standardised_admissions(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """Emergency admissions of the last 12 months per INT: DSR over 19 bands with the variance of repeat events (C10)."""
    months = marts_months(connection)
    window = months[-12:]
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        on = boundary_dates(months, brute.data_cut, boundary)
        events = standard_cells(brute, window, on)
        people = mean_lists(brute, window, on)
        rows = connection.execute(
            "select area_code, multiplier, standardised_value, standardised_value_lower_95, standardised_value_upper_95 "
            f"from {boundary}.indicator_values where indicator_id = 'emergency_admissions' and area_type = 'int' "
            "and period = 'rolling_12_months' and cohort_id = 'all' and month = ?",
            [window[-1]],
        ).fetchall()
        for area, multiplier, *got in rows:
            if any(a is None for a in got) and boundary == "as_at":
                continue
            repeats = [events[(area, band)] for band in BANDS]
            counts = [sum(k * n for k, n in cell.items()) for cell in repeats]
            wanted = limits.directly_standardised(counts, [people[(area, band)] for band in BANDS], repeats)
            scaled = [None] * 3 if wanted is None else [value * float(multiplier) for value in wanted]
            if not all(is_close(one, other) for one, other in zip(scaled, got, strict=True)):
                found.append(Difference(f"{boundary}.indicator_values standardised", (area, window[-1]), scaled, got))
    return found


def standard_cells(brute: BruteForce, window: list[date], on: dict[date, date]) -> dict[tuple, dict[int, int]]:
    """(area, band) → {k: persons with k events}; an admission of nobody stands alone."""
    counts: dict[tuple, int] = defaultdict(int)
    for number, (spell, episode, kind) in enumerate(brute.admitted()):
        month, band = month_of(spell.admission), band_of(episode.age_years)
        if kind != "emergency" or month not in window or band is None:
            continue
        area = brute.geography.area(episode.practice_code, on[month])
        counts[(area, band, episode.person_id or f"nobody {number}")] += 1
    cells: dict[tuple, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for (area, band, _), events in counts.items():
        cells[(area, band)][events] += 1
    return cells


def mean_lists(brute: BruteForce, window: list[date], on: dict[date, date]) -> dict[tuple, float]:
    people: dict[tuple, float] = defaultdict(float)
    for month in window:
        for code, cells in brute.population.practices(month).items():
            area = brute.geography.area(code, on[month])
            for (_, band), patients in cells.items():
                people[(area, band)] += patients / len(window)
    return people
