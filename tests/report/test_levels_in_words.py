"""How a level is said that is no claim of change: years, targets, reported periods and gradients."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.publishing.report import wording
from orchestration.publishing.report.data import Reported, Rolling
from tests.report.test_wording import ADMISSIONS, series


def test_rolling_is_a_description_with_limits() -> None:
    rolling = Rolling(date(2025, 9, 1), 95.2, 93.0, 97.4, None, 101.0, None, None, 98.1, "final")
    text = wording.rolling_sentence(ADMISSIONS, rolling)
    assert text == (
        "12 months to September 2025: 95.2 per 1,000 people (95% limits 93.0 to 97.4); a year before 98.1; the rest of the ICB 101."
    )
    said = wording.rolling_sentence(ADMISSIONS, replace(rolling, period_status="provisional"))
    assert said.startswith("12 months to September 2025 (provisional, may still change): 95.2 per 1,000 people")


REPORTED = Reported(date(2025, 7, 1), date(2025, 9, 30), 27.0, 26.1, 27.9, 270, 10, "final", None)


def test_what_comes_by_period_is_said_as_reported_and_never_as_unknown_or_judged() -> None:
    verdict = wording.judge(ADMISSIONS, [], reported=REPORTED)
    assert verdict.variation == "never_judged"
    assert verdict.this_month == (
        "July 2025 to September 2025: 27.0 per 1,000 people (95% limits 26.1 to 27.9). "
        "It is reported by period: shown and never judged month by month."
    )
    provisional = wording.judge(ADMISSIONS, [], reported=replace(REPORTED, period_status="provisional"))
    assert "(provisional, may still change)" in provisional.this_month
    withheld = wording.judge(ADMISSIONS, [], reported=replace(REPORTED, value=None))
    assert (withheld.variation, withheld.this_month) == (
        "unknown",
        "July 2025 to September 2025: withheld, few answered.",
    )
    assert wording.judge(ADMISSIONS, series(), reported=REPORTED) == wording.judge(ADMISSIONS, series())


@pytest.mark.parametrize(
    ("index", "slope", "words"),
    [
        ((1.5, 1.3, 1.7), (2.0, 1.0, 3.0), "1.5 times as high at the most deprived end as at the least"),
        (
            (1.5, 1.3, 1.7),
            (2.0, -1.0, 3.0),
            "1.5 times as high at the most deprived end as at the least; by the slope index within chance: "
            "the two disagree, so neither is sure",
        ),
        ((1.1, 0.9, 1.3), (0.1, -1.0, 1.0), "No gradient beyond what chance gives"),
        (
            (1.1, 0.9, 1.3),
            (-2.0, -3.0, -1.0),
            "No gradient beyond what chance gives; by the slope index lower at the most deprived end: "
            "the two disagree, so neither is sure",
        ),
        ((11.0, 0.01, 10.01), (2.0, -1.0, 3.0), "Too few events for a relative index"),
        ((11.0, 0.0, 10.0), (2.0, -1.0, 3.0), "Too few events for a relative index"),
        (
            (78.0, 1e-8, 5e11),
            (3.0, 1.0, 5.0),
            "Too few events for a relative index; by the slope index higher at the most deprived end",
        ),
    ],
)
def test_two_indices_of_one_gradient_agree_or_it_is_said_and_one_of_too_few_is_not_shown(
    index: tuple, slope: tuple, words: str
) -> None:
    names = [f"{kind}_index{end}" for kind in ("relative", "slope") for end in ("", "_lower_95", "_upper_95")]
    row = wording.inequality_row(ADMISSIONS, dict(zip(names, (*index, *slope), strict=True)))
    assert row is not None and row["words"] == words
    is_shown = "Too few" not in words
    assert (row["relative"], row["lower"], row["upper"]) == (index if is_shown else (None, None, None))
    assert (row["slope"], row["slope_lower"], row["slope_upper"]) == slope
