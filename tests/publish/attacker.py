"""Somebody who has the public folders, knows every rule, and wants to know a hidden count. Shares no code with the protection.

Unknowns are whole monthly counts of each team from 0 up; every published figure of every folder is a row. For each hidden figure the
smallest and largest value are found by linear programming over everything that is tied to it; where that leaves little, by integer
programming, value by value. A hidden figure with fewer than three possible values is a success of the attack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csgraph

ENOUGH = 3
PROFILE = Path(__file__).parents[2] / "orchestration" / "publishing" / "public_profile.yml"


@dataclass(frozen=True)
class Hidden:
    release: str
    measure: str
    area: str
    month: str


class Attack:
    def __init__(self, folders: Sequence[Path], relations: list[dict[str, Any]] | None = None) -> None:
        self.columns: dict[tuple, int] = {}
        self.entries: list[tuple[list[int], list[float], float, float]] = []
        self.hidden: dict[Hidden, int] = {}
        self.totals: list[int] = []
        for folder in folders:
            self._read(folder)
        for relation in yaml.safe_load(PROFILE.read_text())["subsets"] if relations is None else relations:
            self._relate(relation)
        rows = [i for i, (columns, *_) in enumerate(self.entries) for _ in columns]
        columns = [c for columns, *_ in self.entries for c in columns]
        weights = [w for _, weights, *_ in self.entries for w in weights]
        self.matrix = sparse.csr_matrix((weights, (rows, columns)), shape=(len(self.entries), len(self.columns)))
        self.low = np.array([low for *_, low, _ in self.entries])
        self.high = np.array([high for *_, high in self.entries])
        self.parts = self._parts()

    def _parts(self) -> np.ndarray:
        """Which figures have to do with each other, however remotely: a number for each row."""
        tied = sparse.bmat([[None, self.matrix], [self.matrix.T, None]])
        return csgraph.connected_components(tied, directed=False)[1][: len(self.entries)]

    @lru_cache(maxsize=1)  # noqa: B019 (an attack lives as long as a test)
    def _problem(self, part: int) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Rows of a part, their matrix and their bounds: the ICB is its teams, unless the figures say that it has others besides."""
        rows = np.flatnonzero(self.parts == part)
        matrix = self.matrix[rows]
        matrix = matrix[:, np.unique(matrix.indices)]
        low, high = self.low[rows], self.high[rows]
        if extreme(matrix, low, high, np.zeros(matrix.shape[1])) is None:
            low = np.where(np.isin(rows, self.totals), 0.0, low)
        return rows, matrix, low, high

    def _column(self, *key: Any) -> int:
        return self.columns.setdefault(key, len(self.columns))

    def _read(self, folder: Path) -> None:
        with duckdb.connect(str(folder / "int_marts_public.duckdb"), read_only=True) as shown:
            teams = shown.execute(
                "select int_code, pcn_code, hcp_code from marts.dim_int "
                "where int_code in (select area_code from marts.indicator_values where area_type = 'int')"
            ).fetchall()
            figures = shown.execute(
                """
                select figures.area_type, area_code, year(month) * 12 + month(month) as month, figures.numerator, figures.denominator,
                    catalogue.numerator_measure_id, catalogue.denominator_measure_id, catalogue.denominator_kind = 'population',
                    is_suppressed
                from marts.indicator_values as figures inner join marts.dim_indicator as catalogue using (indicator_id)
                where indicator_id <> 'spend_per_head' and (is_suppressed or figures.numerator is not null)
                order by all
                """
            ).fetchall()
        for kind, area, month, numerator, denominator, counted, divided, is_population, is_suppressed in figures:
            own = [
                team for team, pcn, hcp in teams if kind == "icb" or area == {"int": team, "pcn": pcn, "hcp": hcp}[kind]
            ]
            sides = [(counted, numerator)] + ([] if is_population else [(divided, denominator)])
            for measure, count in sides:
                if count is None and not is_suppressed:
                    # not known to the publisher either: it says nothing
                    continue
                columns = [self._column(measure, team, month - back) for team in own for back in range(12)]
                if count is None:
                    self.hidden[
                        Hidden(
                            folder.name, measure, f"{kind} {area}", f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}"
                        )
                    ] = len(self.entries)
                    low, high = 0.0, np.inf
                elif count == 0:
                    low = high = 0.0
                else:
                    assert count % 5 == 0 and count >= 10, (
                        "only counts to the nearest 5 are shown, and none that stands for 1 to 7"
                    )
                    low, high = max(8.0, count - 2), count + 2
                if kind == "icb":
                    self.totals.append(len(self.entries))
                self.entries.append((columns, [1.0] * len(columns), low, high))

    def _relate(self, relation: dict[str, Any]) -> None:
        known = {key[0] for key in self.columns}
        parts = [part for part in relation["parts"] if part in known]
        if relation["whole"] not in known or not parts:
            return
        for whole, team, month in [key for key in self.columns if key[0] == relation["whole"]]:
            columns = [self._column(part, team, month) for part in parts] + [self.columns[(whole, team, month)]]
            self.entries.append((columns, [1.0] * len(parts) + [-1.0], -np.inf, 0.0))

    def possible_values(self, row: int) -> int:
        """How many values a hidden figure can have, counted up to three."""
        rows, matrix, low, high = self._problem(int(self.parts[row]))
        at = np.searchsorted(rows, row)
        goal = matrix[at].toarray().ravel()
        ends = [extreme(matrix, low, high, direction * goal) for direction in (1, -1)]
        assert None not in ends, "the published figures contradict each other"
        first, last = np.ceil(ends[0] - 1e-6), np.floor(-ends[1] + 1e-6)
        if last - first + 1 >= 8:
            return ENOUGH
        return sum(is_possible(matrix, low, high, at, value) for value in np.arange(first, last + 1))

    def successes(self, cells: Iterable[Hidden] | None = None) -> list[Hidden]:
        return [cell for cell in cells or self.hidden if self.possible_values(self.hidden[cell]) < ENOUGH]


def extreme(matrix: sparse.csr_matrix, low: np.ndarray, high: np.ndarray, goal: np.ndarray) -> float | None:
    """The smallest value of the goal over everything that fits what is known; None when nothing fits."""
    upper, lower = np.isfinite(high), np.isfinite(low) & (low > 0)
    found = linprog(
        goal,
        A_ub=sparse.vstack([matrix[upper], -matrix[lower]]),
        b_ub=np.concatenate([high[upper], -low[lower]]),
        bounds=(0, None),
        method="highs",
    )
    assert found.status in (0, 2, 3), found.message
    return {0: found.fun, 2: None, 3: -np.inf}[found.status]


def is_possible(matrix: sparse.csr_matrix, low: np.ndarray, high: np.ndarray, at: int, value: float) -> bool:
    low, high = low.copy(), high.copy()
    low[at] = high[at] = value
    found = milp(
        np.zeros(matrix.shape[1]),
        integrality=np.ones(matrix.shape[1]),
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(matrix, low, high),
    )
    return found.status == 0
