"""Static pictures: one SPC chart for each indicator and area, one funnel for each indicator.

Vega-Lite through Altair, rendered once by vl-convert. Static SVG rather than live charts by measurement: 22 ms and about 9 kB a
chart, against 900 kB of script to parse on every page; it also prints, needs no script, and is not stopped by a locked-down browser.
The Vega-Lite specification is compiled once per kind of chart; each chart only swaps the data. Colours are CSS variables, so that
one picture serves the light, the dark and the printed page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from orchestration.publishing.report.data import FunnelPoint, Point
from orchestration.publishing.report.renderer import Datasets, render

WIDTH, SPC_HEIGHT, FUNNEL_HEIGHT = 430, 200, 230
HALF_MONTH_MS = 15 * 86_400_000
FONT, FONT_SIZE = "Arial, Helvetica, sans-serif", 13
KINDS = ("common_cause", "improvement", "concern", "neither", "unknown")
SHAPES = {
    "common_cause": "circle",
    "improvement": "diamond",
    "concern": "triangle-up",
    "neither": "square",
    "unknown": "circle",
}
SIZES = {"common_cause": 26, "improvement": 110, "concern": 95, "neither": 70, "unknown": 26}
COLOURS = {kind: f"var(--{kind.replace('_', '-')})" for kind in KINDS}


@dataclass(frozen=True)
class Marker:
    """A dated event drawn as a vertical line: `go_live`, `rebased` or `boundary`."""

    month: date
    kind: str
    label: str
    reason: str = ""


@dataclass(frozen=True)
class Funnel:
    """A funnel picture in two parts, between which a page puts its own teams' marks (already placed, by area code)."""

    head: str
    tail: str
    places: dict[str, tuple[float, float]]

    def svg(self, own: Sequence[str]) -> str:
        marks = "".join(
            f'<path class="own" transform="translate({x:g},{y:g})" d="M-7,0A7,7 0 1 1 7,0A7,7 0 1 1 -7,0Z"/>'
            for x, y in (self.places[code] for code in own if code in self.places)
        )
        return f"{self.head}{marks}{self.tail}"


def _instant(month: date) -> int:
    return int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp() * 1000)


def _config(chart: Any) -> Any:
    """What all pictures share. Without roles (the page names the picture) and without a limit to cut labels to, for which Vega
    measures each of them several times over, a picture is drawn in two thirds of the time and comes out the same."""
    padding = {"left": 2, "right": 8, "top": 16, "bottom": 2}
    return (
        chart.configure(background="transparent", font=FONT, padding=padding, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelLimit=0,
            titleLimit=0,
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            labelColor="var(--ink)",
            titleColor="var(--ink)",
            domainColor="var(--rule)",
            tickColor="var(--rule)",
            gridColor="var(--grid)",
        )
    )


def _template(chart: Any, datasets: Sequence[str]) -> dict[str, Any]:
    """Compile once. The named data sets stay empty, to be filled for each picture."""
    import vl_convert

    spec = chart.to_dict()
    spec["datasets"] = {name: [] for name in datasets}
    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(spec)
    return compiled


_DROP = re.compile(
    r' (?:role|aria-[a-z]+|pointer-events|font-family|font-size|font-weight|stroke-miterlimit|xmlns:xlink|version|opacity="1"'
    r'|class)(?:="[^"]*")?(?=[ />])'
)
_LONG = re.compile(r"(-?\d+\.\d)\d+")
_BACKGROUND = re.compile(r'<path d="M0(?:\.5)?,0(?:\.5)?h[\d.]+v[\d.]+h-?[\d.]+Z"/>')
_SIZE = re.compile(r'<svg xmlns="[^"]*" width="[^"]*" height="[^"]*" (viewBox="[^"]*")>')


def _slim(svg: str) -> str:
    """Keep what is drawn: the page names the picture for screen readers, so its inner roles would only be noise to them."""
    svg = _DROP.sub("", svg)
    svg = _LONG.sub(r"\1", svg)
    svg = _BACKGROUND.sub("", svg)
    while (shorter := svg.replace("<g></g>", "").replace("<g/>", "")) != svg:
        svg = shorter
    return svg


def _open(svg: str, label: str) -> str:
    """The root element: scales with the page; one image with one name to assistive technology."""
    match = re.match(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", svg)
    assert match is not None
    return f'<svg {match[1]} role="img" aria-label="{label}">' + svg[match.end() :]


@lru_cache(maxsize=1)
def _spc_template() -> dict[str, Any]:
    import altair as alt

    when = alt.X(
        "t:T",
        scale=alt.Scale(type="utc", padding=7),
        title=None,
        axis=alt.Axis(format="%b %y", grid=False, labelFlush=True, tickCount={"interval": "month", "step": 6}),
    )
    figure = alt.Y(
        "v:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=5, minExtent=44, maxExtent=44, domain=False, ticks=False),
    )
    points = alt.Chart(alt.Data(name="points"))
    stretches = alt.Chart(alt.Data(name="stretches")).encode(x=when, x2="t2:T")
    hatch = alt.Chart(alt.Data(name="hatch")).mark_rect(fill="url(#hatch)").encode(x=when, x2="t2:T")
    band = stretches.mark_rect(fill="var(--band)").encode(y=alt.Y("lo:Q", title=None), y2="hi:Q")
    # average, limits and target are one layer of level lines: each layer costs time in every one of some 600 pictures
    levels = (
        alt.Chart(alt.Data(name="levels"))
        .mark_rule(strokeWidth=1.4)
        .encode(
            x=when,
            x2="t2:T",
            y=alt.Y("v:Q", title=None),
            stroke=alt.Stroke("stroke:N", legend=None, scale=None),
            strokeDash=alt.StrokeDash("dash:N", legend=None, scale=None),
        )
    )
    markers = alt.Chart(alt.Data(name="markers")).encode(x=when)
    rule = markers.mark_rule(stroke="var(--ink)", strokeWidth=1, strokeDash=[1, 2])
    # near the right edge the words stand before their line, where there is room for them
    label = markers.mark_text(
        align=alt.ExprRef("datum.late ? 'right' : 'left'"),
        dx=alt.ExprRef("datum.late ? -3 : 3"),
        dy=-5,
        fontSize=11,
        fill="var(--ink)",
    ).encode(y=alt.value(0), text="label:N")
    line = points.mark_line(stroke="var(--line)", strokeWidth=1.6).encode(x=when, y=figure)
    marks = points.mark_point(filled=True, strokeWidth=1.6, opacity=1).encode(
        x=when,
        y=figure,
        shape=alt.Shape("kind:N", legend=None, scale=alt.Scale(domain=list(KINDS), range=[SHAPES[k] for k in KINDS])),
        size=alt.Size("size:Q", legend=None, scale=None),
        fill=alt.Fill("fill:N", legend=None, scale=None),
        stroke=alt.Stroke("stroke:N", legend=None, scale=None),
    )
    layers = alt.layer(band, hatch, levels, rule, label, line, marks)
    chart = _config(layers.properties(width=WIDTH, height=SPC_HEIGHT))
    return _template(chart, ("points", "stretches", "hatch", "levels", "markers"))


@dataclass(frozen=True)
class SpcPicture:
    """What one SPC chart shows. `label` is what a screen reader says of it, already escaped."""

    points: Sequence[Point]
    markers: Sequence[Marker]
    label: str


def spc_charts(pictures: Sequence[SpcPicture]) -> list[str]:
    """Series as SVG. Hollow marks on hatched ground are months that may still change; a gap is a month without a figure."""
    if not pictures:
        return []
    drawn = render(_spc_template(), [_spc_datasets(picture) for picture in pictures])
    return [_open(_slim(svg), picture.label) for svg, picture in zip(drawn, pictures, strict=True)]


def _spc_datasets(picture: SpcPicture) -> Datasets:
    points = []
    for point in picture.points:
        kind = point.variation if point.variation in KINDS and point.is_complete else "unknown"
        colour = COLOURS[kind]
        points.append(
            {
                "t": _instant(point.month),
                "v": point.value,
                "kind": kind,
                "size": SIZES[kind],
                "fill": colour if point.period_status == "final" else "var(--paper)",
                "stroke": colour,
            }
        )
    late = {point.month for point in picture.points[len(picture.points) * 3 // 4 :]}
    unsettled = [
        list(run) for is_open, run in groupby(picture.points, key=lambda p: p.period_status != "final") if is_open
    ]
    return {
        "points": points,
        "stretches": _stretches(picture.points),
        "hatch": [
            {"t": _instant(run[0].month) - HALF_MONTH_MS, "t2": _instant(run[-1].month) + HALF_MONTH_MS}
            for run in unsettled
        ],
        "levels": _levels(picture.points),
        # what falls on one month shares a line, and so its words: two labels in one place cannot be read
        "markers": [
            {
                "t": _instant(month),
                "label": " · ".join(m.label for m in same_month),
                "late": month in late,
            }
            for month, same_month in groupby(picture.markers, key=lambda m: m.month)
        ],
    }


def _stretches(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Runs of months with one average and one pair of limits: a phase is one rectangle and three lines, not a path of many points."""
    judged = [p for p in points if p.centre is not None and p.lower_process is not None and p.upper_process is not None]
    runs = groupby(judged, key=lambda p: (p.phase, p.lower_shown, p.upper_process, p.centre))
    return [
        {
            "t": _instant(months[0]) - HALF_MONTH_MS,
            "t2": _instant(months[-1]) + HALF_MONTH_MS,
            "lo": low,
            "hi": high,
            "c": centre,
        }
        for (_, low, high, centre), run in runs
        if (months := [p.month for p in run])
    ]


def _levels(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The level lines: average and limits of each phase, and the target where there is one."""
    lines = [
        {"t": run["t"], "t2": run["t2"], "v": run[name], "stroke": stroke, "dash": dash}
        for run in _stretches(points)
        for name, stroke, dash in (
            ("lo", "var(--limit)", [5, 3]),
            ("hi", "var(--limit)", [5, 3]),
            ("c", "var(--centre)", [1, 0]),
        )
    ]
    for target, run in groupby((p for p in points if p.target is not None), key=lambda p: p.target):
        months = [p.month for p in run]
        ends = {"t": _instant(months[0]) - HALF_MONTH_MS, "t2": _instant(months[-1]) + HALF_MONTH_MS}
        lines.append({**ends, "v": target, "stroke": "var(--target)", "dash": [2, 3]})
    return lines


@lru_cache(maxsize=1)
def _funnel_template() -> dict[str, Any]:
    import altair as alt

    expected = alt.X(
        "n:Q",
        title="Events expected at the ICB’s rate (12 months)",
        scale=alt.Scale(zero=False, padding=10),
        axis=alt.Axis(grid=False, tickCount=5),
    )
    rate = alt.Y(
        "v:Q",
        title=None,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=5, minExtent=44, maxExtent=44, domain=False, ticks=False),
    )
    limits = alt.Chart(alt.Data(name="limits")).encode(x=expected)
    points = alt.Chart(alt.Data(name="points")).encode(x=expected, y=rate)
    wide = limits.mark_line(stroke="var(--limit)", strokeWidth=1.2)
    near = limits.mark_line(stroke="var(--limit)", strokeWidth=1.2, strokeDash=[5, 3])
    dots = points.mark_point(filled=True, opacity=1, size=46, strokeWidth=1, stroke="var(--paper)").encode(
        fill=alt.Fill("fill:N", legend=None, scale=None)
    )
    layers = alt.layer(
        wide.encode(y=alt.Y("lo3:Q", title=None)),
        wide.encode(y="hi3:Q"),
        near.encode(y="lo2:Q"),
        near.encode(y="hi2:Q"),
        limits.mark_line(stroke="var(--centre)", strokeWidth=1.4).encode(y="c:Q"),
        dots,
    )
    return _template(_config(layers.properties(width=WIDTH, height=FUNNEL_HEIGHT)), ("limits", "points"))


_DOT = re.compile(r'<path transform="translate\(([-\d.]+),([-\d.]+)\)" d="[^"]*" fill="var\(--dot\)"[^>]*/>')


def funnel_chart(points: Sequence[FunnelPoint], label: str) -> Funnel:
    """One funnel. The grey dots carry no name and no order; a page adds its own teams on top."""
    ordered = sorted(points, key=lambda p: (p.expected, p.area_code))
    [drawn] = render(
        _funnel_template(),
        [
            {
                "limits": [
                    {
                        "n": p.expected,
                        "lo3": p.lower_99_8,
                        "hi3": p.upper_99_8,
                        "lo2": p.lower_95,
                        "hi2": p.upper_95,
                        "c": p.pooled,
                    }
                    for p in ordered
                ],
                "points": [{"n": p.expected, "v": p.value, "fill": "var(--dot)"} for p in ordered],
            }
        ],
    )
    svg = _open(_slim(drawn), label)
    dots = list(_DOT.finditer(svg))
    if len(dots) != len(ordered):
        raise ValueError(f"funnel drew {len(dots)} marks for {len(ordered)} areas")
    cut = dots[-1].end() if dots else svg.rindex("</svg>")
    places = {p.area_code: (float(dot[1]), float(dot[2])) for p, dot in zip(ordered, dots, strict=True)}
    return Funnel(head=svg[:cut], tail=svg[cut:], places=places)
