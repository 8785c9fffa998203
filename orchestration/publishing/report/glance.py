"""How things are, in a row each: value, own trend, the ICB, target and whether it is on track, and what may honestly be said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from orchestration.publishing.report import wording
from orchestration.publishing.report.changes import recorded_between
from orchestration.publishing.report.charts import trend
from orchestration.publishing.report.data import COHORT, Area, Indicator, Point, ReportData, Reported, Rolling
from orchestration.publishing.report.targets import Targets, target_words

Verdicts = dict[tuple[str, str], dict[str, wording.Verdict]]


@dataclass(frozen=True)
class Row:
    """One indicator in one area. `point` is the newest complete month, `reported` the newest period of what has no months; where there is
    no figure of either `reason` says why."""

    indicator: Indicator
    area: Area
    point: Point | None
    reported: Reported | None
    trend: Markup
    year: Rolling | None
    icb: float | None
    target: str
    target_recorded: str
    verdict: wording.Verdict
    reason: str

    @property
    def year_to(self) -> date | None:
        """The last month of the 12, where it is another than the newest complete month: unsaid, one would be read as the other."""
        if self.year is None or (self.point is not None and self.point.month == self.year.month):
            return None
        return self.year.month

    @property
    def recorded(self) -> list[str]:
        """How the way of recording changed within what this row calls a fall, a rise, or on track."""
        said = [*(self.verdict.recorded if self.verdict.moved else ()), self.target_recorded]
        return list(dict.fromkeys(text for text in said if text))

    @property
    def is_judged(self) -> bool:
        return self.verdict.variation not in ("unknown", "never_judged")


def row(data: ReportData, area: Area, indicator: Indicator, verdict: wording.Verdict, targets: Targets) -> Row:
    points = data.points(indicator, area)
    complete = [p for p in points if p.is_complete]
    newest = complete[-1] if complete else None
    reported = None if newest else data.reported.get((indicator.indicator_id, *area.key))
    icb = data.reported.get((indicator.indicator_id, *data.icb.key))
    has_figure = newest is not None or (reported is not None and reported.value is not None)
    is_of_one_period = (
        reported and icb and (icb.period_start, icb.period_end) == (reported.period_start, reported.period_end)
    )
    same_period = icb.value if icb and is_of_one_period else None
    beside = {p.month: p.value for p in data.points(indicator, data.icb)} if newest else {}
    year = data.rolling.get((indicator.indicator_id, *area.key))
    target = targets.get((indicator.indicator_id, COHORT, *area.key))
    since = target.baseline_from if target and year and year.target is not None else None
    return Row(
        indicator=indicator,
        area=area,
        point=newest,
        reported=reported if has_figure else None,
        trend=Markup(trend(points)),
        year=year,
        icb=beside.get(newest.month) if newest else same_period,
        target=target_words(indicator, year, target),
        target_recorded=recorded_between(indicator, since, year.month) if since and year else "",
        verdict=verdict,
        reason=verdict.reason,
    )


def rows(data: ReportData, verdicts: Verdicts, targets: Targets) -> dict[tuple[str, str], list[Row]]:
    """Of each area, in order of name and never ranked, every indicator in the order of `data.every`."""
    return {
        area.key: [
            row(data, area, indicator, verdicts[area.key][indicator.indicator_id], targets) for indicator in data.every
        ]
        for area in data.areas.values()
    }


def recorded(rows: Iterable[Row]) -> list[tuple[str, list[str]]]:
    """Each change of recording once, with the indicators whose rows compare across it."""
    told: dict[str, list[str]] = {}
    for of in rows:
        for text in of.recorded:
            told.setdefault(text, []).append(of.indicator.title)
    return [(text, list(dict.fromkeys(titles))) for text, titles in told.items()]
