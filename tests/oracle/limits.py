"""Limits and rates from their textbook formulas (definitions C10; worked values in part D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

Z_95 = 1.959963985
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
    """C10: 19 bands, Dobson with Byar, per person; None below 10 events. `repeats[band] = {k: persons with k events}`
    gives the variance of repeat events: sum over k of k² × the number of persons with k events."""
    inside = [n for n, patients in enumerate(people) if patients > 0]
    total = sum(events[n] for n in inside)
    if total < 10:
        return None
    weight = sum(ESP_2013)
    value = sum(events[n] / people[n] * ESP_2013[n] for n in inside) / weight
    spread = [sum(k * k * c for k, c in repeats[n].items()) if repeats else events[n] for n in range(len(events))]
    variance = sum(spread[n] * (ESP_2013[n] / people[n]) ** 2 for n in inside) / weight**2
    lower, upper = byar(total)
    spread_total = sum(spread[n] for n in inside)
    scale = sqrt(variance / spread_total)
    if repeats:
        scale = sqrt(variance / total)
    return value, value + scale * (lower - total), value + scale * (upper - total)
