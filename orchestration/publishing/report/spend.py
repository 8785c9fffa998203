"""Twelve complete months of spend by point of delivery, beside the twelve before, for every area of the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.indicator_docs import read_seed

# of the special codes, those whose people are the ICB's (design: area rows); what names no practice is said beside the table
ICB_CODES = ("NO_INT", "ICB_ONLY")


@dataclass(frozen=True)
class SpendLine:
    """`months` that hold anything: payments and unit costs take each other's place, so neither need cover a whole year.

    `spend_gbp` is None for activity of which nothing has a price: unknown, not free.
    """

    point_of_delivery: str
    cost_basis: str
    spend_gbp: float | None
    spend_before_gbp: float | None
    per_head_gbp: float | None
    priced_pct: float | None
    months: int
    months_before: int


@dataclass(frozen=True)
class Spend:
    first_month: date
    last_month: date
    lines: dict[tuple[str, str], list[SpendLine]]  # (area_type, area_code)
    without_practice_gbp: float

    @property
    def has_gaps(self) -> bool:
        return any(line.months < 12 for lines in self.lines.values() for line in lines)


def dicts(
    warehouse: Warehouse, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    cursor = warehouse.connection.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def read_spend(warehouse: Warehouse, teams_of: Mapping[tuple[str, str], Sequence[str]]) -> Spend | None:
    """`teams_of`: the team codes of every area by its key. None when no spend has been delivered."""
    found = warehouse.rows("select max(month) from marts.spend_per_capita where period_status <> 'incomplete'")
    last: date | None = found[0][0] if found else None
    if last is None:
        return None
    rows = dicts(
        warehouse,
        """
        with figures as (
            select *, month > $last - interval 12 month as is_now, spend_gbp <> 0 or activity <> 0 as is_any
            from marts.spend_per_capita where month > $last - interval 24 month and month <= $last
        )
        select int_code, point_of_delivery, cost_basis,
               sum(spend_gbp) filter (is_now) as spend,
               sum(spend_gbp) filter (not is_now) as spend_before,
               count(distinct month) filter (not is_now) as months_known_before,
               list(distinct month) filter (is_now and is_any) as months,
               list(distinct month) filter (not is_now and is_any) as months_before,
               sum(activity) filter (is_now) as activity,
               sum(activity_priced) filter (is_now) as activity_priced
        from figures group by all order by all
        """.replace("$last", f"date '{last.isoformat()}'"),
    )
    people = dict(
        warehouse.rows(
            "select int_code, avg(people) from (select int_code, month, max(registered_population) as people "
            "from marts.spend_per_capita where month > ? - interval 12 month and month <= ? group by all) group by 1",
            [last, last],
        )
    )
    names = {row["point_of_delivery"]: row["description"] for row in read_seed("points_of_delivery")}
    lines = {}
    for key, teams in teams_of.items():
        codes = {*teams, *(ICB_CODES if key[0] == "icb" else ())}
        registered = sum(float(people.get(code) or 0) for code in sorted(codes))
        lines[key] = _lines((row for row in rows if row["int_code"] in codes), registered, names)
    return Spend(
        first_month=date(last.year - 1 + last.month // 12, last.month % 12 + 1, 1),
        last_month=last,
        lines=lines,
        without_practice_gbp=float(sum(row["spend"] or 0 for row in rows if row["int_code"] == "UNATTRIBUTED")),
    )


def _lines(rows: Iterable[dict[str, Any]], people: float, names: Mapping[str, str]) -> list[SpendLine]:
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["cost_basis"], row["point_of_delivery"]].append(row)
    lines = []
    for (basis, point), members in sorted(groups.items()):
        months, months_before = (
            len({m for row in members for m in row[side] or ()}) for side in ("months", "months_before")
        )
        spend = [row["spend"] for row in members if row["spend"] is not None]
        if not spend or not months + months_before:
            continue
        # teams are dense over the months, the ICB's special codes are not
        has_year_before = months_before > 0 and any(row["months_known_before"] == 12 for row in members)
        activity = sum(row["activity"] or 0 for row in members)
        priced = sum(row["activity_priced"] or 0 for row in members)
        total = None if activity and not priced and not any(spend) else float(sum(spend))
        is_contract = basis == "contract"
        lines.append(
            SpendLine(
                point_of_delivery=names.get(point, point),
                cost_basis=basis,
                spend_gbp=total,
                spend_before_gbp=float(sum(row["spend_before"] or 0 for row in members)) if has_year_before else None,
                per_head_gbp=total / people if people and total is not None else None,
                priced_pct=100 * float(priced) / float(activity) if activity else None,
                # a month without a contracted visit of some kind is a month of nought, not a month without figures
                months=12 if is_contract else months,
                months_before=12 if is_contract else months_before,
            )
        )
    return sorted(lines, key=lambda line: (-(line.spend_gbp or 0), line.point_of_delivery, line.cost_basis))
