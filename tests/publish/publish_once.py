"""Run as a process of its own, to be killed: `python -m tests.publish.publish_once HOME DELIVERY`."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestration import publishing as publish
from orchestration.foundation.settings import Settings
from orchestration.publishing import pages
from tests.publish.fixture_warehouse import open_verdict
from tests.publish.quick_report import write_quick_report


def main() -> None:
    home, delivery = sys.argv[1:3]
    settings = Settings(home=Path(home), threads=1, memory_limit="1GB", releases_kept=3)
    pages.write_report = write_quick_report
    verdict = open_verdict(settings, delivery)
    print("ready", flush=True)
    publish.publish(settings, delivery, verdict)
    print("published", flush=True)


if __name__ == "__main__":
    main()
