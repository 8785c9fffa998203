"""How a running pipeline talks to people: one reporter per process, set by the command line, silent by default.

Steps call `say` and `step`; the command line decides whether that becomes a progress bar, plain lines or JSON.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.foundation.errors import IntMartsError

log = logging.getLogger("int_marts")


class Reporter:
    """Collects what happened in this process; subclasses show it."""

    def __init__(self) -> None:
        self.seconds_by_step: dict[str, float] = {}
        self.failures: list[IntMartsError] = []

    def say(self, text: str) -> None:
        log.info(text)

    def warn(self, text: str) -> None:
        log.warning(text)

    def step_started(self, name: str) -> None:
        log.info("%s …", name)

    def step_finished(self, name: str, seconds: float) -> None:
        log.info("%s done in %.1f s", name, seconds)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        self.step_started(name)
        try:
            yield
        except IntMartsError as error:
            self.failures.append(error)
            raise
        finally:
            seconds = time.monotonic() - started
            self.seconds_by_step[name] = self.seconds_by_step.get(name, 0.0) + seconds
            self.step_finished(name, seconds)


_reporter = Reporter()


def reporter() -> Reporter:
    return _reporter


def use_reporter(new: Reporter) -> Reporter:
    global _reporter
    _reporter = new
    return new
