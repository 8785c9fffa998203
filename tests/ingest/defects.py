"""Every listed defect, made by breaking one thing in a good file, with the outcome it must have."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.contracts import load_contracts, normalise_header
from tests.ingest.good_files import DELIMITERS, HEADERS, ROWS, as_text, file_name, table

NHS_NUMBERS = ("9434765919", "9434765870", "9434765897")


@dataclass(frozen=True)
class Outcome:
    """Refused with words that match `refused`, or loaded with exactly these counts."""

    refused: str | None = None
    loaded: int = ROWS
    quarantined: int = 0
    removed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    defect: str
    feed: str
    name: str
    content: bytes
    outcome: Outcome

    @property
    def id(self) -> str:
        return f"{self.defect}-{self.feed}"


def text_of(feed: str, rows: list[list[str]] | None = None, delimiter: str | None = None) -> str:
    return as_text(rows if rows is not None else table(feed), delimiter or DELIMITERS.get(feed, ","))


def lines(feed: str) -> list[str]:
    return text_of(feed).splitlines(keepends=True)


def plain(feed: str, defect: str, content: str | bytes, outcome: Outcome, name: str | None = None) -> Case:
    body = content.encode() if isinstance(content, str) else content
    return Case(defect, feed, name or file_name(feed), body, outcome)


def stem(feed: str) -> str:
    return file_name(feed).removesuffix(".csv")


ALL = sorted(HEADERS)
HEADED = [feed for feed in ALL if HEADERS[feed]]
SIMPLE_HEADED = [feed for feed in HEADED if not any("\n" in header for header in HEADERS[feed])]
WIDE = [feed for feed in ALL if feed != "opt_outs"]
PATIENT = [feed for feed in ALL if load_contracts()[feed].is_patient_level]
KEYED = [
    feed
    for feed in ALL
    if load_contracts()[feed].key and feed not in ("deaths", "opt_outs") and len(load_contracts()[feed].key) == 1
]


def first_required(feed: str) -> int:
    """Place of the first column that the contract requires and that no other header of the file could stand in for."""
    headers = [normalise_header(header) for header in HEADERS[feed]]
    for column in load_contracts()[feed].columns:
        places = [number for number, header in enumerate(headers) if header in column.headers()]
        if column.required and len(places) == 1:
            return places[0]
    raise AssertionError(feed)


FIRST_REQUIRED = {feed: first_required(feed) for feed in HEADED if feed not in ("pcn_membership", "opt_outs")}
QUARANTINED_DATES = {
    "hes_apc": "ADMIDATE",
    "hes_op": "APPTDATE",
    "ecds": "ARRIVAL_DATE",
    "hes_ae": "ARRIVALDATE",
    "gp_appointments": "APPOINTMENT_DATE",
    "community_contacts": "CONTACT_DATE",
    "deaths": "DEATH_DATE",
    "ers_referrals": "ACTION_DT_TM",
    "gp_registrations": "EXTRACT_DATE",
    "int_membership": "valid_from",
    "person_cohorts": "VALID_FROM",
}


def without_column(feed: str) -> list[list[str]]:
    place = FIRST_REQUIRED[feed]
    return [[cell for number, cell in enumerate(cells) if number != place] for cells in table(feed)]


def with_cell(feed: str, header: str, row: int, value: str) -> list[list[str]]:
    rows = table(feed)
    rows[row][HEADERS[feed].index(header)] = value
    return rows


def as_parquet(feed: str) -> bytes:
    head, *body = table(feed)
    columns = [f'"{header}"' for header in head]
    with duckdb.connect() as connection:
        connection.execute(f"create table good ({', '.join(f'{column} varchar' for column in columns)})")
        connection.executemany(f"insert into good values ({', '.join('?' * len(head))})", body)
        # a folder of its own: several test workers collect at once
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{feed}.parquet"
            connection.execute(f"copy good to '{path}' (format parquet)")
            return path.read_bytes()


def as_workbook(feed: str) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Notes").write(0, 0, "Not the data")
        sheet = book.add_worksheet("Data")
        sheet.write(0, 0, "A title above the table")
        for number, cells in enumerate(table(feed)):
            sheet.write_row(number + 2, 0, cells)
    return target.getvalue()


def as_zip(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def refused_cases() -> Iterator[Case]:
    for feed in ALL:
        good = text_of(feed)
        yield plain(feed, "empty", b"", Outcome("empty"))
        yield plain(feed, "html", f"<!DOCTYPE html><html><body>{good}</body></html>", Outcome("not a CSV"))
        yield plain(feed, "pdf", b"%PDF-1.7\n" + good.encode(), Outcome("PDF"))
        yield plain(feed, "zero_bytes", good[:200] + "\0\0\0" + good[200:], Outcome("zero byte"))
        cut = gzip.compress(good.encode(), mtime=0)
        yield plain(
            feed,
            "cut_gzip",
            cut[: len(cut) // 2],
            Outcome("gz archive is damaged or cut short"),
            f"{stem(feed)}.csv.gz",
        )
        packed = as_zip({"a.csv": good.encode()})
        yield plain(feed, "cut_zip", packed[: len(packed) // 2], Outcome("zip"), f"{stem(feed)}.zip")
        yield plain(feed, "no_data_in_zip", as_zip({"readme.md": b"x"}), Outcome("no CSV"), f"{stem(feed)}.zip")
        yield plain(feed, "false_parquet", b"PAR1" + good.encode(), Outcome("Parquet"), f"{stem(feed)}.parquet")
        yield plain(feed, "false_workbook", good, Outcome("workbook"), f"{stem(feed)}.xlsx")
    for feed in WIDE:
        cut = text_of(feed).rstrip("\n")
        yield plain(feed, "cut_in_a_row", cut[: cut.rindex(DELIMITERS.get(feed, ","))], Outcome("cut short"))
        if "1,234" in cut:
            continue  # a later quotation mark closes it: rows are set aside, not the file
        yield plain(
            feed, "unclosed_quote", "".join([*lines(feed)[:-5], '"', *lines(feed)[-5:]]), Outcome("quotation mark")
        )
    for feed in SIMPLE_HEADED:
        head, *body = lines(feed)
        if feed not in ("opt_outs",):
            yield plain(feed, "header_only", head, Outcome("no rows"))
            yield plain(feed, "semicolons", text_of(feed, delimiter=";"), Outcome("semicolon|not separated|no header"))
            yield plain(feed, "other_delimiter_below", head + text_of(feed, table(feed)[1:], "\t"), Outcome("columns"))
            yield plain(feed, "no_header", "".join(body), Outcome("no header|missing column"))
    for feed in FIRST_REQUIRED:
        yield plain(feed, "missing_column", text_of(feed, without_column(feed)), Outcome("missing column"))
        renamed = table(feed)
        renamed[0][FIRST_REQUIRED[feed]] = HEADERS[feed][FIRST_REQUIRED[feed]] + "_X1"
        yield plain(feed, "renamed_column", text_of(feed, renamed), Outcome(r"missing column.*renamed\?"))
        twice = [[*cells, cells[FIRST_REQUIRED[feed]]] for cells in table(feed)]
        yield plain(feed, "column_twice", text_of(feed, twice), Outcome("more than once"))
    for feed, header in QUARANTINED_DATES.items():
        place = HEADERS[feed].index(header)
        rows = [
            [("soon" if number and n == place else cell) for n, cell in enumerate(cells)]
            for number, cells in enumerate(table(feed))
        ]
        yield plain(feed, "no_date_readable", text_of(feed, rows), Outcome("not a date"))
    for feed in PATIENT:
        named = [[*cells, "PATIENT_SURNAME" if number == 0 else "Xyzzy"] for number, cells in enumerate(table(feed))]
        yield plain(feed, "surname", text_of(feed, named), Outcome("headed as a name"))
        birth = [[*cells, "DATE_OF_BIRTH" if number == 0 else "1950-01-01"] for number, cells in enumerate(table(feed))]
        yield plain(feed, "date_of_birth", text_of(feed, birth), Outcome("date of birth"))
        place = [[*cells, "POSTCODE" if number == 0 else "ZZ1 1ZZ"] for number, cells in enumerate(table(feed))]
        yield plain(feed, "postcode", text_of(feed, place), Outcome("postcode"))
        extra = [
            [*cells, "REFERENCE" if number == 0 else NHS_NUMBERS[number % 3]]
            for number, cells in enumerate(table(feed))
        ]
        yield plain(feed, "nhs_number_in_extra", text_of(feed, extra), Outcome("NHS numbers"))
        person = load_contracts()[feed].person
        assert person is not None
        at = next(n for n, header in enumerate(HEADERS[feed]) if header in person.sources)
        rows = table(feed)
        for number in range(1, len(rows)):
            rows[number][at] = NHS_NUMBERS[number % 3]
        yield plain(feed, "nhs_number_as_person", text_of(feed, rows), Outcome("NHS numbers"))


def loaded_cases() -> Iterator[Case]:
    for feed in ALL:
        good = text_of(feed)
        yield plain(feed, "byte_order_mark", "\ufeff" + good, Outcome())
        yield plain(feed, "crlf", good.replace("\n", "\r\n"), Outcome())
        yield plain(feed, "utf_16", good.encode("utf-16"), Outcome())
        yield plain(feed, "gzip", gzip.compress(good.encode(), mtime=0), Outcome(), f"{stem(feed)}.csv.gz")
        yield plain(feed, "zip", as_zip({f"{stem(feed)}.csv": good.encode()}), Outcome(), f"{stem(feed)}.zip")
        yield plain(feed, "no_last_line_break", good.rstrip("\n"), Outcome())
        for word, delimiter in (("tabs", "\t"), ("pipes", "|"), ("commas", ",")):
            yield plain(feed, word, text_of(feed, delimiter=delimiter), Outcome())
    for feed in WIDE:
        quarantined = Outcome(loaded=ROWS - 1, quarantined=1)
        middle = lines(feed)
        delimiter = DELIMITERS.get(feed, ",")
        short = middle[20].rstrip("\n").rsplit(delimiter, 1)[0] + "\n"
        yield plain(feed, "short_row", "".join([*middle[:20], short, *middle[21:]]), quarantined)
        long = middle[20].rstrip("\n") + delimiter + "x\n"
        yield plain(feed, "long_row", "".join([*middle[:20], long, *middle[21:]]), quarantined)
        gaps = Outcome(removed={"blank_row": 2})
        yield plain(feed, "blank_lines", "".join([*middle[:20], "\n", *middle[20:], "\n"]), gaps)
    for feed in HEADED:
        if feed == "opt_outs":
            continue
        head = HEADERS[feed]
        extra = [[*cells, "SOMETHING ELSE" if number == 0 else "x"] for number, cells in enumerate(table(feed))]
        yield plain(feed, "extra_column", text_of(feed, extra), Outcome())
        order = random.Random(7).sample(range(len(head)), len(head))
        yield plain(feed, "reordered", text_of(feed, [[cells[n] for n in order] for cells in table(feed)]), Outcome())
        again = table(feed)
        again.insert(21, head)
        yield plain(feed, "header_again", text_of(feed, again), Outcome(removed={"repeated_header": 1}))
        spaced = [table(feed)[0], *[[f" {cell} " if cell else cell for cell in cells] for cells in table(feed)[1:]]]
        yield plain(feed, "stray_spaces", text_of(feed, spaced), Outcome())
        lower = [[cell.lower() for cell in head], *table(feed)[1:]]
        yield plain(feed, "lower_case_header", text_of(feed, lower), Outcome())
        if feed in SIMPLE_HEADED:
            above = Outcome(removed={"above_header": 2})
            yield plain(feed, "workbook", as_workbook(feed), above, f"{stem(feed)}.xlsx")
            yield plain(feed, "parquet", as_parquet(feed), Outcome(), f"{stem(feed)}.parquet")
    for feed in KEYED:
        rows = table(feed)
        outcome = Outcome(removed={"duplicate_exact": 1})
        yield plain(feed, "same_row_again", text_of(feed, [*rows, rows[-1]]), outcome)
        contract = load_contracts()[feed]
        if HEADERS[feed]:
            at = next(n for n, header in enumerate(HEADERS[feed]) if header in contract.column(contract.key[0]).sources)
            other = list(rows[-1])
            for number in range(len(other)):
                other[number] = rows[-2][number] if number != at else other[number]
            first_stays = Outcome(removed={"duplicate_key": 1})
            outcome = (
                first_stays if contract.is_patient_level else Outcome(refused="stand in it twice and do not agree")
            )
            yield plain(feed, "same_key_again", text_of(feed, [*rows, other]), outcome)
        halves = {
            "one.csv": text_of(feed, rows[:30]).encode(),
            "two.csv": text_of(feed, rows[:1] * bool(HEADERS[feed]) + rows[20:]).encode(),
        }
        overlap = len(rows[20:30])
        yield plain(
            feed,
            "overlapping_members",
            as_zip(halves),
            Outcome(removed={"duplicate_exact": overlap}),
            f"{stem(feed)}.zip",
        )
    for feed, header in QUARANTINED_DATES.items():
        quarantined = Outcome(loaded=ROWS - 1, quarantined=1)
        yield plain(feed, "one_bad_date", text_of(feed, with_cell(feed, header, 11, "31/02/2025")), quarantined)
        if feed not in ("ers_referrals",):
            british = table(feed)
            place = HEADERS[feed].index(header)
            for cells in british[1:]:
                year, month, day = cells[place].split("-")
                cells[place] = f"{day}/{month}/{year}"
            yield plain(feed, "british_dates", text_of(feed, british), Outcome())
    for feed in ("hes_apc", "hes_op", "ecds", "hes_ae", "gp_appointments", "community_contacts", "deaths"):
        future = with_cell(feed, QUARANTINED_DATES[feed], 5, "2026-02-01")
        if feed == "hes_apc":
            for header in ("EPISTART", "EPIEND", "DISDATE"):
                future[5][HEADERS[feed].index(header)] = "2026-02-01"
        yield plain(
            feed, "after_the_cut", text_of(feed, future), Outcome(loaded=ROWS - 1, removed={"after_data_cut": 1})
        )
    swapped = with_cell("hes_apc", "DISDATE", 9, "2025-01-01")
    yield plain("hes_apc", "swapped_dates", text_of("hes_apc", swapped), Outcome(loaded=ROWS - 1, quarantined=1))
    for feed in ("gp_payments", "ods_practices", "pcn_membership", "online_consultations"):
        rows = table(feed)
        rows[-1][1] = "CAF\u00c9 \u2013 SURGERY" if feed != "online_consultations" else rows[-1][1]
        rows[-1][2 if feed == "online_consultations" else 1] = "CAF\u00c9 \u2013 SURGERY"
        yield plain(feed, "windows_1252", text_of(feed, rows).encode("cp1252"), Outcome())


def fuzz_cases(count: int) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Bytes changed, dropped and doubled at random places of good files, with fixed seeds."""
    for seed in range(count):
        feed = ALL[seed % len(ALL)]

        def broken(seed: int = seed, feed: str = feed) -> bytes:
            chance = random.Random(seed)
            content = bytearray(text_of(feed).encode())
            for _ in range(chance.randint(1, 30)):
                place = chance.randrange(len(content))
                match chance.randrange(4):
                    case 0:
                        content[place] = chance.randrange(256)
                    case 1:
                        del content[place : place + chance.randint(1, 40)]
                    case 2:
                        content[place:place] = content[place : place + chance.randint(1, 80)]
                    case _:
                        content[place:place] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
            return bytes(content)

        yield feed, seed, broken


def all_cases() -> list[Case]:
    return [*refused_cases(), *loaded_cases()]
