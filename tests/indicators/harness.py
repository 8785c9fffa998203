"""Runs the project's own SQL on small relations: dbt compiles it once, DuckDB executes what dbt compiled.

So a test judges the models themselves, thousands of cases at a time, without a pipeline around them.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR, dbt_environment, dbt_executable, parsed_environment
from orchestration.build.statistics_udf import register
from orchestration.foundation.settings import load_settings
from tests.empty_inputs import write_empty_inputs


def run_dbt(home: Path, *arguments: str, project: Path = DBT_PROJECT_DIR) -> subprocess.CompletedProcess[str]:
    """dbt on a home of the test's own."""
    settings = load_settings(home=home)
    command = [dbt_executable(), "--quiet", *arguments, "--project-dir", str(project), "--profiles-dir", str(project)]
    is_own = project == DBT_PROJECT_DIR
    environment = {**os.environ, **(parsed_environment(settings) if is_own else dbt_environment(settings))}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@cache
def compiled_folder(home: Path) -> Path:
    """The compiled SQL of the whole project."""
    settings = load_settings(home=home)
    settings.paths.create()
    write_empty_inputs(settings.paths.inputs_file)
    done = run_dbt(home, "compile")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return settings.paths.dbt / "target" / "compiled" / "int_marts" / "models"


class Bench:
    """An in-memory warehouse in which single models can be fed and run."""

    def __init__(self, compiled: Path) -> None:
        self.compiled = compiled
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse; use warehouse; set threads = 2")
        for schema in ("seeds", "intermediate", "measures", "indicators", "marts"):
            self.connection.execute(f"create schema {schema}")
        register(self.connection)

    def give(self, relation: str, rows: pd.DataFrame | str) -> Bench:
        """A relation (`schema.name`) that the models read: a frame, or a query that makes it."""
        if isinstance(rows, str):
            self.connection.execute(f"create or replace table {relation} as {rows}")
        else:
            self.connection.register("given", rows)
            self.connection.execute(f"create or replace table {relation} as select * from given")
            self.connection.unregister("given")
        return self

    def seed(self, name: str) -> Bench:
        """A seed of the project, as it is."""
        path = DBT_PROJECT_DIR.parent / "seeds" / f"{name}.csv"
        return self.give(f"seeds.{name}", f"select * from read_csv('{path}', header = true)")

    def run(self, *models: str) -> Bench:
        """Execute models (`schema.name`) in the order given."""
        for model in models:
            schema, name = model.split(".")
            (path,) = (self.compiled / schema).rglob(f"{name}.sql")
            self.connection.execute(f"create or replace table {model} as {path.read_text()}")
        return self

    def rows(self, sql: str) -> pd.DataFrame:
        return self.connection.execute(sql).df()
