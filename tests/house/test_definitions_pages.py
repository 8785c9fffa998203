"""Rules are cited by label all over the project: each label leads to a page, and each page to files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "definitions"
CITED_IN = ("seeds", "dbt_project/models", "dbt_project/macros", "orchestration", "docs")
CITATION = re.compile(
    r"definitions[, ]+((?:(?:part )?[CE]\d{1,2}|sections? \d{1,2})(?:(?:,| and|;)? ?(?:[CE]\d{1,2}|sections? \d{1,2}))*)",
    re.I,
)


def cited() -> set[str]:
    found: set[str] = set()
    for folder in CITED_IN:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".csv", ".sql", ".yml", ".yaml", ".py", ".md"} and PAGES not in path.parents:
                for match in CITATION.finditer(path.read_text(encoding="utf-8")):
                    found |= {label.lower() for label in re.findall(r"\b[CE]\d{1,2}\b", match[1])}
                    found |= {f"section-{number}" for number in re.findall(r"sections? (\d{1,2})", match[1])}
    return found


def test_every_cited_rule_has_its_place() -> None:
    anchors = {
        a for page in PAGES.glob("*.md") for a in re.findall(r'<a id="([^"]+)">', page.read_text(encoding="utf-8"))
    }
    labels = cited()
    assert len(labels) > 15
    assert labels <= anchors, sorted(labels - anchors)


def test_every_link_of_a_definition_leads_to_a_file() -> None:
    seen = 0
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target[0]).exists(), f"{page.name}: {target[0]}"
            seen += 1
    assert seen > 60
