"""Every sentence the report says of figures, each with its rule beside it. Facts in (`judge`, `standing_out`, …), words out.

Nothing is called a change but by a special cause of a complete month or a verdict of `indicator_change`; chart and change make one
sentence. How often each kind is said where nothing changed is measured in docs/words.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.publishing.report.data import Indicator, Point, Rolling
from orchestration.publishing.report.numbers import MISSING as MISSING
from orchestration.publishing.report.numbers import count as count
from orchestration.publishing.report.numbers import figure as figure
from orchestration.publishing.report.numbers import month_name as month_name
from orchestration.publishing.report.numbers import number as number
from orchestration.publishing.report.numbers import pounds as pounds
from orchestration.publishing.report.numbers import quantity as quantity
from orchestration.publishing.report.numbers import short_month as short_month
from orchestration.publishing.report.numbers import signed as signed
from orchestration.publishing.report.numbers import unit as unit
from orchestration.publishing.report.questions import questions as questions

VARIATION_WORDS = {
    "improvement": "improvement",
    "concern": "concern",
    "neither": "change, neither good nor bad in itself",
    "common_cause": "no change beyond chance",
    "unknown": "too little to judge",
    "never_judged": "shown and never judged",
}
CAUSE_WORDS = {
    "outside_limits": "outside the limits",
    "shift": "7 or more on one side of the average",
    "trend": "7 or more rising or falling in a row",
    "two_of_three": "2 of 3 close to a limit or beyond it",
    "none": "none",
}
FUNNEL_WORDS = {
    "within": "between the lines",
    "low_95": "below the inner line",
    "low_99_8": "below the outer line",
    "high_95": "above the inner line",
    "high_99_8": "above the outer line",
}
STATUS_WORDS = {"final": "final", "provisional": "provisional", "incomplete": "incomplete"}
ASSURANCE_WORDS = {
    "pass": "At this level the target will be met every month.",
    "fail": "At this level the target will not be met without a change in how things are done.",
    "hit_or_miss": "At this level the target will be met in some months and missed in others, by chance alone.",
}


@dataclass(frozen=True)
class Verdict:
    """What may honestly be said of one indicator in one area.

    `variation` is one of `VARIATION_WORDS` and the symbol of the chart; `month` the newest complete month; `this_month` the one sentence
    that chart and change make together; `twelve_months`, `target` and `changes` what stands below it; `notes` what a reader has to know.
    """

    variation: str
    month: date | None
    this_month: str
    twelve_months: str = ""
    target: str = ""
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def judge(
    indicator: Indicator, points: list[Point], changes: Sequence[dict[str, Any]] = (), go_live: date | None = None
) -> Verdict:
    """All that is said of one series: from the special causes of complete months, the changes of `indicator_change` and the clock.

    A month whose follow-up is not over, or where a provider is missing, never makes a sentence: the newest complete month does.
    """
    complete = [p for p in points if p.is_complete]
    said = tuple(text for row in changes if (text := change_sentence(indicator, row, go_live)))
    if not complete:
        return Verdict("unknown", None, "There is no complete month to report yet.", changes=said)
    last = complete[-1]
    if indicator.facts.get("donabedian_type") == "structure":
        return Verdict("never_judged", last.month, f"{_figure_of(indicator, last)} {NEVER_JUDGED}", changes=said)
    if last.centre is None or last.upper_process is None:
        text = f"{_figure_of(indicator, last)} There are too few months or events to tell change from chance."
        return Verdict("unknown", last.month, text, changes=said)
    year = next((row for row in changes if row.get("baseline_kind") == "year_before"), None)
    return Verdict(
        variation=last.variation,
        month=last.month,
        this_month=f"{_figure_of(indicator, last)} {_cause(indicator, last)}{_reconciled(last, year)}",
        twelve_months=_twelve_months(complete),
        target=_target(indicator, last),
        changes=said,
        notes=_notes(last),
    )


NEVER_JUDGED = "This is read from accounts and registers, which chance does not move: it is shown and never judged."


def _figure_of(indicator: Indicator, point: Point) -> str:
    """The figure itself, and that it may still change where it may (rule: `period_status` of the month, definitions C9)."""
    provisional = " (provisional, may still change)" if point.period_status == "provisional" else ""
    return f"{month_name(point.month)}: {quantity(indicator, point.value)}{provisional}."


def _cause(indicator: Indicator, point: Point) -> str:
    """What the chart says of the newest complete month. Rules: `special_cause` of `indicator_spc` (definitions C10, E14, E15)."""
    average = figure(indicator, point.centre)
    adjusted = _adjusted_words(indicator, point)
    if point.special_cause == "none":
        return f"No change beyond what chance gives (average {average}{adjusted})."
    side = "above" if (point.shown or 0.0) > (point.centre or 0.0) else "below"
    if point.special_cause == "outside_limits":
        # one month alone: a sign to look, whatever its direction
        limit = point.upper_process if side == "above" else point.lower_process
        text = f"This month is {side} what chance alone would give (limit {figure(indicator, limit)}, average {average}{adjusted})"
    elif point.special_cause == "shift":
        text = f"At least seven months in a row have been {side} the average of {average}{adjusted}: a lasting change, not chance"
    elif point.special_cause == "trend":
        text = f"Seven or more months in a row have moved the same way; the figure is now {side} the average of {average}{adjusted}"
    else:
        text = (
            f"Of three months in a row {side} the average of {average}{adjusted}, two were unusually far from it: "
            "an early sign, worth watching"
        )
    return text + MEANING.get(point.variation, ". In itself this is neither good nor bad.")


MEANING = {
    "improvement": ". The direction is an improvement.",
    "concern": ". The direction is a concern.",
}


def _adjusted_words(indicator: Indicator, point: Point) -> str:
    """What was judged where it is not the raw figure (rule: `calendar_factor` × `season_factor` moves it by at least half a per cent)."""
    if not point.is_adjusted:
        return ""
    what = "season and working days" if point.season_basis == "own_history" else "working days"
    return f"; after {what} the month counts as {figure(indicator, point.judged)}"


def _reconciled(point: Point, year: dict[str, Any] | None) -> str:
    """How the chart's sentence and the year's change stand together (definitions E16): they agree, or it is said why not.

    The chart looks for a month or a run that its own average does not explain; the change compares two whole years. A year can differ
    without a month standing out (a slow or early move), and a month can stand out in a year like the last.
    """
    if year is None or year["change_pct"] is None or year["verdict"] not in ("lower", "higher", "within_chance"):
        return ""
    percent = f"{signed(year['change_pct'])}%, 95% limits {signed(year['change_pct_lower_95'])}% to {signed(year['change_pct_upper_95'])}%"
    is_signal = point.special_cause != "none"
    way = (point.shown or 0.0) - (point.centre or 0.0)
    if not is_signal and year["verdict"] == "within_chance":
        return ""
    if not is_signal:
        return (
            f" Yet the 12 months as a whole are {year['verdict']} than the year before ({percent}): the move was slow or came early, "
            "so that no single month stands out from the average."
        )
    if year["verdict"] == "within_chance":
        return f" The 12 months as a whole differ from the year before by no more than chance ({percent}), so this is recent or brief."
    if (year["verdict"] == "higher") == (way > 0):
        return f" The 12 months as a whole agree: {year['verdict']} than the year before ({percent})."
    went = f"{year['verdict']} than the year before ({percent})"
    return f" The 12 months as a whole went the other way: {went}; the newest months differ from them."


def _notes(point: Point) -> tuple[str, ...]:
    """What a reader has to know. Rule: `season_basis` = `not_yet_known` (definitions E15, E24)."""
    notes = []
    if point.season_basis == "not_yet_known":
        notes.append(
            "Its season is not known yet (that takes 24 complete months): winter or summer alone may explain a month outside the limits, "
            "and runs of months are not judged."
        )
    return tuple(notes)


def _twelve_months(complete: list[Point]) -> str:
    """The look back. Rule: special causes of the newest 12 complete months, all with limits."""
    year = complete[-12:]
    judged = [p for p in year if p.centre is not None]
    if len(judged) < 12:
        return "There are not yet twelve complete months to look back over."
    good = sum(p.variation == "improvement" for p in judged)
    bad = sum(p.variation == "concern" for p in judged)
    other = sum(p.variation == "neither" for p in judged)
    span = f"In the 12 months to {month_name(judged[-1].month)}"
    if not good + bad + other:
        return f"{span} no single month stood out from its own average."
    parts = [
        f"{_count(n)} {words}"
        for n, words in (
            (good, "stood out as improvement"),
            (bad, "stood out as concern"),
            (other, "stood out, neither good nor bad"),
        )
        if n
    ]
    rest = "" if good + bad + other == len(judged) else "; the rest were within chance"
    return f"{span}, {' and '.join(parts)}{rest}."


def _count(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def _target(indicator: Indicator, point: Point) -> str:
    """Rule: `assurance` of `indicator_spc`: the process limits against the target, not the newest figure."""
    if point.target is None or point.assurance not in ASSURANCE_WORDS:
        return ""
    return f"Target {figure(indicator, point.target)}. {ASSURANCE_WORDS[point.assurance]}"


def standing_out(verdicts: dict[str, Verdict]) -> str:
    """How many indicators stand out, by the id of each. Rule: a part of another that stands out the same way is not counted again.

    >>> v = Verdict("concern", None, "")
    >>> standing_out({"emergency_admissions": v, "emergency_admissions_los_1_plus": v, "op_attendances": Verdict("common_cause", None, "")})
    '1 of 2 indicators stands out from chance in its newest complete month, and 1 part of it with it'
    """
    judged = {name: v for name, v in verdicts.items() if v.variation not in ("unknown", "never_judged")}
    out = {name for name, v in judged.items() if v.variation in SIGNALS}
    parts = {
        name
        for name in out
        if _has_ancestor(name, {n for n in out if verdicts[n].variation == verdicts[name].variation})
    }
    wholes = {
        name for name in judged if name not in parts and not (name not in out and _has_ancestor(name, set(judged)))
    }
    one = len(out) - len(parts) == 1
    text = f"{len(out) - len(parts)} of {len(wholes)} indicators {'stands' if one else 'stand'} out from chance in "
    text += f"{'its' if one else 'their'} newest complete month"
    if parts:
        text += f", and {len(parts)} {'part' if len(parts) == 1 else 'parts'} of {'it' if one else 'them'} with {'it' if one else 'them'}"
    return text


SIGNALS = ("concern", "improvement", "neither")
# part → whole: of events that are counted again in another indicator
PART_OF = {
    "all_visits": "all_visits_with_community",
    "community_contacts": "all_visits_with_community",
    "gp_appointments_attended": "all_visits",
    "ae_attendances_unplanned": "all_visits",
    "sdec_attendances": "all_visits",
    "op_attendances": "all_visits",
    "ae_type_1_attendances": "ae_attendances_unplanned",
    "emergency_admissions_los_0": "emergency_admissions",
    "emergency_admissions_los_1_plus": "emergency_admissions",
    "emergency_overnight_medical_75_plus": "emergency_admissions_los_1_plus",
    "nnhip_non_elective_spells": "emergency_admissions",
    "acs_chronic_admissions": "emergency_admissions",
    "acs_19_admissions": "emergency_admissions",
    "falls_admissions_65_plus": "emergency_admissions",
    "readmissions_60d": "readmissions_90d",
    "readmissions_30d": "readmissions_90d",
}


def _has_ancestor(name: str, others: set[str]) -> bool:
    while (name := PART_OF.get(name, "")) != "":
        if name in others:
            return True
    return False


def rolling_sentence(indicator: Indicator, rolling: Rolling | None) -> str:
    """The rolling 12 months as a description with its limits, not as a claim of change (rule: the newest complete ones)."""
    if rolling is None or rolling.value is None:
        return ""
    text = f"12 months to {month_name(rolling.month)}: {quantity(indicator, rolling.value)}"
    if rolling.lower_95 is not None and rolling.upper_95 is not None:
        text += f" (95% limits {number(rolling.lower_95)} to {number(rolling.upper_95)})"
    if rolling.year_before is not None:
        text += f"; a year before {figure(indicator, rolling.year_before)}"
    if rolling.comparator is not None:
        text += f"; the rest of the ICB {figure(indicator, rolling.comparator)}"
    return text + "."


def change_sentence(indicator: Indicator, change: dict[str, Any], go_live: date | None = None) -> str:
    """One row of `indicator_change` (definitions E16): both periods named, with its limits, in events a day, and beside the others.

    Rules: `verdict` for what is called a change; fewer than 3 months, or fewer than the framework's clock allows since go-live
    (`expected_after_months`, E18), is too early, which is not that nothing happened.
    """
    since = f"{_span(change['current_period'])} against {_span(change['baseline_period'])}"
    is_go_live = change["baseline_kind"] == "go_live"
    if is_go_live and go_live is not None:
        since = f"Since go-live in {month_name(go_live)} ({since})"
    if change.get("period_status") == "provisional":
        since += ", provisional"
    if change["verdict"] == "too_early":
        return f"{since}: too early to compare, with {_count(change['months'])} since."
    percent, lower, upper = (change[f"change_pct{end}"] for end in ("", "_lower_95", "_upper_95"))
    if percent is None:
        return ""
    if lower is None or upper is None:
        text = f"{since}: {signed(percent)}%, without limits: what chance alone gives is not known"
    elif change["verdict"] == "within_chance":
        text = f"{since}: {signed(percent)}% (95% limits {signed(lower)}% to {signed(upper)}%), which may be chance"
    else:
        text = f"{since}: {'rose' if percent > 0 else 'fell'} {abs(percent):.1f}% (95% limits {signed(lower)}% to {signed(upper)}%)"
        text += _a_day(indicator, change, "change")
    if change["comparator_change_pct"] is not None:
        text += f"; the rest of the ICB {signed(change['comparator_change_pct'])}%"
        difference, low, high = (change.get(f"difference_pct_points{end}") for end in ("", "_lower_95", "_upper_95"))
        if difference is not None and low is not None and high is not None:
            text += f", a difference of {signed(difference)} points ({signed(low)} to {signed(high)}"
            text += ", which may be chance)" if low <= 0 <= high else f"){_a_day(indicator, change, 'difference')}"
    expected = indicator.facts.get("expected_after_months")
    months = _months_since(change["current_period"], go_live) if is_go_live and go_live is not None else None
    if months is not None and expected and months < expected:
        text += (
            f". {_count(months)} since go-live: the framework expects no change in this before {_count(expected)}, "
            "so neither a change nor its absence says anything of the team yet"
        )
    return text + "."


def _a_day(indicator: Indicator, change: dict[str, Any], what: str) -> str:
    """The `change`, or the `difference` from the others, in people's numbers, where a tenth of one a day is reached (rule: its
    `_per_day` and limits, which lie on one side of nought)."""
    values = [change.get(f"{what}_per_day{end}") for end in ("", "_lower_95", "_upper_95")]
    if unit(indicator) == "%" or any(value is None for value in values) or abs(values[0] or 0.0) < 0.1:
        return ""
    amount, low, high = (abs(v) for v in values if v is not None)
    low, high = sorted((low, high))
    words = "fewer" if (values[0] or 0) < 0 else "more"
    if unit(indicator).startswith("£"):
        return f", {pounds(amount)} a day {'less' if words == 'fewer' else 'more'}"
    return f", {number(amount)} a day {words} ({number(low)} to {number(high)})"


def _span(period: str) -> str:
    """
    >>> _span("2024-01 to 2024-12"), _span("2025-08 to 2025-08")
    ('January 2024 to December 2024', 'August 2025')
    """
    first, last = (date.fromisoformat(f"{end}-01") for end in (period[:7], period[-7:]))
    return month_name(first) if first == last else f"{month_name(first)} to {month_name(last)}"


def _months_since(period: str, go_live: date) -> int:
    """Whole months of the team's life at the end of a period; its first month is one."""
    return (int(period[-7:-3]) - go_live.year) * 12 + int(period[-2:]) - go_live.month + 1


def inequality_row(indicator: Indicator, row: dict[str, Any]) -> dict[str, Any] | None:
    """The gap between the most and the least deprived fifths of the area's own people, with limits."""
    relative = row.get("relative_index")
    if relative is None:
        return None
    lower, upper = row.get("relative_index_lower_95"), row.get("relative_index_upper_95")
    slope, slope_lower, slope_upper = (row.get(f"slope_index{end}") for end in ("", "_lower_95", "_upper_95"))
    if lower is None or upper is None:
        words = f"{relative:.1f} times at the most deprived end; without limits, as this is no count of separate events"
    elif lower <= 1 <= upper:
        words = "No gradient beyond what chance gives"
    elif relative > 1:
        words = f"{relative:.1f} times as high at the most deprived end as at the least"
    else:
        words = f"Lower at the most deprived end: {relative:.2f} times the least deprived"
    if row.get("period_status") == "provisional":
        words += " (provisional, may still change)"
    return {
        "indicator": indicator,
        "words": words,
        "relative": relative,
        "lower": lower,
        "upper": upper,
        "unit": "percentage points" if unit(indicator) == "%" else unit(indicator),
        "slope": slope,
        "slope_lower": slope_lower,
        "slope_upper": slope_upper,
    }


def target_words(indicator: Indicator, rolling: Rolling | None, by: date | None) -> str:
    """The target with its month and whether the newest complete 12 months lie on the straight way to it. A fact, not a forecast:
    on track means at least as good as the way there asks for by now."""
    if rolling is None or rolling.value is None or rolling.target is None:
        return ""
    text = f"{figure(indicator, rolling.target)}" + (f" by {short_month(by)}" if by else "")
    asked = rolling.trajectory if rolling.trajectory is not None else rolling.target
    polarity = indicator.polarity
    if not polarity.startswith(("lower", "higher")):
        return text
    is_on_track = rolling.value <= asked if polarity.startswith("lower") else rolling.value >= asked
    way = "" if asked == rolling.target else f" (by now {figure(indicator, asked)})"
    return f"{text}{way}: {'on track' if is_on_track else 'not on track'}"
