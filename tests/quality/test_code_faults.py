"""The attack on the code (`make attack`): faults planted one at a time in a copy of the tree, and the score in `docs/code_faults_score.md`.

`make test` only looks that every fault can still be planted. With `INT_MARTS_ATTACK_CODE=<folder>` outcomes are kept there, and a fault
is not tried again while its file and the tests that should see it are as they were.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.quality.attack.all_code_faults import CODE_FAULTS
from tests.quality.attack.code_faults import CodeFault
from tests.quality.attack.code_score import write_code_score
from tests.quality.attack.planted_code import PROJECT_ROOT, CodeOutcome, CopiedTree, stands_on

KEPT_VARIABLE = "INT_MARTS_ATTACK_CODE"
SCORE_FILE = PROJECT_ROOT / "docs" / "code_faults_score.md"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CopiedTree:
    return CopiedTree(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get(KEPT_VARIABLE)
    folder = Path(given) if given else tmp_path_factory.mktemp("outcomes")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_every_fault_can_be_planted() -> None:
    """Its text stands exactly once in today's code, and the tests that should see it are there."""
    assert len(CODE_FAULTS) >= 40
    assert len({fault.name for fault in CODE_FAULTS}) == len(CODE_FAULTS)
    for fault in CODE_FAULTS:
        assert (PROJECT_ROOT / fault.file).read_text(encoding="utf-8").count(fault.text) == 1, fault.name
        assert fault.text != fault.instead and fault.tests, fault.name
        for test in fault.tests:
            file, function = test.split("::")
            assert f"def {function.split('[')[0]}(" in (PROJECT_ROOT / file).read_text(encoding="utf-8"), fault.name


@pytest.mark.attack
def test_the_unharmed_copy_passes(tree: CopiedTree) -> None:
    chosen = tuple(sorted({test for fault in CODE_FAULTS for test in fault.tests}))
    outcome = tree.run("none", "", chosen)
    assert (outcome.seen_by, outcome.errors) == ([], 0)
    assert outcome.passed >= len(chosen)


@pytest.mark.attack
@pytest.mark.parametrize("fault", CODE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_the_code_is_seen(tree: CopiedTree, kept: Path, fault: CodeFault) -> None:
    note = kept / f"{stands_on(fault)}.json"
    if not note.exists():
        note.write_text(tree.try_fault(fault).model_dump_json(), encoding="utf-8")
    assert CodeOutcome.model_validate_json(note.read_text(encoding="utf-8")).is_seen


@pytest.mark.attack
def test_score_of_the_code(kept: Path) -> None:
    """Written from what the tests above found; every fault was tried."""
    notes = {fault.name: kept / f"{stands_on(fault)}.json" for fault in CODE_FAULTS}
    outcomes = [
        CodeOutcome.model_validate_json(note.read_text(encoding="utf-8")) for note in notes.values() if note.exists()
    ]
    write_code_score(SCORE_FILE, outcomes)
    assert len(outcomes) == len(CODE_FAULTS)
