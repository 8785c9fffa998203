"""dbt target `spark` in one process: registers the exported inputs, builds the count marts, writes them as Parquet.

    .venv-spark/bin/python -m orchestration.build.spark.build --inputs <folder> --work <folder> --out <folder>

Runs in the environment of `requirements-spark.lock`, which has neither DuckDB nor Dagster: only the standard library,
PySpark and dbt may be imported here. One Spark session serves dbt (`method: session`) and the files around it, because
the embedded metastore admits one process at a time.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT_DIR = Path(__file__).resolve().parents[3] / "dbt_project"
COUNT_MARTS = (
    "visits_per_capita",
    "referrals_per_capita",
    "spend_per_capita",
    "non_elective_admissions_per_capita",
    "readmissions",
)
# Compares doubles to the last bit, and the engines' powers and roots differ there; `tests/spark` compares them to 1e-9.
BITWISE_UNIT_TEST = "rates_and_limits"
MODELS = tuple(prefix + mart for mart in COUNT_MARTS for prefix in ("", "as_at_"))


def session_settings(work: Path, threads: int, memory: str) -> dict[str, str]:
    """Spark on this machine alone: loopback, no web page, everything it writes below `work`."""
    derby = f"-Dderby.system.home={work / 'derby'} -Djava.io.tmpdir={work / 'tmp'}"
    return {
        "spark.master": f"local[{threads}]",
        "spark.app.name": "int-marts",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": derby,
        "spark.local.dir": str(work / "tmp"),
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={work / 'metastore'};create=true",
        # a table without a named format is Parquet, not Hive's text
        "spark.sql.legacy.createHiveTableByDefault": "false",
        "spark.sql.shuffle.partitions": str(threads),
        # dates and times of the records have no zone; a session zone with a summer time would move them
        "spark.sql.session.timeZone": "UTC",
    }


def start_session(work: Path, threads: int, memory: str) -> SparkSession:
    """The one session of the process; dbt's `method: session` finds it by itself."""
    from pyspark.sql import SparkSession

    (work / "tmp").mkdir(parents=True, exist_ok=True)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in session_settings(work, threads, memory).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def register_inputs(session: SparkSession, inputs: Path) -> list[str]:
    """Make every exported folder a table of the catalogue, in the databases `live` and `plan`; nothing is copied."""
    registered = []
    for folder in sorted(path for path in inputs.glob("*/*") if path.is_dir()):
        schema, table = folder.parent.name, folder.name
        session.sql(f"create database if not exists `{schema}`")
        session.sql(f"drop table if exists `{schema}`.`{table}`")
        session.sql(f"create table `{schema}`.`{table}` using parquet location '{folder.absolute()}'")
        registered.append(f"{schema}.{table}")
    return registered


def run_dbt(work: Path, *arguments: str) -> bool:
    """One dbt command on target `spark` in this process; whether it succeeded."""
    from dbt.cli.main import dbtRunner

    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    os.environ.setdefault("DBT_NO_VERSION_CHECK", "true")
    folders = ("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR))
    written = ("--target-path", str(work / "target"), "--log-path", str(work / "logs"))
    return dbtRunner().invoke([*arguments, "--target", "spark", *folders, *written]).success


def write_marts(session: SparkSession, out: Path) -> None:
    """The ten tables as Parquet, `<out>/<schema>/<table>/`."""
    for schema in ("marts", "as_at"):
        for table in COUNT_MARTS:
            session.table(f"{schema}.{table}").coalesce(1).write.mode("overwrite").parquet(str(out / schema / table))


def build(inputs: Path, work: Path, out: Path, threads: int, memory: str, with_unit_tests: bool = False) -> bool:
    """Seeds and models of the five marts on both boundaries; false when dbt failed (its log says where)."""
    command = ["build", "--resource-type", "seed", "--resource-type", "model"]
    command += ["--resource-type", "unit_test", "--exclude", BITWISE_UNIT_TEST] if with_unit_tests else []
    session = start_session(work, threads, memory)
    try:
        register_inputs(session, inputs)
        built = run_dbt(work, *command, "--select", *(f"+{model}" for model in MODELS))
        if built:
            write_marts(session, out)
        return built
    finally:
        session.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=Path, required=True, help="written by orchestration.build.spark.inputs")
    parser.add_argument("--work", type=Path, required=True, help="warehouse, metastore, logs; may be thrown away")
    parser.add_argument("--out", type=Path, required=True, help="the ten tables as Parquet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="2g")
    parser.add_argument("--unit-tests", action="store_true", help="run the models' dbt unit tests too")
    arguments = parser.parse_args()
    done = build(
        arguments.inputs.absolute(),
        arguments.work.absolute(),
        arguments.out.absolute(),
        arguments.threads,
        arguments.memory,
        arguments.unit_tests,
    )
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
