"""What the Dagster UI shows of a release: the report's first chart, drawn by the report's own code, and the receipt as a table."""

from __future__ import annotations

import base64
import re
from collections import Counter
from functools import cache
from html import escape
from pathlib import Path

import duckdb

from orchestration.foundation.warehouse import Warehouse
from orchestration.graph.assets.check_results import cell
from orchestration.publishing.report import charts, wording
from orchestration.publishing.report.data import read_headline
from orchestration.releases.listing import Release

PIXELS_PER_POINT = 1.6
STYLESHEET = Path(charts.__file__).with_name("templates") / "style.css"
VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")


def headline_of(release: Release) -> str | None:
    """The headline chart of a published release, from its own database."""
    with duckdb.connect(str(release.database), read_only=True) as connection:
        return headline_markdown(Warehouse(connection), release.receipt.icb_code, release.receipt.icb_name)


def receipt_markdown(release: Release) -> str:
    """`release.json` in short: what it is, what it was made from, what was checked and what it holds. Counts only."""
    receipt = release.receipt
    files = Counter(file.delivery for file in receipt.inputs)
    facts = {
        "release": f"{receipt.release_id} (before it: {receipt.previous_release or 'none'})",
        "delivery": f"{receipt.as_of_delivery}, data cut {receipt.data_cut}",
        "months": f"{receipt.first_month} to {receipt.last_month}",
        "files read": ", ".join(f"{count} of {delivery}" for delivery, count in sorted(files.items())),
        "checks": ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in receipt.checks_by_state.items()),
        "waivers": "; ".join(f"{w['check_id']} until {w['expires']}: {w['reason']}" for w in receipt.waivers) or "none",
        "code": f"{receipt.code_fingerprint[:16]}, commit {receipt.git_commit[:12]}",
        "build": receipt.build_id,
        "seal": receipt.seal[:16],
    }
    lines = ["| receipt | |", "|---|---|", *(f"| {name} | {cell(text)} |" for name, text in facts.items())]
    lines += ["", "| table | rows |", "|---|---:|"]
    return "\n".join(lines + [f"| {cell(name)} | {rows:,} |" for name, rows in sorted(release.rows_by_table.items())])


def headline_markdown(warehouse: Warehouse, icb_code: str, icb_name: str) -> str | None:
    """The first headline indicator of the ICB: its title, what may be said, and its process chart as an inline PNG.

    None when no headline indicator has a figure yet. About 30 kB, so that it fits into an event of Dagster's log.
    """
    found = read_headline(warehouse, icb_code, icb_name)
    if found is None:
        return None
    icb, indicator, points = found
    verdict = wording.judge(indicator, points)
    label = f"{indicator.title}, {icb.name}, by month"
    picture = base64.b64encode(png(charts.spc_chart(charts.SpcPicture(points, [], escape(label))))).decode("ascii")
    return (
        f"**{indicator.title}**, {icb.name}, {wording.unit(indicator)}, by month\n\n"
        f"{verdict.this_month} {verdict.twelve_months}\n\n"
        f"![{label}](data:image/png;base64,{picture})"
    )


def png(svg: str) -> bytes:
    """The report's picture on white: its colours are CSS variables, which only a page's style sheet can resolve."""
    import vl_convert

    coloured = VARIABLE.sub(lambda match: light_colours()[match[1]], svg)
    hatch = (
        '<rect width="100%" height="100%" fill="#fff"/><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M0,0V6" stroke="{light_colours()["hatch"]}" stroke-width="2"/></pattern></defs>'
    )
    root_end = coloured.index(">") + 1
    root = coloured[: root_end - 1]
    if "xmlns=" not in root:
        root += ' xmlns="http://www.w3.org/2000/svg"'
    root += f' font-family="Arial, Helvetica, sans-serif" font-size="{charts.FONT_SIZE}">'
    return bytes(vl_convert.svg_to_png(root + hatch + coloured[root_end:], scale=PIXELS_PER_POINT))


@cache
def light_colours() -> dict[str, str]:
    """The report's colours on paper: the first `:root` of its style sheet."""
    root = STYLESHEET.read_text(encoding="utf-8").split("}", 1)[0]
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;}]+)", root))
