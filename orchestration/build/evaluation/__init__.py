"""Does it work: group-time effects of a staggered start, how sure they are, and what may be said of them."""

from orchestration.build.evaluation.estimator import AGGREGATIONS, GROUP_TIME
from orchestration.build.evaluation.judgement import (
    LARGEST_PLAUSIBLE,
    LEAST_MONTHS_AFTER,
    Judged,
    evaluate,
    percent,
    percent_fall,
)
from orchestration.build.evaluation.panel import BASES, CONTROLS, OUTCOMES, Panel, PanelError, Row

__all__ = [
    "AGGREGATIONS",
    "BASES",
    "CONTROLS",
    "GROUP_TIME",
    "LARGEST_PLAUSIBLE",
    "LEAST_MONTHS_AFTER",
    "OUTCOMES",
    "Judged",
    "Panel",
    "PanelError",
    "Row",
    "evaluate",
    "percent",
    "percent_fall",
]
