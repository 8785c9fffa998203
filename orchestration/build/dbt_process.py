"""The `dbt` command as the pipeline starts it: with the project as it was parsed before.

dbt believes its own saved parse on the same connection only, and the connection names the home: each new home would parse the same project
again, for twelve seconds. Whoever names a saved parse has made sure that it is of the project as it is (`dbt_runtime.ensure_manifest`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from orchestration.foundation.processor import collect_seldom

SAVED_PARSE_VARIABLE = "INT_MARTS_DBT_SAVED_PARSE"
# where dbt's account of each node goes, for who needs that alone: with `--no-write-json` dbt does not write the whole project again
RESULTS_VARIABLE = "INT_MARTS_DBT_RESULTS"


def saved_parse() -> Any:
    """dbt's manifest from the file that the environment names; nothing when it names none."""
    path = os.environ.get(SAVED_PARSE_VARIABLE)
    if not path:
        return None
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(Path(path).read_bytes())
    # what dbt itself does after loading one
    manifest.build_flat_graph()
    return manifest


def main() -> None:
    collect_seldom()
    from dbt.cli.main import cli, dbtRunner

    results = os.environ.get(RESULTS_VARIABLE)
    if not results:
        cli(obj={"manifest": saved_parse(), "callbacks": []}, prog_name="dbt")
        return
    from dbt.artifacts.schemas.run import RunExecutionResult

    done = dbtRunner(manifest=saved_parse()).invoke(sys.argv[1:])
    if isinstance(done.result, RunExecutionResult):
        done.result.write(results)
    sys.exit(0 if done.success else 1)


if __name__ == "__main__":
    main()
