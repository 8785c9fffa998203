"""`int-marts ui`: Dagster's webserver and daemon on this home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from orchestration.instance import close_dead_runs, open_instance, prepare_instance, register_deliveries
from orchestration.settings import PROJECT_ROOT, Settings

# `dg dev` would need a project layout of its own; the warning in front of every start tells nobody here anything
QUIET_DEV_COMMAND = "ignore:Function `dev_command` is superseded"


def open_ui(settings: Settings, port: int, read_only: bool, prepare_only: bool) -> None:
    """Prepare Dagster's storage in the home, then serve on 127.0.0.1 until stopped. A viewer's server writes nothing."""
    environment = {**os.environ, "PYTHONWARNINGS": QUIET_DEV_COMMAND, **prepare_instance(settings)}
    if not read_only:
        with open_instance(settings) as instance:
            register_deliveries(instance, settings)
            close_dead_runs(instance, settings)
    if prepare_only:
        return
    binaries = Path(sys.executable).parent
    workspace = ["-w", str(PROJECT_ROOT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    command = (
        [str(binaries / "dagster-webserver"), "--read-only", *workspace]
        if read_only
        else [str(binaries / "dagster"), "dev", *workspace]
    )
    if os.name == "posix":
        # this very process becomes Dagster, so that whoever stops it stops Dagster and its children, and not only the starter
        os.chdir(PROJECT_ROOT)
        # whoever starts it in the background of a script has the interrupt ignored, and Dagster then ignores SIGTERM as well
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execve(command[0], command, environment)
    raise SystemExit(subprocess.run(command, env=environment, cwd=PROJECT_ROOT).returncode)
