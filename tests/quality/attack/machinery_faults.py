"""Faults in the machinery, planted in a finished, checked build: each takes the build and leaves it wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from orchestration.build.seal import seal_file
from orchestration.foundation.errors import GateShut
from orchestration.gate import definitions
from orchestration.gate.receipt import read_receipt, receipt_file, void_receipt
from tests.quality.build import DELIVERY, Build

MachineryFault = Callable[[Build], None]
MACHINERY_FAULTS: dict[str, MachineryFault] = {}


def fault(name: str) -> Callable[[MachineryFault], MachineryFault]:
    def register(function: MachineryFault) -> MachineryFault:
        MACHINERY_FAULTS[name] = function
        return function

    return register


def sql(name: str, statement: str) -> None:
    MACHINERY_FAULTS[name] = lambda build: build.sql(statement)


sql("a figure of a mart updated by hand", "update marts.readmissions set readmissions = 1")
sql("a row of a mart deleted by hand", "delete from marts.readmissions")
sql("a row of a mart added by hand", "insert into marts.readmissions select * from marts.readmissions")
sql("a mart dropped", "drop table marts.dim_int")
sql("a column of a mart renamed", "alter table marts.readmissions rename column readmissions to readmissions_30")
sql("a column's type changed", "alter table marts.readmissions alter column discharges type double")
sql("a table slipped into the marts", "create table marts.extra as select 1 as x")


def test_node(build: Build, name: str) -> dict:
    return build.test_node(name)


def dbt(name: str, change: MachineryFault, examined: bool = True) -> None:
    def planted(build: Build) -> None:
        change(build)
        build.save_dbt()
        if examined:
            build.examine()

    MACHINERY_FAULTS[name] = planted


def forget(build: Build, name: str) -> None:
    del build.manifest["nodes"][test_node(build, name)["unique_id"]]


dbt("a dbt test deleted", lambda build: forget(build, "readmissions_grain"))
dbt("a warning test deleted", lambda build: forget(build, "dim_int_names"))
dbt("a dbt test switched off", lambda build: forget(build, "readmissions_conservation"))
dbt("a dbt test emptied", lambda build: test_node(build, "readmissions_grain").update(raw_code="select 1 where false"))
dbt(
    "a test loosened to a warning",
    lambda build: test_node(build, "readmissions_grain")["config"]["meta"].update(gate="warn"),
)
dbt("a test narrowed with where", lambda build: test_node(build, "readmissions_grain")["config"].update(where="1 = 0"))
dbt(
    "a test's threshold raised", lambda build: test_node(build, "readmissions_grain")["config"].update(warn_if="> 1000")
)
dbt(
    "a test's macro emptied",
    lambda build: build.manifest["macros"]["macro.int_marts.test_unique"].update(macro_sql="select 1 where false"),
)
dbt(
    "a test pointed at another table",
    lambda build: test_node(build, "readmissions_grain").update(attached_node="model.int_marts.dim_int"),
)
dbt("a failing test", lambda build: build.fails("readmissions_grain", 1))
dbt(
    "another SQL for a failing test",
    lambda build: (
        build.fails("readmissions_grain", 3),
        test_node(build, "readmissions_grain").update(compiled_code="select 1 where false"),
    )[0],
)
dbt("a test that cannot be run", lambda build: build.built("drop table tests.readmissions_grain"))


@fault("a mart updated by hand, and the checks run again")
def updated_and_examined(build: Build) -> None:
    build.sql("update marts.readmissions set readmissions = 1")
    with suppress(GateShut):
        build.examine()


@fault("a mart updated by hand, everything noted and sealed again, a rule broken")
def forged_throughout(build: Build) -> None:
    build.built("insert into marts.readmissions select * from marts.readmissions")
    build.examine()


@fault("the seal removed, and the checks run again")
def no_seal(build: Build) -> None:
    seal_file(build.settings.paths).unlink()
    void_receipt(build.settings)
    with suppress(GateShut):
        build.examine()


@fault("run killed before its checks: a new build under the old receipt")
def killed_before_checks(build: Build) -> None:
    build.built("update marts.readmissions set discharges = 11")


@fault("run killed before its checks: no receipt")
def no_receipt(build: Build) -> None:
    void_receipt(build.settings)


@fault("the receipt edited")
def edited_receipt(build: Build) -> None:
    file = receipt_file(build.settings)
    file.write_text(file.read_text().replace('"pass"', '"warn"', 1))


@fault("the receipt of another delivery")
def receipt_of_another(build: Build) -> None:
    made = read_receipt(build.settings)
    other = made.model_copy(update={"plan": made.plan.model_copy(update={"delivery": "2025-09"})}).sealed()
    receipt_file(build.settings).write_text(other.model_dump_json())


@fault("the warehouse removed")
def no_warehouse(build: Build) -> None:
    build.settings.paths.warehouse_file.unlink()


def edit_suite(build: Build, **kwargs: object) -> None:
    file = build.expectations / "marts" / "readmissions.json"
    suite = json.loads(file.read_text())
    suite["expectations"][0]["kwargs"].update(kwargs)
    file.write_text(json.dumps(suite))


@fault("a suite edited after the checks")
def suite_edited(build: Build) -> None:
    edit_suite(build, max_value=1000)


@fault("a suite loosened before the checks")
def suite_loosened(build: Build) -> None:
    edit_suite(build, max_value=1000)
    build.examine()


@fault("a suite that forgives some (mostly)")
def suite_mostly(build: Build) -> None:
    edit_suite(build, mostly=0.01)
    build.examine()


@fault("a suite deleted")
def suite_deleted(build: Build) -> None:
    (build.expectations / "marts" / "readmissions.json").unlink()
    build.examine()


@fault("a suite damaged")
def suite_damaged(build: Build) -> None:
    (build.expectations / "marts" / "readmissions.json").write_text("{")


@fault("a suite that names a missing column")
def suite_misnamed(build: Build) -> None:
    edit_suite(build, column="no_such_column")
    build.register()
    build.examine()


@fault("a suite whose expectation raises an exception")
def suite_raises(build: Build) -> None:
    edit_suite(build, min_value="not a number", max_value="nor this")
    build.register()
    build.examine()


@fault("a drift query emptied")
def drift_emptied(build: Build) -> None:
    (build.expectations / "drift" / "rows_conserved.sql").write_text(
        "select 'x' as subject, 1 as examined, false as is_violation, '' as note"
    )
    build.examine()


@fault("the drift rules removed")
def drift_removed(build: Build) -> None:
    (build.expectations / "drift.yml").unlink()


@fault("the registry removed")
def no_registry(build: Build) -> None:
    definitions.REGISTRY_FILE.unlink()


@fault("the registry emptied")
def empty_registry(build: Build) -> None:
    definitions.REGISTRY_FILE.write_text("checks: []\n")


@fault("a landed file changed after the checks")
def landing_changed(build: Build) -> None:
    build.landed_file.write_text("EPIKEY\n1\n2\n4\n")


@fault("a lake file changed after the checks")
def lake_changed(build: Build) -> None:
    build.lake_file.write_text(build.lake_file.read_text() + " ")


@fault("a lake file removed after the checks")
def lake_removed(build: Build) -> None:
    build.lake_file.unlink()


@fault("a file landed after the checks")
def landed_late(build: Build) -> None:
    (build.landed_file.parent / "deaths.csv").write_text("PERSON_ID\n1\n")


def waive(build: Build, **entry: object) -> None:
    build.fails("readmissions_grain", 3)
    build.examine()
    known = {
        "check_id": "dbt.readmissions_grain",
        "delivery": DELIVERY,
        "reason": "known",
        "owner": "A",
        "expires": "2025-10-31",
    }
    build.settings.paths.waivers_file.write_text(
        json.dumps([{key: value for key, value in (known | entry).items() if value is not None}])
    )


def waiver(name: str, **entry: object) -> None:
    MACHINERY_FAULTS[f"a waiver {name}"] = lambda build: waive(build, **entry)


waiver("that ran out the day before the cut", expires="2025-10-30")
waiver("without an end date", expires=None)
waiver("without a reason", reason="")
waiver("for another delivery", delivery="2025-09")
waiver("for an unknown check", check_id="dbt.no_such_check")
waiver("for conservation", check_id="dbt.readmissions_conservation")
waiver("for the receipt", check_id="receipt.marts_unchanged")


@fault("waivers.yml damaged")
def waivers_damaged(build: Build) -> None:
    build.settings.paths.waivers_file.write_text("- {")


@fault("a test and its line in the registry both removed (a reviewed change)")
def reviewed_removal(build: Build) -> None:
    forget(build, "dim_int_names")
    build.save_dbt()
    build.register()
    build.examine()
