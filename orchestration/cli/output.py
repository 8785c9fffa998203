"""What people and machines see: a progress bar on a terminal, plain lines elsewhere, JSON when asked for."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.machine import machine_fault
from orchestration.foundation.progress import Reporter, use_reporter
from orchestration.foundation.settings import Settings
from orchestration.releases.listing import Release, readers_see

EXIT_STOPPED = 130


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
    except KeyboardInterrupt as stopped:
        finish(reporter)
        sys.stderr.write(with_notes("stopped; start again to go on", stopped) + "\n")
        sys.exit(EXIT_STOPPED)
    except Exception as error:
        finish(reporter)
        leave_with(error, as_json)
    finish(reporter)
    if as_json:
        sys.stdout.write(json.dumps({"ok": True, "exit_code": 0, **result}, default=str, sort_keys=True) + "\n")
    else:
        sys.stdout.write(show(result).rstrip() + "\n")
    sys.exit(0)


def finish(reporter: Reporter) -> None:
    if isinstance(reporter, BarReporter):
        reporter.close()


@contextmanager
def saying_what_readers_see(settings: Settings) -> Iterator[None]:
    """However what may publish is stopped or fails, the last word is what is published: it may have been done by then."""
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:
        with suppress(OSError, IntMartsError):
            error.add_note(readers_see(settings))
        raise


def with_notes(text: str, error: BaseException) -> str:
    return "\n".join([text, *getattr(error, "__notes__", [])])


def told(settings: Settings, release: Release, is_new: bool) -> dict[str, Any]:
    """What a person or a machine is told of a release; after a rollback or of an older delivery it is not the one that readers see."""
    return {
        "delivery": release.delivery,
        "release": release.release_id,
        "is_new": is_new,
        "folder": release.folder,
        "report": release.report,
        "rows": release.rows_by_table,
        "readers": readers_see(settings),
    }


def show_publication(result: dict[str, Any]) -> str:
    rows = result["rows"]
    width = max((len(name) for name in rows), default=0)
    lines = [f"  {name:<{width}}  {count:>12,}" for name, count in sorted(rows.items())]
    what = "published" if result["is_new"] else "nothing changed; the release stands as published"
    return "\n".join(
        [
            f"{what}: {result['release']} (delivery {result['delivery']})",
            "rows per table:",
            *lines,
            f"release  {result['folder']}",
            f"report   {result['report']}",
            result["readers"],
        ]
    )


def leave_with(error: Exception, as_json: bool) -> NoReturn:
    """The last words of a command that did not do what it was asked, and its exit code."""
    ending = error if isinstance(error, IntMartsError) else machine_fault(error) or unforeseen(error)
    text = with_notes(str(ending), error)
    if as_json:
        body = {"ok": False, "exit_code": ending.exit_code, "error": text, "kind": type(ending).__name__}
        body["problems"] = getattr(ending, "problems", [])
        body["check_ids"] = getattr(ending, "check_ids", [])
        sys.stdout.write(json.dumps(body, default=str, sort_keys=True) + "\n")
    sys.stderr.write(f"int-marts: {text}\n")
    sys.exit(ending.exit_code)


def unforeseen(error: Exception) -> IntMartsError:
    """A fault nobody foresaw: its kind and where it happened, never its message, which could quote a patient-level value."""
    if os.environ.get("INT_MARTS_DEBUG"):
        raise error
    trace = error.__traceback__
    where = "unknown"
    while trace:
        where = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return IntMartsError(
        f"a fault in the pipeline itself ({type(error).__name__} at {where}); set INT_MARTS_DEBUG=1 to see the whole trace"
    )
