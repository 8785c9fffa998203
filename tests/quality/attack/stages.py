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

import duckdb

from orchestration.build.inputs import write_inputs
from orchestration.foundation.errors import DeliveryRefused, GateShut, IntMartsError
from orchestration.foundation.settings import Home, Settings
from orchestration.gate import accept, drift, require_acceptance
from orchestration.gate.gate import holds_shut
from orchestration.gate.runner import open_build
from orchestration.lake.whole_delivery import ingest_delivery
from orchestration.landing.deliveries import find_delivery, list_deliveries
from tests.quality.attack.finer_faults import DATA_FAULTS
from tests.quality.attack.landed import Landed
from tests.quality.attack.score import Outcome

PROJECT_ROOT = Path(__file__).resolve().parents[3]


# What a copy needs to be refreshed: everything but what a refresh makes again.
LINKED = ("lake", "releases", "releases_public")
LEFT_BEHIND = shutil.ignore_patterns("warehouse.duckdb*", "inputs.duckdb*", "history", "storage", ".int_marts.lock")


def attack(clean_home: Path, workspace: Path, fault: str, whole: bool = True) -> Outcome:
    """Plant one fault in a copy of the clean home; the first stage that shuts ends it, and only `whole` goes on to dbt."""
    group, plant = DATA_FAULTS[fault]
    home = workspace / "data"
    copy_home(clean_home, home)
    try:
        settings = Settings(home=home, threads=2)
        duckdb.connect(str(settings.paths.warehouse_file)).close()
        delivery = find_delivery(settings.paths)
        assert plant(Landed(delivery.folder)), f"{fault}: nothing was changed, so nothing was tried"
        stage, by = stop(settings, delivery.name, changed_feeds(clean_home / "landing", settings.paths.landing))
        if not by and whole:
            settings.paths.warehouse_file.unlink()
            stage, by = "gate", refresh(home)
        return Outcome(fault=fault, group=group, stage=stage if by else "published", by=by)
    finally:
        shutil.rmtree(home)


def copy_home(clean_home: Path, home: Path) -> None:
    """What a refresh needs. Versions in the lake and releases are never written in place, so a link is as good as a copy of them."""
    for folder in sorted(path for path in clean_home.iterdir() if path.is_dir()):
        copy = os.link if folder.name in LINKED else shutil.copy2
        shutil.copytree(folder, home / folder.name, symlinks=True, ignore=LEFT_BEHIND, copy_function=copy)


def changed_feeds(before: Path, after: Path) -> frozenset[str]:
    """Feeds with a file that differs, came or went in any delivery."""

    def contents(root: Path) -> dict[tuple[str, str, str], bytes]:
        return {
            (delivery.name, feed, landed.relative_name): landed.path.read_bytes()
            for delivery in list_deliveries(Home(root=root.parent))
            for feed, files in delivery.files.items()
            for landed in files
        }

    was, now = contents(before), contents(after)
    return frozenset(name[1] for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def stop(settings: Settings, name: str, changed: frozenset[str] | None = None) -> tuple[str, list[str]]:
    """Ingest, acceptance and the checks against history on what has landed: first those of the changed feeds (all: None), which is
    what they would be in a whole run, since the others passed on the clean home; then the rest."""
    try:
        delivery = find_delivery(settings.paths, name)
        if missing := missing_feeds(settings, set(delivery.files)):
            return "contract", [f"required feed {feed} missing" for feed in missing]
        ingest_delivery(settings, delivery)
    except (DeliveryRefused, IntMartsError) as error:
        return "contract", [str(error).splitlines()[0][:160]]
    files = {feed: landed for feed, landed in delivery.files.items() if changed is None or feed in changed}
    try:
        require_acceptance(settings, delivery, accept(settings, delivery.model_copy(update={"files": files})))
    except DeliveryRefused as error:
        return "acceptance", sorted({problem["check_id"] for problem in error.problems})
    except GateShut as error:
        return "acceptance", error.check_ids
    write_inputs(settings, name)
    with open_build(settings) as warehouse:
        delivered = frozenset(
            feed for (feed,) in warehouse.rows("select feed from inputs.plan.feed_status where is_delivered")
        )
        drift.prepare(warehouse, settings)
        on_inputs = [
            check for check in drift.checks() if not check.definition.relation.startswith(("intermediate", "marts"))
        ]
        for chosen in (
            [check for check in on_inputs if changed is None or check.feed in changed],
            [check for check in on_inputs if changed is not None and check.feed not in changed],
        ):
            results = [drift.result(warehouse, check, delivered) for check in chosen]
            if by := sorted({result.check_id for result in results if holds_shut(result)}):
                return "gate", by
    return "gate", []


def missing_feeds(settings: Settings, delivered: set[str]) -> list[str]:
    return [wanted for wanted in settings.required_feeds if not delivered & set(wanted.split("|"))]


def refresh(home: Path) -> list[str]:
    """A whole refresh, as a person would start it; the checks that stopped it, none when it published."""
    command = [
        sys.executable,
        "-m",
        "orchestration.cli",
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
