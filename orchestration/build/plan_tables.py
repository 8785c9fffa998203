"""The build plan beside the live views: which deliveries, feeds, files and months a build stands on, as tables that dbt reads."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import duckdb

from orchestration.contracts import load_contracts
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.lake.manifest import Manifest

# Records of care: their months decide where the marts begin (definitions C14) and whether a delivery is fresh. Not contract_activity, whose
# lines may be of months to come.
ACTIVITY_FEEDS = (
    "hes_apc",
    "hes_op",
    "ecds",
    "hes_ae",
    "gp_appointments",
    "gp_appointments_published",
    "community_contacts",
)

PLAN_TABLES = {
    "build": "delivery varchar, data_cut date, icb_code varchar, icb_name varchar, first_month date, last_month date, "
    "anticipation_months integer",
    "sub_icb_codes": "sub_icb_code varchar",
    "deliveries": "delivery varchar, data_cut date, coverage_from date, is_annual boolean",
    "feed_status": "feed varchar, is_delivered boolean, is_required boolean, newest_delivery varchar, "
    "person_id_space varchar",
    "feed_coverage": "feed varchar, coverage_month date, provider_code varchar, delivery varchar, data_cut date, "
    "is_annual boolean, rows_live bigint, is_covered boolean",
    "expected_providers": "feed varchar, provider_code varchar, coverage_month date, is_received boolean",
    "files": "feed varchar, delivery varchar, version integer, file varchar, sha256 varchar, rows_read bigint, "
    "rows_loaded bigint, rows_quarantined bigint",
    "rows_removed": "feed varchar, delivery varchar, rule varchar, rows bigint",
    "values_nulled": "feed varchar, delivery varchar, column_name varchar, rows bigint",
}


FACTS_OF_A_FILE = ("file", "sha256", "rows_read", "rows_loaded", "rows_quarantined")


class DeliveryFacts(NamedTuple):
    data_cut: dt.date
    coverage_from: dt.date
    is_annual: bool


def is_required(settings: Settings, feed: str) -> bool:
    return any(feed in wanted.split("|") for wanted in settings.required_feeds)


def write_plan(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    delivery_name: str,
    deliveries: dict[str, DeliveryFacts],
    delivered: dict[str, list[Manifest]],
) -> None:
    cut = deliveries[delivery_name].data_cut
    for name, facts in deliveries.items():
        connection.execute("insert into plan.deliveries values (?, ?, ?, ?)", [name, *facts])
    for code in settings.sub_icb_codes:
        connection.execute("insert into plan.sub_icb_codes values (?)", [code])
    for name, feed in load_contracts().items():
        listed = delivered.get(name, [])
        newest = listed[-1] if listed else None
        space = newest.person_id_space if newest else settings.person_id_spaces.get(name, feed.person_id_space)
        connection.execute(
            "insert into plan.feed_status values (?, ?, ?, ?, ?)",
            [name, newest is not None, is_required(settings, name), newest.delivery if newest else None, space],
        )
        files = [(manifest, file) for manifest in listed for file in manifest.files]
        add_rows(
            connection,
            "files",
            [
                (name, manifest.delivery, manifest.version, *(getattr(file, fact) for fact in FACTS_OF_A_FILE))
                for manifest, file in files
            ],
        )
        add_rows(
            connection,
            "values_nulled",
            [
                (name, manifest.delivery, column, rows)
                for manifest in listed
                for column, rows in manifest.values_nulled.items()
            ],
        )
    write_months(connection, settings, delivery_name, cut)


def write_months(connection: duckdb.DuckDBPyConnection, settings: Settings, delivery_name: str, cut: dt.date) -> None:
    """What follows from the live rows alone: which deliveries cover their months, who sent them, where the marts begin and end."""
    connection.execute(
        "update plan.feed_coverage set data_cut = d.data_cut, is_annual = d.is_annual "
        "from plan.deliveries as d where d.delivery = feed_coverage.delivery"
    )
    judge_coverage(connection)
    write_expected_providers(connection, settings)
    activity = ", ".join(literal(name) for name in ACTIVITY_FEEDS)
    connection.execute(
        f"""
        insert into plan.build
        select ?, ?, ?, ?, coalesce(min(coverage_month), date_trunc('month', ?::date))::date, date_trunc('month', ?::date)::date, ?
        from plan.feed_coverage where is_covered and feed in ({activity})
        """,
        [delivery_name, cut, settings.icb_code, settings.icb_name, cut, cut, settings.anticipation_months],
    )


def judge_coverage(connection: duckdb.DuckDBPyConnection) -> None:
    """A feed covers a month with at least a tenth of the rows of the median of the 12 nearest other months that have any (definitions E2):
    a lockdown is no gap, and stray rows cover nothing."""
    connection.execute(
        """
        update plan.feed_coverage set is_covered = judged.is_covered
        from (
            with sent as (
                select feed, coverage_month as month, sum(rows_live) as rows_live from plan.feed_coverage
                where coverage_month is not null and rows_live > 0 group by all
            ), neighbours as (
                select sent.*, others.rows_live as other_rows
                from sent left join sent as others on sent.feed = others.feed and sent.month <> others.month
                qualify row_number() over (
                    partition by sent.feed, sent.month
                    order by abs(date_diff('month', sent.month, others.month)), others.month desc
                ) <= 12
            )
            select feed, month, coalesce(rows_live >= 0.1 * median(other_rows), true) as is_covered
            from neighbours group by feed, month, rows_live
        ) as judged
        where feed_coverage.feed = judged.feed and feed_coverage.coverage_month = judged.month
        """
    )


def add_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    """Whole columns as parameters: one statement per row took half a second for the files of two deliveries."""
    if rows:
        columns = [list(values) for values in zip(*rows, strict=True)]
        connection.execute(f"insert into plan.{table} select {', '.join('unnest(?)' for _ in columns)}", columns)


def write_expected_providers(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Which of the providers that the settings name sent which month; who usually sends is dbt's to find (feed_expected_senders)."""
    connection.execute(
        """
        insert into plan.expected_providers
        with sent as (
            select distinct feed, provider_code, coverage_month from plan.feed_coverage
            where provider_code <> '' and coverage_month is not null
        ), expected as (
            select m.feed, p.provider_code, m.coverage_month
            from (select distinct feed, coverage_month from sent) as m
            cross join (select unnest(?::varchar[]) as provider_code) as p
        )
        select e.feed, e.provider_code, e.coverage_month, s.feed is not null
        from expected as e
        left join sent as s using (feed, provider_code, coverage_month)
        order by all
        """,
        [list(settings.expected_providers)],
    )
