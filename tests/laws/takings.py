"""What can be taken away from a delivery: each a `Taking`, and any of them at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from orchestration.foundation.settings import load_settings
from tests.laws.known import Taking

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
# Feeds of facts. What says which practices and teams there are (int_membership, ods_*, pcn_membership) is no fact of a month: without it
# events belong elsewhere, and the gate says so.
WHOLE_FEEDS = (
    *BLANKED,
    "contract_activity",
    "gp_payments",
    "gp_registrations",
    "online_consultations",
    "reported_measures",
)
# what is published of the same appointments
PUBLISHED_OF = """
    select 'practice' as level, practice_code, null::varchar as sub_icb_code,
        date_trunc('month', appointment_date)::date as appointment_month, null::date as appointment_date,
        appt_status, hcp_type, appt_mode, national_category, null::varchar as time_between_book_and_appt,
        count(*)::bigint as appointments, coverage_month, delivery
    from {records} group by all
"""


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


def totals_of_some(months: list[str], share: str) -> Taking:
    """Some practices' lists come without ages; which, a hash of their codes says."""
    of_some = f"coverage_month in ({dates(months)}) and hash(practice_code) % {share} = 0"
    return Taking(
        f"ages and sexes of the lists of one practice in {share} of {len(months)} months",
        {"gp_registrations": f"select * from {{whole}} where not ({of_some}) or age_group = 'ALL' and sex = 'all'"},
    )


def without_year() -> Taking:
    """The newest accounts of payments to practices, as before they were out."""
    newest = "(select max(financial_year) from {whole})"
    return Taking(
        "gp_payments of the newest year", {"gp_payments": f"select * from {{whole}} where financial_year <> {newest}"}
    )


def unpaid(draw: random.Random, base: Path) -> Taking:
    """One practice's line of the accounts."""
    with duckdb.connect(str(load_settings(home=base).paths.inputs_file), read_only=True) as connection:
        lines = connection.execute("select financial_year, practice_code from live.gp_payments order by all").fetchall()
    year, code = draw.choice(lines)
    return Taking(
        f"gp_payments of practice {code} in {year}",
        {"gp_payments": f"select * from {{whole}} where not (financial_year = '{year}' and practice_code = '{code}')"},
        # accounts of a year are weighed by the people of the practice
        sender=("gp_registrations", "practice_code", code, f"{int(year[:4]) + 1}-04-01"),
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
        return without_feed(draw.choice(WHOLE_FEEDS))

    def months() -> Taking:
        chosen = draw.choice(MONTH_FEEDS)
        return months_from(chosen)

    def sender() -> Taking:
        kinds = [(name, "provider") for name in PROVIDER_FEEDS] + [
            *(
                (name, "practice")
                for name in ("gp_appointments", "gp_registrations", "online_consultations", "ers_referrals")
            ),
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
        chosen = some_months(draw, months_of(base, "gp_registrations"))
        return draw.choice([totals_only(chosen), totals_of_some(chosen, "2"), totals_of_some(chosen, "9")])

    def payments() -> Taking:
        return draw.choice([without_year(), unpaid(draw, base)])

    def small_areas() -> Taking:
        return draw.choice(
            [
                without_feed("gp_registrations_lsoa"),
                without_feed("lsoa_deprivation"),
                months_from("gp_registrations_lsoa"),
            ]
        )

    def months_from(feed: str) -> Taking:
        return without_months(feed, some_months(draw, months_of(base, feed)))

    def published() -> Taking:
        return published_for_records(some_months(draw, months_of(base, "gp_appointments")))

    ways: list[Callable[[], Taking]] = [
        feed,
        months,
        months,
        sender,
        sender,
        said,
        said,
        lists,
        published,
        payments,
        small_areas,
    ]
    return draw.choice(ways)()
