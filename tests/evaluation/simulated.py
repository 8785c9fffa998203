"""Panels as an ICB has them, 42 teams in four partnerships and 38 months, of which nothing or a known effect is true."""

from __future__ import annotations

import numpy as np

from orchestration.build.evaluation import Panel, Row
from orchestration.build.evaluation.panel import month_number

KINDS = ("flat", "small", "seasonal", "autocorrelated", "chosen")
FOUR_MOVERS = ((24, 4),)
TWO_WAVES = ((20, 4), (29, 20))
MONTHS, PARTNERSHIPS = 38, (14, 8, 10, 10)


def simulated(kind: str, seed: int, effect: float = 0.0, waves: tuple[tuple[int, int], ...] = FOUR_MOVERS) -> Panel:
    """Logarithms of monthly rates.

    `small`: 20 events a month; `seasonal`: 12 % winter peak whose size differs between teams; `autocorrelated`: what
    chance brings lasts (0.7 a month); `chosen`: the same, seasonal, and those go live whose last year was highest.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    teams = sum(PARTNERSHIPS)
    level = np.exp(random.normal(0, 0.05 if kind == "chosen" else 0.15, teams))
    spread = 0.1 if kind == "small" else 0.06
    lasting = 0.7 if kind in ("autocorrelated", "chosen") else 0.2
    state, noise = random.normal(0, spread, teams), np.zeros((teams, MONTHS))
    for month in range(MONTHS):
        state = lasting * state + random.normal(0, spread * np.sqrt(1 - lasting**2), teams)
        noise[:, month] = state
    winter = 0.12 * np.cos(2 * np.pi * np.arange(MONTHS) / 12) * (kind in ("seasonal", "chosen"))
    depth = np.exp(random.normal(0, 0.3, teams)) if kind == "seasonal" else np.ones(teams)
    people = random.uniform(30_000, 60_000, teams)
    expected = (20 if kind == "small" else 150) * level[:, None] * np.exp(noise + depth[:, None] * winter)
    rate = np.maximum(random.poisson(expected * people[:, None] / 45_000), 0.5) / people[:, None] * 1000
    start: dict[int, int] = {}
    for when, count in waves:
        free = [team for team in range(teams) if team not in start]
        if kind == "chosen":
            chosen = sorted(free, key=lambda team: -rate[team, when - 12 : when].mean())[:count]
        else:
            chosen = [int(team) for team in random.choice(free, count, replace=False)]
        start |= dict.fromkeys(chosen, when)
    partnership = np.repeat(np.arange(len(PARTNERSHIPS)), PARTNERSHIPS)
    first = month_number(2023, 1)
    return Panel.from_rows(
        Row(
            f"T{team:02d}",
            first + month,
            first + start[team] if team in start else None,
            float(rate[team, month] * np.exp(effect if month >= start.get(team, MONTHS) else 0.0)),
            float(people[team]),
            str(partnership[team]),
        )
        for team in range(teams)
        for month in range(MONTHS)
    ).logged()
