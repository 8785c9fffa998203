"""Working days and season of a measure (definitions E15), estimated from the ICB's own counts: the arithmetic behind the SQL functions
`day_class_weights` and `month_of_year_factors`.

Both are log-linear Poisson models, fitted by maximum likelihood on a few hundred to a few thousand cells. Nothing here knows a table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]

MONTHS = 12
DIGITS = 6  # what is returned is rounded: the last bits of a sum depend on the machine, and no figure may
TOLERANCE = 1e-10


class MonthFactors(NamedTuple):
    """Month-of-year factors, January first, mean 1; whether they are more than chance; variance over Poisson."""

    factors: Numbers
    p_value: float
    dispersion: float


def day_class_weights(months: Indices, classes: Indices, days: Numbers, events: Numbers, class_count: int) -> Numbers:
    """How much a day of each class counts, relative to the mean day: events ~ days × month × class.

    One cell for each month and class; `days` of the class in the month. The month terms keep the season out of the weights: bank
    holidays stand in winter and spring. Iterative proportional fitting gives the maximum likelihood, and takes a class without any
    event (a Sunday in general practice) to exactly nought.
    """
    weights = np.ones(class_count)
    of_class = np.bincount(classes, events, class_count)
    of_month = np.bincount(months, events)
    for _ in range(200):
        exposed = np.bincount(months, days * weights[classes], len(of_month))
        level = np.divide(of_month, exposed, out=np.zeros_like(exposed), where=exposed > 0)
        expected = np.bincount(classes, days * level[months], class_count)
        new = np.divide(of_class, expected, out=np.ones(class_count), where=expected > 0)
        new *= days.sum() / (days * new[classes]).sum()
        if np.max(np.abs(new - weights)) < TOLERANCE:
            break
        weights = new
    rounded: Numbers = np.round(new, DIGITS).astype(np.float64)
    return rounded


def month_of_year_factors(strata: Indices, months: Indices, counts: Numbers, exposures: Numbers) -> MonthFactors | None:
    """Quasi-Poisson, log-linear: counts ~ exposure × stratum × exp(trend × month) × month of year.

    A stratum is one phase of one area; `months` are numbered from any January. Whether the year has a shape is asked of all months
    of year together: F of the fall in deviance over the dispersion (Pearson's sum over the degrees of freedom). None where the cells
    cannot tell: a month of year that never occurs, no two years, no events.
    """
    alive = np.bincount(strata, counts)[strata] > 0
    use = alive & (exposures > 0)
    strata, months, counts, exposures = strata[use], months[use], counts[use], exposures[use]
    month_of_year = months % MONTHS
    if len(np.unique(months)) < 2 * MONTHS or len(np.unique(month_of_year)) < MONTHS:
        return None
    _, strata = np.unique(strata, return_inverse=True)
    trend = (months - months.mean()) / MONTHS
    shape = (month_of_year[:, None] == np.arange(1, MONTHS)).astype(np.float64)
    with_months = _fit(strata, np.column_stack([trend, shape]), counts, exposures)
    without = _fit(strata, trend[:, None], counts, exposures)
    freedom = len(counts) - strata.max() - 1 - MONTHS
    if with_months is None or without is None or freedom < 1:
        return None
    expected = with_months.expected
    dispersion = float(((counts - expected) ** 2 / expected).sum() / freedom)
    if dispersion <= 0:
        return None
    f = (without.deviance - with_months.deviance) / (MONTHS - 1) / dispersion
    factors = np.exp(np.concatenate([[0.0], with_months.coefficients[1:]]))
    return MonthFactors(
        np.round(factors / factors.mean(), DIGITS),
        round(float(fdtrc(MONTHS - 1, freedom, max(f, 0.0))), DIGITS),
        round(dispersion, DIGITS),
    )


class _Fit(NamedTuple):
    coefficients: Numbers
    expected: Numbers
    deviance: float


def _fit(strata: Indices, terms: Numbers, counts: Numbers, exposures: Numbers) -> _Fit | None:
    """Poisson maximum likelihood by Newton's method. The level of a stratum follows from the other terms (its expected counts add up
    to those seen), so only the terms are iterated, on what is left of them within each stratum."""
    seen = np.bincount(strata, counts)
    coefficients = np.zeros(terms.shape[1])
    deviance = np.inf
    for _ in range(50):
        raw = exposures * np.exp(terms @ coefficients)
        expected = raw * (seen / np.bincount(strata, raw))[strata]
        logs = np.log(np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0))
        previous, deviance = deviance, 2 * float((counts * logs).sum())
        if abs(previous - deviance) <= TOLERANCE * (abs(deviance) + 1):
            return _Fit(coefficients, expected, deviance)
        means = np.column_stack([np.bincount(strata, expected * term) for term in terms.T]) / seen[:, None]
        within = terms - means[strata]
        information = within.T @ (within * expected[:, None])
        try:
            coefficients = coefficients + np.linalg.solve(information, within.T @ (counts - expected))
        except np.linalg.LinAlgError:
            return None
        if not np.all(np.abs(coefficients) < 20):
            return None
    return None
