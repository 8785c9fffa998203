"""Compiled Vega specifications → SVG, in as many processes as there are cores.

Vega runs on one thread, and the some 600 pictures of a report are half of a publication: 15 ms each. A child is this very file, run
alone: it needs nothing but vl-convert, reads one specification and its data sets from standard input and writes the pictures as JSON.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# below this a process takes longer to start than it saves
WORTH_A_PROCESS = 60
Datasets = dict[str, list[dict[str, Any]]]


def render(template: dict[str, Any], pictures: Sequence[Datasets]) -> list[str]:
    """One SVG for each picture, in order; the same text however many processes drew. Raises `RuntimeError` when a child fails."""
    processes = max(1, min(os.cpu_count() or 1, len(pictures) // WORTH_A_PROCESS))
    size = math.ceil(len(pictures) / processes)
    shares = [pictures[start : start + size] for start in range(0, len(pictures), size)] or [[]]
    if len(shares) == 1:
        return draw(template, shares[0])
    children = [_start(template, share) for share in shares]
    return [picture for child in children for picture in _finish(child)]


def draw(template: dict[str, Any], pictures: Sequence[Datasets]) -> list[str]:
    import vl_convert

    return [vl_convert.vega_to_svg({**template, "data": _filled(template["data"], datasets)}) for datasets in pictures]


def _filled(entries: list[dict[str, Any]], datasets: Datasets) -> list[dict[str, Any]]:
    return [{**e, "values": datasets[e["name"]]} if e["name"] in datasets else e for e in entries]


def _start(template: dict[str, Any], share: Sequence[Datasets]) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-I", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert child.stdin is not None
    # the child reads all of it before it draws, and writes when it has drawn: neither waits for the other in between
    with child.stdin as pipe:
        json.dump({"template": template, "pictures": list(share)}, pipe)
    return child


def _finish(child: subprocess.Popen[str]) -> list[str]:
    assert child.stdout is not None
    with child.stdout as pipe:
        said = pipe.read()
    if child.wait() != 0:
        raise RuntimeError("a process that draws the report's pictures failed; its own words are above")
    drawn: list[str] = json.loads(said)
    return drawn


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    request = json.load(sys.stdin)
    json.dump(draw(request["template"], request["pictures"]), sys.stdout)
