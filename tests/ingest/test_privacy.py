"""Persons stay pseudonyms: keys, spaces, opt-outs, removal, and nothing about anybody outside landing and lake."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.build.inputs import write_inputs
from orchestration.foundation.errors import DeliveryRefused, UsageError
from orchestration.foundation.settings import Settings, load_settings
from orchestration.gate import accept, require_acceptance
from orchestration.lake.check import check_delivery, write_error_report
from orchestration.lake.feed import ingest_feed
from orchestration.lake.privacy import holds_nhs_numbers
from orchestration.lake.retention import forget, purge
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery
from tests.ingest.good_files import HEADERS, ROWS, as_text, person, row, table, write_good

PLANTED = ("9434765919", "Xyzzyvale", "PLANTEDPERSON")


def settings_in(home: Path, **more: object) -> Settings:
    return load_settings(home=home, threads=1, required_feeds=("deaths",), **more)


def land(settings: Settings, feed: str, rows: list[list[str]] | None = None) -> None:
    folder = settings.paths.landing / "2025-10"
    if rows is None:
        write_good(folder, feed)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{feed}.csv").write_text(as_text(rows), encoding="utf-8")


def live(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.paths.inputs_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_missing_key_is_a_clear_error(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, local_identifier_feeds=("deaths",))
    land(settings, "deaths")
    with pytest.raises(UsageError, match="person_hash_key is needed"):
        ingest_feed(settings, find_delivery(settings.paths), "deaths")


def test_figures_do_not_depend_on_the_key(tmp_path: Path) -> None:
    found = {}
    for key in ("one", "two"):
        settings = settings_in(tmp_path / key, local_identifier_feeds=("deaths", "person_cohorts"), person_hash_key=key)
        land(settings, "deaths")
        land(settings, "person_cohorts")
        for feed in ("deaths", "person_cohorts"):
            ingest_feed(settings, find_delivery(settings.paths), feed)
        write_inputs(settings, "2025-10")
        people = {value for (value,) in live(settings, "select person_id from live.deaths")}
        assert not people & {person(n) for n in range(ROWS)}
        linked = live(settings, "select count(*) from live.deaths join live.person_cohorts using (person_id)")
        found[key] = (people, linked)
    assert found["one"][1] == found["two"][1] == [(ROWS,)]
    assert not found["one"][0] & found["two"][0]


def test_identifier_spaces_never_link(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, person_id_spaces={"person_cohorts": "local"})
    for feed in ("deaths", "person_cohorts"):
        land(settings, feed)
        ingest_feed(settings, find_delivery(settings.paths), feed)
    write_inputs(settings, "2025-10")
    assert live(settings, "select count(*) from live.deaths join live.person_cohorts using (person_id)") == [(0,)]


def test_opt_outs_are_removed_and_counted_and_must_match_somebody(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, "deaths")
    land(settings, "opt_outs", [["PERSON_ID"], [person(1)], [person(2)]])
    manifests = ingest_delivery(settings, find_delivery(settings.paths))
    assert manifests["deaths"].rows_removed == {"opt_out": 2}
    land(settings, "opt_outs", [["PERSON_ID"], ["NOBODY"]])
    delivery = find_delivery(settings.paths)
    ingest_delivery(settings, delivery)
    with pytest.raises(DeliveryRefused, match="matches nobody"):
        require_acceptance(settings, delivery, accept(settings, delivery))


def test_a_later_opt_out_reaches_older_deliveries(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    write_good(settings.paths.landing / "2025-09", "deaths", rows=20)
    ingest_feed(settings, find_delivery(settings.paths, "2025-09"), "deaths")
    land(settings, "opt_outs", [["PERSON_ID"], [person(3)]])
    ingest_feed(settings, find_delivery(settings.paths, "2025-10"), "opt_outs")
    assert write_inputs(settings, "2025-10").rows_live["deaths"] == 19
    assert ("deaths", "2025-09", "opt_out", 1) in live(settings, "select * from plan.rows_removed")


def test_forget_and_purge_leave_receipts_and_nobody_comes_back(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, "deaths")
    ingest_feed(settings, find_delivery(settings.paths), "deaths")
    asked = tmp_path / "asked.txt"
    asked.write_text(f"{person(5)}\n{person(6)}\n")
    receipt = forget(settings, asked)
    assert (receipt.rows_removed, receipt.persons_asked) == (2, 2)
    gone = purge(settings, "2025-05")
    assert gone.rows_removed == 5
    ingest_feed(settings, find_delivery(settings.paths), "deaths")
    assert write_inputs(settings, "2025-10").rows_live["deaths"] == ROWS - 7
    # The same people in a file that is read afresh stay out.
    land(settings, "deaths", [*table("deaths"), row("deaths", 99)])
    manifest = ingest_feed(settings, find_delivery(settings.paths), "deaths")
    assert manifest is not None
    assert (manifest.version, manifest.rows_removed["forgotten"], manifest.rows_removed["purged"]) == (4, 2, 5)
    receipts = "".join(path.read_text() for path in settings.paths.logs.rglob("*.json"))
    assert person(5) not in receipts


@pytest.mark.slow
def test_nothing_planted_leaves_landing_and_lake(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_in(tmp_path)
    rows = table("deaths")
    rows[3] = ["PLANTEDPERSON", "Xyzzyvale", "Y90001", "70", "1"]
    land(settings, "deaths", rows)
    bad = [[*cells, "SURNAME" if n == 0 else "Xyzzyvale"] for n, cells in enumerate(table("person_cohorts"))]
    land(settings, "person_cohorts", bad)
    numbers = [[*cells, "REF" if n == 0 else "9434765919"] for n, cells in enumerate(table("community_contacts"))]
    land(settings, "community_contacts", numbers)
    delivery = find_delivery(settings.paths)
    said = []
    for feed in delivery.files:
        try:
            said.append(repr(ingest_feed(settings, delivery, feed)))
        except DeliveryRefused as refusal:
            said.append(str(refusal) + repr(refusal.problems))
    results = check_delivery(settings, delivery, accept)
    report = write_error_report(settings, delivery, results)
    written = b"".join(path.read_bytes() for path in settings.paths.logs.rglob("*") if path.is_file())
    manifests = b"".join(path.read_bytes() for path in settings.paths.lake.rglob("*.json"))
    everything = "".join(said).encode() + caplog.text.encode() + written + manifests + repr(results).encode()
    assert report.exists()
    for planted in PLANTED:
        assert planted.encode() not in everything
    assert not list(settings.paths.warehouse.glob(".scratch-*"))
    assert settings.paths.lake.stat().st_mode & 0o077 == 0


def test_headers_of_the_real_layouts_are_not_personal() -> None:
    """Columns of the published ECDS and HES layouts that only look personal."""
    from orchestration.lake.privacy import PERSONAL_HEADERS

    harmless = (
        "RESIDENCE_CCG_FROM_PATIENT_POSTCODE", "DER_POSTCODE_LSOA_2011_CODE", "PATIENT_USUAL_ADDRESS_LSOA_11", "MYDOB",
        "SERVICE_NAME", "ORG_NAME", "REFERRER_ORG_NAME", "NAME_OF_SUBMITTER", "SPECIALTY_DESC", "CLINIC_TYPE_DESC",
    )  # fmt: skip
    assert [header for header in harmless for pattern in PERSONAL_HEADERS.values() if pattern.search(header)] == []
    assert HEADERS["ecds"]


def test_half_of_the_numbers_are_enough_to_refuse() -> None:
    valid, other = "9434765919", "1234567890"
    assert holds_nhs_numbers({"": [valid, other]})
    assert holds_nhs_numbers({"": [f"{valid[:3]} {valid[3:6]} {valid[6:]}", other, "ABC"]})
    assert not holds_nhs_numbers({"": [valid, other, other]})
    assert holds_nhs_numbers({"RXA": [valid], "RXB": [other]})
    assert not holds_nhs_numbers({"RXA": [valid, other, other]})
    assert not holds_nhs_numbers({"": ["ABC"]})
