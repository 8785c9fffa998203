"""The `int-marts` command."""

from orchestration.cli import adding, evaluating, releases, upkeep  # noqa: F401 - they register their commands
from orchestration.cli.app import app


def main() -> None:
    app()
