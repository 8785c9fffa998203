"""Landing → lake → inputs. Imports are lazy, because the command line loads this package."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.ingest.check import check_delivery, write_error_report
    from orchestration.ingest.feed import ingest_feed
    from orchestration.ingest.inputs import InputsPlan, write_empty_inputs, write_inputs
    from orchestration.ingest.manifest import Manifest
    from orchestration.ingest.retention import forget, purge
    from orchestration.ingest.whole_delivery import ingest_delivery, ingest_feed_up_to

_HOMES = {
    "ingest_feed": "feed",
    "ingest_delivery": "whole_delivery",
    "ingest_feed_up_to": "whole_delivery",
    "write_inputs": "inputs",
    "write_empty_inputs": "inputs",
    "InputsPlan": "inputs",
    "Manifest": "manifest",
    "check_delivery": "check",
    "write_error_report": "check",
    "forget": "retention",
    "purge": "retention",
}

__all__ = [
    "InputsPlan",
    "Manifest",
    "check_delivery",
    "forget",
    "ingest_delivery",
    "ingest_feed",
    "ingest_feed_up_to",
    "purge",
    "write_empty_inputs",
    "write_error_report",
    "write_inputs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"orchestration.ingest.{_HOMES[name]}"), name)
