"""`int-marts new` writes an indicator, a cohort and a feed into a copy of the project, `int-marts checks` all that follows."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.cli.additions import new_cohort, new_feed, new_indicator
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import PROJECT_ROOT
from tests.indicators.conftest import NEW_MEASURE

INDICATOR = (
    "new", "indicator", "night_ae_attendances", "--like", "ae_attendances_unplanned", "--events", "ae_attendances",
    "--where", "setting = 'ae_attendance' and is_unplanned and extract(hour from arrival_timestamp) < 7",
    "--title", "A&E attendances at night", "--short-title", "A&E at night",
    "--definition", "Unplanned A&E visits between midnight and seven, for every 1,000 people on the list.",
    "--numerator", "Unplanned attendances that arrive before seven", "--limitations", "An arrival without a time is not seen.",
)  # fmt: skip
COHORT = (
    "new", "cohort", "age_15_24", "--title", "Aged 15 to 24", "--description", "Young people.",
    "--kind", "age", "--age-from", "15", "--age-to", "24",
)  # fmt: skip
FEED = (
    "new", "feed", "virtual_wards", "--title", "Virtual ward stays", "--key", "stay_id", "--coverage-date", "start_date",
    "--columns", "stay_id:code, person_id:person, practice_code:practice, start_date:date, end_date:date, age_years:age, sex:sex",
)  # fmt: skip


def copy_of_project(folder: Path) -> Path:
    left_out = shutil.ignore_patterns("target", "logs", "__pycache__", ".venv*", ".git", "data")
    for part in ("orchestration", "dbt_project", "seeds", "expectations", "docs", "deploy", "tests/house"):
        shutil.copytree(PROJECT_ROOT / part, folder / part, ignore=left_out)
    for part in ("pyproject.toml", "requirements.lock", "workspace.yaml"):
        shutil.copy(PROJECT_ROOT / part, folder / part)
    return folder


def run_in(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(project), "INT_MARTS_HOME": str(project.parent / "data")}
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def written(project: Path) -> dict[str, bytes]:
    """What is in it, but for what machines keep for themselves (compiled Python and compiled dbt)."""
    own = {"__pycache__", "build"}
    files = [
        path for path in project.rglob("*") if path.is_file() and not own & set(path.relative_to(project).parts[:-1])
    ]
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], dict[str, bytes]]:
    """The project, its files before anything, and after the three commands but before `checks`."""
    project = copy_of_project(tmp_path_factory.mktemp("new") / "project")
    before = written(project)
    for command in (INDICATOR, COHORT, FEED):
        done = run_in(project, *command)
        assert done.returncode == 0, done.stderr[-2000:]
    after = written(project)
    done = run_in(project, "checks")
    assert done.returncode == 0, done.stderr[-3000:]
    return project, before, after


@pytest.mark.slow
def test_an_indicator_is_two_files_a_cohort_one_and_a_feed_its_contract_suite_and_model(added) -> None:
    _, before, after = added
    new_files = {name for name in after if name not in before}
    assert new_files == {
        "dbt_project/models/measures/additive/night_ae_attendances_measures.sql",
        "orchestration/contracts/virtual_wards.yaml",
        "expectations/feeds/virtual_wards.json",
        "dbt_project/models/staging/stg_virtual_wards__records.sql",
        "dbt_project/models/staging/stg_virtual_wards__records.yml",
    }
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"seeds/indicator_catalogue.csv", "seeds/cohorts.csv", "dbt_project/models/staging/_sources.yml"}
    assert after["dbt_project/models/measures/additive/night_ae_attendances_measures.sql"].decode() == NEW_MEASURE
    for seed in ("seeds/indicator_catalogue.csv", "seeds/cohorts.csv"):
        assert after[seed].startswith(before[seed]), "other rows keep their bytes"


@pytest.mark.slow
def test_checks_writes_everything_that_follows(added) -> None:
    """It has compiled the project, so dbt takes what was added; and one command leaves nothing behind."""
    project, _, after = added
    now = written(project)
    follows = {name for name in now if now[name] != after.get(name)}
    assert follows == {
        "dbt_project/models/measures/additive/night_ae_attendances_measures.yml",
        "dbt_project/models/measures/additive_cells.sql",
        "docs/indicators.md",
        "expectations/checks.yml",
        "tests/house/keys.txt",
    }
    registry = now["expectations/checks.yml"].decode()
    for check in ("dbt.grain__night_ae_attendances_measures", "accept.virtual_wards.has_rows"):
        assert check in registry
    keys = now["tests/house/keys.txt"].decode().splitlines()
    assert {"asset lake/virtual_wards", "asset measures/night_ae_attendances_measures"} <= set(keys)
    page = now["docs/indicators.md"].decode()
    assert "### A&E attendances at night" in page
    assert "| `age_15_24` | Aged 15 to 24 |" in page
    again = run_in(project, "checks")
    assert again.returncode == 0
    assert written(project) == now


@pytest.mark.slow
def test_the_new_feed_takes_a_file(added) -> None:
    project, _, _ = added
    landing = project.parent / "data" / "landing" / "2025-10"
    landing.mkdir(parents=True)
    (landing / "delivery.yaml").write_text("required_feeds: [virtual_wards]\n")
    rows = ["STAY_ID,PERSON_ID,PRACTICE_CODE,START_DATE,END_DATE,AGE_YEARS,SEX"]
    rows += [f"S{n},{n:032X},Z10001,2025-10-{n:02d},2025-10-20,80,2" for n in range(1, 13)]
    (landing / "virtual_wards.csv").write_text("\n".join(rows) + "\n")
    done = run_in(project, "check", "2025-10")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "2025-10 would be taken" in done.stdout


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """As much of a project as the commands touch."""
    for part in ("seeds", "orchestration/contracts", "expectations/feeds"):
        shutil.copytree(PROJECT_ROOT / part, tmp_path / part)
    for part in ("intermediate", "staging", "measures"):
        shutil.copytree(PROJECT_ROOT / "dbt_project/models" / part, tmp_path / "dbt_project/models" / part)
    return tmp_path


WORDS = {"title": "T", "short_title": "Something new", "definition": "D", "numerator": "N", "known_limitations": "L"}


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (lambda p: new_indicator("Night", "emergency_admissions", "admissions", "true", WORDS, p), "small letters"),
        (
            lambda p: new_indicator("emergency_admissions", "all_visits", "admissions", "true", WORDS, p),
            "there already",
        ),
        (lambda p: new_indicator("night_one", "emergency_admission", "admissions", "true", WORDS, p), "did you mean"),
        (lambda p: new_indicator("night_one", "all_visits", "no_such_events", "true", WORDS, p), "no event model"),
        (lambda p: new_indicator("night_one", "smoking_pct", "admissions", "true", WORDS, p), "by hand"),
        (lambda p: new_indicator("night_one", "all_visits", "admissions", 'a = "b"', WORDS, p), "single"),
        (
            lambda p: new_indicator(
                "night_one", "all_visits", "admissions", "true", {**WORDS, "short_title": "GP referrals"}, p
            ),
            "nobody else's",
        ),
        (lambda p: new_cohort("age_65_plus", {"kind": "age", "age_from": "65"}, p), "there already"),
        (lambda p: new_cohort("young", {"kind": "age"}, p), "needs age_from"),
        (lambda p: new_cohort("young", {"kind": "person_list"}, p), "person_cohorts"),
        (lambda p: new_feed("deaths", "Deaths", "a", "b", {"a": "code", "b": "date"}, p), "there already"),
        (lambda p: new_feed("wards", "Wards", "a", "c", {"a": "code", "b": "date"}, p), "not among the columns"),
        (lambda p: new_feed("wards", "Wards", "a", "b", {"a": "code", "b": "day"}, p), "no type"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(small: Path, refused, why: str) -> None:
    before = written(small)
    with pytest.raises(UsageError, match=why):
        refused(small)
    assert written(small) == before


def test_a_new_row_stands_in_its_theme_at_a_place_of_its_own(small: Path) -> None:
    new_indicator("night_one", "ae_attendances_unplanned", "ae_attendances", "true", WORDS, small)
    with (small / "seeds/indicator_catalogue.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["display_order"]))
    names = [row["indicator_id"] for row in rows]
    assert names.index("night_one") == names.index("ae_attendances_unplanned") + 1
    assert len({row["display_order"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("options", "answers", "row"),
    [
        ((), "Young\nPeople.\nage\n15\n24\n", "young,Young,People.,age,15,24,,,"),
        ((), "Old\nPeople.\nage\n85\n\n", "young,Old,People.,age,85,,,,"),
        ((), "Women\nPeople.\nsex\nfemale\n", "young,Women,People.,sex,,,female,,"),
        (("--kind", "imd_quintile"), "Poor\nPeople.\n1\n", "young,Poor,People.,imd_quintile,,,,1,"),
        (("--kind", "age", "--age-from", "85"), "Old\nPeople.\n", "young,Old,People.,age,85,,,,"),
    ],
)
def test_a_cohort_is_asked_for_what_its_kind_needs(small: Path, options, answers: str, row: str) -> None:
    from typer.testing import CliRunner

    from orchestration.cli.adding import new

    done = CliRunner().invoke(new, ["cohort", "young", "--project", str(small), *options], input=answers)
    assert done.exit_code == 0, done.output
    assert (small / "seeds/cohorts.csv").read_text().splitlines()[-1].startswith(row)
