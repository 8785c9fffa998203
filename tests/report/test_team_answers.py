"""What a team's lead asks of the page: frail people and what they cost, the target, what changed since go-live, what may still change."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from lxml import html

from orchestration.publishing.indicator_docs import read_seed
from orchestration.publishing.report import write_report
from orchestration.publishing.report.changes import reckoning, recorded_notes
from orchestration.publishing.report.data import Indicator
from tests.report.conftest import FACTS
from tests.report.small_warehouse import open_small_warehouse, write_small_warehouse


@pytest.fixture(scope="module")
def warehouse(small_database: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(small_database), read_only=True, config={"threads": 2})


def part(report: Path, code: str, name: str) -> html.HtmlElement:
    document = html.fromstring((report / f"int-{code}.html").read_text(encoding="utf-8"))
    [found] = document.xpath(f"//h2[@id='{name}']/following-sibling::div[1]")
    return found


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def table(element: html.HtmlElement, number: int = 1) -> dict[str, list[str]]:
    return {
        words(row.xpath("th")[0]): [words(cell) for cell in row.xpath("td")]
        for row in element.xpath(f"(.//table)[{number}]/tbody/tr[td]")
    }


def test_frail_people_are_told_for_one_person(small_report: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Every figure is the mart's, a person's and not a thousand's."""
    rows = table(part(small_report, "U00001", "frail"))
    [(value, low, high, numerator, before)] = warehouse.execute(
        "select now.value / now.multiplier, now.value_lower_95 / now.multiplier, now.value_upper_95 / now.multiplier, now.numerator, "
        "before.value / now.multiplier from marts.indicator_values as now "
        "join marts.indicator_values as before using (indicator_id, cohort_id, area_code, period) "
        "where now.indicator_id = 'op_attendances' and cohort_id = 'efi_severe' and area_code = 'U00001' and period = 'rolling_12_months' "
        "and now.month = date '2025-11-01' and before.month = date '2024-11-01'"
    ).fetchall()
    cells = next(cells for name, cells in rows.items() if name.startswith("Outpatient attendances"))
    assert cells[:3] == [f"{numerator:,.0f}", f"{value:.2f} ({low:.2f} to {high:.2f})", f"{before:.2f}"]
    assert "to Nov 2025*" in next(name for name in rows if name.startswith("Outpatient attendances"))
    assert "to Oct 2025*" in next(name for name in rows if name.startswith("Emergency admissions"))
    assert "%" in next(name for name in rows if name.startswith("Readmission"))
    assert "40.0 people here" in words(part(small_report, "U00001", "frail"))
    assert "None of these figures can be judged against the year before." in words(
        part(small_report, "U00001", "frail")
    )


def test_the_year_of_frail_people_is_said_in_words() -> None:
    within = {"verdict": "within_chance", "change_pct": 1.0, "change_pct_lower_95": -9.0, "change_pct_upper_95": 12.0}
    fell = {"verdict": "lower", "change_pct": -12.0, "change_pct_lower_95": -20.0, "change_pct_upper_95": -3.0}
    unknown = {"verdict": "no_limits", "change_pct": -50.0, "change_pct_lower_95": None, "change_pct_upper_95": None}
    assert reckoning([("A", within), ("B", unknown)]) == (1, "none moved by more than chance gives")
    assert reckoning([("A", within), ("B", fell), ("C", unknown)]) == (
        2,
        "B fell 12.0% (95% limits −20.0% to −3.0%); 1 moved by no more than chance gives",
    )
    assert reckoning([("B", fell)]) == (1, "B fell 12.0% (95% limits −20.0% to −3.0%)")
    assert reckoning([("C", unknown)])[0] == 0


def test_pounds_of_frail_people_are_counts_at_unit_cost_of_one_window(
    small_report: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    prices = {row["point_of_delivery"]: float(row["unit_cost_gbp"]) for row in read_seed("unit_costs")}
    counts = dict(
        warehouse.execute(
            "select indicator_id, numerator from marts.indicator_values where cohort_id = 'efi_severe' and area_code = 'U00001' "
            "and period = 'rolling_12_months' and month = date '2025-10-01'"
        ).fetchall()
    )
    each = {
        "Emergency admissions": counts["emergency_admissions"] * prices["NEL"],
        "Unplanned A&E attendances": counts["ae_attendances_unplanned"] * prices["AE"],
        "Outpatient attendances": counts["op_attendances"] * prices["OPFUP"],
    }
    panel = part(small_report, "U00001", "frail")
    rows = table(panel, 2)
    assert {name: cells[1] for name, cells in rows.items()} == {
        **{name: f"£{total:,.0f}" for name, total in each.items()},
        "These together": f"£{sum(each.values()):,.0f}",
    }
    per_person = sum(each.values()) / 40
    assert rows["These together"][2] == f"£{per_person:,.0f}"
    assert "12 months to Oct 2025, provisional" in words(panel), "the newest window in which all three are complete"
    assert "Not what was paid" in words(panel)


def test_a_setting_that_is_not_known_leaves_no_sum(small_report: Path) -> None:
    """What is taken away makes a figure unknown, never another."""
    panel = part(small_report, "U00004", "frail")
    assert "Not known for this group: Unplanned A&E attendances (not recorded)." in words(panel)
    assert "These together" not in words(panel)
    admissions_only = words(part(small_report, "U00001", "frail")).split("Frailty risk score 5 or more", 1)[1]
    assert "These together" not in admissions_only
    assert "for one person aged 75 and over" in admissions_only


def test_a_release_without_frail_groups_targets_or_go_lives_reads_sensibly(tmp_path: Path) -> None:
    warehouse = write_small_warehouse(tmp_path / "warehouse.duckdb", teams=3, months=13, indicators=8)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from marts.dim_cohort where cohort_id <> 'all'")
        connection.execute("delete from marts.indicator_values where cohort_id <> 'all'")
        connection.execute("update marts.indicator_values set target_value = null, trajectory_value = null")
        connection.execute("delete from marts.dim_target")
        connection.execute("delete from marts.indicator_change")
        connection.execute("update marts.dim_int set go_live_month = null")
    write_report(tmp_path / "report", open_small_warehouse(warehouse), FACTS)
    assert (
        words(part(tmp_path / "report", "U00003", "frail"))
        == "No group of this release is named as one of frail people."
    )
    assert "No go-live month has been given" in words(part(tmp_path / "report", "U00003", "since"))
    assert all(cells[4] == "–" for cells in table(part(tmp_path / "report", "U00003", "glance")).values())


def test_a_team_just_live_is_too_early_and_nothing_else(tmp_path: Path) -> None:
    warehouse = write_small_warehouse(tmp_path / "warehouse.duckdb", teams=3)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.dim_int set go_live_month = date '2025-11-01'")
        connection.execute("delete from marts.indicator_change where verdict not in ('too_early')")
    write_report(tmp_path / "report", open_small_warehouse(warehouse), FACTS)
    assert words(part(tmp_path / "report", "U00003", "since")).startswith(
        "Live since November 2025: 1 whole month by the end of these data. "
        "None of the 12 headline indicators can be judged since go-live yet."
    )


def test_the_target_of_frail_people_says_why_it_is_not_judged(small_report: Path) -> None:
    text = words(part(small_report, "U00001", "frail"))
    assert "No target has been set here for this group." in text.split("Frailty risk score 5 or more", 1)[0]
    assert (
        "Target of Emergency admissions, a person aged 75 and over: 1.50% below January 2018 to December 2018 by Mar 2028: not judged, "
        "the figures here begin in Oct 2023, after that baseline began." in text
    )


def test_the_target_that_names_the_team_most_closely_stands(small_report: Path) -> None:
    rows = table(part(small_report, "U00002", "glance"))
    assert "by Jun 2026" in next(cells for name, cells in rows.items() if name.startswith("Emergency admissions"))[4]


def test_since_go_live_is_one_reconciled_block(small_report: Path) -> None:
    panel = part(small_report, "U00003", "since")
    text = words(panel)
    assert text.startswith(
        "Live since January 2025: 11 whole months by the end of these data. 2 of the 12 headline indicators can be judged: "
        "Emergency admissions fell 12.0% (95% limits −20.0% to −3.0%); 1 moved by no more than chance gives. "
        "Where nothing changes, about 5 in 100 such comparisons are called a change all the same."
    )
    said = {re.sub("(per 1|%).*", "", name): cells[-1] for name, cells in table(panel).items()}
    assert said == {
        "Emergency admissions": "fell",
        "Unplanned A&E attendances": "within chance",
        "Occupied bed days": "chance not known",
        "Readmission within 30 days": "too early",
    }
    assert "Not compared: All visits, GP practice appointments attended" in text
    assert "The teams of its wave against teams not yet live: Emergency admissions: evidence of lower figures." in text


def test_a_team_without_a_go_live_or_before_it_reads_sensibly(small_report: Path) -> None:
    assert words(part(small_report, "U00002", "since")).startswith("No go-live month has been given for this team")
    planned = words(part(small_report, "U00001", "since"))
    assert planned == "Going live is dated June 2026, after these data end: nothing to compare yet."
    page = html.fromstring((small_report / "int-U00001.html").read_text(encoding="utf-8"))
    assert page.xpath("//dt[.='Goes live']/following-sibling::dd[1]/text()") == ["June 2026"]
    assert not page.xpath("//dt[.='Live since']")
    icb = html.fromstring((small_report / "index.html").read_text(encoding="utf-8"))
    assert not icb.xpath("//h2[@id='since']")
    assert "from Jun 2026" in words(icb.xpath("//div[@aria-label='Teams']")[0])


def test_what_may_still_change_is_said_by_month(small_report: Path) -> None:
    text = words(part(small_report, "U00001", "open"))
    assert "Provisional months, the oldest of them June 2025" in text
    assert "Incomplete, so shown and never judged: Oct 2025 to Nov 2025 of Readmission within 30 days" in text
    assert "Nov 2025 of GP referrals (e-RS), Emergency admissions" in text
    assert "In this release 1 monthly figure of these indicators differs from the release before" in text


def test_twelve_months_that_end_elsewhere_are_labelled(small_report: Path) -> None:
    """A window that ends with the row's own month needs no label; another one has it."""
    rows = table(part(small_report, "U00001", "glance"))
    falls = next(cells for name, cells in rows.items() if name.startswith("Emergency admissions for falls"))
    assert "Nov 2025" in falls[0] and "to Oct 2025" in falls[2]
    visits = next(cells for name, cells in rows.items() if name.startswith("All visits"))
    assert "Nov 2025" in visits[0] and "to " not in visits[2]


def test_what_fell_across_a_change_of_recording_is_marked_with_it(tmp_path: Path) -> None:
    warehouse = write_small_warehouse(tmp_path / "warehouse.duckdb", teams=3)
    moved = "Short stays moved out from July 2024."
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table marts.dim_indicator add column known_limitations varchar")
        connection.execute(f"update marts.dim_indicator set known_limitations = 'Counted twice. {moved}'")
        connection.execute(
            "update marts.indicator_values set target_value = 9999, trajectory_value = 9999 "
            "where indicator_id = 'emergency_admissions' and cohort_id = 'all' and period = 'rolling_12_months'"
        )
    write_report(tmp_path / "report", open_small_warehouse(warehouse), FACTS)
    rows = table(part(tmp_path / "report", "U00003", "glance"), 2)
    admissions = next(cells for name, cells in rows.items() if name.startswith("Emergency admissions"))
    assert "fell since go-live†" in admissions[-1]
    judged = table(part(tmp_path / "report", "U00001", "glance"))
    target = next(cells[4] for name, cells in judged.items() if name.startswith("Emergency admissions"))
    assert "on track" in target and target.endswith("†"), "its baseline began in October 2023"
    quiet = next(cells for name, cells in rows.items() if name.startswith("GP practice appointments"))
    assert "†" not in "".join(quiet)
    note = f"Recorded another way within what is compared, Emergency admissions: {moved}"
    assert f"† {note}" in words(part(tmp_path / "report", "U00003", "glance"))
    assert note in words(part(tmp_path / "report", "U00003", "since"))
    assert "Recorded another way" not in words(part(tmp_path / "report", "U00003", "frail")), "none of it moved"
    fell = {
        "verdict": "lower",
        "change_pct": -9.0,
        "baseline_period": "2024-01 to 2024-09",
        "current_period": "2025-01 to 2025-09",
    }
    kind = Indicator("i", "Stays", "", 1000, "lower_is_better", {"known_limitations": moved})
    assert recorded_notes([(kind, fell)] * 2) == [f"Recorded another way within what is compared, Stays: {moved}"]
    assert recorded_notes([(kind, fell | {"verdict": "within_chance"})]) == []


def test_a_wave_registered_after_go_live_says_so_and_claims_nothing(tmp_path: Path) -> None:
    said = "Emergency admissions: {}registered only after go-live, which binds nobody."
    for verdict, words_of_it in (("too_early", "too early to say, "), ("evidence_lower", "")):
        warehouse = write_small_warehouse(tmp_path / f"{verdict}.duckdb", teams=3)
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("update marts.evaluation_plan set is_registered_before_go_live = false")
            connection.execute(
                "update marts.evaluation_effects set role = 'exploratory', is_registered_late = true, verdict = ? "
                "where aggregation = 'wave' and indicator_id = 'emergency_admissions'",
                [verdict],
            )
        write_report(tmp_path / verdict, open_small_warehouse(warehouse), FACTS)
        text = words(part(tmp_path / verdict, "U00003", "since"))
        assert said.format(words_of_it) in text
        assert "evidence of" not in text
