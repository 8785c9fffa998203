"""The functions of `statistics_udf` as a dbt-duckdb plugin, listed in the profile; apart, because dbt takes half a second to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.build.statistics_udf import register

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Plugin(BasePlugin):
    """The dbt-duckdb hook: registers the functions when a connection opens."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions on dbt's connection."""
        register(conn)
