"""The code location that Dagster loads."""

import dagster as dg

from orchestration.foundation.settings import load_settings
from orchestration.graph.definitions import build_definitions

__all__ = ["build_definitions", "defs"]


@dg.definitions
def defs() -> dg.Definitions:
    return build_definitions(load_settings())
