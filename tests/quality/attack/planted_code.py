"""Plants one fault in a copy of the tree, runs the tests that should see it, and says which did; and the score of all of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path
from xml.etree import ElementTree

from pydantic import BaseModel

from tests.quality.attack.code_faults import CodeFault

PROJECT_ROOT = Path(__file__).resolve().parents[3]
MAKE_TEST = "not attack and not browser and not soak and not spark"


class CodeOutcome(BaseModel):
    """`seen_by`: the tests that failed. `errors`: tests that broke before they could judge, which counts as unseen."""

    fault: str
    file: str
    seen_by: list[str]
    errors: int = 0
    passed: int = 0

    @property
    def is_seen(self) -> bool:
        return bool(self.seen_by) and not self.errors


class CopiedTree:
    """A copy of the tracked files and the new ones, in which one fault after the other is planted and taken out again."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.work = folder / "work"
        self.parsed = folder / "parsed"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (PROJECT_ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT_ROOT / name, self.root / name)
        self.parsed.mkdir()

    def try_fault(self, fault: CodeFault) -> CodeOutcome:
        file = self.root / fault.file
        whole = file.read_text(encoding="utf-8")
        assert whole.count(fault.text) == 1, fault.name
        file.write_text(whole.replace(fault.text, fault.instead), encoding="utf-8")
        try:
            return self.run(fault.name, fault.file, fault.tests)
        finally:
            file.write_text(whole, encoding="utf-8")

    def run(self, name: str, file: str, tests: tuple[str, ...]) -> CodeOutcome:
        """The tests in a process of their own, with the copy before everything else on the path."""
        report = self.work.with_suffix(".xml")
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-m", MAKE_TEST, *tests]
        command += [f"--basetemp={self.work}", f"--junitxml={report}", "-o", "junit_family=xunit1"]
        done = subprocess.run(command, cwd=self.root, env=self.environment(tests), capture_output=True, text=True)
        assert done.returncode in (0, 1) and report.exists(), done.stdout[-3000:] + done.stderr[-2000:]
        self.keep_parsed(tests)
        cases = list(ElementTree.parse(report).iter("testcase"))
        assert cases, f"{name}: no test was chosen"
        failed = [case for case in cases if case.find("failure") is not None]
        broken = [case for case in cases if case.find("error") is not None]
        return CodeOutcome(
            fault=name,
            file=file,
            seen_by=[f"{case.get('file')}::{case.get('name')}" for case in failed],
            errors=len(broken),
            passed=len(cases) - len(failed) - len(broken),
        )

    def environment(self, tests: tuple[str, ...]) -> dict[str, str]:
        """dbt parses the whole project anew in every run, which is most of the time; it starts from what it parsed for the same tests."""
        known = self.parsed_before(tests)
        warm = {"DBT_PARTIAL_PARSE_FILE_PATH": str(known)} if known.exists() else {}
        return {**os.environ, "PYTHONPATH": str(self.root), **warm}

    def parsed_before(self, tests: tuple[str, ...]) -> Path:
        return self.parsed / (tests[0].split("::")[0].replace("/", "_") + ".msgpack")

    def keep_parsed(self, tests: tuple[str, ...]) -> None:
        if not self.parsed_before(tests).exists():
            for found in sorted(self.work.rglob("partial_parse.msgpack"))[:1]:
                shutil.copy(found, self.parsed_before(tests))


def stands_on(fault: CodeFault) -> str:
    """Changes when the fault, the file it is planted in, or the file of one of its tests does."""
    digest = hashlib.sha256(repr(astuple(fault)).encode())
    for file in (fault.file, *sorted({test.split("::")[0] for test in fault.tests})):
        digest.update((PROJECT_ROOT / file).read_bytes())
    return digest.hexdigest()[:16]
