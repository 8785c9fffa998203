"""The month's bad day in the Dagster UI, in a real Chromium: cancel, start again, meet a shut gate, waive, correct, publish.

Every look leaves a picture in the test's folder. `INT_MARTS_BROWSER_HOME=<new folder>` puts the home there, so that the pictures in
docs/images do not show a temporary path.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from orchestration.foundation.home_lock import hold
from orchestration.foundation.settings import Home, load_settings
from orchestration.graph.instance import open_instance
from tests.browser.dagster_server import DagsterServer, dagster_ui, wait_for
from tests.conftest import ASSET_GROUPS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("dagster_ui")]
CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
PAGE_MS = 90_000
DELIVERY = "2025-10"
DEMO = ("--people", "1500", "--months", "14", "--to", DELIVERY)


@pytest.fixture(scope="module")
def faulty_home(tmp_path_factory: pytest.TempPathFactory, command: Callable) -> Path:
    """Two deliveries, the newest with prices in pence."""
    home = Path(os.environ.get("INT_MARTS_BROWSER_HOME") or tmp_path_factory.mktemp("ui") / "data")
    made = command("demo", *DEMO, "--faults", "pounds_as_pence", home=home)
    assert made.exit_code == 0, made.stderr
    return home


@pytest.fixture(scope="module")
def corrected_file(tmp_path_factory: pytest.TempPathFactory, command: Callable) -> Path:
    """What the provider sends when asked again: the same month, in pounds."""
    home = tmp_path_factory.mktemp("provider") / "data"
    assert command("demo", *DEMO, home=home).exit_code == 0
    (file,) = (home / "landing" / DELIVERY).glob("contract_activity_2526*")
    return file


@pytest.fixture(scope="module")
def server(faulty_home: Path) -> Iterator[DagsterServer]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    log = faulty_home.parent / "ui.log"
    with dagster_ui(faulty_home, log) as running:
        assert "Warning" not in log.read_text(), "the code location loads without a warning"
        yield running


@pytest.fixture(scope="module")
def browser(server: DagsterServer) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


class Walk:
    """One page of the UI; every look leaves a picture in the test's folder."""

    def __init__(self, browser, server: DagsterServer, pictures: Path) -> None:
        self.server, self.pictures = server, pictures
        self.page = browser.new_page(viewport={"width": 1440, "height": 810})
        self.page.set_default_timeout(PAGE_MS)
        pictures.mkdir(exist_ok=True)

    def see(self, path: str, *texts: str, picture: str = "") -> None:
        self.page.goto(self.server.address + path, wait_until="domcontentloaded")
        for text in texts:
            self.page.get_by_text(text).first.wait_for()
        self.photograph(picture or re.sub(r"\W+", "_", path).strip("_") or "home")

    def photograph(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png")

    def start_refresh(self, *deliveries: str) -> str:
        """Jobs → refresh → Materialize all… → the deliveries → Launch."""
        before = self.server.newest_run()
        self.page.goto(f"{self.server.address}/locations/orchestration.definitions/jobs/refresh")
        self.page.get_by_role("button", name="Materialize").first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text("Select a partition or create one").click()
        for delivery in deliveries:
            self.page.locator("label,[role=menuitem],a,li").filter(has_text=delivery).last.click()
        dialog.get_by_text("Partition selection").click()
        self.photograph(f"launch_{len(deliveries)}")
        dialog.get_by_role("button", name="Launch").last.click()
        newest = self.server.newest_run
        return wait_for(lambda: run if (run := newest()) not in (None, before) else None, 240, "the new run")

    def refreshed(self, *deliveries: str) -> tuple[str, str]:
        """A refresh from its start to its end: the run and how it ended.

        On a machine that slept for half a minute Dagster takes its code server for dead and drops a run that was just to begin, before
        its first step; a person presses the button again, and so does this.
        """
        for _ in range(3):
            run = self.start_refresh(*deliveries)
            status = self.server.ended(run)
            if status != "FAILURE" or self.server.failure_words(run):
                break
        return run, status


@pytest.fixture(scope="module")
def walk(browser, server: DagsterServer, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return Walk(browser, server, tmp_path_factory.mktemp("pictures"))


def test_the_graph_shows_every_group_and_what_starts_runs(walk: Walk) -> None:
    walk.see("/asset-groups/", *ASSET_GROUPS)
    walk.see("/automation", "landing", "monthly_refresh", "tell_people")
    walk.see("/assets/release/current?view=partitions", "2025-09", DELIVERY)


def first_feed_landed(server: DagsterServer, run: str, home: Path) -> None:
    wait_for(lambda: server.status(run) == "STARTED", 300, "the start of the run")
    wait_for(lambda: (home / "lake").is_dir() and any((home / "lake").iterdir()), 300, "the first feed")


def test_a_cancelled_run_leaves_the_home_free(walk: Walk, faulty_home: Path, command: Callable) -> None:
    run = walk.start_refresh(DELIVERY)
    first_feed_landed(walk.server, run, faulty_home)
    busy = command("refresh", home=faulty_home)
    assert busy.exit_code == 5
    assert f"Dagster run {run[:8]}" in busy.stderr
    walk.server.cancel(run)
    assert walk.server.ended(run) == "CANCELED"
    with hold(Home(root=faulty_home), purpose="a test", wait=True):
        assert not list((faulty_home / "releases").iterdir())


def test_from_a_planted_fault_to_a_published_correction(
    walk: Walk, faulty_home: Path, corrected_file: Path, command: Callable
) -> None:
    run, status = walk.refreshed(DELIVERY)
    assert status == "FAILURE"
    words = walk.server.failure_words(run)
    assert len(words) == 1
    assert words[0].startswith(f"The gate is shut for {DELIVERY}")
    assert "drift.price.contract_activity" in words[0]
    walk.see(f"/runs/{run}", "The gate is shut", picture="run_gate_shut")
    walk.see("/assets/gate/receipt?view=checks", "gate_is_open", "Failed", "The gate is shut", "What to do")
    walk.see("/assets/release/current?view=partitions", "Failed (1)")
    walk.see("/assets/marts/readmissions", "icb_intelligence_team", "window_days", "Source code")
    walk.see("/assets/marts/readmissions?view=checks", "rows_examined", "violations", "what_to_do")

    (alert,) = (faulty_home / "logs" / "alerts").glob(f"*-gate_shut-{DELIVERY}.json")
    assert "drift.price.contract_activity" in json.loads(alert.read_text())["text"]
    walk.page.goto((faulty_home / "logs" / "refused" / DELIVERY / "index.html").as_uri())
    walk.page.get_by_text("drift.price.contract_activity").first.wait_for()

    alone = walk.server.materialise(["release", "current"], DELIVERY)
    assert walk.server.ended(alone) == "FAILURE"
    by_command = command("publish", "--json", home=faulty_home)
    assert by_command.exit_code == 4
    assert walk.server.failure_words(alone) == [by_command.body["error"]], "the UI and the command say the same"

    waive(faulty_home, by_command.body["check_ids"])
    published = walk.server.materialise(["release", "current"], DELIVERY)
    assert walk.server.ended(published) == "SUCCESS", walk.server.failure_words(published)
    assert current(faulty_home) == f"{DELIVERY}.1"
    (faulty_home / "waivers.yml").unlink()

    resent = faulty_home / "landing" / DELIVERY / "v2"
    resent.mkdir()
    shutil.copy(corrected_file, resent)
    both, status = walk.refreshed("2025-09", DELIVERY)
    assert status == "SUCCESS", walk.server.failure_words(both)
    assert walk.server.newest_run() == both, "two deliveries are one run"
    assert current(faulty_home) == f"{DELIVERY}.2"
    restated = (faulty_home / "releases" / "current" / "changes.csv").read_text()
    assert "spend_per_head" in restated
    walk.see("/assets/lake/contract_activity?view=partitions", "Materialized (2)")


def test_the_release_can_be_read_in_the_ui(walk: Walk, faulty_home: Path) -> None:
    walk.see("/assets/release/current?view=partitions", "Materialized (1)", "Missing (1)")
    walk.page.get_by_text(DELIVERY, exact=True).first.click()
    walk.page.get_by_text(f"{DELIVERY}.2").first.wait_for()
    walk.photograph("partitions_picked")
    walk.see("/assets/release/current", "headline_chart", "receipt")
    walk.page.get_by_text("Show Markdown").first.click()
    picture = walk.page.locator("img[src^='data:image/png']")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 300
    walk.photograph("headline_chart")
    walk.page.goto((faulty_home / "releases" / "current" / "report" / "index.html").as_uri())
    walk.page.get_by_role("heading").first.wait_for()
    walk.photograph("report")


def test_a_rule_is_found_by_its_words_and_a_list_shows_rows(walk: Walk) -> None:
    walk.see("/assets", "headline_wide")
    search = walk.page.locator(".CodeMirror").first
    search.click()
    walk.page.keyboard.type("60 minutes")
    walk.page.get_by_text("60-minutes").first.wait_for()
    walk.photograph("search_offers")
    walk.page.get_by_text("60-minutes").first.click()
    walk.page.keyboard.press("Enter")
    walk.page.get_by_text("ae_duplicates").first.wait_for()
    walk.page.get_by_text("headline_wide").first.wait_for(state="detached")
    walk.photograph("search_found")
    walk.see("/assets/marts/dim_visit_type", "first_rows")
    walk.page.get_by_text("A&E attendances").first.scroll_into_view_if_needed()
    walk.photograph("first_rows")


def test_stopped_in_the_middle_of_a_run_it_leaves_no_process_and_no_lock(walk: Walk, faulty_home: Path) -> None:
    """The last test: it ends the server of the others."""
    run = walk.start_refresh(DELIVERY)
    wait_for(lambda: walk.server.status(run) == "STARTED", 300, "the start of the run")
    walk.server.process.send_signal(signal.SIGTERM)
    walk.server.process.wait(120)
    wait_for(lambda: not walk.server.processes(), 60, "the end of every process")
    with hold(Home(root=faulty_home), purpose="a test"):
        assert current(faulty_home) == f"{DELIVERY}.2"
    with open_instance(load_settings(home=faulty_home)) as instance:
        assert instance.get_run_by_id(run).status.value == "CANCELED"


def current(home: Path) -> str:
    return (home / "releases" / "current").resolve().name


def waive(home: Path, check_ids: list[str]) -> None:
    entry = {
        "delivery": DELIVERY,
        "reason": "Walked in a test",
        "owner": "Head of intelligence",
        "expires": "2025-12-31",
    }
    (home / "waivers.yml").write_text(yaml.safe_dump([{"check_id": check_id, **entry} for check_id in check_ids]))
