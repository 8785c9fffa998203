"""Numbering, immutability, `current`, rollback, verification, and what a killed publication leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration import publishing as publish
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut, IntMartsError, UsageError, VerifyDiffers
from orchestration.foundation.settings import Settings
from orchestration.releases.listing import stores
from orchestration.releases.receipt import read_receipt
from orchestration.releases.store import ReleaseId
from tests.publish.fixture_warehouse import build_warehouse, make_home, open_verdict

pytestmark = pytest.mark.usefixtures("quick_publication")


def current(settings: Settings) -> str:
    return str(settings.paths.releases.joinpath("current").readlink())


def refresh(settings: Settings, delivery: str = "2025-10", **build: object) -> publish.Publication:
    build_warehouse(settings, delivery=delivery, **build)  # type: ignore[arg-type]
    return publish.publish(settings, delivery, open_verdict(settings, delivery))


def test_a_release_holds_what_the_design_lists(settings: Settings) -> None:
    folder = settings.paths.releases / "2025-10.1"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "int_marts.duckdb", "int_marts.xlsx", "dictionary.html", "dictionary.csv", "changes.csv", "release.json",
        "parquet/indicator_values.parquet", "parquet/data_quality.parquet", "parquet/as_at/readmissions.parquet",
    } <= names  # fmt: skip
    receipt = json.loads((folder / "release.json").read_text())
    assert set(receipt["files"]) == names - {"release.json"}
    assert "marts.indicator_values" in receipt["tables"] and "marts.release_info" not in receipt["tables"]
    assert receipt["tables"]["marts.indicator_values"].keys() >= {"rows", "content_hash"}
    assert receipt["inputs"][0]["sha256"] and receipt["checks"] and receipt["package_versions"]["duckdb"]
    assert json.loads((settings.paths.releases / "current.json").read_text()) == {"release": "2025-10.1"}
    assert current(settings) == "2025-10.1"


def test_the_same_inputs_and_code_make_no_new_release(settings: Settings) -> None:
    again = publish.publish(settings, "2025-10", open_verdict(settings))
    assert (again.release.release_id, again.is_new) == ("2025-10.1", False)
    assert len(publish.list_releases(settings)) == 1


@pytest.mark.slow
def test_the_same_inputs_and_code_make_the_same_content(
    settings: Settings, tmp_path: Path, whole_publication: None
) -> None:
    other = make_home(tmp_path / "elsewhere" / "data")
    publish.publish(other, "2025-10", open_verdict(other))
    for root in ("releases", "releases_public"):
        ours, theirs = (read_receipt(s.paths.root / root / "2025-10.1") for s in (settings, other))
        assert ours.tables == theirs.tables
        exact = {name for name in ours.files if not name.endswith(".duckdb")}
        assert {name: ours.files[name] for name in exact} == {name: theirs.files[name] for name in exact}


@pytest.mark.slow
def test_content_does_not_depend_on_the_order_of_rows_or_threads(
    settings: Settings, tmp_path: Path, whole_publication: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_home(tmp_path / "elsewhere" / "data")
    monkeypatch.setattr("orchestration.foundation.settings.ONE_THREAD_BYTES", 0)
    with duckdb.connect(str(other.paths.warehouse_file)) as warehouse:
        warehouse.execute(
            "create table shuffled as from marts.indicator_values order by hash(area_code || month || indicator_id)"
        )
        warehouse.execute(
            "delete from marts.indicator_values; insert into marts.indicator_values from shuffled; drop table shuffled"
        )
    more_threads = other.model_copy(update={"threads": 2})
    publish.publish(more_threads, "2025-10", open_verdict(other))
    ours, theirs = (read_receipt(s.paths.releases / "2025-10.1") for s in (settings, other))
    assert ours.tables == theirs.tables


@pytest.mark.slow
def test_new_content_is_a_new_number_and_becomes_current(settings: Settings) -> None:
    done = refresh(settings, restated=2)
    assert (done.release.release_id, done.is_new, current(settings)) == ("2025-10.2", True, "2025-10.2")
    assert settings.paths.releases_public.joinpath("current").readlink() == Path("2025-10.2")


@pytest.mark.slow
def test_an_older_delivery_never_becomes_current(settings: Settings) -> None:
    done = refresh(settings, delivery="2025-09")
    assert (done.release.release_id, done.is_new, current(settings)) == ("2025-09.1", True, "2025-10.1")
    publish.verify(settings)


@pytest.mark.slow
def test_only_the_last_releases_stay_and_current_always(settings: Settings) -> None:
    settings = settings.model_copy(update={"releases_kept": 2})
    for restated in range(1, 3):
        refresh(settings, restated=restated)
    assert [r.release_id for r in publish.list_releases(settings)] == ["2025-10.2", "2025-10.3"]
    publish.rollback(settings, "2025-10.2")
    for restated in range(4, 6):
        refresh(settings, delivery="2025-09", restated=restated)
    assert "2025-10.2" in [r.release_id for r in publish.list_releases(settings)]
    assert current(settings) == "2025-10.2"


@pytest.mark.slow
def test_the_number_of_a_removed_release_is_never_given_again(settings: Settings) -> None:
    few = settings.model_copy(update={"releases_kept": 1})
    assert refresh(few, delivery="2025-09").release.release_id == "2025-09.1"
    refresh(few, restated=2)
    assert [r.release_id for r in publish.list_releases(few)] == ["2025-10.2"]
    assert refresh(few, delivery="2025-09", restated=3).release.release_id == "2025-09.2"
    (few.paths.releases / "removed.json").write_text("{", encoding="utf-8")
    with pytest.raises(IntMartsError, match=r"removed\.json cannot be read"):
        refresh(few, restated=4)


def test_a_shut_gate_publishes_nothing(settings: Settings) -> None:
    failed = CheckResult(
        check_id="dbt.keys", subject="marts.readmissions", kind="dbt", severity=Severity.BLOCK, state=State.FAIL
    )
    with pytest.raises(GateShut, match=r"dbt\.keys"):
        publish.publish(settings, "2025-10", open_verdict(settings, results=[failed]))
    with pytest.raises(GateShut, match="2025-10, not 2025-11"):
        publish.publish(settings, "2025-11", open_verdict(settings))
    with pytest.raises(GateShut, match="2025-10, not 2025-11"):
        publish.publish(settings, "2025-11", open_verdict(settings, "2025-11"))
    judged = open_verdict(settings)
    with duckdb.connect(str(settings.paths.warehouse_file)) as warehouse:
        warehouse.execute("update marts.readmissions set discharges = discharges + 1 where int_code = 'DI001'")
    with pytest.raises(GateShut, match=r"warehouse\.duckdb changed since it was sealed"):
        publish.publish(settings, "2025-10", judged)
    assert [r.release_id for r in publish.list_releases(settings)] == ["2025-10.1"]


# -- rollback ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_rollback_points_back_and_holds_until_something_newer(settings: Settings) -> None:
    refresh(settings, restated=2)
    publish.rollback(settings, "2025-10.1")
    assert current(settings) == "2025-10.1"
    publish.verify(settings)
    again = publish.publish(settings, "2025-10", open_verdict(settings))
    assert (again.release.release_id, again.is_new, current(settings)) == ("2025-10.2", False, "2025-10.1")
    assert refresh(settings, restated=3).release.release_id == "2025-10.3"
    assert current(settings) == "2025-10.3"


@pytest.mark.parametrize("name", ["2025-10.9", "nonsense", "2025-10", "../2025-10.1"])
def test_rollback_to_what_is_not_there_is_a_usage_error(settings: Settings, name: str) -> None:
    with pytest.raises(UsageError):
        publish.rollback(settings, name)


@pytest.mark.slow
def test_rollback_to_a_damaged_release_is_refused(settings: Settings) -> None:
    refresh(settings, restated=2)
    (settings.paths.releases / "2025-10.1" / "changes.csv").write_text("other")
    with pytest.raises(VerifyDiffers, match=r"changes\.csv was changed"):
        publish.rollback(settings, "2025-10.1")
    assert current(settings) == "2025-10.2"


# -- verify -----------------------------------------------------------------------------------------------------------------------


def test_verify_counts_what_it_recomputed(settings: Settings) -> None:
    found = publish.verify(settings)
    assert found.release_id == "2025-10.1" and found.tables > 20 and found.files > 30


@pytest.mark.parametrize("root", ["releases", "releases_public"])
def test_verify_names_every_changed_missing_and_extra_file(settings: Settings, root: str) -> None:
    folder = settings.paths.root / root / "2025-10.1"
    with (folder / "dictionary.csv").open("a") as handle:
        handle.write("x")
    (folder / "parquet" / "dim_month.parquet").unlink()
    (folder / "note.txt").write_text("hello")
    with pytest.raises(VerifyDiffers) as error:
        publish.verify(settings, "2025-10.1")
    for words in ("dictionary.csv was changed", "dim_month.parquet is missing", "note.txt is not in the receipt"):
        assert words in str(error.value)


def test_verify_names_a_changed_table(settings: Settings) -> None:
    with duckdb.connect(str(settings.paths.releases / "2025-10.1" / "int_marts.duckdb")) as database:
        database.execute("update marts.readmissions set discharges = discharges + 1 where int_code = 'DI001'")
    with pytest.raises(VerifyDiffers, match=r"table marts\.readmissions differs"):
        publish.verify(settings)


def test_verify_finds_an_edited_receipt(settings: Settings) -> None:
    file = settings.paths.releases / "2025-10.1" / "release.json"
    receipt = json.loads(file.read_text())
    receipt["checks"][0]["state"] = "fail"
    file.write_text(json.dumps(receipt))
    with pytest.raises(VerifyDiffers, match="changed after it was sealed"):
        publish.verify(settings)


def test_verify_of_a_renamed_release_says_so(settings: Settings) -> None:
    for root in (settings.paths.releases, settings.paths.releases_public):
        shutil.copytree(root / "2025-10.1", root / "2025-10.2")
    with pytest.raises(VerifyDiffers, match=r"receipt is that of release 2025-10\.1"):
        publish.verify(settings, "2025-10.2")


@pytest.mark.slow
def test_a_damaged_release_is_made_again_under_a_new_number(settings: Settings) -> None:
    (settings.paths.releases / "2025-10.1" / "changes.csv").write_text("other")
    done = publish.publish(settings, "2025-10", open_verdict(settings))
    assert (done.release.release_id, done.is_new) == ("2025-10.2", True)
    publish.verify(settings)


def test_without_a_release_the_commands_say_so(tmp_path: Path) -> None:
    empty = Settings(home=tmp_path)
    assert publish.list_releases(empty) == [] and publish.current_release(empty) is None
    with pytest.raises(UsageError, match="no release yet"):
        publish.verify(empty)


# -- after a kill -----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_verify_names_the_root_that_is_behind_and_the_next_publication_repairs_it(settings: Settings) -> None:
    refresh(settings, restated=2)
    stores(settings)["internal"].point_current(ReleaseId("2025-10", 1))
    with pytest.raises(
        VerifyDiffers, match=r"releases/current is behind: it names 2025-10\.1, the newest is 2025-10\.2"
    ):
        publish.verify(settings)
    assert not publish.publish(settings, "2025-10", open_verdict(settings)).is_new
    publish.verify(settings)
    assert current(settings) == "2025-10.2"


@pytest.mark.slow
def test_a_public_folder_without_its_twin_is_made_again(settings: Settings) -> None:
    store = stores(settings)["public"]
    shutil.copytree(store.root / "2025-10.1", store.root / "2025-10.2")
    twin = read_receipt(store.root / "2025-10.1").model_copy(update={"release_id": "2025-10.2"})
    twin.sealed().write(store.root / "2025-10.2")
    (store.root / ".building-2025-10.3").mkdir()
    with pytest.raises(VerifyDiffers, match="releases_public/current is behind"):
        publish.verify(settings)
    done = refresh(settings, restated=2)
    assert done.release.release_id == "2025-10.2"
    publish.verify(settings)
    assert not list(store.root.glob(".building*"))


# -- what BI tools read -----------------------------------------------------------------------------------------------------------


def test_descriptions_travel_with_the_data(settings: Settings) -> None:
    folder = settings.paths.releases / "2025-10.1"
    with duckdb.connect(str(folder / "int_marts.duckdb"), read_only=True) as database:
        undescribed = database.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal and comment is null"
        ).fetchall()
    assert undescribed == []
    metadata = pq.read_schema(folder / "parquet" / "readmissions.parquet").metadata
    assert metadata[b"description"] == b"The mart readmissions."
    assert json.loads(metadata[b"column_descriptions"])["discharges"] == "What discharges means in readmissions."


def test_parquet_holds_the_same_rows_as_the_database_in_order_of_key(settings: Settings) -> None:
    folder = settings.paths.releases / "2025-10.1"
    with duckdb.connect(str(folder / "int_marts.duckdb"), read_only=True) as database:
        for schema, file in (("marts", "indicator_values"), ("as_at", "as_at/indicator_values")):
            path = folder / "parquet" / f"{file}.parquet"
            inside = database.execute(f"select * from {schema}.indicator_values").fetchall()
            assert duckdb.sql(f"select * from '{path}'").fetchall() == inside
    keys = [
        row[:6]
        for row in duckdb.sql(
            f"select indicator_id, cohort_id, area_type, area_code, month, period from '{path}'"
        ).fetchall()
    ]
    assert keys == sorted(keys)
