"""A plane to draw on: two linear scales, their axes and the few marks that the report's pictures are made of, as SVG text.

Written by hand by measurement: a picture of 36 points is some 3 kB of text and a tenth of a millisecond, where a chart library took
15 ms, half of them to measure the labels of axes that are the same in most pictures. Coordinates have one decimal; colours are CSS
variables, so that one picture serves the light, the dark and the printed page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 50, 10, 18, 26
# marks by the area they cover, as people compare them; drawn from where the pen stands, so that one path holds all marks that look alike
SHAPES = {
    "circle": "m{r},0a{r},{r},0,1,1,0,-.1z",
    "diamond": "m0,-{r}l{s},{r}l-{s},{r}l-{s},-{r}z",
    "triangle": "m0,-{r}l{r},{u}h-{d}z",
    "square": "m-{s},-{s}h{d}v{d}h-{d}z",
}


def short(value: float) -> str:
    """A coordinate with one decimal and nothing that says nothing: 12.0 → 12, -0.04 → 0."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def steps(low: float, high: float, count: int) -> list[float]:
    """Round numbers that enclose low to high, about `count` of them: steps of 1, 2 or 5 times a power of ten.

    >>> steps(3.1, 9.8, 5)
    [2.0, 4.0, 6.0, 8.0, 10.0]
    >>> steps(5, 5, 5)
    [4.0, 4.5, 5.0, 5.5, 6.0]
    """
    if high <= low:
        spread = abs(low) * 0.2 or 1.0
        low, high = low - spread, high + spread
    raw = (high - low) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999) * power
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, digits) for i in range(first, last + 1)]


def label(value: float, step: float) -> str:
    """A tick's words: as many decimals as its step needs, thousands with a comma."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{digits}f}".replace("-", "−")


def mark(shape: str, size: float) -> str:
    """The path of a mark around the pen, or (0, 0), with the area `size`, in square units."""
    r = {
        "circle": math.sqrt(size / math.pi),
        "diamond": math.sqrt(size / 1.3) / 1.0,
        "triangle": math.sqrt(size / 1.75),
        "square": math.sqrt(size) / 1.0,
    }[shape]
    s = {"diamond": r * 0.75, "square": r / 2}.get(shape, r)
    across = r if shape == "square" else 2 * r
    return SHAPES[shape].format(r=short(r), s=short(s), d=short(across), u=short(r * 1.75))


@dataclass(frozen=True)
class Plane:
    """The inside of a picture: values of x and y as coordinates. `ticks` are those of y; the first and last are its ends."""

    width: float
    height: float
    x_low: float
    x_high: float
    ticks: Sequence[float]

    def x(self, value: float) -> float:
        span = self.x_high - self.x_low or 1.0
        return LEFT + (value - self.x_low) / span * self.width

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return TOP + (high - value) / (high - low) * self.height

    @property
    def floor(self) -> float:
        return TOP + self.height

    def y_axis(self) -> str:
        step = self.ticks[1] - self.ticks[0]
        lines = "".join(f"M{LEFT},{short(self.y(t))}h{short(self.width)}" for t in self.ticks)
        words = "".join(
            f'<text x="{LEFT - 6}" y="{short(self.y(t) + 4)}" text-anchor="end">{label(t, step)}</text>'
            for t in self.ticks
        )
        return f'<path d="{lines}" stroke="var(--grid)"/><g fill="var(--ink)">{words}</g>'

    def x_axis(self, ticks: Sequence[tuple[float, str]], title: str = "") -> str:
        """The floor line with its ticks and words; the words at either end stay inside the picture."""
        lines = "".join(f"M{short(self.x(at))},{short(self.floor)}v5" for at, _ in ticks)
        words = []
        for at, text in ticks:
            x = self.x(at)
            anchor = "start" if x < LEFT + 18 else "end" if x > LEFT + self.width - 18 else "middle"
            words.append(f'<text x="{short(x)}" y="{short(self.floor + 18)}" text-anchor="{anchor}">{text}</text>')
        if title:
            middle, below = short(LEFT + self.width / 2), short(self.floor + 38)
            words.append(f'<text x="{middle}" y="{below}" text-anchor="middle">{title}</text>')
        return (
            f'<path d="M{LEFT},{short(self.floor)}h{short(self.width)}{lines}" fill="none" stroke="var(--rule)"/>'
            f'<g fill="var(--ink)">{"".join(words)}</g>'
        )

    def level(self, x1: float, x2: float, value: float) -> str:
        return f"M{short(self.x(x1))},{short(self.y(value))}H{short(self.x(x2))}"

    def path(self, points: Sequence[tuple[float, float | None]]) -> str:
        """A line through the points; where one has no value the line is broken."""
        parts, pen = [], "M"
        for at, value in points:
            if value is None:
                pen = "M"
                continue
            parts.append(f"{pen}{short(self.x(at))},{short(self.y(value))}")
            pen = "L"
        return "".join(parts)


def picture(width: float, height: float, name: str, inside: str, classes: str = "") -> str:
    """The root element: scales with the page; one image with one name to assistive technology. `name` is escaped already."""
    kind = f' class="{classes}"' if classes else ""
    return f'<svg{kind} viewBox="0 0 {short(width)} {short(height)}" role="img" aria-label="{name}">{inside}</svg>'
