"""The worked cases beside the models: dbt's unit tests, each a test of its own here. A build of data leaves them out, because they judge
the code and not the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.foundation.settings import load_settings
from tests.empty_inputs import write_empty_inputs

from ..indicators.harness import run_dbt

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dbt_unit_tests")]


def unit_tests() -> dict[str, str]:
    """Unit test → the model it judges."""
    files = sorted((DBT_PROJECT_DIR / "models").rglob("*.yml"))
    found = [case for file in files for case in yaml.safe_load(file.read_text(encoding="utf-8")).get("unit_tests", [])]
    return {case["name"]: case["model"] for case in found}


UNIT_TESTS = unit_tests()


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Unit test → what dbt says of it. Its models stand on empty inputs, and only those that the chosen tests need are built."""
    chosen = [item.callspec.params["name"] for item in request.session.items if item.path == request.path]
    home: Path = tmp_path_factory.mktemp("unit_tests")
    settings = load_settings(home=home)
    settings.paths.create()
    write_empty_inputs(settings.paths.inputs_file)
    parents = [f"+{UNIT_TESTS[name]}" for name in chosen]
    others = [f"unit_test:{name}" for name in sorted(UNIT_TESTS.keys() - set(chosen))]
    excluded = ["--exclude", *others] if others else []
    done = run_dbt(home, "build", "--select", *parents, *excluded, "--exclude-resource-type", "test")
    told = settings.paths.dbt / "target" / "run_results.json"
    assert told.exists(), done.stdout[-3000:]
    results = json.loads(told.read_text(encoding="utf-8"))["results"]
    broken = {result["unique_id"]: result["message"] for result in results if result["status"] == "error"}
    assert not broken, broken
    return {result["unique_id"].rsplit(".", 1)[-1]: result for result in results}


@pytest.mark.parametrize("name", sorted(UNIT_TESTS))
def test_worked_case(name: str, outcomes: dict[str, dict]) -> None:
    """A failed case holds up the models after its own, and their cases with them: the first to be mended is the one dbt shows."""
    assert outcomes[name]["status"] == "pass", outcomes[name]["message"]
