"""What is said of a target: with its month, on track or not, met or not, and why nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.publishing.report.data import Rolling
from orchestration.publishing.report.targets import Target, target_words
from tests.report.test_wording import ADMISSIONS

YEAR = Rolling(date(2025, 9, 1), 80.0, None, None, None, None, 85.0, None, None, "final")
GIVEN = Target(date(2028, 3, 1), 85.0, None, None, None, None, 0, 0, date(2022, 9, 1))
BELOW = replace(
    GIVEN, value=None, change_pct=-1.5, baseline_from=date(2018, 1, 1), baseline_to=date(2018, 12, 1), months_asked=12
)
UNHELD = replace(YEAR, target=None)


@pytest.mark.parametrize(
    ("by", "value", "words"),
    [
        (date(2028, 3, 1), 80.0, "85.0 by Mar 2028: on track"),
        (date(2028, 3, 1), 90.0, "85.0 by Mar 2028: not on track"),
        (date(2025, 9, 1), 90.0, "85.0 by Sep 2025: not on track"),
        (date(2024, 3, 1), 80.0, "85.0 was to be met by Mar 2024: met in the 12 months to Sep 2025"),
        (date(2024, 3, 1), 90.0, "85.0 was to be met by Mar 2024: not met in the 12 months to Sep 2025"),
    ],
)
def test_a_target_whose_month_is_over_is_met_or_not(by: date, value: float, words: str) -> None:
    rolling = replace(YEAR, value=value)
    assert target_words(ADMISSIONS, rolling, replace(GIVEN, month=by)) == words
    provisional = replace(rolling, period_status="provisional")
    assert target_words(ADMISSIONS, provisional, replace(GIVEN, month=by)) == f"{words} (provisional)"


def test_the_way_there_is_what_counts_for_on_track() -> None:
    assert target_words(ADMISSIONS, replace(YEAR, value=88.0, trajectory=90.0), GIVEN) == (
        "85.0 by Mar 2028 (by now 90.0): on track"
    )


@pytest.mark.parametrize(
    ("rolling", "target", "words"),
    [
        (YEAR, None, ""),
        (None, GIVEN, "85.0 by Mar 2028: not judged, there are no 12 complete months to hold against it"),
        (
            UNHELD,
            BELOW,
            "1.50% below January 2018 to December 2018 by Mar 2028: not judged, "
            "the figures here begin in Sep 2022, after that baseline began",
        ),
        (
            UNHELD,
            replace(BELOW, first_month=date(2017, 1, 1), months_known=11),
            "1.50% below January 2018 to December 2018 by Mar 2028: not judged, 11 of the 12 months of that baseline are known",
        ),
        (
            UNHELD,
            replace(BELOW, first_month=date(2017, 1, 1), months_known=12),
            "1.50% below January 2018 to December 2018 by Mar 2028: not judged, what is counted now is not set against that baseline, "
            "as between them the way of recording changed",
        ),
    ],
)
def test_a_target_that_nothing_can_be_held_against_says_why(
    rolling: Rolling | None, target: Target | None, words: str
) -> None:
    assert target_words(ADMISSIONS, rolling, target) == words
