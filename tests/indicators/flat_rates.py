"""Rates that never change, delivered month by month: counts drawn by chance alone, as `indicator_figures` would hold them.

Some indicators count independent events, some the visits of people who come back (twice as variable), some are proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from tests.indicators.brute_force import process_chart

MONTHS = 27
TEAMS = {f"T{number:02d}": f"H{number % 4}" for number in range(60)}
# indicator of the catalogue → (how its counts vary, mean count of a team and month, people or the base of a proportion)
INDICATORS: dict[str, tuple[str, float, float]] = {
    "ae_attendances_unplanned": ("visits", 300, 10_000),
    "ae_type_1_attendances": ("visits", 200, 10_000),
    "ae_ambulance_arrivals": ("visits", 75, 10_000),
    "op_attendances": ("visits", 1_250, 10_000),
    "op_follow_up_attendances": ("visits", 750, 10_000),
    "all_visits": ("visits", 6_000, 10_000),
    "emergency_admissions": ("events", 80, 10_000),
    "emergency_admissions_los_1_plus": ("events", 55, 10_000),
    "acs_chronic_admissions": ("events", 17, 10_000),
    "falls_admissions_65_plus": ("events", 12, 2_000),
    "nnhip_non_elective_spells": ("events", 90, 10_000),
    "gp_structured_medication_reviews": ("events", 80, 10_000),
    "ae_4_hour_pct": ("share", 225, 300),
    "ae_left_before_treatment_pct": ("share", 12, 300),
    "ae_low_acuity_pct": ("share", 27, 300),
    "readmissions_30d": ("share", 14, 110),
    "gp_dna_pct": ("share", 200, 4_000),
    "op_dna_pct": ("share", 110, 1_360),
}
MULTIPLIERS = {"share": 100, "visits": 1_000, "events": 100_000}


@dataclass(frozen=True)
class Flat:
    """`counts` and `bases`: indicators × areas × months, the areas being teams, partnerships and the ICB `Q`."""

    counts: np.ndarray
    bases: np.ndarray
    areas: tuple[str, ...]
    months: tuple[pd.Timestamp, ...]


def draw(seed: int) -> Flat:
    random = np.random.default_rng(seed)
    counts = np.empty((len(INDICATORS), len(TEAMS), MONTHS))
    bases = np.empty_like(counts)
    for number, (how, mean, base) in enumerate(INDICATORS.values()):
        size = (len(TEAMS), MONTHS)
        teams = base * random.uniform(0.7, 1.3, size=(len(TEAMS), 1))
        bases[number] = random.poisson(teams, size=size) if how == "share" else np.rint(teams)
        if how == "events":
            counts[number] = random.poisson(bases[number] * mean / base)
        elif how == "visits":
            counts[number] = random.negative_binomial(bases[number] * mean / base, 0.5)
        else:
            counts[number] = random.binomial(bases[number].astype(int), mean / base)
    wholes = [np.array([code in (parent, "Q") for parent in TEAMS.values()]) for code in ("H0", "H1", "H2", "H3")]
    wholes.append(np.full(len(TEAMS), True))

    def with_wholes(cells: np.ndarray) -> np.ndarray:
        return np.concatenate([cells, *(cells[:, inside].sum(axis=1, keepdims=True) for inside in wholes)], axis=1)

    months = tuple(pd.date_range("2023-08-01", periods=MONTHS, freq="MS"))
    return Flat(with_wholes(counts), with_wholes(bases), (*TEAMS, "H0", "H1", "H2", "H3", "Q"), months)


def delivered(flat: Flat, last: int) -> pd.DataFrame:
    """`indicator_figures` as the delivery of month number `last` shows them: that month is half there and incomplete."""
    frames = []
    for number, (indicator, (how, _, _)) in enumerate(INDICATORS.items()):
        counts, bases = flat.counts[number, :, : last + 1].copy(), flat.bases[number, :, : last + 1].copy()
        counts[:, last] = np.floor(counts[:, last] / 2)
        if how == "share":
            bases[:, last] = np.ceil(bases[:, last] / 2)
        for period, width in (("month", 1), ("rolling_12_months", 12)):
            events, base = rolling_sum(counts, width), rolling_sum(bases, width)
            if how != "share":
                base = base / width
            found = events.shape[1]
            frames.append(
                pd.DataFrame(
                    {
                        "indicator_id": indicator,
                        "cohort_id": "all",
                        "boundary": "marts",
                        "area_type": np.repeat([{"T": "int", "H": "hcp", "Q": "icb"}[a[0]] for a in flat.areas], found),
                        "area_code": np.repeat(flat.areas, found),
                        "month": np.tile(np.array(flat.months[last + 1 - found : last + 1]), len(flat.areas)),
                        "period": period,
                        "numerator": events.ravel(),
                        "denominator": base.ravel(),
                        "multiplier": MULTIPLIERS[how],
                        "value": (events / base).ravel() * MULTIPLIERS[how],
                        "period_status": np.tile(["provisional"] * (found - 1) + ["incomplete"], len(flat.areas)),
                        "expected": np.nan,
                    }
                )
            )
    rows = pd.concat(frames, ignore_index=True)
    rows["month"] = rows["month"].dt.date
    rows["expected"] = rows["expected"].astype("Float64")
    return rows


def rolling_sum(cells: np.ndarray, width: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(cells, width, axis=1).sum(axis=2)


@cache
def chance_of_a_signal(points: int, series: int = 4_000) -> tuple[float, float]:
    """What the rules themselves promise: how often the last point, and how often any point, of a normal series is marked."""
    random = np.random.default_rng(1924)
    last = anywhere = 0
    for values in random.normal(100, 5, size=(series, points)).tolist():
        _, causes = process_chart(values, [50.0] * points)
        last += causes[-1][0] != "none"
        anywhere += sum(name != "none" for name, _ in causes)
    return last / series, anywhere / series / points
