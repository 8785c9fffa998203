"""The five count marts, on both boundaries, row by row: DuckDB and Spark, from the same ingested rows.

Two histories: a demo around the month in which A&E records changed feed, and the random histories of the rule tests
(practices that merge and move, spells without ids, restated months, nobody's records).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.build.spark.build import COUNT_MARTS
from orchestration.build.spark.inputs import export_inputs
from orchestration.foundation.settings import load_settings

from ..conftest import int_marts
from ..rules.geographies import random_geography
from ..rules.histories import draw_histories
from ..rules.home import build, write_landing
from .environment import SPARK_PYTHON, require_spark, run

pytestmark = pytest.mark.spark
RELATIVE_TOLERANCE = 1e-9
DEMO = ("--people", "1500", "--months", "13", "--to", "2020-10", "--deliveries", "1", "--seed", "5")


@dataclass(frozen=True)
class Built:
    """What one history became on either engine."""

    warehouse_file: Path
    spark_marts: Path
    feeds_of_ae: tuple[str, ...]


# The demo has emergency care records only: those before April 2020 also stand in the legacy feed, under its own names.
LEGACY = {
    "AEKEY": "EPIKEY",
    "TOKEN_PERSON_ID": "TOKEN_PERSON_ID",
    "PROCODE3": "PROVIDER_CODE",
    "SITETRET": "SITE",
    "ARRIVALDATE": "ARRIVAL_DATE",
    "ARRIVALTIME": "ARRIVAL_TIME",
    "AEDEPTTYPE": "DEPARTMENT_TYPE",
    "AEATTENDCAT": "ATTENDANCE_CATEGORY",
    "ARRIVALAGE": "AGE_AT_ARRIVAL",
    "SEX": "STATED_GENDER",
    "GPPRAC": "PRACTICE_CODE_PATIENT_REGISTRATION",
    "LSOA11": "LSOA_2011",
}


def write_legacy_attendances(delivery: Path) -> int:
    """Every attendance from before April 2020, also with a second arrival 40 minutes on, which is a duplicate."""
    with (delivery / "ecds_1920.txt").open(newline="") as file:
        rows = [
            {legacy: row[name] for legacy, name in LEGACY.items()}
            for row in csv.DictReader(file, delimiter="|")
            if row["ARRIVAL_DATE"] < "2020-04-01" and row["DEPARTMENT_TYPE"] != "05" and row["ARRIVAL_TIME"]
        ]
    again = []
    for row in rows:
        arrival = datetime.fromisoformat(f"{row['ARRIVALDATE']} {row['ARRIVALTIME']}") + timedelta(minutes=40)
        moved = {"ARRIVALDATE": arrival.date().isoformat(), "ARRIVALTIME": arrival.time().isoformat()}
        again.append(row | moved | {"AEKEY": f"9{row['AEKEY']}"})
    with (delivery / "hes_ae_1920.txt").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(LEGACY), delimiter="|")
        writer.writeheader()
        writer.writerows(rows + again)
    return len(rows)


def demo(home: Path) -> str:
    made = int_marts("demo", *DEMO, home=home)
    assert made.exit_code == 0, made.stderr
    assert write_legacy_attendances(home / "landing" / "2020-10") > 100
    return "2020-10"


def random_histories(home: Path) -> str:
    write_landing(home / "landing", draw_histories(600), random_geography())
    return "2025-03"


@pytest.fixture(scope="module", params=[demo, random_histories], ids=lambda history: history.__name__)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    require_spark()
    land: Callable[[Path], str] = request.param
    folder = tmp_path_factory.mktemp(land.__name__)
    home = folder / "data"
    settings = build(home, land(home))
    assert settings.paths == load_settings(home=home).paths
    export_inputs(settings.paths.inputs_file, folder / "inputs")
    arguments = ["--inputs", str(folder / "inputs"), "--work", str(folder / "work"), "--out", str(folder / "marts")]
    # the models' own unit tests do not depend on the history
    arguments += ["--unit-tests"] if land is demo else []
    run(SPARK_PYTHON, "orchestration.build.spark.build", *arguments, work=folder / "work")
    feeds_of_ae = ("hes_ae", "ecds") if land is demo else ("ecds",)
    return Built(settings.paths.warehouse_file, folder / "marts", feeds_of_ae)


def test_there_is_something_to_compare(built: Built):
    """An equality of empty tables would say little: both feeds of A&E in the demo, emergency care in either history."""
    with duckdb.connect(str(built.warehouse_file), read_only=True) as connection:
        visits = (
            "select source, sum(visits) from marts.visits_per_capita where setting = 'ae_attendance' group by source"
        )
        found = dict(connection.execute(visits).fetchall())
    assert all(found[feed] > 50 for feed in built.feeds_of_ae)


@pytest.mark.parametrize("mart", COUNT_MARTS)
@pytest.mark.parametrize("schema", ["marts", "as_at"])
def test_rows_are_equal(built: Built, schema: str, mart: str):
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"attach '{built.warehouse_file}' as warehouse (read_only)")
        on_duckdb = f"warehouse.{schema}.{mart}"
        connection.execute(f"create view on_spark as select * from '{built.spark_marts}/{schema}/{mart}/*.parquet'")
        columns = connection.execute(f"select column_name, column_type from (describe {on_duckdb})").fetchall()
        assert connection.execute("select column_name, column_type from (describe on_spark)").fetchall() == columns

        exact = [name for name, kind in columns if kind != "DOUBLE"]
        measured = [name for name, kind in columns if kind == "DOUBLE"]
        rows = connection.execute(f"select count(*) from {on_duckdb}").fetchall()[0][0]
        assert rows > 0
        assert connection.execute("select count(*) from on_spark").fetchall() == [(rows,)]
        # every row of one side finds its row on the other: the exact columns hold the key, and null equals null
        same_row = " and ".join(f"theirs.{name} is not distinct from ours.{name}" for name in exact)
        close = " and ".join(
            f"(theirs.{name} is null) = (ours.{name} is null) and "
            f"coalesce(abs(theirs.{name} - ours.{name}) <= {RELATIVE_TOLERANCE} * abs(ours.{name}), true)"
            for name in measured
        )
        unequal = connection.execute(
            f"select {', '.join(f'ours.{name}' for name in exact)} from {on_duckdb} as ours "
            f"anti join on_spark as theirs on {same_row} and {close}"
        ).fetchall()
        assert unequal == []
