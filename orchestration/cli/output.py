"""What people and machines see: a progress bar on a terminal, plain lines elsewhere, JSON when asked for."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from orchestration.foundation.errors import EXIT_FAULT, IntMartsError
from orchestration.foundation.machine import machine_fault
from orchestration.foundation.progress import Reporter, use_reporter


class PlainReporter(Reporter):
    """One line per finished step on standard error; for logs, schedulers and pipes."""

    def step_started(self, name: str) -> None: ...

    def step_finished(self, name: str, seconds: float) -> None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {name}  {seconds:.1f} s\n")
        sys.stderr.flush()

    def say(self, text: str) -> None:
        sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
        sys.stderr.flush()

    def warn(self, text: str) -> None:
        self.say(f"warning: {text}")


class BarReporter(Reporter):
    """A live list of steps on a terminal: a spinner for the running one, a tick and its seconds when it is done."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self.console = Console(stderr=True)
        self.progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self.console,
        )
        self.tasks: dict[str, Any] = {}
        self.progress.start()

    def step_started(self, name: str) -> None:
        self.tasks[name] = self.progress.add_task(name, total=None)

    def step_finished(self, name: str, seconds: float) -> None:
        if name in self.tasks:
            self.progress.update(self.tasks[name], total=1, completed=1)

    def say(self, text: str) -> None:
        self.progress.console.print(text, highlight=False)

    def warn(self, text: str) -> None:
        self.progress.console.print(f"[yellow]warning:[/] {text}", highlight=False)

    def close(self) -> None:
        self.progress.stop()


def run_command(as_json: bool, work: Callable[[], dict[str, Any]], show: Callable[[dict[str, Any]], str]) -> NoReturn:
    """Run one command and leave with its exit code. Results go to standard output, everything else to standard error."""
    bars = sys.stderr.isatty() and not as_json
    reporter = use_reporter(BarReporter() if bars else Reporter() if as_json else PlainReporter())
    try:
        result = work()
    except IntMartsError as error:
        finish(reporter)
        leave_with(error, as_json)
    except KeyboardInterrupt:
        finish(reporter)
        sys.stderr.write("stopped; nothing was published, start again to go on\n")
        sys.exit(130)
    except Exception as error:
        finish(reporter)
        leave_with_fault(error, as_json)
    finish(reporter)
    if as_json:
        sys.stdout.write(json.dumps({"ok": True, "exit_code": 0, **result}, default=str, sort_keys=True) + "\n")
    else:
        sys.stdout.write(show(result).rstrip() + "\n")
    sys.exit(0)


def finish(reporter: Reporter) -> None:
    if isinstance(reporter, BarReporter):
        reporter.close()


def leave_with(error: IntMartsError, as_json: bool) -> NoReturn:
    if as_json:
        body = {"ok": False, "exit_code": error.exit_code, "error": str(error), "kind": type(error).__name__}
        body["problems"] = getattr(error, "problems", [])
        body["check_ids"] = getattr(error, "check_ids", [])
        sys.stdout.write(json.dumps(body, default=str, sort_keys=True) + "\n")
    sys.stderr.write(f"int-marts: {error}\n")
    sys.exit(error.exit_code)


def leave_with_fault(error: Exception, as_json: bool) -> NoReturn:
    """A fault nobody foresaw: its kind and where it happened, never its message, which could quote a patient-level value."""
    if fault := machine_fault(error):
        leave_with(fault, as_json)
    trace = error.__traceback__
    where = "unknown"
    while trace:
        where = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    text = f"a fault in the pipeline itself ({type(error).__name__} at {where}); set INT_MARTS_DEBUG=1 to see the whole trace"
    if os.environ.get("INT_MARTS_DEBUG"):
        raise error
    leave_with(IntMartsError(text), as_json)


__all__ = ["EXIT_FAULT", "BarReporter", "PlainReporter", "run_command"]
