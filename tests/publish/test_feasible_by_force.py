"""Small tables, all of them: what is hidden keeps three possible values, found by writing down every table there could be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from orchestration.publishing import feasible
from orchestration.publishing.disclosure import Measure, Publication
from orchestration.publishing.protection import protect

MONTH = 2025 * 12 + 9
MOST = 30


def random_table(seed: int) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    dice = np.random.default_rng(seed)
    counts = {team: int(dice.choice([0, 1, 2, 3, 5, 7, 8, 12, 13, 17])) for team in "abc"}
    groups = [{"P": ("a", "b"), "Q": ("c",)}, {"P": ("a", "b", "c")}, {}][int(dice.integers(3))]
    return counts, groups


def published(counts: dict[str, int], groups: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], int]:
    figures = {("int", team): count for team, count in counts.items()}
    figures |= {("pcn", code): sum(counts[team] for team in teams) for code, teams in groups.items()}
    return figures | {("icb", "Z"): sum(counts.values())}


def shown(count: int) -> int:
    return 5 * ((count + 2) // 5)


def alone(figures: dict[tuple[str, str], int], groups: dict[str, tuple[str, ...]], hidden: set) -> set:
    """Hidden places that nobody stands beside in any sum: team, group and ICB."""
    sums = [[("pcn", code), *(("int", team) for team in teams)] for code, teams in groups.items()]
    sums.append([("icb", "Z"), *(place for place in figures if place[0] == "int")])
    sums += [[("icb", "Z"), *(place for place in figures if place[0] == "pcn")]] if groups else []
    return {place for place in hidden if all(len(hidden & set(one)) == 1 for one in sums if place in one)}


def possible(counts: dict[str, int], groups: dict[str, tuple[str, ...]], hidden: set) -> Iterator[dict]:
    """Every table that would have been published in the same way."""
    truth = published(counts, groups)
    lone = {place for place in alone(truth, groups, hidden) if 0 < truth[place] < 8}
    for values in itertools.product(range(MOST), repeat=len(counts)):
        other = published(dict(zip(counts, values, strict=True)), groups)
        fits = all(
            1 <= count <= 7
            if place in lone
            else place in hidden
            or (not 0 < count < 8 and shown(count) == shown(truth[place]) and (count == 0) == (truth[place] == 0))
            for place, count in other.items()
        )
        if fits:
            yield other


def publication(counts: dict[str, int], groups: dict[str, tuple[str, ...]]) -> Publication:
    figures = {(kind, code, MONTH): count for (kind, code), count in published(counts, groups).items()}
    return Publication({"m": Measure("m", figures)}, {("pcn", code): teams for code, teams in groups.items()})


@pytest.mark.parametrize("seeds", [range(25), pytest.param(range(25, 400), marks=pytest.mark.attack)])
def test_three_values_are_possible_of_everything_hidden(seeds: range) -> None:
    looked_at = 0
    for seed in seeds:
        counts, groups = random_table(seed)
        found = protect(publication(counts, groups), [], [])
        hidden = {(kind, code) for _, kind, code, _ in found.hidden}
        assert {place for place, count in published(counts, groups).items() if 0 < count < 8} <= hidden
        values: dict[tuple[str, str], set[int]] = {place: set() for place in hidden}
        for other in possible(counts, groups, hidden) if hidden else ():
            for place in hidden:
                values[place].add(other[place])
        looked_at += len(hidden)
        assert all(len(each) >= 3 for each in values.values()), (seed, counts, groups, values)
    assert looked_at >= len(seeds)


def test_the_force_finds_what_is_not_protected() -> None:
    """So we know that it can: without hiding more, some of these tables give a count away."""
    careless = 0
    for seed in range(25):
        counts, groups = random_table(seed)
        hidden = {place for place, count in published(counts, groups).items() if 0 < count < 8}
        tables = list(possible(counts, groups, hidden))
        careless += any(len({table[place] for table in tables}) < 3 for place in hidden)
    assert careless > 0


def test_beyond_the_budget_more_is_hidden_and_never_less(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(12):
        table = publication(*random_table(seed))
        whole = protect(table, [], [])
        for budget in (0, 1, 10, 100):
            monkeypatch.setattr(feasible, "BUDGET", budget)
            assert protect(table, [], []).hidden >= whole.hidden, (seed, budget)
        monkeypatch.undo()
