"""The same deliveries in another home, on one thread and cut off from every network: the same figures, and nothing is sent.

The refresh runs in a network namespace of its own whose only way out is an interface to nowhere that counts packets; a name look-up,
a download or a beacon, from Python or from a C library alike, would be counted there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.slow

NAMESPACE = textwrap.dedent("""
    set -e
    ip link set lo up
    ip link add out0 type veth peer name far0
    ip addr add 198.51.100.1/24 dev out0
    ip -6 addr flush dev out0 || true
    echo 1 > /proc/sys/net/ipv6/conf/out0/disable_ipv6 || true
    ip link set far0 up
    ip link set out0 up
    ip route add default dev out0
    # /sys may still show the interfaces outside; /proc/net is of the process that asks
    sent() { awk -F '[: ]+' '/ *out0:/ { print $12 }' /proc/self/net/dev; }
    sent > "$1.before"
    counter="$1"
    shift
    "$@" && code=0 || code=$?
    sent > "$counter.after"
    exit $code
""")


class SealedHome(NamedTuple):
    """A home refreshed without a network; `packets` tried to leave, `None` where no namespace can be made."""

    home: Path
    packets: int | None


def namespaces_work() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    probe = ["unshare", "-n", "ip", "link", "add", "out0", "type", "veth", "peer", "name", "far0"]
    return subprocess.run(probe, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def sealed(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> SealedHome:
    folder = tmp_path_factory.mktemp("sealed")
    home, counter = folder / "data", folder / "packets"
    home.mkdir()
    shutil.copytree(published_home / "landing", home / "landing")
    refresh = [sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(home)]
    is_cut_off = namespaces_work()
    if is_cut_off:
        refresh = ["unshare", "-n", "bash", "-c", NAMESPACE, "namespace", str(counter), *refresh]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "INT_MARTS_THREADS": "1"}
    done = subprocess.run(refresh, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return SealedHome(home, packets_counted(counter) if is_cut_off else None)


def packets_counted(counter: Path) -> int:
    before, after = (int(Path(f"{counter}.{when}").read_text()) for when in ("before", "after"))
    return after - before


def test_a_packet_that_tries_to_leave_is_counted(tmp_path: Path) -> None:
    """Without this, nought packets could mean that nobody counts."""
    if not namespaces_work():
        pytest.skip("no right to make a network namespace here (needs `unshare -n` and iproute2)")
    send = "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.9', 53))"
    command = [
        "unshare",
        "-n",
        "bash",
        "-c",
        NAMESPACE,
        "namespace",
        str(tmp_path / "packets"),
        sys.executable,
        "-c",
        send,
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert packets_counted(tmp_path / "packets") > 0


def test_a_refresh_makes_no_request_beyond_loopback(sealed: SealedHome) -> None:
    if sealed.packets is None:
        pytest.skip(
            "no right to make a network namespace here (needs `unshare -n` and iproute2): packets were not counted"
        )
    assert sealed.packets == 0, f"{sealed.packets} packets tried to leave the machine"


def test_the_same_inputs_in_another_home_give_the_same_hashes(published_home: Path, sealed: SealedHome) -> None:
    first, second = (
        json.loads((home / "releases" / "current" / "release.json").read_text())["tables"]
        for home in (published_home, sealed.home)
    )
    assert {name: table["content_hash"] for name, table in second.items()} == {
        name: table["content_hash"] for name, table in first.items()
    }
