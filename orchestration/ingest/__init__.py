"""Landing → lake → inputs. Imports are lazy, because the command line loads this package."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.ingest.feed import ingest_feed
    from orchestration.ingest.inputs import InputsPlan, write_empty_inputs, write_inputs
    from orchestration.ingest.manifest import Manifest
    from orchestration.ingest.whole_delivery import ingest_delivery

_HOMES = {
    "ingest_feed": "feed",
    "ingest_delivery": "whole_delivery",
    "write_inputs": "inputs",
    "write_empty_inputs": "inputs",
    "InputsPlan": "inputs",
    "Manifest": "manifest",
}

__all__ = [
    "InputsPlan",
    "Manifest",
    "ingest_delivery",
    "ingest_feed",
    "write_empty_inputs",
    "write_inputs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"orchestration.ingest.{_HOMES[name]}"), name)
