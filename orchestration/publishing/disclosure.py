"""Disclosure control of the public profile: rounding, primary and complementary suppression (definitions C11).

The attacker is taken to know every rule here, every exact population, how areas add up, how a 12-month figure is made of months, the
relations between indicators in `public_profile.yml`, and every earlier release; that a hidden count is a whole number from 0 up; and that
one which is hidden alone in all the sums it stands in is hidden for its own smallness, so that it lies in 1 to 7 (definitions E19). A
hidden count is safe when at least three values of it fit all that. Safety is proved, not estimated: for every
hidden cell two further complete tables of whole numbers are found, besides the true one, that would have been published in exactly the
same way and differ from it in this cell. Where the solver finds none, another cell is hidden and the search starts again; where the
search reaches its budget, all that is tied to the cell is hidden.

The unknowns are the monthly counts of each team, because every published figure is a sum of them:

    shown figure of area a, 12 months to m  =  sum over teams i in a, months t in m-11..m  of  x[measure, i, t]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

BASE = 5
HIDDEN_UP_TO = 7
FEASIBLE_VALUES_NEEDED = 3
# How far from the truth alternatives are looked for: enough for three values, small enough to stay quick.
REACH = 4
WINDOW_MONTHS = 12

Unknown = tuple[tuple, int]  # what it is, and its true value
Cell = tuple[str, str, str, int]  # measure, area type, area code, month as year * 12 + month - 1
TEAM, TOTAL = "int", "icb"


def is_primary(count: float) -> bool:
    """A count of 1 to 7 is hidden; 0 is shown."""
    return 0 < count <= HIDDEN_UP_TO


def rounded(count: float) -> float:
    """To the nearest 5.

    >>> [rounded(count) for count in (0, 8, 12, 13, 18, 1002)]
    [0, 10, 10, 15, 20, 1000]
    """
    return BASE * int(np.floor(count / BASE + 0.5))


def interval(count: float) -> tuple[float, float]:
    """Which true whole counts are shown as this one is; (0, 0) for zero, because 1 to 7 are never shown.

    >>> interval(12), interval(0)
    ((8, 12), (0, 0))
    """
    if count == 0:
        return 0, 0
    middle = rounded(count)
    return max(middle - 2, HIDDEN_UP_TO + 1), middle + 2


def known_of_hidden(count: float, is_alone: bool) -> tuple[float, float]:
    """What is known of a hidden count: 1 to 7 where nothing else can be why it is hidden, else nothing."""
    return (1, HIDDEN_UP_TO) if is_alone and is_primary(count) else (0, np.inf)


Place = tuple[str, str, int]  # area type, area code, month


def sums_of(teams_of: dict[tuple[str, str], tuple[str, ...]], places: Iterable[Place]) -> list[list[Place]]:
    """The sums that readers can write down of one measure's figures: an area and its teams; the ICB and all areas of one type."""
    codes: dict[tuple[int, str], list[str]] = {}
    for kind, code, month in places:
        codes.setdefault((month, kind), []).append(code)
    found: list[list[Place]] = []
    for (month, kind), areas in codes.items():
        if kind == TEAM:
            continue
        teams = set(codes.get((month, TEAM), ()))
        for code in areas:
            own = teams if kind == TOTAL else teams.intersection(teams_of.get((kind, code), ()))
            found.append([(kind, code, month), *((TEAM, team, month) for team in sorted(own))])
        if kind != TOTAL:
            totals = [(TOTAL, code, month) for code in codes.get((month, TOTAL), ())]
            found.append([*totals, *((kind, code, month) for code in areas)])
    return found


@dataclass(frozen=True)
class Measure:
    """One count that is shown: its 12-month figures by cell and, where they are sums of months and teams, its monthly counts.

    `figures[(area_type, area_code, month)]`, `monthly[(int_code, month)]`; months as year * 12 + month - 1. `monthly` may be empty: then
    nothing is known to add up over months.
    """

    name: str
    figures: dict[tuple[str, str, int], int]
    monthly: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """One public release: its measures, the teams of each PCN and HCP, and which cells it hid (None: still to be decided)."""

    measures: dict[str, Measure]
    teams_of: dict[tuple[str, str], tuple[str, ...]]
    hidden: frozenset[Cell] | None = None


@dataclass
class Row:
    """A sum of unknowns with what is known about it: low <= sum <= high. `is_hidden`: a cell whose count is not shown."""

    columns: np.ndarray
    weights: np.ndarray
    low: float
    high: float
    is_hidden: bool = False


class Knowledge:
    """Everything the attacker can write down, as rows over whole-number unknowns, with the true values beside it."""

    def __init__(self, relations: Sequence[dict[str, Any]]) -> None:
        self.relations = relations
        self.column_of: dict[tuple, int] = {}
        self.truth: list[int] = []
        self.rows: list[Row] = []
        self.row_of: dict[Cell, int] = {}
        self.rows_known: set[tuple[bytes, float, float]] = set()
        self.earlier_hidden: dict[int, Cell] = {}
        self.teams_of: dict[tuple[str, str], tuple[str, ...]] = {}

    # -- building -----------------------------------------------------------------------------------------------------------

    def unknown(self, key: tuple, true_value: int) -> int:
        """The column of an unknown. An unknown whose true value differs between releases was restated: another unknown."""
        found = self.column_of.get((*key, true_value)) if key[0] == "x" else self.column_of.get(key)
        if found is None:
            found = len(self.truth)
            self.column_of[(*key, true_value) if key[0] == "x" else key] = found
            self.truth.append(true_value)
        return found

    def add_row(
        self,
        columns: Iterable[int],
        weights: Iterable[float],
        bounds: tuple[float, float],
        is_new: bool = False,
        is_hidden: bool = False,
    ) -> int:
        low, high = bounds
        row = Row(np.fromiter(columns, dtype=np.int64), np.fromiter(weights, dtype=float), low, high, is_hidden)
        self.rows.append(row)
        if not is_new:
            self.rows_known.add((row.columns.tobytes(), low, high))
        return len(self.rows) - 1

    def add_publication(self, publication: Publication, is_new: bool, tag: str) -> None:
        for measure in publication.measures.values():
            self._add_measure(publication, measure, is_new, tag)
        for relation in self.relations:
            self._add_relation(publication, relation)

    def _add_measure(self, publication: Publication, measure: Measure, is_new: bool, tag: str) -> None:
        structure = Structure.of(publication, measure)
        together = hidden_together(
            sums_of(publication.teams_of, measure.figures), publication.hidden or frozenset(), measure
        )
        for (area_type, area_code, month), count in sorted(measure.figures.items()):
            cell = (measure.name, area_type, area_code, month)
            columns = [
                self.unknown(key, value) for key, value in structure.parts(area_type, area_code, month, count, tag)
            ]
            is_hidden = cell in publication.hidden if publication.hidden is not None else is_primary(count)
            if is_new or not is_hidden:
                bounds = (0.0, np.inf) if is_hidden else interval(count)
            else:
                bounds = known_of_hidden(count, is_alone=cell not in together)
            ordered = np.array(columns, dtype=np.int64)
            # What was shown once stays known, so it is a row of its own beside the new one, which may yet be hidden.
            if is_new:
                self.row_of[cell] = self.add_row(
                    ordered, np.ones(len(ordered)), bounds, is_new=True, is_hidden=is_hidden
                )
            elif (ordered.tobytes(), *bounds) not in self.rows_known:
                index = self.add_row(ordered, np.ones(len(ordered)), bounds, is_hidden=is_hidden)
                if is_hidden:
                    self.earlier_hidden[index] = cell
        self.teams_of = {**publication.teams_of, **self.teams_of}

    def _add_relation(self, publication: Publication, relation: dict[str, Any]) -> None:
        parts = [name for name in relation["parts"] if name in publication.measures]
        whole = publication.measures.get(relation["whole"])
        if whole is None or not parts or not whole.monthly:
            return
        members = [publication.measures[name] for name in parts if publication.measures[name].monthly]
        entries = []
        for (team, month), total in whole.monthly.items():
            values = [member.monthly.get((team, month), 0) for member in members]
            if sum(values) > total:
                return  # the definitions do not nest in this data, so nobody can use it
            columns = [self.unknown(("x", m.name, team, month), v) for m, v in zip(members, values, strict=True)]
            entries.append(
                ([*columns, self.unknown(("x", whole.name, team, month), total)], [*[1.0] * len(columns), -1.0])
            )
        for columns, weights in entries:
            ordered = np.array(columns, dtype=np.int64)
            if (ordered.tobytes(), -np.inf, 0) not in self.rows_known:
                self.add_row(ordered, weights, (-np.inf, 0))


def hidden_together(sums: list[list[Place]], hidden: frozenset[Cell], measure: Measure) -> set[Cell]:
    """The hidden cells that have another one beside them in some sum."""
    found: set[Cell] = set()
    for places in sums:
        beside = [cell for place in places if (cell := (measure.name, *place)) in hidden]
        if len(beside) > 1:
            found.update(beside)
    return found


@dataclass(frozen=True)
class Structure:
    """Which sums really hold for a measure: an attacker gains nothing from one that does not."""

    measure: Measure
    teams_of: dict[tuple[str, str], tuple[str, ...]]
    teams: tuple[str, ...]
    adds_over_months: bool
    adds_over_areas: bool
    rest: dict[int, int]

    @classmethod
    def of(cls, publication: Publication, measure: Measure) -> Structure:
        teams = tuple(sorted({code for kind, code, _ in measure.figures if kind == TEAM}))
        figures, monthly = measure.figures, measure.monthly
        adds_over_months = bool(monthly) and all(
            count == sum(monthly.get((code, month - back), 0) for back in range(WINDOW_MONTHS))
            and all((code, month - back) in monthly for back in range(WINDOW_MONTHS))
            for (kind, code, month), count in figures.items()
            if kind == TEAM
        )
        rest: dict[int, int] = {}
        adds_over_areas = True
        for (kind, code, month), count in figures.items():
            if kind == TEAM:
                continue
            # A team that has ended has no figures any more.
            members = (
                [team for team in publication.teams_of.get((kind, code), ()) if team in teams]
                if kind != TOTAL
                else teams
            )
            values = [figures.get((TEAM, team, month)) for team in members]
            if not members or any(value is None for value in values):
                adds_over_areas = False
                break
            left = count - sum(value for value in values if value is not None)
            if left < 0 or (left > 0 and kind != TOTAL):
                adds_over_areas = False
                break
            if kind == TOTAL and left:
                rest[month] = left
        return cls(measure, publication.teams_of, teams, adds_over_months, adds_over_areas, rest)

    def parts(self, area_type: str, area_code: str, month: int, count: int, tag: str) -> list[Unknown]:
        """The unknowns (with their true values) that a figure is the sum of."""
        name, figures = self.measure.name, self.measure.figures
        if area_type != TEAM and not self.adds_over_areas:
            return [(("x", name, area_type, area_code, month), count)]
        members: Sequence[str] = (area_code,)
        if area_type != TEAM:
            inside = self.teams if area_type == TOTAL else self.teams_of[(area_type, area_code)]
            members = [team for team in inside if team in self.teams]
        if self.adds_over_months:
            months = range(month - WINDOW_MONTHS + 1, month + 1)
            found: list[Unknown] = [
                (("x", name, team, at), self.measure.monthly[(team, at)]) for team in members for at in months
            ]
        else:
            found = [(("x", name, team, "to", month), figures[(TEAM, team, month)]) for team in members]
        if area_type == TOTAL and month in self.rest:
            # Practices without a team and figures known for the whole ICB alone: nobody outside knows their number.
            found.append((("rest", name, month, tag), self.rest[month]))
        return found


@dataclass(frozen=True)
class Protection:
    """The decision: which cells of the new release are hidden, and why.

    `cornered` are cells that earlier releases already gave away (through a rule that has changed since): nothing published now can
    take that back, and everything of their measure is hidden. Empty unless something went wrong before.
    """

    primary: frozenset[Cell]
    complementary: frozenset[Cell]
    cornered: tuple[Cell, ...] = ()

    @property
    def hidden(self) -> frozenset[Cell]:
        return self.primary | self.complementary


def protect(
    new: Publication,
    earlier: Sequence[Publication],
    relations: Sequence[dict[str, Any]],
    with_complementary: bool = True,
) -> Protection:
    """Decide what a new public release hides. `with_complementary=False` exists to show that the attack test can fail."""
    from orchestration.publishing.feasible import Prover

    primary = frozenset(
        (name, *place)
        for name, measure in new.measures.items()
        for place, count in measure.figures.items()
        if is_primary(count)
    )
    is_nothing_hidden = not primary and not any(publication.hidden for publication in earlier)
    if is_nothing_hidden or not with_complementary:
        return Protection(primary, frozenset())
    knowledge = Knowledge(relations)
    knowledge.add_publication(new, is_new=True, tag="new")
    for number, publication in enumerate(earlier):
        knowledge.add_publication(publication, is_new=False, tag=f"earlier {number}")
    prover = Prover(knowledge)
    complementary = prover.hide_until_safe(sorted(primary))
    return Protection(primary, frozenset(complementary), tuple(prover.cornered))
