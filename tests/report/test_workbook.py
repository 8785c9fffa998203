"""A team's workbook: the figures of its page as numbers and dates, heads in sight, and the same bytes for the same figures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from orchestration.publishing.report import write_report
from tests.report.conftest import FACTS
from tests.report.small_warehouse import open_small_warehouse


@pytest.fixture(scope="module")
def book(small_report: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(small_report / "int-U00001.xlsx")


def table(book: openpyxl.Workbook, sheet: str) -> list[dict[str, object]]:
    _, heads, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_every_team_has_one_that_its_page_leads_to(small_report: Path) -> None:
    files = sorted(path.name for path in small_report.glob("*.xlsx"))
    assert files == [f"int-U{n:05d}.xlsx" for n in range(1, 7)]
    for name in files:
        assert f'href="{name}"' in (small_report / name.replace(".xlsx", ".html")).read_text()
    assert ".xlsx" not in (small_report / "index.html").read_text()


def test_months_are_those_of_the_marts_in_numbers_and_dates(book: openpyxl.Workbook, small_database: Path) -> None:
    warehouse = open_small_warehouse(small_database)
    wanted = warehouse.rows(
        "select i.title, v.month, v.value, v.numerator, v.denominator from marts.indicator_values as v "
        "join marts.dim_indicator as i using (indicator_id) where v.area_code = 'U00001' and v.period = 'month' "
        "and v.cohort_id = 'all' and i.is_headline order by 1, 2"
    )
    rows = table(book, "Months")
    found = sorted((r["Indicator"], r["Month"].date(), r["Value"], r["Count"], r["Out of"]) for r in rows)
    assert len(found) > 200
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours[:2] == theirs[:2]
        assert ours[2:] == pytest.approx(theirs[2:])
    assert all(isinstance(r["Month"], dt.datetime) and isinstance(r["Value"], int | float) for r in rows if r["Value"])
    assert {r["Status"] for r in rows} >= {"final", "incomplete"}


def test_now_says_value_limits_and_verdict_of_the_newest_complete_month(
    book: openpyxl.Workbook, small_report: Path
) -> None:
    rows = {r["Indicator"]: r for r in table(book, "Now")}
    months = table(book, "Months")
    page = (small_report / "int-U00001.html").read_text()
    for title, row in rows.items():
        complete = [
            m for m in months if m["Indicator"] == title and m["Status"] != "incomplete" and m["Value"] is not None
        ]
        if not complete:
            reported = ("Month", "Value", "Lower 95%", "Upper 95%", "Count", "Out of", "Verdict")
            wanted = (dt.datetime(2025, 6, 1), 12.5, 9.5, 15.5, 25, 2000, "shown and never judged")
            assert tuple(row[name] for name in reported) == wanted
            assert "April 2025 to June 2025: 12.5" in row["In words"]
            continue
        newest = max(complete, key=lambda m: m["Month"])
        same = ("Month", "Value", "Count", "Out of", "Lower 95%", "Upper 95%", "Average", "Chance gives from", "to")
        assert [row[name] for name in same] == [newest[name] for name in same]
        assert row["Verdict"]
        assert row["In words"].split(".")[0].replace("&", "&amp;") in page


def test_since_go_live_and_frail_people_are_those_of_the_page(small_report: Path, small_database: Path) -> None:
    book = openpyxl.load_workbook(small_report / "int-U00003.xlsx")
    changes = open_small_warehouse(small_database).rows(
        "select i.title, c.change_pct, c.months from marts.indicator_change as c join marts.dim_indicator as i using (indicator_id) "
        "where c.area_code = 'U00003' and c.cohort_id = 'all' and c.baseline_kind = 'go_live' order by i.display_order"
    )
    assert [(r["Indicator"], r["Change %"], r["Months"]) for r in table(book, "Since go-live")] == changes
    fares = {(r["Group"], r["Indicator"]): r for r in table(book, "Frail people")}
    admissions = fares["Severe frailty (eFI)", "Emergency admissions"]
    assert (admissions["12 months to"], admissions["Status"]) == (dt.datetime(2025, 10, 1), "provisional")
    assert admissions["Value"] == pytest.approx(admissions["Count"] / 40)
    assert admissions["Since go-live"] == "−6.0% (−30.0 to +26.0) within chance"
    costs = {r["Counted"]: r for r in table(book, "Their cost") if r["Group"] == "Severe frailty (eFI)"}
    each = [costs[name]["Pounds"] for name in costs if name != "These together"]
    assert costs["These together"]["Pounds"] == pytest.approx(sum(each))
    assert costs["These together"]["For one person"] == pytest.approx(sum(each) / 40)
    planned = openpyxl.load_workbook(small_report / "int-U00001.xlsx")["About"]
    assert "Goes live in June 2026." in [row[0] for row in planned.iter_rows(values_only=True)]


def test_heads_stay_in_sight_and_columns_can_be_filtered(book: openpyxl.Workbook) -> None:
    for name, cell in (("Now", "C3"), ("Months", "D3")):
        assert book[name].freeze_panes == cell
        assert book[name].auto_filter.ref.startswith("A2:")
        assert book[name].print_title_rows == "$2:$2"


def test_synthetic_figures_say_so_on_every_sheet(small_database: Path, tmp_path: Path, book: openpyxl.Workbook) -> None:
    def texts(one: openpyxl.Workbook) -> list[str]:
        return [
            " ".join(str(cell) for row in sheet.iter_rows(max_row=4, values_only=True) for cell in row) for sheet in one
        ]

    write_report(tmp_path, open_small_warehouse(small_database), {**FACTS, "is_synthetic": True})
    assert all("about nobody" in text for text in texts(openpyxl.load_workbook(tmp_path / "int-U00001.xlsx")))
    assert not any("about nobody" in text for text in texts(book))


def test_the_same_figures_are_the_same_bytes(small_report: Path, small_database: Path, tmp_path: Path) -> None:
    write_report(tmp_path, open_small_warehouse(small_database), FACTS)
    for file in sorted(small_report.glob("*.xlsx")):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()
