"""The `int-marts` command."""

from orchestration.cli.app import main

__all__ = ["main"]
