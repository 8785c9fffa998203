from __future__ import annotations

import re
from pathlib import Path

from lxml import html

from orchestration.gate import write_quality_page
from tests.quality.build import Build


def test_the_page_says_what_failed_how_many_what_to_do_and_who(build: Build, tmp_path: Path) -> None:
    build.fails("readmissions_grain", 1234)
    build.examine()
    verdict = build.judge()
    page = write_quality_page(tmp_path / "quality", verdict)
    text = " ".join(html.fromstring(page.read_text()).text_content().split())
    assert verdict.summary in text
    assert "1,234 of 1 examined; since delivery 2025-10. Owner: ICB intelligence team" in text
    assert "What to do: read the test's description" in text
    assert all(result.check_id in text for result in verdict.results)


def test_the_page_is_self_contained_and_accessible(build: Build, tmp_path: Path) -> None:
    page = write_quality_page(tmp_path, build.judge()).read_text()
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)", page) and "@import" not in page and "url(" not in page
    tree = html.fromstring(page)
    assert tree.get("lang") == "en-GB" and tree.findtext(".//title")
    assert all(table.find("caption") is not None for table in tree.iter("table"))
    assert all(cell.get("scope") == "col" for cell in tree.iter("th"))


def test_the_page_is_the_same_for_the_same_verdict(build: Build, tmp_path: Path) -> None:
    verdict = build.judge()
    assert (
        write_quality_page(tmp_path / "a", verdict).read_bytes()
        == write_quality_page(tmp_path / "b", verdict).read_bytes()
    )


def test_since_when_is_remembered_until_the_check_passes(build: Build) -> None:
    from orchestration.gate.receipt import remember_since

    failed = build.examine().results[0].model_copy(update={"state": "fail"})
    assert remember_since(build.settings, "2025-08", (failed,)) == {failed.check_id: "2025-08"}
    assert remember_since(build.settings, "2025-10", (failed,)) == {failed.check_id: "2025-08"}
    assert remember_since(build.settings, "2025-11", ()) == {}
    assert remember_since(build.settings, "2025-12", (failed,)) == {failed.check_id: "2025-12"}
