"""The report as files: complete, offline, the same bytes twice, honest about what is missing."""

from __future__ import annotations

import json
import re
import shutil
import time
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
from lxml import html

from orchestration.publishing.report import write_report
from orchestration.publishing.report.data import Area
from orchestration.publishing.report.pages import page_name
from tests.report.conftest import FACTS
from tests.report.small_warehouse import INDICATORS, open_small_warehouse, write_small_warehouse

pytestmark = pytest.mark.xdist_group("report")


def page(folder: Path, name: str) -> html.HtmlElement:
    return html.fromstring((folder / name).read_text(encoding="utf-8"))


def card(document: html.HtmlElement, indicator_id: str) -> html.HtmlElement:
    return document.get_element_by_id(indicator_id)


def test_a_page_for_the_icb_each_partnership_each_team_and_each_indicator(small_report: Path) -> None:
    names = {p.name for p in small_report.iterdir()}
    areas = {"index", *(f"hcp-H{n}" for n in range(1, 5)), *(f"int-U0000{n}" for n in range(1, 7))}
    indicators = {row[0].replace("_", "-") for row in INDICATORS} | {"not-a-headline"}
    assert names == {
        *(f"{area}.xlsx" for area in areas if area.startswith("int-")),
        "about.html",
        "evaluation.html",
        "explorer.html",
        "explorer",
        *(f"{area}{page}.html" for area in areas for page in ("", "-every")),
        *(f"indicator-{indicator}.html" for indicator in indicators),
    }


def test_every_link_leads_somewhere_inside_the_release(small_report: Path) -> None:
    ids = {
        p.name: set(html.fromstring(p.read_text(encoding="utf-8")).xpath("//@id")) for p in small_report.glob("*.html")
    }
    books = {p.name for p in small_report.glob("*.xlsx")}
    for name in ids:
        for href in page(small_report, name).xpath("//a/@href"):
            target, _, anchor = href.partition("#")
            assert target in {"", "../quality/index.html", "../dictionary.html"} | set(ids) | books, href
            # the explorer's anchors say what to show
            if anchor and target != "explorer.html":
                assert anchor in ids[target or name], href


def test_pages_are_small(small_report: Path) -> None:
    assert max(path.stat().st_size for path in small_report.rglob("*.*")) < 200_000


def test_a_page_of_five_years_is_small_too(tmp_path: Path, small_report: Path) -> None:
    write_report(tmp_path / "report", open_small_warehouse(write_small_warehouse(tmp_path / "w.duckdb", 2, 60)), FACTS)
    assert max(path.stat().st_size for path in (tmp_path / "report").glob("*.html")) < 180_000, "real names take more"
    found = card(page(tmp_path / "report", "int-U00001.html"), "op_attendances")
    assert "The newest 48 months; older ones are in the explorer." in found.text_content()
    assert len(found.xpath(".//details//tbody/tr[td]")) == 48
    assert "newest 48" not in page(small_report, "int-U00001.html").text_content()


def test_nothing_comes_from_outside(small_report: Path) -> None:
    for path in small_report.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"https?://[^\"'\s<]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, path.name
        assert ("<script" in text) == (path.name == "explorer.html")
        assert not re.search(r"(?:src|poster|data)=\"(?!#|data:)", text)


def test_same_inputs_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        warehouse = open_small_warehouse(write_small_warehouse(tmp_path / f"{name}.duckdb", teams=2, indicators=3))
        write_report(tmp_path / name, warehouse, FACTS)
    written = sorted((tmp_path / "one").rglob("*.*"))
    assert len(written) > 12
    for path in written:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_each_headline_has_sentence_chart_table_and_funnel(small_report: Path) -> None:
    document = page(small_report, "int-U00001.html")
    sections = document.xpath("//section[@class='card']")
    assert [s.get("id") for s in sections] == [row[0] for row in INDICATORS]
    for section in sections:
        assert section.xpath("string(.//p[@class='verdict'])").strip()
        pictures = section.xpath(".//*[local-name()='svg'][@role='img']/@aria-label")
        assert len(pictures) == 1, section.get("id")
        assert all(pictures)
        assert len(section.xpath(".//details[1]//tbody/tr[td]")) == 26
    assert "No headline" not in document.text_content()
    assert "No headline" in page(small_report, "int-U00001-every.html").text_content()


def test_how_things_are_has_value_trend_icb_and_target_in_one_row(small_report: Path) -> None:
    rows = page(small_report, "int-U00001.html").xpath("//div[@aria-label='How things are']//tbody/tr")
    assert len(rows) == len(INDICATORS), "what cannot be judged is folded away, not left out"
    [row] = [row for row in rows if row.xpath("string(th/a)") == "Emergency admissions"]
    newest, trend, year, icb, _, verdict = row.xpath("td")
    assert "Oct 2025" in newest.text_content()
    assert trend.xpath(".//*[local-name()='svg']")
    assert float(year.text.replace(",", "")) > 0
    assert float(icb.text.replace(",", "")) > 0
    assert "improvement" in verdict.text_content()


def test_who_lives_here(small_report: Path) -> None:
    box = page(small_report, "int-U00003.html").xpath("//dl[@class='people']")[0].text_content()
    assert "People on the lists" in box and "January 2025" in box


def test_the_explorer_holds_the_figures_of_the_marts(small_report: Path, small_database: Path) -> None:
    """Each series file, read back as the browser reads it, against the marts: value, count, limits and verdict of every month."""
    warehouse = open_small_warehouse(small_database)
    seen = 0
    files = explorer_files(small_report)
    for indicator_id, cohort_id, area_type, area_code, month, value, numerator, centre, cause in warehouse.rows(
        "select v.indicator_id, v.cohort_id, v.area_type, v.area_code, v.month, v.value, v.numerator, s.centre_line, s.special_cause "
        "from marts.indicator_values v left join marts.indicator_spc s using (indicator_id, cohort_id, area_type, area_code, month) "
        "where v.period = 'month' and v.area_type in ('int', 'hcp', 'icb')"
    ):
        if (indicator_id, cohort_id) not in files:
            continue
        series = files[indicator_id, cohort_id][f"{area_type}:{area_code}"]
        at = month.year * 12 + month.month - 1 - series["m"]
        shown = (series["v"][at], series["n"][at], series["c"][at], series["x"][at])
        expected = (value, numerator, centre, None if cause == "none" else cause)
        assert shown == pytest.approx(expected, abs=6e-5), (indicator_id, cohort_id, area_code, month)
        seen += 1
    assert seen > 1000


def test_the_explorer_tells_judged_from_not_judged(small_report: Path) -> None:
    """Of each area and indicator either the page's own sentence (judged, nothing stands out) or why there is no verdict."""
    text = (small_report / "explorer.html").read_text(encoding="utf-8")
    assert (
        "or there is too little to judge" not in text
        and "everybody only; this is the figure of the group, with its own" not in text
    )
    choices = json.loads(page(small_report, "explorer.html").xpath("string(//script[@id='choices'])"))
    areas = [code for code, *_ in choices["areas"]]
    seen = set()
    for indicator in choices["indicators"]:
        script = (small_report / "explorer" / f"{indicator['id']}.js").read_text(encoding="utf-8")
        about = json.loads("[" + script.removeprefix("X.put(").removesuffix(");\n") + "]")[4]
        assert set(about["said"]) == {area for area, sign in zip(areas, indicator["now"], strict=True) if sign != "-"}
        seen |= {sentence for area, sentence in about["said"].items() if indicator["now"][areas.index(area)] == "?"}
    assert any("too few months or events" in sentence for sentence in seen), seen


@lru_cache
def explorer_files(folder: Path) -> dict[tuple[str, str], dict]:
    found = {}
    for path in (folder / "explorer").glob("*.js"):
        arguments = json.loads("[" + path.read_text(encoding="utf-8").removeprefix("X.put(").removesuffix(");\n") + "]")
        found[arguments[0], arguments[1]] = arguments[2]
    return found


def test_a_lasting_change_is_found_and_named(small_report: Path) -> None:
    document = page(small_report, "int-U00001.html")
    changed = document.xpath("string(//div[@class='changed'])")
    assert "Emergency admissions: improvement." in re.sub(r"\s+", " ", changed)
    admissions = card(document, "emergency_admissions").text_content()
    assert "October 2025" in admissions.split("definition")[1][:80]  # November is incomplete
    assert (
        "October 2024 to September 2025 against October 2023 to September 2024: fell 8.0% (95% limits −11.0% to −5.0%), 0.35 a day fewer"
        in admissions
    )


def test_what_a_card_says_fell_is_in_no_list_of_the_unchanged(small_report: Path) -> None:
    """A & E attendances of team 1 fell over the year by more than chance, its newest month is within it."""
    changed = page(small_report, "int-U00001.html").xpath("//div[@class='changed']")[0]
    lines = {re.sub(r"\s+", " ", p.text_content()).partition(":")[0]: p.text_content() for p in changed.xpath("p")}
    moved = lines["Not in the newest complete month, but over a longer time"]
    assert "Unplanned A&E attendances fell over 12 months" in moved
    assert "Unplanned A&E" not in lines["No change that can be told from chance"]
    assert "fell over" not in page(small_report, "int-U00005.html").xpath("string(//div[@class='changed'])")


def test_what_is_reported_by_period_is_shown_and_never_unknown(small_report: Path, small_database: Path) -> None:
    def cells(file: str, row: str) -> list[str]:
        [found] = [tr for tr in page(small_report, file).xpath("//table//tr[th/a]") if tr.xpath("string(th/a)") == row]
        return [re.sub(r"\s+", " ", cell.text_content()).strip() for cell in found.xpath("td")]

    for file, row in ("int-U00001-every.html", "No headline"), ("indicator-not-a-headline.html", "Alder Neighbourhood"):
        newest, *_, verdict = cells(file, row)
        assert newest == "12.5 (9.50 to 15.5)Apr 2025 to Jun 2025*", "not the incomplete quarter after it"
        assert verdict == "shown and never judged"
    assert cells("int-U00002-every.html", "No headline")[0] == "withheld small numbers"
    assert cells("int-U00002-every.html", "No headline")[-1] == "not known: withheld small numbers"
    assert (
        cells("int-U00003-every.html", "No headline")[0]
        == cells("int-U00003-every.html", "No headline")[-1]
        == "not known"
    )


def test_the_table_has_every_figure_the_chart_draws(small_report: Path) -> None:
    """Where season or calendar move a month the chart draws the judged value: the table has it too."""
    document = page(small_report, "int-U00001.html")

    def table(indicator: str) -> tuple[list[str], list[list[str]]]:
        [found] = card(document, indicator).xpath(".//details//table")
        heads = [th.text_content() for th in found.xpath("thead//th")]
        return heads, [[c.text_content().strip() for c in row.xpath("th|td")] for row in found.xpath("tbody/tr[td]")]

    heads, rows = table("emergency_admissions")
    value, judged = heads.index("Value"), heads.index("Judged as")
    assert {len(row) for row in rows} == {len(heads)}
    january = next(row for row in rows if row[0] == "Jan 2025")
    assert float(january[judged]) == pytest.approx(0.95 * float(january[value]), abs=0.01)
    assert all(row[judged] == row[value] for row in rows if not row[0].startswith("Jan"))
    assert "Judged as" not in table("op_attendances")[0]


def test_a_year_that_may_still_change_is_marked(small_report: Path) -> None:
    [row] = page(small_report, "int-U00001.html").xpath("//table[@class='glance']//tr[th/a='Emergency admissions']")
    newest, _, year, *_ = (cell.text_content() for cell in row.xpath("td"))
    assert "*" in newest and "*" in year


def test_months_that_may_change_are_hatched_and_hollow(small_report: Path) -> None:
    text = html.tostring(card(page(small_report, "int-U00001.html"), "emergency_admissions"), encoding="unicode")
    assert text.count('fill="url(#hatch)"') == 1, "one piece of ground: no seams between the months"
    hollow = re.findall(r'<path d="([^"]*)" fill="var\(--paper\)" stroke="var\(--', text)
    assert sum(path.count("M") for path in hollow) == 6


def test_events_in_the_life_of_a_team_are_marked(small_report: Path) -> None:
    moved = page(small_report, "int-U00004.html").text_content()
    assert "boundary was another one before November 2024" in moved
    assert "Boundary" in moved
    rebased = card(page(small_report, "int-U00001.html"), "all_visits").text_content()
    assert "start afresh in December 2024: appointment recording changed." in rebased
    live = page(small_report, "int-U00003.html")
    assert "The team went live in January 2025." in live.text_content()
    assert "against October 2023 to September 2024" in card(live, "emergency_admissions").text_content()


def test_too_small_for_limits_is_said_not_judged(small_report: Path) -> None:
    document = page(small_report, "int-U00003.html")
    assert "No indicator changed by more than chance gives" in document.xpath("string(//div[@class='changed'])")
    assert "too few months or events" in card(document, "emergency_admissions").text_content()


def test_missing_is_not_zero(small_report: Path) -> None:
    document = page(small_report, "int-U00006.html")
    assert "missing, not zero" in document.text_content()
    assert "too few events, or no deprivation figures" in document.text_content()
    gap = card(page(small_report, "int-U00005.html"), "gp_referrals_ers")
    assert [row.xpath("string(td[1])") for row in gap.xpath(".//details[1]//tbody/tr")].count("–") == 1


def test_spend_is_named_in_words_and_says_how_many_months_it_is(small_report: Path) -> None:
    rows = page(small_report, "int-U00001.html").xpath("//h2[@id='spend']/following-sibling::div[1]//tbody/tr")
    cells = {row.xpath("string(th)"): [cell.text_content() for cell in row.xpath("td")] for row in rows}
    assert list(cells) == [
        "Non-elective inpatient, emergency",
        "Appointment with a general practitioner",
        "NHS payments to general practice",
        "Outpatient first attendance",
        "Appointment with staff not recorded",
    ], "largest first; what had no activity in either year is no line"
    assert [" " in money for money in cells["Non-elective inpatient, emergency"][1:3]] == [False, False]
    payments, appointments = cells["NHS payments to general practice"], cells["Appointment with a general practitioner"]
    assert payments[1].endswith(" (5 months)") and not payments[2].endswith("months)")
    assert appointments[1].endswith(" (7 months)") and appointments[2] == "–"
    unpriced = cells["Appointment with staff not recorded"]
    assert unpriced[1:3] == ["– (7 months)", "–"] and unpriced[4] == "0%", "unknown, not free"
    assert "£12,000,000 (block contracts" in page(small_report, "index.html").text_content()
    assert "block contracts" not in page(small_report, "int-U00001.html").text_content()


def test_names_cannot_break_the_page(small_report: Path) -> None:
    document = page(small_report, "int-U00002.html")
    assert document.xpath("string(//h1)") == 'Ashford <North> & "Rural"'
    assert all(
        'Ashford <North> & "Rural"' in label for label in document.xpath("//figure/*[local-name()='svg']/@aria-label")
    )
    assert "Fewer <than> usual" in document.text_content()


def test_a_funnel_is_context_and_names_no_dot(small_report: Path) -> None:
    [funnel] = page(small_report, "indicator-emergency-admissions.html").xpath("//div[@class='panel funnel']")
    names = [row.text_content().split("\n")[0] for row in funnel.xpath(".//tbody/tr/th")]
    assert names == sorted(names) and len(names) == 6
    [dots] = funnel.xpath(".//*[local-name()='g'][@fill='var(--dot)']")
    assert len(dots) == 6
    assert not dots.text_content().strip()


def test_teams_are_listed_by_name_never_by_value(small_report: Path) -> None:
    bodies = page(small_report, "index.html").xpath("//div[@aria-label='Teams']//tbody")
    assert len(bodies) == 4
    for body in bodies:
        names = body.xpath(".//tr[not(@class)]/th//text()")
        assert names == sorted(names)


def test_a_team_that_stands_out_in_another_month_names_it(
    small_report: Path, small_database: Path, tmp_path: Path
) -> None:
    assert "Newest complete month: November 2025, or the one named." in page(small_report, "index.html").text_content()
    shutil.copy(small_database, tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(
            "update marts.indicator_values set period_status = 'incomplete' where period = 'month' and month > date '2025-08-01' "
            "and indicator_id = 'emergency_admissions' and area_code = 'U00001'"
        )
    write_report(tmp_path / "report", open_small_warehouse(tmp_path / "w.duckdb"), FACTS)
    [row] = [
        tr for tr in page(tmp_path / "report", "index.html").xpath("//div[@aria-label='Teams']//tr")
        if tr.xpath("th/a[contains(@href, 'int-U00001')]")
    ]  # fmt: skip
    assert "Emergency admissions (improvement, Aug 2025)" in row.text_content()


def test_restated_figures_and_checks_are_shown(small_report: Path) -> None:
    document = page(small_report, "int-U00001.html")
    assert "Figures restated since release 2025-11.1" in document.text_content()
    assert "restated" not in page(small_report, "int-U00005.html").xpath("string(//main)").lower()
    assert "1 of 5 data checks needs attention" in document.text_content()
    [not_delivered] = document.xpath("//p[starts-with(., 'Not delivered this time')]")
    assert "Community" in not_delivered.text_content()
    assert "Payments" not in not_delivered.text_content(), "an earlier delivery's rows are live: nothing is missing"


def test_codes_never_leave_the_folder_and_never_collide() -> None:
    names = {page_name(Area("int", code, "")) for code in ("../x", "a/b", "a_b", "a.b", "ab", "A b")}
    assert len(names) == 6
    assert all(re.fullmatch(r"int-[A-Za-z0-9_-]+\.html", name) for name in names)


@pytest.mark.soak
def test_a_whole_icb_is_built_in_its_budget(tmp_path: Path) -> None:
    """42 teams × 12 indicators × 36 months: at most 30 MB and 30 seconds."""
    warehouse = open_small_warehouse(write_small_warehouse(tmp_path / "warehouse.duckdb", teams=42, months=36))
    started = time.process_time()  # not the clock on the wall: other work on the machine is not the report's
    write_report(tmp_path / "report", warehouse, FACTS)
    seconds = time.process_time() - started
    pages = list((tmp_path / "report").rglob("*.*"))
    assert len(pages) > 100
    assert sum(p.stat().st_size for p in pages) < 30_000_000
    assert seconds < 30, seconds
