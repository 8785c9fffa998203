"""Plain sentences about one indicator in one area. Only special causes on complete months are ever called a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.publishing.report.data import Indicator, Point, Rolling

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June")
LONG_MONTHS += ("July", "August", "September", "October", "November", "December")
MISSING = "–"

VARIATION_WORDS = {
    "improvement": "improvement",
    "concern": "concern",
    "neither": "change, neither good nor bad in itself",
    "common_cause": "no change beyond chance",
    "unknown": "too little to judge",
}
CAUSE_WORDS = {
    "outside_limits": "outside the limits",
    "shift": "7 or more on one side of the average",
    "trend": "7 or more rising or falling in a row",
    "two_of_three": "2 of 3 close to a limit",
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
    """What may honestly be said. `variation` is one of `VARIATION_WORDS`; `month` is the newest complete month."""

    variation: str
    month: date | None
    this_month: str
    twelve_months: str
    target: str


def month_name(month: date) -> str:
    return f"{LONG_MONTHS[month.month - 1]} {month.year}"


def short_month(month: date) -> str:
    return f"{MONTHS[month.month - 1]} {month.year}"


def number(value: float | None) -> str:
    """A figure with as many digits as a reader can use: 1,234 · 56.7 · 8.91.

    >>> [number(v) for v in (None, 0.0, 8.913, 56.72, 1234.4)]
    ['–', '0', '8.91', '56.7', '1,234']
    """
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "−")


def count(value: float | None) -> str:
    """A count: whole where it is whole.

    >>> [count(v) for v in (None, 6.0, 1234.0, 12.345)]
    ['–', '6', '1,234', '12.3']
    """
    return f"{value:,.0f}" if value is not None and float(value).is_integer() else number(value)


def signed(value: float | None) -> str:
    """
    >>> [signed(v) for v in (None, 4.04, -0.04, -1.26)]
    ['–', '+4.0', '0.0', '−1.3']
    """
    if value is None:
        return MISSING
    rounded = f"{abs(value):.1f}"
    return rounded if float(rounded) == 0 else ("+" if value > 0 else "−") + rounded


def pounds(value: float | None) -> str:
    """Pence only where they are read.

    >>> [pounds(v) for v in (None, 73.5, 1234.4, -0.2)]
    ['–', '£73.50', '£1,234', '−£0.20']
    """
    if value is None:
        return MISSING
    return ("−" if value < 0 else "") + f"£{abs(value):,.{0 if abs(value) >= 100 else 2}f}"


def unit(indicator: Indicator) -> str:
    """How a value of this indicator is read: `%`, `£ a head`, `per 1,000 people`."""
    stated = indicator.facts.get("unit")
    if stated:
        return str(stated)
    if indicator.indicator_id.startswith("spend"):
        return "£ a head"
    if indicator.multiplier == 100:
        return "%"
    return f"per {indicator.multiplier:,.0f}"


def quantity(indicator: Indicator, value: float | None) -> str:
    """A figure with its unit, as it stands in a sentence."""
    words = unit(indicator)
    if value is None:
        return "not known"
    if words == "%":
        return f"{number(value)}%"
    if words.startswith("£"):
        return f"{pounds(value)}{words[1:]}"
    return f"{number(value)} {words}"


def figure(indicator: Indicator, value: float | None) -> str:
    """A figure whose unit the sentence has already named: only the sign of pounds or percent stays."""
    words = unit(indicator)
    if value is None or not words.startswith(("%", "£")):
        return number(value)
    return f"{number(value)}%" if words == "%" else pounds(value)


def judge(indicator: Indicator, points: list[Point]) -> Verdict:
    """The sentences for one series, from its special causes on complete months alone.

    A month whose follow-up is not over, or where a provider is missing, never makes a sentence: the newest complete month does.
    """
    complete = [p for p in points if p.is_complete]
    if not complete:
        return Verdict("unknown", None, "There is no complete month to report yet.", "", "")
    last = complete[-1]
    value = quantity(indicator, last.value)
    when = month_name(last.month)
    if last.centre is None or last.upper_process is None:
        text = f"{when}: {value}. There are too few months or events to tell change from chance."
        return Verdict("unknown", last.month, text, "", "")
    return Verdict(
        variation=last.variation,
        month=last.month,
        this_month=f"{when}: {value}. {_cause(indicator, last)}",
        twelve_months=_twelve_months(complete),
        target=_target(indicator, last),
    )


def _cause(indicator: Indicator, point: Point) -> str:
    assert point.value is not None and point.centre is not None
    average = figure(indicator, point.centre)
    side = "above" if point.value > point.centre else "below"
    if point.special_cause == "none":
        return f"No change beyond what chance gives (average {average})."
    if point.special_cause == "outside_limits":
        limit = point.upper_process if side == "above" else point.lower_process
        text = f"This is {side} what chance alone would give (limit {figure(indicator, limit)}, average {average})"
    elif point.special_cause == "shift":
        text = f"At least seven months in a row have been {side} the average of {average}: a lasting change, not chance"
    elif point.special_cause == "trend":
        text = f"Seven or more months in a row have moved the same way, and the figure is now {side} the average of {average}"
    else:
        text = f"Two of the last three months were unusually far {side} the average of {average}: an early sign, worth watching"
    meaning = {"improvement": ". This is an improvement.", "concern": ". This is a concern."}
    return text + meaning.get(point.variation, ". In itself this is neither good nor bad.")


def _twelve_months(complete: list[Point]) -> str:
    year = complete[-12:]
    judged = [p for p in year if p.centre is not None]
    if len(judged) < 12:
        return "There are not yet twelve complete months to look back over."
    good = sum(p.variation == "improvement" for p in judged)
    bad = sum(p.variation == "concern" for p in judged)
    other = sum(p.variation == "neither" for p in judged)
    span = f"Over the 12 months to {month_name(judged[-1].month)}"
    if not good + bad + other:
        return f"{span} nothing stood out from chance."
    parts = [
        f"{_count(n)} {words}"
        for n, words in (
            (good, "showed improvement"),
            (bad, "showed concern"),
            (other, "showed a change, neither good nor bad"),
        )
        if n
    ]
    rest = "" if good + bad + other == len(judged) else "; the rest were within chance"
    return f"{span}, {' and '.join(parts)}{rest}."


def _count(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def _target(indicator: Indicator, point: Point) -> str:
    if point.target is None or point.assurance not in ASSURANCE_WORDS:
        return ""
    return f"Target {figure(indicator, point.target)}. {ASSURANCE_WORDS[point.assurance]}"


def rolling_sentence(indicator: Indicator, rolling: Rolling | None) -> str:
    """The rolling 12 months as a description with its limits, not as a claim of change."""
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


def change_sentence(change: dict[str, Any], go_live: date | None) -> str:
    """The newest 12 months against a dated baseline, beside the rest of the ICB. A change whose limits include none is called so."""
    percent, lower, upper = (change[f"change_pct{end}"] for end in ("", "_lower_95", "_upper_95"))
    if percent is None:
        return ""
    text = f"Against {_baseline(change['baseline_period'], go_live)}: "
    moved = f"{'rose' if percent > 0 else 'fell'} {abs(percent):.1f}%"
    if lower is None or upper is None:
        text += f"{moved} (without limits: what chance alone gives is not known)"
    elif lower <= 0 <= upper:
        text += f"{signed(percent)}% (95% limits {signed(lower)}% to {signed(upper)}%), which may be chance"
    else:
        text += f"{moved} (95% limits {signed(lower)}% to {signed(upper)}%)"
    if change["comparator_change_pct"] is not None:
        text += f"; the rest of the ICB {signed(change['comparator_change_pct'])}%"
    return text + "."


def _baseline(period: str, go_live: date | None) -> str:
    """`2023-10 to 2024-09` in words; the twelve months that end where a team went live are called so."""
    last = date.fromisoformat(f"{period[-7:]}-01")
    if go_live is not None and (go_live.year * 12 + go_live.month) - (last.year * 12 + last.month) == 1:
        return f"the 12 months before go-live (to {month_name(last)})"
    return f"the 12 months to {month_name(last)}"


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


# what a team can look at when a chart has signalled: never a cause, always a place to look
QUESTIONS = {
    "contacts": (
        "Did the way of recording or counting change in that month (a new system, a clinic that moved)?",
        "Which ages and which practices carry the change?",
        "What happened to the other ways of being seen in the same months?",
    ),
    "connections": (
        "Did a pathway open, close or move to advice and guidance?",
        "Which specialties carry the change?",
        "Did waiting for a first appointment change as well?",
    ),
    "cost": (
        "Is it activity or price: did the constant-price figure move too?",
        "Which points of delivery carry the change, and is all of their activity priced?",
        "Did a contract start, end or change its form?",
    ),
    "emergency_admissions": (
        "Is it stays of no night, or of a night and more?",
        "Did same-day emergency care open or change how it is recorded at the main hospital?",
        "Which ages carry the change, and did readmissions move with it?",
    ),
    "readmissions": (
        "Did length of stay fall in the same months?",
        "Are the months complete: is follow-up over, and has every hospital reported?",
        "Which discharges were followed by a return, by age?",
    ),
    "people": (
        "How many people is it? A handful can move this figure.",
        "Are these people known to the team, and when did they last have a review?",
        "What would have been an alternative to the last contact?",
    ),
}


def questions(indicator: Indicator) -> tuple[str, ...]:
    """What to ask next when an indicator stands out, by its theme."""
    return QUESTIONS.get(str(indicator.facts.get("theme")), QUESTIONS["contacts"])
