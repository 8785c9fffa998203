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


def cited_labels() -> set[str]:
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
    labels = cited_labels()
    assert len(labels) > 15
    assert labels <= anchors, sorted(labels - anchors)


def test_every_link_of_a_definition_leads_to_a_file() -> None:
    seen = 0
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target[0]).exists(), f"{page.name}: {target[0]}"
            seen += 1
    assert seen > 60


def test_every_rule_names_the_file_that_holds_it() -> None:
    sections = [one for page in PAGES.glob("*.md") for one in page.read_text(encoding="utf-8").split("\n## ")[1:]]
    assert len(sections) > 30
    assert not [one.split("\n")[0] for one in sections if "](../../" not in one]


def test_a_table_is_found_by_its_rule_and_its_quantities() -> None:
    """What Dagster's catalogue searches: it offers a tag when one of its words is typed."""
    from orchestration.graph.assets.search_words import rules, tags_of

    labels = {label for rule in rules() for label in rule.labels}
    cited = {label.upper() for label in cited_labels() if not label.startswith("section")}
    assert len(rules()) > 30
    assert cited <= labels

    def tags(name: str, description: str = "", sql: str = "") -> set[str]:
        return set(tags_of({"name": name, "description": description, "raw_code": sql}))

    assert {"definition/C7", "definition/E7"} == tags("visits_per_capita")
    assert {"60-minutes"} == tags("x", "Attendances that repeat one kept within 60 minutes.")
    assert {"30-days", "60-days", "90-days"} == tags(
        "x", "Emergency readmissions within 30, 60 and 90 days of discharge."
    )
    assert {"definition/E9"} == tags("x", sql="-- a phase of its own (definitions E9). A part E2 is nobody's")
    assert not tags("x", "Nothing of note.", "select 1 as e9")
