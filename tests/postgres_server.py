"""A real PostgreSQL for tests, on a socket of its own: started as another user where we are root, and removed afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the user to run it as, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses root, and there is no other user to run it as")


@contextmanager
def postgres_server() -> Iterator[Path]:
    """The folder with the socket of an empty server, user `int_marts`; skipped where PostgreSQL is not installed."""
    where = binaries()
    if where is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    user = unprivileged()
    # Not pytest's own folder: another user must be able to reach it, and a socket's path must be short.
    root = Path(tempfile.mkdtemp(prefix="int-marts-pg-"))
    run_as = {"user": user, "group": pwd.getpwnam(user).pw_gid} if user else {}
    if user:
        shutil.chown(root, user)

    def run(*command: object) -> None:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=root, **run_as)  # type: ignore[call-overload]

    data = root / "data"
    run(where / "initdb", "-D", data, "-U", "int_marts", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-k {root} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
    run(where / "pg_ctl", "-D", data, "-w", "-o", options, "-l", root / "log", "start")
    try:
        yield root
    finally:
        run(where / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(root)
