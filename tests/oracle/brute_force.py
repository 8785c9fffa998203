"""The marts' figures recomputed from landing files, row by row, from the written definitions alone.

Nothing here knows the pipeline: plain loops over the delivered rows, one function per measure, each yielding `Event`s at the
practice on the record; `by_area` then attributes them (C1). Slow and clear on purpose.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from statistics import median

from . import activity, conditions, landing, stays
from .geography import Geography, Population, boundary_dates, population_by_area, read_geography, read_population
from .landing import Drop, months_between
from .records import moment, month_of, practice, text
from .spend import commissioner, contract_month, created_day, financial_year_of, spread_evenly, unit_costed_points


@dataclass(frozen=True)
class Event:
    """`amounts` counted at one practice (as recorded, None = not usable) in one month, under the mart's own key `dims`."""

    month: date
    practice_code: str | None
    dims: tuple[str, ...]
    amounts: tuple[int | Decimal, ...] = (1,)
    person_id: str | None = None


@cache
def specialties() -> frozenset[str]:
    with (Path(__file__).parents[2] / "seeds" / "treatment_functions.csv").open(newline="") as file:
        return frozenset(row["treatment_function_code"] for row in csv.DictReader(file))


def listed_specialty(code: str | None) -> str:
    """E11: what the list does not name is unknown."""
    return code if code in specialties() else "unknown"


@dataclass
class BruteForce:
    """One home's landing folder as seen by delivery `delivery`."""

    landing_folder: Path
    delivery: str
    sub_icb_codes: tuple[str, ...]
    ers_action_codes: frozenset[str] = frozenset()

    @cached_property
    def drops(self) -> list[Drop]:
        return landing.drops(self.landing_folder, self.delivery)

    @cached_property
    def data_cut(self) -> date:
        return self.drops[-1].data_cut

    @cached_property
    def geography(self) -> Geography:
        return read_geography(self.drops, self.sub_icb_codes)

    @cached_property
    def population(self) -> Population:
        return read_population(self.drops)

    @cached_property
    def opted_out(self) -> set[str]:
        return landing.opted_out(self.drops)

    @cached_property
    def episodes(self) -> list:
        return landing.without(landing.episodes(self.drops), self.opted_out)

    @cached_property
    def spells(self) -> list[stays.Spell]:
        return stays.spells(self.episodes, self.data_cut)

    @cached_property
    def stays(self) -> list[stays.Stay]:
        return stays.stays(self.spells)

    @cached_property
    def indexes(self) -> list[stays.Index]:
        return stays.readmissions(self.stays, self.episodes)

    @cached_property
    def appointments(self) -> list:
        return landing.without(landing.outpatient_appointments(self.drops), self.opted_out)

    @cached_property
    def attendances(self) -> list:
        return activity.kept_attendances(landing.without(landing.attendances(self.drops), self.opted_out))

    @cached_property
    def covered(self) -> dict[str, set[date]]:
        """E2: the months that a feed covers; stray rows of others are in no figure."""
        arrivals = landing.without(landing.attendances(self.drops), self.opted_out)
        return {
            "hes_apc": covered_months(row.epiend for row in self.episodes),
            "ecds": covered_months(row.arrival_date for row in arrivals),
            "hes_op": covered_months(row.apptdate for row in self.appointments),
            "gp_appointments": covered_months(row.when for row in self.gp_appointments),
            "community_contacts": covered_months(row.when for row in self.community_contacts),
            "ers_referrals": covered_months(date_of(moment(row.get("ACTION_DT_TM"))) for row in self.ers_actions),
        }

    @cached_property
    def ers_actions(self) -> list[dict[str, str]]:
        return [row for row in landing.ers_actions(self.drops) if text(row.get("PATIENT_ID")) not in self.opted_out]

    @cached_property
    def months_with_sex(self) -> set[date]:
        """E1: months of which at least half of the episodes say whether the patient is male or female."""
        says = defaultdict(list)
        for row in self.episodes:
            if row.epiend is not None:
                says[month_of(row.epiend)].append(row.sex != "unknown")
        return {month for month, known in says.items() if 2 * sum(known) >= len(known)}

    @cached_property
    def gp_appointments(self) -> list:
        return landing.without(landing.gp_appointments(self.drops), self.opted_out)

    @cached_property
    def community_contacts(self) -> list:
        return landing.without(landing.community_contacts(self.drops), self.opted_out)

    def months(self, first: date) -> list[date]:
        return months_between(first, self.data_cut)

    # C7: visits per capita ------------------------------------------------------------------------------------------

    def visits(self) -> Iterator[Event]:
        """dims = (setting, visit_type); amounts = (visits, not_attended, status_unknown)."""
        covered = self.covered
        for row in self.gp_appointments:
            if month_of(row.when) not in covered["gp_appointments"]:
                continue
            status = activity.gp_status(row.get("APPT_STATUS"))
            kind = tuple(int(status == name) for name in ("visits", "not_attended", "status_unknown"))
            staff = activity.gp_staff(row.get("HCP_TYPE"))
            yield Event(month_of(row.when), row.practice_code, ("gp_appointment", staff), kind, row.person_id)
        yield from self.published_appointments(covered["gp_appointments"])
        for setting, row in self.attendances:
            if month_of(row.arrival_date) not in covered["ecds"]:
                continue
            dims = (setting, activity.ae_type(row))
            yield Event(month_of(row.arrival_date), row.practice_code, dims, (1, 0, 0), row.person_id)
        for row in self.appointments:
            visit_type, outcome = activity.outpatient_type(row), activity.attendance_outcome(row.attended)
            if visit_type is None or outcome is None or month_of(row.apptdate) not in covered["hes_op"]:
                continue
            kind = tuple(int(outcome == name) for name in ("visits", "not_attended", "status_unknown"))
            dims = ("outpatient_attendance", visit_type)
            yield Event(month_of(row.apptdate), row.practice_code, dims, kind, row.person_id)
        for row in self.community_contacts:
            outcome = activity.attendance_outcome(row.get("ATTENDED"))
            if outcome is None or month_of(row.when) not in covered["community_contacts"]:
                continue
            kind = tuple(int(outcome == name) for name in ("visits", "not_attended", "status_unknown"))
            team = row.get("TEAM_TYPE") or "unknown"
            yield Event(month_of(row.when), row.practice_code, ("community_contact", team), kind, row.person_id)

    def published_appointments(self, record_level: set[date]) -> Iterator[Event]:
        """Published counts where no record level exists: practice level beats sub-ICB level in a month, never added."""
        cells: dict[date, dict[bool, list[Event]]] = defaultdict(lambda: defaultdict(list))
        for row in landing.published_appointments(self.drops):
            code = practice(row.get("GP_CODE"))
            if code is None and row["place"] not in self.sub_icb_codes:
                continue
            where = code or "ICB_ONLY"
            status = activity.gp_status(text(row["APPT_STATUS"]))
            count = int(row["COUNT_OF_APPOINTMENTS"].replace(",", ""))
            kind = tuple(count * (status == name) for name in ("visits", "not_attended", "status_unknown"))
            month = landing.published_month(row)
            dims = ("gp_appointment", activity.gp_staff(text(row["HCP_TYPE"])))
            cells[month][code is not None].append(Event(month, where, dims, kind))
        for month, levels in cells.items():
            if month not in record_level:
                yield from levels[True] or levels[False]

    # C8: referrals --------------------------------------------------------------------------------------------------

    def referrals(self) -> Iterator[Event]:
        """dims = (source, specialty_code). Two sources, never added. What was asked for before the outpatient records began is only
        seen where somebody waited long: of such a month the count is not known (E1, E2)."""
        for acted, where, specialty, _ in activity.ers_referrals(self.ers_actions, set(self.ers_action_codes)):
            yield Event(month_of(acted.date()), where, ("ers", listed_specialty(specialty)))
        for row in self.appointments:
            asked = activity.referral_date(row)
            if activity.is_gp_referral(row) and asked is not None and month_of(asked) in self.covered["hes_op"]:
                specialty = listed_specialty(row.tretspef)
                yield Event(month_of(asked), row.practice_code, ("hes_op_gp", specialty), (1,), row.person_id)

    # C6: spend ------------------------------------------------------------------------------------------------------

    def contract_lines(self) -> Iterator[Event]:
        """dims = (point_of_delivery,); amounts = (activity, spend). A provider's month (13 its own) is replaced by the newest
        delivery that has it; within it, per commissioner, the newest day's lines stand and those without a time with them (E6)."""
        for row, _ in self.standing_contract_lines():
            price = text(row.get("CONTRACT MONITORING ACTUAL PRICE"))
            amount = Decimal((text(row.get("CONTRACT MONITORING ACTUAL ACTIVITY")) or "0").replace(",", ""))
            where = practice(row.get("GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)"))
            spend = Decimal(price.replace(",", "")) if price else Decimal(0)
            yield Event(contract_month(row), where, (text(row["POINT OF DELIVERY CODE"]),), (amount, spend))

    def lines_at_contract_price(self) -> Iterator[Event]:
        """Those that keep the contract's own basis: without a price only where nothing costs what they pay for (E6)."""
        lines = zip(self.contract_lines(), self.standing_contract_lines(), strict=True)
        yield from (event for event, (_, is_costed) in lines if not is_costed)

    def standing_contract_lines(self) -> Iterator[tuple[dict, bool]]:
        """The rows, and whether each has no price and takes the unit cost of what it pays for."""
        newest: dict[tuple, tuple[int, list[dict]]] = {}
        for number, delivery in enumerate(self.drops):
            fresh: dict[tuple, list[dict]] = defaultdict(list)
            for row in delivery.rows("contract_activity"):
                if text(row.get("LOCAL PATIENT IDENTIFIER (EXTENDED)")) in self.opted_out:
                    continue
                provider = text(row["ORGANISATION IDENTIFIER (CODE OF PROVIDER)"])
                fresh[(provider, text(row["FINANCIAL YEAR"]), int(row["FINANCIAL MONTH"]))].append(row)
            for block, rows in fresh.items():
                if contract_month(rows[0]) <= month_of(delivery.data_cut):
                    newest[block] = (number, rows)
        costed = unit_costed_points()
        for _, rows in newest.values():
            days: dict[str | None, str] = defaultdict(str)
            for row in rows:
                days[commissioner(row)] = max(days[commissioner(row)], created_day(row))
            for row in rows:
                if created_day(row) in ("", days[commissioner(row)]):
                    price = text(row.get("CONTRACT MONITORING ACTUAL PRICE"))
                    yield row, price is None and text(row["POINT OF DELIVERY CODE"]) in costed

    def payments(self) -> Iterator[Event]:
        """dims = (financial year of the start,); amounts = (spend,): the yearly total before deductions, a twelfth a month."""
        newest: dict[tuple[int, str], Decimal] = {}
        for delivery in self.drops:
            for path in delivery.files.get("gp_payments", []):
                start = financial_year_of(path)
                for row in landing.read_rows(path):
                    amount = Decimal(row["TOTAL NHS PAYMENTS TO GENERAL PRACTICE"].replace(",", "") or 0)
                    newest[(start, row["PRACTICE CODE"].strip())] = amount
        for (start, code), amount in newest.items():
            for number, share in enumerate(spread_evenly(amount)):
                month = date(start, 4 + number, 1) if number <= 8 else date(start + 1, number - 8, 1)
                yield Event(month, practice(code), (), (share,))

    # C2: admissions -------------------------------------------------------------------------------------------------

    def admissions(self) -> Iterator[Event]:
        """dims = (admission_type, age_group, length_of_stay_group); amounts = (admissions, spell_bed_days)."""
        for spell, episode, kind in self.admitted():
            days = activity.length_of_stay(spell, self.data_cut)
            dims = (kind, activity.age_group(episode.age_years), activity.stay_group(days))
            yield Event(month_of(spell.admission), episode.practice_code, dims, (1, days or 0), episode.person_id)

    def admitted(self) -> Iterator[tuple[stays.Spell, object, str]]:
        for spell in self.spells:
            episode = activity.first_finished_episode(spell)
            kind = activity.admission_type(episode) if episode else None
            if kind is not None:
                yield spell, episode, kind

    def emergency_indicators(self) -> Iterator[Event]:
        """dims = (indicator_id,) for the indicators that are counts of emergency admissions (C2, C13, part B 21)."""
        for spell, episode, kind in self.admitted():
            if kind != "emergency":
                continue
            days = activity.length_of_stay(spell, self.data_cut)
            names = ["emergency_admissions"]
            if days is not None:
                names.append("emergency_admissions_los_0" if days == 0 else "emergency_admissions_los_1_plus")
            if activity.is_fall_65_plus(episode):
                names.append("falls_admissions_65_plus")
            if (days or 0) >= 1 and (episode.age_years or 0) >= 75 and activity.is_medical(episode.tretspef):
                names.append("emergency_overnight_medical_75_plus")
            if conditions.is_acs_chronic(episode):
                names.append("acs_chronic_admissions")
            if conditions.is_acs_19(episode):
                names.append("acs_19_admissions")
            for name in names:
                yield Event(month_of(spell.admission), episode.practice_code, (name,), (1,), episode.person_id)

    def nnhip_spells(self) -> Iterator[Event]:
        for spell in self.spells:
            if spell.discharge is not None and activity.is_nnhip_non_elective(spell):
                yield Event(month_of(spell.discharge), spell.last.practice_code, ("nnhip_non_elective_spells",))

    # C4, C5: readmissions and bed days --------------------------------------------------------------------------------

    def readmissions(self) -> Iterator[Event]:
        """dims = (window_days,); amounts = (discharges, readmissions); at the practice on the last episode."""
        for index in self.indexes:
            for window in (30, 60, 90):
                came_back = int(index.days is not None and index.days < window)
                month = month_of(index.stay.discharge)
                yield Event(month, index.stay.last.practice_code, (str(window),), (1, came_back))

    def occupied_bed_days(self) -> Iterator[Event]:
        for stay in self.stays:
            for month, count in stays.nights(stay, self.data_cut).items():
                yield Event(month, stay.last.practice_code, (), (count,), stay.person_id)

    # attribution and people -------------------------------------------------------------------------------------------

    def by_area(self, events: Iterable[Event], months: list[date], boundary: str) -> dict[tuple, tuple]:
        """(int_code, month, *dims) → summed amounts, special codes too; months outside the marts' are left out."""
        on = boundary_dates(months, self.data_cut, boundary)
        found: dict[tuple, list] = {}
        for event in events:
            if event.month not in on:
                continue
            key = (self.area(event.practice_code, on[event.month]), event.month, *event.dims)
            amounts = found.setdefault(key, [0] * len(event.amounts))
            for position, amount in enumerate(event.amounts):
                amounts[position] += amount
        return {key: tuple(amounts) for key, amounts in found.items()}

    def area(self, practice_code: str | None, on: date) -> str:
        """C1; figures published only at sub-ICB level already say where they belong."""
        if practice_code in {"ICB_ONLY", "OUT_OF_AREA"}:
            return str(practice_code)
        return self.geography.area(practice_code, on)

    def populations(self, months: list[date], boundary: str) -> dict[tuple[str, date], int]:
        on = boundary_dates(months, self.data_cut, boundary)
        return population_by_area(self.geography, self.population, months, on)

    def high_intensity_users(self, months: list[date], boundary: str) -> dict[tuple[str, date], int]:
        """(int_code, last month of 12) → people with 5 or more unplanned A&E attendances in the area in those months."""
        on = boundary_dates(months, self.data_cut, boundary)
        found: dict[tuple[str, date], int] = defaultdict(int)
        for position in range(11, len(months)):
            window = set(months[position - 11 : position + 1])
            counts: dict[tuple[str, str], int] = defaultdict(int)
            for setting, row in self.attendances:
                month = month_of(row.arrival_date)
                if setting == "ae_attendance" and row.person_id is not None and month in window:
                    area = self.geography.area(
                        row.practice_code, on[months[position] if boundary == "marts" else month]
                    )
                    counts[(area, row.person_id)] += 1
            for (area, _), visits in counts.items():
                found[(area, months[position])] += int(visits >= 5)
        return found

    def has_history(self, month: date) -> bool:
        """E3: a year of covered admitted care lies behind the month."""
        return set(months_between(date(month.year - 1, month.month, 1), month)) <= self.covered["hes_apc"]

    def has_first_actions(self, month: date) -> bool:
        """E3: while no list says which action refers, the first action of the first three months may not be the first."""
        return bool(self.ers_action_codes) or len([m for m in self.covered["ers_referrals"] if m < month]) >= 3

    def is_mature(self, month: date, window_days: int) -> bool:
        """C4: the data cut is at least N-1 days after the last day of the discharge month."""
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return self.data_cut >= following - timedelta(days=1) + timedelta(days=window_days - 1)


def covered_months(days: Iterable[date | None]) -> set[date]:
    """E2: months with at least a tenth of the rows of the median of the 12 nearest others that have any."""
    rows = Counter(month_of(day) for day in days if day is not None)

    def distance(one: date, other: date) -> int:
        return abs((one.year - other.year) * 12 + one.month - other.month)

    covered = set()
    for month, count in rows.items():
        others = sorted(rows.keys() - {month}, key=lambda other: (distance(month, other), -other.toordinal()))[:12]
        if not others or count >= 0.1 * median(rows[other] for other in others):
            covered.add(month)
    return covered


def date_of(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
