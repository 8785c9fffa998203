"""Callaway and Sant'Anna in plain loops, from the definition; standard errors by nudging each unit's count.

Slow and independent of the module: how often a unit stands in the panel is moved a little, and the change of the
estimate is its influence.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    first_treated: int | None
    weight: float
    outcomes: dict[int, float]


def invented(seed: int, periods: int = 9, units: int = 17) -> list[Unit]:
    """A panel with three waves of different size, some never treated, effects that grow."""
    draw = random.Random(seed)
    starts = [4, 4, 4, 6, 6, 6, 6, 8, 8, None, None, None, None, None, None, 6, 8][:units]
    made = []
    for start in starts:
        level = draw.gauss(3, 0.4)
        grown = {
            period: level + 0.1 * math.sin(period) + draw.gauss(0, 0.1) - 0.05 * max(0, period - (start or 99) + 1)
            for period in range(1, periods + 1)
        }
        made.append(Unit(start, draw.uniform(0.5, 2.0), grown))
    return made


def everything(
    units: list[Unit], controls: str, base: str, counts: list[float] | None = None
) -> dict[tuple[str, str], float]:
    """(aggregation, key) → estimate, with each unit standing `counts` times in the panel."""
    counts = counts or [1.0] * len(units)
    mass = [count * unit.weight for count, unit in zip(counts, units, strict=True)]
    periods = sorted(units[0].outcomes)
    waves = sorted({unit.first_treated for unit in units if unit.first_treated})
    att: dict[tuple[int, int], float] = {}
    for wave in waves:
        earlier = [period for period in periods if period < wave]
        for period in periods:
            if base == "mean_12":
                held_against = earlier[-12:]
            elif base == "universal" or period >= wave:
                held_against = earlier[-1:]
            else:
                held_against = [period - 1] if period > periods[0] else []
            if not held_against or held_against == [period]:
                continue

            def change(unit: Unit, period: int = period, held_against: list[int] = held_against) -> float:
                return unit.outcomes[period] - sum(unit.outcomes[p] for p in held_against) / len(held_against)

            latest = max(period, *held_against)
            top = bottom = 0.0
            others = others_mass = 0.0
            for unit, m in zip(units, mass, strict=True):
                if unit.first_treated == wave:
                    top, bottom = top + m * change(unit), bottom + m
                elif unit.first_treated is None or (controls == "not_yet" and unit.first_treated > latest):
                    others, others_mass = others + m * change(unit), others_mass + m
            if others_mass:
                att[wave, period] = top / bottom - others / others_mass
    size = {wave: sum(m for unit, m in zip(units, mass, strict=True) if unit.first_treated == wave) for wave in waves}

    def by_size(cells: list[tuple[int, int]]) -> float:
        return sum(size[g] * att[g, t] for g, t in cells) / sum(size[g] for g, _ in cells)

    after = [cell for cell in att if cell[1] >= cell[0]]
    found = {("simple", "overall"): by_size(after)}
    for event in sorted({t - g for g, t in att}):
        found["event", str(event)] = by_size([cell for cell in att if cell[1] - cell[0] == event])
    late = [value for (name, key), value in found.items() if name == "event" and int(key) >= 0]
    found["event", "overall"] = sum(late) / len(late)
    reached = [wave for wave in waves if any(g == wave for g, _ in after)]
    for wave in reached:
        cells = [att[cell] for cell in after if cell[0] == wave]
        found["wave", str(wave)] = sum(cells) / len(cells)
    found["wave", "overall"] = sum(size[w] * found["wave", str(w)] for w in reached) / sum(size[w] for w in reached)
    months = sorted({t for _, t in after})
    for month in months:
        found["calendar", str(month)] = by_size([cell for cell in after if cell[1] == month])
    found["calendar", "overall"] = sum(found["calendar", str(m)] for m in months) / len(months)
    return found


def standard_errors(units: list[Unit], controls: str, base: str) -> dict[tuple[str, str], float]:
    """The root of the sum of squared influences."""
    step = 1e-5
    squares: dict[tuple[str, str], float] = {}
    for place in range(len(units)):
        nudged = []
        for sign in (1.0, -1.0):
            counts = [1.0] * len(units)
            counts[place] += sign * step
            nudged.append(everything(units, controls, base, counts))
        for row in nudged[0]:
            slope = (nudged[0][row] - nudged[1][row]) / (2 * step)
            squares[row] = squares.get(row, 0.0) + slope**2
    return {row: math.sqrt(total) for row, total in squares.items()}
