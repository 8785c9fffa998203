"""Frail people of an area: how they fare against their own past and the rest of the ICB, whether that is on the way to its target, and
what is counted of them at unit cost. Which groups those are the marts say: each whose title speaks of frailty.

What was paid for a group nobody can say, as contracts and payments name no person; so pounds here are counts × the unit cost of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.indicator_docs import read_seed
from orchestration.publishing.report.changes import SAID, reckoning, recorded_notes
from orchestration.publishing.report.data import Area, Indicator, ReportData, Rolling, read_changes, read_rolling
from orchestration.publishing.report.numbers import MISSING, month_count, short_month, signed, unit
from orchestration.publishing.report.spend import dicts
from orchestration.publishing.report.targets import Targets, target_words

COSTED = ("emergency_admissions", "ae_attendances_unplanned", "op_attendances")
"""Settings of care that are counted by group and have a unit cost; none holds another."""
# A window stands where every one of the counts asked for is complete in it; no year before was recorded another way (definitions E9).
COUNTED = """
with windows as (
    select * from marts.indicator_values
    where period = 'rolling_12_months' and cohort_id = $cohort and list_contains($indicators, indicator_id)
      and area_type in ('int', 'hcp', 'icb') and period_status <> 'incomplete' and numerator is not null and denominator > 0
), common as (
    select area_type, area_code, max(month) as month
    from (select area_type, area_code, month from windows group by all having count(*) = len($indicators))
    group by all
), phases as (
    select indicator_id, area_type, area_code, month, phase from marts.indicator_spc where cohort_id = 'all'
)
select now.indicator_id, now.area_type, now.area_code, now.month, now.numerator, now.denominator, now.period_status,
    now.comparator_value / now.multiplier as rest,
    case when first.phase is not distinct from last.phase then before.numerator / before.denominator end as before
from windows as now
join common using (area_type, area_code, month)
left join windows as before
    on before.indicator_id = now.indicator_id and before.area_type = now.area_type and before.area_code = now.area_code
    and before.month = now.month - interval 1 year
left join phases as last
    on last.indicator_id = now.indicator_id and last.area_type = now.area_type and last.area_code = now.area_code
    and last.month = now.month
left join phases as first
    on first.indicator_id = now.indicator_id and first.area_type = now.area_type and first.area_code = now.area_code
    and first.month = now.month - interval 23 months
order by now.area_type, now.area_code, list_position($indicators, now.indicator_id)
"""


@dataclass(frozen=True)
class Line:
    """One headline of one group over its newest 12 complete months, told for one person where it is a rate of people."""

    indicator: Indicator
    year: Rolling
    on_year_before: str
    since_go_live: str


@dataclass(frozen=True)
class Cost:
    """What was counted in 12 months, at the unit cost of one: in all and for one person; the same in the year before and in the rest
    of the ICB."""

    title: str
    sum_words: str
    total_gbp: float
    per_person_gbp: float
    before_gbp: float | None
    rest_gbp: float | None


@dataclass(frozen=True)
class Costs:
    lines: list[Cost]
    period: str
    price_years: str


@dataclass(frozen=True)
class Group:
    """`people`: how many are on a delivered list, in the mean of 12 months; None where the group is a property of events."""

    cohort_id: str
    title: str
    description: str
    people: float | None
    person: str
    summary: str
    lines: list[Line]
    unknown: list[str]
    costs: Costs | None
    targets: list[str]
    is_live: bool


def read_groups(warehouse: Warehouse, data: ReportData, targets: Targets) -> dict[tuple[str, str], list[Group]]:
    """Of each area its groups, lists first; an area without any has none."""
    found: dict[tuple[str, str], list[Group]] = {key: [] for key in data.areas}
    for cohort in dicts(
        warehouse,
        "select * from marts.dim_cohort where contains(lower(title), 'frail') "
        "and cohort_id in (select cohort_id from marts.indicator_values) order by kind = 'person_list' desc, cohort_id",
    ):
        cohort_id = cohort["cohort_id"]
        rolling = read_rolling(warehouse, cohort_id)
        changes = read_changes(warehouse, cohort_id)
        reasons = _unknown(warehouse, cohort_id)
        costs = _costs(warehouse, cohort_id, data)
        for key, area in data.areas.items():
            asked = [i for i in data.indicators if (i.indicator_id, *key) in reasons]
            lines = [
                _line(i, year, cohort, changes.get((i.indicator_id, *key), ()))
                for i in asked
                if (year := rolling.get((i.indicator_id, *key))) is not None
            ]
            on_year_before = [
                (i.title, row)
                for i in asked
                for row in changes.get((i.indicator_id, *key), ())
                if row["baseline_kind"] == "year_before"
            ]
            absent: dict[str, list[str]] = {}
            for i in asked:
                if (i.indicator_id, *key) not in rolling:
                    absent.setdefault(reasons[i.indicator_id, *key] or "incomplete", []).append(i.title)
            found[key].append(
                Group(
                    cohort_id=cohort_id,
                    title=cohort["title"],
                    description=cohort["description"] or "",
                    people=_people(cohort, lines),
                    person=_person(cohort),
                    summary=" ".join(
                        [
                            _summary(on_year_before),
                            *recorded_notes((i, row) for i in asked for row in changes.get((i.indicator_id, *key), ())),
                        ]
                    ),
                    lines=lines,
                    unknown=[f"{', '.join(names)} ({reason.replace('_', ' ')})" for reason, names in absent.items()],
                    costs=costs.get(key),
                    targets=_targets(data, area, cohort, rolling, targets),
                    is_live=any(line.since_go_live != MISSING for line in lines),
                )
            )
    return found


def _summary(on_year_before: Sequence[tuple[str, dict[str, Any]]]) -> str:
    judged, came_of_it = reckoning(on_year_before)
    if not judged:
        return "None of these figures can be judged against the year before."
    return f"{judged} {'figure' if judged == 1 else 'figures'} can be judged against the year before: {came_of_it}."


def _people(cohort: Mapping[str, Any], lines: Sequence[Line]) -> float | None:
    if cohort["kind"] != "person_list":
        return None
    return next(
        (line.year.denominator for line in lines if line.indicator.indicator_id == "emergency_admissions"), None
    )


def _person(cohort: Mapping[str, Any]) -> str:
    """Whom a rate of the group is told for: a member of a list, else whoever its events are divided by."""
    age = re.search(r"_(\d+)_plus$", cohort["population_measure_id"] or "")
    return f"person aged {age[1]} and over" if age else "person"


def _line(indicator: Indicator, year: Rolling, cohort: Mapping[str, Any], changes: Sequence[dict[str, Any]]) -> Line:
    said = {row["baseline_kind"]: _said(row) for row in changes}
    people = _people_counted(indicator)
    return Line(
        indicator if people is None else _of_a_person(indicator, people, cohort),
        year if people is None else year.divided_by(indicator.multiplier),
        said.get("year_before", MISSING),
        said.get("go_live", MISSING),
    )


def _people_counted(indicator: Indicator) -> str | None:
    """What follows `people` in the unit of a rate of people (` aged 65 and over`); None of a percentage or pounds."""
    rate = re.fullmatch(r"per [\d,]+(?: people)?( aged .*)?", unit(indicator))
    return rate[1] or "" if rate else None


def _of_a_person(indicator: Indicator, people: str, cohort: Mapping[str, Any]) -> Indicator:
    words = f"a person{people}" if people else f"a {_person(cohort)}"
    return replace(indicator, multiplier=1, facts=indicator.facts | {"unit": words})


def _targets(
    data: ReportData,
    area: Area,
    cohort: Mapping[str, Any],
    rolling: Mapping[tuple[str, str, str], Rolling],
    targets: Targets,
) -> list[str]:
    """What is said of each target set for the group here, or that none is."""
    said = []
    for indicator in data.every:
        target = targets.get((indicator.indicator_id, cohort["cohort_id"], *area.key))
        if target is None:
            continue
        year, people = rolling.get((indicator.indicator_id, *area.key)), _people_counted(indicator)
        if people is not None:
            times = indicator.multiplier
            year = year.divided_by(times) if year else None
            target = replace(target, value=None if target.value is None else target.value / times)
            indicator = _of_a_person(indicator, people, cohort)
        said.append(f"Target of {indicator.title}, {unit(indicator)}: {target_words(indicator, year, target)}.")
    return said or ["No target has been set here for this group."]


def _said(change: dict[str, Any]) -> str:
    """One comparison in few words (rule: `verdict` of `indicator_change`)."""
    percent, lower, upper = (change[f"change_pct{end}"] for end in ("", "_lower_95", "_upper_95"))
    verdict = SAID[change["verdict"]]
    if percent is None:
        return f"{verdict}, {month_count(change['months'])}"
    limits = f" ({signed(lower)} to {signed(upper)})" if lower is not None and upper is not None else ""
    return f"{signed(percent)}%{limits} {verdict}"


def _unknown(warehouse: Warehouse, cohort_id: str) -> dict[tuple[str, str, str], str]:
    """Every indicator of the group by area, with the reason of its newest 12 months where they have no figure."""
    rows = warehouse.rows(
        "select indicator_id, area_type, area_code, arg_max(coalesce(null_reason, ''), month) from marts.indicator_values "
        "where period = 'rolling_12_months' and cohort_id = ? and area_type in ('int', 'hcp', 'icb') group by all order by all",
        [cohort_id],
    )
    return {(i, kind, code): reason for i, kind, code, reason in rows}


def _costs(warehouse: Warehouse, cohort_id: str, data: ReportData) -> dict[tuple[str, str], Costs]:
    """By area; the settings that are ever known of the group. A sum over several stands only where all of `COSTED` are known."""
    known = {
        name
        for (name,) in warehouse.rows(
            "select distinct indicator_id from marts.indicator_values where period = 'rolling_12_months' and cohort_id = ? "
            "and numerator is not null",
            [cohort_id],
        )
    }
    indicators = [name for name in COSTED if name in known]
    named = {i.indicator_id: i for i in data.every}
    points = {row["indicator_id"]: row["point_of_delivery"] for row in read_seed("avoided_activity")}
    prices = {row["point_of_delivery"]: row for row in read_seed("unit_costs")}
    areas: dict[tuple[str, str], list[tuple[Cost, dict[str, Any]]]] = {}
    for row in dicts(warehouse, COUNTED, {"cohort": cohort_id, "indicators": indicators}) if indicators else []:
        price = float(prices[points[row["indicator_id"]]]["unit_cost_gbp"])
        cost = Cost(
            title=named[row["indicator_id"]].title,
            sum_words=f"{row['numerator']:,.0f} × £{price:,.0f}",
            total_gbp=row["numerator"] * price,
            per_person_gbp=row["numerator"] * price / row["denominator"],
            before_gbp=None if row["before"] is None else row["before"] * price,
            rest_gbp=None if row["rest"] is None else row["rest"] * price,
        )
        areas.setdefault((row["area_type"], row["area_code"]), []).append((cost, row))
    years = ", ".join(sorted({prices[points[name]]["price_year"] for name in indicators}))
    return {key: _with_total([c for c, _ in of], [row for _, row in of], years) for key, of in areas.items()}


def _with_total(lines: list[Cost], rows: list[dict[str, Any]], price_years: str) -> Costs:
    provisional = ", provisional" if any(row["period_status"] == "provisional" for row in rows) else ""
    period = f"12 months to {short_month(rows[0]['month'])}{provisional}"
    if len(lines) < len(COSTED):
        return Costs(lines, period, price_years)
    total = Cost(
        title="These together",
        sum_words="",
        total_gbp=sum(line.total_gbp for line in lines),
        per_person_gbp=sum(line.per_person_gbp for line in lines),
        before_gbp=_sum([line.before_gbp for line in lines]),
        rest_gbp=_sum([line.rest_gbp for line in lines]),
    )
    return Costs([*lines, total], period, price_years)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
