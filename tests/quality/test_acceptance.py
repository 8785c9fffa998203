"""Acceptance on small frames: what Great Expectations says, and what it swallows."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.checks import Severity, State
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import Settings
from orchestration.gate import accept, require_acceptance
from orchestration.gate.delivery_checks import stale
from orchestration.gate.suite_files import definitions, load_suites
from orchestration.lake.manifest import MadeFrom, Manifest
from orchestration.landing.deliveries import find_delivery, read_delivery

PROFILE = "column_name varchar, coverage_month date, provider_code varchar, rows bigint, nulls bigint"
CODES = "column_name varchar, coverage_month date, provider_code varchar, code varchar, rows bigint"


def landed(
    home: Path,
    attended: int,
    rows: int,
    quarantined: int = 0,
    without: tuple[str, ...] = (),
    month: str = "2025-10",
    last_day: int = 31,
) -> Settings:
    """A delivery of one month of outpatients with `attended` of `rows` appointments attended, as ingest would leave it."""
    settings = Settings(home=home, required_feeds=("hes_op",))
    settings.paths.create()
    (settings.paths.landing / month).mkdir()
    (settings.paths.landing / month / "hes_op.csv").write_text("ATTENDKEY\n1\n")
    folder = settings.paths.lake / "hes_op" / f"delivery={month}" / "version=1"
    folder.mkdir(parents=True)
    manifest = Manifest(
        feed="hes_op",
        delivery=month,
        version=1,
        made_from=MadeFrom(
            code="", contract_version="1", landed={}, data_cut=f"{month}-{last_day}", coverage_from=f"{month}-01"
        ),
        person_id_space=None,
        rows_read=rows + quarantined,
        rows_loaded=rows,
        rows_quarantined=quarantined,
        coverage={month: rows} if rows else {},
        parquet={},
        files=[],
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    with duckdb.connect() as connection:
        connection.execute(f"create table profile ({PROFILE})")
        connection.execute(f"create table codes ({CODES})")
        for column in ("person_id", "practice_code", "age_years", "attended", "firstatt"):
            if rows and column not in without:
                connection.execute("insert into profile values (?, ?, 'ZX1', ?, 0)", [column, f"{month}-01", rows])
        if rows:
            for code, count in (("5", attended), ("3", rows - attended)):
                connection.execute(
                    "insert into codes values ('attended', ?, 'ZX1', ?, ?)", [f"{month}-01", code, count]
                )
        for name in ("profile", "codes"):
            connection.execute(f"copy {name} to '{folder}/{name}.parquet' (format parquet)")
    return settings


def states(settings: Settings) -> dict[str, State]:
    results = accept(settings, find_delivery(settings.paths))
    return {result.check_id: result.state for result in results if result.subject == "hes_op"}


def test_a_usual_delivery_is_accepted(tmp_path: Path) -> None:
    found = states(landed(tmp_path, attended=800, rows=1000))
    assert set(found.values()) == {State.PASS} and len(found) >= 7


def test_a_share_speaks_only_where_numbers_are_large_enough(tmp_path: Path) -> None:
    assert states(landed(tmp_path / "few", attended=0, rows=5))["accept.hes_op.attended_share_not_low"] is State.PASS
    assert states(landed(tmp_path / "many", attended=0, rows=500))["accept.hes_op.attended_share_not_low"] is State.FAIL


def test_a_refusal_names_the_check_leaves_a_page_and_an_alert(tmp_path: Path) -> None:
    settings = landed(tmp_path, attended=10, rows=1000, quarantined=500)
    delivery = find_delivery(settings.paths)
    with pytest.raises(DeliveryRefused, match=r"accept\.hes_op\.few_rows_quarantined"):
        require_acceptance(settings, delivery, accept(settings, delivery))
    assert (
        "attended appointments are far from" in (settings.paths.logs / "refused" / "2025-10" / "index.html").read_text()
    )
    assert len(list((settings.paths.logs / "alerts").glob("*-delivery_refused-2025-10.json"))) == 1


def test_a_waiver_lets_a_delivery_through(tmp_path: Path) -> None:
    settings = landed(tmp_path, attended=10, rows=1000)
    delivery = find_delivery(settings.paths)
    entry = {
        "check_id": "accept.hes_op.attended_share_not_low",
        "delivery": "2025-10",
        "reason": "strike",
        "owner": "A",
        "expires": "2025-10-31",
    }
    settings.paths.waivers_file.write_text(json.dumps([entry]))
    require_acceptance(settings, delivery, accept(settings, delivery))


def test_what_was_refused_is_not_let_in_behind_the_next_delivery(tmp_path: Path) -> None:
    """Its rows are live in every later build: a waiver of its own check, for that delivery and by name, is the only way."""
    landed(tmp_path, attended=10, rows=1000, month="2025-09", last_day=30)
    settings = landed(tmp_path, attended=800, rows=1000)
    delivery = find_delivery(settings.paths)

    def held() -> dict[str, str]:
        return {r.check_id: r.message for r in accept(settings, delivery) if r.state is State.FAIL}

    assert held() == {"delivery.versions_accepted": "2025-09: accept.hes_op.attended_share_not_low"}
    with pytest.raises(DeliveryRefused, match=r"delivery\.versions_accepted"):
        require_acceptance(settings, delivery, accept(settings, delivery))
    entry = {"reason": "strike", "owner": "A", "expires": "2025-12-31"}
    waivers = [{"check_id": "delivery.versions_accepted", "delivery": "2025-10", **entry}]
    settings.paths.waivers_file.write_text(json.dumps(waivers))
    with pytest.raises(DeliveryRefused):
        require_acceptance(settings, delivery, accept(settings, delivery))
    waivers = [{"check_id": "accept.hes_op.attended_share_not_low", "delivery": "2025-09", **entry}]
    settings.paths.waivers_file.write_text(json.dumps(waivers))
    assert held() == {}


def test_no_rows_is_an_error_and_not_delivered_is_not_applicable(tmp_path: Path) -> None:
    settings = landed(tmp_path, attended=0, rows=0)
    assert set(states(settings).values()) == {State.ERROR}
    found = [result for result in accept(settings, find_delivery(settings.paths)) if result.kind == "acceptance"]
    others = [result for result in found if result.subject != "hes_op"]
    assert {result.state for result in others} == {State.NOT_APPLICABLE}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    settings = landed(tmp_path, attended=800, rows=1000, without=("firstatt",))
    results = {result.check_id: result for result in accept(settings, find_delivery(settings.paths))}
    assert results["accept.hes_op.first_blank_share"].state is State.ERROR
    assert "names first_blank_pct_low" in results["accept.hes_op.first_blank_share"].message


@pytest.mark.parametrize("kind", ["feeds", "marts"])
def test_suites_are_readable_sorted_and_without_ids(kind: str) -> None:
    from orchestration.gate import definitions as module

    for path in sorted((module.EXPECTATIONS / kind).glob("*.json")):
        text = path.read_text()
        body = json.loads(text)
        assert text == json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n", path.name
        names = [expectation["meta"]["check"] for expectation in body["expectations"]]
        assert '"id"' not in text and names == sorted(names)


def test_every_feed_has_a_suite_and_every_expectation_says_why() -> None:
    from orchestration.contracts import load_contracts

    assert set(load_suites("feeds")) == set(load_contracts())
    for definition in definitions().values():
        assert definition.reason and definition.what_to_do and definition.owner and definition.severity in Severity


def newest(feed: str, month: str) -> Manifest:
    return Manifest(
        feed=feed,
        delivery="2025-10",
        version=1,
        made_from=MadeFrom(code="", contract_version="1", landed={}, data_cut="2025-10-31", coverage_from="2025-04-01"),
        person_id_space=None,
        rows_read=1,
        rows_loaded=1,
        rows_quarantined=0,
        coverage={month: 1},
        parquet={},
        files=[],
    )


@pytest.mark.parametrize(
    ("feeds", "examined", "is_stale"),
    [
        ({"hes_apc": "2025-06", "gp_appointments": "2025-06"}, 2, True),
        ({"hes_apc": "2025-06", "gp_appointments": "2025-10"}, 2, False),
        # what is no record of care freshens none
        ({"hes_apc": "2025-06", "gp_appointments": "2025-06", "int_programme": "2025-10"}, 2, True),
        ({"ecds": "2025-06", "contract_activity": "2026-03", "reported_measures": "2025-10"}, 1, True),
        ({"ecds": "2025-10", "int_programme": "2025-03"}, 1, False),
        # without any, by what there is
        ({"int_programme": "2025-10"}, 1, False),
        ({"int_programme": "2025-06"}, 1, True),
        ({"gp_registrations": "2025-06", "int_membership": "undated"}, 0, False),
    ],
)
def test_a_delivery_is_as_fresh_as_its_activity(
    feeds: dict[str, str], examined: int, is_stale: bool, tmp_path: Path
) -> None:
    (tmp_path / "2025-10").mkdir()
    live = {feed: [newest(feed, month)] for feed, month in feeds.items()}
    found, wrong = stale(read_delivery(tmp_path / "2025-10"), live)
    assert (found, bool(wrong)) == (examined, is_stale)
