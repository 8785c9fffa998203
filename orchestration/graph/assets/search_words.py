"""What a table is found by beside its name: the rules it holds and the quantities it speaks of, as tags of its asset.

Dagster's catalogue and lineage search keys, groups, owners, kinds and tags, and no descriptions. A tag has no blanks: *60 minutes* is
`60-minutes`, which is offered as soon as its second word is typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from orchestration.foundation.settings import PROJECT_ROOT

PAGES = PROJECT_ROOT / "docs" / "definitions"
HEADING = re.compile(r"## ((?:[CE]\d{1,2}(?:, )?)+) · (.+)")
LINKED_TABLE = re.compile(r"/(\w+)\.(?:sql|csv)\)")
CITATION = re.compile(r"\bdefinitions[^.()]*", re.IGNORECASE)
LABEL = re.compile(r"\b[CE]\d{1,2}\b")
QUANTITY = re.compile(r"\b(\d+(?:(?:, | and | or )\d+)*) (minutes?|hours?|days?|weeks?|months?|years?)\b")


class Rule(NamedTuple):
    """A section of the definitions: its labels, its title, its page, and the tables that it links to."""

    labels: tuple[str, ...]
    title: str
    page: Path
    tables: frozenset[str]

    def __str__(self) -> str:
        return (
            f"{', '.join(self.labels)} · {self.title} ({self.page.relative_to(PROJECT_ROOT)}#{self.labels[0].lower()})"
        )


@cache
def rules() -> tuple[Rule, ...]:
    found = []
    for page in sorted(PAGES.glob("*.md")):
        for section in page.read_text(encoding="utf-8").split("\n<a id=")[1:]:
            if heading := HEADING.search(section):
                labels = tuple(LABEL.findall(heading[1]))
                found.append(Rule(labels, heading[2], page, frozenset(LINKED_TABLE.findall(section))))
    return tuple(found)


def rules_of(node: Mapping[str, Any]) -> list[Rule]:
    """The rules whose page links to the table, and those that its SQL cites."""
    cited = {label for words in CITATION.findall(node.get("raw_code") or "") for label in LABEL.findall(words)}
    return [rule for rule in rules() if node["name"] in rule.tables or cited & set(rule.labels)]


def tags_of(node: Mapping[str, Any]) -> dict[str, str]:
    spoken_of = QUANTITY.findall(node.get("description") or "")
    quantities = {f"{number}-{unit}" for numbers, unit in spoken_of for number in re.findall(r"\d+", numbers)}
    labels = {f"definition/{label}" for rule in rules_of(node) for label in rule.labels}
    return dict.fromkeys(sorted(quantities | labels), "")
