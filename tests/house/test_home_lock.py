"""Two runs never write one home; the second says who holds it; a killed run leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orchestration.foundation.errors import Busy
from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Home

HOLDER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from orchestration.foundation.home_lock import hold
    from orchestration.foundation.settings import Home
    with hold(Home(root=Path(sys.argv[1])), purpose="refresh 2025-10"):
        print("held", flush=True)
        time.sleep(60)
""")


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    yield process
    process.kill()
    process.wait()


def test_the_second_run_is_told_who_holds_the_home(tmp_path: Path, holder: subprocess.Popen) -> None:
    with pytest.raises(Busy) as caught, hold(Home(root=tmp_path), purpose="publish"):
        pytest.fail("the home was held twice")
    assert "refresh 2025-10" in str(caught.value)
    assert str(holder.pid) in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_killed_holder_leaves_the_home_free(tmp_path: Path, holder: subprocess.Popen) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold(Home(root=tmp_path), purpose="publish"):
        pass


@pytest.mark.parametrize("left", ["warehouse/.scratch-check-1", "dbt/target/.build-1", "lake/.current.json.1-1.draft"])
def test_what_a_killed_run_left_is_swept_by_the_next(left: str, tmp_path: Path) -> None:
    (tmp_path / left).parent.mkdir(parents=True)
    if left.endswith(".draft"):
        (tmp_path / left).touch()
    else:
        (tmp_path / left / "run").mkdir(parents=True)
    with hold(Home(root=tmp_path), purpose="publish"):
        assert not (tmp_path / left).exists()


def test_the_command_leaves_with_five(tmp_path: Path, holder: subprocess.Popen) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from orchestration.cli import main; main()",
            "demo",
            "--people",
            "100",
            "--home",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5
    assert "another run holds this home" in done.stderr
