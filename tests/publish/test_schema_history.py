"""What BI tools stand on never changes in silence: columns, grain, units and the rules of indicators, against the last release."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from orchestration import publishing as publish
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.publishing.dictionary import CSV_HEADER
from orchestration.publishing.schema_history import RULE_COLUMNS, SchemaChange, schema_changes
from orchestration.releases.receipt import SCHEMA_VERSION, seal_of
from orchestration.releases.store import RECEIPT_NAME
from tests.publish.fixture_warehouse import build_warehouse, open_verdict

VISITS = "marts.visits_per_capita"

pytestmark = pytest.mark.usefixtures("quick_publication")


def words(file: Path, grain: str = "int_code × month", unit: str = "visits", description: str = "Visits.") -> Path:
    table = {"kind": "table", "table": VISITS, "name": "visits_per_capita", "grain": grain}
    column = {"kind": "column", "table": VISITS, "name": "visits", "unit": unit, "description": description}
    with file.open("w", newline="") as handle:
        rows = csv.DictWriter(handle, CSV_HEADER, restval="")
        rows.writeheader()
        rows.writerows([table, column])
    return file


def test_what_disappears_or_changes_type_is_a_break_and_what_is_new_is_not(tmp_path: Path) -> None:
    same = words(tmp_path / "dictionary.csv")
    before = {VISITS: {"visits": "BIGINT", "month": "DATE", "source": "VARCHAR"}, "marts.old_mart": {}}
    now = {VISITS: {"visits": "DOUBLE", "month": "DATE", "mode": "VARCHAR"}, "marts.new_mart": {}}
    assert schema_changes(before, now, same, same) == [
        SchemaChange("marts.new_mart is new", False),
        SchemaChange("marts.old_mart disappeared", True),
        SchemaChange(f"{VISITS}.source disappeared", True),
        SchemaChange(f"{VISITS}.mode is new", False),
        SchemaChange(f"{VISITS}.visits changed from BIGINT to DOUBLE", True),
    ]


@pytest.mark.parametrize(
    ("said", "text", "is_break"),
    [
        ({"grain": "month"}, f"{VISITS}: grain changed from int_code × month to month", True),
        ({"unit": ""}, f"{VISITS}.visits: unit changed from visits to none", True),
        ({"description": "All visits."}, f"{VISITS}.visits is described in other words", False),
    ],
)
def test_grain_and_unit_are_meaning_and_words_are_noted(tmp_path: Path, said: dict, text: str, is_break: bool) -> None:
    held = {VISITS: {"visits": "BIGINT"}}
    before, now = words(tmp_path / "before.csv"), words(tmp_path / "now.csv", **said)
    assert schema_changes(held, held, before, now) == [SchemaChange(text, is_break)]


def test_the_rule_of_an_indicator_is_what_the_catalogue_says_it_is(settings: Settings) -> None:
    """The columns compared are columns of the mart: a renamed one would be compared with nothing."""
    with duckdb.connect(str(settings.paths.releases / "2025-10.1" / "int_marts.duckdb"), read_only=True) as release:
        names = {name for name, *_ in release.execute("describe marts.dim_indicator").fetchall()}
    assert set(RULE_COLUMNS) <= names


def published_again(settings: Settings, change: str = "select 1", **build: object) -> publish.Publication:
    """The next release of the fixture, whose warehouse `change` has altered."""
    build_warehouse(settings, **build)  # type: ignore[arg-type]
    with duckdb.connect(str(settings.paths.warehouse_file)) as warehouse:
        warehouse.execute(change)
    return publish.publish(settings, "2025-10", open_verdict(settings))


@pytest.mark.slow
def test_a_vanished_column_stops_the_release_until_the_schema_has_a_new_version(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "alter table marts.readmissions drop column is_mature"
    with pytest.raises(IntMartsError, match=r"marts\.readmissions\.is_mature disappeared.*raise SCHEMA_VERSION"):
        published_again(settings, gone)
    assert publish.verify(settings).release_id == "2025-10.1"
    monkeypatch.setattr("orchestration.publishing.publisher.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    receipt = published_again(settings, gone).release.receipt
    assert receipt.schema_version == SCHEMA_VERSION + 1
    assert receipt.schema_changes == ["marts.readmissions.is_mature disappeared"]


@pytest.mark.slow
def test_an_indicator_that_means_something_else_stops_the_release_until_it_has_a_new_version(
    settings: Settings,
) -> None:
    other = "update marts.dim_indicator set multiplier = 1000 where indicator_id = 'readmissions_30d'"
    with pytest.raises(IntMartsError, match=r"readmissions_30d changed its multiplier and is still version 1\.0"):
        published_again(settings, other)
    polished = "update marts.dim_indicator set title = 'Came back within 30 days', is_headline = true"
    assert published_again(settings, polished).is_new
    assert published_again(settings, other, definition_version="1.1").is_new


def rewrite_receipt(folder: Path, sealed: bool, **changed: object) -> None:
    file = folder / RECEIPT_NAME
    receipt = {**json.loads(file.read_text()), **changed}
    if sealed:
        receipt["seal"] = seal_of(receipt)
    file.write_text(json.dumps(receipt))


def test_receipts_of_older_and_newer_code_verify(settings: Settings) -> None:
    """A release stands for years: a field that another version of the code did not know, or did, is no tampering."""
    for root in (settings.paths.releases, settings.paths.releases_public):
        file = root / "2025-10.1" / RECEIPT_NAME
        receipt = json.loads(file.read_text())
        del receipt["schema_changes"]
        receipt["seal"] = seal_of(receipt)
        file.write_text(json.dumps(receipt))
        rewrite_receipt(root / "2025-10.1", sealed=True, known_to_a_later_version=[1, 2])
    assert publish.verify(settings).release_id == "2025-10.1"
    rewrite_receipt(settings.paths.releases / "2025-10.1", sealed=False, known_to_a_later_version=[])
    with pytest.raises(IntMartsError, match="changed after it was sealed"):
        publish.verify(settings)
