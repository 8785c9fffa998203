"""Small tables made by hand that the drift rules can be tried on."""

from __future__ import annotations

import duckdb

from orchestration.contracts import load_contracts
from orchestration.foundation.warehouse import Warehouse
from orchestration.gate import definitions, drift

MACROS = (definitions.EXPECTATIONS / "drift" / "macros.sql").read_text()


def empty_delivery() -> duckdb.DuckDBPyConnection:
    """The delivery 2025-10 without a record: the schemas and macros that the queries read."""
    made = duckdb.connect()
    made.execute(
        "attach ':memory:' as inputs; create schema inputs.plan; create schema inputs.live; create schema marts"
    )
    made.execute(MACROS)
    made.execute(
        "create table this_build as select '2025-10' as delivery, date '2025-10-31' as data_cut, "
        "date '2025-01-01' as first_month, date '2025-10-01' as last_month, 5.0 as flag_pct"
    )
    return made


def violations(connection: duckdb.DuckDBPyConnection, check_id: str) -> list[str]:
    """The subjects that the check finds wrong, its provider named as a build names it."""
    check = next(check for check in drift.checks() if check.definition.check_id == check_id)
    sql = check.sql
    contract = load_contracts().get(check.feed or "")
    if contract and contract.provider and f"subject_{check.feed}(" in sql:
        drift.create_subject(Warehouse(connection), check.feed, contract.provider)
    return [
        row[0]
        for row in connection.execute(f"select subject, is_violation from ({sql}) order by 1").fetchall()
        if row[1]
    ]
