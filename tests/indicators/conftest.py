from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from orchestration.build.dbt_runtime import DBT_PROJECT_DIR
from orchestration.build.measure_unions import write_measure_unions
from orchestration.foundation.settings import PROJECT_ROOT, load_settings
from tests.indicators.harness import Bench, compiled_folder, run_dbt
from tests.indicators.world import write_world

NEW_MEASURE = """{{ additive_measures(
    events=ref('ae_attendances'),
    measures={'night_ae_attendances': "setting = 'ae_attendance' and is_unplanned and extract(hour from arrival_timestamp) < 7"}
) }}
"""
NEW_YAML = """version: 2
models:
  - name: night_attendance_measures
    description: A&E attendances at night.
"""


def copy_of_project(folder: Path) -> Path:
    """The project with one more measure file, one more catalogue row and one more cohort row."""
    project = folder / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(PROJECT_ROOT / "seeds", folder / "seeds")
    additive = project / "models" / "measures" / "additive"
    (additive / "night_attendance_measures.sql").write_text(NEW_MEASURE)
    (additive / "night_attendance_measures.yml").write_text(NEW_YAML)
    add_row(
        folder / "seeds" / "indicator_catalogue.csv",
        like="ae_type_1_attendances",
        indicator_id="night_ae_attendances",
        numerator_measure_id="night_ae_attendances",
        title="A&E attendances at night",
        cohorts="age",
    )
    add_row(
        folder / "seeds" / "cohorts.csv",
        like="age_65_plus",
        cohort_id="age_15_24",
        title="Aged 15 to 24",
        age_from="15",
        age_to="24",
    )
    assert write_measure_unions(project)
    return project


def add_row(path: Path, like: str, **changes: str) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    model = next(row for row in rows if like in row.values())
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, {**model, **changes}])


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(home, seeds) of a world built by the project with the additions."""
    folder = tmp_path_factory.mktemp("world")
    settings = load_settings(home=folder / "data")
    settings.paths.create()
    write_world(settings.paths.inputs_file)
    done = run_dbt(folder / "data", "build", "--exclude-resource-type", "unit_test", project=copy_of_project(folder))
    assert done.returncode == 0, done.stdout[-4000:]
    return folder / "data", folder / "seeds"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_folder(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def bench(compiled: Path) -> Bench:
    return Bench(compiled)
