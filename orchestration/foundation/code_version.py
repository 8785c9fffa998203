"""What code made a figure: a fingerprint of every file that can change one, the git commit and the package versions."""

from __future__ import annotations

import hashlib
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestration.foundation.settings import PROJECT_ROOT

FIGURE_MAKING_FOLDERS = ("orchestration", "dbt_project", "seeds", "expectations")
FIGURE_MAKING_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".json", ".csv", ".toml", ".j2", ".html", ".css", ".js"}
NAMED_PACKAGES = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "numpy",
    "pandas",
    "scipy",
)


def figure_making_files() -> list[Path]:
    found = (
        path
        for folder in FIGURE_MAKING_FOLDERS
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.suffix in FIGURE_MAKING_SUFFIXES
        and path.is_file()
        and not {"target", "logs", "__pycache__"} & set(path.parts)
    )
    return sorted(found)


def files_fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """sha256 over names and contents of every file that can change a figure; needs no git."""
    return files_fingerprint(figure_making_files())


@lru_cache(maxsize=1)
def git_commit() -> str:
    """The commit checked out, with `-modified` when the work tree differs from it; `unknown` outside a clone."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("-modified" if dirty.stdout.strip() else "")


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    versions = {}
    for name in NAMED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions
