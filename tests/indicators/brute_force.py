"""The statistics once more in plain Python, from definitions C10, E14 and E17 alone: what the SQL is held against."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean

import numpy as np
from scipy.stats import chi2

Z_95, Z_99_8 = 1.959963984540054, 3.090232306167813


def byar(count: float) -> tuple[float, float]:
    lower = count * (1 - 1 / (9 * count) - Z_95 / (3 * math.sqrt(count))) ** 3 if count > 0 else 0.0
    more = count + 1
    return lower, more * (1 - 1 / (9 * more) + Z_95 / (3 * math.sqrt(more))) ** 3


def process_chart(
    values: list[float], counts: list[float]
) -> tuple[tuple[float, float, float] | None, list[tuple[str, int]]]:
    """(centre, lower, upper) or None, and per point its special cause and direction, for one phase of judged points."""
    if len(values) < 12 or fmean(counts) < 5:
        return None, [("none", 0)] * len(values)
    ranges = [abs(b - a) for a, b in pairwise(values)]
    if 3 * ranges.count(0) > len(ranges):
        return None, [("none", 0)] * len(values)
    mean_range = fmean(ranges)
    kept = [r for r in ranges if r < 3.267 * mean_range]
    centre, reach = fmean(values), 2.66 * fmean(kept)
    lower, upper = centre - reach, centre + reach
    outside = [1 if v > upper else -1 if v < lower else 0 for v in values]
    side = [0 if math.isclose(v, centre, rel_tol=1e-12, abs_tol=1e-12) else 1 if v > centre else -1 for v in values]
    beyond = [o != 0 or abs(v - centre) > 2 / 3 * reach for v, o in zip(values, outside, strict=True)]
    trend, shift, two = ([0] * len(values) for _ in range(3))
    for start in range(len(values) - 6):
        window = values[start : start + 7]
        steps = {int(np.sign(b - a)) for a, b in pairwise(window)}
        if steps in ({1}, {-1}):
            for i in range(start, start + 7):
                # a turning point ends the earlier trend and starts the later: the one that leads to it names it
                trend[i] = trend[i] or steps.copy().pop()
        sides = set(side[start : start + 7])
        if sides in ({1}, {-1}):
            for i in range(start, start + 7):
                shift[i] = side[i]
    for start in range(len(values) - 2):
        three = range(start, start + 3)
        if {side[i] for i in three} in ({1}, {-1}) and sum(beyond[i] for i in three) >= 2:
            for i in three:
                two[i] = two[i] or side[i] * beyond[i]
    found = []
    for i in range(len(values)):
        rules = (("outside_limits", outside[i]), ("trend", trend[i]), ("two_of_three", two[i]), ("shift", shift[i]))
        found.append(next(((name, way) for name, way in rules if way), ("none", 0)))
    return (centre, lower, upper), found


def funnel(
    observed: list[float], denominators: list[float], multiplier: float, is_proportion: bool = False
) -> list[dict[str, float | str]]:
    """Limits and class of each area against the pooled rate."""
    rate = math.fsum(observed) / math.fsum(denominators)
    share = 1 - rate if is_proportion else 1.0
    expected = [rate * d for d in denominators]
    z = [(o - e) / math.sqrt(e * share) for o, e in zip(observed, expected, strict=True)]
    low, high = np.quantile(z, 0.1), np.quantile(z, 0.9)
    phi = fmean(min(max(x, low), high) ** 2 for x in z)
    weights = [e / share for e in expected]
    n, total = len(z), math.fsum(weights)
    spread = total - math.fsum(w * w for w in weights) / total
    tau2 = max(0.0, (n * phi - (n - 1)) / spread) if n > 1 and spread > 0 else 0.0
    rows: list[dict[str, float | str]] = []
    for o, e in zip(observed, expected, strict=True):
        pooled, value = rate * multiplier, o / e * rate * multiplier
        ends = {}
        for name, reach, tail in (("95", Z_95, 0.025), ("99_8", Z_99_8, 0.001)):
            if tau2 > 0 or is_proportion:
                width = reach * math.sqrt(share / e + tau2)
                highest = 100.0 if is_proportion else math.inf
                ends[name] = (max(0.0, pooled * (1 - width)), min(highest, pooled * (1 + width)))
            else:
                ends[name] = (pooled * chi2.ppf(tail, 2 * e) / 2 / e, pooled * chi2.ppf(1 - tail, 2 * e + 2) / 2 / e)
        kind = "within"
        for name in ("95", "99_8"):
            kind = f"low_{name}" if value < ends[name][0] else f"high_{name}" if value > ends[name][1] else kind
        rows.append(
            {
                "expected": e,
                "dispersion": tau2,
                "lower_95": ends["95"][0],
                "upper_99_8": ends["99_8"][1],
                "funnel_class": kind,
            }
        )
    return rows
