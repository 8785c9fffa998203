"""Somebody who has the public folders, knows every rule, and wants to know a hidden count. Shares no code with the protection.

Unknowns are whole monthly counts of each team from 0 up; every published figure of every folder is a row. For each hidden figure the
smallest and largest value are found by linear programming over everything at once; where that leaves little, by integer programming,
value by value. A hidden figure with fewer than three possible values is a success of the attack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

ENOUGH = 3
PROFILE = Path(__file__).parents[2] / "orchestration" / "publish" / "public_profile.yml"


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

    def _column(self, *key: Any) -> int:
        return self.columns.setdefault(key, len(self.columns))

    def _read(self, folder: Path) -> None:
        with duckdb.connect(str(folder / "int_marts_public.duckdb"), read_only=True) as shown:
            teams = shown.execute("select int_code, pcn_code, hcp_code from marts.dim_int").fetchall()
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
                team for team, pcn, hcp in teams if kind == "icb" or area in {"int": team, "pcn": pcn, "hcp": hcp}[kind]
            ]
            sides = [(counted, numerator)] + ([] if is_population else [(divided, denominator)])
            for measure, count in sides:
                assert count is not None or is_suppressed
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
        goal = self.matrix[row].toarray().ravel()
        upper, lower = np.isfinite(self.high), np.isfinite(self.low) & (self.low > 0)
        inequalities = sparse.vstack([self.matrix[upper], -self.matrix[lower]])
        limits = np.concatenate([self.high[upper], -self.low[lower]])
        ends = []
        for direction in (1, -1):
            found = linprog(direction * goal, A_ub=inequalities, b_ub=limits, bounds=(0, None), method="highs")
            if found.status == 3:  # no end on this side
                ends.append(direction * -np.inf)
                continue
            assert found.status == 0, f"the published figures contradict each other: {found.message}"
            ends.append(direction * found.fun)
        first, last = np.ceil(ends[0] - 1e-6), np.floor(ends[1] + 1e-6)
        if last - first + 1 >= 8:
            return ENOUGH
        return sum(self._is_possible(row, value) for value in np.arange(first, last + 1))

    def _is_possible(self, row: int, value: float) -> bool:
        low, high = self.low.copy(), self.high.copy()
        low[row] = high[row] = value
        found = milp(
            np.zeros(self.matrix.shape[1]),
            integrality=np.ones(self.matrix.shape[1]),
            bounds=Bounds(0, np.inf),
            constraints=LinearConstraint(self.matrix, low, high),
        )
        return found.status == 0

    def successes(self) -> list[Hidden]:
        return [cell for cell, row in self.hidden.items() if self.possible_values(row) < ENOUGH]
