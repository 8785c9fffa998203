"""Reads delivered files and decides, delivery by delivery, which rows count (design 2 and 4.2, definitions C14)."""

from __future__ import annotations

import calendar
import csv
import gzip
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import yaml

from .records import Attendance, Episode, OutpatientAppointment, day, moment, month_of, practice, text

FEEDS = tuple(
    """
    hes_apc hes_op ecds hes_ae gp_appointments gp_appointments_published online_consultations ers_referrals
    contract_activity gp_payments gp_registrations gp_registrations_lsoa lsoa_deprivation ods_practices ods_succession
    pcn_membership int_membership community_contacts deaths person_cohorts ae_monthly_published gp_coverage opt_outs
    int_programme
    """.split()  # noqa: SIM905
)
HEADERLESS = {"ods_practices", "ods_succession"}
T = TypeVar("T")


@dataclass(frozen=True)
class Drop:
    """One delivery folder: its name, its data cut, and the files of each feed (newest version only)."""

    name: str
    folder: Path
    data_cut: date
    coverage_from: date

    @classmethod
    def open(cls, folder: Path) -> Drop:
        year, month = int(folder.name[:4]), int(folder.name[5:7])
        notes = folder / "delivery.yaml"
        stated = (yaml.safe_load(notes.read_text()) or {}) if notes.exists() else {}
        cut = stated.get("data_cut") or date(year, month, calendar.monthrange(year, month)[1])
        start_year = cut.year if cut.month >= 4 else cut.year - 1
        return cls(folder.name, folder, cut, stated.get("coverage_from") or date(start_year, 4, 1))

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """`<feed>*` or `<feed>/*`, the longest feed name that fits wins; v2, v3 … replace the feed."""
        stated = self.folder / "delivery.yaml"
        named = ((yaml.safe_load(stated.read_text()) or {}) if stated.exists() else {}).get("files") or {}
        versions = {1: self.folder}
        for entry in self.folder.iterdir():
            if entry.is_dir() and re.fullmatch(r"v\d+", entry.name):
                versions[int(entry.name[1:])] = entry
        found: dict[str, list[Path]] = {}
        for _, folder in sorted(versions.items()):
            here: dict[str, list[Path]] = {}
            for entry in sorted(folder.iterdir()):
                if entry.name in named:
                    here.setdefault(named[entry.name], []).append(entry)
                    continue
                fits = [feed for feed in FEEDS if entry.name.lower().startswith(feed)]
                if not fits or re.fullmatch(r"v\d+", entry.name):
                    continue
                feed = max(fits, key=len)
                paths = sorted(entry.iterdir()) if entry.is_dir() else [entry]
                here.setdefault(feed, []).extend(paths)
            found.update(here)
        return found

    def rows(self, feed: str) -> Iterator[dict[str, str]]:
        for path in self.files.get(feed, []):
            yield from read_rows(path, has_header=feed not in HEADERLESS)


def read_rows(path: Path, has_header: bool = True) -> Iterator[dict[str, str]]:
    """Rows as header → text; upper-case headers; positional names (`1`, `2` …) where the publisher gives no header."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        content = raw.decode("cp1252")
    first_line = content.split("\n", 1)[0]
    delimiter = max("|,\t", key=first_line.count)
    reader = csv.reader(io.StringIO(content), delimiter=delimiter)
    header: list[str] | None = None
    for values in reader:
        if not any(value.strip() for value in values):
            continue
        if header is None:
            header = (
                [value.strip().upper() for value in values] if has_header else [str(n + 1) for n in range(len(values))]
            )
            if has_header:
                continue
        yield dict(zip(header, values, strict=False))


def drops(landing: Path, up_to: str) -> list[Drop]:
    """Deliveries up to and with `up_to`, in order of name (design 2)."""
    named = [p for p in landing.iterdir() if p.is_dir() and re.fullmatch(r"\d{4}-\d{2}(-M13)?", p.name)]
    return [Drop.open(p) for p in sorted(named, key=lambda p: p.name) if p.name <= up_to]


def live(
    deliveries: list[Drop],
    feed: str,
    parse: Callable[[dict[str, str]], T],
    when: Callable[[T], date | None],
    key: Callable[[T], object],
    newest_only: Callable[[T], bool] = lambda _: False,
    unit: Callable[[T], object] = lambda _: None,
) -> list[T]:
    """The rows that count: whole coverage months (× `unit`) of the newest delivery that covers them (design 2, C14).

    A first delivery of a feed covers everything in its file up to its cut; a later one from its `coverage_from`. Rows
    before that are removed when an older delivery covers their month, kept otherwise; rows after the cut are removed.
    `newest_only` rows (unfinished or undated episodes) are taken from the newest delivery of the feed alone. One row
    per key: the newest delivery's, within one delivery the first.
    """
    holders = [delivery for delivery in deliveries if feed in delivery.files]
    covered_by: dict[object, int] = {}
    candidates: list[tuple[int, object, T]] = []
    for number, delivery in enumerate(holders):
        kept: list[tuple[object, T]] = []
        seen_months: set[object] = set()
        for row in delivery.rows(feed):
            record = parse(row)
            if newest_only(record):
                if number == len(holders) - 1:
                    kept.append((None, record))
                continue
            moment_of = when(record)
            if moment_of is None or moment_of > delivery.data_cut:
                continue
            block = (month_of(moment_of), unit(record))
            if number and moment_of < month_of(delivery.coverage_from) and block in covered_by:
                continue
            kept.append((block, record))
            seen_months.add(block)
        if unit_is_trivial(unit, kept):
            first = (
                delivery.coverage_from if number else min((b[0] for b, _ in kept if b), default=delivery.coverage_from)
            )
            seen_months |= {(m, None) for m in months_between(first, delivery.data_cut)}
        for block in seen_months:
            covered_by[block] = number
        candidates.extend((number, block, record) for block, record in kept)
    chosen: dict[object, tuple[int, T]] = {}
    nameless: list[T] = []
    for number, block, record in candidates:
        if block is not None and covered_by[block] != number:
            continue
        name = key(record)
        if name in (None, ""):
            nameless.append(record)
        elif name not in chosen or chosen[name][0] < number:
            chosen[name] = (number, record)
    return [record for _, record in chosen.values()] + nameless


def unit_is_trivial(unit: Callable, kept: Iterable[tuple[object, object]]) -> bool:
    return all(unit(record) is None for _, record in kept)


def months_between(first: date, last: date) -> list[date]:
    found, current = [], month_of(first)
    while current <= last:
        found.append(current)
        current = date(current.year + current.month // 12, current.month % 12 + 1, 1)
    return found


def opted_out(deliveries: list[Drop]) -> set[str]:
    """The newest opt-out list (a list is a snapshot)."""
    holders = [delivery for delivery in deliveries if "opt_outs" in delivery.files]
    return {row["PERSON_ID"].strip().upper() for row in holders[-1].rows("opt_outs")} if holders else set()


def without(records: list[T], people: set[str]) -> list[T]:
    return [record for record in records if record.person_id not in people]  # type: ignore[attr-defined]


def episodes(deliveries: list[Drop]) -> list[Episode]:
    """Coverage month by EPIEND; unfinished or undated episodes only from the newest delivery; a discharge before the
    admission is quarantined (C14)."""
    found = live(
        deliveries,
        "hes_apc",
        Episode.from_row,
        when=lambda e: e.epiend,
        key=lambda e: e.epikey,
        newest_only=lambda e: e.epiend is None or e.epistat == "1",
    )
    return [e for e in found if not (e.disdate and e.admidate and e.disdate < e.admidate)]


def outpatient_appointments(deliveries: list[Drop]) -> list[OutpatientAppointment]:
    return live(deliveries, "hes_op", OutpatientAppointment.from_row, lambda r: r.apptdate, lambda r: r.attendkey)


def attendances(deliveries: list[Drop]) -> list[Attendance]:
    """HES A&E before 1 April 2020, ECDS from then (C7)."""
    ecds = live(deliveries, "ecds", Attendance.from_ecds, lambda r: r.arrival_date, lambda r: r.key)
    legacy = live(deliveries, "hes_ae", Attendance.from_hes_ae, lambda r: r.arrival_date, lambda r: r.key)
    switch = date(2020, 4, 1)
    return [r for r in ecds if r.arrival_date >= switch] + [r for r in legacy if r.arrival_date < switch]


@dataclass(frozen=True)
class Simple:
    """A row of a feed that needs few columns: person, practice, date and the raw row."""

    key: str | None
    person_id: str | None
    practice_code: str | None
    when: date | None
    row: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        return text(dict(self.row).get(name))


def simple(key_name: str | None, date_name: str) -> Callable[[dict[str, str]], Simple]:
    def parse(row: dict[str, str]) -> Simple:
        return Simple(
            key=text(row.get(key_name, "")) if key_name else None,
            person_id=text(row.get("PERSON_ID", "")),
            practice_code=practice(row.get("PRACTICE_CODE")),
            when=day(row.get(date_name)),
            row=tuple(row.items()),
        )

    return parse


def gp_appointments(deliveries: list[Drop]) -> list[Simple]:
    parse = simple("APPOINTMENT_ID", "APPOINTMENT_DATE")
    return live(deliveries, "gp_appointments", parse, lambda r: r.when, lambda r: r.key)


def community_contacts(deliveries: list[Drop]) -> list[Simple]:
    return live(
        deliveries, "community_contacts", simple("CONTACT_ID", "CONTACT_DATE"), lambda r: r.when, lambda r: r.key
    )


def ers_actions(deliveries: list[Drop]) -> list[dict[str, str]]:
    """e-RS rows accumulate over deliveries: distinct rows, none after its delivery's cut (C14)."""
    seen: dict[tuple, dict[str, str]] = {}
    for delivery in deliveries:
        for row in delivery.rows("ers_referrals"):
            acted = moment(row.get("ACTION_DT_TM"))
            if acted is None or acted.date() <= delivery.data_cut:
                seen.setdefault(tuple(sorted(row.items())), row)
    return list(seen.values())


def published_month(row: dict[str, str]) -> date:
    """`MAR2019`, `01MAY2024`: the month of a published count."""
    label = row.get("APPOINTMENT_MONTH_START_DATE") or row.get("APPOINTMENT_MONTH") or row["APPOINTMENT_DATE"]
    label = label.strip()
    return month_of(day(label if label[:2].isdigit() else f"01{label}"))


def published_appointments(deliveries: list[Drop]) -> list[dict[str, str]]:
    """The newest delivery's rows of each month × level (practice, sub-ICB); `place` is the sub-ICB or CCG code."""
    newest: dict[tuple, list[dict[str, str]]] = {}
    for delivery in deliveries:
        fresh: dict[tuple, list[dict[str, str]]] = {}
        for row in delivery.rows("gp_appointments_published"):
            row["place"] = text(row.get("SUB_ICB_LOCATION_CODE") or row.get("CCG_CODE")) or ""
            block = (published_month(row), practice(row.get("GP_CODE")) is not None)
            fresh.setdefault(block, []).append(row)
        newest |= fresh
    return [row for rows in newest.values() for row in rows]


def newest_snapshot(deliveries: list[Drop], feed: str) -> list[dict[str, str]]:
    holders = [delivery for delivery in deliveries if feed in delivery.files]
    return list(holders[-1].rows(feed)) if holders else []
