"""A team's figures as a workbook, `int-<code>.xlsx` beside its page: where it stands now, and its headlines month by month.

Numbers are numbers and months are dates; heads stay in sight, columns can be filtered. The same figures give the same bytes: the one date
inside the file is the data cut.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.publishing.report import wording
from orchestration.publishing.report.context import ReportContext
from orchestration.publishing.report.data import Area, Point, ReportData
from orchestration.publishing.report.glance import Row
from orchestration.publishing.report.go_live import Comparison, SinceGoLive
from orchestration.publishing.report.groups import Cost, Costs, Group, Line

SYNTHETIC = "Synthetic data: these figures are about nobody."
NOW = {
    "Theme": 20, "Indicator": 44, "Unit": 22, "Month": 11, "Value": 11, "Lower 95%": 11, "Upper 95%": 11, "Count": 11, "Out of": 11,
    "ICB": 11, "Average": 11, "Chance gives from": 11, "to": 11, "Target": 11, "Verdict": 26, "In words": 90, "12 months": 60,
    "Target in words": 60, "Why empty": 26,
}  # fmt: skip
MONTHS = {
    "Indicator": 44, "Unit": 22, "Month": 11, "Value": 11, "Lower 95%": 11, "Upper 95%": 11, "Count": 11, "Out of": 11,
    "Judged value": 11, "Average": 11, "Chance gives from": 11, "to": 11, "Target": 11, "Signal": 34, "Verdict": 26, "Status": 13,
    "Phase begins because": 40, "Why empty": 26,
}  # fmt: skip
SINCE = {
    "Indicator": 44, "Unit": 22, "Periods": 58, "Months": 9, "Before": 11, "Since": 11, "Change %": 11, "Lower 95%": 11, "Upper 95%": 11,
    "Rest of the ICB %": 11, "What may be said": 22, "Status": 13,
}  # fmt: skip
FRAIL = {
    "Group": 30, "Indicator": 44, "Unit": 30, "12 months to": 13, "Count": 11, "Value": 11, "Lower 95%": 11, "Upper 95%": 11,
    "Year before": 11, "Rest of the ICB": 11, "Against the year before": 40, "Since go-live": 40, "Status": 13,
}  # fmt: skip
COSTS = {
    "Group": 30, "Counted": 44, "Count times unit cost": 22, "Pounds": 13, "For one person": 13, "Year before": 13, "Rest of the ICB": 13,
    "For whom and when": 70,
}  # fmt: skip
READING = (
    "Read the team against its own past, not against other teams: areas differ in age and need.",
    "Now: every indicator in its newest complete month, or the last month of its newest reported period. Months: the headlines by month.",
    "Since go-live: a difference, not an effect; about 5 in 100 such comparisons are called a change where nothing changed.",
    "Frail people and Their cost: for one person; pounds are counts at unit cost, not what was paid, as contracts name no person.",
    "Value and 95% limits: how far chance alone could have moved the figure. Average and what chance gives: the process chart's lines.",
    "Judged value: the value after the calendar's and the season's share is taken out; limits and verdicts are of it.",
    "Status: final figures will not move much any more, provisional ones may, incomplete ones lack something and are never judged.",
    "An empty cell is not known, never nought; the last column says why.",
)


def write_team_workbook(
    target: Path,
    context: ReportContext,
    data: ReportData,
    area: Area,
    rows: Sequence[Row],
    since: SinceGoLive | None,
    groups: Sequence[Group],
) -> None:
    """`rows` are those of the team's page with every indicator, `since` and `groups` what it says since go-live and of frail people."""
    from xlsxwriter import Workbook

    with Workbook(str(target), {"in_memory": True, "default_date_format": "mmm yyyy"}) as book:
        book.set_properties({"title": area.name, "created": dt.datetime.combine(context.data_cut, dt.time())})
        _about(book, context, area)
        _sheet(book, "Now", area, context, NOW, [_now(row) for row in rows], frozen_columns=2)
        months = [[i.title, wording.unit(i), *_month(point)] for i in data.indicators for point in data.points(i, area)]
        _sheet(book, "Months", area, context, MONTHS, months, frozen_columns=3)
        _sheet(
            book,
            "Since go-live",
            area,
            context,
            SINCE,
            [_since(row) for row in since.rows] if since else [],
            frozen_columns=2,
        )
        fares = [_fare(group, line) for group in groups for line in group.lines]
        _sheet(book, "Frail people", area, context, FRAIL, fares, frozen_columns=2)
        costs = [_cost(group, group.costs, cost) for group in groups if group.costs for cost in group.costs.lines]
        _sheet(book, "Their cost", area, context, COSTS, costs, frozen_columns=2)


def _about(book: Any, context: ReportContext, area: Area) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 110, book.add_format({"text_wrap": True, "valign": "top"}))
    sheet.write_string(0, 0, area.name, book.add_format({"bold": True, "font_size": 16}))
    said = [
        *([SYNTHETIC] if context.is_synthetic else []),
        f"Release {context.release_id} of {context.icb_name}, from data up to {context.data_cut:%d %B %Y}.",
        *([_live(area.go_live_month, context.data_cut)] if area.go_live_month else []),
        *READING,
        "Exact figures, for people with access: not to be published. Definitions are in dictionary.html of the release.",
    ]
    for line, text in enumerate(said, start=1):
        sheet.write_string(line, 0, text)


def _sheet(
    book: Any,
    name: str,
    area: Area,
    context: ReportContext,
    heads: dict[str, int],
    rows: list[list[Any]],
    frozen_columns: int,
) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    words = book.add_format({"valign": "top"})
    number = book.add_format({"num_format": "#,##0.##", "valign": "top"})
    sheet.write_string(0, 0, " · ".join([area.name, name, *([SYNTHETIC] if context.is_synthetic else [])]), head)
    for column, (title, width) in enumerate(heads.items()):
        sheet.write_string(1, column, title, head)
        sheet.set_column(column, column, width)
    for line, row in enumerate(rows, start=2):
        for column, value in enumerate(row):
            if isinstance(value, dt.date):
                sheet.write_datetime(line, column, dt.datetime.combine(value, dt.time()))
            elif isinstance(value, int | float):
                sheet.write_number(line, column, value, number)
            elif value:
                sheet.write_string(line, column, value, words)
    sheet.freeze_panes(2, frozen_columns)
    sheet.autofilter(1, 0, 1 + len(rows), len(heads) - 1)
    sheet.repeat_rows(1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _now(row: Row) -> list[Any]:
    point, verdict, reported = row.point, row.verdict, row.reported
    figures = (
        [point.month, point.value, point.lower_95, point.upper_95, point.numerator, point.denominator, row.icb]
        if point
        else [
            reported.period_end.replace(day=1),
            reported.value,
            reported.lower_95,
            reported.upper_95,
            reported.numerator,
            reported.denominator,
            row.icb,
        ]
        if reported
        else [None] * 7
    )
    lines = [point.centre, point.lower_process, point.upper_process, point.target] if point else [None] * 4
    return [
        _words(row.indicator.theme),
        row.indicator.title,
        wording.unit(row.indicator),
        *figures,
        *lines,
        verdict.against_its_past,
        verdict.this_month,
        verdict.twelve_months,
        row.target,
        row.reason,
    ]


def _live(go_live: dt.date, data_cut: dt.date) -> str:
    return f"{'Live since' if go_live <= data_cut else 'Goes live in'} {wording.month_name(go_live)}."


def _since(row: Comparison) -> list[Any]:
    change = row.change
    return [
        row.indicator.title,
        wording.unit(row.indicator),
        row.periods,
        change["months"],
        change["baseline_value"],
        change["current_value"],
        *(change[f"change_pct{end}"] for end in ("", "_lower_95", "_upper_95")),
        change["comparator_change_pct"],
        row.said,
        wording.STATUS_WORDS[change["period_status"]],
    ]


def _fare(group: Group, line: Line) -> list[Any]:
    year = line.year
    figures = [year.month, year.numerator, year.value, year.lower_95, year.upper_95, year.year_before, year.comparator]
    said = [line.on_year_before, line.since_go_live, wording.STATUS_WORDS[year.period_status]]
    return [group.title, line.indicator.title, wording.unit(line.indicator), *figures, *said]


def _cost(group: Group, costs: Costs, cost: Cost) -> list[Any]:
    figures = [cost.total_gbp, cost.per_person_gbp, cost.before_gbp, cost.rest_gbp]
    return [
        group.title,
        cost.title,
        cost.sum_words,
        *figures,
        f"one {group.person}, {costs.period}, prices of {costs.price_years}",
    ]


def _month(point: Point) -> list[Any]:
    has_signal = point.is_complete and point.special_cause != "none"
    return [
        point.month,
        point.value,
        point.lower_95,
        point.upper_95,
        point.numerator,
        point.denominator,
        point.shown if point.is_adjusted else None,
        point.centre,
        point.lower_process,
        point.upper_process,
        point.target,
        wording.CAUSE_WORDS[point.special_cause] if has_signal else "",
        wording.VARIATION_WORDS[point.variation] if has_signal else "",
        wording.STATUS_WORDS[point.period_status],
        point.phase_reason or "",
        _words(point.null_reason or ""),
    ]


def _words(code: str) -> str:
    return code.replace("_", " ")
