"""What has been delivered: reads the landing folder, never writes to it and never opens a data file."""

from __future__ import annotations

import calendar
import datetime as dt
import logging
import re
import stat
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.contracts import load_contracts
from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Home
from orchestration.landing.withdrawals import Withdrawal, is_withdrawn, read_withdrawals

log = logging.getLogger(__name__)

ANNUAL = "-M13"
DELIVERY_NAME = re.compile(rf"^(?P<year>\d{{4}})-(?P<month>0[1-9]|1[0-2])(?P<annual>{ANNUAL})?$")
VERSION_FOLDER = re.compile(r"^v(?P<version>[1-9]\d*)$", re.IGNORECASE)
TEXT_ENDINGS = (".csv", ".txt", ".tsv", ".tab", ".dat", ".psv")
# What lies beside data without being any; everything else that is named like a feed is read or refused by its name.
DOCUMENT_ENDINGS = (
    ".md",
    ".pdf",
    ".doc",
    ".docx",
    ".rtf",
    ".html",
    ".htm",
    ".ppt",
    ".pptx",
    ".msg",
    ".eml",
    ".sha256",
    ".md5",
)
TEMPORARY_ENDINGS = ("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", ".swp", ".bak")
NOTE = "delivery.yaml"


class LandedFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: Path
    relative_name: str
    version: int = 1


class DeliveryNote(BaseModel):
    """`delivery.yaml`, written by whoever delivers."""

    model_config = ConfigDict(extra="forbid")

    data_cut: dt.date | None = None
    coverage_from: dt.date | None = None
    required_feeds: list[str] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict)


class Delivery(BaseModel):
    """One month's submission. `files` holds the newest version of each feed; `problems` refuse the delivery."""

    name: str
    folder: Path
    data_cut: dt.date
    coverage_from: dt.date
    is_annual: bool = False
    required_feeds: list[str] | None = None
    files: dict[str, list[LandedFile]] = Field(default_factory=dict)
    ignored: list[str] = Field(default_factory=list)
    problems: list[str] = Field(default_factory=list)


def is_delivery_name(name: str) -> bool:
    return DELIVERY_NAME.match(name) is not None


def last_day(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def financial_year_start(day: dt.date) -> dt.date:
    """
    >>> financial_year_start(dt.date(2026, 3, 31)), financial_year_start(dt.date(2026, 4, 1))
    (datetime.date(2025, 4, 1), datetime.date(2026, 4, 1))
    """
    return dt.date(day.year if day.month >= 4 else day.year - 1, 4, 1)


def feed_of(name: str) -> str | None:
    """The longest feed name, or beginning of the names its publisher gives, that begins the file name, without regard to case.

    >>> feed_of("GP_Appointments_Published_May.csv"), feed_of("GPPS_2025_Practice_data_(weighted).csv"), feed_of("notes.csv")
    ('gp_appointments_published', 'gp_patient_survey', None)
    """
    folded = name.casefold()
    fitting = [(found.end(), feed) for feed, contract in load_contracts().items()
               for beginning in (feed, *contract.published_as) if (found := re.match(beginning.casefold(), folded))]  # fmt: skip
    return max(fitting, default=(0, None))[1]


def is_hidden_or_temporary(name: str) -> bool:
    folded = name.casefold()
    return (
        folded.startswith((".", "~$"))
        or (folded.startswith("#") and folded.endswith("#"))
        or folded.endswith(TEMPORARY_ENDINGS)
        or folded in ("thumbs.db", "desktop.ini")
    )


def list_deliveries(home: Home) -> list[Delivery]:
    """Every delivery in landing that is not withdrawn, oldest first. Folders with other names are named in a warning and left alone."""
    if not home.landing.is_dir():
        return []
    withdrawals = read_withdrawals(home)
    deliveries = []
    for folder in sorted(home.landing.iterdir(), key=lambda path: path.name):
        if is_hidden_or_temporary(folder.name) or folder.suffix == ".json":
            continue
        if not folder.is_dir() or folder.is_symlink() or not is_delivery_name(folder.name):
            log.warning("landing/%s is not a delivery (YYYY-MM or YYYY-MM-M13) and is ignored", folder.name)
            continue
        if not is_withdrawn(withdrawals, folder.name):
            deliveries.append(without_withdrawn(read_delivery(folder), withdrawals))
    return deliveries


def missing_feeds(delivery: Delivery, required: Sequence[str]) -> list[str]:
    """Required feeds that are not there; `a|b` asks for one of the two. What the delivery's own note requires comes first."""
    wanted = delivery.required_feeds or required
    return [group for group in wanted if not any(feed in delivery.files for feed in group.split("|"))]


def find_delivery(home: Home, name: str | None = None) -> Delivery:
    """One delivery by name, or the newest that is not withdrawn. Raises `UsageError` where there is none."""
    withdrawals = read_withdrawals(home)
    if name is None:
        there = sorted(path.name for path in home.landing.glob("*") if path.is_dir() and is_delivery_name(path.name))
        names = [found for found in there if not is_withdrawn(withdrawals, found)]
        if not names:
            raise UsageError(
                "landing holds no delivery: put the month's files into landing/YYYY-MM/, or run `int-marts demo`"
            )
        name = names[-1]
    if not is_delivery_name(name):
        raise UsageError(f"{name!r} is not the name of a delivery: YYYY-MM or YYYY-MM-M13 is expected")
    folder = home.landing / name
    if not folder.is_dir() or folder.is_symlink():
        raise UsageError(f"there is no delivery landing/{name}")
    if is_withdrawn(withdrawals, name):
        raise UsageError(
            f"delivery {name} is withdrawn; `int-marts withdraw {name} --undo` brings it back, or name another delivery"
        )
    return without_withdrawn(read_delivery(folder), withdrawals)


def without_withdrawn(delivery: Delivery, withdrawals: list[Withdrawal]) -> Delivery:
    files = {
        feed: files for feed, files in delivery.files.items() if not is_withdrawn(withdrawals, delivery.name, feed)
    }
    return delivery.model_copy(update={"files": files})


def gone_from_landing(home: Home, up_to: str) -> list[str]:
    """`<delivery>/<feed>` of what the lake took in from deliveries up to this one, is no longer in landing and was never withdrawn."""
    withdrawals = read_withdrawals(home)
    landed = {delivery.name: delivery for delivery in list_deliveries(home)}
    taken_in = sorted(
        (folder.name.removeprefix("delivery="), feed)
        for feed in load_contracts()
        for folder in (home.lake / feed).glob("delivery=*")
        if next(folder.glob("version=*/manifest.json"), None)
    )
    return [
        f"{name}/{feed}"
        for name, feed in taken_in
        if name <= up_to
        and not is_withdrawn(withdrawals, name, feed)
        and (name not in landed or feed not in landed[name].files)
    ]


def data_cut_of(home: Home, name: str) -> dt.date:
    """As its note says while it is in landing, else the last day of its month. Raises `UsageError` when the name is none of a delivery."""
    match = DELIVERY_NAME.match(name)
    if match is None:
        raise UsageError(f"{name!r} is not the name of a delivery: YYYY-MM or YYYY-MM-M13 is expected")
    folder = home.landing / name
    return read_delivery(folder).data_cut if folder.is_dir() else last_day(int(match["year"]), int(match["month"]))


def feeds_brought(home: Home, name: str) -> list[str]:
    """The feeds that landing or the lake has of a delivery, withdrawn or not."""
    folder = home.landing / name
    landed = read_delivery(folder).files if folder.is_dir() else {}
    return [feed for feed in load_contracts() if feed in landed or (home.lake / feed / f"delivery={name}").is_dir()]


def read_delivery(folder: Path) -> Delivery:
    match = DELIVERY_NAME.match(folder.name)
    if match is None:
        raise UsageError(f"{folder.name!r} is not the name of a delivery: YYYY-MM or YYYY-MM-M13 is expected")
    year, month = int(match["year"]), int(match["month"])
    problems: list[str] = []
    ignored: list[str] = []
    note = read_note(folder, problems)
    cut = note.data_cut or last_day(year, month)
    if (cut.year, cut.month) != (year, month):
        problems.append(f"{NOTE}: data_cut {cut} does not lie in the month of delivery {folder.name}")
        cut = last_day(year, month)
    coverage_from = note.coverage_from or financial_year_start(cut)
    if coverage_from > cut:
        problems.append(f"{NOTE}: coverage_from {coverage_from} is after the data cut {cut}")
        coverage_from = financial_year_start(cut)
    return Delivery(
        name=folder.name,
        folder=folder,
        data_cut=cut,
        coverage_from=coverage_from,
        is_annual=match["annual"] is not None,
        required_feeds=note.required_feeds or None,
        files=sort_into_feeds(folder, note, ignored, problems),
        ignored=ignored,
        problems=problems,
    )


def read_note(folder: Path, problems: list[str]) -> DeliveryNote:
    path = folder / NOTE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        problems.append(f"{NOTE} must be a plain file")
        return DeliveryNote()
    if not path.exists():
        return DeliveryNote()
    try:
        note = DeliveryNote.model_validate(yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        problems.append(f"{NOTE}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        return DeliveryNote()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problems.append(
            f"{NOTE} cannot be read{f', line {mark.line + 1}' if mark else ''}: it must be plain YAML in UTF-8"
        )
        return DeliveryNote()
    for wanted in note.required_feeds:
        for feed in wanted.split("|"):
            if feed not in load_contracts():
                problems.append(f"{NOTE}: required_feeds names {feed!r}, which is no feed")
    return note


def sort_into_feeds(
    folder: Path, note: DeliveryNote, ignored: list[str], problems: list[str]
) -> dict[str, list[LandedFile]]:
    """The newest version's files of each feed; files the note names go where it says."""
    named = resolve_named_files(folder, note, problems)
    found: dict[str, dict[int, list[LandedFile]]] = {}

    above = len(folder.as_posix()) + 1

    def take(path: Path, version: int, feed: str | None) -> None:
        relative = path.as_posix()[above:]
        if is_hidden_or_temporary(path.name) or relative == NOTE:
            return
        kind = path.lstat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            what = "a link" if stat.S_ISLNK(kind) else "not a plain file"
            problems.append(f"{relative} is {what}: deliver the file itself")
            return
        if stat.S_ISDIR(kind):
            if feed or any(feed_of(inner.name) for inner in (path, *path.rglob("*"))):
                problems.append(
                    f"{relative}/ is a folder that is not read: put its files into the delivery's folder or <feed>/, "
                    "corrected ones into v2/ of the delivery"
                )
            else:
                ignored.append(f"{relative}/")
            return
        feed = named.get(relative, feed or feed_of(path.name))
        if feed is None or path.name.casefold().endswith(DOCUMENT_ENDINGS):
            ignored.append(relative)
            return
        found.setdefault(feed, {}).setdefault(version, []).append(
            LandedFile(path=path, relative_name=relative, version=version)
        )

    def walk(root: Path, version: int) -> None:
        for path in sorted(root.iterdir(), key=lambda entry: entry.name):
            is_folder = path.is_dir() and not path.is_symlink()
            match = VERSION_FOLDER.match(path.name) if is_folder else None
            if match and root == folder:
                walk(path, int(match["version"]))
            elif is_folder and path.name.casefold() in load_contracts():
                shown = path.relative_to(folder).as_posix()
                before = sum(len(files) for files in found.get(path.name.casefold(), {}).values())
                for inner in sorted(path.iterdir(), key=lambda entry: entry.name):
                    take(inner, version, path.name.casefold())
                if before == sum(len(files) for files in found.get(path.name.casefold(), {}).values()):
                    problems.append(f"{shown}/ holds no readable file: deliver it or remove the folder")
            else:
                take(path, version, None)

    walk(folder, 1)
    taken = {file.relative_name for versions in found.values() for files in versions.values() for file in files}
    for name in sorted(named.keys() - taken):
        problems.append(
            f"{NOTE}: files: {name!r} is not read: put it into the delivery's folder or {named[name]}/, "
            "under its own name and with the ending of a data file"
        )
    return {feed: versions[max(versions)] for feed, versions in sorted(found.items())}


def resolve_named_files(folder: Path, note: DeliveryNote, problems: list[str]) -> dict[str, str]:
    named = {}
    for name, feed in note.files.items():
        target = (folder / name).resolve()
        if feed not in load_contracts():
            problems.append(f"{NOTE}: files: {feed!r} is no feed")
        elif Path(name).is_absolute() or not target.is_relative_to(folder.resolve()):
            problems.append(f"{NOTE}: files: {name!r} leaves the delivery's folder")
        elif not target.is_file():
            problems.append(f"{NOTE}: files: {name!r} is not in the delivery")
        else:
            named[Path(name).as_posix()] = feed
    return named
