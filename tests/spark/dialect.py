"""Asks one engine for the value of every case of `dialect_cases.yml`, in one dbt command.

    python -m tests.spark.dialect <duckdb|spark> <work folder> <answers.json>

Runs in either environment, so it imports dbt, PyYAML and, for Spark, the session of `orchestration.build.spark.build` only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from orchestration.build.spark.build import PROJECT_DIR, start_session

CASES_FILE = Path(__file__).with_name("dialect_cases.yml")
# a time of day has no type on Spark: there it is text (docs/past-one-machine.md)
TIME_OF_DAY = {"duckdb": "time", "spark": "string"}


def query(cases: list[dict], engine: str) -> str:
    """One row per case (per row of its answer): its number and the value as text."""
    parts = []
    for number, case in enumerate(cases):
        if "query" in case:
            source = f"({case['query']}) as answers (answer)"
        else:
            source = f"(select {{{{ {case['expression']} }}}} as answer) as answers"
        parts.append(
            f"select {number} as case_number, cast(answer as {{{{ dbt.type_string() }}}}) as answer from {source}"
        )
    return "\nunion all\n".join(parts).replace("as time_of_day", f"as {TIME_OF_DAY[engine]}")


def ask(engine: str, work: Path) -> list[list]:
    from dbt.cli.main import dbtRunner

    cases = yaml.safe_load(CASES_FILE.read_text())
    session = start_session(work, threads=1, memory="2g") if engine == "spark" else None
    try:
        arguments = ["--quiet", "show", "--inline", query(cases, engine), "--limit", "-1", "--target", engine]
        arguments += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
        arguments += ["--target-path", str(work / "target"), "--log-path", str(work / "logs")]
        done = dbtRunner().invoke(arguments)
        if not done.success:
            raise SystemExit(f"dbt failed on {engine}: {done.exception or done.result.results[0].message}")
        return [[int(number), answer] for number, answer in done.result.results[0].agate_table.rows]
    finally:
        if session is not None:
            session.stop()


def main() -> None:
    engine, work, answers = sys.argv[1:]
    Path(answers).write_text(json.dumps(ask(engine, Path(work)), default=str))


if __name__ == "__main__":
    main()
