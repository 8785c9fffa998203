"""Targets of areas: which one stands, by when, whether the figures are on the way to it, or why that cannot be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.data import Indicator, Rolling
from orchestration.publishing.report.numbers import figure, number, short_month, span

Targets = Mapping[tuple[str, str, str, str], "Target"]
"""By (indicator_id, cohort_id, area_type, area_code)."""


@dataclass(frozen=True)
class Target:
    """The target that stands for one figure of one area. `value` is None where it is a change from a baseline; of the baseline's
    `months_asked` the area knows `months_known`, and its figures begin in `first_month`."""

    month: date
    value: float | None
    change_pct: float | None
    baseline_from: date | None
    baseline_to: date | None
    baseline_value: float | None
    months_asked: int
    months_known: int
    first_month: date | None


def read_targets(warehouse: Warehouse) -> Targets:
    """Of several targets the one that names the area most closely, as in the figures themselves (model `indicator_target_lines`); a row
    that only dates a baseline sets none."""
    rows = warehouse.rows(
        """
        with figures as (
            select * from marts.indicator_values where period = 'month' and area_type in ('int', 'hcp', 'icb')
        ), closest as (
            select targets.* exclude (area_type, area_code), areas.area_type, areas.area_code
            from marts.dim_target as targets
            join (select distinct area_type, area_code from figures) as areas
              on (targets.area_type is null or targets.area_type = areas.area_type)
             and (targets.area_code is null or targets.area_code = areas.area_code)
            qualify row_number() over (
                partition by targets.indicator_id, targets.cohort_id, areas.area_type, areas.area_code
                order by targets.area_code is not null desc, targets.area_type is not null desc, targets.target_id
            ) = 1
        )
        select closest.indicator_id, closest.cohort_id, closest.area_type, closest.area_code, closest.target_month, closest.target_value,
               closest.target_change_pct, closest.baseline_from, closest.baseline_to, closest.baseline_value,
               coalesce(date_diff('month', closest.baseline_from, closest.baseline_to) + 1, 0),
               count(figures.value) filter (figures.month between closest.baseline_from and closest.baseline_to),
               min(figures.month)
        from closest
        left join figures
          on figures.indicator_id = closest.indicator_id and figures.cohort_id = closest.cohort_id
         and figures.area_type = closest.area_type and figures.area_code = closest.area_code
        where closest.target_month is not null and coalesce(closest.target_value, closest.target_change_pct) is not null
        group by all order by all
        """
    )
    return {(i, cohort, kind, code): Target(*rest) for i, cohort, kind, code, *rest in rows}


def target_words(indicator: Indicator, rolling: Rolling | None, target: Target | None) -> str:
    """The target with its month and whether the newest complete 12 months lie on the straight way to it. A fact, not a forecast:
    on track means at least as good as the way there asks for by now; a target whose month is over was to be met, and is or is not.
    A target that nothing can be held against is named, with the reason; nothing is said where none is set."""
    if target is None:
        return ""
    if rolling is None or rolling.value is None or rolling.target is None:
        return f"{_as_set(indicator, target)}: not judged, {_why_not(rolling, target)}"
    goal = figure(indicator, rolling.target)
    text = f"{goal} by {short_month(target.month)}"
    asked = rolling.trajectory if rolling.trajectory is not None else rolling.target
    polarity = indicator.polarity
    if not polarity.startswith(("lower", "higher")):
        return text
    is_good = rolling.value <= asked if polarity.startswith("lower") else rolling.value >= asked
    provisional = " (provisional)" if rolling.period_status == "provisional" else ""
    if target.month < rolling.month:
        return (
            f"{goal} was to be met by {short_month(target.month)}: {'met' if is_good else 'not met'} in the 12 months to "
            f"{short_month(rolling.month)}{provisional}"
        )
    way = "" if asked == rolling.target else f" (by now {figure(indicator, asked)})"
    return f"{text}{way}: {'on track' if is_good else 'not on track'}{provisional}"


def _as_set(indicator: Indicator, target: Target) -> str:
    by = f"by {short_month(target.month)}"
    if target.change_pct is None:
        return f"{figure(indicator, target.value)} {by}"
    side = "below" if target.change_pct < 0 else "above"
    amount = number(abs(target.change_pct))
    if target.baseline_from is None or target.baseline_to is None:
        return f"{amount}% {side} its baseline {by}"
    return f"{amount}% {side} {span(target.baseline_from, target.baseline_to)} {by}"


def _why_not(rolling: Rolling | None, target: Target) -> str:
    """Rules: no complete 12 months; a baseline before the figures begin, or of which not all months are known; else a change of
    recording between the baseline and now (model `indicator_target_lines`)."""
    if rolling is None or rolling.value is None:
        return "there are no 12 complete months to hold against it"
    if target.value is None and target.baseline_value is None and target.baseline_from is not None:
        if target.first_month is not None and target.baseline_from < target.first_month:
            return f"the figures here begin in {short_month(target.first_month)}, after that baseline began"
        if target.months_known < target.months_asked:
            return f"{target.months_known} of the {target.months_asked} months of that baseline are known"
    return "what is counted now is not set against that baseline, as between them the way of recording changed"
