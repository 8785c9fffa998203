"""The law of what is known: what is taken away from a delivery may make a figure unknown or incomplete, never different.

A base delivery is ingested once. A taking is said of the rows that are live in it (a feed, months, a sender, a property ...) and written
into a copy of its inputs, exactly as if the landed files had come without them; dbt then builds the same models on both.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.build.compiled_models import make, read_by, that_read
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
FIGURES_OF = [
    f"model.int_marts.{prefix}{name}" for prefix in ("", "as_at_") for name in ("indicator_values", *COUNT_MARTS)
]
# what of the plan follows from the rows that are live
FOLLOWS = ("build", "feed_coverage", "expected_providers")
# What of a record can be blanked, by feed: property → columns of the lake.
BLANKED = {
    "hes_apc": {"person": ["person_id"], "age": ["age_years"], "sex": ["sex"], "small_area": ["lsoa11", "imd_decile"],
                "diagnosis": ["primary_diagnosis", "diagnosis_codes"]},
    "hes_op": {"person": ["person_id"], "age": ["age_years"], "sex": ["sex"], "small_area": ["lsoa11"],
               "procedure": ["primary_procedure", "procedure_codes"]},
    "ecds": {"person": ["person_id"], "age": ["age_years"], "sex": ["sex"], "small_area": ["lsoa11"], "acuity": ["acuity"],
             "diagnosis": ["diagnosis_codes", "chief_complaint"]},
    "gp_appointments": {"person": ["person_id"], "age": ["age_years"], "sex": ["sex"], "small_area": ["lsoa11"],
                        "category": ["national_category"], "mode": ["appt_mode"], "staff": ["hcp_type"]},
    "ers_referrals": {"age": ["age_years"], "sex": ["sex"]},
    "community_contacts": {"person": ["person_id"], "age": ["age_years"]},
    "deaths": {"person": ["person_id"]},
}  # fmt: skip
PROVIDER_FEEDS = ("hes_apc", "hes_op", "ecds", "community_contacts", "contract_activity")
MONTH_FEEDS = (*PROVIDER_FEEDS, "gp_appointments", "ers_referrals", "online_consultations", "gp_registrations")
# what is published of the same appointments
PUBLISHED_OF = """
    select 'practice' as level, practice_code, null::varchar as sub_icb_code,
        date_trunc('month', appointment_date)::date as appointment_month, null::date as appointment_date,
        appt_status, hcp_type, appt_mode, national_category, null::varchar as time_between_book_and_appt,
        count(*)::bigint as appointments, coverage_month, delivery
    from {records} group by all
"""


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
    write_demo(settings, people=people, months=months, deliveries=1)
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
            f"group by levels.area_code having coalesce(sum(rows_sent) filter ({column} = $code), 0) < 0.02 * sum(rows_sent)",
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


def compared(values: str) -> str:
    return " or ".join(f"w.{value.strip()} is distinct from t.{value.strip()}" for value in values.split(","))


def months_of(base: Path, feed: str) -> list[str]:
    with duckdb.connect(str(load_settings(home=base).paths.inputs_file), read_only=True) as connection:
        rows = connection.execute(
            "select distinct strftime(coverage_month, '%Y-%m-01') from plan.feed_coverage "
            "where feed = ? and coverage_month is not null order by 1",
            [feed],
        ).fetchall()
    return [month for (month,) in rows]


def senders_of(base: Path, feed: str, kind: str) -> list[tuple[str, str]]:
    """(code, month) of senders that are expected in a month: what of others is missing may be chance."""
    with duckdb.connect(str(load_settings(home=base).paths.warehouse_file), read_only=True) as connection:
        return connection.execute(
            "select sender_code, strftime(month, '%Y-%m-01') from intermediate.feed_expected_senders "
            "where feed = ? and sender_kind = ? and property = 'rows' and is_received order by all",
            [feed, kind],
        ).fetchall()


def dates(months: Iterable[str]) -> str:
    return ", ".join(f"date '{month}'" for month in months)


def without_feed(feed: str) -> Taking:
    return Taking(f"the feed {feed}", {feed: "select * from {whole} where false"})


def without_months(feed: str, months: list[str]) -> Taking:
    return Taking(
        f"{feed} of {', '.join(month[:7] for month in months)}",
        {feed: f"select * from {{whole}} where coverage_month is null or coverage_month not in ({dates(months)})"},
    )


def without_sender(feed: str, kind: str, code: str, month: str) -> Taking:
    column = "provider_code" if kind == "provider" else "practice_code"
    return Taking(
        f"{feed} of {kind} {code} in {month[:7]}",
        {
            feed: f"select * from {{whole}} where not ({column} is not distinct from '{code}' "
            f"and coverage_month is not distinct from date '{month}')"
        },
        sender=(feed, column, code, month),
    )


def without_property(feed: str, said: str, months: list[str] | None = None) -> Taking:
    """`sex` has a word for what is not known."""
    when = f"coverage_month in ({dates(months)})" if months else "true"
    columns = ", ".join(
        f"case when {when} then {chr(39) + 'unknown' + chr(39) if column == 'sex' else 'null'} else {column} end as {column}"
        for column in BLANKED[feed][said]
    )
    span = f" of {len(months)} months" if months else ""
    return Taking(f"{said} of {feed}{span}", {feed: f"select * replace ({columns}) from {{whole}}"})


def totals_only(months: list[str]) -> Taking:
    return Taking(
        f"ages and sexes of the lists of {', '.join(month[:7] for month in months)}",
        {
            # each list has its total beside its ages
            "gp_registrations": f"select * from {{whole}} where coverage_month not in ({dates(months)}) "
            "or age_group = 'ALL' and sex = 'all'"
        },
    )


def published_for_records(months: list[str]) -> Taking:
    return Taking(
        f"appointment records of {len(months)} months, for published counts",
        {
            "gp_appointments": f"select * from {{whole}} where coverage_month not in ({dates(months)})",
            "gp_appointments_published": "select * from {whole} union all by name "
            + PUBLISHED_OF.format(
                records=f"(from live.gp_appointments_whole where coverage_month in ({dates(months)})) as records"
            ),
        },
    )


def some_months(draw: random.Random, months: list[str]) -> list[str]:
    """One month, a stretch, the first ones or the newest ones."""
    start = draw.randrange(len(months))
    return draw.choice(
        [[months[start]], months[start : start + 3], months[: draw.randint(1, 6)], months[-draw.randint(1, 4) :]]
    )


def draw_taking(draw: random.Random, base: Path) -> Taking:
    """Anything that can be taken away, at random."""

    def feed() -> Taking:
        return without_feed(draw.choice(list(BLANKED)))

    def months() -> Taking:
        chosen = draw.choice(MONTH_FEEDS)
        return without_months(chosen, some_months(draw, months_of(base, chosen)))

    def sender() -> Taking:
        kinds = [(name, "provider") for name in PROVIDER_FEEDS] + [
            ("gp_appointments", "practice"),
            ("gp_registrations", "practice"),
        ]
        draw.shuffle(kinds)
        for name, kind in kinds:
            if expected := senders_of(base, name, kind):
                return without_sender(name, kind, *draw.choice(expected))
        return months()

    def said() -> Taking:
        chosen = draw.choice(list(BLANKED))
        spans = [None, some_months(draw, months_of(base, chosen))]
        return without_property(chosen, draw.choice(list(BLANKED[chosen])), draw.choice(spans))

    def lists() -> Taking:
        return totals_only(some_months(draw, months_of(base, "gp_registrations")))

    def published() -> Taking:
        return published_for_records(some_months(draw, months_of(base, "gp_appointments")))

    ways: list[Callable[[], Taking]] = [feed, months, months, sender, sender, said, said, lists, published]
    return draw.choice(ways)()
