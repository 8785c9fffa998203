"""The national return: counts by hand, suppression, what is left for people, and a template that keeps all it had."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from lxml import etree

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.publishing.nnhip import NnhipSummary, check_return, fill_return
from orchestration.publishing.nnhip.rules import load_rules
from orchestration.publishing.nnhip.workbook import Workbook

SHEET = "SubmissionTemplate"
LETTERS = list(load_rules().columns)


def fill(
    settings: Settings, template: Path, out: Path, place: str = "East Kent", month: str = "2025-10"
) -> NnhipSummary:
    return fill_return(settings, template=template, place=place, month=month, out=out)


def row(workbook: Workbook, number: int) -> dict[str, object]:
    """The cells of a row that are not suppressed."""
    cells = {letters: workbook.value(SHEET, f"{letters}{number}") for letters in LETTERS}
    return {letters: value for letters, value in cells.items() if value != "*"}


@pytest.fixture
def filled(settings: Settings, template: Path, tmp_path: Path) -> Workbook:
    fill(settings, template, tmp_path / "out.xlsx")
    return Workbook(tmp_path / "out.xlsx")


# cells of each row that reach six; E is 18-19, H 40-49, J 60-69, L 80-89, M 90+; O white, Q Asian, R mixed, T not known; U-Y quintiles
BY_HAND = {
    7: {"D": 24, "L": 13, "O": 8, "Q": 13, "U": 7, "Y": 13},
    6: {"D": 10, "E": 10, "O": 10, "V": 10},  # ten at 18; the ten at 17 are outside the programme
    9: {},  # a nurse is not a consultant
    12: {"D": 10, "E": 10, "O": 10, "V": 10},
    15: {"D": 7, "J": 7, "R": 7, "X": 7},
    18: {"D": 7, "J": 7, "R": 7, "X": 7},  # ended in October; the stays that ended on 30 September are not in it
    21: {"D": 21, "J": 21, "R": 21, "X": 21},
    24: {"D": 8, "M": 8, "T": 8, "W": 8},  # the return's list of ambulance modes is narrower than the indicators'
    27: {},
    33: {"D": 8, "M": 8, "T": 8, "W": 8},
    36: {"D": 8, "M": 8, "T": 8, "W": 8},
    39: {"D": 8, "M": 8, "T": 8, "W": 8},  # type 05 is in by the letter, an unrecorded type is not
    42: {"D": 7, "O": 7, "U": 7},  # three aged 39 and four aged 40 at the event; ethnicity from an earlier record
    45: {"D": 9, "G": 9, "O": 9, "U": 9},  # contacts carry no age: the newest record of the person says 39
    48: {"D": 8, "O": 7, "U": 7},  # seven, and the one who joined on the 20th
}


@pytest.mark.parametrize("number", BY_HAND)
def test_counts_by_hand(filled: Workbook, number: int) -> None:
    assert row(filled, number) == BY_HAND[number]


def test_below_six_is_a_star_and_nothing_else(filled: Workbook) -> None:
    rules = load_rules()
    for number in [m.row for m in rules.measures] + [*rules.cohort_rows.rows, rules.caseload_row.row]:
        for letters in LETTERS:
            value = filled.value(SHEET, f"{letters}{number}")
            assert value == "*" or (isinstance(value, int) and value >= 6), f"{letters}{number}"


def test_the_summary_says_what_was_done_and_what_is_not_in_it(
    settings: Settings, template: Path, tmp_path: Path
) -> None:
    summary = fill(settings, template, tmp_path / "out.xlsx")
    assert summary.cells_filled == 2 + 18 * 23
    assert summary.left_for_people == []
    assert any("under 18 are outside the programme and left out (20)" in note for note in summary.notes)
    assert summary.place == "East Kent"


def test_what_cannot_be_known_is_left_blank_and_listed(settings: Settings, template: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(settings.paths.inputs_file)) as connection:
        connection.execute("update plan.feed_status set is_delivered = false where feed = 'community_contacts'")
        connection.execute("update plan.feed_status set person_id_space = 'hes' where feed = 'hes_apc'")
        connection.execute("delete from plan.feed_coverage where feed = 'ecds' and coverage_month = date '2025-10-01'")
    summary = fill(settings, template, tmp_path / "out.xlsx")
    assert len(summary.left_for_people) == 1 + 3 + 6
    assert any(
        "D45:Z45 O6" in line and "feed community_contacts was not delivered" in line for line in summary.left_for_people
    )
    assert any("cannot be linked" in line for line in summary.left_for_people)
    assert any("ecds does not cover 2025-10" in line for line in summary.left_for_people)
    workbook = Workbook(tmp_path / "out.xlsx")
    for number in (15, 18, 21, 24, 27, 30, 33, 36, 39, 45):
        assert set(row(workbook, number).values()) == {None}
    problems = check_return(tmp_path / "out.xlsx")
    assert len(problems) == 10 * 23
    assert all(problem.endswith("is empty") for problem in problems)


def test_the_programmes_rules_accept_it(settings: Settings, template: Path, tmp_path: Path) -> None:
    assert check_return(template)
    fill(settings, template, tmp_path / "out.xlsx")
    assert check_return(tmp_path / "out.xlsx") == []


@pytest.mark.parametrize(
    ("reference", "value", "words"),
    [
        ("D6", 7.5, "not a whole number"),
        ("D6", "seven", "not a whole number"),
        ("D6", 3, "not suppressed"),
        ("D6", None, "is empty"),
    ],
)
def test_the_programmes_rules_can_refuse(
    settings: Settings, template: Path, tmp_path: Path, reference: str, value: object, words: str
) -> None:
    fill(settings, template, tmp_path / "out.xlsx")
    workbook = Workbook(tmp_path / "out.xlsx")
    workbook.set(SHEET, reference, value)  # type: ignore[arg-type]
    workbook.save(tmp_path / "bad.xlsx")
    assert [problem for problem in check_return(tmp_path / "bad.xlsx") if words in problem]


def test_every_formula_style_and_validation_stays(settings: Settings, template: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    fill(settings, template, out)
    assert_template_survives(template, out)


def assert_template_survives(template: Path, out: Path) -> None:
    """Only values of filled cells, and stored results of formulas, differ from the template."""
    with zipfile.ZipFile(template) as before, zipfile.ZipFile(out) as after:
        assert before.namelist() == after.namelist()
        changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
        assert len(changed) == 2
        for name in changed:
            trees = [etree.fromstring(archive.read(name)) for archive in (before, after)]
            for tree in trees:
                for cell in tree.iter("{*}c"):
                    cell.attrib.pop("t", None)
                    if cell.get("r") == "B7":
                        cell.attrib.pop("s")
                    for child in list(cell):
                        if child.tag.endswith(("}v", "}is")):
                            cell.remove(child)
            assert etree.tostring(trees[0], method="c14n") == etree.tostring(trees[1], method="c14n"), name
        assert b"x14:dataValidation " in b"".join(after.read(name) for name in changed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, second = (openpyxl.load_workbook(path) for path in (template, out))
    assert first.sheetnames == second.sheetnames
    for sheet in first.sheetnames:
        for cells in first[sheet].iter_rows():
            for cell in cells:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    assert second[sheet][cell.coordinate].value == cell.value


def test_stored_results_follow_the_filled_cells(filled: Workbook) -> None:
    """Programs that only read, the programme's own among them, see a formula's stored result and never compute it."""
    assert filled.value(SHEET, "B1") == "East Kent"
    assert filled.value(SHEET, "D16") == 24
    assert filled.value(SHEET, "L16") == 13
    assert filled.value(SHEET, "F16") == "*"
    assert filled.value(SHEET, "D8") == pytest.approx(10 / 24 * 1000)
    assert filled.value(SHEET, "F8") == 0
    assert filled.formulas(SHEET)["G16"] == "G7"


def test_the_same_inputs_give_the_same_bytes(settings: Settings, template: Path, tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        fill(settings, template, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_place_is_written_as_the_list_writes_it(settings: Settings, template: Path, tmp_path: Path) -> None:
    fill(settings, template, tmp_path / "out.xlsx", place="dorset place")
    assert Workbook(tmp_path / "out.xlsx").value("Instructions", "B6") == "Dorset Place "
    assert check_return(tmp_path / "out.xlsx") == []


def test_a_month_that_the_list_does_not_offer_is_left_and_listed(
    settings: Settings, template: Path, tmp_path: Path
) -> None:
    summary = fill(settings, template, tmp_path / "out.xlsx", month="2025-09")
    assert "does not offer 2025-09" in summary.left_for_people[0]
    assert check_return(tmp_path / "out.xlsx") == ["Instructions!B7 Submission Period is not in the template's list"]


@pytest.mark.parametrize(
    ("place", "month", "words"),
    [
        ("East Knet", "2025-10", "did you mean East Kent"),
        ("East Kent", "October", "not YYYY-MM"),
        ("East Kent", "2019-01", "nobody"),
    ],
)
def test_a_wrong_argument_is_a_clear_line(
    settings: Settings, template: Path, tmp_path: Path, place: str, month: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        fill(settings, template, tmp_path / "out.xlsx", place=place, month=month)
    assert not (tmp_path / "out.xlsx").exists()


def test_a_template_of_another_version_is_refused(settings: Settings, template: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(template)
    book[SHEET].delete_cols(9)
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(UsageError, match=r"not NNHIP collection template v1\.2"):
        fill(settings, tmp_path / "other.xlsx", tmp_path / "out.xlsx")
    (tmp_path / "text.xlsx").write_text("not a workbook")
    with pytest.raises(UsageError, match="cannot be read"):
        fill(settings, tmp_path / "text.xlsx", tmp_path / "out.xlsx")


@pytest.mark.real
def test_the_real_template(settings: Settings, real_files: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(settings.paths.warehouse_file)) as connection:
        for table, column in (
            ("gp_appointment_events", "event_date"),
            ("outpatient_appointments", "event_date"),
            ("ae_attendances", "event_date"),
            ("spells", "discharge_date"),
            ("community_contact_events", "event_date"),
        ):
            connection.execute(f"update intermediate.{table} set {column} = cast({column} + interval 3 month as date)")
    with duckdb.connect(str(settings.paths.inputs_file)) as connection:
        connection.execute(
            "update plan.feed_coverage set coverage_month = cast(coverage_month + interval 3 month as date)"
        )
    template = real_files / "nnhip" / "NNHIPDataCollectionTemplatev1.2.xlsx"
    out = tmp_path / "return.xlsx"
    summary = fill(settings, template, out, month="2026-01")
    assert summary.cells_filled == 2 + 18 * 23
    assert summary.left_for_people == []
    assert check_return(template)
    assert check_return(out) == []
    assert_template_survives(template, out)
    workbook = Workbook(out)
    assert workbook.value(SHEET, "D46") == workbook.value(SHEET, "D7") == 24
    assert workbook.value(SHEET, "D47") == pytest.approx(9 / 24 * 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shown = openpyxl.load_workbook(out)["Instructions"]["B7"]
    assert shown.is_date
    assert f"{shown.value:%Y-%m-%d}" == "2026-01-01"


def test_six_is_shown_and_five_is_not(settings: Settings, template: Path, tmp_path: Path) -> None:
    """Contacts of one person: nine in the fixture, here six and then five."""
    for contacts, shown in ((6, 6), (5, "*")):
        with duckdb.connect(str(settings.paths.warehouse_file)) as connection:
            connection.execute(
                "create or replace table intermediate.community_contact_events as select 'a01' as person_id, "
                f"date '2025-10-02' as event_date, true as is_attended, null::int as age_years from range(0, {contacts})"
            )
        fill(settings, template, tmp_path / "out.xlsx")
        assert Workbook(tmp_path / "out.xlsx").value(SHEET, "D45") == shown
