"""Backup and restore: the drill that the docs ask for, on a small home. A restored home gives the same figures to the last bit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Home
from tests.conftest import PROJECT_ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("flock"), reason="deploy/backup.sh needs flock (util-linux)"),
]
DEPLOY = PROJECT_ROOT / "deploy"


def backup(home: Path, target: Path, wait_seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(DEPLOY / "backup.sh"), str(home), str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=wait_seconds)


def drill(copy: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, str(DEPLOY / "restore_drill.py"), str(copy), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def small_home(root: Path) -> Home:
    home = Home(root=root)
    home.create()
    (home.landing / "2025-10").mkdir()
    (home.landing / "2025-10" / "deaths.csv").write_text("PERSON_ID\n")
    (home.lake / "can_be_made_again").write_text("rows")
    (home.releases / "2025-10.1").mkdir()
    (home.releases / "2025-10.1" / "release.json").write_text("{}")
    (home.releases / "current").symlink_to("2025-10.1")
    home.waivers_file.write_text("[]\n")
    return home


@pytest.mark.soak
def test_a_restored_home_gives_the_same_figures(published_home: Path, tmp_path: Path) -> None:
    copied = backup(published_home, tmp_path / "backup")
    assert copied.returncode == 0, copied.stderr
    done = drill(tmp_path / "backup", tmp_path / "drill")
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "all the same" in done.stdout


def test_what_cannot_be_made_again_is_copied_and_nothing_else(tmp_path: Path) -> None:
    small_home(tmp_path / "data")
    done = backup(tmp_path / "data", tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in (tmp_path / "backup").iterdir())
    assert kept == ["SHA256SUMS", "landing", "releases", "releases_public", "waivers.yml"]
    assert (tmp_path / "backup" / "releases" / "current").is_symlink()
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    again = backup(tmp_path / "data", tmp_path / "backup")
    assert again.returncode == 2
    assert "name a new folder" in again.stderr


def test_a_backup_waits_for_a_run_and_a_run_is_told_of_the_backup(tmp_path: Path) -> None:
    home = small_home(tmp_path / "data")
    with hold(home, purpose="a refresh"), pytest.raises(subprocess.TimeoutExpired):
        backup(home.root, tmp_path / "backup", wait_seconds=2)
    assert not (tmp_path / "backup").exists()
    assert backup(home.root, tmp_path / "backup", wait_seconds=30).returncode == 0


def test_a_changed_file_ends_the_drill_with_its_name(tmp_path: Path) -> None:
    small_home(tmp_path / "data")
    assert backup(tmp_path / "data", tmp_path / "backup").returncode == 0
    (tmp_path / "backup" / "landing" / "2025-10" / "deaths.csv").write_text("PERSON_ID\nsomeone\n")
    done = drill(tmp_path / "backup", tmp_path / "drill")
    assert done.returncode == 1
    assert "landing/2025-10/deaths.csv is not what was backed up" in done.stderr
