"""The pages that other rooms write into a release. Their libraries take seconds to load, so each is fetched when it is needed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.warehouse import Warehouse

if TYPE_CHECKING:
    from orchestration.quality import Verdict


def write_report(folder: Path, warehouse: Warehouse, context: dict[str, Any]) -> None:
    if importlib.util.find_spec("orchestration.publish.report") is None:
        return
    from orchestration.publish.report import write_report as write

    folder.mkdir()
    write(folder, warehouse, context)


def write_quality_page(folder: Path, verdict: Verdict) -> None:
    from orchestration.quality import write_quality_page as write

    write(folder, verdict)
