"""Who lives in each area of the report, and when today's boundaries of teams came into force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from orchestration.foundation.warehouse import Warehouse


@dataclass(frozen=True)
class People:
    """Who lives on an area's lists in `month`; shares in per cent. `deprived_pct` is None where small areas were not delivered."""

    month: date
    registered: int
    aged_65_plus_pct: float | None
    aged_85_plus_pct: float | None
    most_deprived_pct: float | None
    practices: tuple[str, ...]


def read_people(warehouse: Warehouse, areas: Collection[tuple[str, str]]) -> dict[tuple[str, str], People]:
    """From the denominators of the indicators of everybody and of each age and deprivation fifth, in the newest month that has them."""
    counts: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    newest: dict[tuple[str, str], date] = {}
    for area_type, code, month, cohort, people in warehouse.rows(
        """
        select area_type, area_code, month, cohort_id, max(v.denominator)
        from marts.indicator_values as v join marts.dim_indicator as i using (indicator_id)
        where v.period = 'month' and v.cohort_id in ('all', 'age_65_plus', 'age_85_plus', 'imd_1')
          and i.denominator_measure_id = 'registered_population' and v.denominator is not null
          and v.month = (select max(month) from marts.indicator_values where period = 'month')
        group by all order by all
        """
    ):
        counts[area_type, code][cohort] = people
        newest[area_type, code] = month
    practices: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for int_code, hcp_code, name in warehouse.rows(
        "select int_code, hcp_code, coalesce(practice_name, practice_code) from marts.dim_practice "
        "where registered_population > 0 order by 3, practice_code"
    ):
        practices["int", int_code].append(name)
        practices["hcp", hcp_code].append(name)
        practices[next(key for key in areas if key[0] == "icb")].append(name)

    def share(of: dict[str, float], cohort: str) -> float | None:
        return 100 * of[cohort] / of["all"] if cohort in of and of.get("all") else None

    return {
        key: People(
            newest[key],
            int(of["all"]),
            share(of, "age_65_plus"),
            share(of, "age_85_plus"),
            share(of, "imd_1"),
            tuple(practices.get(key, ())),
        )
        for key, of in counts.items()
        if key in areas and "all" in of
    }


def read_boundary_changes(warehouse: Warehouse) -> dict[str, list[date]]:
    """The months from which today's boundary of a team was in force: its people then (`as_at`) differ before and agree from here."""
    rows = warehouse.rows(
        """
        with now as (select int_code, month, max(registered_population) as people from marts.visits_per_capita group by all),
        then_ as (select int_code, month, max(registered_population) as people from as_at.visits_per_capita group by all),
        compared as (
            select now.int_code, now.month, now.people is distinct from then_.people as differs
            from now left join then_ on now.int_code = then_.int_code and now.month = then_.month
        )
        select int_code, month from compared
        qualify not differs and lag(differs) over (partition by int_code order by month)
        order by int_code, month
        """
    )
    found: defaultdict[str, list[date]] = defaultdict(list)
    for code, month in rows:
        found[code].append(month)
    return dict(found)
