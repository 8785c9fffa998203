"""The law of what is known: what is taken away from a delivery may make a figure unknown or incomplete, never different.

A base delivery is ingested once. A taking is said of the rows that are live in it (a feed, months, a sender, a property ...) and written
into a copy of its inputs, exactly as if the landed files had come without them; dbt then builds the same models on both.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build.compiled_models import in_order, make, read_by, reads_of
from orchestration.build.dbt_runtime import read_manifest
from orchestration.build.inputs import write_coverage, write_inputs
from orchestration.build.plan_tables import write_months
from orchestration.build.statistics_udf import register
from orchestration.contracts import load_contracts
from orchestration.foundation.settings import load_settings
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery
from orchestration.synthetic.demo import write_demo

COUNT_MARTS = {
    "visits_per_capita": (
        "int_code, month, setting, visit_type",
        "visits, not_attended, status_unknown, visits_per_1000",
    ),
    "referrals_per_capita": ("int_code, month, source, specialty_code", "referrals, referrals_per_1000"),
    "spend_per_capita": ("int_code, month, point_of_delivery, cost_basis", "activity, activity_priced, spend_gbp"),
    "non_elective_admissions_per_capita": (
        "int_code, month, admission_type, age_group, length_of_stay_group",
        "admissions, spell_bed_days, admissions_per_1000",
    ),
    "readmissions": ("int_code, month, window_days", "discharges, readmissions, readmission_pct"),
}
FIGURE_KEY = "indicator_id, cohort_id, area_type, area_code, month, period"
FIGURES = "numerator, denominator, value, value_lower_95, value_upper_95"
STANDARDISED = "standardised_value, standardised_value_lower_95, standardised_value_upper_95"
PROFILE = [
    "gp_appointments",
    "ae_attendances",
    "outpatient_attendances",
    "emergency_admissions",
    "occupied_bed_days",
    "spend_gbp",
    "need_weighted_population",
]
FIGURES_OF = [
    *(f"model.int_marts.{prefix}{name}" for prefix in ("", "as_at_") for name in ("indicator_values", *COUNT_MARTS)),
    "model.int_marts.practice_profile",
]
# what of the plan follows from the rows that are live
FOLLOWS = ("build", "feed_coverage", "expected_providers")


@dataclass
class Taking:
    """What is taken away, in words, and how: feed → the query that stands in place of its rows (`{whole}` is all of them)."""

    words: str
    queries: dict[str, str] = field(default_factory=dict)
    # feed, column, code, month: in areas of whose rows it usually sends fewer than 2 in a hundred the figures stand, as they are (E2)
    sender: tuple[str, str, str, str] | None = None


@dataclass
class Difference:
    """A figure known on both sides and not the same."""

    table: str
    key: tuple[object, ...]
    whole: tuple[object, ...]
    taken: tuple[object, ...]


@dataclass
class Verdict:
    taking: str
    known: int
    still_known: int
    differences: list[Difference]
    tolerated: int = 0


def make_base(home: Path, people: int, months: int) -> Path:
    """A home with one clean delivery, ingested, its inputs written and its marts built."""
    settings = load_settings(home=home)
    settings.paths.create()
    write_demo(settings.paths.landing, people=people, months=months, deliveries=1)
    delivery = find_delivery(settings.paths, None)
    ingest_delivery(settings, delivery)
    write_inputs(settings, delivery.name)
    build(home)
    return home


def build(home: Path, base: Path | None = None, feeds: Iterable[str] = ()) -> None:
    """All that the figures stand on, from the SQL that dbt compiled; with a base, whose warehouse this one is a copy of, only what reads
    the feeds that changed."""
    settings = load_settings(home=home)
    nodes = read_manifest(load_settings(home=base or home))["nodes"]
    wanted = read_by(nodes, FIGURES_OF) + FIGURES_OF
    if base is not None:
        changed = [f"source.int_marts.live.{feed}" for feed in feeds] + [
            f"source.int_marts.plan.{name}" for name in FOLLOWS
        ]
        again = set(that_read(nodes, changed))
        wanted = [name for name in wanted if name in again]
    with duckdb.connect(str(settings.paths.warehouse_file), config={"threads": 2}) as connection:
        connection.execute(f"attach '{settings.paths.inputs_file}' as inputs (read_only)")
        register(connection)
        for name in wanted:
            make(connection, nodes[name])


def that_read(nodes: dict[str, Any], sources: Iterable[str]) -> list[str]:
    """The models that read one of these sources or models, at any distance, in order."""
    found = set(sources)
    for name in in_order(nodes):
        if found & set(reads_of(nodes[name])):
            found.add(name)
    return [name for name in in_order(nodes) if name in found]


def take_away(base: Path, home: Path, taking: Taking) -> Path:
    """The same delivery without what the taking says, and all that can follow from it worked out again in a home of its own."""
    whole, settings = load_settings(home=base).paths, load_settings(home=home)
    settings.paths.create()
    for source, copy in (
        (whole.inputs_file, settings.paths.inputs_file),
        (whole.warehouse_file, settings.paths.warehouse_file),
    ):
        shutil.copyfile(source, copy)
    with duckdb.connect(str(settings.paths.inputs_file)) as connection:
        for feed in taking.queries:
            connection.execute(f"alter view live.{feed} rename to {feed}_whole")
        for feed, query in taking.queries.items():
            connection.execute(f"create view live.{feed} as {query.format(whole=f'live.{feed}_whole')}")
            connection.execute("delete from plan.feed_coverage where feed = ?", [feed])
            write_coverage(connection, load_contracts()[feed])
        delivery, cut = connection.execute("delete from plan.build returning delivery, data_cut").fetchall()[0]
        connection.execute("delete from plan.expected_providers")
        write_months(connection, settings, delivery, cut)
    build(home, base, taking.queries)
    return home


def compare(base: Path, home: Path, taking: Taking) -> Verdict:
    """Every figure and count known on both sides, to the last digit."""
    verdict = Verdict(taking.words, 0, 0, [])
    with duckdb.connect() as connection:
        for name, side in (("whole", base), ("taken", home)):
            file = load_settings(home=side).paths.warehouse_file
            connection.execute(f"attach '{file}' as {name} (read_only)")
        for schema in ("marts", "as_at"):
            for table, (key, values) in ({"indicator_values": (FIGURE_KEY, FIGURES)} | COUNT_MARTS).items():
                compare_table(connection, f"{schema}.{table}", key, values, verdict)
        compare_profiles(connection, verdict)
    if taking.sender:
        few, found = few_rows(base, taking.sender), verdict.differences
        verdict.differences = [one for one in found if not few & {str(part) for part in one.key}]
        verdict.tolerated = len(found) - len(verdict.differences)
    return verdict


def few_rows(base: Path, sender: tuple[str, str, str, str]) -> set[str]:
    """Areas of whose rows of the 12 months before the sender sent fewer than 2 in a hundred: the one tolerance of the law."""
    feed, column, code, month = sender
    with duckdb.connect(str(load_settings(home=base).paths.warehouse_file), read_only=True) as connection:
        rows = connection.execute(
            "select levels.area_code from intermediate.feed_cells as cells inner join intermediate.practice_levels as levels "
            "on cells.practice_code = levels.practice_code and levels.month = $month::date "
            "where cells.feed = $feed and cells.month < $month::date and cells.month >= $month::date - interval 12 month "
            f"group by levels.area_code having coalesce(sum(rows_sent) filter (cells.{column} = $code), 0) < 0.02 * sum(rows_sent)",
            {"feed": feed, "code": code, "month": month},
        ).fetchall()
    return {area for (area,) in rows}


def compare_table(connection: duckdb.DuckDBPyConnection, table: str, key: str, values: str, verdict: Verdict) -> None:
    # codes without a list have counts and no rate
    is_count = not table.endswith("indicator_values")
    reasons = "('', 'no_population', 'nothing_to_divide_by')" if is_count else "('')"
    whole, taken = (
        f"coalesce({side}.null_reason, '') in {reasons} and {side}.period_status <> 'incomplete'" for side in "wt"
    )
    differs = compared(values)
    if not is_count:
        both = (
            "w.standardised_null_reason is null and t.standardised_null_reason is null and w.standardisation <> 'none'"
        )
        differs = f"{differs} or ({both} and ({compared(STANDARDISED)}))"
    rows = f"from whole.{table} as w inner join taken.{table} as t using ({key}) where {whole}"
    counted = connection.execute(f"select count(*), count(*) filter (where {taken}) {rows}").fetchone()
    assert counted is not None
    verdict.known += counted[0]
    verdict.still_known += counted[1]
    columns, width = [value.strip() for value in values.split(",")], len(key.split(","))
    shown = ", ".join([*key.split(", "), *(f"w.{name}" for name in columns), *(f"t.{name}" for name in columns)])
    query = f"select {shown} {rows} and {taken} and ({differs}) order by all limit 2000"
    for row in connection.execute(query).fetchall():
        middle = width + len(columns)
        verdict.differences.append(Difference(table, row[:width], row[width:middle], row[middle:]))


def compare_profiles(connection: duckdb.DuckDBPyConnection, verdict: Verdict) -> None:
    """What practices used: a column that is null or named as incomplete is not known."""
    for name in PROFILE:
        whole, taken = (
            f"({side}.{name} is not null and {side}.incomplete_counts not like '%{name}%')" for side in "wt"
        )
        rows = (
            "from whole.marts.practice_profile as w inner join taken.marts.practice_profile as t using (practice_code)"
        )
        counted = connection.execute(
            f"select count(*) filter ({whole}), count(*) filter ({whole} and {taken}) {rows}"
        ).fetchone()
        assert counted is not None
        verdict.known += counted[0]
        verdict.still_known += counted[1]
        query = f"select practice_code, w.{name}, t.{name} {rows} where {whole} and {taken} and ({compared(name)}) order by all"
        for code, before, after in connection.execute(query).fetchall():
            verdict.differences.append(Difference("marts.practice_profile", (code, name), (before,), (after,)))


def compared(values: str) -> str:
    return " or ".join(f"w.{value.strip()} is distinct from t.{value.strip()}" for value in values.split(","))
