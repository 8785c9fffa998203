"""What a whole process of the house is told once, at its start."""

from __future__ import annotations

import gc

ALLOCATIONS = 100_000


def collect_seldom() -> None:
    """Look for cycles after every 100,000 allocations and not after every 700: libraries that make half a million objects when they are
    imported are then not walked through again and again (Dagster and Great Expectations 2.5 processor seconds instead of 3.4)."""
    gc.set_threshold(ALLOCATIONS)
