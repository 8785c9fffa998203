"""A small finished build for the gate to judge, made by hand: one feed, two marts, four dbt tests, no pipeline needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.build.dbt_runtime import manifest_path, stamp, wanted_project
from orchestration.build.inputs import PLAN_TABLES, empty_select
from orchestration.build.plan import make_plan
from orchestration.build.seal import seal_build
from orchestration.contracts import load_contracts
from orchestration.foundation.hashes import hash_file
from orchestration.foundation.settings import Settings
from orchestration.gate import Receipt, Verdict, definitions, examine, judge
from orchestration.gate.dbt_tests import DbtTests
from orchestration.gate.runner import declared
from orchestration.lake.manifest import MadeFrom, Manifest
from orchestration.landing.deliveries import find_delivery

DELIVERY = "2025-10"
PROJECT = "int_marts"
# test -> the table it is attached to; each returns the rows of a table of its own name, the first also keys that stand twice
TESTS = {
    "readmissions_grain": "readmissions",
    "readmissions_conservation": "readmissions",
    "dim_int_names": "dim_int",
    "community_contacts_grain": "community_contact_events",
}
TWICE = " union all select 1 from marts.readmissions group by int_code, month having count(*) > 1"
SUITE = {
    "name": "readmissions",
    "about": "Readmissions as they would be published.",
    "group_by": ["month"],
    "features": {"most": "max(readmissions)", "discharged": "sum(discharges)"},
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "most", "min_value": 0, "max_value": 50},
            "meta": {
                "check": "plausible",
                "severity": "block",
                "reason": "more readmissions than there can be",
                "owner": "team",
                "source": "definitions C4",
                "what_to_do": "look at the readmission model",
                "frame": "cells",
            },
        }
    ],
}
RULES = {
    "checks": [
        {
            "id": "conservation.rows",
            "query": "rows_conserved",
            "feeds": ["hes_apc", "deaths"],
            "severity": "block",
            "is_waivable": False,
            "reason": "rows read are not accounted for",
            "source": "design 2",
            "owner": "data engineering",
            "what_to_do": "tell the data engineers",
        }
    ]
}


def dbt_test(name: str, relation_node: str, gate: str = "block", **more: Any) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "unique_id": f"test.{PROJECT}.{name}.abc",
        "name": name,
        "schema": "tests",
        "compiled_code": f"select row_number from tests.{name}" + (TWICE if name == "readmissions_grain" else ""),
        "raw_code": "{{ test_unique(**_dbt_generic_test_kwargs) }}",
        "attached_node": relation_node,
        "config": {
            "severity": "warn",
            "enabled": True,
            "materialized": "test",
            "meta": {"gate": gate},
            **more.pop("config", {}),
        },
        "depends_on": {"nodes": [relation_node], "macros": [f"macro.{PROJECT}.test_unique"]},
        **more,
    }


class Build:
    """A home that was refreshed and examined. Change one thing, then `judge()`."""

    def __init__(self, home: Path, expectations: Path) -> None:
        self.settings = Settings(home=home, required_feeds=("hes_apc",))
        self.expectations = expectations
        paths = self.settings.paths
        paths.create()
        (expectations / "feeds").mkdir(parents=True)
        (expectations / "marts").mkdir()
        (expectations / "drift").mkdir()
        real = Path(__file__).parents[2] / "expectations"
        for name in ("rows_conserved.sql", "macros.sql"):
            (expectations / "drift" / name).write_text((real / "drift" / name).read_text())
        (expectations / "drift.yml").write_text(yaml.safe_dump(RULES))
        (expectations / "marts" / "readmissions.json").write_text(json.dumps(SUITE))
        self._land()
        self._inputs()
        self._warehouse()
        self.manifest = self._manifest()
        self.save_dbt()
        self.seal()

    @classmethod
    def checked(cls, root: Path) -> Build:
        """A registered, examined build under `root`. The caller puts `definitions.EXPECTATIONS` back."""
        definitions.EXPECTATIONS = root / "expectations"
        definitions.REGISTRY_FILE = definitions.EXPECTATIONS / "checks.yml"
        made = cls(root / "data", definitions.EXPECTATIONS)
        made.register()
        made.examine()
        return made

    @property
    def landed_file(self) -> Path:
        return self.settings.paths.landing / DELIVERY / "hes_apc.csv"

    @property
    def lake_file(self) -> Path:
        return self.settings.paths.lake / "hes_apc" / f"delivery={DELIVERY}" / "version=1" / "manifest.json"

    @property
    def parquet_file(self) -> Path:
        return self.lake_file.parent / "coverage_month=2025-10" / "part-0.parquet"

    def _land(self) -> None:
        self.landed_file.parent.mkdir(parents=True)
        self.landed_file.write_text("EPIKEY\n1\n2\n3\n")
        self.parquet_file.parent.mkdir(parents=True)
        duckdb.execute(f"copy (select 1 as epikey) to '{self.parquet_file}' (format parquet)")
        manifest = Manifest(
            feed="hes_apc",
            delivery=DELIVERY,
            version=1,
            made_from=MadeFrom(
                code="",
                contract_version="1",
                landed={"hes_apc.csv": hash_file(self.landed_file)},
                data_cut="2025-10-31",
                coverage_from="2025-04-01",
            ),
            person_id_space=None,
            rows_read=3,
            rows_loaded=3,
            rows_quarantined=0,
            coverage={"2025-10": 3},
            last_date="2025-10-30",
            parquet={"coverage_month=2025-10/part-0.parquet": hash_file(self.parquet_file)},
            files=[],
        )
        self.lake_file.write_text(manifest.text())

    def _inputs(self) -> None:
        with duckdb.connect(str(self.settings.paths.inputs_file)) as connection:
            for schema in ("live", "plan"):
                connection.execute(f"create schema {schema}")
            for name, columns in PLAN_TABLES.items():
                connection.execute(f"create table plan.{name} ({columns})")
            for name, contract in load_contracts().items():
                connection.execute(f"create table live.{name} as {empty_select(contract)}")
            connection.execute(
                "insert into live.hes_apc (epikey, delivery) select i::varchar, ? from range(3) as r(i)", [DELIVERY]
            )
            connection.execute(
                "insert into plan.build by name select ? as delivery, date '2025-10-31' as data_cut, 'QZZ' as icb_code, "
                "'Demo' as icb_name, date '2025-01-01' as first_month, date '2025-10-01' as last_month, 0 as anticipation_months",
                [DELIVERY],
            )
            connection.execute(
                "insert into plan.feed_status by name select 'hes_apc' as feed, true as is_delivered, "
                "true as is_required, ? as newest_delivery",
                [DELIVERY],
            )
            connection.execute(
                "insert into plan.files by name select 'hes_apc' as feed, ? as delivery, 1 as version, 'hes_apc.csv' as file, "
                "'x' as sha256, 3 as rows_read, 3 as rows_loaded, 0 as rows_quarantined",
                [DELIVERY],
            )

    def _warehouse(self) -> None:
        self.sql(
            "create schema marts; create schema as_at; create schema intermediate;"
            "create table marts.readmissions as select 'I01' as int_code, date '2025-09-01' as month, 10 as discharges, 2 as readmissions;"
            "create table marts.dim_int as select 'I01' as int_code;"
            "create table intermediate.community_contact_events (contact_id varchar); create schema tests;"
            + "".join(f"create table tests.{name} (row_number bigint);" for name in TESTS)
        )

    def sql(self, statement: str) -> None:
        """What nobody may do: write to the warehouse by hand."""
        with duckdb.connect(str(self.settings.paths.warehouse_file)) as connection:
            connection.execute(statement)

    def _manifest(self) -> dict[str, Any]:
        def model(schema: str, name: str, sources: list[str]) -> dict[str, Any]:
            return {
                "resource_type": "model",
                "unique_id": f"model.{PROJECT}.{name}",
                "name": name,
                "schema": schema,
                "alias": name,
                "config": {"materialized": "table"},
                "depends_on": {"nodes": [f"source.{PROJECT}.live.{feed}" for feed in sources], "macros": []},
            }

        models = [
            model("marts", "readmissions", ["hes_apc"]),
            model("marts", "dim_int", ["int_membership"]),
            model("intermediate", "community_contact_events", ["community_contacts"]),
        ]
        more: dict[str, dict[str, Any]] = {
            "readmissions_conservation": {"tags": ["conservation"]},
            "dim_int_names": {"gate": "warn"},
        }
        tests = [dbt_test(name, f"model.{PROJECT}.{table}", **more.get(name, {})) for name, table in TESTS.items()]
        sources = {
            f"source.{PROJECT}.live.{feed}": {
                "resource_type": "source",
                "schema": "live",
                "name": feed,
                "identifier": feed,
            }
            for feed in ("hes_apc", "int_membership", "community_contacts")
        }
        return {
            "metadata": {"project_name": PROJECT, "invocation_id": "one"},
            "nodes": {node["unique_id"]: node for node in [*models, *tests]},
            "sources": sources,
            "macros": {
                f"macro.{PROJECT}.test_unique": {
                    "package_name": PROJECT,
                    "macro_sql": "select 1 group by 1 having count(*) > 1",
                    "depends_on": {"macros": []},
                }
            },
        }

    def save_dbt(self) -> None:
        """The compiled project as dbt leaves it."""
        target = manifest_path(self.settings).parent
        target.mkdir(exist_ok=True)
        (target / "manifest.json").write_text(json.dumps(self.manifest))
        (target / "partial_parse.msgpack").write_text("")
        stamp(target, wanted_project())

    def seal(self) -> None:
        """What a build ends with."""
        seal_build(self.settings, make_plan(self.settings, DELIVERY))

    def built(self, statement: str) -> None:
        """The warehouse as dbt would have built it, with this done to it."""
        self.sql(statement)
        self.seal()

    def fails(self, name: str, rows: int) -> None:
        """A test that finds so many rows."""
        self.built(f"insert into tests.{name} select row_number from range({rows}) as r(row_number)")

    def test_node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.manifest["nodes"].values() if node["name"] == name)

    def register(self) -> None:
        definitions.save_registry(definitions.register(declared(DbtTests(self.manifest)).values()))

    def examine(self) -> Receipt:
        return examine(self.settings, find_delivery(self.settings.paths, DELIVERY))

    def judge(self) -> Verdict:
        return judge(self.settings, find_delivery(self.settings.paths, DELIVERY))

    def shut_by(self) -> set[str]:
        return {result.check_id for result in self.judge().shut_by}
