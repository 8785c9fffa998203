"""Files as tools of the world write them, of other feeds and columns than the cases: read whole and rightly, or refused by a name."""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import duckdb
import nhs_number
import pytest

from orchestration.build.compiled_models import SEEDS_DIR
from orchestration.contracts import Column, feed_contract, normalise_header
from orchestration.foundation.errors import DeliveryRefused, MachineFault, UsageError
from orchestration.foundation.settings import load_settings
from orchestration.lake import typing_sql
from orchestration.lake.feed import ingest_feed
from orchestration.landing import source_files, workbooks
from orchestration.landing.deliveries import find_delivery
from tests.ingest.defects import as_zip
from tests.ingest.good_files import HEADERS, as_text, table, write_good
from tests.ingest.test_cases import ingest, refusal
from tests.ingest.test_read_whole import workbook


def changed(feed: str, header: str, change: Callable[[str], str], rows: int = 40, every: int = 1) -> str:
    cells = table(feed, rows)
    place = HEADERS[feed].index(header)
    for number, one in enumerate(cells[1:]):
        if number % every == 0:
            one[place] = change(one[place])
    return as_text(cells)


@pytest.mark.parametrize("value", ["1.23457E11", "1,23457E+11", "1.5E18", "1e+05"])
@pytest.mark.parametrize(
    ("feed", "header"), [("community_contacts", "PERSON_ID"), ("gp_appointments", "APPOINTMENT_ID")]
)
def test_codes_that_sparks_or_a_german_spreadsheets_numbers_were(
    feed: str, header: str, value: str, tmp_path: Path
) -> None:
    told = refusal(tmp_path, feed, {"f.csv": changed(feed, header, lambda _: value, every=2)})
    assert f"column {header}" in told and "floating-point" in told and value not in told


@pytest.mark.parametrize("value", ["########", "#SPILL!", "#NA", "#GETTING_DATA", "#N/A N/A", "#calc!"])
def test_what_a_spreadsheet_could_not_show_is_no_person(value: str, tmp_path: Path) -> None:
    content = changed("community_contacts", "PERSON_ID", lambda _: value, every=4)
    assert ingest(tmp_path, "community_contacts", {"f.csv": content})[0].rows_quarantined == 10


@pytest.mark.parametrize("feed", sorted(feed for feed in HEADERS if feed_contract(feed).person))
def test_nobody_however_it_is_written_is_no_person(feed: str, tmp_path: Path) -> None:
    """Each word in a row of its own: not one of them may join others, as the same word in two rows would."""
    person = feed_contract(feed).person
    assert person
    place = place_of(feed, person)
    words = (*typing_sql.NOTHING, *typing_sql.NOBODY, "nil", "Undefined", "NA_character_", "None", "Unknown")
    rows = table(feed, len(words) * 2)
    for cells, word in zip(rows[1:], (*words, *words), strict=True):
        cells[place] = word
    try:
        _, found = ingest(tmp_path, feed, {"f.csv": as_text(rows)}, "distinct person_id")
        assert found in ([(None,)], [])
    except DeliveryRefused as refused:
        assert "missing" in str(refused)


def place_of(feed: str, column: Column) -> int:
    heads = [normalise_header(header) for header in HEADERS[feed]]
    return next(heads.index(head) for head in column.headers() if head in heads)


@pytest.mark.parametrize(
    "feed", sorted(feed for feed in HEADERS if feed_contract(feed).key and feed_contract(feed).is_patient_level)
)
def test_no_key_however_it_is_written_is_no_key(feed: str, tmp_path: Path) -> None:
    """Two rows without a key are two rows in question, not one row that came twice."""
    contract = feed_contract(feed)
    words = (*typing_sql.NOTHING, *typing_sql.NOBODY)
    rows = table(feed, len(words) * 5)
    for cells, word in zip(rows[1:], (*words, *words), strict=False):
        cells[place_of(feed, contract.column(contract.key[0]))] = word
    manifest, _ = ingest(tmp_path, feed, {"f.csv": as_text(rows)})
    assert manifest.rows_quarantined == 2 * len(words) - manifest.rows_removed.get("blank_row", 0)
    assert not {"duplicate_key", "duplicate_exact"} & set(manifest.rows_removed)


def test_codes_guarded_against_a_spreadsheet_are_the_codes(tmp_path: Path) -> None:
    rows = table("gp_appointments")
    guarded = [rows[0], *([f'="{cell}"' for cell in cells] for cells in rows[1:])]
    bare = ",".join(rows[0]) + "\n" + "".join(",".join(cells) + "\n" for cells in guarded[1:])
    sql = "appointment_id, person_id, practice_code, appointment_date, age_years, hcp_type"
    found = [
        ingest(tmp_path / str(number), "gp_appointments", {"f.csv": content}, sql)[1]
        for number, content in enumerate((as_text(rows), as_text(guarded), bare))
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("sign", ["-", ".", " "])
@pytest.mark.parametrize(
    ("feed", "header"), [("community_contacts", "REFERRAL_DATE"), ("gp_appointments", "BOOKED_DATE")]
)
def test_month_first_dates_whatever_parts_them(feed: str, header: str, sign: str, tmp_path: Path) -> None:
    def american(value: str) -> str:
        day = dt.date.fromisoformat(value)
        return f"{day.month:02d}{sign}{day.day:02d}{sign}{day.year}"

    told = refusal(tmp_path, feed, {"f.csv": changed(feed, header, american, every=3)})
    assert f"column {header}" in told and "month first" in told and "YYYY-MM-DD" in told


@pytest.mark.parametrize("value", ["9/1/2025", "09/01/2025", "9-1-25"])
@pytest.mark.parametrize(
    ("feed", "header"),
    [("online_consultations", "Month [1]"), ("gp_registrations", "EXTRACT_DATE"), ("gp_coverage", "Appointment_Month")],
)
def test_a_month_written_with_the_month_first_is_not_january(
    feed: str, header: str, value: str, tmp_path: Path
) -> None:
    assert "month first" in refusal(tmp_path, feed, {"f.csv": changed(feed, header, lambda _: value)})


def test_what_to_send_is_said() -> None:
    """Whoever never saw the product is told the form, not that something is to be corrected."""
    from orchestration.lake.reasons import WHAT_TO_SEND

    assert "YYYY-MM-DD" in WHAT_TO_SEND["not a date"] and "YYYY-MM" in WHAT_TO_SEND["not a month"]


@pytest.mark.parametrize(("kind", "is_taken"), [("float", False), ("double", True)])
def test_persons_as_floats_of_parquet(kind: str, is_taken: bool, tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select (100000000 + i)::{kind} as PERSON_ID, date '2025-05-01' as DEATH_DATE from range(40) as t (i)) "
            f"to '{path}' (format parquet)"
        )
    files: dict[str, str | bytes] = {"d.parquet": path.read_bytes()}
    if is_taken:
        assert ingest(tmp_path / "home", "deaths", files)[0].rows_loaded == 40
    else:
        assert "floating-point" in refusal(tmp_path / "home", "deaths", files)


@pytest.mark.parametrize(
    "feed",
    ["int_programme", "gp_patient_survey", "homelessness_duty", "virtual_ward_capacity", "qof_prevalence", "dementia_diagnoses",
     "acute_discharge", "adult_social_care"],
)  # fmt: skip
def test_a_short_correction_beside_the_first_names_both(feed: str, tmp_path: Path) -> None:
    first, second = table(feed, 12), table(feed, 12)
    place = max(number for number, cell in enumerate(first[3]) if cell.replace(".", "").isdigit())
    second[3][place] = "77"
    told = refusal(tmp_path, feed, {"a.csv": as_text(first), "b.csv": as_text(second)})
    assert "a.csv" in told and "b.csv" in told


@pytest.mark.parametrize("feed", ["lsoa_deprivation", "online_consultations"])
def test_two_editions_of_a_table_with_a_key_are_not_mixed(feed: str, tmp_path: Path) -> None:
    """Deprivation of 2019 and of 2025: most small areas have one code in both, and another decile."""
    first, second = table(feed), table(feed)[:21]
    place = max(number for number, cell in enumerate(second[3]) if cell.isdigit() and len(cell) < 5)
    for cells in second[1:]:
        cells[place] = "2" if cells[place] != "2" else "3"
    told = refusal(tmp_path / "two", feed, {"a.csv": as_text(first), "b.csv": as_text(second)})
    assert "a.csv" in told and "b.csv" in told
    told = refusal(tmp_path / "one", feed, {"a.csv": as_text([*first, second[5]])})
    assert "line 42" in told and "twice" in told


def other_prices(rows: list[list[str]], of: slice) -> list[list[str]]:
    place = rows[0].index("CONTRACT MONITORING ACTUAL PRICE")
    return [[*cells[:place], f"{float(cells[place]) + 7:.2f}", *cells[place + 1 :]] for cells in rows[of]]


def test_contract_lines_that_were_corrected_beside_the_first_file_name_both(tmp_path: Path) -> None:
    """A part of the first file with one price changed, and one with all of them changed: neither is a second part."""
    first = table("contract_activity", 60)
    head = first[0]
    corrections = {
        "half": [head, *other_prices(first, slice(1, 2)), *first[2:31]],
        "few": [head, *other_prices(first, slice(1, 2)), *first[2:6]],
        "prices": [head, *other_prices(first, slice(1, 31))],
    }
    for name, rows in corrections.items():
        told = refusal(tmp_path / name, "contract_activity", {"a.csv": as_text(first), "b.csv": as_text(rows)})
        assert "a.csv" in told and "b.csv" in told
    parts: dict[str, str | bytes] = {"a.csv": as_text(first[:31]), "b.csv": as_text([head, *first[31:]])}
    assert ingest(tmp_path / "parts", "contract_activity", parts)[0].rows_loaded == 60


@pytest.mark.parametrize(
    "words", ["NEL Total", "Total NEL", "total elective", "Grand Total", "NEL Sub-total:", "Totals"]
)
def test_subtotals_of_contract_lines_are_no_activity(words: str, tmp_path: Path) -> None:
    content = changed("contract_activity", "POINT OF DELIVERY CODE", lambda _: words, every=8)
    manifest, _ = ingest(tmp_path, "contract_activity", {"c.csv": content})
    assert (manifest.rows_loaded, manifest.rows_removed) == (35, {"total_row": 5})


@pytest.mark.parametrize("feed, rule", [("contract_activity", "file_sent_twice"), ("gp_workforce", "duplicate_exact")])
def test_a_file_that_comes_again_in_another_dress_counts_once(feed: str, rule: str, tmp_path: Path) -> None:
    rows = table(feed, 12)
    again = as_text([rows[0], *reversed(rows[1:])], "|").encode("utf-16")
    manifest, _ = ingest(tmp_path, feed, {"a.csv": as_text(rows), "b.csv": again})
    assert (manifest.rows_loaded, manifest.rows_removed) == (12, {rule: 12})


@pytest.mark.parametrize(
    ("feed", "header"),
    [("gp_payments", "Practice Code"), ("gp_registrations_lsoa", "PRACTICE_CODE"), ("gp_workforce", "PRACTICE_CODE")],
)
def test_subtotals_and_all_practices_are_no_practice(feed: str, header: str, tmp_path: Path) -> None:
    rows = table(feed)
    for words in ("U99001 Total", "Total:", "All practices"):
        rows.append([words if name == header else cell for name, cell in zip(rows[0], rows[7], strict=True)])
    manifest, _ = ingest(tmp_path, feed, {"f_2022-23.csv": as_text(rows)})
    assert (manifest.rows_loaded, manifest.rows_quarantined, manifest.rows_removed) == (40, 1, {"total_row": 2})


@pytest.mark.parametrize("form", ["NHS No: {} {} {}", "{} {} {} (verified)", "pt {}{}{} seen by Dr X", "{}{}{}/01"])
@pytest.mark.parametrize(
    ("feed", "header"),
    [("community_contacts", "TEAM_TYPE"), ("hes_op", "ATTENDKEY"), ("contract_activity", "LOCAL PATIENT IDENTIFIER")],
)
def test_nhs_numbers_among_words(feed: str, header: str, form: str, tmp_path: Path) -> None:
    numbers = iter(nhs_number.generate(quantity=40))

    def written(_: str) -> str:
        number = next(numbers)
        return form.format(number[:3], number[3:6], number[6:])

    assert "holds NHS numbers" in refusal(tmp_path, feed, {"f.csv": changed(feed, header, written)})


def test_nhs_numbers_in_a_column_of_parquet_that_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    values = ", ".join(f"({number}, {place})" for place, number in enumerate(nhs_number.generate(quantity=40)))
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'p' || i as PERSON_ID, date '2025-05-01' as DEATH_DATE, n as LOCAL_NUMBER "
            f"from (values {values}) as t (n, i)) to '{path}' (format parquet)"
        )
    assert "column 3 holds NHS numbers" in refusal(tmp_path / "home", "deaths", {"d.parquet": path.read_bytes()})


OPT_OUTS, DEATHS = table("opt_outs"), table("deaths")


@pytest.mark.parametrize("head", [[], [["PERSON"]]], ids=["none", "other"])
def test_opt_outs_that_go_on_in_a_second_sheet(head: list[list[str]], tmp_path: Path) -> None:
    book = workbook({"One": OPT_OUTS[:21], "Two": [*head, *OPT_OUTS[21:]]})
    assert "'Two' looks like more of the data" in refusal(tmp_path, "opt_outs", {"o.xlsx": book})


def test_remarks_beside_a_narrow_table_are_no_rows(tmp_path: Path) -> None:
    book = workbook({"One": OPT_OUTS, "Notes": [["Opt-outs"], ["as of 31 October 2025"], ["Ask the team"]]})
    assert ingest(tmp_path, "opt_outs", {"o.xlsx": book})[0].rows_loaded == 40


@pytest.mark.parametrize("name", ["#2 deaths.csv", ".deaths.csv"])
def test_a_member_of_a_zip_with_an_odd_name_is_read(name: str, tmp_path: Path) -> None:
    parts = {"a.csv": as_text(DEATHS[:21]).encode(), name: as_text([DEATHS[0], *DEATHS[21:]]).encode()}
    assert ingest(tmp_path, "deaths", {"d.zip": as_zip(parts)})[0].rows_loaded == 40


def test_what_is_locked_or_packed_otherwise_is_not_called_damaged(tmp_path: Path) -> None:
    packed = bytearray(as_zip({"a.csv": as_text(DEATHS).encode()}))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = packed.find(signature) + offset
        packed[place : place + 2] = struct.pack("<H", 9)
    assert "Deflate64" in refusal(tmp_path / "zip", "deaths", {"d.zip": bytes(packed)})
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000)
    assert "password" in refusal(tmp_path / "book", "deaths", {"d.xlsx": locked})


@pytest.mark.parametrize("name", ["d.csv.gz", "d.zip", "d.xlsx"])
def test_a_disk_that_fills_while_a_file_is_unpacked_is_not_the_senders(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was called a damaged archive, and the sender asked for another."""
    content = {
        "d.csv.gz": gzip.compress(as_text(DEATHS).encode()),
        "d.zip": as_zip({"a.csv": as_text(DEATHS).encode()}),
        "d.xlsx": workbook({"One": DEATHS}),
    }[name]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(source_files, "copy_bounded", full)
    monkeypatch.setattr(workbooks, "write_sheet", full)
    with pytest.raises(MachineFault, match="disk is full"):
        ingest(tmp_path, "deaths", {name: content})
    assert not list((tmp_path / "logs").rglob("*deaths*"))


@pytest.mark.parametrize("folder", ["deaths/v2", "deaths_2.parquet", "revised", "v02"])
def test_a_folder_with_a_feeds_files_is_not_passed_over(folder: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    write_good(settings.paths.landing / "2025-10" / "deaths", "deaths")
    write_good(settings.paths.landing / "2025-10" / folder, "deaths")
    assert [problem.split(":")[0] for problem in find_delivery(settings.paths).problems] == [
        f"{folder}/ is a folder that is not read"
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"required_feeds": ["hes_apc|gp_apointments"]}, {"local_identifier_feeds": ["comunity_contacts"]},
     {"person_id_spaces": {"esd": "local"}}],
)  # fmt: skip
def test_a_setting_that_names_no_feed_is_said_at_every_door(wrong: dict[str, object], tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, **wrong)
    write_good(settings.paths.landing / "2025-10", "deaths")
    with pytest.raises(UsageError, match=f"setting {next(iter(wrong))} names"):
        ingest_feed(settings, find_delivery(settings.paths), "deaths")


@pytest.mark.parametrize("value", ["SMITH JOHN 01/02/1950", "Smith, John", "01021950", "x" * 41])
def test_free_text_is_no_list_of_people(value: str, tmp_path: Path) -> None:
    """The name of a delivered list becomes a cohort of the marts."""
    content = changed("person_cohorts", "COHORT_ID", lambda _: value, every=8)
    manifest, rows = ingest(tmp_path, "person_cohorts", {"f.csv": content}, "distinct cohort_id")
    assert (manifest.rows_quarantined, rows) == (5, [("nnhip",)])


@pytest.mark.parametrize(("people", "is_taken"), [(1, False), (9, False), (10, True)])
def test_a_word_that_hardly_anybody_shares_is_no_list(people: int, is_taken: bool, tmp_path: Path) -> None:
    """`Okonkwo` has the shape of a list's name; a list has members."""
    rows = table("person_cohorts", 60)
    for cells in rows[1 : 1 + people]:
        cells[HEADERS["person_cohorts"].index("COHORT_ID")] = "Okonkwo"
    for cells in rows[40:42]:
        cells[HEADERS["person_cohorts"].index("COHORT_ID")] = "palliative"
    manifest, found = ingest(tmp_path, "person_cohorts", {"f.csv": as_text(rows)}, "distinct cohort_id")
    assert (manifest.rows_quarantined == 0, ("Okonkwo",) in found) == (is_taken, is_taken)
    assert ("palliative",) in found


def test_the_lists_that_are_expected_are_known_by_name() -> None:
    known = set(feed_contract("person_cohorts").column("cohort_id").known_names)
    lines = (SEEDS_DIR / "expected_lists.csv").read_text(encoding="utf-8").splitlines()
    assert known == {line.split(",")[0] for line in lines[1:]} | {"nnhip"}


@pytest.mark.parametrize("mark, admissions", [("*", None), ("-", 100), ("7", 107)])
def test_a_sum_of_columns_of_which_one_is_hidden_is_not_known(
    mark: str, admissions: int | None, tmp_path: Path
) -> None:
    """A dash is none; a mark hides some, and the rest of the sum is not the whole."""
    rows = table("ae_monthly_published", 1)
    places = {name: rows[0].index(name) for name in rows[0]}
    for name, value in (("Type 1", "100"), ("Type 2", mark), ("Other A&E department", "0")):
        rows[1][places[f"Emergency admissions via A&E - {name}"]] = value
    _, found = ingest(
        tmp_path, "ae_monthly_published", {"ae_2025-04.csv": as_text(rows)}, "emergency_admissions_via_ae"
    )
    assert found == [(admissions,)]
