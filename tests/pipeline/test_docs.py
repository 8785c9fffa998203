"""Every command in the documentation is run: what a page tells people to type works as the page says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT

pytestmark = pytest.mark.slow

PAGES = [PROJECT_ROOT / "README.md", PROJECT_ROOT / "CONTRIBUTING.md", *sorted((PROJECT_ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^[ ]*```bash\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:int-marts|make) [^`]+)`")
PLACEHOLDER = re.compile(r"[<…]|YYYY|persons\.txt|PERSONS_FILE|\.\.\.")


def commands_in_blocks() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            found += [
                (page.name, line.strip())
                for line in block.splitlines()
                if line.strip() and not line.strip().startswith("#")
            ]
    return found


def test_there_are_commands_to_check() -> None:
    assert len(commands_in_blocks()) >= 8


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for words in re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", page.read_text(), re.MULTILINE):
            assert (words[0] or words[1]) in targets, f"{page.name}: make {words}"


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_inline_command_is_one_the_program_knows() -> None:
    from orchestration.cli import upkeep

    known = {info.name or info.callback.__name__ for info in upkeep.app.registered_commands if info.callback}
    assert "refresh" in known
    for page in PAGES:
        for text in INLINE.findall(page.read_text()):
            if text.startswith("int-marts "):
                word = text.split()[1].rstrip(",.")
                assert word in known or word.startswith("-"), f"{page.name}: {text}"


@pytest.mark.parametrize(("page", "line"), [pair for pair in commands_in_blocks() if not pair[1].startswith("make ")])
def test_a_command_of_the_docs_runs(copy_of_home: Path, command: Callable, page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words[0] == "int-marts", f"{page}: {line}"
    assert not PLACEHOLDER.search(line), f"{page}: a block holds a command with a placeholder: {line}"
    done = command(*words[1:], home=copy_of_home)
    assert done.exit_code == 0, f"{page}: {line}\n{done.stderr[-1500:]}"
