"""What a page tells people to type works as the page says: every command is run, every example is fed to what reads it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.cli.app import COMMANDS
from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.slow

DOCS = PROJECT_ROOT / "docs"
PAGES = [PROJECT_ROOT / "README.md", PROJECT_ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^([ ]*)```(\w+)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:int-marts|make) [^`]+)`")
EXIT_CODE = re.compile(r"# exit code (\d)")
PLACEHOLDER = re.compile(r"<[^>]+>|…")


@dataclass(frozen=True)
class Line:
    """One command of a page. `bash` blocks are run here; `console` blocks are for a server, and are checked as far as can be."""

    page: str
    text: str

    @property
    def exit_code(self) -> int:
        found = EXIT_CODE.search(self.text)
        return int(found[1]) if found else 0

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def blocks(language: str, pages: list[Path] = PAGES) -> list[tuple[str, str]]:
    return [
        (page.name, body) for page in pages for _, name, body in BLOCK.findall(page.read_text()) if name == language
    ]


def lines(language: str) -> list[Line]:
    return [Line(page, line.strip()) for page, body in blocks(language) for line in body.splitlines() if line.strip()]


def int_marts_lines() -> list:
    """A whole refresh that the page wants to see fail takes a minute: it waits in the soak."""
    chosen = [line for line in lines("bash") if not line.text.startswith("make ")]
    return [
        pytest.param(line, marks=[pytest.mark.soak] if "practice" in line.text else [], id=str(line)) for line in chosen
    ]


@pytest.fixture(scope="module")
def reader(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of someone who has had the first day: a published home, the command on the path."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(published_home, folder / "data", symlinks=True)
    command = folder / "bin" / "int-marts"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT_ROOT}" exec "{sys.executable}" -m orchestration.cli "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "INT_MARTS_HOME": str(folder / "data"), "PWD": str(folder)}


def run(text: str, reader: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", text], cwd=reader["PWD"], env=reader, capture_output=True, text=True)


def test_there_are_commands_to_check() -> None:
    assert len(lines("bash")) >= 12
    assert len(lines("console")) >= 20


@pytest.mark.parametrize("line", int_marts_lines())
def test_a_command_of_the_docs_runs(reader: dict[str, str], line: Line) -> None:
    assert line.text.startswith("int-marts "), line
    assert not PLACEHOLDER.search(line.text), f"a block holds a command with a placeholder: {line}"
    done = run(line.text, reader)
    assert done.returncode == line.exit_code, f"{line}\n{done.stderr[-1500:]}"
    assert "Traceback" not in done.stderr


def test_what_make_runs_is_what_the_docs_say(reader: dict[str, str]) -> None:
    """`make` itself would install; its recipes are read, and the commands in them that a page begins with are run."""
    recipe = subprocess.run(
        ["make", "-n", "refresh"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    ).stdout
    (command,) = re.findall(r"^\.venv/bin/(int-marts .*)$", recipe, re.MULTILINE)
    done = run(command, reader)
    assert done.returncode == 0, done.stderr[-1500:]
    assert "nothing changed" in done.stdout
    assert re.search(r"^report\s+\S+/report/index\.html$", done.stdout, re.MULTILINE)


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [
        (page.name, words[0] or words[1])
        for page in PAGES
        for words in re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", page.read_text(), re.MULTILINE)
    ]
    assert named
    assert not [pair for pair in named if pair[1] not in targets]


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]+))?\)", page.read_text()):
            file = page.parent / target if target else page
            assert file.exists(), f"{page.name} links to {target}"
            assert not anchor or anchor in anchors(file), f"{page.name} links to {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_can_be_found_from_the_readme() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text()
    assert not [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in readme]


def test_every_inline_command_is_one_the_program_knows() -> None:
    for page in PAGES:
        for text in INLINE.findall(page.read_text()):
            if text.startswith("int-marts "):
                word = text.split()[1].rstrip(",.")
                assert word in COMMANDS or word.startswith("-"), f"{page.name}: {text}"


@pytest.mark.parametrize("line", [pytest.param(line, id=str(line)) for line in lines("console")])
def test_a_command_for_a_server_is_well_formed_and_names_what_is_there(line: Line) -> None:
    text = PLACEHOLDER.sub("something", line.text)
    if not re.match(r"py |\.venv\\", text):
        assert subprocess.run(["bash", "-n", "-c", text]).returncode == 0, line
    for name in re.findall(r"(?<![\w/.])(?:/srv/int-marts/app/)?((?:deploy|tests|orchestration)/[\w./*-]+)", text):
        assert list(PROJECT_ROOT.glob(name.rstrip("*") + "*")), f"{line}: {name} is not there"
    units = {path.name for path in (PROJECT_ROOT / "deploy" / "systemd").iterdir()}
    if "systemctl" in text:
        for unit in re.findall(r"int-marts[\w.-]*", text):
            assert unit in units or f"{unit}.service" in units, f"{line}: {unit} is no unit"


def test_the_settings_of_another_icb_are_settings(tmp_path: Path) -> None:
    from orchestration.foundation.settings import load_settings

    ((_, text),) = blocks("toml", [DOCS / "another-icb.md"])
    assert load_settings(home=tmp_path, **tomllib.loads(text)).icb_code == "QKS"


def test_the_waiver_of_the_page_is_one(tmp_path: Path) -> None:
    from orchestration.releases.waivers import load_waivers

    ((_, text),) = blocks("yaml", [DOCS / "gate-is-shut.md"])
    (tmp_path / "waivers.yml").write_text(text)
    (waiver,) = load_waivers(tmp_path / "waivers.yml")
    assert waiver.delivery == "2025-10"


def test_the_membership_of_the_page_can_be_delivered(tmp_path: Path) -> None:
    from orchestration.foundation.settings import load_settings
    from orchestration.lake.feed import ingest_feed
    from orchestration.landing.deliveries import find_delivery

    ((_, text),) = blocks("text", [DOCS / "boundary-change.md"])
    settings = load_settings(home=tmp_path)
    settings.paths.create()
    (settings.paths.landing / "2026-04").mkdir()
    (settings.paths.landing / "2026-04" / "int_membership.csv").write_text(text)
    manifest = ingest_feed(settings, find_delivery(settings.paths, "2026-04"), "int_membership")
    assert manifest and (manifest.rows_loaded, manifest.rows_quarantined) == (2, 0)


def test_the_python_that_reads_a_release_reads_it(reader: dict[str, str]) -> None:
    page = (DOCS / "connect-bi.md").read_text()
    snippets = [text for text in re.findall(r"`([^`]+)`", page) if text.startswith(("duckdb.", "pandas.", "polars."))]
    assert len(snippets) == 3
    for text in snippets:
        # only what the line names: pandas' pyarrow and polars in one process sometimes abort when it ends
        code = f"import {text.split('.')[0]}\nfound = {text}\nprint(found.sql('from marts.dim_int') if 'duckdb.' in {text!r} else found)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=reader["INT_MARTS_HOME"], env=reader, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{text}\n{done.stderr[-500:]}"
        assert "int_code" in done.stdout


def test_the_indicator_of_the_page_is_the_one_that_a_test_adds() -> None:
    from tests.indicators.conftest import NEW_MEASURE

    ((_, sql),) = blocks("sql", [DOCS / "add-an-indicator.md"])
    assert sql.strip() == NEW_MEASURE.strip()


def test_the_cohort_of_the_page_is_a_row_of_the_seed() -> None:
    import csv

    ((_, text),) = blocks("text", [DOCS / "add-an-indicator.md"])
    with (PROJECT_ROOT / "seeds" / "cohorts.csv").open(newline="") as file:
        header = next(csv.reader(file))
    (row,) = csv.reader([text.strip()])
    cohort = dict(zip(header, row, strict=True))
    assert (cohort["kind"], cohort["age_from"], cohort["age_to"]) == ("age", "15", "24")


@pytest.mark.soak
def test_a_feed_is_added_as_the_page_says(tmp_path: Path) -> None:
    """A copy of the project with exactly the page's files: it takes a delivery, and its checks are registered."""
    project = tmp_path / "project"
    for name in ("orchestration", "dbt_project", "seeds", "expectations", "deploy", "docs"):
        shutil.copytree(
            PROJECT_ROOT / name, project / name, ignore=shutil.ignore_patterns("target", "logs", "__pycache__")
        )
    page = (DOCS / "add-a-feed.md").read_text()
    named = re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [Path(name).suffix for name, _ in named] == [".yaml", ".json", ".sql", ".yml"]
    for name, text in named:
        (project / name).write_text(text)
    (source,) = re.findall(r"^```yaml\n(      - name.*?)^```", page, re.MULTILINE | re.DOTALL)
    sources = project / "dbt_project" / "models" / "staging" / "_sources.yml"
    sources.write_text(sources.read_text().replace("      - name: hes_apc\n", source + "      - name: hes_apc\n", 1))
    environment = {**os.environ, "PYTHONPATH": str(project), "INT_MARTS_HOME": str(tmp_path / "data")}

    def in_project(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    in_project("-m", "orchestration.cli", "checks")
    assert "accept.virtual_wards.has_rows" in (project / "expectations" / "checks.yml").read_text()

    landing = tmp_path / "data" / "landing" / "2025-10"
    landing.mkdir(parents=True)
    (landing / "delivery.yaml").write_text("required_feeds: [virtual_wards]\n")
    rows = ["STAY_ID,PERSON_ID,PRACTICE_CODE,START_DATE,END_DATE,PATHWAY,AGE,SEX"]
    rows += [f"S{n},{n:032X},Z10001,2025-10-{n:02d},2025-10-20,FRAILTY,80,2" for n in range(1, 13)]
    rows += ["S99,,Z10001,2025-10-09,2025-10-01,OTHER,80,1"]
    (landing / "virtual_wards.csv").write_text("\n".join(rows) + "\n")
    assert "2025-10 would be taken" in in_project("-m", "orchestration.cli", "check", "2025-10")
    assert in_project("-c", TAKE_IN).split() == ["12", "1"], "the row that ends before it starts is put aside"


TAKE_IN = """
from orchestration.landing.deliveries import find_delivery
from orchestration.lake.feed import ingest_feed
from orchestration.foundation.settings import load_settings
settings = load_settings()
manifest = ingest_feed(settings, find_delivery(settings.paths, "2025-10"), "virtual_wards")
print(manifest.rows_loaded, manifest.rows_quarantined)
"""
