"""Limits and rates from their textbook formulas (definitions C10; worked values in part D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import sqrt

Z_95 = 1.959963985
Z_99_8 = 3.090232306
ESP_2013 = (
    5000,
    5500,
    5500,
    5500,
    6000,
    6000,
    6500,
    7000,
    7000,
    7000,
    7000,
    6500,
    6000,
    5500,
    5000,
    4000,
    2500,
    1500,
    1000,
)


def byar(count: float, z: float = Z_95) -> tuple[float, float]:
    lower = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3
    upper = (count + 1) * (1 - 1 / (9 * (count + 1)) + z / (3 * sqrt(count + 1))) ** 3
    return lower, upper


@cache
def exact_poisson(count: float, alpha: float = 0.05) -> tuple[float, float]:
    from scipy.stats import chi2

    lower = 0.0 if count == 0 else chi2.ppf(alpha / 2, 2 * count) / 2
    return lower, chi2.ppf(1 - alpha / 2, 2 * count + 2) / 2


def count_limits(count: float) -> tuple[float, float]:
    """C10: Byar's limits, exact Poisson below 10."""
    return exact_poisson(count) if count < 10 else byar(count)


def wilson(part: float, whole: float, z: float = Z_95) -> tuple[float, float]:
    share = part / whole
    middle = 2 * part + z * z
    spread = z * sqrt(z * z + 4 * part * (1 - share))
    base = 2 * (whole + z * z)
    return (middle - spread) / base, (middle + spread) / base


def directly_standardised(
    events: Sequence[float], people: Sequence[float], repeats: Sequence[Mapping[int, int]] | None = None
) -> tuple[float, float, float] | None:
    """C10: 19 bands, Dobson with Byar, per person; None below 10 events, or where bands of more than 2 % of
    the weight have no people. `repeats[band] = {k: persons with k events}`
    gives the variance of repeat events: sum over k of k² × the number of persons with k events."""
    inside = [n for n, patients in enumerate(people) if patients > 0]
    total = sum(events[n] for n in inside)
    if total < 10:
        return None
    # a band without population leaves its events out (C14) and keeps its weight, unless such bands weigh more than 2 % (E24)
    weight = sum(ESP_2013)
    if weight - sum(ESP_2013[n] for n in inside) > 0.02 * weight:
        return None
    value = sum(events[n] / people[n] * ESP_2013[n] for n in inside) / weight
    spread = [sum(k * k * c for k, c in repeats[n].items()) if repeats else events[n] for n in range(len(events))]
    variance = sum(spread[n] * (ESP_2013[n] / people[n]) ** 2 for n in inside) / weight**2
    lower, upper = byar(total)
    scale = sqrt(variance / total)
    return value, value + scale * (lower - total), value + scale * (upper - total)


def process_limits(values: Sequence[float]) -> tuple[float, float, float]:
    """C10's XmR: mean ± 2.66 × mean moving range; ranges of at least 3.267 × their mean are dropped once."""
    middle = sum(values) / len(values)
    ranges = [abs(after - before) for before, after in pairwise(values)]
    usual = sum(ranges) / len(ranges)
    kept = [r for r in ranges if r < 3.267 * usual] or ranges
    spread = 2.66 * sum(kept) / len(kept)
    return middle, middle - spread, middle + spread


def winsorised(values: Sequence[float]) -> list[float]:
    """At the 10th and 90th percentile (linear interpolation between order statistics)."""
    ordered = sorted(values)

    def percentile(share: float) -> float:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])

    low, high = percentile(0.1), percentile(0.9)
    return [min(max(value, low), high) for value in values]


def between_area_variance(observed: Sequence[float], expected: Sequence[float]) -> float:
    """C10: tau² = max(0, (n phi - (n - 1)) / (sum w - sum w² / sum w)), phi = mean of winsorised z squared, w = expected."""
    scores = winsorised([(o - e) / sqrt(e) for o, e in zip(observed, expected, strict=True)])
    number, total = len(scores), sum(expected)
    phi = sum(score * score for score in scores) / number
    base = total - sum(e * e for e in expected) / total
    return max(0.0, (number * phi - (number - 1)) / base) if base > 0 else 0.0


def funnel_limits(pooled: float, expected: float, tau_squared: float, alpha: float) -> tuple[float, float]:
    """pooled × (1 ± z × sqrt(1/expected + tau²)), not below 0; with tau² = 0 the chi-square Poisson limits."""
    if tau_squared == 0:
        lower, upper = exact_poisson(expected, alpha)
        return pooled * lower / expected, pooled * upper / expected
    z = {0.05: Z_95, 0.002: Z_99_8}[alpha]
    spread = z * sqrt(1 / expected + tau_squared)
    return max(0.0, pooled * (1 - spread)), pooled * (1 + spread)
