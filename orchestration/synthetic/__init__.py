"""The demo delivery generator: synthetic, but shaped like the real extracts of an integrated care board.

    from orchestration.synthetic import write_demo
    write_demo(home / "landing", people=3_000, months=14, to="2025-10", deliveries=2, seed=1)

The door is `write_demo`; the modules: `plan` (which months, which deliveries), `world` (geography), `people`, then
one module per
kind of activity, `dirt` (what is wrong on purpose), `*_files` (the real layouts) and `truth` (what a correct pipeline
must find).
"""

from __future__ import annotations

from orchestration.synthetic.demo import DemoSummary, write_demo

__all__ = ["DemoSummary", "write_demo"]
