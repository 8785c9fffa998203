"""The sentences: only special causes on complete months are called a change, and the words say which way and whether it is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestration.publishing.report import wording
from orchestration.publishing.report.changes import recorded_between
from orchestration.publishing.report.data import Indicator, Point

ADMISSIONS = Indicator(
    "emergency_admissions", "Emergency admissions", "", 1000, "lower_is_better", {"unit": "per 1,000 people"}
)
SPEND = Indicator("spend_per_head", "Spend", "", 1, "neutral", {"unit": "£ per head"})
READMISSIONS = Indicator("readmissions_30d", "Readmissions", "", 100, "lower_is_better", {"unit": "%"})
USUAL = Point(
    month=date(2025, 1, 1),
    numerator=300,
    denominator=36000,
    value=8.1,
    lower_95=7.2,
    upper_95=9.1,
    target=None,
    period_status="final",
    null_reason=None,
    judged=8.1,
    season_basis="none",
    centre=8.0,
    lower_process=7.0,
    upper_process=9.0,
    special_cause="none",
    variation="common_cause",
    assurance="no_target",
    phase=1,
    phase_reason=None,
)


def series(months: int = 14, **last: object) -> list[Point]:
    points = [replace(USUAL, month=date(2024 + (n // 12), n % 12 + 1, 1)) for n in range(months)]
    return [*points[:-1], replace(points[-1], **last)]


def test_nothing_is_called_a_change_within_chance() -> None:
    verdict = wording.judge(ADMISSIONS, series())
    assert verdict.variation == "common_cause"
    assert (
        verdict.this_month == "February 2025: 8.10 per 1,000 people. No change beyond what chance gives (average 8.00)."
    )
    assert verdict.twelve_months == "In the 12 months to February 2025 no single month stood out from its own average."


def test_an_incomplete_month_makes_no_sentence() -> None:
    odd = series(period_status="incomplete", value=2.0, special_cause="outside_limits", variation="improvement")
    verdict = wording.judge(ADMISSIONS, odd)
    assert verdict.month == date(2025, 1, 1)
    assert verdict.variation == "common_cause"
    assert "February" not in verdict.this_month + verdict.twelve_months


@pytest.mark.parametrize(
    ("cause", "value", "variation", "words"),
    [
        (
            "outside_limits",
            6.1,
            "improvement",
            "below what chance alone would give (limit 7.00, average 8.00). The direction is an improvement.",
        ),
        (
            "outside_limits",
            9.9,
            "concern",
            "above what chance alone would give (limit 9.00, average 8.00). The direction is a concern.",
        ),
        ("shift", 7.4, "improvement", "At least seven months in a row have been below the average of 8.00"),
        ("trend", 8.8, "concern", "Seven or more months in a row have moved the same way"),
        ("two_of_three", 8.8, "neither", "an early sign, worth watching. In itself this is neither good nor bad."),
    ],
)
def test_each_special_cause_has_its_words(cause: str, value: float, variation: str, words: str) -> None:
    verdict = wording.judge(ADMISSIONS, series(special_cause=cause, value=value, judged=value, variation=variation))
    assert words in verdict.this_month
    assert verdict.variation == variation
    assert "1 month stood out" in verdict.twelve_months


def test_too_little_to_judge_is_said() -> None:
    few = [replace(point, centre=None, lower_process=None, upper_process=None) for point in series(5)]
    assert wording.judge(ADMISSIONS, few).variation == "unknown"
    assert "too few months or events" in wording.judge(ADMISSIONS, few).this_month
    assert wording.judge(ADMISSIONS, []).month is None
    assert "not yet twelve" in wording.judge(ADMISSIONS, series(6)).twelve_months


def test_a_target_is_judged_by_assurance_alone() -> None:
    assert wording.judge(ADMISSIONS, series(target=7.5)).target == ""
    verdict = wording.judge(ADMISSIONS, series(target=7.5, assurance="hit_or_miss"))
    assert verdict.target.startswith("Target for a month: 7.50. At this level the target will be met in some months")


def test_units_in_sentences() -> None:
    assert wording.quantity(SPEND, 71.234) == "£71.23 per head"
    assert wording.quantity(READMISSIONS, 13.456) == "13.5%"
    assert wording.figure(READMISSIONS, None) == wording.MISSING
    assert wording.number(-1234.5) == "−1,234"


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ((1.5, 1.3, 1.7), "1.5 times as high at the most deprived end as at the least"),
        ((0.8, 0.7, 0.9), "Lower at the most deprived end: 0.80 times the least deprived"),
        ((1.1, 0.9, 1.3), "No gradient beyond what chance gives"),
        (
            (1.4, None, None),
            "1.4 times at the most deprived end; without limits, as this is no count of separate events",
        ),
    ],
)
def test_a_gradient_in_words(index: tuple, words: str) -> None:
    names = ("relative_index", "relative_index_lower_95", "relative_index_upper_95")
    row = wording.inequality_row(READMISSIONS, dict(zip(names, index, strict=True)))
    assert row is not None
    assert (row["words"], row["unit"]) == (words, "percentage points")
    assert wording.inequality_row(READMISSIONS, {"relative_index": None}) is None


CHANGE = {
    "baseline_kind": "year_before",
    "baseline_period": "2023-10 to 2024-09",
    "current_period": "2024-10 to 2025-09",
    "months": 12,
    "verdict": "lower",
    "change_pct": -16.0,
    "change_pct_lower_95": -20.0,
    "change_pct_upper_95": -11.0,
    "change_per_day": -10.2,
    "change_per_day_lower_95": -13.0,
    "change_per_day_upper_95": -7.1,
    "comparator_change_pct": -6.0,
    "difference_pct_points": -10.0,
    "difference_pct_points_lower_95": -15.0,
    "difference_pct_points_upper_95": -5.0,
    "difference_per_day": -6.4,
    "difference_per_day_lower_95": -9.6,
    "difference_per_day_upper_95": -3.2,
}
BY_CHANCE = {"verdict": "within_chance", "change_pct": 4.0, "change_pct_lower_95": -1.0, "change_pct_upper_95": 9.0}
GONE_LIVE = {
    "baseline_kind": "go_live",
    "baseline_period": "2024-08 to 2024-10",
    "current_period": "2025-08 to 2025-10",
    "months": 3,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "fell 16.0% (95% limits −20.0% to −11.0%), 10.2 a day fewer (7.10 to 13.0)"),
        (BY_CHANCE, "+4.0% (95% limits −1.0% to +9.0%), which may be chance"),
        (
            BY_CHANCE | {"verdict": "no_limits", "change_pct_lower_95": None, "change_pct_upper_95": None},
            "+4.0%, without limits: what chance alone gives is not known",
        ),
    ],
)
def test_a_change_names_both_periods_and_whether_it_may_be_chance(change: dict, words: str) -> None:
    text = wording.change_sentence(ADMISSIONS, CHANGE | change)
    assert text.startswith("October 2024 to September 2025 against October 2023 to September 2024: ")
    assert words in text
    assert text.endswith(
        "; the rest of the ICB −6.0%, a difference of −10.0 points (−15.0 to −5.0), 6.40 a day fewer (3.20 to 9.60)."
    )
    by_chance = CHANGE | change | {"difference_pct_points_upper_95": 1.0, "difference_per_day_upper_95": 0.6}
    assert wording.change_sentence(ADMISSIONS, by_chance).endswith("(−15.0 to +1.0, which may be chance).")
    assert wording.change_sentence(ADMISSIONS, CHANGE | {"change_pct": None}) == ""


def test_before_its_time_a_change_is_too_early_and_not_nothing() -> None:
    """Fewer than three months are not compared (E16); before the framework's clock (E18) neither a change nor its absence says anything."""
    live = date(2025, 8, 1)
    slow = replace(ADMISSIONS, facts={**ADMISSIONS.facts, "expected_after_months": 12})
    early = (
        CHANGE
        | GONE_LIVE
        | {"verdict": "too_early", "months": 2, "change_pct": None, "current_period": "2025-08 to 2025-09"}
    )
    assert wording.change_sentence(slow, early, live).endswith("too early to compare, with 2 months since.")
    text = wording.change_sentence(slow, CHANGE | GONE_LIVE | BY_CHANCE, live)
    assert text.startswith(
        "Since go-live in August 2025 (August 2025 to October 2025 against August 2024 to October 2024): +4.0%"
    )
    assert "3 months since go-live: the framework expects no change in this before 12 months" in text
    in_time = replace(ADMISSIONS, facts={**ADMISSIONS.facts, "expected_after_months": 3})
    assert "framework" not in wording.change_sentence(in_time, CHANGE | GONE_LIVE | BY_CHANCE, live)


@pytest.mark.parametrize(
    ("last", "change", "words"),
    [
        ({}, BY_CHANCE, None),
        ({}, {}, "Yet the 12 months as a whole are lower than the year before (−16.0%, 95% limits −20.0% to −11.0%)"),
        (
            {"special_cause": "shift", "variation": "improvement", "judged": 7.4},
            {},
            "The 12 months as a whole agree: lower",
        ),
        (
            {"special_cause": "shift", "variation": "improvement", "judged": 7.4},
            BY_CHANCE,
            "no difference from the year before can be told from chance (+4.0%",
        ),
        ({"special_cause": "outside_limits", "variation": "concern", "judged": 9.9}, {}, "went the other way: lower"),
    ],
)
def test_chart_and_change_agree_or_say_why_not(last: dict, change: dict, words: str | None) -> None:
    said = wording.judge(ADMISSIONS, series(**last), [CHANGE | change]).this_month
    assert ("12 months" in said) == (words is not None)
    assert words is None or words in said


def test_a_provisional_month_says_so_in_the_sentence() -> None:
    assert (
        "8.10 per 1,000 people (provisional, may still change)."
        in wording.judge(ADMISSIONS, series(period_status="provisional")).this_month
    )


def test_an_adjusted_month_says_what_it_counts_as_and_an_unknown_season_that_it_is() -> None:
    said = wording.judge(ADMISSIONS, series(value=8.8, judged=8.1, season_basis="own_history")).this_month
    assert said == (
        "February 2025: 8.80 per 1,000 people. No change beyond what chance gives "
        "(average 8.00; after season and working days the month counts as 8.10)."
    )
    verdict = wording.judge(ADMISSIONS, series(season_basis="not_yet_known"))
    assert "Its season is not known yet" in verdict.notes[0]


def test_what_was_judged_stands_in_brackets_after_the_average() -> None:
    last = {"judged": 6.1, "value": 6.3, "season_basis": "own_history", "special_cause": "two_of_three"}
    assert (
        "Of three months in a row below the average of 8.00 (after season and working days the month counts as 6.10), two were"
        in (wording.judge(ADMISSIONS, series(**last)).this_month)
    )


def test_accounts_are_never_judged_and_never_called_unchanged() -> None:
    accounts = replace(ADMISSIONS, facts={**ADMISSIONS.facts, "donabedian_type": "structure"})
    assert wording.judge(accounts, series()).variation == "never_judged"


def test_a_part_is_not_counted_beside_its_whole() -> None:
    concern, none = wording.Verdict("concern", None, ""), wording.Verdict("common_cause", None, "")
    names = ("emergency_admissions", "emergency_admissions_los_1_plus", "acs_chronic_admissions")
    said = wording.standing_out(dict.fromkeys(names, concern) | {"op_attendances": none, "gp_dna_pct": none})
    assert said == "1 of 3 indicators stands out from chance in its newest complete month, and 2 parts of it with it"
    alone = wording.standing_out(
        {"emergency_admissions": none, "acs_chronic_admissions": concern, "op_attendances": none}
    )
    assert alone == "1 of 3 indicators stands out from chance in its newest complete month"


def test_a_gradient_of_months_that_may_change_says_so() -> None:
    row = {
        "relative_index": 1.6,
        "relative_index_lower_95": 1.3,
        "relative_index_upper_95": 2.0,
        "period_status": "final",
    }
    for status, ending in ("final", "the least"), ("provisional", "the least (provisional, may still change)"):
        said = wording.inequality_row(ADMISSIONS, row | {"period_status": status})
        assert said is not None and said["words"] == f"1.6 times as high at the most deprived end as at {ending}"


def test_a_part_stands_in_each_whole_that_counts_it() -> None:
    concern = wording.Verdict("concern", None, "")
    both = {"all_visits": concern, "all_visits_with_community": concern, "op_attendances": concern}
    assert wording.standing_out(both).startswith("1 of 1 indicators stands out")


LIVE_A_YEAR = CHANGE | {"baseline_kind": "go_live"}


def test_one_comparison_under_two_names_is_said_once_as_that_since_go_live() -> None:
    verdict = wording.judge(ADMISSIONS, series(), [LIVE_A_YEAR, CHANGE], date(2024, 10, 1))
    assert len(verdict.changes) == 1
    assert verdict.changes[0].startswith("Since go-live in October 2024")
    assert verdict.moved == ("fell since go-live",)
    other = LIVE_A_YEAR | {"current_period": "2024-11 to 2025-10"}
    assert len(wording.judge(ADMISSIONS, series(), [other, CHANGE], date(2024, 10, 1)).changes) == 2


@pytest.mark.parametrize(
    ("rows", "moved", "said"),
    [
        ([CHANGE], ("fell over 12 months",), "this month within chance; fell over 12 months"),
        ([CHANGE | {"verdict": "higher"}], ("rose over 12 months",), "this month within chance; rose over 12 months"),
        ([CHANGE | BY_CHANCE], (), "no change beyond chance"),
        ([CHANGE | {"verdict": "no_limits"}], (), "no change beyond chance"),
    ],
)
def test_what_moved_over_a_year_is_never_called_no_change(rows: list, moved: tuple, said: str) -> None:
    verdict = wording.judge(ADMISSIONS, series(), rows)
    assert (verdict.variation, verdict.moved) == ("common_cause", moved)
    assert verdict.against_its_past == said


def test_a_move_before_its_time_says_so() -> None:
    slow = replace(ADMISSIONS, facts={**ADMISSIONS.facts, "expected_after_months": 12})
    verdict = wording.judge(slow, series(), [CHANGE | GONE_LIVE], date(2025, 8, 1))
    assert verdict.moved == ("fell since go-live (before the framework expects a change)",)


def test_no_single_month_is_said_to_stand_out_only_where_none_of_the_year_does() -> None:
    """The year of the change is October 2024 to September 2025: a signal before it is not one of its months."""
    months = [replace(USUAL, month=date(2024 + n // 12, n % 12 + 1, 1)) for n in range(21)]

    def said(signal: date | None) -> str:
        points = [replace(p, special_cause="shift") if p.month == signal else p for p in months]
        return wording.judge(ADMISSIONS, points, [CHANGE]).this_month

    assert "so that no single month stands out" in said(None)
    assert "so that no single month stands out" in said(date(2024, 9, 1))
    for inside in (date(2024, 10, 1), date(2025, 8, 1)):
        assert "no single month" not in said(inside)
        assert "1 of these months stood out from the average, the newest does not" in said(inside)


def test_a_run_is_never_called_lasting_or_brief() -> None:
    """That a year shows no difference says neither that a run is short nor that it is new."""
    last = {"special_cause": "shift", "variation": "improvement", "judged": 7.4}
    said = wording.judge(ADMISSIONS, series(**last), [CHANGE | BY_CHANCE]).this_month
    assert "no difference from the year before can be told from chance" in said
    assert "recent" not in said and "brief" not in said
    assert ": more than chance usually gives. The direction is an improvement." in said
    assert "lasting" not in said and "not chance" not in said


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("not_delivered", {}, "not known: not delivered"),
        ("withheld_small_numbers", {}, "not known: withheld small numbers"),
        ("twelve_months_only", {}, "not judged: twelve months only"),
        (None, {"measure_kind": "reported_mean"}, "not known: not delivered"),
        (None, {"measure_kind": "additive"}, "not known"),
    ],
)
def test_what_has_no_figure_is_not_known_and_never_too_little(reason: str | None, facts: dict, said: str) -> None:
    points = [replace(USUAL, value=None, period_status="incomplete", null_reason=reason)] if reason else []
    assert wording.judge(replace(ADMISSIONS, facts=facts), points).against_its_past == said
    few = wording.judge(ADMISSIONS, [replace(USUAL, centre=None)])
    assert (few.against_its_past, few.no_figure) == ("too little to judge", "")


@pytest.mark.parametrize(
    ("first", "last", "is_told"),
    [
        (date(2023, 10, 1), date(2025, 9, 1), True),
        (date(2024, 6, 1), date(2024, 7, 1), True),
        (date(2024, 7, 1), date(2025, 9, 1), False),
        (date(2023, 1, 1), date(2024, 6, 1), False),
    ],
)
def test_a_change_of_recording_is_told_where_it_lies_within_what_is_compared(
    first: date, last: date, is_told: bool
) -> None:
    moved = "Short stays moved out from July 2024."
    limited = replace(ADMISSIONS, facts={"known_limitations": f"First episodes are counted. {moved} Nothing else."})
    assert recorded_between(limited, first, last) == (moved if is_told else "")
    assert recorded_between(ADMISSIONS, first, last) == ""


def test_a_change_of_recording_that_took_a_year_is_told_of_months_within_it() -> None:
    slow = replace(ADMISSIONS, facts={"known_limitations": "It moved between July 2024 and July 2025; no comparison."})
    assert recorded_between(slow, date(2024, 9, 1), date(2025, 3, 1))
    assert not recorded_between(slow, date(2025, 7, 1), date(2025, 9, 1))
