"""The marts that are about the release itself: `data_quality`, `restatements` (and changes.csv), `release_info`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.foundation.checks import CheckResult, State
from orchestration.foundation.sql import literal
from orchestration.publishing.dictionary import release_tables
from orchestration.publishing.marts import create_table
from orchestration.releases.tables import columns_of, tables_of

FIGURE_KEY = ("indicator_id", "cohort_id", "area_type", "area_code", "month", "period")
WORST_FIRST = (State.ERROR, State.FAIL, State.WARN, State.PASS, State.NOT_APPLICABLE)
# Figures are made from decimals, so equal inputs give equal doubles; this only forgives another machine's last bit.
SAME_VALUE = 1e-12


def declared_columns(table: str) -> dict[str, str]:
    return {name: entry["type"] for name, entry in release_tables()[table]["columns"].items()}


def write_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Create `release.marts.<table>` with its declared columns and these rows."""
    columns = declared_columns(table)
    connection.execute(
        "create or replace temp table given (" + ", ".join(f'"{name}" {kind}' for name, kind in columns.items()) + ")"
    )
    given = list(rows)
    if given:
        # one statement with a list for each column: a statement for each row took a second for the some 400 checks
        unnested = ", ".join(f"unnest(cast(? as {kind}[]))" for kind in columns.values())
        connection.execute(
            f"insert into given select {unnested}", [list(values) for values in zip(*given, strict=True)]
        )
    create_table(connection, f"marts.{table}", columns, "select * from given")
    connection.execute("drop table given")


def write_data_quality(connection: duckdb.DuckDBPyConnection, results: Sequence[CheckResult]) -> None:
    """One row per check and subject; where a check reported twice about a subject, the worse result."""
    worst_last = sorted(
        results, key=lambda result: (-WORST_FIRST.index(result.state), result.violations, result.message)
    )
    by_key = {(result.check_id, result.subject): result for result in worst_last}
    write_rows(
        connection,
        "data_quality",
        (
            (
                r.check_id,
                r.subject,
                r.severity.value,
                r.state.value,
                r.rows_examined,
                r.violations,
                r.is_waived,
                r.owner,
                r.message,
            )
            for _, r in sorted(by_key.items())
        ),
    )


def write_release_info(connection: duckdb.DuckDBPyConnection, facts: dict[str, Any]) -> None:
    write_rows(connection, "release_info", [[facts[name] for name in declared_columns("release_info")]])


def write_restatements(
    connection: duckdb.DuckDBPyConnection,
    previous: str | None,
    flag_pct: float,
    why: RestatementContext,
) -> None:
    """Compare `marts.indicator_values` of the new file with the attached database `previous` (None: a first release, no rows)."""
    if previous is None or "marts.indicator_values" not in tables_of(connection, "previous"):
        write_rows(connection, "restatements", [])
        return
    boundary = _changed_areas(connection) if _has_membership(connection) else "select null as area_code where false"
    joined = " and ".join(f"earlier.{name} = now.{name}" for name in FIGURE_KEY)
    keys = ", ".join(f"earlier.{name}" for name in FIGURE_KEY)
    create_table(
        connection,
        "marts.restatements",
        declared_columns("restatements"),
        f"""
        with changed_areas as ({boundary}),
        moved as (
            select {keys}, earlier.value as previous_value, now.value as value,
                earlier.numerator as previous_numerator, now.numerator as numerator,
                earlier.denominator as previous_denominator, now.denominator as denominator,
                earlier.definition_version as previous_version, now.definition_version as version,
                earlier.period_status as previous_status, now.indicator_id is null as is_gone,
                changed_areas.area_code is not null as has_new_boundary
            from previous.marts.indicator_values as earlier
            left join release.marts.indicator_values as now on {joined}
            left join changed_areas on earlier.area_code = changed_areas.area_code
            where earlier.value is not null
                and (now.value is null or abs(now.value - earlier.value) > {SAME_VALUE} * greatest(abs(now.value), abs(earlier.value)))
        ),
        measured as (
            select *, case when value is not null and previous_value <> 0 then 100 * (value - previous_value) / abs(previous_value) end
                as change_pct
            from moved
        )
        select {", ".join(FIGURE_KEY)}, {literal(previous)} as previous_release, previous_value, value, change_pct,
            case
                when previous_version is distinct from version and not is_gone
                    then 'definition version: ' || coalesce(previous_version::varchar, '?') || ' to ' || coalesce(version::varchar, '?')
                when has_new_boundary then 'boundary change: the practices of this area changed'
                when value is null then 'withdrawn: no value in this release'
                when {literal(why.same_inputs)} = 'yes' then 'code or settings changed'
                when {literal(why.same_delivery)} = 'yes' then 'files re-sent in delivery {why.delivery}'
                when previous_numerator is not distinct from numerator and previous_denominator is distinct from denominator
                    then 'population restated by delivery {why.delivery}'
                when previous_status <> 'final' and numerator > previous_numerator then 'late records in delivery {why.delivery}'
                else 'restated by delivery {why.delivery}'
            end as reason,
            coalesce(abs(change_pct) > {flag_pct}, true) as is_flagged
        from measured
        """,
    )


class RestatementContext:
    """What is known about the two builds that are compared; said in SQL as yes or no."""

    def __init__(self, delivery: str, is_same_delivery: bool, has_same_inputs: bool) -> None:
        self.delivery = delivery
        self.same_delivery = "yes" if is_same_delivery else "no"
        self.same_inputs = "yes" if has_same_inputs else "no"


def _has_membership(connection: duckdb.DuckDBPyConnection) -> bool:
    return all(
        f"marts.{table}" in tables_of(connection, database)
        and set(columns) <= set(columns_of(connection, database, f"marts.{table}"))
        for database in ("previous", "release")
        for table, columns in (
            ("dim_practice", ("practice_code", "int_code")),
            ("dim_int", ("int_code", "pcn_code", "hcp_code")),
        )
    )


def _changed_areas(connection: duckdb.DuckDBPyConnection) -> str:
    """INTs, PCNs and HCPs whose set of practices differs between the two releases."""

    def members(database: str) -> str:
        return f"""
            select unnest([teams.int_code, teams.pcn_code, teams.hcp_code]) as area_code, practices.practice_code
            from {database}.marts.dim_practice as practices
            inner join {database}.marts.dim_int as teams on practices.int_code = teams.int_code
        """

    def sets(database: str) -> str:
        return (
            f"select area_code, string_agg(distinct practice_code, ',' order by practice_code) as practices "
            f"from ({members(database)}) where area_code is not null group by area_code"
        )

    return (
        f"select coalesce(earlier.area_code, now.area_code) as area_code from ({sets('previous')}) as earlier "
        f"full join ({sets('release')}) as now on earlier.area_code = now.area_code "
        "where earlier.practices is distinct from now.practices"
    )


def write_changes_csv(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    target = literal(str(folder / "changes.csv"))
    ordered = ", ".join(FIGURE_KEY)
    connection.execute(
        f"copy (select * from release.marts.restatements order by {ordered}) to {target} (format csv, header)"
    )
