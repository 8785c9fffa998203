"""The attack on the gate (`make attack`): faults planted one at a time, and the score that `docs/gate_score.md` keeps.

`make test` runs the machinery faults (they need no pipeline); `make attack` all of them. A fault that contract, acceptance or the checks of
landed data shut needs no build; only what passes them goes through a whole refresh. With `INT_MARTS_ATTACK_HOME` the clean home and the
outcomes stay there, so that a run that was stopped goes on where it was, as long as the code is the same.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from orchestration.foundation.code_version import code_fingerprint
from orchestration.foundation.errors import Busy
from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Settings
from orchestration.landing.deliveries import find_delivery
from tests.quality.attack.finer_faults import DATA_FAULTS
from tests.quality.attack.machinery_faults import MACHINERY_FAULTS
from tests.quality.attack.score import SURVIVORS_BY_DESIGN, Outcome, write_score
from tests.quality.attack.stages import PROJECT_ROOT, attack, refresh, stop
from tests.quality.build import Build

# large enough that half of a provider's month is more than chance
PEOPLE, MONTHS, DELIVERIES, SEED = 20_000, 16, 2, 11
SAMPLE = ("map: a team lost", "list: sexes swapped", "outpatients: dates moved by a day")
SCORE_FILE = PROJECT_ROOT / "docs" / "gate_score.md"


@pytest.fixture(scope="module")
def clean_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with clean deliveries, the newest refreshed and published. `INT_MARTS_ATTACK_HOME` names one made before."""
    given = os.environ.get("INT_MARTS_ATTACK_HOME")
    home = Path(given) if given else tmp_path_factory.mktemp("attack") / "data"
    if not (home / "landing").exists():
        from orchestration.synthetic import write_demo

        settings = Settings(home=home)
        settings.paths.create()
        write_demo(settings.paths.landing, people=PEOPLE, months=MONTHS, deliveries=DELIVERIES, seed=SEED)
    if not (home / "warehouse" / "warehouse.duckdb").exists():
        assert refresh(home) == [], "the clean home was not published"
    return home


@pytest.mark.parametrize("fault", sorted(MACHINERY_FAULTS))
def test_a_fault_in_the_machinery_is_shut(build: Build, fault: str) -> None:
    MACHINERY_FAULTS[fault](build)
    verdict = build.judge()
    assert verdict.is_open == (fault in SURVIVORS_BY_DESIGN)
    assert verdict.is_open or all(result.message and result.what_to_do for result in verdict.shut_by)


def test_two_runs_at_once(build: Build) -> None:
    with hold(build.settings.paths, "first"), pytest.raises(Busy, match="first"), hold(build.settings.paths, "second"):
        pass


@pytest.mark.attack
def test_a_clean_copy_is_not_shut(clean_home: Path, tmp_path: Path) -> None:
    shutil.copytree(clean_home, tmp_path / "data", symlinks=True)
    settings = Settings(home=tmp_path / "data")
    assert stop(settings, find_delivery(settings.paths).name) == ("gate", [])


@pytest.mark.attack
@pytest.mark.parametrize("fault", SAMPLE)
def test_a_sampled_fault_is_shut(clean_home: Path, tmp_path: Path, fault: str) -> None:
    assert attack(clean_home, tmp_path, fault, whole=False).is_shut


def data_outcomes(clean_home: Path, workspace: Path) -> list[Outcome]:
    """One after the other, each noted as soon as it is known."""
    noted = clean_home.parent / f"gate_score_{code_fingerprint()[:16]}.jsonl"
    lines = noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []
    known = {outcome.fault: outcome for outcome in map(Outcome.model_validate_json, lines)}
    for fault in sorted(DATA_FAULTS.keys() - known.keys()):
        known[fault] = attack(clean_home, workspace, fault)
        with noted.open("a", encoding="utf-8") as file:
            file.write(known[fault].model_dump_json() + "\n")
    return [known[fault] for fault in sorted(DATA_FAULTS)]


@pytest.mark.attack
def test_gate_score(clean_home: Path, tmp_path: Path, build: Build) -> None:
    """Every data fault, and the score of all faults written to the docs; at least 95 % shut, every survivor named."""
    # beside the small build of the other fixture
    workspace = tmp_path / "attack"
    workspace.mkdir()
    outcomes = data_outcomes(clean_home, workspace)
    for fault, plant in MACHINERY_FAULTS.items():
        root = build.expectations.parent / "again"
        fresh = Build.checked(root)
        plant(fresh)
        outcomes.append(
            Outcome(
                fault=fault, group="machinery", stage="gate", by=sorted({r.check_id for r in fresh.judge().shut_by})
            )
        )
        shutil.rmtree(root)
    outcomes.append(
        Outcome(
            fault="two runs at once",
            group="machinery",
            stage="lock",
            by=["exit code 5, the second is told who holds it"],
        )
    )
    heading = (
        f"Written by `make attack`: {PEOPLE:,} people, {MONTHS} months, {DELIVERIES} deliveries, seed {SEED}; "
        f"{len(outcomes)} faults. Faults in the code are scored apart, in [code_faults_score.md](code_faults_score.md)."
    )
    write_score(SCORE_FILE, outcomes, heading)
    shut = sum(outcome.is_shut for outcome in outcomes)
    assert len(outcomes) >= 60 and shut >= 0.95 * len(outcomes), [o.fault for o in outcomes if not o.is_shut]
