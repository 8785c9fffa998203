"""A refresh sends nothing, and the same deliveries in another home, on one thread, give the same figures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT, packets_file
from tests.network_namespace import cut_off, namespaces_work, packets_counted

pytestmark = pytest.mark.slow
NO_NAMESPACE = "no right to make a network namespace here (needs `unshare -n` and iproute2): packets were not counted"


def test_a_packet_that_tries_to_leave_is_counted(tmp_path: Path) -> None:
    """Without this, nought packets could mean that nobody counts."""
    if not namespaces_work():
        pytest.skip(NO_NAMESPACE)
    send = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.9', 53))"
    subprocess.run(cut_off([sys.executable, "-c", send], tmp_path / "packets"), check=True, capture_output=True)
    packets = packets_counted(tmp_path / "packets")
    assert packets is not None and packets > 0


def test_a_refresh_makes_no_request_beyond_loopback(published_home: Path) -> None:
    """The home that so many tests stand on was refreshed cut off from every network."""
    packets = packets_counted(packets_file(published_home))
    if packets is None:
        pytest.skip(NO_NAMESPACE)
    assert packets == 0, f"{packets} packets tried to leave the machine"


@pytest.mark.soak
def test_the_same_inputs_in_another_home_give_the_same_hashes(published_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "data"
    home.mkdir()
    shutil.copytree(published_home / "landing", home / "landing")
    refresh = [sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "INT_MARTS_THREADS": "1"}
    done = subprocess.run(refresh, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    first, second = (
        json.loads((made / "releases" / "current" / "release.json").read_text())["tables"]
        for made in (published_home, home)
    )
    assert {name: table["content_hash"] for name, table in second.items()} == {
        name: table["content_hash"] for name, table in first.items()
    }
