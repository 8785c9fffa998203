"""Workbook, dictionary, restatements, and the trace of a figure."""

from __future__ import annotations

import csv
import datetime as dt
import json
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml

from orchestration import publishing as publish
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.publishing.dictionary import release_tables
from orchestration.publishing.explain import explain
from orchestration.publishing.marts import KEYS
from orchestration.releases.receipt import read_receipt
from tests.publish.fixture_warehouse import INDICATORS, build_warehouse, make_home, open_verdict


def folder_of(settings: Settings, release: str = "2025-10.1") -> Path:
    return settings.paths.releases / release


def changes(settings: Settings, **build: object) -> list[dict]:
    delivery = str(build.pop("delivery", "2025-10"))
    build_warehouse(settings, delivery=delivery, **build)  # type: ignore[arg-type]
    done = publish.publish(settings, delivery, open_verdict(settings, delivery))
    with (done.release.folder / "changes.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    inside = duckdb.sql(f"select count(*) from '{done.release.folder}/parquet/restatements.parquet'").fetchone()
    assert inside == (len(rows),)
    return rows


# -- workbook -------------------------------------------------------------------------------------------------------------------------


def test_the_workbook_has_a_cover_notes_and_one_table_a_sheet(settings: Settings) -> None:
    book = openpyxl.load_workbook(folder_of(settings) / "int_marts.xlsx")
    headline = [name for name, *_, is_headline, _ in INDICATORS if is_headline]
    assert book.sheetnames == ["Cover", "Contents", "Notes", *[str(n + 1) for n in range(len(headline))]]
    for number in range(len(headline)):
        sheet = book[str(number + 1)]
        assert len(sheet.tables) == 1
        table = sheet.tables[f"table_{number + 1}"]
        names = [column.name for column in table.tableColumns]
        assert names[:3] == ["Area type", "Area code", "Area"] and len(names) == 3 + 13
        first, last = (int("".join(filter(str.isdigit, ref))) for ref in table.ref.split(":"))
        assert last - first == 1 + 2 + 6, "the ICB, two HCPs, six teams"


def test_the_workbook_shows_the_mart(settings: Settings) -> None:
    book = openpyxl.load_workbook(folder_of(settings) / "int_marts.xlsx")
    parquet = folder_of(settings) / "parquet" / "indicator_values.parquet"
    (value,) = duckdb.sql(
        f"select value from '{parquet}' where indicator_id = 'emergency_admissions' and area_code = 'DI002' "
        "and month = date '2025-10-01' and period = 'month'"
    ).fetchone()
    shown = [row for sheet in book for row in sheet.iter_rows(values_only=True) if len(row) > 3 and row[1] == "DI002"]
    assert round(value, 2) in [row[-1] for row in shown]


def test_the_workbook_holds_no_clock(settings: Settings) -> None:
    with zipfile.ZipFile(folder_of(settings) / "int_marts.xlsx") as book:
        assert {entry.date_time[:3] for entry in book.infolist()} == {(1980, 1, 31)}
        assert b"2025-10-31T00:00:00Z" in book.read("docProps/core.xml")


# -- dictionary -----------------------------------------------------------------------------------------------------------------------


def test_the_dictionary_describes_every_column_and_indicator(settings: Settings) -> None:
    with (folder_of(settings) / "dictionary.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    receipt = read_receipt(folder_of(settings))
    described = {(row["table"], row["name"]) for row in rows if row["kind"] == "column" and row["description"]}
    for relation, facts in receipt.tables.items():
        assert {(relation, column) for column in facts.columns} <= described
    indicators = {row["name"]: row for row in rows if row["kind"] == "indicator"}
    assert set(indicators) == {name for name, *_ in INDICATORS}
    assert (
        indicators["readmissions_30d"]["unit"] == "%"
        and indicators["readmissions_30d"]["denominator"] == "Count of index_discharges"
    )
    tables = [row for row in rows if row["kind"] == "table"]
    assert all(row["grain"] and row["owner"] and row["limits"] for row in tables)
    page = (folder_of(settings) / "dictionary.html").read_text()
    assert "indicator-readmissions_30d" in page and "http" not in page.replace("http-equiv", "")


def test_the_publishers_own_tables_have_their_declared_columns(settings: Settings) -> None:
    with duckdb.connect(str(folder_of(settings) / "int_marts.duckdb"), read_only=True) as database:
        for table, entry in release_tables().items():
            found = database.execute(f"select column_name, column_type from (describe marts.{table})").fetchall()
            assert found == [(name, column["type"]) for name, column in entry["columns"].items()]
        assert database.execute(
            "select count(*), count(*) filter (state = 'warn') from marts.data_quality"
        ).fetchone() == (2, 1)


def test_keys_are_the_grain_that_dbt_tests() -> None:
    models = PROJECT_ROOT / "dbt_project" / "models"
    for file in [*sorted((models / "marts").glob("*.yml")), *sorted((models / "bi").glob("*.yml"))]:
        for model in yaml.safe_load(file.read_text()).get("models", []):
            if model["name"].startswith("as_at_"):  # the twin on another boundary has the mart's own grain
                continue
            grain = model["config"]["meta"]["grain"].replace("×", ",").replace("`", "").split(",")
            assert set(KEYS[model["name"]]) == {name.strip() for name in grain}, model["name"]


# -- restatements ---------------------------------------------------------------------------------------------------------------------


def test_a_first_release_restates_nothing(settings: Settings) -> None:
    assert (folder_of(settings) / "changes.csv").read_text().count("\n") == 1


@pytest.mark.slow
def test_late_records_are_restatements_with_their_reason(settings: Settings) -> None:
    rows = changes(settings, delivery="2025-11", restated=3)
    assert rows and {row["previous_release"] for row in rows} == {"2025-10.1"}
    assert {row["reason"] for row in rows} == {"late records in delivery 2025-11"}
    for row in rows:
        change = (
            100 * (float(row["value"]) - float(row["previous_value"])) / float(row["previous_value"])
            if float(row["previous_value"])
            else None
        )
        assert (row["change_pct"] == "") == (change is None)
        if change is not None:
            assert float(row["change_pct"]) == pytest.approx(change)
        assert row["is_flagged"] == ("true" if change is None or abs(change) > 5 else "false")
    assert {row["is_flagged"] for row in rows} == {"true", "false"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "reason"),
    [
        ({"restated": 2}, "files re-sent in delivery 2025-10"),
        ({"seed": 2}, "code or settings changed"),
        ({"seed": 2, "definition_version": "2.0"}, "definition version: 1.0 to 2.0"),
    ],
)
def test_reasons_of_a_second_release_of_a_delivery(settings: Settings, build: dict, reason: str) -> None:
    assert {row["reason"] for row in changes(settings, **build)} == {reason}


@pytest.mark.slow
def test_a_practice_that_moves_is_a_boundary_change(settings: Settings) -> None:
    rows = changes(settings, seed=2, moved_practice=True)
    by_area = {row["area_code"]: row["reason"] for row in rows}
    assert by_area["DI001"] == by_area["DI002"] == "boundary change: the practices of this area changed"
    assert by_area["DI006"] == by_area["DH2"] == "code or settings changed"


# -- explain --------------------------------------------------------------------------------------------------------------------------


def test_a_figure_is_traced_to_its_files(settings: Settings) -> None:
    found = explain(settings, "DI002", "readmissions_30d", "2025-10")
    assert found.value == pytest.approx(100 * found.numerator / found.denominator)
    assert found.release_id == "2025-10.1" and found.definition_version == "1.0"
    assert {file.feed for file in found.files} >= {"hes_apc", "int_membership"}
    assert all(len(file.sha256) == 64 for file in found.files)
    assert [check["state"] for check in found.checks] == ["warn", "pass"]
    for words in ("Readmissions 30d", "DI002", "Count of index_discharges", "hes_apc_2025-10.csv", "release 2025-10.1"):
        assert words in found.text()
    json.dumps(found.model_dump(mode="json"))


def test_rolling_figures_and_larger_areas_are_traced_too(settings: Settings) -> None:
    found = explain(settings, "DH1", "emergency_admissions", "2025-10", period="rolling_12_months")
    assert (found.area_type, found.area_name) == ("hcp", "Partnership DH1")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (("DI002", "no_such", "2025-10"), "no indicator no_such"),
        (("DI999", "readmissions_30d", "2025-10"), "no area DI999"),
        (("DI002", "readmissions_30d", "2031-01"), "no month 2031-01; there is one from 2024-06 to 2025-10"),
        (("DI002", "readmissions_30d", "October"), "is not a month"),
    ],
)
def test_a_question_without_an_answer_says_what_is_wrong(settings: Settings, question: tuple, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        explain(settings, *question)


# -- the real report ------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("real_report")
def test_the_real_report_is_the_same_twice(tmp_path: Path) -> None:
    receipts = []
    for name in ("one", "two"):
        settings = make_home(tmp_path / name)
        done = publish.publish(settings, "2025-10", open_verdict(settings))
        assert (done.release.folder / "report" / "index.html").exists()
        receipts.append(done.release.receipt)
    pages = [
        {name: value for name, value in r.files.items() if name.startswith(("report/", "quality/"))} for r in receipts
    ]
    assert pages[0] == pages[1] and len(pages[0]) > 3
    assert dt.date.fromisoformat(receipts[0].data_cut) == dt.date(2025, 10, 31)
