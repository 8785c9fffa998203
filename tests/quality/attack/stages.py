"""One attack: plant a fault in a copy of a clean home and see where the pipeline stops.

The stages come in the pipeline's own order and with its own functions. What the history checks already hold shut on the landed data
needs no build of the warehouse; only a fault that passes them goes through a whole `int-marts refresh`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.checks import State
from orchestration.deliveries import find_delivery
from orchestration.errors import DeliveryRefused, GateShut, IntMartsError
from orchestration.ingest import ingest_delivery, write_inputs
from orchestration.quality import accept, drift, require_acceptance
from orchestration.quality.evaluate import open_build
from orchestration.quality.gate import holds_shut
from orchestration.settings import Settings
from tests.quality.attack.data_faults import DATA_FAULTS
from tests.quality.attack.landed import Landed
from tests.quality.attack.score import Outcome

PROJECT_ROOT = Path(__file__).resolve().parents[3]


def attack(clean_home: Path, workspace: Path, fault: str, whole: bool = True) -> Outcome:
    group, plant = DATA_FAULTS[fault]
    home = workspace / "data"
    shutil.copytree(clean_home, home, symlinks=True)
    try:
        settings = Settings(home=home, threads=2)
        delivery = find_delivery(settings.paths)
        assert plant(Landed(delivery.folder)), f"{fault}: nothing was changed, so nothing was tried"
        stage, by = stop(settings, delivery.name)
        if not by and whole:
            stage, by = "gate", refresh(home)
        return Outcome(fault=fault, group=group, stage=stage if by else "published", by=by)
    finally:
        shutil.rmtree(home)


def stop(settings: Settings, name: str) -> tuple[str, list[str]]:
    """Ingest, acceptance and the checks against history on what has landed."""
    try:
        delivery = find_delivery(settings.paths, name)
        if missing := missing_feeds(settings, set(delivery.files)):
            return "contract", [f"required feed {feed} missing" for feed in missing]
        ingest_delivery(settings, delivery)
    except (DeliveryRefused, IntMartsError) as error:
        return "contract", [str(error).splitlines()[0][:160]]
    try:
        require_acceptance(settings, delivery, accept(settings, delivery))
    except DeliveryRefused as error:
        return "acceptance", sorted({problem["check_id"] for problem in error.problems})
    except GateShut as error:
        return "acceptance", error.check_ids
    write_inputs(settings, name)
    with open_build(settings) as warehouse:
        delivered = frozenset(
            feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
        )
        results = drift.examine(warehouse, settings, delivered)
    on_inputs = [result for result in results if not result.subject.startswith(("intermediate", "marts"))]
    return "gate", sorted({r.check_id for r in on_inputs if holds_shut(r) and r.state in (State.FAIL, State.ERROR)})


def missing_feeds(settings: Settings, delivered: set[str]) -> list[str]:
    return [wanted for wanted in settings.required_feeds if not delivered & set(wanted.split("|"))]


def refresh(home: Path) -> list[str]:
    """A whole refresh, as a person would start it; the checks that stopped it, none when it published."""
    command = [
        sys.executable,
        "-c",
        "from orchestration.cli import main; main()",
        "refresh",
        "--json",
        "--home",
        str(home),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=PROJECT_ROOT, env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    )
    if done.returncode == 0:
        return []
    try:
        body = json.loads(done.stdout)
        named = body.get("check_ids") or [problem.get("check_id", "") for problem in body.get("problems", [])]
    except ValueError:
        named = []
    return [name for name in named if name] or [f"exit code {done.returncode}"]
