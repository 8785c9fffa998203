"""Working days and season: the estimator against independent code (statsmodels), and against what was put in."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import f as f_distribution

from orchestration.build.season import day_class_weights, month_of_year_factors

WINTER = np.array([1.07, 1.03, 1.02, 0.98, 0.98, 0.97, 0.96, 0.95, 0.98, 1.01, 1.03, 1.06])


def cells(seed: int, areas: int = 12, months: int = 27, season: np.ndarray = WINTER) -> pd.DataFrame:
    """Counts of areas of different size and length, overdispersed, with a trend and a phase that starts anew in the middle."""
    draw = np.random.default_rng(seed)
    rows = []
    for area in range(areas):
        people = draw.uniform(500, 40_000)
        for month in range(5 + area % 4, 5 + months):
            stratum = 2 * area + int(area % 3 == 0 and month > 18)
            mean = people * 0.008 * season[month % 12] * 0.99 ** (month / 12) * (0.6 if stratum % 2 else 1)
            rows.append((stratum, month, float(draw.poisson(mean * draw.gamma(50, 1 / 50))), people))
    return pd.DataFrame(rows, columns=["stratum", "month", "count", "exposure"])


def by_statsmodels(data: pd.DataFrame) -> tuple[np.ndarray, float, float]:
    """Factors with mean 1, p of all months together, dispersion."""
    levels = pd.get_dummies(data["stratum"], dtype=float)
    trend = ((data["month"] - data["month"].mean()) / 12).rename("trend")
    months = pd.get_dummies(data["month"] % 12, dtype=float, prefix="m").drop(columns="m_0")
    family, offset = sm.families.Poisson(), np.log(data["exposure"])
    full = sm.GLM(data["count"], pd.concat([levels, trend, months], axis=1), family, offset=offset).fit(
        scale="X2", tol=1e-12
    )
    less = sm.GLM(data["count"], pd.concat([levels, trend], axis=1), family, offset=offset).fit(tol=1e-12)
    factors = np.exp(np.concatenate([[0.0], full.params.filter(like="m_").to_numpy()]))
    statistic = (less.deviance - full.deviance) / 11 / full.scale
    return factors / factors.mean(), f_distribution.sf(statistic, 11, full.df_resid), full.scale


@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_is_that_of_statsmodels(seed: int) -> None:
    data = cells(seed, season=WINTER if seed % 2 else np.ones(12))
    data.loc[data["stratum"] == 4, "count"] = 0.0  # a team without events says nothing
    ours = month_of_year_factors(*(data[name].to_numpy() for name in ("stratum", "month", "count", "exposure")))
    factors, p_value, dispersion = by_statsmodels(data[data["stratum"] != 4])
    assert ours is not None
    assert ours.factors == pytest.approx(factors, abs=2e-6)
    assert ours.p_value == pytest.approx(p_value, abs=2e-6)
    assert ours.dispersion == pytest.approx(dispersion, abs=2e-6)


def test_what_cannot_tell_says_so() -> None:
    data = cells(1, months=23)
    arguments = [data[name].to_numpy() for name in ("stratum", "month", "count", "exposure")]
    assert month_of_year_factors(*arguments) is None
    without_june = cells(1, months=40)
    without_june = without_june[without_june["month"] % 12 != 5]
    assert (
        month_of_year_factors(*(without_june[n].to_numpy() for n in ("stratum", "month", "count", "exposure"))) is None
    )


def test_weights_of_days_are_found_again_and_season_is_not_in_them() -> None:
    """Three years of a clinic that is shut on Sundays, quiet on bank holidays, and half as busy again in winter, when most of those are."""
    true = np.array([1.3, 1.2, 1.2, 1.2, 1.1, 0.2, 0.0, 0.3])
    holidays = {dt.date(y, m, d) for y in (2023, 2024, 2025) for m, d in ((1, 1), (4, 7), (12, 25), (12, 26), (8, 25))}
    days = pd.DataFrame({"day": [d.date() for d in pd.date_range("2023-01-01", "2025-12-31")]})
    days["class"] = [7 if day in holidays else day.weekday() for day in days["day"]]
    days["month"] = [(day.year - 2023) * 12 + day.month - 1 for day in days["day"]]
    draw = np.random.default_rng(3)
    winter = np.where(np.isin(days["month"] % 12, (0, 1, 10, 11)), 1.5, 1.0)
    days["events"] = draw.poisson(400 * true[days["class"]] * winter).astype(float)
    grouped = days.groupby(["month", "class"]).agg(days=("day", "size"), events=("events", "sum")).reset_index()
    found = day_class_weights(
        *(grouped[name].to_numpy() for name in ("month", "class", "days", "events")), class_count=8
    )
    mean = true[days["class"]].mean()
    assert found == pytest.approx(true / mean, abs=0.02)
    assert found[6] == 0
    fit = sm.GLM(
        grouped["events"],
        pd.concat(
            [pd.get_dummies(grouped["month"], dtype=float), pd.get_dummies(grouped["class"], dtype=float).drop(columns=[0, 6])], axis=1
        ),
        sm.families.Poisson(),
        offset=np.log(grouped["days"]),
    )  # fmt: skip
    kept = grouped["class"] != 6
    fit = sm.GLM(fit.endog[kept], fit.exog[kept], sm.families.Poisson(), offset=np.log(grouped["days"][kept])).fit(
        tol=1e-12
    )
    relative = np.exp(np.concatenate([[0.0], fit.params[-6:]]))
    assert found[[0, 1, 2, 3, 4, 5, 7]] / found[0] == pytest.approx(relative, abs=1e-5)
