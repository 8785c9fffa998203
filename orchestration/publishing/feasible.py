"""Proof by example: other complete tables of whole numbers that would have been published in exactly the same way.

Each example comes from a small integer programme (HiGHS through scipy) in which only some of the unknowns may move and the rest keep
their true values. An example found that way is an example in the whole, so a proof is a proof; where none is found, more unknowns may
move, and after that another cell is hidden. Nothing depends on chance or on the order of rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from orchestration.publishing.disclosure import (
    FEASIBLE_VALUES_NEEDED,
    REACH,
    TOTAL,
    Cell,
    Knowledge,
    known_of_hidden,
    sums_of,
)

log = logging.getLogger(__name__)

RELIEF_TRIED = 12
NODE_LIMIT = 500
# How much is searched for measures that are tied to each other, in unknowns moved times nodes looked at: counted, not timed, so that
# what is hidden does not depend on the machine. A thousand take about 45 ms of a processor. Beyond it more is hidden, never less.
BUDGET = 1_000_000


def tied_measures(relations: Iterable[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Measure → all that relations tie to it, however remotely.

    >>> sorted(tied_measures([{"parts": ["a"], "whole": "b"}, {"parts": ["b"], "whole": "c"}])["a"])
    ['a', 'b', 'c']
    """
    found: dict[str, frozenset[str]] = {}
    for relation in relations:
        names = (*relation["parts"], relation["whole"])
        group = frozenset(names).union(*(found.get(name, frozenset()) for name in names))
        found.update(dict.fromkeys(group, group))
    return found


class Prover:
    """Finds feasible values of hidden rows, and hides more cells until each hidden row has enough of them."""

    def __init__(self, knowledge: Knowledge) -> None:
        from scipy import sparse

        self.knowledge = knowledge
        rows = knowledge.rows
        self.truth = np.array(knowledge.truth, dtype=float)
        lengths = [len(row.columns) for row in rows]
        indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        columns = np.concatenate([row.columns for row in rows]) if rows else np.array([], dtype=np.int64)
        weights = np.concatenate([row.weights for row in rows]) if rows else np.array([])
        self.by_row = sparse.csr_matrix((weights, columns, indptr), shape=(len(rows), len(self.truth)))
        self.by_column = self.by_row.tocsc()
        self.is_hidden = np.array([row.is_hidden for row in rows], dtype=bool)
        self.low = np.array([row.low for row in rows], dtype=float)
        self.high = np.array([row.high for row in rows], dtype=float)
        self.true_sums = self.by_row @ self.truth
        self.cell_of = {row: cell for cell, row in knowledge.row_of.items()}
        self.place_of = {**self.cell_of, **knowledge.earlier_hidden}
        self.group_of_column: dict[int, tuple] = {}
        self.columns_of_group: dict[tuple, list[int]] = {}
        self.measure_of: dict[int, str] = {}
        for key, column in knowledge.column_of.items():
            self.measure_of[column] = key[1]
            group = key[1:3] if key[0] == "x" else ("rest", column)
            self.group_of_column[column] = group
            self.columns_of_group.setdefault(group, []).append(column)
        self.seen: dict[int, set[int]] = {}
        self.cornered: list[Cell] = []
        self.sums: list[list[int]] = []
        self.sums_with: dict[int, list[int]] = {}
        self.write_down_sums()
        self.know(self.cell_of)
        self.tied_to = tied_measures(knowledge.relations)
        self.spent: dict[frozenset[str], int] = {}

    def write_down_sums(self) -> None:
        """The rows of each sum that a reader of the new release can write down, and the sums that each row stands in."""
        by_measure: dict[str, list[tuple[str, str, int]]] = {}
        for measure, *place in self.knowledge.row_of:
            by_measure.setdefault(measure, []).append(tuple(place))  # type: ignore[arg-type]
        for measure, places in by_measure.items():
            for together in sums_of(self.knowledge.teams_of, places):
                rows = [self.knowledge.row_of[(measure, *place)] for place in together]
                for row in rows:
                    self.sums_with.setdefault(row, []).append(len(self.sums))
                self.sums.append(rows)

    def know(self, rows: Iterable[int]) -> None:
        """What is known of hidden rows as things stand: a small count that is hidden alone in all its sums is known to be small."""
        for row in rows:
            if self.is_hidden[row]:
                is_alone = all(self.is_hidden[self.sums[at]].sum() == 1 for at in self.sums_with.get(row, ()))
                self.low[row], self.high[row] = known_of_hidden(self.true_sums[row], is_alone)

    def beside(self, row: int) -> set[int]:
        return {other for at in self.sums_with.get(row, ()) for other in self.sums[at]} | {row}

    # -- the loop -----------------------------------------------------------------------------------------------------------

    def hide_until_safe(self, primary: Iterable[Cell]) -> list[Cell]:
        """The further cells that must be hidden. A cell that stays unsafe with its whole measure hidden is noted in `cornered`."""
        hidden = self.hide_again()
        waiting = [self.knowledge.row_of[cell] for cell in [*primary, *hidden]] + list(self.knowledge.earlier_hidden)
        self.try_together(waiting)
        while waiting:
            row = waiting.pop(0)
            if self.is_safe(row):
                continue
            if self.is_exhausted(row):
                hidden += self.hide_all_tied(row)
                continue
            for more in self.relief(row):
                cells = [self.cell_of[other] for other in more]
                hidden += cells
                waiting += more
                if self.is_safe(row):
                    break
                if self.is_exhausted(row):
                    hidden += self.hide_all_tied(row)
                    break
            else:
                self.cornered.append(self.place_of[row])
        if self.cornered:
            log.warning(
                "earlier releases already give away %d hidden counts; all of their measures are hidden now: %s",
                len(self.cornered),
                ", ".join(sorted({measure for measure, *_ in self.cornered})),
            )
        return hidden

    def tied(self, row: int) -> frozenset[str]:
        """The measures that have to do with a cell's, its own too."""
        measure = self.place_of[row][0]
        return self.tied_to.get(measure, frozenset([measure]))

    def is_exhausted(self, row: int) -> bool:
        return self.spent.get(self.tied(row), 0) >= BUDGET

    def hide_all_tied(self, row: int) -> list[Cell]:
        """Everything of the measures that are tied to a cell: then the new release says nothing about any of them."""
        names = self.tied(row)
        shown = [r for r, cell in self.cell_of.items() if cell[0] in names and not self.is_hidden[r]]
        for other in shown:
            self.hide(other)
        if shown:
            log.warning(
                "the search for safe figures of %s came to its end: all of it is hidden", ", ".join(sorted(names))
            )
        return [self.cell_of[other] for other in shown]

    def hide_again(self) -> list[Cell]:
        """What an earlier release hid and has not changed stays hidden: showing it now would tell what was hidden then."""
        again = []
        for earlier, cell in self.knowledge.earlier_hidden.items():
            now = self.knowledge.row_of.get(cell)
            if now is None or self.is_hidden[now]:
                continue
            if np.array_equal(self.by_row[now].indices, self.by_row[earlier].indices):
                self.hide(now)
                again.append(cell)
        return again

    def relief(self, row: int) -> Iterator[list[int]]:
        """Sets of shown rows to hide for the sake of one, mildest first; each is hidden already when it is handed out."""
        candidates = self.shown_beside(row)
        for other in candidates[:RELIEF_TRIED]:
            before, seen = (self.low[other], self.high[other]), {at: set(values) for at, values in self.seen.items()}
            self.hide(other)
            if self.is_safe(row):
                yield [other]
                return
            # shown after all: what was found while it was hidden is no example of anything
            self.low[other], self.high[other] = before
            self.is_hidden[other], self.seen = False, seen
            self.know(self.beside(other))
        for other in candidates:
            self.hide(other)
            yield [other]
        rest = [r for r, c in self.cell_of.items() if c[0] == self.place_of[row][0] and not self.is_hidden[r]]
        for other in rest:
            self.hide(other)
        if rest:
            yield rest

    def shown_beside(self, row: int) -> list[int]:
        """Shown cells that share an unknown with a row, or are tied to it by a relation: smallest area and count first."""
        columns = self.by_row[row].indices
        touching = np.unique(self.by_column[:, columns].indices)
        related = np.unique(self.by_row[touching[~np.isfinite(self.low[touching])]].indices)
        if len(related):
            touching = np.union1d(touching, np.unique(self.by_column[:, related].indices))
        place = self.place_of[row]
        touching = np.union1d(touching, [self.knowledge.row_of[s] for s in self.siblings(place)]).astype(np.int64)
        found = [int(r) for r in touching if r != row and r in self.cell_of and not self.is_hidden[r]]
        return sorted(
            found,
            key=lambda r: (abs(self.cell_of[r][3] - place[3]), self.by_row[r].nnz, self.true_sums[r], self.cell_of[r]),
        )

    def siblings(self, cell: Cell) -> list[Cell]:
        measure, area_type, area_code, month = cell
        own = {area_code} if area_type == "int" else set(self.knowledge.teams_of.get((area_type, area_code), ()))
        beside = {
            team for teams in self.knowledge.teams_of.values() if own & set(teams) for team in teams if team not in own
        }
        return [c for team in sorted(beside) if (c := (measure, "int", team, month)) in self.knowledge.row_of]

    def hide(self, row: int) -> None:
        self.is_hidden[row] = True
        self.know(self.beside(row))

    # -- examples -----------------------------------------------------------------------------------------------------------

    def is_safe(self, row: int) -> bool:
        if len(self.values(row)) >= FEASIBLE_VALUES_NEEDED:
            return True
        return any(self.try_alone(row, free) for free in self.widening(row) if not self.is_exhausted(row))

    def values(self, row: int) -> set[int]:
        return self.seen.setdefault(row, {round(self.true_sums[row])})

    def widening(self, row: int) -> Iterator[np.ndarray]:
        """Which unknowns may move: one team's months, those of the teams beside it, the whole measure, all measures tied to it."""
        columns = self.by_row[row].indices
        groups = list(dict.fromkeys(self.group_of_column[int(column)] for column in columns))
        yield self.free(groups[:1])
        if len(groups) > 1:
            yield self.free(groups)
        measure, area_type, _, _ = self.place_of[row]
        if area_type != TOTAL:
            own = {group[1] for group in groups}
            beside = {t for teams in self.knowledge.teams_of.values() if own & set(teams) for t in teams} | own
            yield self.free([group for group in self.columns_of_group if group[0] == measure and group[1] in beside])
            tied = self.tied(row)
            if len(tied) > 1:
                yield self.free([group for group in self.columns_of_group if group[0] in tied and group[1] in beside])
        yield self.free([group for group in self.columns_of_group if group[0] in (measure, "rest")])

    def free(self, groups: Iterable[tuple]) -> np.ndarray:
        return np.array(
            sorted(column for group in groups for column in self.columns_of_group.get(group, ())), dtype=np.int64
        )

    def try_together(self, rows: list[int]) -> None:
        """Two programmes per team and measure give examples for all its hidden months at once."""
        by_group: dict[tuple, list[int]] = {}
        for row in rows:
            by_group.setdefault(self.group_of_column[int(self.by_row[row].indices[0])], []).append(row)
        for group, members in by_group.items():
            free = self.free([group])
            goal = np.asarray(self.by_row[members][:, free].sum(axis=0)).ravel()
            for direction in (1, -1):
                self.example(free, direction * goal)

    def try_alone(self, row: int, free: np.ndarray) -> bool:
        goal = self.by_row[row, free].toarray().ravel()
        if not goal.any():
            return False
        for direction in (1, -1):
            self.example(free, direction * goal, row=row, within=(-REACH, REACH))
            if len(self.values(row)) >= FEASIBLE_VALUES_NEEDED:
                return True
        true_value = round(self.true_sums[row])
        lowest, highest = min(self.values(row)), max(self.values(row))
        for value in range(lowest + 1, highest):
            if value not in self.values(row) and not self.is_exhausted(row):
                self.example(free, goal, row=row, within=(value - true_value, value - true_value))
            if len(self.values(row)) >= FEASIBLE_VALUES_NEEDED:
                return True
        return False

    def example(
        self, free: np.ndarray, goal: np.ndarray, row: int | None = None, within: tuple[float, float] = (0, 0)
    ) -> None:
        """Move the free unknowns as far as the goal wants and the knowledge allows; note the value of every row that moved."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        part = self.by_column[:, free].tocsr()
        touched = np.flatnonzero(np.diff(part.indptr))
        bound = touched[np.isfinite(self.low[touched]) & (self.low[touched] > 0) | np.isfinite(self.high[touched])]
        constraints = []
        if len(bound):
            constraints.append(
                LinearConstraint(
                    part[bound], self.low[bound] - self.true_sums[bound], self.high[bound] - self.true_sums[bound]
                )
            )
        if row is not None:
            constraints.append(LinearConstraint(part[[row]], *within))
        found = milp(
            -goal,
            integrality=np.ones(len(free)),
            bounds=Bounds(np.maximum(-self.truth[free], -REACH), np.full(len(free), REACH)),
            constraints=constraints,
            # A limit on nodes and not on seconds: what is hidden must not depend on how fast the machine is.
            options={"node_limit": NODE_LIMIT, "mip_rel_gap": 0.0 if row is not None else 0.2},
        )
        if len(free):
            group = self.tied_to.get(measure := self.measure_of[int(free[0])], frozenset([measure]))
            self.spent[group] = self.spent.get(group, 0) + len(free) * (1 + (found.mip_node_count or 0))
        if found.x is None:
            return
        moved = np.round(found.x)
        change = part @ moved
        # Believed only when it is right in whole numbers, whatever the solver's tolerance.
        after = self.true_sums + change
        if (
            (self.truth[free] + moved < 0).any()
            or (after[bound] < self.low[bound]).any()
            or (after[bound] > self.high[bound]).any()
        ):
            return
        for other in np.flatnonzero(change):
            if self.is_hidden[other]:
                self.values(int(other)).add(round(after[other]))
