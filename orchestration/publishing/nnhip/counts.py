"""Counts of the return from record-level events: per measure, by total, age group, ethnic group and deprivation quintile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from orchestration.foundation.errors import UsageError
from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.nnhip.rules import Measure, Rules

NOT_DELIVERED = "was not delivered"
NOT_LINKABLE = "uses other person identifiers than person_cohorts, so its people cannot be linked"
Cells = dict[tuple[str, str], int]  # (dimension, category) → exact count; a category without anybody is absent


@dataclass
class Counts:
    """Exact counts, before suppression. `unknown` names a feed and says why its measures cannot be counted."""

    events: dict[int, Cells] = field(default_factory=dict)  # by row of the template
    cohort: Cells = field(default_factory=dict)
    caseload: Cells = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    under_age_events: int = 0


def count_return(warehouse: Warehouse, rules: Rules, month: date) -> Counts:
    """Count for one month. The inputs database must be attached as `inputs`.

    A person belongs on the days of membership (`valid_to` is the first day no longer valid); an event counts when its person belongs
    on its day; the cohort is everybody who belonged on any day of the month and had not died before it.
    Raises `UsageError` when the cohort was not delivered or has nobody in that month.
    """
    connection = warehouse.connection
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    counts = Counts(unknown=_unknown_feeds(warehouse, rules, month))
    connection.execute(
        """
        create or replace temp table nnhip_members as
        select distinct m.person_id, m.valid_from, m.valid_to, m.status
        from intermediate.person_cohort_members as m
        where m.cohort_id = $cohort and m.valid_from < $following and m.valid_to > $month and m.valid_to > m.valid_from
          and not exists (select 1 from intermediate.death_events as d where d.person_id = m.person_id and d.event_date < $month)
        """,
        {"cohort": rules.cohort_id, "month": month, "following": following},
    )
    if not warehouse.row_count("nnhip_members"):
        raise UsageError(
            f"cohort {rules.cohort_id} of person_cohorts has nobody in {month:%Y-%m}: the return has nothing to count"
        )
    _person_facts(warehouse, rules, counts.unknown, following)
    for measure in rules.measures:
        if measure.feed not in counts.unknown:
            counts.events[measure.row] = _events(warehouse, rules, measure, month, following, counts)
    counts.cohort = _people(warehouse, rules, "true")
    counts.caseload = _people(warehouse, rules, f"status = '{rules.caseload_status}'")
    return counts


def _unknown_feeds(warehouse: Warehouse, rules: Rules, month: date) -> dict[str, str]:
    """Feeds that say nothing about the cohort's people in this month, and why: absent is never nought."""
    status = {
        feed: (delivered, space)
        for feed, delivered, space in warehouse.rows(
            "select feed, is_delivered, person_id_space from inputs.plan.feed_status"
        )
    }
    covered = {
        feed
        for (feed,) in warehouse.rows(
            "select distinct feed from inputs.plan.feed_coverage where coverage_month = ?", [month]
        )
    }
    if not status.get("person_cohorts", (False, None))[0]:
        raise UsageError(
            f"feed person_cohorts was not delivered: the return counts the people of its cohort {rules.cohort_id}"
        )
    space = status["person_cohorts"][1]
    unknown = {}
    for feed in sorted({m.feed for m in rules.measures} | {f.feed for f in rules.person_facts}):
        delivered, own_space = status.get(feed, (False, None))
        if not delivered:
            unknown[feed] = NOT_DELIVERED
        elif own_space != space:
            unknown[feed] = NOT_LINKABLE
        elif feed not in covered:
            unknown[feed] = f"does not cover {month:%Y-%m}"
    return unknown


def _person_facts(warehouse: Warehouse, rules: Rules, unknown: dict[str, str], following: date) -> None:
    """What the newest record before the month's end says of each member; age moves on by whole years since."""
    linkable = [f for f in rules.person_facts if unknown.get(f.feed) not in (NOT_DELIVERED, NOT_LINKABLE)]
    records = " union all ".join(
        f"select e.person_id, cast(e.{f.date} as date) as seen_on, e.age_years, e.ethnic_group, e.imd_quintile "
        f"from {f.events} as e semi join nnhip_members as m on e.person_id = m.person_id where e.{f.date} < date '{following}'"
        for f in linkable
    )
    nobody = (
        "select null::varchar as person_id, null::date as seen_on, null::int as age_years, null::varchar as ethnic_group, "
        "null::int as imd_quintile where false"
    )
    warehouse.connection.execute(
        f"""
        create or replace temp table nnhip_people as
        with records as ({records or nobody}),
        newest as (
            select person_id,
                   max({{'seen': seen_on, 'value': age_years}}) filter (age_years is not null) as age,
                   max({{'seen': seen_on, 'value': {_ethnic_sql(rules, "ethnic_group")}}})
                       filter ({_ethnic_sql(rules, "ethnic_group")} is not null) as ethnic,
                   max({{'seen': seen_on, 'value': imd_quintile}}) filter (imd_quintile is not null) as imd
            from records where person_id is not null group by person_id
        )
        select person_id, age.value + datesub('year', age.seen, date '{following}' - 1) as age_years,
               ethnic.value as ethnic_group, imd.value as imd_quintile
        from newest
        """
    )


def _events(
    warehouse: Warehouse, rules: Rules, measure: Measure, month: date, following: date, counts: Counts
) -> Cells:
    columns = {name for (name,) in warehouse.rows(f"select column_name from (describe {measure.events})")}

    def own(name: str) -> str:
        return f"e.{name}" if name in columns else "null"

    warehouse.connection.execute(
        f"""
        create or replace temp table nnhip_events as
        select cast({measure.amount} as bigint) as amount,
               coalesce({own("age_years")}, p.age_years) as age_years,
               coalesce({_ethnic_sql(rules, own("ethnic_group"))}, p.ethnic_group) as ethnic_group,
               coalesce({own("imd_quintile")}, p.imd_quintile) as imd_quintile
        from (select * from {measure.events} where {rules.condition(measure)}) as e
        semi join nnhip_members as m
          on e.person_id = m.person_id and e.{measure.date} >= m.valid_from and e.{measure.date} < m.valid_to
        left join nnhip_people as p on e.person_id = p.person_id
        where e.{measure.date} >= date '{month}' and e.{measure.date} < date '{following}'
        """
    )
    counts.under_age_events += warehouse.rows(
        f"select count(*) from nnhip_events where age_years < {rules.minimum_age}"
    )[0][0]
    return _cells(warehouse, rules, "nnhip_events")


def _people(warehouse: Warehouse, rules: Rules, condition: str) -> Cells:
    warehouse.connection.execute(
        f"""
        create or replace temp table nnhip_counted as
        select 1 as amount, p.age_years, p.ethnic_group, p.imd_quintile
        from (select distinct person_id from nnhip_members where {condition}) as m
        left join nnhip_people as p on m.person_id = p.person_id
        """
    )
    return _cells(warehouse, rules, "nnhip_counted")


def _cells(warehouse: Warehouse, rules: Rules, relation: str) -> Cells:
    rows: list[tuple[Any, ...]] = warehouse.rows(
        f"""
        with counted as (
            select amount,
                   case when age_years is null then 'not_known' when age_years < 20 then '18-19' when age_years >= 90 then '90+'
                        else concat(age_years // 10 * 10, '-', age_years // 10 * 10 + 9) end as age_group,
                   coalesce(ethnic_group, 'not_known') as ethnic_group,
                   coalesce(cast(imd_quintile as varchar), 'not_known') as imd_quintile
            from {relation} where age_years is null or age_years >= {rules.minimum_age}
        )
        select 'total', 'total', coalesce(sum(amount), 0) from counted
        union all select 'age_group', age_group, sum(amount) from counted group by age_group
        union all select 'ethnic_group', ethnic_group, sum(amount) from counted group by ethnic_group
        union all select 'imd_quintile', imd_quintile, sum(amount) from counted group by imd_quintile
        """
    )
    return {(dimension, category): int(amount) for dimension, category, amount in rows}


def _ethnic_sql(rules: Rules, column: str) -> str:
    """The broad group of an ethnic category; null where the code says nothing (not stated, not known)."""
    if column == "null":
        return "null"
    whens = " ".join(
        f"when left({column}, 1) in ({', '.join(repr(code) for code in codes)}) then '{group}'"
        for group, codes in rules.ethnic_groups.items()
    )
    return f"case {whens} end"
