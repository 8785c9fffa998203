"""Every sentence the report says of figures, each with its rule beside it; those of changes are in `changes`. Facts in, words out.

Nothing is called a change but by a special cause of a complete month or a verdict of `indicator_change`; chart and change make one
sentence. How often each kind is said where nothing changed is measured in docs/words.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any

from orchestration.publishing.report.changes import change_sentence as change_sentence
from orchestration.publishing.report.changes import moved, reconciled, recorded_another_way, said_once
from orchestration.publishing.report.changes import whole_months_live as whole_months_live
from orchestration.publishing.report.data import Indicator, Point, Reported, Rolling
from orchestration.publishing.report.numbers import MISSING as MISSING
from orchestration.publishing.report.numbers import count as count
from orchestration.publishing.report.numbers import figure as figure
from orchestration.publishing.report.numbers import month_count as month_count
from orchestration.publishing.report.numbers import month_name as month_name
from orchestration.publishing.report.numbers import number as number
from orchestration.publishing.report.numbers import pounds as pounds
from orchestration.publishing.report.numbers import quantity as quantity
from orchestration.publishing.report.numbers import short_month as short_month
from orchestration.publishing.report.numbers import signed as signed
from orchestration.publishing.report.numbers import span
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
UNKNOWN = "not known"
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
    that chart and change make together; `twelve_months`, `target` and `changes` what stands below it; `notes` what a reader has to know;
    `moved` the periods of `changes` that fell or rose by more than chance, in a few words each; `reason` why no month and no
    period has a figure; `recorded` how the way of recording changed within what `changes` compare.
    """

    variation: str
    month: date | None
    this_month: str
    twelve_months: str = ""
    target: str = ""
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    reason: str = ""
    recorded: tuple[str, ...] = ()

    @property
    def against_its_past(self) -> str:
        """The verdict on the newest complete month, and beside it a whole period that did move: never "no change" of what fell."""
        words = self.no_figure or VARIATION_WORDS[self.variation]
        if not self.moved or self.variation in SIGNALS:
            return words
        this_month = "this month within chance" if self.variation == "common_cause" else words
        return f"{this_month}; {' and '.join(self.moved)}"

    @property
    def no_figure(self) -> str:
        """That there is none, and why: never "too little to judge" of what nobody has sent."""
        if self.reason in ("", UNKNOWN):
            return self.reason
        return f"{'not judged' if self.reason == 'twelve months only' else UNKNOWN}: {self.reason}"


def judge(
    indicator: Indicator,
    points: list[Point],
    changes: Sequence[dict[str, Any]] = (),
    go_live: date | None = None,
    reported: Reported | None = None,
) -> Verdict:
    """All that is said of one series: from the special causes of complete months, the changes of `indicator_change` and the clock.

    A measure without months is said as it was `reported`.
    A month whose follow-up is not over, or where a provider is missing, never makes a sentence: the newest complete month does.
    """
    complete = [p for p in points if p.is_complete]
    said = tuple(text for row in said_once(changes) if (text := change_sentence(indicator, row, go_live)))
    periods = tuple(words for row in said_once(changes) if (words := moved(indicator, row, go_live)))
    recorded = tuple(
        dict.fromkeys(text for row in said_once(changes) if (text := recorded_another_way(indicator, row)))
    )
    verdict = partial(Verdict, changes=said, moved=periods, recorded=recorded)
    if not complete and reported is not None:
        variation = "unknown" if reported.value is None else "never_judged"
        reason = _why_unknown(indicator, [*points, reported]) if reported.value is None else ""
        return verdict(variation, None, reported_sentence(indicator, reported), reason=reason)
    if not complete:
        return verdict(
            "unknown", None, "There is no complete month to report yet.", reason=_why_unknown(indicator, points)
        )
    last = complete[-1]
    if indicator.facts.get("donabedian_type") == "structure":
        return verdict("never_judged", last.month, f"{_figure_of(indicator, last)} {NEVER_JUDGED}")
    if last.centre is None or last.upper_process is None:
        text = f"{_figure_of(indicator, last)} There are too few months or events to tell change from chance."
        return verdict("unknown", last.month, text)
    year = next((row for row in changes if row.get("baseline_kind") == "year_before"), None)
    return verdict(
        variation=last.variation,
        month=last.month,
        this_month=f"{_figure_of(indicator, last)} {_cause(indicator, last)}{reconciled(complete, year)}",
        twelve_months=_twelve_months(complete),
        target=_target(indicator, last),
        notes=_notes(last),
    )


def _why_unknown(indicator: Indicator, figures: Sequence[Point | Reported]) -> str:
    """The newest reason that the marts give; they have no row of a reported measure that nobody sent."""
    reasons = [figure.null_reason for figure in figures if figure.null_reason]
    is_reported = str(indicator.facts.get("measure_kind")).startswith("reported_")
    return reasons[-1].replace("_", " ") if reasons else "not delivered" if is_reported else UNKNOWN


NEVER_JUDGED = "This is read from accounts and registers, which chance does not move: it is shown and never judged."


PROVISIONAL = " (provisional, may still change)"


def _figure_of(indicator: Indicator, point: Point) -> str:
    """The figure itself, and that it may still change where it may (rule: `period_status` of the month, definitions C9)."""
    provisional = PROVISIONAL if point.period_status == "provisional" else ""
    return f"{month_name(point.month)}: {quantity(indicator, point.value)}{provisional}."


def _cause(indicator: Indicator, point: Point) -> str:
    """What the chart says of the newest complete month. Rules: `special_cause` of `indicator_spc` (definitions C10, E14, E15)."""
    average = figure(indicator, point.centre)
    adjusted = _adjusted_words(indicator, point)
    within, aside = (f"; {adjusted}", f" ({adjusted})") if adjusted else ("", "")
    if point.special_cause == "none":
        return f"No change beyond what chance gives (average {average}{within})."
    side = "above" if (point.shown or 0.0) > (point.centre or 0.0) else "below"
    if point.special_cause == "outside_limits":
        # one month alone: a sign to look, whatever its direction
        limit = point.upper_process if side == "above" else point.lower_process
        text = f"This month is {side} what chance alone would give (limit {figure(indicator, limit)}, average {average}{within})"
    elif point.special_cause == "shift":
        text = f"At least seven months in a row have been {side} the average of {average}{aside}: more than chance usually gives"
    elif point.special_cause == "trend":
        text = f"Seven or more months in a row have moved the same way; the figure is now {side} the average of {average}{aside}"
    else:
        text = (
            f"Of three months in a row {side} the average of {average}{aside}, two were unusually far from it: "
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
    return f"after {what} the month counts as {figure(indicator, point.judged)}"


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
        f"{month_count(n)} {words}"
        for n, words in (
            (good, "stood out as improvement"),
            (bad, "stood out as concern"),
            (other, "stood out, neither good nor bad"),
        )
        if n
    ]
    rest = "" if good + bad + other == len(judged) else "; the rest were within chance"
    return f"{span}, {' and '.join(parts)}{rest}."


def _target(indicator: Indicator, point: Point) -> str:
    """Rule: `assurance` of `indicator_spc`: the process limits against the target, not the newest figure."""
    if point.target is None or point.assurance not in ASSURANCE_WORDS:
        return ""
    return f"Target for a month: {figure(indicator, point.target)}. {ASSURANCE_WORDS[point.assurance]}"


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


def reported_sentence(indicator: Indicator, reported: Reported) -> str:
    """The newest period of a measure that does not come by month (rule: period `reported`): a figure, never a claim of change."""
    when = span(reported.period_start, reported.period_end)
    if reported.value is None:
        return f"{when}: withheld, few answered."
    text = f"{when}: {quantity(indicator, reported.value)}"
    if reported.lower_95 is not None and reported.upper_95 is not None:
        text += f" (95% limits {number(reported.lower_95)} to {number(reported.upper_95)})"
    provisional = PROVISIONAL if reported.period_status == "provisional" else ""
    return f"{text}{provisional}. It is reported by period: shown and never judged month by month."


def rolling_sentence(indicator: Indicator, rolling: Rolling | None) -> str:
    """The rolling 12 months as a description with its limits, not as a claim of change (rule: the newest complete ones)."""
    if rolling is None or rolling.value is None:
        return ""
    provisional = PROVISIONAL if rolling.period_status == "provisional" else ""
    text = f"12 months to {month_name(rolling.month)}{provisional}: {quantity(indicator, rolling.value)}"
    if rolling.lower_95 is not None and rolling.upper_95 is not None:
        text += f" (95% limits {number(rolling.lower_95)} to {number(rolling.upper_95)})"
    if rolling.year_before is not None:
        text += f"; a year before {figure(indicator, rolling.year_before)}"
    if rolling.comparator is not None:
        text += f"; the rest of the ICB {figure(indicator, rolling.comparator)}"
    return text + "."


def inequality_row(indicator: Indicator, row: dict[str, Any]) -> dict[str, Any] | None:
    """The gap between the most and the least deprived fifths of the area's own people, with limits.

    A relative index whose limits lie more than `MOST_SPREAD` apart says nothing and is not shown; where it and the slope index do not
    agree on whether there is a gap beyond chance, that is said.
    """
    relative = row.get("relative_index")
    if relative is None:
        return None
    lower, upper = row.get("relative_index_lower_95"), row.get("relative_index_upper_95")
    slope, slope_lower, slope_upper = (row.get(f"slope_index{end}") for end in ("", "_lower_95", "_upper_95"))
    if lower is not None and upper is not None and (lower <= 0 or upper / lower > MOST_SPREAD):
        relative = lower = upper = None
        words = "Too few events for a relative index"
    elif lower is None or upper is None:
        words = f"{relative:.1f} times at the most deprived end; without limits, as this is no count of separate events"
    elif lower <= 1 <= upper:
        words = "No gradient beyond what chance gives"
    elif relative > 1:
        words = f"{relative:.1f} times as high at the most deprived end as at the least"
    else:
        words = f"Lower at the most deprived end: {relative:.2f} times the least deprived"
    if slope_lower is not None and slope_upper is not None:
        way = _way(slope_lower, slope_upper, 0)
        slope_says = f"by the slope index {'higher' if way > 0 else 'lower'} at the most deprived end"
        if relative is None:
            words += f"; {slope_says}" if way else ""
        elif lower is not None and upper is not None and way != _way(lower, upper, 1):
            words += (
                f"; {slope_says if way else 'by the slope index within chance'}: the two disagree, so neither is sure"
            )
    if row.get("period_status") == "provisional":
        words += PROVISIONAL
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


MOST_SPREAD = 1_000


def _way(lower: float, upper: float, nothing: float) -> int:
    """On which side of `nothing` both limits lie: 1 above, -1 below, 0 where they hold it."""
    return (lower > nothing) - (upper < nothing)


@dataclass(frozen=True)
class Level:
    """Months under one average, the newest first; `words` name it and what chance gives, once for all of them."""

    words: str
    points: list[Point]


def levels(indicator: Indicator, points: list[Point]) -> list[Level]:
    def level(point: Point) -> tuple[float | None, ...]:
        return point.centre, point.lower_process, point.upper_process

    levels = []
    for (centre, lower, upper), run in groupby(reversed(points), key=level):
        words = f"Average {figure(indicator, centre)}" if centre is not None else ""
        if lower is not None:
            words += f"; chance gives {figure(indicator, lower)} to {figure(indicator, upper)}"
        levels.append(Level(words, list(run)))
    return levels
