"""What other tools are told of a release: the semantic model and the Superset starter say what the tables and the catalogue say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml
from pydantic import SecretStr

from orchestration.foundation.settings import load_settings
from orchestration.publishing.bi_words import dimensions, headlines, ready_tables
from orchestration.publishing.marts import KEYS
from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.semantic_model import FILE, JOINS, semantic_model, semantic_model_text
from orchestration.publishing.superset import write_superset_export
from tests.postgres_server import postgres_server
from tests.publish.fixture_warehouse import declared_columns

URI = "duckdb:////somewhere/int_marts.duckdb?access_mode=read_only"


def parts(export: Path) -> dict[str, dict]:
    with zipfile.ZipFile(export) as opened:
        return {name.split("/", 1)[1]: yaml.safe_load(opened.read(name)) for name in opened.namelist()}


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    file = tmp_path_factory.mktemp("starter") / "superset.zip"
    write_superset_export(file, URI)
    return parts(file)


def test_the_semantic_model_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == semantic_model_text(), "run `make checks`"


def test_the_semantic_model_names_what_is_there() -> None:
    (model,) = semantic_model()["semantic_model"]
    declared = declared_columns()
    datasets = {dataset["name"]: dataset for dataset in model["datasets"]}
    assert set(datasets) == {table.name for table in (*ready_tables(), *dimensions())}
    for name, dataset in datasets.items():
        fields = [field["name"] for field in dataset["fields"]]
        assert fields == list(declared[dataset["source"].removeprefix("int_marts.")])
        assert tuple(dataset["primary_key"]) == KEYS[name]
        assert all(field["description"] for field in dataset["fields"])
        times = {field["name"] for field in dataset["fields"] if field.get("dimension", {}).get("is_time")}
        assert times == {
            name
            for name in fields
            if declared[dataset["source"].removeprefix("int_marts.")][name] in ("timestamp", "date")
        }
    for join in model["relationships"]:
        assert {join["from"], join["to"]} <= set(datasets)
        assert (join["to"], join["to_columns"][0]) in JOINS.values()
    assert len(model["metrics"]) > 20


def test_no_measure_adds_finished_figures_up(published_home: Path) -> None:
    """Each metric gives the one figure of one row, nothing of two; what may be summed is what the marts say."""
    file = published_home / "releases" / "current" / "int_marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as release:
        for table in ready_tables():
            keys = ", ".join(table.key)
            for metric in table.metrics:
                if metric.name.startswith("the_"):
                    column = metric.name.removeprefix("the_")
                    assert release.execute(
                        f"select {metric.expression} from {table.schema}.{table.name}"
                    ).fetchone() == (None,)
                    (wrong,) = release.execute(
                        f"select count(*) from (select {keys}, {metric.expression} as said, any_value({column}) as one "
                        f"from {table.schema}.{table.name} group by {keys}) where said is distinct from one"
                    ).fetchone()
                    assert wrong == 0, metric
        share, people = (
            next(m for t in ready_tables() for m in t.metrics if m.name == name)
            for name in ("readmission_share", "people")
        )
        said = release.execute(f"select {share.expression} from bi.readmissions_30_days").fetchone()[0]
        wanted = release.execute(
            "select 100.0 * sum(readmissions) / sum(discharges) from bi.readmissions_30_days where is_complete"
        ).fetchone()[0]
        assert said == pytest.approx(wanted)
        assert release.execute(f"select {people.expression} from bi.area_population").fetchone() == (None,)


def test_the_starter_hangs_together(starter: dict[str, dict]) -> None:
    database = starter["databases/int_marts.yaml"]
    assert database["sqlalchemy_uri"] == URI
    datasets = {part["uuid"]: part for name, part in starter.items() if name.startswith("datasets/")}
    charts = {part["uuid"]: part for name, part in starter.items() if name.startswith("charts/")}
    assert all(dataset["database_uuid"] == database["uuid"] for dataset in datasets.values())
    assert len(charts) == len(headlines()) + 2
    for chart in charts.values():
        dataset = datasets[chart["dataset_uuid"]]
        (query,) = json.loads(chart["query_context"])["queries"]
        assert set(query["columns"]) <= {column["column_name"] for column in dataset["columns"]}
        assert {f["col"] for f in query["filters"]} <= {column["column_name"] for column in dataset["columns"]}
        if dataset["table_name"] == "spc_chart":
            assert {"col": "is_complete", "op": "==", "val": True} in query["filters"]
        assert set(query["metrics"]) <= {metric["metric_name"] for metric in dataset["metrics"]}
    (dashboard,) = (part for name, part in starter.items() if name.startswith("dashboards/"))
    placed = [
        part["meta"]["uuid"]
        for part in dashboard["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(charts)


def test_the_same_words_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        write_superset_export(tmp_path / name, URI)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_command_follows_the_current_release(published_home: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "orchestration.cli",
            "superset",
            "--out",
            str(tmp_path / "s.zip"),
            "--home",
            str(published_home),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    uri = parts(tmp_path / "s.zip")["databases/int_marts.yaml"]["sqlalchemy_uri"]
    assert uri == f"duckdb:///{published_home.absolute()}/releases/current/int_marts.duckdb?access_mode=read_only"


# -- a real Superset ------------------------------------------------------------------------------------------------------------------

CONFIG = """
SECRET_KEY = "only-for-a-test-that-lasts-minutes"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
PREVENT_UNSAFE_DB_CONNECTIONS = False
TALISMAN_ENABLED = False
"""
READ_BACK = """
import json, sys
from superset.app import create_app
client = create_app().test_client()
login = dict(username="admin", password="admin", provider="db", refresh=False)
token = client.post("/api/v1/security/login", json=login).json["access_token"]
head = {"Authorization": "Bearer " + token}
found = {}
for chart in client.get("/api/v1/chart/?q=(page_size:100)", headers=head).json["result"]:
    answer = client.get(f"/api/v1/chart/{chart['id']}/data/", headers=head)
    assert answer.status_code == 200, (chart["slice_name"], answer.json)
    found[chart["slice_name"]] = answer.json["result"][0]["data"]
boards = client.get("/api/v1/dashboard/", headers=head).json["result"]
json.dump({"charts": found, "dashboards": [board["dashboard_title"] for board in boards]}, open(sys.argv[1], "w"), default=str)
"""


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment with Superset and its drivers. INT_MARTS_TEST_SUPERSET names one that is kept."""
    kept = os.environ.get("INT_MARTS_TEST_SUPERSET")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("superset") / "environment"
    if not (folder / "bin" / "superset").exists():
        venv.create(folder, with_pip=True)
        # 6.1 names neither rich nor cachetools, and does not run with a newer flask-caching
        wanted = [
            "apache-superset>=6.1,<7",
            "flask-caching<2.4",
            "rich",
            "cachetools",
            "duckdb-engine>=0.17",
            "psycopg2-binary",
        ]
        command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"Superset cannot be installed here: {done.stderr[-300:]}")
    return folder


@pytest.fixture
def served(published_home: Path) -> Iterator[str]:
    """The SQLAlchemy address of the published release in a PostgreSQL of the test's own."""
    with postgres_server() as socket_folder:
        dsn = SecretStr(f"host={socket_folder} user=int_marts dbname=postgres")
        publish_to_postgres(load_settings(home=published_home).model_copy(update={"postgres_dsn": dsn}))
        yield f"postgresql+psycopg2://int_marts@/postgres?host={socket_folder}"


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_superset_takes_the_starter_and_reads_the_figures_of_the_marts(
    engine: str, superset: Path, published_home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Imported by Superset's own command, then every chart read through its API: ICB lines, teams, readmissions."""
    file = (published_home / "releases" / "current" / "int_marts.duckdb").resolve()
    uri = f"duckdb:///{file}?access_mode=read_only" if engine == "duckdb" else request.getfixturevalue("served")
    write_superset_export(tmp_path / "starter.zip", uri)
    (tmp_path / "superset_config.py").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "read_back.py").write_text(READ_BACK)
    environment = {
        "PATH": f"{superset / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SUPERSET_CONFIG_PATH": str(tmp_path / "superset_config.py"),
        "FLASK_APP": "superset",
    }
    person = [
        "--username",
        "admin",
        "--firstname",
        "a",
        "--lastname",
        "b",
        "--email",
        "a@b.invalid",
        "--password",
        "admin",
    ]
    for command in (
        ["superset", "db", "upgrade"],
        ["superset", "fab", "create-admin", *person],
        ["superset", "init"],
        ["superset", "import-dashboards", "-p", "starter.zip", "-u", "admin"],
        ["python", "read_back.py", "found.json"],
    ):
        program = str(superset / "bin" / command[0])
        done = subprocess.run([program, *command[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["dashboards"] == ["INT indicators, starter"]
    assert len(found["charts"]) == len(headlines()) + 2
    with duckdb.connect(str(file), read_only=True) as release:
        for row in headlines():
            rows = found["charts"][f"{row['title']}, ICB ({row['unit']})"]
            wanted = release.execute(
                "select value, centre_line, numerator from bi.spc_chart where area_type = 'icb' and indicator_id = ? and is_complete "
                "order by month",
                [row["indicator_id"]],
            ).fetchall()
            assert [r["the_value"] for r in rows] == pytest.approx([value for value, _, _ in wanted], nan_ok=True), row[
                "title"
            ]
            assert [r["the_centre_line"] for r in rows] == pytest.approx(
                [centre for _, centre, _ in wanted], nan_ok=True
            )
        shares = {
            r["hcp_name"]: r["readmission_share"] for r in found["charts"]["Readmitted within 30 days, by partnership"]
        }
        assert shares == pytest.approx(
            dict(
                release.execute(
                    "select hcp_name, 100.0 * sum(readmissions) / sum(discharges) from bi.readmissions_30_days where is_complete group by 1"
                ).fetchall()
            )
        )
        teams = found["charts"]["Each team's headlines, newest complete month"]
        assert len(teams) == release.execute("select count(*) from bi.team_newest").fetchone()[0]
