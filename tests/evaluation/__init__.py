"""Does it work: the estimator, its judgement, the marts and the page."""
