"""A whole refresh sends nothing beyond this machine.

It runs in a network namespace of its own whose only way out is a dummy interface that counts packets; a name look-up,
a download or a beacon, from Python or from a C library alike, would be counted there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT

SCRIPT = textwrap.dedent("""
    set -e
    ip link set lo up
    ip link add out0 type dummy
    ip addr add 198.51.100.1/24 dev out0
    ip -6 addr flush dev out0 || true
    echo 1 > /proc/sys/net/ipv6/conf/out0/disable_ipv6 || true
    ip link set out0 up
    ip route add default dev out0
    cat /sys/class/net/out0/statistics/tx_packets > "$1.before"
    shift
    "$@"
""")


def namespaces_work() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return (
        subprocess.run(["unshare", "-n", "ip", "link", "add", "out0", "type", "dummy"], capture_output=True).returncode
        == 0
    )


@pytest.mark.slow
def test_a_refresh_makes_no_request_beyond_loopback(tmp_path: Path) -> None:
    if not namespaces_work():
        pytest.skip(
            "no right to make a network namespace here (needs `unshare -n` and iproute2): the no-network test did not run"
        )
    home, counter = tmp_path / "data", tmp_path / "packets"
    run = (
        f"{sys.executable} -m orchestration.cli demo --people 1500 --months 13 --home {home} && "
        f"{sys.executable} -m orchestration.cli refresh --home {home}; "
        f"echo $? > {counter}.exit; cat /sys/class/net/out0/statistics/tx_packets > {counter}.after"
    )
    subprocess.run(
        ["unshare", "-n", "bash", "-c", SCRIPT, "namespace", str(counter), "bash", "-c", run],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        check=True,
        capture_output=True,
    )
    assert Path(f"{counter}.exit").read_text().strip() == "0", "the refresh needs a network"
    sent = int(Path(f"{counter}.after").read_text()) - int(Path(f"{counter}.before").read_text())
    assert sent == 0, f"{sent} packets tried to leave the machine"
