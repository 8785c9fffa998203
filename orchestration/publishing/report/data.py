"""Everything the pages show, read from the marts once. Pages never query; this module never words or draws anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.people import People, read_boundary_changes, read_people
from orchestration.publishing.report.spend import Spend, dicts, read_spend

AREA_ORDER = ("icb", "hcp", "int")
COHORT = "all"
# a period of which little was answered is withheld and has no value, which is not that it is still to come
IS_REPORTED = "(period_status is distinct from 'incomplete' or null_reason = 'withheld_small_numbers')"


@dataclass(frozen=True)
class Area:
    """One page of the report. `children` are area codes of the level below, in order of name."""

    area_type: str
    code: str
    name: str
    parent_code: str | None = None
    go_live_month: date | None = None
    children: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.area_type, self.code


@dataclass(frozen=True)
class Indicator:
    """One indicator as the catalogue describes it; `facts` is its whole row of `dim_indicator`."""

    indicator_id: str
    title: str
    definition: str
    multiplier: float
    polarity: str
    facts: dict[str, Any] = field(repr=False)

    @property
    def theme(self) -> str:
        return str(self.facts.get("theme") or "other")


@dataclass(frozen=True)
class Point:
    """One month of one indicator in one area. Rates are per `Indicator.multiplier` and month."""

    month: date
    numerator: float | None
    denominator: float | None
    value: float | None
    lower_95: float | None
    upper_95: float | None
    target: float | None
    period_status: str
    null_reason: str | None
    judged: float | None  # the value adjusted for calendar and season: what average, limits and special causes are of
    season_basis: str
    centre: float | None
    lower_process: float | None
    upper_process: float | None
    special_cause: str
    variation: str
    assurance: str
    phase: int
    phase_reason: str | None

    @property
    def shown(self) -> float | None:
        """What the chart judges: the adjusted value where there is one."""
        return self.value if self.judged is None else self.judged

    @property
    def is_adjusted(self) -> bool:
        return (
            self.value is not None
            and self.judged is not None
            and abs(self.judged - self.value) > 0.005 * abs(self.value)
        )

    @property
    def is_complete(self) -> bool:
        return self.period_status != "incomplete" and self.value is not None


@dataclass(frozen=True)
class Rolling:
    """The newest complete rolling 12 months of an indicator in an area, and the same a year earlier."""

    month: date
    value: float | None
    lower_95: float | None
    upper_95: float | None
    standardised: float | None
    comparator: float | None
    target: float | None
    trajectory: float | None
    year_before: float | None
    period_status: str
    numerator: float | None = None
    denominator: float | None = None

    def divided_by(self, times: float) -> Rolling:
        """The same for one of `times` people."""

        def one(value: float | None) -> float | None:
            return None if value is None else value / times

        return replace(
            self,
            value=one(self.value),
            lower_95=one(self.lower_95),
            upper_95=one(self.upper_95),
            standardised=one(self.standardised),
            comparator=one(self.comparator),
            target=one(self.target),
            trajectory=one(self.trajectory),
            year_before=one(self.year_before),
        )


@dataclass(frozen=True)
class Reported:
    """The newest period of a measure that comes as a figure of a period of its own (a quarter, a survey) and not month by month."""

    period_start: date
    period_end: date
    value: float | None
    lower_95: float | None
    upper_95: float | None
    numerator: float | None
    denominator: float | None
    period_status: str
    null_reason: str | None


@dataclass(frozen=True)
class FunnelPoint:
    area_code: str
    expected: float
    value: float
    lower_95: float
    upper_95: float
    lower_99_8: float
    upper_99_8: float
    pooled: float
    funnel_class: str


@dataclass(frozen=True)
class ReportData:
    icb: Area
    areas: dict[tuple[str, str], Area]
    indicators: list[Indicator]  # the headlines
    every: list[Indicator]
    series: dict[tuple[str, str, str], list[Point]]  # (indicator_id, area_type, area_code)
    rolling: dict[tuple[str, str, str], Rolling]
    reported: dict[tuple[str, str, str], Reported]
    funnels: dict[str, list[FunnelPoint]]
    changes: dict[tuple[str, str, str], list[dict[str, Any]]]  # one for each dated baseline, the oldest first
    inequality: dict[tuple[str, str], list[dict[str, Any]]]  # (area_type, area_code)
    people: dict[tuple[str, str], People]
    spend: Spend | None
    boundary_changes: dict[str, list[date]]  # int_code
    months: tuple[date, date] | None  # first and last of the series

    def teams_of(self, area: Area) -> list[Area]:
        """The teams of an area in order of name; a team is its own."""
        return teams_of(area, self.areas)

    def points(self, indicator: Indicator, area: Area) -> list[Point]:
        return self.series.get((indicator.indicator_id, *area.key), [])


def read_report_data(warehouse: Warehouse, icb_code: str, icb_name: str) -> ReportData:
    """Read every indicator of every area. Raises `duckdb.Error` where a mart is missing: a release without it is wrong."""
    areas = _areas(warehouse, icb_code, icb_name)
    every = _indicators(warehouse)
    icb = next(area for area in areas.values() if area.area_type == "icb")
    series = _series(warehouse)
    shown = [point.month for points in series.values() for point in points]
    return ReportData(
        icb=icb,
        areas=areas,
        indicators=[indicator for indicator in every if indicator.facts["is_headline"]],
        every=every,
        series=series,
        rolling=read_rolling(warehouse),
        reported=_reported(warehouse),
        funnels=_funnels(warehouse, areas),
        changes=read_changes(warehouse),
        inequality=_inequality(warehouse),
        people=read_people(warehouse, areas),
        spend=read_spend(
            warehouse, {area.key: [team.code for team in teams_of(area, areas)] for area in areas.values()}
        ),
        boundary_changes=read_boundary_changes(warehouse),
        months=(min(shown), max(shown)) if shown else None,
    )


def read_headline(warehouse: Warehouse, icb_code: str, icb_name: str) -> tuple[Area, Indicator, list[Point]] | None:
    """The first headline indicator of the ICB that has a figure, with its months; None when none has one yet."""
    icb = next(area for area in _areas(warehouse, icb_code, icb_name).values() if area.area_type == "icb")
    series = _series(warehouse, ("icb",))
    for indicator in _indicators(warehouse):
        points = series.get((indicator.indicator_id, *icb.key), [])
        if indicator.facts["is_headline"] and any(point.value is not None for point in points):
            return icb, indicator, points
    return None


def _areas(warehouse: Warehouse, icb_code: str, icb_name: str) -> dict[tuple[str, str], Area]:
    teams = dicts(
        warehouse,
        "select int_code, int_name, hcp_code, hcp_name, go_live_month from marts.dim_int "
        "where int_code in (select area_code from marts.indicator_values where area_type = 'int') "
        "order by int_name, int_code",
    )
    codes = [
        code
        for (code,) in warehouse.rows("select distinct area_code from marts.indicator_values where area_type = 'icb'")
    ]
    code = icb_code if icb_code in codes or not codes else codes[0]
    partnerships: dict[str, str] = {t["hcp_code"]: t["hcp_name"] for t in teams if t["hcp_code"]}
    members: defaultdict[str, list[str]] = defaultdict(list)
    for team in teams:
        members[team["hcp_code"]].append(team["int_code"])
    ordered = sorted(partnerships, key=lambda c: (partnerships[c], c))
    areas = [Area("icb", code, icb_name, children=tuple(ordered))]
    areas += [Area("hcp", c, partnerships[c], parent_code=code, children=tuple(members[c])) for c in ordered]
    areas += [Area("int", t["int_code"], t["int_name"], t["hcp_code"], t["go_live_month"]) for t in teams]
    return {area.key: area for area in areas}


def _indicators(warehouse: Warehouse) -> list[Indicator]:
    rows = dicts(warehouse, "select * from marts.dim_indicator order by display_order, indicator_id")
    return [
        Indicator(
            indicator_id=row["indicator_id"],
            title=row["title"],
            definition=row.get("definition") or row.get("description") or "",
            multiplier=float(row["multiplier"]),
            polarity=row.get("polarity") or "",
            facts=row,
        )
        for row in rows
    ]


def _series(warehouse: Warehouse, area_types: Sequence[str] = AREA_ORDER) -> dict[tuple[str, str, str], list[Point]]:
    rows = warehouse.rows(
        """
        select v.indicator_id, v.area_type, v.area_code, v.month, v.numerator, v.denominator, v.value, v.value_lower_95,
               v.value_upper_95, v.target_value, v.period_status, v.null_reason, s.adjusted_value,
               coalesce(s.season_basis, 'none'), s.centre_line, s.lower_process_limit,
               s.upper_process_limit, coalesce(s.special_cause, 'none'), coalesce(s.variation, 'common_cause'),
               coalesce(s.assurance, 'no_target'), coalesce(s.phase, 1), s.phase_reason
        from marts.indicator_values as v
        left join marts.indicator_spc as s
          on s.indicator_id = v.indicator_id and s.cohort_id = v.cohort_id and s.area_type = v.area_type
         and s.area_code = v.area_code and s.month = v.month
        where v.period = 'month' and v.cohort_id = ? and list_contains(?, v.area_type)
        order by v.indicator_id, v.area_type, v.area_code, v.month
        """,
        [COHORT, list(area_types)],
    )
    series: defaultdict[tuple[str, str, str], list[Point]] = defaultdict(list)
    for indicator_id, area_type, area_code, *rest in rows:
        series[indicator_id, area_type, area_code].append(Point(*rest))
    return dict(series)


def read_rolling(warehouse: Warehouse, cohort: str = COHORT) -> dict[tuple[str, str, str], Rolling]:
    """By (indicator_id, area_type, area_code). Charts, and with them phases of recording, are of everybody."""
    rows = warehouse.rows(
        """
        with windows as (
            select v.* from marts.indicator_values as v
            where v.period = 'rolling_12_months' and v.cohort_id = ? and v.area_type in ('int', 'hcp', 'icb')
        ), newest as (
            select * from windows where period_status <> 'incomplete' and value is not null
            qualify row_number() over (partition by indicator_id, area_type, area_code order by month desc) = 1
        )
        select n.indicator_id, n.area_type, n.area_code, n.month, n.value, n.value_lower_95, n.value_upper_95,
               n.standardised_value, n.comparator_value, n.target_value, n.trajectory_value,
               -- no year beside one that was recorded another way (definitions E9), and none that lacks a sender
               case when before.period_status <> 'incomplete' and first.phase is not distinct from last.phase then before.value end,
               n.period_status, n.numerator, n.denominator
        from newest as n
        left join windows as before
          on before.indicator_id = n.indicator_id and before.area_type = n.area_type and before.area_code = n.area_code
         and before.month = n.month - interval 1 year
        left join marts.indicator_spc as last
          on last.indicator_id = n.indicator_id and last.cohort_id = ? and last.area_type = n.area_type
         and last.area_code = n.area_code and last.month = n.month
        left join marts.indicator_spc as first
          on first.indicator_id = n.indicator_id and first.cohort_id = ? and first.area_type = n.area_type
         and first.area_code = n.area_code and first.month = n.month - interval 23 months
        order by 1, 2, 3
        """,
        [cohort, COHORT, COHORT],
    )
    return {(i, kind, code): Rolling(*rest) for i, kind, code, *rest in rows}


def _reported(warehouse: Warehouse) -> dict[tuple[str, str, str], Reported]:
    rows = warehouse.rows(
        f"""
        select indicator_id, area_type, area_code, period_start, period_end, value, value_lower_95, value_upper_95, numerator, denominator,
               period_status, null_reason
        from marts.indicator_values
        where period = 'reported' and cohort_id = ? and area_type in ('int', 'hcp', 'icb') and {IS_REPORTED}
        qualify row_number() over (partition by indicator_id, area_type, area_code order by month desc) = 1
        order by 1, 2, 3
        """,
        [COHORT],
    )
    return {(i, kind, code): Reported(*rest) for i, kind, code, *rest in rows}


def _funnels(warehouse: Warehouse, areas: dict[tuple[str, str], Area]) -> dict[str, list[FunnelPoint]]:
    rows = warehouse.rows(
        """
        select f.indicator_id, f.area_code, f.expected, v.value, f.lower_95, f.upper_95, f.lower_99_8, f.upper_99_8,
               f.pooled_value, f.funnel_class
        from marts.indicator_funnel as f
        join marts.indicator_values as v
          on v.indicator_id = f.indicator_id and v.cohort_id = f.cohort_id and v.area_type = f.area_type
         and v.area_code = f.area_code and v.month = f.month and v.period = f.period
        where f.cohort_id = ? and f.area_type = 'int' and v.value is not null and f.expected is not null
          and f.lower_95 is not null and v.period_status <> 'incomplete'
        qualify f.month = max(f.month) over (partition by f.indicator_id)
        order by f.indicator_id, f.area_code
        """,
        [COHORT],
    )
    funnels: defaultdict[str, list[FunnelPoint]] = defaultdict(list)
    for indicator_id, *rest in rows:
        if ("int", rest[0]) in areas:
            funnels[indicator_id].append(FunnelPoint(*rest))
    return dict(funnels)


def read_changes(warehouse: Warehouse, cohort: str = COHORT) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Of the headlines, by (indicator_id, area_type, area_code)."""
    found: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(
        warehouse,
        "select c.* from marts.indicator_change as c join marts.dim_indicator as i "
        "on i.indicator_id = c.indicator_id and i.is_headline where c.cohort_id = ? "
        "order by c.indicator_id, c.area_type, c.area_code, c.baseline_period, c.baseline_kind",
        [cohort],
    ):
        found[row["indicator_id"], row["area_type"], row["area_code"]].append(row)
    return dict(found)


def _inequality(warehouse: Warehouse) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(warehouse, "select * from marts.indicator_inequality order by all"):
        if row.get("cohort_id", COHORT) == COHORT:
            found[row["area_type"], row["area_code"]].append(row)
    return dict(found)


def teams_of(area: Area, areas: dict[tuple[str, str], Area]) -> list[Area]:
    if area.area_type == "int":
        return [area]
    teams = [found for found in areas.values() if found.area_type == "int"]
    return teams if area.area_type == "icb" else [team for team in teams if team.parent_code == area.code]
