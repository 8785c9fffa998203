"""A file of any link changed at any moment of the job: nothing is published, or what is published is what was published before.

The job is the door of sensor, schedule and UI. A moment is a place between two of its steps, as a person makes one in the UI who starts
some of the assets again. `make test` draws a fixed sample, `make attack` takes all of it and sees that `refresh` mends each.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.foundation.settings import Settings, load_settings
from orchestration.gate.receipt import read_receipt, write_receipt
from orchestration.graph.assets.checks import RECEIPT_KEY
from orchestration.graph.assets.release import RELEASE_KEY
from orchestration.graph.automation import build_schedule, landing_sensor
from orchestration.graph.definitions import build_definitions
from orchestration.graph.instance import open_instance, register_deliveries
from orchestration.releases.listing import find_release, verify

pytestmark = pytest.mark.slow

DELIVERY = "2025-10"
IN_THE_LAKE = "lake/*/delivery=2025-10/version=*"
# each link of the chain → where its files lie in the home
LINKS = {
    "landed file": "landing/2025-10/*",
    "lake file": f"{IN_THE_LAKE}/coverage_month=*/part-*.parquet",
    "frame of the lake": f"{IN_THE_LAKE}/codes.parquet",
    "manifest": f"{IN_THE_LAKE}/manifest.json",
    "version in force": "lake/*/delivery=2025-10/current.json",
    "plan": "warehouse/plan.json",
    "inputs": "warehouse/inputs.duckdb",
    "warehouse": "warehouse/warehouse.duckdb",
    "log of the warehouse": "warehouse/warehouse.duckdb.wal",
    "saved parse": "dbt/target/partial_parse.msgpack",
    "compiled project": "dbt/target/manifest.json",
    "seal": "warehouse/seal.json",
    "receipt": "warehouse/evidence/receipt.json",
    "what acceptance found": "warehouse/evidence/acceptance.json",
    "memory of hashes": ".file_hashes.json",
    "table of the release": "releases/2025-10.1/parquet/*.parquet",
    "database of the release": "releases/2025-10.1/int_marts.duckdb",
    "receipt of the release": "releases/2025-10.1/release.json",
    "pointer": "releases/current.json",
    "public table": "releases_public/2025-10.1/parquet/*.parquet",
    "public receipt": "releases_public/2025-10.1/release.json",
    "ledger": "public_ledger/*.json.gz",
}
# a moment → what is run after it
MOMENTS = {
    "between build and checks": dg.AssetSelection.assets(RECEIPT_KEY, RELEASE_KEY).without_checks(),
    "between checks and release": dg.AssetSelection.assets(RELEASE_KEY).without_checks(),
}
KEPT = ("releases", "releases_public", "public_ledger")


def flipped(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << chance.randrange(8))]) + content[place + 1 :]


def cut(content: bytes, _: random.Random) -> bytes:
    return content[: len(content) * 2 // 3]


def others(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(max(len(content), 64))


# what happens to a file; `None` takes it away
WAYS: dict[str, Callable[[bytes, random.Random], bytes] | None] = {
    "flipped": flipped,
    "cut": cut,
    "replaced": others,
    "deleted": None,
}
EVERY = list(itertools.product(LINKS, WAYS, MOMENTS))
# what one bit does to each link that publication stands on, and one change that costs the checks to see
JUDGED = list(LINKS)[: list(LINKS).index("table of the release")]
SAMPLE = [
    ("lake file", "cut", "between build and checks"),
    *((link, list(WAYS)[number % len(WAYS)], "between checks and release") for number, link in enumerate(JUDGED)),
]


def file_of(home: Path, link: str, chance: random.Random) -> Path:
    found = sorted(path for path in home.glob(LINKS[link]) if path.is_file())
    return chance.choice(found) if found else home / LINKS[link]


def change(file: Path, way: str, chance: random.Random) -> Callable[[], None]:
    """Does it, the time of writing put back; returns what undoes it."""
    content = file.read_bytes() if file.exists() else None
    mode = file.stat().st_mode if file.exists() else 0o644
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns) if file.exists() else None
    do = WAYS[way]
    file.unlink(missing_ok=True)
    if do is not None:
        file.write_bytes(do(content or b"", chance) if content else chance.randbytes(64))
        if times:
            os.utime(file, ns=times)

    def undo() -> None:
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
            file.chmod(mode)

    return undo


class Job:
    """The job of one home, in this process, on the home's own instance."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings, self.instance = settings, instance
        parts = {moment.replace(" ", "_"): selection for moment, selection in MOMENTS.items()}
        jobs = [dg.define_asset_job(name, selection=selection) for name, selection in parts.items()]
        self.definitions = dg.Definitions.merge(build_definitions(settings), dg.Definitions(jobs=jobs))
        self.saved = settings.paths.root.parent / "saved"
        for name in KEPT:
            shutil.copytree(settings.paths.root / name, self.saved / name, symlinks=True)
        self.before = self.published()

    def run(self, moment: str = "refresh", **asked: Any) -> dg.ExecuteInProcessResult:
        """All of it, or what comes after a moment."""
        return self.definitions.resolve_job_def(moment.replace(" ", "_")).execute_in_process(
            instance=self.instance,
            partition_key=DELIVERY,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            **asked,
        )

    def published(self) -> dict[str, dict[str, str]]:
        """Release → table → hash of its rows, of every release that is whole."""
        found = {}
        for folder in sorted(self.settings.paths.releases.glob("2025-*")):
            try:
                verify(self.settings, folder.name)
                tables = find_release(self.settings, folder.name).receipt.tables
            except Exception:
                continue
            found[folder.name] = {name: facts.content_hash for name, facts in tables.items()}
        return found

    def put_back(self) -> None:
        for name in KEPT:
            shutil.rmtree(self.settings.paths.root / name)
            shutil.copytree(self.saved / name, self.settings.paths.root / name, symlinks=True)


@pytest.fixture(scope="module")
def job(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    home = tmp_path_factory.mktemp("chain") / "data"
    shutil.copytree(published_home, home, symlinks=True)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("DAGSTER_HOME", "INT_MARTS_HOME"):
            patched.setenv(name, str(home))
        settings = load_settings(home=home)
        with open_instance(settings) as instance:
            # restored at the end: the next test of this process is of another home
            patched.setattr("orchestration.graph.assets.shared._given", settings)
            register_deliveries(instance, settings)
            yield Job(settings, instance)


def seen_or_harmless(job: Job, link: str, way: str, moment: str) -> None:
    chance = random.Random(f"{link} {way} {moment}")
    file = file_of(job.settings.paths.root, link, chance)
    undo = change(file, way, chance)
    try:
        done = job.run(moment)
        after = job.published()
        was = next(iter(job.before.values()))
        assert after or not done.success or link.endswith("of the release"), f"nothing whole is left of {link}"
        for release, tables in after.items():
            assert tables == was, f"{release} after {link} {way} {moment} says something else ({done.success})"
        assert done.success or set(after) <= set(job.before), "a run that failed left a release"
    finally:
        undo()
        if (
            file.is_relative_to(job.settings.paths.root / "releases")
            or done.success
            or link in ("public table", "ledger")
        ):
            job.put_back()


@pytest.mark.parametrize("moment", MOMENTS)
def test_where_nothing_changes_the_rest_of_the_job_ends_well(job: Job, moment: str) -> None:
    """Or every change would be harmless, because nothing is ever published here."""
    assert job.run(moment).success
    assert job.published() == job.before


@pytest.mark.parametrize(("link", "way", "moment"), SAMPLE)
def test_a_change_between_two_steps_is_seen_or_harmless(job: Job, link: str, way: str, moment: str) -> None:
    seen_or_harmless(job, link, way, moment)


@pytest.mark.attack
@pytest.mark.parametrize(("link", "way", "moment"), EVERY)
def test_every_change_between_two_steps_is_seen_or_harmless(job: Job, link: str, way: str, moment: str) -> None:
    seen_or_harmless(job, link, way, moment)


def test_a_receipt_of_another_build_or_of_other_code_is_not_believed_though_sealed_anew(job: Job) -> None:
    """Without a secret whoever writes here can seal anew; what was checked is bound to build, files and code all the same."""
    receipt = read_receipt(job.settings)
    forged = {
        "receipt.dbt_build": {"seal_of_build": receipt.seal_of_build.model_copy(update={"build_id": "0" * 16})},
        "receipt.code_unchanged": {"code_fingerprint": "0" * 64},
        "receipt.suites_unchanged": {"suites": {}},
        "registry.complete": {"results": receipt.results[:-1]},
    }
    try:
        for check_id, update in forged.items():
            write_receipt(job.settings, receipt.model_copy(update=update).sealed())
            done = job.run("between checks and release")
            said = [event.step_failure_data.user_failure_data for event in done.all_events if event.is_step_failure]
            told = " ".join(str(failure.description) for failure in said if failure)
            assert not done.success
            assert check_id in told or (check_id == "registry.complete" and "did not run" in told), told
    finally:
        write_receipt(job.settings, receipt)
    assert job.published() == job.before


def test_a_delivery_whose_opt_outs_match_nobody_is_refused_whoever_starts_it(job: Job) -> None:
    """Every id of the newest list replaced by its hash: the sensor asks for a run, the run is refused, and neither asks again."""
    home = job.settings.paths
    listed = next((home.landing / DELIVERY).glob("opt_outs*"))
    content = listed.read_text()
    header, *people = content.splitlines()
    listed.write_text("\n".join([header, *(hashlib.md5(p.encode()).hexdigest().upper() for p in people)]) + "\n")
    long_ago = time.time() - 36_000
    for file in home.landing.rglob("*"):
        os.utime(file, (long_ago, long_ago))
    try:
        asked = landing_sensor(dg.build_sensor_context(instance=job.instance))
        assert isinstance(asked, dg.SensorResult) and asked.run_requests
        request = asked.run_requests[0]
        done = job.run(tags=dict(request.tags))
        assert not done.success
        steps = {event.step_key for event in done.all_events if event.is_step_failure}
        assert steps == {"acceptance"}, steps
        again = landing_sensor(dg.build_sensor_context(instance=job.instance, cursor=asked.cursor))
        assert isinstance(again, dg.SkipReason)
        moment = dg.build_schedule_context(
            instance=job.instance, scheduled_execution_time=dt.datetime(2025, 11, 20, tzinfo=dt.UTC)
        )
        assert isinstance(build_schedule(job.settings)(moment), dg.SkipReason)
        assert job.published() == job.before
    finally:
        listed.write_text(content)


@pytest.mark.attack
@pytest.mark.parametrize("link", [link for link in LINKS if link != "landed file"])
def test_refresh_mends_what_was_changed(copy_of_home: Path, command: Callable, link: str) -> None:
    chance = random.Random(link)
    was = json.loads((copy_of_home / "releases" / "2025-10.1" / "release.json").read_text())["tables"]
    change(file_of(copy_of_home, link, chance), "flipped", chance)
    done = command("refresh", "--json", home=copy_of_home)
    assert done.exit_code == 0, done.stderr[-2000:]
    assert command("verify", home=copy_of_home).exit_code == 0
    now = json.loads((copy_of_home / "releases" / "current" / "release.json").read_text())["tables"]
    about_itself = {"marts.release_info", "marts.data_quality", "marts.restatements"}
    assert {name: facts for name, facts in now.items() if name not in about_itself} == {
        name: facts for name, facts in was.items() if name not in about_itself
    }
