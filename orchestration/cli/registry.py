"""`int-marts checks`: what follows from the project's files, written again."""

from __future__ import annotations

from typing import Any

from orchestration.build.dbt_runtime import ensure_manifest
from orchestration.build.plan import REGISTRY_FILE
from orchestration.cli.options import HomeOption, Json, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.settings import PROJECT_ROOT
from orchestration.gate import write_registry
from orchestration.graph.keys import SNAPSHOT, write_keys
from orchestration.publishing.indicator_docs import PAGE, write_indicators_page
from orchestration.publishing.semantic_model import FILE, write_semantic_model


def checks(as_json: Json = False, home: HomeOption = None) -> None:
    """Rewrite what follows from the project's files, to be reviewed as a diff: registry of checks, keys of the graph, pages."""

    def work() -> dict[str, Any]:
        settings = settings_for(home)
        ensure_manifest(settings)
        registered = write_registry(settings)
        write_indicators_page()
        write_semantic_model()
        keys = write_keys(settings)
        written = (REGISTRY_FILE, SNAPSHOT, PAGE, FILE)
        return {"checks": registered, "keys": keys, "files": [str(file.relative_to(PROJECT_ROOT)) for file in written]}

    run_command(
        as_json,
        work,
        lambda r: (
            f"{r['checks']} required checks registered, {r['keys']} keys of the graph; read the diff of {', '.join(r['files'])}"
        ),
    )
