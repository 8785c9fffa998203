"""What the gate would say of a delivery as far as it can be known before a build: its acceptance and its drift.

Checks that read models, seeds or marts are left out; they are said once there is a build.
"""

from __future__ import annotations

import re
from contextlib import suppress

import duckdb

from orchestration.build.inputs import write_inputs
from orchestration.foundation.checks import CheckResult
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import drift
from orchestration.gate.acceptance import accept
from orchestration.lake.feed import ingest_feed
from orchestration.landing.deliveries import Delivery, list_deliveries

BUILT = re.compile(r"\b(marts|as_at|intermediate|seeds|staging|indicators|measures|previous_figures|previous_plan)\b")


def bring_history(settings: Settings, delivery: Delivery) -> None:
    """Earlier deliveries that are landed and in no lake yet: the gate will compare with them. What is refused is no history."""
    for earlier in list_deliveries(settings.paths):
        for feed in earlier.files if earlier.name < delivery.name else ():
            if not (settings.paths.lake / feed / f"delivery={earlier.name}").exists():
                with suppress(DeliveryRefused):
                    ingest_feed(settings, earlier, feed)


def foresee(settings: Settings, delivery: Delivery) -> list[CheckResult]:
    bring_history(settings, delivery)
    write_inputs(settings, delivery.name)
    results = accept(settings, delivery)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(settings.paths.inputs_file.absolute())} as inputs (read_only)")
        warehouse = Warehouse(connection)
        drift.prepare(warehouse, settings)
        knowable = [
            check
            for check in drift.checks()
            if not BUILT.search(check.sql) and "marts." not in check.definition.relation
        ]
        results += [drift.result(warehouse, check, frozenset(delivery.files)) for check in knowable]
    return results
