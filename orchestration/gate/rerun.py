"""dbt's data tests once more, straight on the warehouse as it stands: what dbt wrote about them is a claim, not evidence.

The SQL is what dbt compiled; the registry holds its hash, so that no other SQL can stand in for it.
"""

from __future__ import annotations

from orchestration.foundation.warehouse import Warehouse


class Rerun:
    """Runs one test's compiled SQL, which returns what is wrong: one row per broken row or, with `violations`, per broken promise."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def failures(self, sql: str) -> int | None:
        """How many rows the test returns, as dbt counts failures; None when it cannot be run."""
        import duckdb

        try:
            return self.warehouse.rows(f"select count(*) from (\n{sql}\n) as failures")[0][0]
        except duckdb.Error:
            return None

    def violations(self, sql: str, failures: int) -> int:
        """How many rows of the table break the rule, for a test that returned so many `failures`."""
        import duckdb

        try:
            return int(self.warehouse.rows(f"select sum(violations) from (\n{sql}\n) as failures")[0][0] or failures)
        except duckdb.Error:
            return failures
