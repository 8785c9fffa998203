"""`int-marts ui` ends with everything it started, however it is told to and however it was started."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.browser.dagster_server import dagster_ui

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "how", [pytest.param(signal.SIGINT, marks=pytest.mark.soak), signal.SIGTERM], ids=lambda how: how.name
)
def test_nothing_is_left_of_it(tmp_path: Path, how: signal.Signals) -> None:
    """Started with the interrupt ignored, as a shell starts what it puts in the background."""
    with dagster_ui(tmp_path / "data", tmp_path / "ui.log", in_background=True) as server:
        assert len(server.processes()) >= 4, "the starter, the webserver, the daemon and the code server"
        server.process.send_signal(how)
        server.process.wait(60)
        gone_by = time.monotonic() + 20
        while server.processes() and time.monotonic() < gone_by:
            time.sleep(0.5)
        assert server.processes() == []
