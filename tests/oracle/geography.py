"""Who belongs to which neighbourhood on a date, and how many are registered there (definitions C1, C9, C14)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from .landing import Drop, months_between, newest_snapshot
from .records import day, month_of, practice, sex, text

FOREVER = date(9999, 12, 31)
BANDS = [f"{lower}_{lower + 4}" for lower in range(0, 90, 5)] + ["90_plus"]


@dataclass
class Geography:
    """`members[practice] = [(int_code, pcn_code, hcp_code, valid_from, valid_to)]`, `valid_to` exclusive."""

    members: dict[str, list[tuple[str, str, str, date, date]]] = field(default_factory=lambda: defaultdict(list))
    successors: dict[str, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))
    icb_practices: set[str] = field(default_factory=set)

    def membership(self, practice_code: str, on: date) -> tuple[str, str, str] | None:
        for int_code, pcn, hcp, start, end in self.members.get(practice_code, []):
            if start <= on < end:
                return int_code, pcn, hcp
        return None

    def final_practice(self, practice_code: str, on: date) -> str:
        """Succession is followed only where the practice has no open membership on the date (C14).

        Of several successors the newest stands (a tie: the last by code); a circle is walked once.
        """
        seen = {practice_code}
        while self.membership(practice_code, on) is None:
            due = sorted((d, s) for d, s in self.successors.get(practice_code, []) if d <= on)
            if not due or due[-1][1] in seen:
                break
            practice_code = due[-1][1]
            seen.add(practice_code)
        return practice_code

    def area(self, practice_code: str | None, on: date) -> str:
        """C1: INT, `NO_INT` (the ICB's own without one on that date), `OUT_OF_AREA` or `UNATTRIBUTED`."""
        if practice_code is None:
            return "UNATTRIBUTED"
        final = self.final_practice(practice_code, on)
        found = self.membership(final, on)
        if found:
            return found[0]
        # a practice that merged into one of another ICB is out of area from then on
        return "NO_INT" if final in self.icb_practices else "OUT_OF_AREA"

    def parents(self, on: date) -> dict[str, tuple[str, str]]:
        """int_code → (pcn_code, hcp_code) on a date."""
        return {
            int_code: (pcn, hcp)
            for spans in self.members.values()
            for int_code, pcn, hcp, start, end in spans
            if start <= on < end
        }


def read_geography(deliveries: list[Drop], sub_icb_codes: tuple[str, ...]) -> Geography:
    geography = Geography()
    for row in newest_snapshot(deliveries, "int_membership"):
        code = text(row["PRACTICE_CODE"])
        span = (day(row.get("VALID_FROM")) or date(1900, 1, 1), day(row.get("VALID_TO")) or FOREVER)
        names = tuple(text(row[name]) or "" for name in ("INT_CODE", "PCN_CODE", "HCP_CODE"))
        geography.icb_practices.add(code)
        if names[0]:
            geography.members[code].append((*names, *span))
    for row in newest_snapshot(deliveries, "ods_practices"):
        if text(row.get("15")) in sub_icb_codes:
            geography.icb_practices.add(text(row["1"]))
    # ODS keeps the parent that a practice closed under; the payments file names the present sub-ICB location
    for delivery in deliveries:
        for row in delivery.rows("gp_payments"):
            if text(row.get("CCG CODE")) in sub_icb_codes and practice(row.get("PRACTICE CODE")):
                geography.icb_practices.add(practice(row["PRACTICE CODE"]))
    for row in newest_snapshot(deliveries, "ods_succession"):
        old, new, effective = practice(row.get("1")), practice(row.get("2")), day(row.get("4"))
        if old and new and effective:
            geography.successors[old].append((effective, new))
    return geography


def month_end(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1) - timedelta(days=1)


def band_of(years: int | None) -> str | None:
    """19 bands, 0_4 … 85_89, 90_plus (C10)."""
    return None if years is None else BANDS[min(years // 5, 18)]


@dataclass
class Population:
    """`lists[month][practice][(sex, band)] = patients`; band `unknown` when only a total is delivered."""

    lists: dict[date, dict[str, dict[tuple[str, str], int]]]

    def basis(self, month: date) -> tuple[date, str]:
        """C9: the list of the month, else the last one carried forward, else the first one carried back."""
        earlier = [m for m in self.lists if m <= month]
        if not earlier:
            return min(self.lists), "carried_back"
        return max(earlier), "list" if max(earlier) == month else "carried_forward"

    def practices(self, month: date) -> dict[str, dict[tuple[str, str], int]]:
        return self.lists[self.basis(month)[0]]


def read_population(deliveries: list[Drop]) -> Population:
    """`gp-reg-pat-prac-quin-age` or `-all`: practice rows only; a list replaces the list of its extract month.

    Where ALL differs from the sum of the bands, the bands win (C14); sex-unknown rows count in the total.
    """
    lists: dict[date, dict[str, dict[tuple[str, str], int]]] = {}
    for delivery in deliveries:
        fresh: dict[date, dict[str, dict[tuple[str, str], int]]] = defaultdict(lambda: defaultdict(dict))
        for row in delivery.rows("gp_registrations"):
            kind = text(row.get("ORG_TYPE") or row.get("TYPE"))
            code = practice(row.get("ORG_CODE") or row.get("CODE"))
            extract = day(row.get("EXTRACT_DATE"))
            if kind != "GP" or code is None or extract is None:
                continue
            who, band = text(row["SEX"]) or "", text(row.get("AGE_GROUP_5") or row.get("AGE")) or ""
            fresh[month_of(extract)][code][(who, band)] = int(row["NUMBER_OF_PATIENTS"].replace(",", "") or 0)
        for month, practices in fresh.items():
            lists[month] = {code: fold_list(cells) for code, cells in practices.items()}
    return Population(lists)


def fold_list(cells: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """From the published cells (with their ALL rows) to sex × 19 bands."""
    banded = {key: n for key, n in cells.items() if key[1] != "ALL"}
    if any(who != "ALL" for who, _ in banded):
        banded = {key: n for key, n in banded.items() if key[0] != "ALL"}
    if not banded:
        total = cells.get(("ALL", "ALL"), sum(n for (_, band), n in cells.items() if band == "ALL"))
        return {("unknown", "unknown"): total}
    folded: dict[tuple[str, str], int] = defaultdict(int)
    for (who, band), patients in banded.items():
        lower = int(band.replace("+", "").split("_")[0])
        folded[(sex(who), BANDS[min(lower // 5, 18)])] += patients
    return dict(folded)


def population_by_area(
    geography: Geography, population: Population, months: list[date], on: dict[date, date]
) -> dict[tuple[str, date], int]:
    """(int_code, month) → registered population; `on` gives the date whose boundaries each month uses."""
    found: dict[tuple[str, date], int] = defaultdict(int)
    for month in months:
        for code, cells in population.practices(month).items():
            found[(geography.area(code, on[month]), month)] += sum(cells.values())
    return found


def boundary_dates(months: list[date], data_cut: date, boundary: str) -> dict[date, date]:
    """`marts`: the data cut for every month. `as_at`: the last day of each month (C1)."""
    return {month: data_cut if boundary == "marts" else month_end(month) for month in months}


__all__ = [
    "BANDS",
    "FOREVER",
    "Geography",
    "Population",
    "band_of",
    "boundary_dates",
    "month_end",
    "months_between",
    "population_by_area",
    "read_geography",
    "read_population",
]
