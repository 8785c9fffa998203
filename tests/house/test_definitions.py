"""The code location: loads without a warning, every asset described, owned and in its group, the graph one-directional."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ASSET_GROUPS, PROJECT_ROOT

pytestmark = pytest.mark.slow
# what Python makes, in the order of the way
UNWRITTEN = ("landing", "inputs", "warehouse", "gate", "release")


def test_every_asset_has_a_description_an_owner_and_a_group(definitions) -> None:
    specs = list(definitions.resolve_all_asset_specs())
    assert len(specs) > 80
    lacking = [
        s.key.to_user_string() for s in specs if not s.description or not s.owners or s.group_name not in ASSET_GROUPS
    ]
    assert not lacking


def test_the_graph_flows_one_way(definitions) -> None:
    back = []
    for spec in definitions.resolve_all_asset_specs():
        for dep in spec.deps:
            if (
                ASSET_GROUPS.index(dep.asset_key.path[0]) > ASSET_GROUPS.index(spec.key.path[0])
                and dep.asset_key.path[0] != "as_at"
            ):
                back.append(f"{dep.asset_key.to_user_string()} → {spec.key.to_user_string()}")
    assert not back


def test_it_loads_quietly_and_in_seconds(parsed_home: Path) -> None:
    """Six seconds of processor time, which a busy machine does not stretch."""
    code = (
        "from orchestration.foundation.settings import load_settings; from orchestration.definitions import build_definitions; "
        "from pathlib import Path; import dagster as dg; "
        f"dg.Definitions.validate_loadable(build_definitions(load_settings(home=Path({str(parsed_home)!r}))))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warning" not in done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6


def test_dagster_itself_finds_the_code_location(parsed_home: Path, tmp_path: Path) -> None:
    import os

    done = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "INT_MARTS_HOME": str(parsed_home),
            "PYTHONPATH": str(PROJECT_ROOT),
            "DAGSTER_HOME": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]


def ancestors(graph, key) -> set[str]:
    found, left = set(), [key]
    while left:
        for parent in graph.get(left.pop()).parent_keys - found:
            found.add(parent)
            left.append(parent)
    return {one.to_user_string() for one in found}


def test_lineage_names_the_feeds_a_table_is_made_of_and_not_all(definitions) -> None:
    """The plan is asked by every model; it waits for all feeds with the views, and stands on the delivery alone."""
    import dagster as dg

    graph = definitions.get_repository_def().asset_graph
    plan, live = dg.AssetKey(["inputs", "plan"]), dg.AssetKey(["inputs", "live"])
    assert {key.to_user_string() for key in graph.get(plan).parent_keys} == {"landing/delivery"}
    assert len([key for key in graph.get(live).parent_keys if key.path[0] == "lake"]) == len(
        [key for key in graph.get_all_asset_keys() if key.path[0] == "lake"]
    )
    assert graph.get(plan).execution_set_asset_keys == {plan, live}, (
        "one step: nothing is built before all feeds are in"
    )

    def feeds(schema: str, table: str) -> set[str]:
        return {
            name.split("/")[1] for name in ancestors(graph, dg.AssetKey([schema, table])) if name.startswith("lake/")
        }

    assert feeds("marts", "dim_int") == {"gp_payments", "int_membership", "ods_practices", "ods_succession"}
    assert feeds("bi", "area_population") == feeds("marts", "dim_int") | {"gp_registrations"}
    assert "gp_workforce" in feeds("marts", "indicator_values")
    assert "gp_workforce" not in feeds("marts", "readmissions")
    assert feeds("marts", "dim_month") == set()


def test_no_ghosts(definitions) -> None:
    """Every asset is made by something, is named once, and nothing names an asset that is not there: not even a column's origin."""
    import json

    from orchestration.graph.assets.table_metadata import SHIPPED_LINEAGE

    graph = definitions.get_repository_def().asset_graph
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert not [key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable]
    assert not [key for key in keys if key.split("/")[1].startswith(key.split("/")[0] + "_")]
    origins = {
        origin
        for model in json.loads(SHIPPED_LINEAGE.read_text()).values()
        for deps in (model["columns"] or {}).values()
        for origin, _ in deps
    }
    assert len(origins) > 100
    assert origins <= keys


def test_a_refresh_tells_of_no_asset_that_the_code_does_not_have(definitions, published_home: Path) -> None:
    from orchestration.foundation.settings import load_settings
    from orchestration.graph.instance import open_instance

    keys = definitions.get_repository_def().asset_graph.get_all_asset_keys()
    with open_instance(load_settings(home=published_home)) as instance:
        told = set(instance.all_asset_keys())
    assert len(told) > 100
    assert not {key.to_user_string() for key in told - keys}


def test_every_table_and_feed_names_the_file_it_is_written_in(definitions) -> None:
    from orchestration.contracts import load_contracts

    files = {
        spec.key.to_user_string(): Path(link.file_path)
        for spec in definitions.resolve_all_asset_specs()
        if (found := spec.metadata.get("dagster/code_references"))
        for link in found.code_references
    }
    assert files["marts/readmissions"] == PROJECT_ROOT / "dbt_project" / "models" / "marts" / "readmissions.sql"
    assert files["seeds/cohorts"] == PROJECT_ROOT / "seeds" / "cohorts.csv"
    written = [s.key.to_user_string() for s in definitions.resolve_all_asset_specs() if s.group_name not in UNWRITTEN]
    assert len(written) > len(load_contracts()) + 100
    assert not [name for name in written if name not in files or not files[name].is_file()]


def test_a_rule_leads_to_its_tables(definitions) -> None:
    tagged: dict[str, set[str]] = {}
    for spec in definitions.resolve_all_asset_specs():
        for tag in spec.tags:
            tagged.setdefault(tag, set()).add(spec.key.to_user_string())
    assert tagged["60-minutes"] == {"intermediate/ae_duplicates"}
    assert {"intermediate/ae_duplicates", "intermediate/visit_cells", "marts/visits_per_capita"} <= tagged[
        "definition/C7"
    ]
    assert "marts/readmissions" in tagged["definition/C4"]


def test_rows_are_shown_of_lists_and_of_the_whole_icb_and_of_nothing_else(published_home: Path) -> None:
    from orchestration.foundation.settings import load_settings
    from orchestration.graph.instance import open_instance

    with open_instance(load_settings(home=published_home)) as instance:
        events = {key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()}
    shown = {
        key.to_user_string(): [dict(row.data) for row in rows.records]
        for key, event in events.items()
        if (rows := event.asset_materialization.metadata.get("first_rows"))
    }
    assert len(shown) > 30
    assert {"marts/dim_int", "marts/indicator_values", "seeds/cohorts"} <= shown.keys()
    assert not [name for name in shown if not name.startswith(("seeds/", "marts/dim_", "marts/measure_", "marts/ind"))]
    icb = load_settings(home=published_home).icb_code
    for row in shown["marts/indicator_values"]:
        assert row["area_code"] == icb
        assert float(row["numerator"]) > 7


def test_the_dictionary_has_a_place_for_each_table_that_names_it(definitions, published_home: Path) -> None:
    page = (published_home / "releases" / "current" / "dictionary.html").read_text()
    named = [
        spec.metadata["dictionary"] for spec in definitions.resolve_all_asset_specs() if "dictionary" in spec.metadata
    ]
    assert len(named) > 30
    assert not [link for link in named if f'id="{link.partition("#")[2]}"' not in page]
