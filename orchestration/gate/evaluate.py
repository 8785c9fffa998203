"""Every check of the build that stands in the warehouse, evaluated from the world as it is now: dbt's results, suites, drift.

Pure with respect to what it reads, so the result is remembered for as long as not one byte of that has changed: a refresh pays for
it once, and a later `publish` on its own recomputes all of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.foundation.checks import CheckResult
from orchestration.foundation.hashes import file_hashes, file_mark
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.foundation.warehouse import Warehouse, open_warehouse
from orchestration.gate import definitions as definitions_module
from orchestration.gate import drift, suites
from orchestration.gate.dbt_evidence import RELATION, DbtEvidence, load_evidence
from orchestration.gate.definitions import Definition, hash_of
from orchestration.gate.fingerprints import (
    hash_of_hashes,
    lake_hashes,
    landing_hashes,
    suite_hashes,
)
from orchestration.gate.receipt import MartEvidence
from orchestration.gate.rerun import Rerun

if TYPE_CHECKING:
    from orchestration.landing.deliveries import Delivery

INPUT_SCHEMAS = ("live", "plan")


@dataclass(frozen=True)
class Evaluation:
    """What was found. `built_for` is the delivery and data cut that the warehouse itself says it was built for."""

    results: tuple[CheckResult, ...]
    definitions: dict[str, Definition]
    marts: dict[str, MartEvidence]
    dbt: DbtEvidence
    built_for: tuple[str, dt.date]
    landing: dict[str, str]
    lake: dict[str, str]
    suites: dict[str, str]


_last: tuple[str, Evaluation] | None = None


@contextmanager
def open_build(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse and, beside it, the inputs it was built from (database `inputs`), both read-only."""
    with open_warehouse(settings) as warehouse:
        path = literal(settings.paths.inputs_file.absolute())
        warehouse.connection.execute("set enable_progress_bar = false")
        warehouse.connection.execute(f"attach {path} as inputs (read_only)")
        yield warehouse


def evaluate(settings: Settings, delivery: Delivery) -> Evaluation:
    """Raises `GateShut` when dbt left no evidence or a suite cannot be read, `IntMartsError` when nothing was built."""
    global _last
    hashes = file_hashes(settings.paths)
    landing, lake = landing_hashes(settings, delivery.name, hashes), lake_hashes(settings, delivery.name, hashes)
    hashes.save()
    evidence, files = load_evidence(settings), suite_hashes(definitions_module.EXPECTATIONS)
    marks = [file_mark(settings.paths.warehouse_file), file_mark(settings.paths.inputs_file)]
    key = hash_of(
        [delivery.name, marks, evidence.run_results_sha256, hash_of(evidence.manifest), hash_of_hashes(lake), files]
    )
    if _last is None or _last[0] != key:
        _last = (key, _evaluate(settings, delivery, evidence, landing, lake, files))
    evaluation = _last[1]
    return evaluation if evaluation.landing == landing else Evaluation(**{**vars(evaluation), "landing": landing})


def declared(manifest_evidence: DbtEvidence) -> dict[str, Definition]:
    """Every check there is now, by id, except the gate's own."""
    return {**manifest_evidence.definitions(), **suites.definitions(), **drift.definitions()}


def _evaluate(
    settings: Settings,
    delivery: Delivery,
    evidence: DbtEvidence,
    landing: dict[str, str],
    lake: dict[str, str],
    files: dict[str, str],
) -> Evaluation:
    with open_build(settings) as warehouse:
        counter = RowCounter(warehouse)
        delivered = frozenset(
            feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
        )
        built_for = warehouse.rows("select delivery, data_cut from inputs.plan.build")[0]
        results = [
            *evidence.check_results(delivered, counter.count, Rerun(warehouse)),
            *suites.examine_feeds(settings, delivery),
            *suites.examine_marts(warehouse, evidence, delivered),
            *drift.examine(warehouse, settings, delivered),
        ]
        marts = {
            relation: MartEvidence(rows=warehouse.row_count(relation), content_hash=warehouse.content_hash(relation))
            for relation in warehouse.tables()
        }
    ordered = tuple(sorted(results, key=lambda result: (result.check_id, result.subject)))
    return Evaluation(ordered, declared(evidence), marts, evidence, built_for, landing, lake, files)


class RowCounter:
    """Counts each relation once, however many checks examine it. Relations of schema `live` and `plan` are in the inputs."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.counts: dict[tuple[str, str], int | None] = {}

    def count(self, relation: str, where: str = "") -> int | None:
        """Rows of a relation; None when it or a column of `where` does not exist."""
        import duckdb

        if (relation, where) not in self.counts:
            assert RELATION.fullmatch(relation)
            name = f"inputs.{relation}" if relation.split(".")[0] in INPUT_SCHEMAS else relation
            try:
                self.counts[relation, where] = self.warehouse.row_count(f"{name} where {where}" if where else name)
            except (duckdb.CatalogException, duckdb.BinderException):
                self.counts[relation, where] = None
        return self.counts[relation, where]
