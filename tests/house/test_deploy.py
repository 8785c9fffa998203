"""The deployment examples are read by the programs they are written for, where these are on the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not on this machine")


@needs("systemd-analyze")
@pytest.mark.slow
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """With the programs where this checkout has them, so that a missing or misspelt one is found too."""
    for unit in UNITS:
        text = unit.read_text().replace("/srv/int-marts/app", str(PROJECT_ROOT))
        (tmp_path / unit.name).write_text(
            text.replace("User=intmarts", "User=root").replace("Group=intmarts", "Group=root")
        )
    files = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True)
    about_us = [line for line in (done.stdout + done.stderr).splitlines() if "int-marts" in line]
    assert about_us == []


def test_nothing_listens_beyond_this_machine() -> None:
    started = [line for unit in UNITS for line in unit.read_text().splitlines() if "dagster-webserver" in line]
    assert len(started) == 2
    assert all(" -h 127.0.0.1 " in line for line in started)
    addresses = re.findall(r"proxy_pass http://([\d.]+):", (DEPLOY / "nginx.conf").read_text())
    assert set(addresses) == {"127.0.0.1"}


def test_every_address_of_the_proxy_asks_who_it_is() -> None:
    locations = re.findall(r"location [^{]+\{([^}]*)\}", (DEPLOY / "nginx.conf").read_text())
    assert len(locations) == 3
    assert all("auth_basic_user_file" in body for body in locations)


def test_no_unit_holds_a_secret_or_sends_telemetry() -> None:
    for unit in UNITS:
        text = unit.read_text()
        assert not re.search(r"(PASSWORD|HASH_KEY|DSN|POSTGRES_URL)=", text), unit.name
        if "dagster" in text.split("ExecStart=")[-1]:
            assert "DAGSTER_DISABLE_TELEMETRY=1" in text and "EnvironmentFile=/etc/int-marts.env" in text, unit.name


@needs("nginx")
@needs("openssl")
def test_nginx_accepts_the_proxy(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=int-marts.example"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    server = (DEPLOY / "nginx.conf").read_text()
    server = server.replace("/etc/ssl/int-marts.crt", str(certificate)).replace("/etc/ssl/int-marts.key", str(key))
    (tmp_path / "server.conf").write_text(server)
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; include {tmp_path}/server.conf; }}")
    done = subprocess.run(["nginx", "-t", "-e", "stderr", "-c", str(whole)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs("logrotate")
def test_logrotate_accepts_its_file(tmp_path: Path) -> None:
    text = (DEPLOY / "logrotate.conf").read_text().replace("su intmarts intmarts", "su root root")
    (tmp_path / "logrotate.conf").write_text(text)
    command = ["logrotate", "--debug", "--state", str(tmp_path / "state"), str(tmp_path / "logrotate.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "error:" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_the_container_file_copies_what_the_project_has_and_runs_as_a_plain_user() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    kinds = [kind for kind, _ in instructions]
    assert kinds[0] == "FROM"
    assert kinds.index("USER") < kinds.index("ENTRYPOINT")
    assert kinds.index("USER") > max(i for i, kind in enumerate(kinds) if kind == "RUN"), (
        "nothing is run as root afterwards"
    )
    assert "int-marts" in dict(instructions)["ENTRYPOINT"]
    image = re.search(r"python:3\.(\d+)", text)
    supported = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (PROJECT_ROOT / "pyproject.toml").read_text())
    assert image and supported
    assert int(supported[1]) <= int(image[1]) < int(supported[2])


def test_no_data_gets_into_an_image() -> None:
    ignored = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    assert {"data/", ".venv/", ".venv-spark/"} <= set(ignored)


def test_the_scripts_are_well_formed_and_can_be_started() -> None:
    script = DEPLOY / "backup.sh"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
