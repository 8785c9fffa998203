"""Names in the seeds that lead nowhere, found without a delivery: the gate's own check of them on models that hold no row."""

from __future__ import annotations

import duckdb

from orchestration.build.compiled_models import make, read_by
from orchestration.build.dbt_runtime import read_manifest
from orchestration.build.inputs import create_empty_inputs
from orchestration.build.statistics_udf import register
from orchestration.contracts import load_contracts
from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.settings import Settings

NAMES_EXIST = "catalogue__names_exist"


def require_names(settings: Settings) -> None:
    """Raises `IntMartsError` with each name and its place."""
    nodes = read_manifest(settings)["nodes"]
    (check,) = (node for node in nodes.values() if node["resource_type"] == "test" and node["name"] == NAMES_EXIST)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("attach ':memory:' as inputs; attach ':memory:' as warehouse; use inputs")
        create_empty_inputs(connection)
        connection.executemany("insert into plan.feed_status (feed) values (?)", [[feed] for feed in load_contracts()])
        connection.execute("use warehouse")
        register(connection)
        for name in read_by(nodes, [check["unique_id"]]):
            make(connection, nodes[name])
        wrong = connection.execute(f"from ({check['compiled_code']}) order by all").fetchall()
    if wrong:
        said = "; ".join(f"{place}: there is no {what} {name}" for place, what, name in wrong)
        raise IntMartsError(
            f"{said}. Correct the seed: what leads nowhere counts nothing, and nothing looks like nought"
        )
