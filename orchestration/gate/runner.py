"""The runner: every check of a build, once, on the sealed warehouse. What it found is the receipt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.build.dbt_runtime import read_manifest
from orchestration.build.plan import make_plan
from orchestration.build.seal import changed_since_sealed, read_seal
from orchestration.foundation.code_version import code_fingerprint
from orchestration.foundation.errors import GateShut
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.foundation.warehouse import Warehouse, open_warehouse
from orchestration.gate import acceptance, delivery_checks, drift, suite_files, suites
from orchestration.gate.dbt_tests import DbtTests
from orchestration.gate.definitions import Definition, expectation_hashes
from orchestration.gate.receipt import Receipt, remember_since, write_receipt
from orchestration.landing.deliveries import Delivery


@contextmanager
def open_build(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse and, beside it, the inputs it was built from (database `inputs`), both read-only."""
    with open_warehouse(settings) as warehouse:
        warehouse.connection.execute("set enable_progress_bar = false")
        warehouse.connection.execute(f"attach {literal(settings.paths.inputs_file.absolute())} as inputs (read_only)")
        yield warehouse


def declared(tests: DbtTests) -> dict[str, Definition]:
    """Every check there is now, by id, except the gate's own."""
    return {**delivery_checks.definitions(), **tests.definitions(), **suite_files.definitions(), **drift.definitions()}


def declared_now(settings: Settings) -> dict[str, Definition]:
    return declared(DbtTests(read_manifest(settings)))


def examine(settings: Settings, delivery: Delivery) -> Receipt:
    """Runs every check on the build in the warehouse and writes the receipt.

    Raises `GateShut` when the build has no seal, was written to since, or a suite cannot be read.
    """
    sealed, plan = read_seal(settings.paths), make_plan(settings, delivery.name)
    if changed := changed_since_sealed(settings.paths, sealed):
        raise GateShut(f"{'; '.join(changed)}: run `int-marts refresh`, which builds anew", ["receipt.dbt_build"])
    tests, accepted = DbtTests(read_manifest(settings)), acceptance.of_plan(settings, delivery, plan)
    with open_build(settings) as warehouse:
        delivered = frozenset(
            feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
        )
        results = [
            *accepted,
            *tests.results(warehouse, delivered),
            *suites.examine_marts(warehouse, tests, delivered),
            *drift.examine(warehouse, settings, delivered),
        ]
    ordered = tuple(sorted(results, key=lambda result: (result.check_id, result.subject)))
    receipt = Receipt(
        plan=plan,
        seal_of_build=sealed,
        code_fingerprint=code_fingerprint(),
        suites=expectation_hashes(),
        results=ordered,
        since=remember_since(settings, delivery.name, ordered),
    ).sealed()
    write_receipt(settings, receipt)
    return receipt
