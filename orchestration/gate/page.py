"""The quality page: one static, accessible HTML file per release and per refused delivery. Counts only, no outside request."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

KINDS = {
    "delivery": "The delivery as a whole",
    "acceptance": "Acceptance of the delivery",
    "contract": "Contract of the files",
    "conservation": "Nothing lost, nothing counted twice",
    "completeness": "Completeness",
    "drift": "Compared with its own history",
    "reconciliation": "Compared with official figures",
    "dbt": "Rules of the tables",
    "mart": "What would be published",
    "machinery": "Evidence about this build",
}
STATES = {
    State.ERROR: "could not be checked",
    State.FAIL: "failed",
    State.WARN: "warning",
    State.PASS: "passed",
    State.NOT_APPLICABLE: "not applicable",
}


class Judged(Protocol):
    """What the page needs of a verdict."""

    @property
    def delivery(self) -> str: ...

    @property
    def is_open(self) -> bool: ...

    @property
    def results(self) -> Sequence[CheckResult]: ...

    @property
    def summary(self) -> str: ...

    @property
    def since(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Refusal:
    """A delivery that acceptance refused: what the page needs of it."""

    delivery: str
    results: Sequence[CheckResult]
    summary: str
    is_open: bool = False
    since: dict[str, str] = field(default_factory=dict)


def write_quality_page(folder: Path, verdict: Judged, is_in_release: bool = False) -> Path:
    """Writes `folder/index.html` and returns it. In a release the page leads back to the report and the dictionary beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    order = list(STATES)
    results = sorted(
        verdict.results, key=lambda r: (order.index(r.state), r.severity is Severity.WARN, r.check_id, r.subject)
    )
    attention = [r for r in results if r.state in (State.ERROR, State.FAIL, State.WARN)]
    by_kind = sorted(
        results, key=lambda r: (list(KINDS).index(r.kind) if r.kind in KINDS else len(KINDS), r.check_id, r.subject)
    )
    page = folder / "index.html"
    html = _template().render(
        title=f"Quality of delivery {verdict.delivery}",
        verdict=verdict,
        counts={words: sum(r.state is state for r in results) for state, words in STATES.items()},
        attention=attention,
        groups=[(KINDS.get(kind, kind), list(group)) for kind, group in groupby(by_kind, key=lambda r: r.kind)],
        states=STATES,
        since=verdict.since,
        is_in_release=is_in_release,
    )
    write_atomically(page, html)
    return page


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    return environment.get_template("quality.html.j2")
