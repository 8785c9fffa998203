"""The pages that other rooms write into a release. Their libraries take seconds to load, so each is fetched when it is needed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from orchestration.warehouse import Warehouse


def write_report(folder: Path, warehouse: Warehouse, context: dict[str, Any]) -> None:
    if importlib.util.find_spec("orchestration.publish.report") is None:
        return
    from orchestration.publish.report import write_report as write

    folder.mkdir()
    write(folder, warehouse, context)


def write_quality_page(folder: Path, verdict: Any) -> None:
    from orchestration import quality

    if not hasattr(quality, "write_quality_page"):
        return
    folder.mkdir()
    quality.write_quality_page(folder, verdict)
