"""Static pictures: one SPC chart for each indicator and area, one funnel for each indicator, one small trend for each table row.

Static SVG rather than live charts: it prints, needs no script, and is not stopped by a locked-down browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from orchestration.publishing.report.data import FunnelPoint, Point
from orchestration.publishing.report.svg import LEFT, RIGHT, TOP, Plane, mark, picture, short, steps

WIDTH, SPC_HEIGHT, FUNNEL_HEIGHT = 430, 200, 230
FONT_SIZE = 13
LABEL_WIDTH = 55  # of one word above a line, in pixels
KINDS = ("common_cause", "improvement", "concern", "neither", "unknown")
SHAPES = {
    "common_cause": mark("circle", 26),
    "improvement": mark("diamond", 110),
    "concern": mark("triangle", 95),
    "neither": mark("square", 70),
    "unknown": mark("circle", 26),
}
COLOURS = {kind: f"var(--{kind.replace('_', '-')})" for kind in KINDS}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Marker:
    """A dated event drawn as a vertical line: `go_live`, `rebased` or `boundary`."""

    month: date
    kind: str
    label: str
    reason: str = ""


@dataclass(frozen=True)
class SpcPicture:
    """What one SPC chart shows. `label` is what a screen reader says of it, already escaped."""

    points: Sequence[Point]
    markers: Sequence[Marker]
    label: str


def index_of(month: date) -> int:
    """Months as whole numbers: each is as wide as any other."""
    return month.year * 12 + month.month - 1


def spc_chart(chart: SpcPicture) -> str:
    """A series as SVG: what is judged, and faintly what was counted. Hollow marks on hatched ground are months that may still
    change; a gap is a month without a figure."""
    points = chart.points
    months = [index_of(p.month) for p in points]
    ticks = steps(*_reach(points), 5)
    plane = Plane(WIDTH, SPC_HEIGHT, months[0] - 0.7, months[-1] + 0.7, ticks)
    inside = [
        plane.y_axis(),
        *(_ground(plane, points)),
        plane.x_axis(
            [(at, f"{MONTHS[at % 12]} {at // 12 % 100:02}") for at in months if at % 6 == 0] or [_only(months)]
        ),
        *_events(plane, points, chart.markers),
        *_raw(plane, points),
        f'<path d="{plane.path(_line(points))}" fill="none" stroke="var(--line)" stroke-width="1.6"/>',
        _marks(plane, points),
    ]
    return picture(LEFT + WIDTH + RIGHT, TOP + SPC_HEIGHT + 26, chart.label, "".join(inside), "spc")


def _only(months: Sequence[int]) -> tuple[float, str]:
    return months[0], f"{MONTHS[months[0] % 12]} {months[0] // 12 % 100:02}"


def _reach(points: Sequence[Point]) -> tuple[float, float]:
    """The lowest and highest of all that is drawn."""
    drawn = [
        value
        for p in points
        for value in (p.value, p.shown, p.lower_process, p.upper_process, p.centre, p.target)
        if value is not None
    ]
    return (min(drawn), max(drawn)) if drawn else (0.0, 1.0)


def _line(points: Sequence[Point]) -> list[tuple[float, float | None]]:
    return [(index_of(p.month), p.shown) for p in points]


def _raw(plane: Plane, points: Sequence[Point]) -> list[str]:
    """The figures before calendar and season are taken out, faintly, where they are others than those judged."""
    if not any(p.is_adjusted for p in points):
        return []
    raw = plane.path([(index_of(p.month), p.value) for p in points])
    return [f'<path d="{raw}" fill="none" stroke="var(--line)" stroke-width="1" opacity="0.35"/>']


def _ground(plane: Plane, points: Sequence[Point]) -> list[str]:
    """What lies under the line: the band of chance and the level lines of each phase, the target, the hatched unsettled months."""
    bands, limits, centres, targets, hatched = [], [], [], [], []
    judged = [p for p in points if p.centre is not None and p.lower_process is not None and p.upper_process is not None]
    for (_, low, high, centre), run in groupby(
        judged, key=lambda p: (p.phase, p.lower_process, p.upper_process, p.centre)
    ):
        ends = _ends(list(run))
        bands.append(_box(plane, ends, low, high))
        limits += [plane.level(*ends, low), plane.level(*ends, high)]
        centres.append(plane.level(*ends, centre))
    for target, run in groupby((p for p in points if p.target is not None), key=lambda p: p.target):
        targets.append(plane.level(*_ends(list(run)), target))
    for is_open, run in groupby(points, key=lambda p: p.period_status != "final"):
        if is_open:
            hatched.append(_box(plane, _ends(list(run)), plane.ticks[0], plane.ticks[-1]))
    return [
        f'<path d="{"".join(shapes)}" {style}/>'
        for shapes, style in (
            (bands, 'fill="var(--band)"'),
            (hatched, 'fill="url(#hatch)"'),
            (limits, 'stroke="var(--limit)" stroke-width="1.4" stroke-dasharray="5,3"'),
            (centres, 'stroke="var(--centre)" stroke-width="1.4"'),
            (targets, 'stroke="var(--target)" stroke-width="1.4" stroke-dasharray="2,3"'),
        )
        if shapes
    ]


def _ends(run: Sequence[Point]) -> tuple[float, float]:
    return index_of(run[0].month) - 0.5, index_of(run[-1].month) + 0.5


def _box(plane: Plane, ends: tuple[float, float], low: float, high: float) -> str:
    left, right, top, bottom = plane.x(ends[0]), plane.x(ends[1]), plane.y(high), plane.y(low)
    return f"M{short(left)},{short(top)}H{short(right)}V{short(bottom)}H{short(left)}Z"


def _events(plane: Plane, points: Sequence[Point], markers: Sequence[Marker]) -> list[str]:
    """Vertical lines with their words. Lines that stand close share their words, in the order of the lines: two labels in one place
    cannot be read."""
    late = plane.x(index_of(points[len(points) * 3 // 4].month))
    lines: list[list[tuple[float, str]]] = []
    for month, same_month in groupby(markers, key=lambda m: m.month):
        x, words = plane.x(index_of(month)), " · ".join(m.label for m in same_month)
        if lines and x - lines[-1][-1][0] < LABEL_WIDTH:
            lines[-1].append((x, words))
        else:
            lines.append([(x, words)])
    drawn = []
    for close in lines:
        # near the right edge the words stand before their lines, where there is room for them
        at, anchor = (close[0][0] - 3, "end") if close[-1][0] >= late else (close[-1][0] + 3, "start")
        rules = "".join(f"M{short(x)},{TOP}V{short(plane.floor)}" for x, _ in close)
        drawn.append(
            f'<path d="{rules}" stroke="var(--ink)" stroke-dasharray="1,2"/>'
            f'<text x="{short(at)}" y="{TOP - 5}" text-anchor="{anchor}" font-size="11" fill="var(--ink)">'
            f"{' · '.join(words for _, words in close)}</text>"
        )
    return drawn


def _marks(plane: Plane, points: Sequence[Point]) -> str:
    """A path for all marks that look alike: marks one by one were a fifth of a page."""
    alike: dict[tuple[str, str], str] = {}
    for point in points:
        if point.shown is None:
            continue
        kind = point.variation if point.variation in KINDS and point.is_complete else "unknown"
        fill = COLOURS[kind] if point.period_status == "final" else "var(--paper)"
        place = f"{short(plane.x(index_of(point.month)))},{short(plane.y(point.shown))}"
        alike[kind, fill] = alike.get((kind, fill), "") + f"M{place}{SHAPES[kind]}"
    drawn = [
        f'<path d="{path}" fill="{fill}" stroke="{COLOURS[kind]}"/>'
        for (kind, fill), path in sorted(alike.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1]))
    ]
    return f'<g class="points" stroke-width="1.6">{"".join(drawn)}</g>'


TREND_WIDTH, TREND_HEIGHT = 110, 26


def trend(points: Sequence[Point]) -> str:
    """A line without axes for a row of a table: own months, the average dashed, the newest complete month marked. Decoration:
    what it shows is in the row's words, so assistive technology passes over it."""
    known = [p for p in points if p.value is not None]
    if len(known) < 2:
        return ""
    low, high = _reach(known)
    span = (high - low) or 1.0
    first, last = index_of(points[0].month), index_of(points[-1].month)

    def x(month: date) -> float:
        return 4 + (index_of(month) - first) / max(last - first, 1) * (TREND_WIDTH - 8)

    def y(value: float) -> float:
        return 3 + (high - value) / span * (TREND_HEIGHT - 6)

    parts, pen = [], "M"
    for p in points:
        parts.append(f"{pen}{short(x(p.month))},{short(y(p.shown))}" if p.shown is not None else "")
        pen = "L" if p.shown is not None else "M"
    inside = f'<path d="{"".join(parts)}" fill="none" stroke="var(--line)" stroke-width="1.4"/>'
    complete = [p for p in known if p.is_complete]
    if complete:
        newest = complete[-1]
        assert newest.shown is not None
        if newest.centre is not None:
            inside = (
                f'<path d="M4,{short(y(newest.centre))}H{TREND_WIDTH - 4}" stroke="var(--limit)" stroke-dasharray="3,2"/>'
                + inside
            )
        kind = newest.variation if newest.variation in KINDS else "unknown"
        inside += f'<circle cx="{short(x(newest.month))}" cy="{short(y(newest.shown))}" r="3" fill="{COLOURS[kind]}"/>'
    return f'<svg class="trend" viewBox="0 0 {TREND_WIDTH} {TREND_HEIGHT}" aria-hidden="true" focusable="false">{inside}</svg>'


def funnel_chart(points: Sequence[FunnelPoint], label: str) -> str:
    """One funnel. The dots carry no name and no order: context, not a ranking."""
    ordered = sorted(points, key=lambda p: (p.expected, p.area_code))
    low, high = ordered[0].expected, ordered[-1].expected
    room = (high - low) * 0.03 or max(abs(low) * 0.1, 1.0)
    drawn = [v for p in ordered for v in (p.value, p.lower_99_8, p.upper_99_8, p.pooled)]
    plane = Plane(WIDTH, FUNNEL_HEIGHT, low - room, high + room, steps(min(drawn), max(drawn), 5))
    across = [at for at in steps(low, high, 5) if low - room <= at <= high + room] or [low]
    lines = [
        f'<path d="{plane.path([(p.expected, getattr(p, name)) for p in ordered])}" fill="none" stroke="var(--{colour})" {style}/>'
        for name, colour, style in (
            ("lower_99_8", "limit", 'stroke-width="1.2"'),
            ("upper_99_8", "limit", 'stroke-width="1.2"'),
            ("lower_95", "limit", 'stroke-width="1.2" stroke-dasharray="5,3"'),
            ("upper_95", "limit", 'stroke-width="1.2" stroke-dasharray="5,3"'),
            ("pooled", "centre", 'stroke-width="1.4"'),
        )
    ]
    dots = "".join(
        f'<path transform="translate({short(plane.x(p.expected))},{short(plane.y(p.value))})" d="{mark("circle", 46)}"/>'
        for p in ordered
    )
    inside = (
        plane.y_axis()
        + plane.x_axis([(at, f"{at:,.0f}") for at in across], "Events expected at the ICB’s rate (12 months)")
        + "".join(lines)
        + f'<g fill="var(--dot)" stroke="var(--paper)">{dots}</g>'
    )
    return picture(LEFT + WIDTH + RIGHT, TOP + FUNNEL_HEIGHT + 46, label, inside)
