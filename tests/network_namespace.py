"""A command in a network namespace of its own, whose only way out is an interface to nowhere that counts packets.

A name look-up, a download or a beacon, from Python or from a C library alike, is counted there.
"""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from pathlib import Path

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


def namespaces_work() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    probe = ["unshare", "-n", "ip", "link", "add", "out0", "type", "veth", "peer", "name", "far0"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def cut_off(command: list[str], counter: Path) -> list[str]:
    """The command cut off from every network, leaving its count beside `counter`; as it is where no namespace can be made."""
    if not namespaces_work():
        return command
    return ["unshare", "-n", "bash", "-c", NAMESPACE, "namespace", str(counter), *command]


def packets_counted(counter: Path) -> int | None:
    """How many packets tried to leave; nothing when nobody counted."""
    if not Path(f"{counter}.after").exists():
        return None
    before, after = (int(Path(f"{counter}.{when}").read_text()) for when in ("before", "after"))
    return after - before
