"""Builds the pages from the data: words from `wording`, pictures from `charts`, layout from the Jinja templates beside this file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from orchestration.foundation.checks import State
from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report import glance, wording
from orchestration.publishing.report.changes import FALSE_ALARMS
from orchestration.publishing.report.charts import Marker, SpcPicture, funnel_chart, spc_chart
from orchestration.publishing.report.context import Check, ReportContext, Restatement, read_context
from orchestration.publishing.report.data import (
    Area,
    Indicator,
    Point,
    ReportData,
    read_report_data,
)
from orchestration.publishing.report.evaluation import write_evaluation_page
from orchestration.publishing.report.explorer import write_explorer
from orchestration.publishing.report.go_live import read_waves, since_go_live
from orchestration.publishing.report.groups import read_groups
from orchestration.publishing.report.targets import read_targets
from orchestration.publishing.report.unsettled import unsettled
from orchestration.publishing.report.workbook import write_team_workbook

AREA_WORDS = {
    "icb": "Integrated Care Board",
    "hcp": "Health and Care Partnership",
    "int": "Integrated Neighbourhood Team",
}


@dataclass(frozen=True)
class Card:
    """One indicator on one page."""

    indicator: Indicator
    verdict: wording.Verdict
    rolling: str
    changes: list[str]
    chart: Markup
    points: list[Point]
    levels: list[wording.Level]
    notes: list[str] = field(default_factory=list)


def write_report(
    folder: Path, warehouse: Warehouse, facts: Mapping[str, Any], scorecards: Mapping[str, str] | None = None
) -> None:
    """Write the pages of a release's report into `folder`:

    `index.html` (the ICB), `hcp-<code>.html` and `int-<code>.html` with the headlines, `…-every.html` with every indicator of the
    area, `int-<code>.xlsx` with a team's figures (`workbook.py`), `indicator-<id>.html` with every area of the indicator,
    `explorer.html` (`explorer.py`), `evaluation.html` (`evaluation.py`) and `about.html`.
    `warehouse` is a handle on the release's own database, `facts` the columns of its `release_info`, `scorecards` the file beside
    these pages of each team that has one. The pages hold exact figures and belong to the internal profile.
    Same release and facts, same bytes.
    Links lead to `../quality/index.html` and `../dictionary.html` of the same release and to nothing else.
    """
    context = read_context(warehouse, facts)
    data = read_report_data(warehouse, context.icb_code, context.icb_name)
    environment = _environment()
    verdicts = {
        area.key: {
            i.indicator_id: wording.judge(
                i,
                data.points(i, area),
                data.changes.get((i.indicator_id, *area.key), ()),
                area.go_live_month,
                data.reported.get((i.indicator_id, *area.key)),
            )
            for i in data.every
        }
        for area in data.areas.values()
    }
    targets = read_targets(warehouse)
    rows = glance.rows(data, verdicts, targets)
    groups = read_groups(warehouse, data, targets)
    waves = read_waves(warehouse)
    shared: dict[str, Any] = {"context": context, "data": data, "banner": _banner(context), "area_words": AREA_WORDS}
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, template: str, **facts_of_page: Any) -> None:
        text = environment.get_template(template).render(**shared, **facts_of_page)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")

    for area in data.areas.values():
        since = since_go_live(data, area, context.data_cut, waves)
        if area.area_type == "int":
            write_team_workbook(
                folder / workbook_name(area), context, data, area, rows[area.key], since, groups[area.key]
            )
        cards = [
            _card(data, area, indicator, verdicts[area.key][indicator.indicator_id]) for indicator in data.indicators
        ]
        write(
            page_name(area),
            "area.html.j2",
            area=area,
            trail=_trail(data, area),
            people=data.people.get(area.key),
            scorecard=(scorecards or {}).get(area.code) if area.area_type == "int" else None,
            workbook=workbook_name(area) if area.area_type == "int" else None,
            glance_rows=[row for row in rows[area.key] if row.indicator.facts["is_headline"]],
            cards=cards,
            signals=[c for kind in wording.SIGNALS for c in cards if c.verdict.variation == kind],
            standing_out=wording.standing_out(
                {i.indicator_id: verdicts[area.key][i.indicator_id] for i in data.indicators}
            ),
            moved=[c for c in cards if c.verdict.moved and c.verdict.variation not in wording.SIGNALS],
            quiet=[c for c in cards if c.verdict.variation == "common_cause" and not c.verdict.moved],
            unjudged=[c for c in cards if c.verdict.variation in ("unknown", "never_judged") and not c.verdict.moved],
            notes=[_note(marker) for marker in _team_markers(data, area)],
            since=since,
            groups=groups[area.key],
            unsettled=unsettled(data, area),
            below=_below(data, area, verdicts),
            inequality=[
                wording_row for row in data.inequality.get(area.key, []) if (wording_row := _inequality(data, row))
            ],
            spend=data.spend.lines[area.key] if data.spend else [],
            spend_year=_spend_year(data, area),
            restated=_restated(context, data, area),
        )
        by_theme: defaultdict[str, list[glance.Row]] = defaultdict(list)
        for row in rows[area.key]:
            by_theme[row.indicator.theme].append(row)
        write(
            every_page_name(area), "every.html.j2", area=area, trail=_trail(data, area), themes=list(by_theme.items())
        )
    for number, indicator in enumerate(data.every):
        points = data.funnels.get(indicator.indicator_id, [])
        label = escape(f"Funnel plot of {indicator.title} across neighbourhood teams")
        write(
            indicator_page_name(indicator),
            "indicator.html.j2",
            indicator=indicator,
            rows=[of_area[number] for of_area in rows.values()],
            funnel=Markup(funnel_chart(points, label)) if points else None,
            funnel_rows=[(data.areas["int", point.area_code], point) for point in points],
            questions=wording.questions(indicator),
            definition=_definition_rows(indicator),
        )
    write_evaluation_page(folder, warehouse, environment, shared)
    write_explorer(folder, warehouse, data, verdicts, environment, shared)
    write("about.html", "about.html.j2", title="How to read this report")


def page_name(area: Area) -> str:
    """The file of an area's page. Codes are ODS-like; whatever else a code holds is spelled in hexadecimal, so two never collide."""
    if area.area_type == "icb":
        return "index.html"
    return f"{area.area_type}-{_spelled(area.code)}.html"


def every_page_name(area: Area) -> str:
    """The page of an area with every indicator, beside its page with the headlines."""
    return page_name(area).replace(".html", "-every.html")


def workbook_name(area: Area) -> str:
    """A team's figures as a workbook, beside its page."""
    return page_name(area).replace(".html", ".xlsx")


def indicator_page_name(indicator: Indicator) -> str:
    return f"indicator-{_spelled(indicator.indicator_id.replace('_', '-'))}.html"


def _spelled(code: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", lambda m: f"_{ord(m[0]):x}_", code)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestration.publishing.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "count": wording.count,
        "signed": wording.signed,
        "pounds": wording.pounds,
        "month": wording.month_name,
        "short_month": wording.short_month,
        "day": lambda day: f"{day.day} {wording.month_name(day)}",
        "page": page_name,
        "every_page": every_page_name,
        "indicator_page": indicator_page_name,
        "unit": wording.unit,
        "label": _label,
        "check": _check_sentence,
        "recorded": glance.recorded,
    }
    environment.globals |= {
        "VARIATION": wording.VARIATION_WORDS,
        "CAUSE": wording.CAUSE_WORDS,
        "STATUS": wording.STATUS_WORDS,
        "FUNNEL": wording.FUNNEL_WORDS,
        "FALSE_ALARMS": FALSE_ALARMS,
    }
    return environment


def _label(code: str) -> str:
    """A coded value as words: `same_day_emergency_care` → `Same day emergency care`; national codes such as `OPFASPCL` stay."""
    if code.isupper() and "_" not in code:
        return code
    return code.replace("_", " ").capitalize().replace("Gp ", "GP ")


def _check_sentence(check: Check) -> str:
    """`dbt.geography__practice_without_team` → `Geography practice without team: 1 row breaks this rule …`."""
    name = check.check_id.partition(".")[2] or check.check_id
    return f"{_label(name.replace('__', '_').replace('.', ' '))}: {check.message}" if check.message else _label(name)


def _trail(data: ReportData, area: Area) -> list[Area]:
    """The areas above this one, the ICB first."""
    if area.area_type == "icb":
        return []
    if area.area_type == "hcp":
        return [data.icb]
    parent = data.areas.get(("hcp", area.parent_code or ""))
    return [data.icb, parent] if parent else [data.icb]


MOST_MONTHS = 48  # of a card: a page of more would be larger than 200 kB


def _chart(area: Area, indicator: Indicator, points: list[Point], this_month: str, markers: list[Marker]) -> Markup:
    if all(p.value is None for p in points):
        return Markup("")
    unit = wording.unit(indicator)
    label = f"{indicator.title}, {area.name}, monthly, {unit}. {this_month} The table below has every figure."
    return Markup(spc_chart(SpcPicture(points, markers, escape(label))))


def _card(data: ReportData, area: Area, indicator: Indicator, verdict: wording.Verdict) -> Card:
    months = data.points(indicator, area)
    points = months[-MOST_MONTHS:]
    markers = _markers(data, area, points)
    older = [f"The newest {MOST_MONTHS} months; older ones are in the explorer."] if len(months) > MOST_MONTHS else []
    return Card(
        indicator=indicator,
        verdict=verdict,
        rolling=wording.rolling_sentence(indicator, data.rolling.get((indicator.indicator_id, *area.key))),
        changes=list(verdict.changes),
        chart=_chart(area, indicator, points, verdict.this_month, markers),
        points=points,
        levels=wording.levels(indicator, points),
        notes=[*verdict.notes, *(_note(marker) for marker in markers if marker.kind == "rebased"), *older],
    )


def _team_markers(data: ReportData, area: Area) -> list[Marker]:
    """What happened to a team itself, so that every chart of its page shows it: go-live and changes of boundary."""
    if area.area_type != "int":
        return []
    markers = [Marker(month, "boundary", "Boundary") for month in data.boundary_changes.get(area.code, [])]
    if area.go_live_month and data.months and data.months[0] <= area.go_live_month <= data.months[1]:
        markers.append(Marker(area.go_live_month, "go_live", "Go-live"))
    return sorted(markers, key=lambda m: (m.month, m.kind))


def _markers(data: ReportData, area: Area, points: list[Point]) -> list[Marker]:
    if not points:
        return []
    first, last = points[0].month, points[-1].month
    markers = [m for m in _team_markers(data, area) if first <= m.month <= last]
    for before, after in pairwise(points):
        if after.phase != before.phase:
            markers.append(Marker(after.month, "rebased", "Rebased", after.phase_reason or ""))
    return sorted(markers, key=lambda m: (m.month, m.kind))


def _note(marker: Marker) -> str:
    when = wording.month_name(marker.month)
    if marker.kind == "go_live":
        return f"The team went live in {when}."
    if marker.kind == "boundary":
        return f"The team’s boundary was another one before {when}; every line shows today’s throughout."
    return f"The average and limits start afresh in {when}" + (f": {marker.reason}." if marker.reason else ".")


def _banner(context: ReportContext) -> dict[str, Any]:
    """What the checks say in a line: `tone` is `good`, `note` or `alert`."""
    attention = [c for c in context.checks if c.state in (State.FAIL, State.ERROR, State.WARN)]
    failed = [c for c in attention if c.state is not State.WARN]
    waived = [c for c in attention if c.is_waived]
    tone = "alert" if failed else "note" if attention or context.feeds_not_delivered else "good"
    ranked = sorted(attention, key=lambda c: (c.state is State.WARN, c.check_id, c.subject))
    return {"tone": tone, "attention": ranked, "waived": waived, "examined": len(context.checks)}


def _below(data: ReportData, area: Area, verdicts: glance.Verdicts) -> list[dict[str, Any]]:
    """The areas below this one in order of name, with the headlines of each that stand out from its own past: never ranked."""
    groups = (
        [area]
        if area.area_type == "hcp"
        else [data.areas["hcp", code] for code in area.children]
        if area is data.icb
        else []
    )
    return [
        {
            "group": group,
            "rows": [
                (
                    team,
                    [
                        (i, verdict)
                        for i in data.indicators
                        if (verdict := verdicts[team.key][i.indicator_id]).variation in wording.SIGNALS
                    ],
                )
                for team in (data.areas["int", code] for code in group.children)
            ],
        }
        for group in groups
    ]


def _spend_year(data: ReportData, area: Area) -> str:
    """Pounds a head of the newest 12 months in which all that is paid for is known: points of delivery may be newer, or cover fewer."""
    return next(
        (
            f"{i.title}, {wording.rolling_sentence(i, data.rolling.get((i.indicator_id, *area.key)))}"
            for i in data.every
            if i.indicator_id == "spend_per_head" and (i.indicator_id, *area.key) in data.rolling
        ),
        "",
    )


def _restated(context: ReportContext, data: ReportData, area: Area) -> list[dict[str, Any]]:
    """Figures of this page that differ from the previous release, one row per indicator."""
    titles = {i.indicator_id: i.title for i in data.indicators}
    groups: defaultdict[str, list[Restatement]] = defaultdict(list)
    for row in context.restatements:
        if (row.area_type, row.area_code) == area.key and row.indicator_id in titles:
            groups[row.indicator_id].append(row)
    rows = []
    for indicator_id in titles:
        if members := groups.get(indicator_id):
            changes = [m.change_pct for m in members if m.change_pct is not None]
            reasons = Counter(m.reason for m in members if m.reason)
            rows.append(
                {
                    "title": titles[indicator_id],
                    "figures": len(members),
                    "first": min(m.month for m in members),
                    "last": max(m.month for m in members),
                    "largest": max(changes, key=lambda c: (abs(c), c)) if changes else None,
                    "flagged": sum(m.is_flagged for m in members),
                    "reason": "; ".join(sorted(reasons)),
                }
            )
    return rows


def _inequality(data: ReportData, row: dict[str, Any]) -> dict[str, Any] | None:
    indicator = next((i for i in data.indicators if i.indicator_id == row["indicator_id"]), None)
    if indicator is None:
        return None
    return wording.inequality_row(indicator, row)


def _definition_rows(indicator: Indicator) -> list[tuple[str, str]]:
    """The catalogue's facts about an indicator, as label and text, without what is empty or already in the heading."""
    hidden = {"indicator_id", "title", "definition", "description", "is_headline"}
    rows = []
    for name, value in indicator.facts.items():
        if name in hidden or value is None or value == "":
            continue
        text = (
            ("yes" if value else "no")
            if isinstance(value, bool)
            else value.isoformat()
            if isinstance(value, date)
            else str(value)
        )
        rows.append((_label(name), text))
    return rows
