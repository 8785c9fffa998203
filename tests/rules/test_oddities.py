"""The random histories hold what they are drawn for: every oddity the rules speak of, often enough to be a test of the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from .geographies import random_geography
from .histories import DATA_CUT, Rows, draw_histories

PEOPLE, OFTEN = 2_000, 10
TRANSFER_DESTINATIONS = {"49", "50", "51", "52", "53", "84"}
TRANSFER_SOURCES = {"49", "50", "51", "52", "53", "87"}
EMERGENCY = {"21", "22", "28", "2A", "2B", "2D"}


@dataclass(frozen=True)
class Spell:
    admitted: date
    ended: date | None
    first: dict
    last: dict

    @property
    def is_stay(self) -> bool:
        return self.first["CLASSPAT"] not in ("2", "3", "4")


def spells(history: Rows) -> list[Spell]:
    """The spells of a history in the order they were drawn: a first episode begins one."""
    found: list[list[dict]] = []
    for row in history["hes_apc"]:
        if row["EPIORDER"] == "1":
            found.append([])
        found[-1].append(row)
    return [
        Spell(
            date.fromisoformat(rows[0]["ADMIDATE"]),
            date.fromisoformat(rows[-1]["DISDATE"]) if rows[-1]["DISDATE"] else None,
            rows[0],
            rows[-1],
        )
        for rows in found
    ]


def of_one_spell(spell: Spell) -> Iterator[str]:
    leap_day = date(2024, 2, 29)
    if spell.admitted <= leap_day <= (spell.ended or spell.admitted):
        yield "over the leap day"
    if spell.ended is None:
        yield "not finished"
    elif spell.ended == spell.admitted:
        yield "home the same day"
    if spell.last["DISMETH"] in ("4", "5") or spell.last["DISDEST"] == "79":
        yield "death"
    if spell.first["CLASSPAT"] in ("2", "3", "4"):
        yield "day case or regular attender"
    if spell.first["EPITYPE"] in ("3", "6"):
        yield "birth"
    if not (spell.first["PROVSPNOPS"] or spell.first["SUSSPELLID"] not in ("", "-1")):
        yield "no spell number"


def of_two_stays(before: Spell, after: Spell) -> Iterator[str]:
    if before.admitted == after.admitted:
        yield "tie: admitted on one day"
    if before.ended is None:
        return
    gap = (after.admitted - before.ended).days
    is_transfer = (
        before.last["DISDEST"] in TRANSFER_DESTINATIONS
        or after.first["ADMISORC"] in TRANSFER_SOURCES
        or after.first["ADMIMETH"] in ("2B", "81")
    )
    if gap == 0 and before.admitted < after.admitted:
        yield "same-day transfer" if is_transfer else "back on the day of discharge"
    if gap in (1, 2, 3):
        yield f"gap of {gap} days, {'a transfer' if is_transfer else 'no transfer'}"
    if before.admitted < after.admitted < before.ended and after.ended is not None:
        yield "nested" if after.ended <= before.ended else "overlapping"
    if after.first["ADMIMETH"] in EMERGENCY and gap in (28, 29, 30, 59, 60, 88, 89, 90):
        yield f"emergency after {gap} days"


def of_attendances(rows: list[dict]) -> Iterator[str]:
    if len(rows) >= 5:
        yield "five or more attendances"
    timed = [row for row in rows if row["ARRIVAL_TIME"]]
    for one, other in pairwise(timed):
        first, second = (datetime.fromisoformat(f"{row['ARRIVAL_DATE']} {row['ARRIVAL_TIME']}") for row in (one, other))
        if one["SITE"] == other["SITE"] != "":
            minutes = (second - first) // timedelta(minutes=1)
            if minutes in (60, 61):
                yield f"again at the site after {minutes} minutes"
            if minutes <= 60 and first.date() != second.date():
                yield "again within the hour across midnight"


def of_person(history: Rows) -> Iterator[str]:
    for row in (row for feed in history.values() for row in feed):
        age = str(row.get("STARTAGE", row.get("AGE_AT_ARRIVAL", row.get("APPTAGE", row.get("AGE")))))
        if age.startswith("70"):
            yield f"age {age}"
        if age == "":
            yield "unknown age"
        if row.get("SEX", row.get("STATED_GENDER")) in ("9", "0", "X", ""):
            yield "unknown sex"
        if row["is_nobody"]:
            yield "null person"


WANTED = {
    *("over the leap day", "not finished", "home the same day", "death", "day case or regular attender", "birth"),
    *("no spell number", "tie: admitted on one day", "same-day transfer", "back on the day of discharge", "nested"),
    *("overlapping", "five or more attendances", "again at the site after 60 minutes", "again at the site after 61 minutes"),
    *("again within the hour across midnight", "unknown age", "unknown sex", "null person"),
    *(f"age {age}" for age in range(7001, 7008)),
    *(f"gap of {days} days, {kind}" for days in (1, 2, 3) for kind in ("a transfer", "no transfer")),
    *(f"emergency after {days} days" for days in (29, 30, 59, 60, 89, 90)),
}  # fmt: skip


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    found: Counter[str] = Counter()
    for history in draw_histories(PEOPLE):
        stays = [spell for spell in spells(history) if spell.is_stay]
        found["spells"] += len(spells(history))
        found["attendances"] += len(history["ecds"])
        found.update(name for spell in spells(history) for name in of_one_spell(spell))
        found.update(name for before, after in pairwise(stays) for name in of_two_stays(before, after))
        found.update(of_attendances(history["ecds"]))
        found.update(of_person(history))
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("rules")
def test_the_histories_hold_every_oddity_often(counted: Counter[str]) -> None:
    assert counted["spells"] > 5_000
    assert counted["attendances"] > 5_000
    rare = {name: counted[name] for name in sorted(WANTED) if counted[name] < OFTEN}
    assert rare == {}


def test_the_geography_holds_what_happens_to_practices() -> None:
    """They join, leave and move, on first and last days of months too, leave gaps, merge into others and follow one another."""
    drawn = random_geography()
    spans: dict[str, list[tuple[date, date | None]]] = {}
    for row in drawn.int_membership:
        until = date.fromisoformat(str(row["valid_to"])) if row["valid_to"] else None
        spans.setdefault(str(row["practice_code"]), []).append((date.fromisoformat(str(row["valid_from"])), until))
    starts = [start for found in spans.values() for start, _ in found]
    gaps = [
        (later - until).days
        for found in spans.values()
        for (_, until), (later, _) in pairwise(found)
        if until is not None
    ]
    assert sum(len(found) > 1 for found in spans.values()) > OFTEN
    assert gaps.count(0) > OFTEN
    assert sum(gap > 0 for gap in gaps) > 10
    assert sum(start.day == 1 for start in starts) > OFTEN
    assert sum((start + timedelta(days=1)).day == 1 for start in starts) > OFTEN
    assert sum(start > DATA_CUT for start in starts) > 0
    chained = {row[0] for row in drawn.ods_succession} & {row[1] for row in drawn.ods_succession}
    assert len(drawn.ods_succession) > 50
    assert len(chained) > 10
