"""The invented area: four Health and Care Partnerships, 41 PCNs, 42 neighbourhood teams, 184 practices open at the end.

Shaped like Kent and Medway, but nothing in it is real. Practices are `Z1xxxx` (English practice codes start A to Y
and stop at P
for general practice), out-of-area practices `Q9xxxx`, PCNs `U99xxx`, providers `ZX1`…`ZX6`, neighbourhoods of residence
`E0109xxxx` (the real 2011 codes end at E01033768), postcodes start `ZZ`. What happens while the demo runs, counted
from its
last month: a practice closes (9 months before), one moves to another PCN (8), two merge (7), a PCN splits into two
INTs (5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from orchestration.synthetic.plan import DemoPlan, add_months
from orchestration.synthetic.sql import quoted

PCN_COUNT = 41
OPEN_PRACTICES = 184
LSOA_COUNT = 984
OUT_OF_AREA_PRACTICES = 6
HCP_NAMES = ("Eastmarch", "Northshore", "Middlewold", "Westhollow")
HCP_OF_PCN = [1] * 16 + [2] * 7 + [3] * 9 + [4] * 9
_FIRST = (
    "Alder",
    "Bramble",
    "Corrow",
    "Dunmere",
    "Elverd",
    "Fennick",
    "Garrow",
    "Hespel",
    "Ivering",
    "Jarrock",
    "Kelda",
    "Lorring",
)
_KINDS = ("SURGERY", "MEDICAL CENTRE", "HEALTH CENTRE", "PRACTICE")
_SECOND = ("vale", "combe", "wick", "ridge", "holt", "mere", "stead", "fold")

# practice numbers (0-based) with a story
MERGED_AWAY, MERGED_INTO = 184, 20
CLOSED = 185
WITHOUT_INT = 77
MOVED = 50
SPLIT_PCN = 6


@dataclass(frozen=True)
class Provider:
    code: str
    name: str
    hcp: int | None
    site: str


PROVIDERS = (
    Provider("ZX1", "EASTMARCH HOSPITALS NHS TRUST", 1, "ZX101"),
    Provider("ZX2", "NORTHSHORE HOSPITAL NHS TRUST", 2, "ZX201"),
    Provider("ZX3", "MIDDLEWOLD HOSPITAL NHS TRUST", 3, "ZX301"),
    Provider("ZX4", "WESTHOLLOW HOSPITALS NHS TRUST", 4, "ZX401"),
    Provider("ZX5", "FOUR MARCHES COMMUNITY NHS TRUST", None, "ZX501"),
    Provider("ZX6", "FARCITY TEACHING HOSPITALS NHS TRUST", None, "ZX601"),
)


@dataclass(frozen=True)
class Practice:
    """A practice and the dates of its life; `valid_to` style dates are the first day no longer valid."""

    number: int
    code: str
    name: str
    pcn: int
    weight: float
    deprivation: float
    closes: date | None = None
    successor: int | None = None
    is_in_icb: bool = True


@dataclass(frozen=True)
class Membership:
    """One dated row of `int_membership`."""

    practice: int
    int_number: int
    pcn: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class World:
    practices: tuple[Practice, ...]
    memberships: tuple[Membership, ...]
    go_live: dict[int, date]
    merge_date: date
    close_date: date

    def current_int(self, practice: int, day: date) -> int | None:
        """The INT of a practice on a day; a practice without one is followed to its successor."""
        for row in self.memberships:
            if row.practice == practice and row.valid_from <= day and (row.valid_to is None or day < row.valid_to):
                return row.int_number
        successor = self.practices[practice].successor
        return None if successor is None else self.current_int(successor, day)

    def area_code(self, practice: int, day: date) -> str:
        """`INT07`, `NO_INT` or `OUT_OF_AREA`."""
        if not self.practices[practice].is_in_icb:
            return "OUT_OF_AREA"
        found = self.current_int(practice, day)
        return "NO_INT" if found is None else int_code(found)


def int_code(number: int) -> str:
    return f"INT{number:02d}"


def pcn_code(pcn: int) -> str:
    return f"U99{pcn + 1:03d}"


def hcp_code(pcn: int) -> str:
    return f"HCP{HCP_OF_PCN[pcn]}"


def place_name(number: int) -> str:
    return _FIRST[number % len(_FIRST)] + _SECOND[(number // len(_FIRST) + number) % len(_SECOND)]


def build_world(plan: DemoPlan) -> World:
    """The area of a plan: the same for every seed, dated relative to the plan's last month."""
    merge, close = add_months(plan.last_month, -7), add_months(plan.last_month, -9)
    move, split = add_months(plan.last_month, -8), add_months(plan.last_month, -5)
    practices = []
    for number in range(OPEN_PRACTICES + 2):
        pcn = number % PCN_COUNT
        if number == MERGED_AWAY:
            pcn = MERGED_INTO % PCN_COUNT
        # sizes from a third to two and a half times the mean; deprivation varies between and within PCNs
        weight = 0.35 + 2.1 * ((number * 37) % 101 / 101) ** 1.5
        deprivation = ((pcn * 17) % PCN_COUNT) / PCN_COUNT * 0.7 + ((number * 29) % 47) / 47 * 0.3
        practices.append(
            Practice(
                number,
                f"Z1{number + 1:04d}",
                f"{place_name(number).upper()} {_KINDS[number % 4]}",
                pcn,
                0.5 if number >= OPEN_PRACTICES else weight,
                deprivation,
                closes=merge if number == MERGED_AWAY else close if number == CLOSED else None,
                successor=MERGED_INTO if number == MERGED_AWAY else None,
            )
        )
    for i in range(OUT_OF_AREA_PRACTICES):
        name = f"{place_name(200 + i).upper()} OUTER SURGERY"
        practices.append(Practice(len(practices), f"Q9{i + 1:04d}", name, 0, 1.0, 0.5, is_in_icb=False))
    return World(
        tuple(practices),
        tuple(_memberships(practices, merge, close, move, split)),
        _go_live(plan),
        merge,
        close,
    )


def _memberships(practices: list[Practice], merge: date, close: date, move: date, split: date) -> list[Membership]:
    start = date(2019, 7, 1)
    rows = []
    for practice in practices:
        if not practice.is_in_icb or practice.number == WITHOUT_INT:
            continue
        end = practice.closes
        if practice.number == MOVED:
            other = (practice.pcn + 1) % PCN_COUNT
            rows.append(Membership(practice.number, practice.pcn + 1, practice.pcn, start, move))
            rows.append(Membership(practice.number, other + 1, other, move, None))
        elif practice.pcn == SPLIT_PCN and (practice.number // PCN_COUNT) % 2 == 1:
            rows.append(Membership(practice.number, SPLIT_PCN + 1, SPLIT_PCN, start, split))
            rows.append(Membership(practice.number, PCN_COUNT + 1, SPLIT_PCN, split, None))
        else:
            rows.append(Membership(practice.number, practice.pcn + 1, practice.pcn, start, end))
    return rows


def _go_live(plan: DemoPlan) -> dict[int, date]:
    """Four first movers, a second wave, the rest not yet live."""
    live = {}
    for number in range(1, PCN_COUNT + 2):
        if number in (3, 17, 24, 33):
            live[number] = add_months(plan.last_month, -12)
        elif number % 4 == 1:
            live[number] = add_months(plan.last_month, -6)
        elif number % 4 == 2:
            live[number] = add_months(plan.last_month, -2)
    return live


def create_world(con: duckdb.DuckDBPyConnection, plan: DemoPlan, world: World) -> None:
    """Tables `practices`, `memberships`, `lsoas`; `practices.area` is the truth's attribution at the last data cut."""

    def row(p: Practice) -> str:
        number = world.current_int(p.number, plan.data_cut) if p.is_in_icb else None
        live_month = None if number is None else world.go_live.get(number)
        names = f"{p.number}, '{p.code}', '{p.name}', {p.pcn}, {HCP_OF_PCN[p.pcn]}, {p.weight!r}, {p.deprivation!r}"
        area = world.area_code(p.number, plan.data_cut)
        return f"({names}, {p.is_in_icb}, '{area}', {_date(live_month)})"

    rows = ", ".join(row(p) for p in world.practices)
    con.execute(f"""
        create table practices as
        select * replace (weight::double as weight, deprivation::double as deprivation) from (values {rows})
            p(number, code, name, pcn, hcp, weight, deprivation, is_in_icb, area, live_month)
    """)
    codes = quoted([p.code for p in world.practices])
    con.execute(f"create or replace macro practice_code_of(number) as ({codes})[number + 1]")
    con.execute(
        "create table lsoas as select number, 'E0109' || lpad(number::varchar, 4, '0') as code, "
        "row_number() over (order by draw(number, 'lsoa rank')) as local_rank, pcn from ("
        f"select i as number, i % {PCN_COUNT} as pcn from range({LSOA_COUNT}) t(i))"
    )


def _date(day: date | None) -> str:
    return "null::date" if day is None else f"date '{day}'"


def membership_rows(world: World, data_cut: date) -> list[list[str]]:
    """`int_membership` as it was known on a data cut: later changes are not in it yet."""
    rows = []
    for m in world.memberships:
        if m.valid_from > data_cut:
            continue
        practice = world.practices[m.practice]
        live = world.go_live.get(m.int_number)
        known_end = m.valid_to if m.valid_to is not None and m.valid_to <= data_cut else None
        rows.append(
            [
                practice.code,
                int_code(m.int_number),
                f"{place_name(m.int_number + 59)} INT",
                pcn_code(m.pcn),
                f"{place_name(m.pcn + 60).upper()} PCN",
                hcp_code(m.pcn),
                f"{HCP_NAMES[HCP_OF_PCN[m.pcn] - 1]} Health and Care Partnership",
                m.valid_from.isoformat(),
                known_end.isoformat() if known_end else "",
                live.isoformat() if live else "",
            ]
        )
    return sorted(rows)


def closing_day(first_day_no_longer_valid: date) -> date:
    """ODS dates a closure by its last day."""
    return first_day_no_longer_valid - timedelta(days=1)


def open_practices(world: World, month: date) -> list[Practice]:
    """Practices of the ICB that have a list on the first of a month."""
    return [p for p in world.practices if p.is_in_icb and (p.closes is None or month < p.closes)]
