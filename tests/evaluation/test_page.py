"""The page “Does it work?”: one picture per outcome, verdicts from the fixed list, and never a cause."""

from __future__ import annotations

import pytest
from lxml import html

from orchestration.publishing.report import write_report
from orchestration.publishing.report.evaluation import VERDICTS, sentences
from tests.report.conftest import FACTS
from tests.report.small_warehouse import open_small_warehouse, write_small_warehouse

CAUSES = ("because of", "due to", "caused", "thanks to", "led to", "effect of", "impact", "success")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> html.HtmlElement:
    folder = tmp_path_factory.mktemp("evaluation")
    write_report(folder / "report", open_small_warehouse(write_small_warehouse(folder / "w.duckdb")), FACTS)
    return html.fromstring((folder / "report" / "evaluation.html").read_text(encoding="utf-8"))


def test_each_outcome_has_picture_table_and_verdict_and_the_balancing_one_beside(page: html.HtmlElement) -> None:
    cards = page.xpath("//section[@class='card']")
    assert [card.get("id") for card in cards] == ["emergency_admissions", "readmissions_30d", "all_visits"]
    for card in cards:
        assert len(card.xpath(".//figure/svg")) == 1 and len(card.xpath(".//tbody/tr")) == 3
    primary = cards[0].text_content()
    assert "Evidence of lower figures" in primary and "Balancing measure" in primary and "No evidence" in primary
    assert "Too early to say" in cards[2].text_content() and "not judged before" in cards[2].text_content()
    assert "after go-live: binds nobody" in page.text_content()


def test_the_return_stands_at_one_0_30_and_nought_side_by_side(page: html.HtmlElement) -> None:
    row = [cell.text_content() for cell in page.xpath("//h2[@id='return']/following-sibling::div[1]//tbody/tr")[0]]
    assert row[6:10] == ["£751,000", "£177,000", "−£69,000", "3.57"], row
    assert row[10:] == ["capacity, not cash", "2016/17 (older than three years)"]


def test_nothing_says_why(page: html.HtmlElement) -> None:
    words = page.text_content().lower()
    assert not [cause for cause in CAUSES if cause in words]
    row = {
        "effect_pct": -9.0, "effect_pct_lower_95": -15.0, "effect_pct_upper_95": -3.0, "teams_treated": 4, "teams_control": 38,
        "months_after": 6, "permutation_p": 0.03, "smallest_possible_p": 0.0005, "detectable_effect_pct": 12.0,
        "leave_one_out_low_pct": -11.0, "leave_one_out_high_pct": -8.0, "expected_after_months": None,
    }  # fmt: skip
    early = sentences(row | {"verdict": "too_early", "expected_after_months": 12})
    assert early[0] == (
        "Too early to say. 6 months from the first go-live on; this outcome is not judged before 12 months, "
        "so nothing is claimed either way."
    )
    assert "a difference would have had to be 12.0 % to be found in four cases of five." in " ".join(early)
    for verdict in VERDICTS:
        said = " ".join(sentences(row | {"verdict": verdict})).lower()
        assert not [cause for cause in CAUSES if cause in said]
        assert "12.0 % to be found" in said or "would have had to be" in said
    some = " ".join(sentences(row | {"verdict": "no_evidence"}, 1))
    assert (
        "6 months from the first go-live on; 1 of the 4 teams has the last of these months, the others fewer." in some
    )
    assert "the others fewer" not in " ".join(sentences(row | {"verdict": "no_evidence"}, 4))


def test_why_the_return_and_the_head_can_differ_is_said(page: html.HtmlElement) -> None:
    panel = page.xpath("//h2[@id='return']/following-sibling::div[1]")[0].text_content()
    assert "“overall” is weighed as in “All waves by size”" in panel and "those live longest weigh most" in panel
