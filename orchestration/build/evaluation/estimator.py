"""Group-time effects of Callaway and Sant'Anna (2021) without covariates, their aggregations and standard errors.

An effect ATT(g, t) is how much the units that started in g changed from their base to t, less how much the controls
did. A change is a contrast over periods, so that the one thing that differs between bases is a row of numbers. All of
it is worked out for many assignments of starts to units at once, because the verdict rests on permuting them.

Standard errors are those of the influence function (R package `did`, no bootstrap): they hold for many units and are
too small for few, which is why nothing is decided on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from orchestration.build.evaluation.panel import Panel, PanelError, period_text

AGGREGATIONS = ("simple", "event", "wave", "calendar")
GROUP_TIME = "group_time"

NOUGHT = 1e-12
"""An effect or a standard error below this share of the largest outcome is what additions leave, and none."""

CHUNK = 4_000_000
"""Numbers of one intermediate array: bounds memory, changes no figure."""


@dataclass(frozen=True)
class Cell:
    """One effect ATT(wave, period)."""

    wave: int  # index
    period: int
    event: int
    contrast: np.ndarray  # periods: weights that sum to nought
    base: np.ndarray  # periods: weights of the base level, sum 1
    controls_from: int  # controls are the waves from this index on (len(waves) = only units not treated in the panel)


@dataclass(frozen=True)
class Aggregate:
    """A row of the answer: a mean of cells. `shares`: weighted by the size of their waves; else all alike."""

    aggregation: str
    key: str
    cells: tuple[int, ...]
    shares: bool = True
    mean_of: tuple[int, ...] = ()  # an overall row: indices of other rows
    post: bool = True


@dataclass(frozen=True)
class Design:
    """What is compared with what: the same for every assignment of the same waves to the same number of units."""

    cells: tuple[Cell, ...]
    rows: tuple[Aggregate, ...]
    waves: int

    @cached_property
    def post_cells(self) -> list[int]:
        return [number for number, cell in enumerate(self.cells) if cell.event >= 0]


@dataclass(frozen=True)
class Estimates:
    """Arrays of shape assignments × rows; the cells' own effects and influence for the first assignment."""

    effect: np.ndarray
    standard_error: np.ndarray
    cell_effect: np.ndarray = field(repr=False)
    cell_influence: np.ndarray = field(repr=False)

    @property
    def t(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.effect / self.standard_error)


def design(panel: Panel, controls: str, base: str, aggregations: Sequence[str] = AGGREGATIONS) -> Design:
    """Cells that have somebody to compare with, and the rows made of them; with `group_time` each cell is a row as well."""
    never = len(panel.waves)
    has_members = [bool(np.any(panel.wave_of == wave)) for wave in range(never + 1)]
    cells = []
    for number, wave in enumerate(panel.waves):
        before = [place for place, period in enumerate(panel.periods) if period < wave]
        for place, period in enumerate(panel.periods):
            base_places = _base_places(base, before, place)
            if not base_places or base_places == [place]:
                continue
            latest = max(panel.periods[place], panel.periods[max(base_places)])
            first_control = never if controls == "never" else sum(other <= latest for other in panel.waves)
            if not any(has_members[k] for k in range(first_control, never + 1) if k != number):
                continue
            level = np.zeros(len(panel.periods))
            level[base_places] = 1.0 / len(base_places)
            contrast = -level
            contrast[place] += 1.0
            cells.append(Cell(number, period, period - wave, contrast, level, first_control))
    if not any(cell.event >= 0 for cell in cells):
        raise PanelError("nobody is left to compare with after the first start")
    rows = _rows(panel, cells, aggregations)
    if GROUP_TIME in aggregations:
        keys = [f"{period_text(panel.waves[cell.wave])}/{period_text(cell.period)}" for cell in cells]
        rows += [Aggregate(GROUP_TIME, key, (number,), post=False) for number, key in enumerate(keys)]
    return Design(tuple(cells), tuple(rows), never)


def _base_places(base: str, before: list[int], place: int) -> list[int]:
    """Which periods a period is held against: with `previous` a period before the start against the one before it."""
    if base == "mean_12":
        return before[-12:]
    if base == "previous" and place in before:
        return [place - 1] if place > 0 else []
    return before[-1:]


def _rows(panel: Panel, cells: list[Cell], aggregations: Sequence[str]) -> list[Aggregate]:
    """The simple mean, whose verdict opens the others, and what else is asked for."""
    post = [number for number, cell in enumerate(cells) if cell.event >= 0]
    rows = [Aggregate("simple", "overall", tuple(post))]

    def family(name: str, keys: dict[str, list[int]], shares: bool, by_size: bool) -> None:
        if name not in aggregations:
            return
        first = len(rows)
        rows.extend(
            Aggregate(name, key, tuple(members), shares, post=cells[members[0]].event >= 0)
            for key, members in keys.items()
        )
        after = tuple(number for number in range(first, len(rows)) if rows[number].post)
        rows.append(Aggregate(name, "overall", (), by_size, mean_of=after))

    events: dict[str, list[int]] = {}
    for number in sorted(range(len(cells)), key=lambda n: cells[n].event):
        events.setdefault(str(cells[number].event), []).append(number)
    by_wave: dict[str, list[int]] = {}
    calendar: dict[str, list[int]] = {}
    for number in post:
        by_wave.setdefault(period_text(panel.waves[cells[number].wave]), []).append(number)
    for number in sorted(post, key=lambda n: cells[n].period):
        calendar.setdefault(period_text(cells[number].period), []).append(number)
    family("event", events, shares=True, by_size=False)
    family("wave", by_wave, shares=False, by_size=True)
    family("calendar", calendar, shares=True, by_size=False)
    return rows


def estimate(
    panel: Panel, plan: Design, wave_of: np.ndarray, weights: np.ndarray | None = None, same_start: bool = False
) -> Estimates:
    """All rows for each assignment.

    `wave_of` and `weights` are assignments × units. With `same_start` the controls' change is taken as a line in their
    level in the base, and read off at the level of the treated: what teams that began as high did of themselves.
    """
    wave_of = np.atleast_2d(wave_of)
    weights = np.broadcast_to(panel.weights if weights is None else weights, wave_of.shape)
    size = max(1, CHUNK // (panel.outcomes.shape[0] * max(1, len(plan.cells))))
    parts = [
        _estimate_chunk(panel, plan, wave_of[start : start + size], weights[start : start + size], same_start)
        for start in range(0, len(wave_of), size)
    ]
    return Estimates(
        np.concatenate([part.effect for part in parts]),
        np.concatenate([part.standard_error for part in parts]),
        parts[0].cell_effect,
        parts[0].cell_influence,
    )


def _estimate_chunk(
    panel: Panel, plan: Design, wave_of: np.ndarray, weights: np.ndarray, same_start: bool
) -> Estimates:
    assignments, units = wave_of.shape
    weights = weights / weights.mean(axis=1, keepdims=True)
    cell_waves = np.array([cell.wave for cell in plan.cells])
    effect = np.empty((assignments, len(plan.cells)))
    influence = np.empty((assignments, units, len(plan.cells)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for number, cell in enumerate(plan.cells):
            effect[:, number], influence[:, :, number] = _cell_effect(panel, cell, wave_of, weights, same_start)
        membership = np.stack([weights * (wave_of == wave) for wave in range(plan.waves)], axis=2)
        share = membership.mean(axis=1)  # assignments × waves
        deviation = membership - share[:, None, :]
        rows, row_influence = _aggregate(plan, cell_waves, effect, influence, share, deviation)
    standard_error = np.sqrt((row_influence**2).sum(axis=1)) / units
    for figures in (rows, standard_error):
        figures[np.abs(figures) < NOUGHT * np.abs(panel.outcomes).max()] = 0.0
    return Estimates(rows, standard_error, effect[0], influence[0])


def _cell_effect(
    panel: Panel, cell: Cell, wave_of: np.ndarray, weights: np.ndarray, same_start: bool
) -> tuple[np.ndarray, np.ndarray]:
    """ATT of one cell, and each unit's influence on it, for every assignment."""
    units = wave_of.shape[1]
    change = panel.outcomes @ cell.contrast
    treated = weights * (wave_of == cell.wave)
    control = weights * ((wave_of >= cell.controls_from) & (wave_of != cell.wave))
    treated = treated / treated.sum(axis=1, keepdims=True)
    control = control / control.sum(axis=1, keepdims=True)
    leverage = control
    if same_start:
        level = panel.outcomes @ cell.base
        treated_level, control_level = treated @ level, control @ level
        away = level - control_level[:, None]
        spread = (control * away**2).sum(axis=1)
        slope = np.where(spread > 0, (control * away * change).sum(axis=1) / spread, 0.0)
        leverage = control * (1.0 + np.where(spread > 0, (treated_level - control_level) / spread, 0.0)[:, None] * away)
        change = change - slope[:, None] * level
        treated_mean, control_mean = (treated * change).sum(axis=1), (control * change).sum(axis=1)
    else:
        treated_mean, control_mean = treated @ change, control @ change
    influence = units * (treated * (change - treated_mean[:, None]) - leverage * (change - control_mean[:, None]))
    return treated_mean - control_mean, influence


def _aggregate(
    plan: Design,
    cell_waves: np.ndarray,
    effect: np.ndarray,
    influence: np.ndarray,
    share: np.ndarray,
    deviation: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows from cells, and overall rows from those."""
    of_cells = [number for number, row in enumerate(plan.rows) if not row.mean_of]
    of_rows = [number for number, row in enumerate(plan.rows) if row.mean_of]
    parts = [plan.rows[number].cells for number in of_cells]
    rows, row_influence = _means(plan, of_cells, parts, cell_waves, effect, influence, share, deviation)
    place = {number: at for at, number in enumerate(of_cells)}
    parts = [tuple(place[part] for part in plan.rows[number].mean_of) for number in of_rows]
    waves = np.array([cell_waves[plan.rows[number].cells[0]] for number in of_cells])
    overall, overall_influence = _means(plan, of_rows, parts, waves, rows, row_influence, share, deviation)
    order = np.argsort(of_cells + of_rows)
    return (
        np.concatenate([rows, overall], axis=1)[:, order],
        np.concatenate([row_influence, overall_influence], axis=2)[:, :, order],
    )


def _means(
    plan: Design,
    rows: list[int],
    parts: list[tuple[int, ...]],
    waves: np.ndarray,
    effect: np.ndarray,
    influence: np.ndarray,
    share: np.ndarray,
    deviation: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Means of parts, by wave size or all alike. Sizes are estimated too: their share of the influence goes with it."""
    mask = np.zeros((len(rows), len(waves)))
    for at, members in enumerate(parts):
        mask[at, list(members)] = 1.0
    by_share = np.array([plan.rows[row].shares for row in rows], dtype=bool)[:, None]
    size = mask * np.where(by_share, share[:, None, waves], 1.0)
    total = size.sum(axis=2, keepdims=True)
    weight = size / total
    # a part that has no estimate in an assignment spoils the rows it is in, and only those
    known = np.where(np.isfinite(effect), effect, 0.0)
    found = (weight * known[:, None, :]).sum(axis=2)
    found[((mask > 0) & ~np.isfinite(effect)[:, None, :]).any(axis=2)] = np.nan
    own = np.nan_to_num(influence) @ weight.swapaxes(1, 2)
    lean = mask * by_share * (known[:, None, :] - np.nan_to_num(found)[:, :, None]) / total
    of_wave = np.equal.outer(waves, np.arange(plan.waves)).astype(float)
    return found, own + deviation @ (lean @ of_wave).swapaxes(1, 2)


def pre_trend_wald(estimates: Estimates, plan: Design, units: int) -> tuple[float, int]:
    """W and its degrees of freedom: are all effects before the start nought? (`did`'s pre-test.)"""
    before = [number for number, cell in enumerate(plan.cells) if cell.event < 0]
    if not before:
        return float("nan"), 0
    influence = estimates.cell_influence[:, before]
    variance = influence.T @ influence / units**2
    effects = estimates.cell_effect[before]
    # effects held against their own mean are linearly dependent: as many degrees as there are directions
    values, vectors = np.linalg.eigh(variance)
    real = values > values.max() * 1e-9
    along = vectors[:, real].T @ effects
    return float((along**2 / values[real]).sum()), int(real.sum())
