"""Whole processes, timed and weighed from outside."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Timing:
    """One whole process: wall and processor seconds, and the largest resident size of it or of any child, in MB."""

    name: str
    people: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


class PeakWatcher:
    """The largest resident size any single process below `pid` ever had: the kernel's own high-water mark, read ten times a second."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak_mb, self.done = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _below(self, pid: int) -> list[int]:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return []
        return [pid, *(grandchild for child in children for grandchild in self._below(int(child)))]

    def _watch(self) -> None:
        while not self.done.wait(0.1):
            for pid in self._below(self.pid):
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                high = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
                self.peak_mb = max(self.peak_mb, int(high.split()[1]) / 1024)

    def stop(self) -> float:
        self.done.set()
        self.thread.join()
        return self.peak_mb


def run(name: str, people: int, command: list[str], environment: dict[str, str] | None = None) -> tuple[Timing, str]:
    """Run a command to its end and return its timing and what it printed. Stops the benchmark when the command fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
    )
    watcher = PeakWatcher(process.pid)
    out, err = process.communicate()
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_mb = watcher.stop()
    if process.returncode != 0:
        sys.exit(f"{name} ended with {process.returncode}:\n{err[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(name, people, round(wall, 2), round(cpu, 2), round(peak_mb, 1)), out
