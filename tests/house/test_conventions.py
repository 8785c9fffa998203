"""Conventions of the house, read from dbt's own manifest: grain, owner, description, tests, layers, names."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from orchestration.build.dbt_runtime import ensure_manifest
from orchestration.foundation.settings import PROJECT_ROOT, load_settings

# reading dbt's manifest takes ten seconds: not for `make test-fast`, but for every commit (.pre-commit-config.yaml)
pytestmark = pytest.mark.slow

LAYER_MAY_READ = {
    "staging": {"source", "seeds", "staging"},
    "intermediate": {"source", "seeds", "staging", "intermediate"},
    "measures": {"source", "seeds", "intermediate", "measures"},
    "indicators": {"source", "seeds", "intermediate", "measures", "indicators"},
    "marts": {"source", "seeds", "intermediate", "measures", "indicators", "marts"},
    "as_at": {"source", "seeds", "intermediate", "measures", "indicators", "marts"},
    "bi": {"intermediate", "marts", "bi"},
}
LONG_FILES_WITH_A_REASON = {
    "orchestration/build/inputs.py": "all rules of restatement stand in one place",
    "tests/quality/attack/faults_in_rules.py": "the faults that are planted in rules, one list",
    "orchestration/publishing/report/data.py": "every query of the report and the shape of its answer, side by side",
}


@pytest.fixture(scope="module")
def manifest(parsed_home: Path) -> dict:
    settings = load_settings(home=parsed_home)
    return json.loads(ensure_manifest(settings).read_text())


@pytest.fixture(scope="module")
def models(manifest: dict) -> list[dict]:
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert found, "the manifest holds no model"
    return found


def meta_of(node: dict) -> dict:
    return {**node.get("meta", {}), **node["config"].get("meta", {})}


def test_every_model_says_what_it_is_its_grain_and_its_owner(models: list[dict]) -> None:
    lacking = [
        model["name"]
        for model in models
        if not model["description"] or not meta_of(model).get("grain") or not meta_of(model).get("owner")
    ]
    assert not lacking


def test_every_model_but_staging_has_a_test(models: list[dict], manifest: dict) -> None:
    tested = {
        parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        for parent in node["depends_on"]["nodes"]
    }
    unit_tested = {test["depends_on"]["nodes"][0] for test in manifest.get("unit_tests", {}).values()}
    lacking = [m["name"] for m in models if m["schema"] != "staging" and m["unique_id"] not in tested | unit_tested]
    assert not lacking


def test_every_mart_has_an_enforced_contract_and_describes_every_column(models: list[dict]) -> None:
    marts = [model for model in models if model["schema"] in ("marts", "as_at", "bi")]
    assert marts
    for mart in marts:
        assert mart["contract"]["enforced"], mart["name"]
        bare = [name for name, column in mart["columns"].items() if not column["description"]]
        assert not bare, f"{mart['name']}: {bare}"


def test_layers_read_only_what_stands_before_them(models: list[dict], manifest: dict) -> None:
    wrong = []
    for model in models:
        for parent in model["depends_on"]["nodes"]:
            node = manifest["nodes"].get(parent)
            layer = "source" if node is None else "seeds" if node["resource_type"] == "seed" else node["schema"]
            if layer not in LAYER_MAY_READ[model["schema"]]:
                wrong.append(f"{model['schema']}.{model['name']} reads {layer}.{parent.split('.')[-1]}")
    assert not wrong


def test_no_relation_is_named_by_hand(models: list[dict]) -> None:
    """Every relation comes from ref() or source(); a hand-written schema.table hides from lineage."""
    schemas = "staging|intermediate|measures|indicators|marts|as_at|bi|seeds|live|plan|inputs"
    by_hand = re.compile(rf"\b(from|join)\s+({schemas})\.", re.IGNORECASE)
    assert not [model["name"] for model in models if by_hand.search(model["raw_code"])]


def test_int_is_the_team_and_never_a_layer(models: list[dict]) -> None:
    assert not [model["name"] for model in models if model["name"].startswith("int_")]


def test_every_data_test_carries_its_gate_severity_and_what_to_do(manifest: dict) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests
    lacking = [
        t["name"] for t in tests if meta_of(t).get("gate") not in ("block", "warn") or not meta_of(t).get("what_to_do")
    ]
    assert not lacking
    loud = [t["name"] for t in tests if t["config"]["severity"].lower() != "warn"]
    assert not loud, "dbt severity is `warn` for all, so that every check runs; the gate reads meta.gate"


def test_no_check_waits_for_rows_that_its_table_need_not_have(manifest: dict) -> None:
    """Where the key's check excuses an empty table, a check that stands on another feed finds nothing to examine as soon as that feed
    comes, and shuts the gate: no reported file shut it for ever, because admitted care was delivered."""
    tests = [meta_of(node) for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    excused = {t["relation"]: set(t.get("feeds", ())) for t in tests if t.get("may_be_empty") and t.get("feeds")}
    assert "measures.reported_use" in excused
    waiting = [
        (t["relation"], t["what_to_do"])
        for t in tests
        if t.get("relation") in excused
        and not t.get("may_be_empty")
        and not set(t.get("feeds", ())) <= excused[t["relation"]]
    ]
    assert not waiting


def source_files() -> list[Path]:
    folders = ("orchestration", "dbt_project/models", "dbt_project/macros", "dbt_project/tests", "tests", "benchmarks")
    return [
        p
        for folder in folders
        for p in (PROJECT_ROOT / folder).rglob("*")
        if p.suffix in (".py", ".sql") and p.is_file()
    ]


def test_files_can_be_held_in_the_head() -> None:
    long = {
        str(path.relative_to(PROJECT_ROOT)): lines
        for path in source_files()
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not {name: lines for name, lines in long.items() if name not in LONG_FILES_WITH_A_REASON}


def test_nothing_names_a_machine_or_a_registry() -> None:
    """Put together here so that this file does not name them itself."""
    hosts = [
        "python" + "hosted",
        "pypi" + ".org",
        "registry." + "npm",
        "deb." + "debian",
        "/work/" + "main",
        "/work/" + "wt",
    ]
    listed = [
        *source_files(),
        # the coverage that an earlier run of the tests left is no part of the project
        *(path for path in PROJECT_ROOT.glob("*.*") if path.name != ".coverage"),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        *(PROJECT_ROOT / "seeds").rglob("*.csv"),
    ]
    found = [
        str(p.relative_to(PROJECT_ROOT))
        for p in listed
        if p.is_file() and p.name != ".git" and any(host in p.read_text(errors="ignore") for host in hosts)
    ]
    assert not found


def test_what_the_package_imports_is_asked_for_by_name() -> None:
    """A library that only came along with another goes with it: dagster-dbt had brought sqlglot."""
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    asked = {
        re.split(r"[\[<>=~! ]", line, maxsplit=1)[0].lower().replace("_", "-")
        for line in [*project["dependencies"], *project["optional-dependencies"]["spark"]]
    }
    sent_with = metadata.packages_distributions()
    missing = {}
    for file in sorted((PROJECT_ROOT / "orchestration").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for top in {name.split(".")[0] for name in names} - {"orchestration"} - sys.stdlib_module_names:
                senders = {name.lower().replace("_", "-") for name in sent_with.get(top, [top])}
                if not senders & asked:
                    missing[top] = file.name
    assert missing == {}
