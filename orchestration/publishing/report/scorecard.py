"""The scorecard of a team: the framework's four columns with their clocks, one page, printed as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.changes import months_live_at
from orchestration.publishing.report.data import IS_REPORTED, Rolling, read_rolling
from orchestration.publishing.report.numbers import month_count, short_month
from orchestration.publishing.report.spend import dicts

COLUMNS = (
    ("Staff activation", 1, ("staff",)),
    ("Patient activation", 3, ("patients",)),
    ("Health improvement", 6, ("health", "care")),
    ("Demand reduction", 12, ()),
)
"""Title, the months after which the framework expects something to move, and the catalogue's themes; none: the headline indicators."""
MOST_ROWS = 9
POINTS_BACK = 13
LENGTHS_DIFFER_DAYS = 3
LONGEST_CODE = 5
NOT_SENT = "not_delivered"

# Nothing that is withheld or unknown has a value, so that a line is drawn of what may be shown; a month that is incomplete is not judged.
FIGURES = f"""
select
    catalogue.indicator_id, catalogue.title, catalogue.unit, catalogue.theme, catalogue.is_headline, catalogue.source, catalogue.owner,
    figures.area_code, figures.month, figures.period_start, figures.period_end, figures.value, figures.value_lower_95,
    figures.value_upper_95, figures.comparator_value, figures.response_pct, figures.null_reason, figures.period_status, figures.period
from marts.dim_indicator as catalogue
inner join marts.indicator_values as figures
    on
        catalogue.indicator_id = figures.indicator_id
        and figures.cohort_id = 'all'
        and figures.area_type = 'int'
        and {IS_REPORTED}
        and (figures.period = 'reported' or (figures.period = 'rolling_12_months' and catalogue.is_headline))
order by figures.area_code, catalogue.indicator_id, figures.month
"""
CATALOGUE = (
    "select indicator_id, title, theme, source, owner, is_headline, measure_kind from marts.dim_indicator "
    "order by not is_headline, display_order, indicator_id"
)
# Why a measure stands in no line: the newest reason, or that a sender of it is missing.
REASONS = """
select area_code, indicator_id, coalesce(null_reason, 'incomplete') as reason
from marts.indicator_values
where cohort_id = 'all' and area_type = 'int' and period in ('reported', 'rolling_12_months')
qualify month = max(month) over (partition by area_code, indicator_id, period)
"""
# Of each measure the newest period; the team's councils, trusts and regions by the share of it that they hold, then the ICB where a figure
# was published for it and for no team, then England.
CONTEXT = """
with context as (
    select indicator_id, area_type, area_code, coalesce(area_name, area_code) as area, month, value, target_value, target_month
    from marts.reported_context
    where value is not null
    union all by name
    select icb.indicator_id, icb.area_type, icb.area_code, 'the ICB' as area, icb.month, icb.value
    from marts.indicator_values as icb
    where
        icb.cohort_id = 'all' and icb.period = 'reported' and icb.area_type = 'icb' and icb.value is not null
        and exists (
            select 1
            from marts.indicator_values as teams
            where
                teams.indicator_id = icb.indicator_id and teams.month = icb.month and teams.area_type = 'int'
                and teams.null_reason = 'published_for_icb_only'
        )
)

select teams.int_code, catalogue.title, catalogue.unit, context.area_type, context.area,
    context.month, context.value, context.target_value, context.target_month
from context
inner join marts.dim_indicator as catalogue on context.indicator_id = catalogue.indicator_id
cross join (select int_code from marts.dim_int where is_current and not is_special) as teams
left join marts.team_context as around
    on
        teams.int_code = around.int_code and context.area_type = around.area_type and context.area_code = around.area_code
where around.int_code is not null or context.area_type in ('icb', 'england')
qualify context.month = max(context.month) over (partition by context.indicator_id, context.area_type, context.area_code)
order by teams.int_code, catalogue.title, around.share_pct desc nulls last, context.area_type desc, area
"""


@dataclass(frozen=True)
class Line:
    """One measure of a team: its newest period, its own past and what stands beside it."""

    title: str
    unit: str
    when: date
    value: float | None
    lower: float | None
    upper: float | None
    before: float | None
    before_when: str
    is_provisional: bool
    is_year: bool
    comparator: float | None
    response_pct: float | None
    null_reason: str | None
    picture: Markup


@dataclass(frozen=True)
class Column:
    title: str
    clock_months: int
    lines: list[Line]
    more: list[str]
    missing: list[tuple[str, str]]
    unknown: list[tuple[str, str]]
    is_reported: bool


def sparkline(values: list[float | None], title: str) -> Markup:
    """The newest values as a line; a gap where one is not known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup()
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = 90 / max(1, len(values) - 1)
    places = [None if v is None else (4 + i * step, 22 - 18 * (v - low) / span) for i, v in enumerate(values)]
    parts: list[str] = []
    for place, previous in zip(places, [None, *places[:-1]], strict=True):
        if place is not None:
            parts.append(f"{'L' if previous is not None else 'M'}{place[0]:.1f},{place[1]:.1f}")
    end = next(place for place in reversed(places) if place is not None)
    return Markup(
        '<svg class="spark" viewBox="0 0 98 26" role="img" aria-label="{title}: its own past"><path d="{path}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="currentColor"/></svg>'
    ).format(title=title, path=" ".join(parts), x=end[0], y=end[1])


def apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of periods, oldest first, those that can stand beside the newest: as long as it (months differ by three days, as quarters and years
    do less), and none that shares a day with another that is kept. A year to June less a year to March is no change of a year."""

    def days(row: dict[str, Any]) -> int:
        return (row["period_end"] - row["period_start"]).days

    kept: list[dict[str, Any]] = []
    for row in reversed(rows):
        if not kept or (
            row["period_end"] < kept[-1]["period_start"] and abs(days(row) - days(kept[0])) <= LENGTHS_DIFFER_DAYS
        ):
            kept.append(row)
    return kept[::-1]


def line_of(rows: list[dict[str, Any]], year: Rolling | None = None) -> Line:
    """`rows`: one measure of one team, oldest first. Beside 12 months stand the 12 months before them (`year`, as on the team's page),
    never a window that shares months with them; beside a reported period the one before of its length (`apart`)."""
    newest = rows[-1]
    is_year = newest["period"] == "rolling_12_months"
    past = rows if is_year else apart(rows)
    recent = past[-POINTS_BACK:]
    earlier = next((row for row in reversed(past[:-1]) if row["value"] is not None), None)
    if is_year:
        before, before_when = year.year_before if year and year.month == newest["month"] else None, "the year before"
    else:
        before, before_when = (earlier["value"], _period(earlier)) if earlier else (None, "")
    return Line(
        title=newest["title"], unit=newest["unit"], when=newest["period_end"], value=newest["value"],
        lower=newest["value_lower_95"], upper=newest["value_upper_95"], before=before, before_when=before_when,
        comparator=newest["comparator_value"], response_pct=newest["response_pct"], null_reason=newest["null_reason"],
        is_provisional=newest["period_status"] == "provisional", is_year=is_year,
        picture=sparkline([row["value"] for row in recent], newest["title"]),
    )  # fmt: skip


def _period(row: dict[str, Any]) -> str:
    """By name: `before` would be read as before go-live.

    >>> _period({"period_start": date(2025, 9, 1), "period_end": date(2025, 9, 30)})
    'in Sep 2025'
    >>> _period({"period_start": date(2025, 4, 1), "period_end": date(2025, 6, 30)})
    'Apr 2025 to Jun 2025'
    """
    first, last = short_month(row["period_start"]), short_month(row["period_end"])
    return f"in {last}" if first == last else f"{first} to {last}"


def columns_of(
    rows: list[dict[str, Any]],
    catalogue: list[dict[str, Any]],
    years: Mapping[str, Rolling],
    reasons: Mapping[str, str],
) -> list[Column]:
    """The four columns of one team in the catalogue's order, headlines first; what nobody has sent is named with its owner, what came and
    makes no figure with its reason (`reasons`, by indicator), and what is one too many for the page by its title. `years`: the newest
    rolling 12 months of each indicator."""
    by_measure: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_measure.setdefault(row["indicator_id"], []).append(row)
    columns = []
    for title, clock, themes in COLUMNS:
        wanted = [
            row
            for row in catalogue
            if (
                row["theme"] in themes
                if themes
                else row["is_headline"] and not row["measure_kind"].startswith("reported_")
            )
        ]
        found = [by_measure[row["indicator_id"]] for row in wanted if row["indicator_id"] in by_measure]
        told = [
            measure
            for measure in found
            if any(row["value"] is not None or row["null_reason"] == "withheld_small_numbers" for row in measure)
        ]
        absent = {row["indicator_id"] for row in wanted} - {measure[0]["indicator_id"] for measure in told}
        why = [(row, reasons.get(row["indicator_id"], NOT_SENT)) for row in wanted if row["indicator_id"] in absent]
        missing = [(row["title"], row["owner"]) for row, reason in why if reason == NOT_SENT]
        unknown = [(row["title"], reason.replace("_", " ")) for row, reason in why if reason != NOT_SENT]
        lines = [line_of(measure, years.get(measure[0]["indicator_id"])) for measure in told[:MOST_ROWS]]
        more = [measure[0]["title"] for measure in told[MOST_ROWS:]]
        columns.append(Column(title, clock, lines, more, missing, unknown, is_reported=bool(themes)))
    return columns


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def groupby_measure(context: list[dict[str, Any]]) -> list[tuple[tuple[str, date, str], list[dict[str, Any]]]]:
    """One line for each measure and month, its areas side by side: a page holds all that surrounds a team. What two codes of a region
    would say in the same words is said once."""
    by_measure: dict[tuple[str, date, str], dict[tuple[str, str], dict[str, Any]]] = {}
    for row in context:
        areas = by_measure.setdefault((row["title"], row["month"], row["unit"]), {})
        areas.setdefault((area_words(row["area"]), number(row["value"])), row)
    return [(measure, list(areas.values())) for measure, areas in by_measure.items()]


def area_words(name: str) -> str:
    """
    >>> area_words("SOUTH EAST"), area_words("Medway Towns"), area_words("ENGLAND*"), area_words("RPA")
    ('South East', 'Medway Towns', 'England', 'RPA')
    """
    plain = name.rstrip("* ")
    return plain.title() if plain.isupper() and len(plain) > LONGEST_CODE else plain


def write_scorecards(folder: Path, warehouse: Warehouse, facts: Mapping[str, Any]) -> dict[str, str]:
    """Write `scorecard-<code>.html` of every team that lives at the data cut into the report's folder; same release, same bytes.
    Returns the file of each team's code, for the pages that lead there."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orchestration.publishing.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "number": number, "month_count": month_count, "groupby_measure": groupby_measure, "area_words": area_words,
    }  # fmt: skip
    template = environment.get_template("scorecard.html.j2")
    catalogue = dicts(warehouse, CATALOGUE)
    context: dict[str, list[dict[str, Any]]] = {}
    for row in dicts(warehouse, CONTEXT):
        context.setdefault(row["int_code"], []).append(row)
    by_team: dict[str, list[dict[str, Any]]] = {}
    for row in dicts(warehouse, FIGURES):
        by_team.setdefault(row["area_code"], []).append(row)
    reasons: dict[str, dict[str, str]] = {}
    for row in dicts(warehouse, REASONS):
        reasons.setdefault(row["area_code"], {})[row["indicator_id"]] = row["reason"]
    years: dict[str, dict[str, Rolling]] = {}
    for (indicator_id, area_type, code), rolling in read_rolling(warehouse).items():
        if area_type == "int":
            years.setdefault(code, {})[indicator_id] = rolling
    teams = dicts(
        warehouse,
        "select int_code, int_name, go_live_month from marts.dim_int "
        "where is_current and not is_special order by int_code",
    )
    data_cut = date.fromisoformat(str(facts["data_cut"])[:10])
    names = {team["int_code"]: scorecard_name(team["int_code"]) for team in teams}
    for team in teams:
        page = template.render(
            team=team,
            months_live=months_live_at(data_cut, team["go_live_month"]),
            columns=columns_of(
                by_team.get(team["int_code"], []),
                catalogue,
                years.get(team["int_code"], {}),
                reasons.get(team["int_code"], {}),
            ),
            context=context.get(team["int_code"], []),
            facts=facts,
        )
        (folder / names[team["int_code"]]).write_text(page, encoding="utf-8", newline="\n")
    return names


def scorecard_name(int_code: str) -> str:
    return f"scorecard-{re.sub(r'[^A-Za-z0-9-]', lambda m: f'_{ord(m[0]):x}_', int_code)}.html"
