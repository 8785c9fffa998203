"""The other Python environment, where Spark lives."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ..conftest import PROJECT_ROOT

SPARK_PYTHON = PROJECT_ROOT / ".venv-spark" / "bin" / "python"


def require_spark() -> None:
    """Skip, saying why, where Spark cannot be started."""
    if not SPARK_PYTHON.exists():
        pytest.skip("no .venv-spark beside the project: `make test-spark` sets it up from requirements-spark.lock")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java on this machine: Spark 3.5 needs Java 8, 11 or 17")


def run(python: Path | str, *arguments: str, work: Path) -> None:
    """Run a module of this project in one of the two environments; its last words are the message when it fails."""
    work.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "SPARK_LOCAL_IP": "127.0.0.1"}
    # Derby writes its log into the working directory
    done = subprocess.run([str(python), "-m", *arguments], capture_output=True, text=True, env=environment, cwd=work)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
