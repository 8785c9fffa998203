"""The UI of one home, started as a person starts it, and the few GraphQL questions that the tests ask it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT_ROOT

START_SECONDS = 300
RUN_SECONDS = 1200
FINISHED = ("SUCCESS", "FAILURE", "CANCELED")
LOCATION = "orchestration.definitions"
STEP_FAILURES = """
query($id: ID!, $after: String) { logsForRun(runId: $id, afterCursor: $after) { ... on EventConnection {
  cursor hasMore events { ... on ExecutionStepFailureEvent { stepKey failureMetadata { description } } } } } }
"""


@dataclass(frozen=True)
class DagsterServer:
    """One running UI. `ask` raises `AssertionError` when GraphQL answers with errors."""

    port: int
    process: subprocess.Popen
    home: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def newest_run(self) -> str | None:
        found = self.ask("{ runsOrError(limit: 1) { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
        return found[0]["runId"] if found else None

    def status(self, run: str) -> str:
        return self.ask("query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run)["runOrError"][
            "status"
        ]

    def ended(self, run: str) -> str:
        return wait_for(
            lambda: status if (status := self.status(run)) in FINISHED else None, RUN_SECONDS, "the run's end"
        )

    def failure_words(self, run: str) -> list[str]:
        """The description of every failed step of a run: what its first screen says."""
        words, cursor, more = [], None, True
        while more:
            page = self.ask(STEP_FAILURES, id=run, after=cursor)["logsForRun"]
            words += [e["failureMetadata"]["description"] for e in page["events"] if e.get("failureMetadata")]
            cursor, more = page["cursor"], page["hasMore"]
        return words

    def materialise(self, asset: list[str], delivery: str) -> str:
        """Start a run of one asset alone, as the button on its page does; returns the run."""
        parameters = {
            "selector": {
                "repositoryName": "__repository__",
                "repositoryLocationName": LOCATION,
                "jobName": "refresh",
                "assetSelection": [{"path": asset}],
                "assetCheckSelection": [],
            },
            "mode": "default",
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": delivery}]},
        }
        mutation = (
            "mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename "
            "... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"
        )
        return self.ask(mutation, p=parameters)["launchRun"]["run"]["runId"]

    def cancel(self, run: str) -> None:
        """As the button on a run's page does."""
        mutation = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
        assert self.ask(mutation, id=run)["terminateRun"]["__typename"] == "TerminateRunSuccess"

    def processes(self) -> list[int]:
        """Every process that works on this UI's home, whoever started it and whatever group it is in."""
        mark, found = f"DAGSTER_HOME={self.home.absolute() / 'dagster'}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found


def wait_for(look: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(2)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def dagster_ui(home: Path, log: Path, in_background: bool = False) -> Iterator[DagsterServer]:
    """`int-marts ui` on a free port; stopped with everything it started.

    `in_background`: with the interrupt ignored, as a shell starts what a script puts behind itself.
    """
    port = free_port()
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", "ui", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--home", str(home)], cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=output,
            preexec_fn=ignore_interrupts if in_background else None,
        )  # fmt: skip
        server = DagsterServer(port, process, home)

        def is_loaded() -> bool:
            assert process.poll() is None, f"the UI ended: {log.read_text()[-2000:]}"
            try:
                query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
                entries = server.ask(query)["workspaceOrError"]["locationEntries"]
            except OSError:
                return False
            return [entry["loadStatus"] for entry in entries] == ["LOADED"]

        try:
            wait_for(is_loaded, START_SECONDS, "the code location")
            yield server
        finally:
            stop(server)


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop(server: DagsterServer) -> None:
    """As a person does; and nothing is left for the next test, whatever went wrong."""
    server.process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        server.process.wait(150)
    for left in server.processes():
        with suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    server.process.wait(30)
