"""What of an area's headlines may still change: provisional months, and months that are shown and not judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from orchestration.publishing.report.data import Area, ReportData
from orchestration.publishing.report.numbers import month_name, short_month

MOST_SPANS = 6  # of one line; older holes are in the tables


def unsettled(data: ReportData, area: Area) -> list[str]:
    """Sentences by `period_status` of the headlines' months (definitions C9); none where every month is final."""
    said = []
    since: dict[date, list[str]] = {}
    spans: dict[tuple[tuple[date, date], ...], list[str]] = {}
    for indicator in data.indicators:
        points = data.points(indicator, area)
        open_months = [p.month for p in points if p.period_status == "provisional"]
        if open_months:
            since.setdefault(min(open_months), []).append(indicator.title)
        if incomplete := tuple(_spans(p.month for p in points if p.period_status == "incomplete")):
            spans.setdefault(incomplete, []).append(indicator.title)
    if since:
        parts = [f"{month_name(month)} ({', '.join(names)})" for month, names in sorted(since.items())]
        whole = month_name(next(iter(since))) if len(since) == 1 else "; ".join(parts)
        said.append(
            f"Provisional months, the oldest of them {whole}: records may still come or be corrected, and every figure "
            "marked * rests on some. A month is final once a delivery "
            "cut at least six months after its end covers it, or an annual one does."
        )
    for of, names in spans.items():
        shown = [short_month(a) if a == b else f"{short_month(a)} to {short_month(b)}" for a, b in of[-MOST_SPANS:]]
        more = "earlier months and " if len(of) > MOST_SPANS else ""
        said.append(
            f"Incomplete, so shown and never judged: {more}{', '.join(shown)} of {', '.join(names)} (what belongs to these months is not "
            "over or has not been delivered)."
        )
    return said


def _spans(months: Iterable[date]) -> list[tuple[date, date]]:
    """Runs of months that follow each other, the oldest first.

    >>> _spans([date(2025, 1, 1), date(2024, 12, 1), date(2025, 3, 1)])
    [(datetime.date(2024, 12, 1), datetime.date(2025, 1, 1)), (datetime.date(2025, 3, 1), datetime.date(2025, 3, 1))]
    """
    runs: list[tuple[date, date]] = []
    for month in sorted(months):
        if runs and (month.year - runs[-1][1].year) * 12 + month.month - runs[-1][1].month == 1:
            runs[-1] = (runs[-1][0], month)
        else:
            runs.append((month, month))
    return runs
