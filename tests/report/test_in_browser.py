"""The report in a real Chromium: silent console, no request beyond the folder, no accessibility violation, no sideways scrolling."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.test_scorecard import write_a_full_scorecard

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("report")]
CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
VIEWS = (
    ("index.html", "light", 1280),
    ("index.html", "dark", 400),
    ("hcp-H2.html", "light", 1280),
    ("int-U00001.html", "light", 400),
    ("int-U00001.html", "dark", 1280),
    ("int-U00003.html", "light", 1280),
    ("int-U00003.html", "dark", 400),
    ("about.html", "light", 400),
    ("int-U00001-every.html", "dark", 400),
    ("indicator-emergency-admissions.html", "light", 400),
    ("explorer.html", "light", 1280),
    ("explorer.html", "dark", 400),
)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("name", "scheme", "width"), VIEWS)
def test_a_page_is_quiet_offline_and_accessible(
    browser, small_report: Path, name: str, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto((small_report / name).as_uri())
    page.evaluate(
        "document.querySelectorAll('nav details, .card:nth-of-type(-n+2) details').forEach(part => part.open = true)"
    )
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["impact"], len(v["nodes"])) for v in violations] == []
    assert messages == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_page_loads_within_a_second_under_its_own_policy(browser, small_report: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto((small_report / "int-U00001.html").as_uri())
    taken = page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
    assert taken < 1000
    assert messages == []
    context.close()


def test_a_team_is_two_printed_pages(browser, small_report: Path) -> None:
    page = browser.new_page()
    page.goto((small_report / "int-U00003.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", printed)) == 2
    page.close()


def test_the_keyboard_reaches_and_opens_everything(browser, small_report: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((small_report / "int-U00001.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    summary = page.locator("#emergency_admissions summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#emergency_admissions details").first.get_attribute("open") is not None
    context.close()


def test_the_explorer_is_walked_by_keyboard_alone(browser, small_report: Path) -> None:
    """Under its own policy, from the disk: my team, an indicator by search, the chart month by month with its values read aloud."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto((small_report / "explorer.html").as_uri() + "#area=int:U00001")
    assert "Alder" in page.locator("#unit").text_content()
    page.locator("#find").focus()
    page.keyboard.type("emergency admissions")
    link = page.locator("#list a", has_text="Emergency admissions").first
    link.focus()
    page.keyboard.press("Enter")
    page.locator("#charts svg.spc").nth(1).wait_for()
    assert page.locator("#name").text_content() == "Emergency admissions"
    assert "Readmission" in page.locator("#charts").text_content(), "the balancing measure stands beside it"
    chart = page.locator("#charts svg.spc").first
    chart.focus()
    page.keyboard.press("Home")
    first = page.locator("#live").text_content()
    page.keyboard.press("ArrowRight")
    second = page.locator("#live").text_content()
    assert first.startswith("Oct 2023: ") and second.startswith("Nov 2023: ")
    assert "95% limits" in first
    with page.expect_download() as saved:
        page.locator("#csv").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert len(lines) == 27
    assert lines[1].startswith("emergency_admissions,all,int:U00001,2023-10-01,")
    with page.expect_download() as saved:
        page.locator("#picture").click()
    assert Path(saved.value.path()).read_text().startswith("<svg")
    assert messages == []
    context.close()


@pytest.mark.parametrize(
    ("group", "beside"), [("efi_severe", "Severe frailty (eFI)"), ("hfrs_5_plus", "Everybody"), ("all", None)]
)
def test_beside_a_group_stands_the_same_group_or_it_is_said(
    browser, small_report: Path, group: str, beside: str | None
) -> None:
    page = browser.new_page()
    page.goto((small_report / "explorer.html").as_uri() + f"#area=int:U00001&i=emergency_admissions&c={group}")
    page.locator("#charts svg.spc").nth(1).wait_for()
    words = page.locator("#charts figcaption").nth(1).text_content()
    assert words == f"Beside it{f', {beside}' if beside else ''}: Readmission within 30 days"
    assert "(provisional)" in page.locator("#years").text_content()
    page.close()


def test_the_explorer_tells_of_what_comes_by_period_and_marks_it_as_not_judged(browser, small_report: Path) -> None:
    page = browser.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto((small_report / "explorer.html").as_uri() + "#area=int:U00001&i=not_a_headline")
    page.locator("#charts p").first.wait_for()
    assert "12.5" in page.locator("#said").text_content()
    assert "No figures by month here" in page.locator("#charts").text_content()
    dash = page.locator("#list a[aria-current] path").get_attribute("d")
    assert dash.startswith("M-5,-1H5"), "a dash, where judged months within chance have a dot"
    page.locator("#csv").click()
    page.goto((small_report / "explorer.html").as_uri() + "#area=int:U00001&i=emergency_admissions&c=efi_severe")
    page.reload()
    page.locator("#charts svg.spc").first.wait_for()
    assert "made for everybody only" in page.locator("#said").text_content()
    assert messages == []
    page.close()


def test_the_explorer_says_what_to_do_without_scripts(browser, small_report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((small_report / "explorer.html").as_uri())
    assert page.locator("noscript").text_content()
    assert page.locator("#choose").is_hidden()
    assert page.locator("a[href='indicator-emergency-admissions.html']").count() == 1
    context.close()


@pytest.mark.parametrize("every", [2, 3, 1000], ids=["half delivered", "two of three delivered", "all delivered"])
def test_a_scorecard_prints_on_one_page(browser, every: int, tmp_path: Path) -> None:
    """With the catalogue's own titles, all that a column holds, what is not delivered, and what surrounds the team."""
    path = write_a_full_scorecard(tmp_path, every)
    page = browser.new_page()
    page.goto(path.as_uri())
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
    page.close()
