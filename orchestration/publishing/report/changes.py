"""What is said of a change between two periods (rows of `indicator_change`, definitions E16), each sentence with its rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from orchestration.publishing.report.data import Indicator, Point
from orchestration.publishing.report.numbers import (
    LONG_MONTHS,
    month_count,
    month_name,
    number,
    pounds,
    signed,
    span,
    unit,
)

DATED = re.compile(rf"\b({'|'.join(LONG_MONTHS)}) (\d{{4}})\b")

SAID = {
    "lower": "fell",
    "higher": "rose",
    "within_chance": "within chance",
    "no_limits": "chance not known",
    "too_early": "too early",
}
"""What each verdict of `indicator_change` is called."""


FALSE_ALARMS = "Where nothing changes, about 5 in 100 such comparisons are called a change all the same."
"""Of single comparisons of teams, as measured in docs/words.md."""


def reckoning(changes: Sequence[tuple[str, dict[str, Any]]]) -> tuple[int, str]:
    """How many of the titled comparisons can be judged, and what came of them (rule: `verdict`), a fall or a rise by name."""
    judged = [(title, row) for title, row in changes if row["verdict"] in ("lower", "higher", "within_chance")]
    moved = [
        f"{title} {SAID[row['verdict']]} {abs(row['change_pct']):.1f}% "
        f"(95% limits {signed(row['change_pct_lower_95'])}% to {signed(row['change_pct_upper_95'])}%)"
        for verdict in ("lower", "higher")
        for title, row in judged
        if row["verdict"] == verdict
    ]
    if not moved:
        return len(judged), "none moved by more than chance gives"
    rest = len(judged) - len(moved)
    return len(judged), "; ".join([*moved, *([f"{rest} moved by no more than chance gives"] if rest else [])])


def said_once(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A team that went live twelve complete months ago has one comparison under two names: it is said as the one since go-live."""
    since_go_live = {_periods(row) for row in changes if row["baseline_kind"] == "go_live"}
    return [row for row in changes if row["baseline_kind"] == "go_live" or _periods(row) not in since_go_live]


def _periods(change: dict[str, Any]) -> tuple[str, str]:
    return change["baseline_period"], change["current_period"]


def moved(indicator: Indicator, change: dict[str, Any], go_live: date | None) -> str:
    """`fell over 12 months`, `rose since go-live`; nothing where the verdict is no change (rule: `verdict` lower or higher)."""
    if change["verdict"] not in ("lower", "higher"):
        return ""
    words = "fell" if change["verdict"] == "lower" else "rose"
    if change["baseline_kind"] != "go_live":
        return f"{words} over {month_count(change['months'])}"
    too_soon = " (before the framework expects a change)" if is_too_soon(indicator, change, go_live) else ""
    return f"{words} since go-live{too_soon}"


def reconciled(complete: Sequence[Point], year: dict[str, Any] | None) -> str:
    """How the chart's sentence on the newest of the complete months and the year's change stand together (definitions E16).

    The chart looks for a month or a run that its own average does not explain; the change compares two whole years. A year can differ
    without a month standing out (a slow or early move), and a month can stand out in a year like the last. That none of the year's
    months stands out is said only where none of them has a special cause.
    """
    if year is None or year["change_pct"] is None or year["verdict"] not in ("lower", "higher", "within_chance"):
        return ""
    point = complete[-1]
    percent = f"{signed(year['change_pct'])}%, 95% limits {signed(year['change_pct_lower_95'])}% to {signed(year['change_pct_upper_95'])}%"
    is_signal = point.special_cause != "none"
    way = (point.shown or 0.0) - (point.centre or 0.0)
    if not is_signal and year["verdict"] == "within_chance":
        return ""
    if not is_signal:
        first, last = ends(year["current_period"])
        standing = sum(p.special_cause != "none" for p in complete if first <= p.month <= last)
        why = (
            f"{standing} of these months stood out from the average, the newest does not"
            if standing
            else "the move was slow or came early, so that no single month stands out from the average"
        )
        return f" Yet the 12 months as a whole are {year['verdict']} than the year before ({percent}): {why}."
    if year["verdict"] == "within_chance":
        return f" Over the 12 months as a whole no difference from the year before can be told from chance ({percent})."
    if (year["verdict"] == "higher") == (way > 0):
        return f" The 12 months as a whole agree: {year['verdict']} than the year before ({percent})."
    went = f"{year['verdict']} than the year before ({percent})"
    return f" The 12 months as a whole went the other way: {went}; the newest months differ from them."


def recorded_another_way(indicator: Indicator, change: dict[str, Any]) -> str:
    """What the catalogue says of a change of recording within what a row of `indicator_change` compares."""
    if change["change_pct"] is None:
        return ""
    return recorded_between(indicator, ends(change["baseline_period"])[0], ends(change["current_period"])[1])


def recorded_notes(compared: Iterable[tuple[Indicator, dict[str, Any]]]) -> list[str]:
    """The same of all that is said to have fallen or risen, each change of recording once with its indicators."""
    told: dict[str, list[str]] = {}
    for indicator, change in compared:
        if change["verdict"] in ("lower", "higher") and (text := recorded_another_way(indicator, change)):
            told.setdefault(text, []).append(indicator.title)
    return [
        f"Recorded another way within what is compared, {', '.join(dict.fromkeys(titles))}: {text}"
        for text, titles in told.items()
    ]


def recorded_between(indicator: Indicator, first: date, last: date) -> str:
    """The sentences of `known_limitations` that name a month by which the later of these months are counted otherwise than the first."""
    told = []
    for sentence in re.split(r"(?<=\.) ", str(indicator.facts.get("known_limitations") or "")):
        named = sorted(date(int(year), LONG_MONTHS.index(month) + 1, 1) for month, year in DATED.findall(sentence))
        if named and first < named[-1] and named[0] <= last:
            told.append(sentence)
    return " ".join(told)


def change_sentence(indicator: Indicator, change: dict[str, Any], go_live: date | None = None) -> str:
    """One row of `indicator_change` (definitions E16): both periods named, with its limits, in events a day, and beside the others.

    Rules: `verdict` for what is called a change; fewer than 3 months, or fewer than the framework's clock allows since go-live
    (`expected_after_months`, E18), is too early, which is not that nothing happened.
    """
    since = f"{span(*ends(change['current_period']))} against {span(*ends(change['baseline_period']))}"
    is_go_live = change["baseline_kind"] == "go_live"
    if is_go_live and go_live is not None:
        since = f"Since go-live in {month_name(go_live)} ({since})"
    if change.get("period_status") == "provisional":
        since += ", provisional"
    if change["verdict"] == "too_early":
        return f"{since}: too early to compare, with {month_count(change['months'])} since."
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
    if go_live is not None and is_too_soon(indicator, change, go_live):
        months, expected = (
            whole_months_live(ends(change["current_period"])[1], go_live),
            indicator.facts["expected_after_months"],
        )
        text += (
            f". {month_count(months)} since go-live: the framework expects no change in this before {month_count(expected)}, "
            "so neither a change nor its absence says anything of the team yet"
        )
    return text + "."


def is_too_soon(indicator: Indicator, change: dict[str, Any], go_live: date | None) -> bool:
    """Whether a comparison since go-live ends before the framework's clock for this indicator (E18)."""
    expected = indicator.facts.get("expected_after_months")
    if change["baseline_kind"] != "go_live" or go_live is None or not expected:
        return False
    return whole_months_live(ends(change["current_period"])[1], go_live) < int(expected)


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


def ends(period: str) -> tuple[date, date]:
    """First and last month of `2024-01 to 2024-12`."""
    return date.fromisoformat(f"{period[:7]}-01"), date.fromisoformat(f"{period[-7:]}-01")


def whole_months_live(month: date, go_live: date) -> int:
    """Whole months of a team's life when `month`, complete, is over: the month of go-live is the first (definitions E16's worked case).

    >>> whole_months_live(date(2025, 9, 1), date(2025, 8, 1))
    2
    """
    return (month.year - go_live.year) * 12 + month.month - go_live.month + 1


def months_live_at(data_cut: date, go_live: date | None) -> int | None:
    """Whole months live at the data cut; None before go-live or where no month is known.

    >>> months_live_at(date(2025, 9, 30), date(2025, 8, 1)), months_live_at(date(2025, 9, 29), date(2025, 8, 1))
    (2, 1)
    """
    if go_live is None or go_live > data_cut:
        return None
    is_whole = (data_cut + timedelta(days=1)).day == 1
    return whole_months_live(data_cut, go_live) - (not is_whole)
