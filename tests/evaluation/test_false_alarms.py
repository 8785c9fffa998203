"""How often a verdict is wrong: evidence where nothing is true, and nothing found where the detectable effect is.

docs/evaluation.md has the figures of the whole; a fixed part of it is in `make test`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from orchestration.build.evaluation import LARGEST_PLAUSIBLE, Judged, evaluate
from tests.evaluation.simulated import FOUR_MOVERS, KINDS, TWO_WAVES, simulated

DIRECTIONS = {"evidence_lower", "evidence_higher"}


def first(kind: str, seed: int, effect: float, waves: tuple[tuple[int, int], ...]) -> Judged:
    """The simple mean alone: its verdict opens the others, and is worked out ten times as fast without them."""
    panel = simulated(kind, seed, effect, waves)
    return evaluate(panel, largest_plausible=LARGEST_PLAUSIBLE, aggregations=("simple",))[0]


def shares(kind: str, seeds: range, waves: tuple[tuple[int, int], ...]) -> tuple[float, float]:
    """Share of null panels called evidence, and of panels with the detectable fall in which it is found."""
    said, found = Counter[str | None](), 0
    for seed in seeds:
        null = first(kind, seed, 0.0, waves)
        said[null.verdict] += 1
        assert null.detectable_effect is not None
        found += first(kind, seed, -null.detectable_effect, waves).verdict == "evidence_lower"
    return sum(said[verdict] for verdict in DIRECTIONS) / len(seeds), found / len(seeds)


@pytest.mark.parametrize("effect", [0.0, -0.05])
@pytest.mark.parametrize("kind", KINDS)
def test_no_part_is_evidence_where_the_whole_is_not(kind: str, effect: float) -> None:
    panel = simulated(kind, 1, effect, TWO_WAVES)
    whole, *parts = evaluate(panel, largest_plausible=LARGEST_PLAUSIBLE)
    assert whole == first(kind, 1, effect, TWO_WAVES)
    opened = {part.verdict for part in parts} & DIRECTIONS
    assert opened <= ({whole.verdict} if whole.verdict in DIRECTIONS else set())


@pytest.mark.slow
def test_a_fixed_few_of_every_kind() -> None:
    alarms, found = [], []
    for kind in KINDS:
        alarm, there = shares(kind, range(4), FOUR_MOVERS)
        alarms.append(alarm)
        if kind != "chosen":  # there the verdict is, rightly, that the teams were on another way before
            found.append(there)
    assert sum(alarms) / len(alarms) <= 0.05
    assert 0.6 <= sum(found) / len(found) <= 1.0


@pytest.mark.attack
@pytest.mark.parametrize("waves", [FOUR_MOVERS, TWO_WAVES])
@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_panels_of_a_kind(kind: str, waves: tuple[tuple[int, int], ...]) -> None:
    alarm, found = shares(kind, range(200), waves)
    print(f"{kind} {waves}: evidence in {alarm:.1%} of null panels, the detectable fall found in {found:.1%}")
    assert alarm <= 0.05
    if kind != "chosen":
        assert 0.75 <= found <= 0.85
