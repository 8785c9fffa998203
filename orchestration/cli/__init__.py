"""The `int-marts` command."""

from orchestration.cli.app import app
from orchestration.foundation.processor import collect_seldom


def main() -> None:
    collect_seldom()
    app()
