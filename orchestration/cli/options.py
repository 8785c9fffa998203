"""What several commands take, and what the shell offers for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.foundation.settings import Settings, load_settings


def deliveries_there(incomplete: str) -> list[str]:
    """For the shell's completion: the folders in landing."""
    landing = Path(os.environ.get("INT_MARTS_HOME") or "data") / "landing"
    return sorted(path.name for path in landing.glob(f"{incomplete}*") if path.is_dir())


def releases_there(incomplete: str) -> list[str]:
    """For the shell's completion: the release folders."""
    releases = Path(os.environ.get("INT_MARTS_HOME") or "data") / "releases"
    return sorted(path.name for path in releases.glob(f"{incomplete}*.*") if path.is_dir() and not path.is_symlink())


Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for machines.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Home of the data; default INT_MARTS_HOME or ./data.", show_default=False)
]
DeliveryArgument = Annotated[
    str | None,
    typer.Argument(
        help="A delivery folder such as 2025-10; default: the newest.",
        show_default=False,
        autocompletion=deliveries_there,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another run of this home instead of leaving with 5.")]


def settings_for(home: Path | None) -> Settings:
    if home is not None:
        os.environ["INT_MARTS_HOME"] = str(home.absolute())
    return load_settings()
