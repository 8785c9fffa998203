"""The gate against a small build made by hand: one thing is changed at a time, and the gate must say which check holds it shut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from orchestration.build.seal import seal_file
from orchestration.foundation.checks import State
from orchestration.foundation.errors import GateShut
from orchestration.foundation.settings import Settings
from orchestration.gate import definitions
from orchestration.gate.receipt import receipt_file, void_receipt
from tests.quality.build import DELIVERY, Build


def test_a_clean_build_opens_the_gate(build: Build) -> None:
    verdict = build.judge()
    assert verdict.is_open, verdict.reasons
    verdict.require_open()
    states = {result.check_id: result.state for result in verdict.results}
    assert states["dbt.readmissions_grain"] is State.PASS
    assert states["mart.readmissions.plausible"] is State.PASS
    assert states["dbt.community_contacts_grain"] is State.NOT_APPLICABLE
    assert states["conservation.rows.deaths"] is State.NOT_APPLICABLE


def test_judging_twice_gives_the_same_verdict(build: Build) -> None:
    assert build.judge() == build.judge()


def test_a_mart_edited_by_hand(build: Build) -> None:
    build.sql("update marts.readmissions set readmissions = 1")
    assert build.shut_by() == {"receipt.dbt_build"}


def test_a_home_that_was_copied_is_judged_as_before(build: Build, tmp_path: Path) -> None:
    import shutil

    from orchestration.gate import judge
    from orchestration.landing.deliveries import find_delivery

    shutil.copytree(build.settings.home, tmp_path / "copy")
    settings = Settings(home=tmp_path / "copy", required_feeds=("hes_apc",))
    assert judge(settings, find_delivery(settings.paths, DELIVERY)).is_open
    # a backup may keep whole seconds only
    restored = settings.paths.warehouse_file
    os.utime(restored, (int(restored.stat().st_mtime), int(restored.stat().st_mtime)))
    assert judge(settings, find_delivery(settings.paths, DELIVERY)).is_open


@pytest.mark.parametrize(
    "name", ["readmissions_grain", "readmissions_conservation", "dim_int_names", "community_contacts_grain"]
)
def test_a_deleted_test_shuts_the_gate(build: Build, name: str) -> None:
    key = next(key for key in build.manifest["nodes"] if key.startswith(f"test.int_marts.{name}."))
    del build.manifest["nodes"][key]
    build.save_dbt()
    build.examine()
    assert f"dbt.{name}" in build.shut_by()


def test_every_registered_check_is_missed_when_it_goes(build: Build) -> None:
    registry = definitions.load_registry()
    declared = {line.id: line for line in registry.checks}
    assert len(declared) == 12
    for gone in declared:
        left = {check_id: _as_definition(line) for check_id, line in declared.items() if check_id != gone}
        assert list(definitions.compare(registry, left)) == [gone]


def _as_definition(line: definitions.RegisteredCheck) -> definitions.Definition:
    return definitions.Definition(
        check_id=line.id,
        kind="dbt",
        relation=line.relation,
        severity=line.severity,
        definition=line.definition,
        compiled=line.compiled,
        is_waivable=line.is_waivable,
    )


def test_a_failed_test_is_judged_by_its_own_severity(build: Build) -> None:
    build.fails("readmissions_grain", 3)
    build.fails("dim_int_names", 2)
    build.examine()
    verdict = build.judge()
    by_id = {result.check_id: result for result in verdict.results}
    assert [r.check_id for r in verdict.shut_by] == ["dbt.readmissions_grain"]
    assert (by_id["dbt.readmissions_grain"].violations, by_id["dbt.readmissions_grain"].state) == (3, State.FAIL)
    assert (by_id["dbt.dim_int_names"].violations, by_id["dbt.dim_int_names"].state) == (2, State.WARN)
    with pytest.raises(GateShut, match="readmissions_grain"):
        verdict.require_open()


def test_a_test_over_no_rows_has_not_passed(build: Build) -> None:
    build.built("delete from marts.readmissions")
    build.examine()
    shut = {r.check_id: r for r in build.judge().shut_by}
    assert set(shut) == {"dbt.readmissions_grain", "dbt.readmissions_conservation", "mart.readmissions.plausible"}
    assert all(r.state is State.ERROR and r.rows_examined == 0 for r in shut.values())


def test_no_check_passes_without_rows(build: Build) -> None:
    build.built("delete from marts.readmissions; delete from marts.dim_int")
    build.examine()
    assert all(r.rows_examined > 0 for r in build.judge().results if r.state is State.PASS)


@pytest.mark.parametrize(
    "change",
    [
        {"raw_code": "select 1 where false"},
        {"config": {"severity": "warn", "enabled": True, "materialized": "test", "meta": {"gate": "warn"}}},
        {
            "config": {
                "severity": "warn",
                "enabled": True,
                "materialized": "test",
                "meta": {"gate": "block"},
                "where": "1 = 0",
            }
        },
        {
            "config": {
                "severity": "warn",
                "enabled": True,
                "materialized": "test",
                "meta": {"gate": "block"},
                "warn_if": "> 99",
            }
        },
    ],
)
def test_a_test_changed_without_the_registry(build: Build, change: dict) -> None:
    node = next(node for node in build.manifest["nodes"].values() if node["name"] == "readmissions_grain")
    node.update(change)
    build.save_dbt()
    build.examine()
    assert "registry.complete" in build.shut_by()
    build.register()
    build.examine()
    assert build.judge().is_open


def test_a_macro_under_a_test_changed_without_the_registry(build: Build) -> None:
    build.manifest["macros"]["macro.int_marts.test_unique"]["macro_sql"] = "select 1 where false"
    build.save_dbt()
    build.examine()
    assert "registry.complete" in build.shut_by()


def test_a_suite_edited_after_the_checks(build: Build) -> None:
    file = build.expectations / "marts" / "readmissions.json"
    suite = json.loads(file.read_text())
    suite["expectations"][0]["kwargs"]["max_value"] = 1000
    file.write_text(json.dumps(suite))
    assert {"receipt.suites_unchanged", "registry.complete"} <= build.shut_by()


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "other", "about": "", "expectations": []}'])
def test_an_unreadable_suite(build: Build, content: str) -> None:
    (build.expectations / "marts" / "readmissions.json").write_text(content)
    assert "registry.complete" in build.shut_by()


def test_a_deleted_suite(build: Build) -> None:
    (build.expectations / "marts" / "readmissions.json").unlink()
    assert {"receipt.suites_unchanged", "registry.complete"} <= build.shut_by()
    build.examine()
    assert {"registry.complete", "mart.readmissions.plausible"} <= build.shut_by()


def test_a_suite_that_names_a_missing_column_says_so(build: Build) -> None:
    build.built("alter table marts.readmissions drop column readmissions")
    build.examine()
    result = next(r for r in build.judge().results if r.check_id == "mart.readmissions.plausible")
    assert result.state is State.ERROR and "names most" in result.message


def test_new_files_since(build: Build) -> None:
    (build.landed_file.parent / "hes_op.csv").write_text("ATTENDKEY\n1\n")
    assert "receipt.inputs_unchanged" in build.shut_by()


def test_no_receipt(build: Build) -> None:
    void_receipt(build.settings)
    assert build.shut_by() == {"receipt.present"}


def test_an_edited_receipt(build: Build) -> None:
    file = receipt_file(build.settings)
    body = json.loads(file.read_text())
    body["results"][0]["state"] = "pass"
    file.write_text(json.dumps(body))
    assert build.shut_by() == {"receipt.present"}


def test_another_delivery(build: Build) -> None:
    other = build.settings.paths.landing / "2025-11"
    other.mkdir()
    (other / "hes_apc.csv").write_text("EPIKEY\n1\n")
    from orchestration.gate import judge
    from orchestration.landing.deliveries import find_delivery

    verdict = judge(build.settings, find_delivery(build.settings.paths, "2025-11"))
    assert "receipt.delivery" in {r.check_id for r in verdict.shut_by}


@pytest.mark.parametrize("content", ["", "checks: []", "{", "checks: [{id: a}]"])
def test_an_unreadable_registry(build: Build, content: str) -> None:
    definitions.REGISTRY_FILE.write_text(content)
    assert "registry.complete" in build.shut_by()


def write_waivers(build: Build, *entries: dict) -> None:
    build.settings.paths.waivers_file.write_text(yaml.safe_dump(list(entries)))


def waiver(check_id: str, **more: object) -> dict:
    return {
        "check_id": check_id,
        "delivery": DELIVERY,
        "reason": "known",
        "owner": "A. Lead",
        "expires": "2025-10-31",
        **more,
    }


def break_grain(build: Build) -> None:
    for name in ("readmissions_grain", "readmissions_conservation"):
        build.fails(name, 3)
    build.examine()


def test_a_waiver_opens_for_its_check_and_delivery_up_to_its_last_day(build: Build) -> None:
    build.fails("readmissions_grain", 3)
    build.examine()
    write_waivers(build, waiver("dbt.readmissions_grain"))
    verdict = build.judge()
    assert verdict.is_open and verdict.waivers[0].owner == "A. Lead"
    result = next(r for r in verdict.results if r.check_id == "dbt.readmissions_grain")
    assert result.is_waived and result.state is State.FAIL and "known" in result.message
    write_waivers(build, waiver("dbt.readmissions_grain", expires="2025-10-30"))
    assert "ran out" in build.judge().reasons[0]
    write_waivers(build, waiver("dbt.readmissions_grain", delivery="2025-09"))
    assert not build.judge().is_open


@pytest.mark.parametrize(
    "entry",
    [
        waiver("dbt.no_such_check"),
        {key: value for key, value in waiver("dbt.readmissions_grain").items() if key != "expires"},
        waiver("dbt.readmissions_grain", expires="never"),
        waiver("dbt.readmissions_grain", reason=" "),
        waiver("dbt.readmissions_grain", extra=1),
        waiver("dbt.readmissions_conservation"),
        waiver("receipt.dbt_build"),
        waiver("delivery.is_fresh"),
        waiver("conservation.rows.hes_apc"),
    ],
)
def test_a_wrong_waiver_shuts_the_gate(build: Build, entry: dict) -> None:
    write_waivers(build, entry)
    assert build.shut_by() == {"waivers.valid"}


def test_conservation_cannot_be_waived(build: Build) -> None:
    break_grain(build)
    write_waivers(build, waiver("dbt.readmissions_grain"), waiver("dbt.readmissions_conservation"))
    assert {"dbt.readmissions_conservation", "waivers.valid"} <= build.shut_by()


@pytest.mark.parametrize("content", ["{", "just words", "a: 1"])
def test_unreadable_waivers(build: Build, content: str) -> None:
    build.settings.paths.waivers_file.write_text(content)
    assert build.shut_by() == {"waivers.valid"}


def test_checks_run_again_do_not_launder_an_edit_by_hand(build: Build) -> None:
    build.sql("update marts.readmissions set readmissions = 1")
    with pytest.raises(GateShut, match=r"warehouse\.duckdb changed since it was sealed"):
        build.examine()
    assert build.shut_by() == {"receipt.dbt_build"}


def test_an_edit_that_waits_in_the_log_of_the_warehouse(build: Build) -> None:
    """A connection that dies leaves its edit beside the file, whose bytes are as they were: whoever opens it next reads the edit."""
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('pragma disable_checkpoint_on_shutdown'); "
        "c.execute('update marts.readmissions set readmissions = 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(build.settings.paths.warehouse_file)], check=True)
    assert Path(f"{build.settings.paths.warehouse_file}.wal").exists()
    assert "warehouse.duckdb.wal" in build.judge().reasons[0]
    with pytest.raises(GateShut, match=r"warehouse\.duckdb\.wal"):
        build.examine()


def test_other_sql_does_not_stand_in_for_a_test(build: Build) -> None:
    build.fails("readmissions_grain", 3)
    build.test_node("readmissions_grain").update(compiled_code="select 1 where false")
    build.save_dbt()
    build.examine()
    verdict = build.judge()
    assert [r.check_id for r in verdict.shut_by] == ["registry.complete"]
    assert "the SQL that ran is not the SQL of the registry" in verdict.shut_by[0].message


def test_a_test_whose_sql_breaks_has_not_passed(build: Build) -> None:
    build.built("drop table tests.readmissions_grain")
    build.examine()
    verdict = build.judge()
    assert [r.check_id for r in verdict.shut_by] == ["dbt.readmissions_grain"]
    assert verdict.shut_by[0].state is State.ERROR


def test_a_build_of_another_plan(build: Build) -> None:
    """Other models, another setting, another version in the lake: each is another plan, and the build is not of it."""
    version = build.lake_file.read_text()
    build.lake_file.write_text(version.replace('"rows_read": 3', '"rows_read": 4'))
    assert build.shut_by() == {"receipt.plan_unchanged"}
    build.lake_file.write_text(version)
    assert build.judge().is_open
    build.settings = Settings(home=build.settings.home, required_feeds=("hes_apc",), icb_code="QXX")
    assert build.shut_by() == {"receipt.plan_unchanged"}


@pytest.mark.parametrize("which", ["seal", "receipt"])
def test_no_seal_and_an_edited_seal(build: Build, which: str) -> None:
    file = seal_file(build.settings.paths) if which == "seal" else receipt_file(build.settings)
    file.write_text(file.read_text().replace("2025-10-31", "2025-10-30"))
    with pytest.raises(GateShut) if which == "seal" else nullcontext():
        build.examine()


def test_nothing_built_at_all(build: Build) -> None:
    build.settings.paths.warehouse_file.unlink()
    assert build.shut_by() == {"receipt.dbt_build"}


@pytest.mark.parametrize("which", ["landed_file", "parquet_file"])
def test_inputs_changed_since(build: Build, which: str) -> None:
    """A byte changed in place, with the time of writing put back."""
    file: Path = getattr(build, which)
    stat, content = file.stat(), file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    verdict = build.judge()
    assert {r.check_id for r in verdict.shut_by} == {"receipt.inputs_unchanged"}
    assert file.name in verdict.reasons[0]
    file.write_bytes(content)
    assert build.judge().is_open
