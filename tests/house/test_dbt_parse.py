"""The project is compiled once for all homes, and again when it, or dbt, is another, or when what was left has changed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from orchestration.build import dbt_runtime
from orchestration.foundation.settings import Settings


@pytest.fixture
def parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of dbt's parse a writer of the files it leaves; each parse is noted, with the home it was for."""
    noted: list[str] = []

    def parse(arguments: list[str], environment: dict[str, str]) -> None:
        assert arguments[0] == "compile" and not environment[dbt_runtime.SAVED_PARSE_VARIABLE]
        noted.append(environment["INT_MARTS_WAREHOUSE_FILE"])
        target = Path(environment["DBT_TARGET_PATH"])
        target.mkdir()
        for name in dbt_runtime.COMPILED_FILES:
            (target / name).write_text(json.dumps({"nodes": {}, "compiled": len(noted)}))

    monkeypatch.setattr(dbt_runtime, "run_dbt", parse)
    monkeypatch.setattr(dbt_runtime, "KEPT", tmp_path / "build" / "compiled")
    return noted


def number(file: Path) -> int:
    """Which compilation wrote this file."""
    return json.loads(file.read_text())["compiled"]


def home(tmp_path: Path, name: str) -> Settings:
    return Settings(home=tmp_path / name)


def test_a_second_home_takes_the_parse_of_the_first(tmp_path: Path, parses: list[str]) -> None:
    first, second = (dbt_runtime.ensure_manifest(home(tmp_path, name)) for name in ("first", "second"))
    assert len(parses) == 1
    assert first != second and number(first) == number(second) == 1
    environment = dbt_runtime.parsed_environment(home(tmp_path, "second"))
    assert number(Path(environment[dbt_runtime.SAVED_PARSE_VARIABLE])) == 1


@pytest.mark.parametrize("changed", ["project_fingerprint", "version"])
def test_another_project_or_another_dbt_is_parsed_again(
    tmp_path: Path, parses: list[str], monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    dbt_runtime.ensure_manifest(home(tmp_path, "first"))
    monkeypatch.setattr(dbt_runtime, changed, lambda *_: "another")
    assert number(dbt_runtime.ensure_manifest(home(tmp_path, "first"))) == 2
    assert len(list((tmp_path / "build" / "compiled").iterdir())) == 1, "an older parse stays for nobody"


def test_where_nothing_can_be_kept_each_home_parses_for_itself(
    tmp_path: Path, parses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(dbt_runtime, "KEPT", tmp_path / "file" / "compiled")
    for name in ("first", "second"):
        dbt_runtime.ensure_manifest(home(tmp_path, name))
    assert len(parses) == 2


def test_a_kept_parse_that_cannot_be_read_is_made_again(tmp_path: Path, parses: list[str]) -> None:
    dbt_runtime.ensure_manifest(home(tmp_path, "first"))
    (kept,) = (tmp_path / "build" / "compiled").iterdir()
    (kept / dbt_runtime.COMPILED_FILES[1]).unlink()
    assert number(dbt_runtime.ensure_manifest(home(tmp_path, "second"))) == 2


@pytest.mark.parametrize("name", dbt_runtime.COMPILED_FILES)
def test_a_byte_changed_in_what_was_compiled_is_seen_and_mended(tmp_path: Path, parses: list[str], name: str) -> None:
    settings = home(tmp_path, "first")
    target = dbt_runtime.ensure_manifest(settings).parent
    for folder in (target, *(tmp_path / "build" / "compiled").iterdir()):
        (folder / name).write_text((folder / name).read_text().replace("1", "9"))
    assert number(dbt_runtime.ensure_manifest(settings)) == 2
    assert len(parses) == 2


@pytest.mark.slow
def test_dbt_takes_the_saved_parse_and_reads_no_file(parsed_home: Path, tmp_path: Path) -> None:
    """Given a project folder without models, dbt lists the models of the parse: with its own it would list none."""
    settings = Settings(home=parsed_home)
    project = tmp_path / "project"
    project.mkdir()
    for name in ("dbt_project.yml", "profiles.yml"):
        (project / name).write_text((dbt_runtime.DBT_PROJECT_DIR / name).read_text())
    environment = dbt_runtime.parsed_environment(settings)
    listed = {}
    for name, saved in (("saved", environment[dbt_runtime.SAVED_PARSE_VARIABLE]), ("own", "")):
        command = [dbt_runtime.dbt_executable(), "--quiet", "ls", "--resource-type", "model", "--output", "name"]
        command += ["--project-dir", str(project), "--profiles-dir", str(project)]
        told = {
            **dbt_runtime.dbt_environment(settings),
            dbt_runtime.SAVED_PARSE_VARIABLE: saved,
            "DBT_TARGET_PATH": str(tmp_path / name),
        }
        done = subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True)
        listed[name] = set(done.stdout.split())
    manifest = json.loads(dbt_runtime.manifest_path(settings).read_text())
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    assert listed["saved"] == models
    assert not listed["own"] & models
