"""A figure of each count mart of the demo, traced by the command; and the commands about releases, as a person types them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration import publishing as publish
from orchestration.contracts import load_contracts
from orchestration.foundation.settings import Settings
from orchestration.publishing.explain import COST_FEEDS, _feeds_of, feeds_by_status_group
from orchestration.publishing.indicator_docs import read_seed
from tests.publish.fixture_warehouse import build_warehouse, open_verdict

GEOGRAPHY = {"int_membership", "ods_practices", "ods_succession"}
LISTS = {"gp_registrations"}
FIGURES = (
    # mart, its figure, the indicator that shows it, the feeds behind it
    ("visits_per_capita", "sum(visits) filter (setting = 'gp_appointment')", "gp_appointments_attended", {"gp_appointments"} | LISTS),
    ("referrals_per_capita", "sum(referrals) filter (source = 'ers')", "gp_referrals_ers", {"ers_referrals"} | LISTS),
    ("spend_per_capita", "sum(spend_gbp)", "spend_per_head", {"contract_activity", "gp_appointments", "hes_apc"} | LISTS),
    (
        "non_elective_admissions_per_capita", "sum(admissions) filter (admission_type = 'emergency')", "emergency_admissions",
        {"hes_apc"} | LISTS,
    ),
    ("readmissions", "sum(readmissions) filter (window_days = 30)", "readmissions_30d", {"hes_apc"}),
)  # fmt: skip


def test_every_status_group_of_the_catalogue_leads_to_a_feed() -> None:
    feeds = feeds_by_status_group()
    groups = {
        g
        for row in read_seed("indicator_catalogue")
        for part in row["status_groups"].split(";")
        for g in part.split("|")
    }
    assert groups and groups <= set(feeds)
    assert set(feeds.values()) | set(COST_FEEDS) <= set(load_contracts())


@pytest.mark.slow
@pytest.mark.parametrize(("mart", "figure", "indicator", "feeds"), FIGURES, ids=[mart for mart, *_ in FIGURES])
def test_a_figure_of_each_mart_is_traced(
    published_home: Path, command: Callable, mart: str, figure: str, indicator: str, feeds: set[str]
) -> None:
    database = (published_home / "releases" / "current").resolve() / "int_marts.duckdb"
    with duckdb.connect(str(database), read_only=True) as release:
        team, month, count = release.execute(
            f"select int_code, strftime(month, '%Y-%m'), {figure} as figure from marts.{mart} "
            "where int_code in (select int_code from marts.dim_int where hcp_code is not null) and month < date '2025-10-01' "
            # months that the indicator knows: before enough care lies behind it (E3) the mart counts and the indicator has a reason
            "and (int_code, month) in (select area_code, month from marts.indicator_values where indicator_id = $indicator "
            "and area_type = 'int' and period = 'month' and cohort_id = 'all' and numerator is not null) "
            "group by all having figure > 0 order by 3 desc, 1, 2 limit 1",
            {"indicator": indicator},
        ).fetchone()
    done = command("explain", team, indicator, month, "--json", home=published_home)
    assert done.exit_code == 0, done.stderr
    found = done.body
    assert found["numerator"] == pytest.approx(float(count))
    assert found["value"] == pytest.approx(found["multiplier"] * found["numerator"] / found["denominator"])
    named = {file["feed"] for file in found["files"]}
    assert feeds | GEOGRAPHY <= named
    assert named <= feeds | GEOGRAPHY | (set(COST_FEEDS) if mart == "spend_per_capita" else set())
    for file in found["files"]:
        landed = published_home / "landing" / file["delivery"] / file["file"]
        assert landed.is_file() and len(file["sha256"]) == 64
    assert found["rule"] and found["numerator_rule"]
    # what drift, completeness and conservation say of a feed is said of its live rows
    assert {check["subject"] for check in found["checks"]} >= {*feeds, *(f"live.{feed}" for feed in feeds)}
    assert indicator.startswith("end_of_life") or "end_of_life" not in found["model"]


def test_what_is_delivered_without_its_people_is_traced_to_the_lists_it_is_divided_by() -> None:
    """GPs come as whole-time equivalents; who they are for stands in our own lists, unlike other reported denominators."""
    traced = {
        row["indicator_id"]: _feeds_of(row, {row["status_groups"], *LISTS})
        for row in read_seed("indicator_catalogue")
        if row["measure_kind"].startswith("reported_")
    }
    assert [name for name, feeds in traced.items() if LISTS & set(feeds)] == ["gp_fte_per_10000"]


@pytest.mark.slow
def test_a_reported_figure_is_traced_by_the_month_in_which_its_period_ends(
    published_home: Path, command: Callable
) -> None:
    """Nobody need know that what comes by period has no months."""
    database = (published_home / "releases" / "current").resolve() / "int_marts.duckdb"
    with duckdb.connect(str(database), read_only=True) as release:
        indicator, team, month, numerator = release.execute(
            "select indicator_id, area_code, strftime(month, '%Y-%m'), numerator from marts.indicator_values "
            "where period = 'reported' and area_type = 'int' and value is not null order by all limit 1"
        ).fetchone()
    done = command("explain", team, indicator, month, "--json", home=published_home)
    assert done.exit_code == 0, done.stderr
    assert (done.body["period"], done.body["numerator"], done.body["model"]) == (
        "reported",
        numerator,
        "reported_figures",
    )
    assert "reported_measures" in {file["feed"] for file in done.body["files"]}


@pytest.mark.slow
def test_what_is_not_known_is_explained_by_what_is_missing_and_since_when(
    published_home: Path, command: Callable
) -> None:
    """Of each reason that the demo's months have, one figure: the reason in words, and for a feed that is not there its first month."""
    database = (published_home / "releases" / "current").resolve() / "int_marts.duckdb"
    with duckdb.connect(str(database), read_only=True) as release:
        unknown = release.execute(
            "select null_reason, arg_min([indicator_id, cohort_id, area_code, strftime(month, '%Y-%m')], (month, indicator_id, cohort_id)) "
            "from marts.indicator_values where area_type = 'icb' and period = 'month' and null_reason in "
            "('history_too_short', 'not_recorded', 'follow_up_not_over', 'twelve_months_only') group by null_reason order by 1"
        ).fetchall()
        payments = release.execute(
            "select strftime(gaps.first_month, '%Y-%m'), strftime(gaps.first_month, '%B %Y'), figures.area_code "
            "from marts.delivery_gaps as gaps inner join marts.indicator_values as figures on figures.month = gaps.first_month "
            "where gaps.feed = 'gp_payments' and gap_kind = 'month_not_covered' and indicator_id = 'gp_payments_per_head' "
            "and figures.area_type = 'int' and cohort_id = 'all' and period = 'month' order by all limit 1"
        ).fetchone()
    assert {"history_too_short", "follow_up_not_over"} <= {reason for reason, _ in unknown}
    meanings = {row["null_reason"]: row["meaning"] for row in read_seed("null_reasons")}
    for reason, (indicator, cohort, area, month) in unknown:
        done = command("explain", area, indicator, month, "--cohort", cohort, home=published_home)
        assert done.exit_code == 0, done.stderr
        assert f"no value ({reason})" in done.stdout and f"missing: {meanings[reason]}" in done.stdout
        if reason == "history_too_short":
            assert re.search(
                r"missing: It looks back \d+ months, and this release begins with \w+ 20\d\d\.", done.stdout
            )
        if reason == "follow_up_not_over":
            assert re.search(
                r"missing: It waits for what happens up to .+; the data end on \d+ \w+ 20\d\d\.", done.stdout
            )
        if reason == "not_recorded":
            assert re.search(r"missing: \w+ does not say [\w ]+ from \w+ 20\d\d to ", done.stdout)
    month, said, team = payments
    done = command("explain", team, "gp_payments_per_head", month, home=published_home)
    assert f"missing: {meanings['not_delivered']}" in done.stdout
    assert f"missing: No delivery covers gp_payments from {said} to " in done.stdout
    known = command("explain", team, "gp_payments_per_head", "2025-03", home=published_home)
    assert known.exit_code == 0 and "missing:" not in known.stdout


def test_an_incomplete_figure_is_explained_by_who_is_missing_from_its_area(
    settings: Settings, command: Callable
) -> None:
    sentence = (
        "RVV is missing from hes_apc, of which {} usually has at least 2 in a hundred rows from it, in October 2025."
    )
    with writable(settings) as release:
        release.execute(
            "update marts.indicator_values set period_status = 'incomplete' where month = date '2025-10-01'"
        )
        release.execute(
            "insert into marts.delivery_gaps by name select 'sender_missing' as gap_kind, 'hes_apc' as feed, '' as property, "
            "'RVV' as sender_code, "
            "'int' as area_type, area_code, date '2025-10-01' as first_month, date '2025-10-01' as last_month, 1 as months, "
            "replace(?, '{}', area_code) as sentence from (values ('DI001'), ('DI002')) as areas (area_code)",
            [sentence],
        )
    done = command("explain", "DI001", "emergency_admissions", "2025-10", home=settings.home)
    assert done.exit_code == 0, done.stderr
    assert f"missing: {sentence.format('DI001')}" in done.stdout and "DI002 usually" not in done.stdout
    settled = command("explain", "DI001", "emergency_admissions", "2025-08", home=settings.home)
    assert settled.exit_code == 0 and "missing:" not in settled.stdout


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (("DI001", "emergancy_admissions", "2025-08"), "did you mean emergency_admissions"),
        (("DI01", "emergency_admissions", "2025-08"), "did you mean DI001"),
        (("DI001", "emergency_admissions", "2023-01"), "there is one from 2024-06 to 2025-10"),
    ],
)
def test_a_question_with_a_slip_of_the_pen_is_answered_by_what_was_meant(
    settings: Settings, command: Callable, asked: tuple[str, ...], meant: str
) -> None:
    done = command("explain", *asked, home=settings.home)
    assert done.exit_code == 2 and meant in done.stderr


def writable(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The database of the current release, to be altered by a test."""
    database = (settings.paths.releases / "current").resolve() / "int_marts.duckdb"
    database.chmod(0o600)
    return duckdb.connect(str(database))


@pytest.mark.slow
def test_releases_rollback_and_verify_by_the_command(settings: Settings, command: Callable) -> None:
    build_warehouse(settings, restated=2)
    publish.publish(settings, "2025-10", open_verdict(settings))
    home = settings.home
    listed = command("releases", home=home)
    assert listed.exit_code == 0 and "2025-10.1" in listed.stdout and "2025-10.2" in listed.stdout
    assert command("rollback", "2025-10.1", home=home).exit_code == 0
    assert settings.paths.releases.joinpath("current").readlink() == Path("2025-10.1")
    assert command("verify", home=home).exit_code == 0
    assert command("rollback", "2025-10.7", home=home).exit_code == 2
    (settings.paths.releases / "2025-10.1" / "changes.csv").write_text("other")
    broken = command("verify", home=home)
    assert broken.exit_code == 6 and "changes.csv was changed" in broken.stdout + broken.stderr
