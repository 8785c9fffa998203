"""`int-marts ui`: Dagster's webserver and daemon on this home, until someone stops them; then nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestration.cli.options import HomeOption, settings_for
from orchestration.cli.output import leave_with
from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.graph.automation import build_schedule
from orchestration.graph.instance import (
    cancel_runs,
    close_dead_runs,
    open_instance,
    prepare_instance,
    register_deliveries,
)

# `dg dev` would need a project layout of its own; the warning in front of every start tells nobody here anything
QUIET_DEV_COMMAND = "ignore:Function `dev_command` is superseded"
# A run that is cancelled ends its step's query and writes its last words.
POLITE_SECONDS = 60


def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
    read_only: Annotated[bool, typer.Option("--read-only", help="For viewers: nothing can be started.")] = False,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Only prepare the home (dagster.yaml, deliveries), for a service.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Open Dagster on this home, on this machine only. Deliveries in landing can be picked there at once."""
    try:
        open_ui(settings_for(home), port, read_only=read_only, prepare_only=prepare_only)
    except Exception as error:
        leave_with(error, as_json=False)


def open_ui(settings: Settings, port: int, read_only: bool, prepare_only: bool) -> None:
    """Prepare Dagster's storage in the home, then serve on 127.0.0.1 until stopped. A viewer's server writes nothing."""
    build_schedule(settings)  # which refuses a cron string or a time zone that is none
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
        raise SystemExit(serve(command, environment, settings, read_only))
    raise SystemExit(subprocess.run(command, env=environment, cwd=PROJECT_ROOT).returncode)


def serve(command: list[str], environment: dict[str, str], settings: Settings, read_only: bool) -> int:
    """Run it in a group of processes of its own. Asked to stop (Ctrl-C, SIGTERM, a closed terminal), cancel the runs and end the group."""

    def stop_asked(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    # also where the interrupt is ignored, as a shell does to what a script puts in the background
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, stop_asked)
    process = subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(asked, signal.SIG_IGN)
        if not read_only:
            with open_instance(settings) as instance:
                cancel_runs(instance)
        return 0
    finally:
        end_group(process)


def end_group(process: subprocess.Popen) -> None:
    """The interrupt, as from the keyboard, for every process of the group; SIGKILL for what is still there after a minute."""
    for asked, seconds in ((signal.SIGINT, POLITE_SECONDS), (signal.SIGKILL, POLITE_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, asked)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            process.poll()
            # as the first process of a container this one inherits the orphans
            with suppress(ChildProcessError):
                os.waitpid(-process.pid, os.WNOHANG)
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.2)
