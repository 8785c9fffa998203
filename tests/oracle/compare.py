"""Holds the brute force against what the pipeline published. Every function returns differences in words; none = agreed.

`connection` is any DuckDB connection that has the schemas `marts` and `as_at`: the warehouse or a release.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from . import limits
from .brute_force import BruteForce

if TYPE_CHECKING:
    import duckdb

BOUNDARIES = ("marts", "as_at")
RELATIVE = 1e-9


@dataclass(frozen=True)
class Difference:
    """One figure that the judge and the pipeline do not agree on; None = no row or null."""

    where: str
    key: tuple
    expected: object
    found: object

    def __str__(self) -> str:
        key = " ".join(str(part) for part in self.key)
        return f"{self.where} [{key}]: by the rules {self.expected}, published {self.found}"


def not_zero(figures: dict[tuple, tuple]) -> dict[tuple, tuple]:
    """Marts are dense (zero is a row), the brute force is not."""
    return {key: amounts for key, amounts in figures.items() if any(amounts)}


def differences(where: str, expected: dict[tuple, tuple], found: dict[tuple, tuple]) -> list[Difference]:
    wanted, got = not_zero(expected), not_zero(found)
    keys = sorted(set(wanted) | set(got), key=str)
    return [Difference(where, k, wanted.get(k), got.get(k)) for k in keys if wanted.get(k) != got.get(k)]


def published(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    keys: Iterable[str],
    amounts: Iterable[str],
    where: str = "true",
) -> dict[tuple, tuple]:
    """(int_code, month, *keys) → amounts; nulls count as zero. A key that appears twice is an error of its own."""
    keys, amounts = list(keys), list(amounts)
    columns = ["int_code", "month", *keys]
    sums = [f"coalesce({name}, 0)" for name in amounts]
    found: dict[tuple, tuple] = {}
    for row in connection.execute(f"select {', '.join(columns + sums)} from {relation} where {where}").fetchall():
        key = tuple(str(part) if n > 1 else part for n, part in enumerate(row[: len(columns)]))
        assert key not in found, f"{relation} has the key {key} twice"
        found[key] = tuple(row[len(columns) :])
    return found


def marts_months(connection: duckdb.DuckDBPyConnection) -> list[date]:
    return [m for (m,) in connection.execute("select month from marts.dim_month order by 1").fetchall()]


def compare_visits(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.visits_per_capita"
        expected = brute.by_area(brute.visits(), months, boundary)
        amounts = ("visits", "not_attended", "status_unknown")
        found += differences(relation, expected, published(connection, relation, ("setting", "visit_type"), amounts))
    return found


def compare_referrals(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.referrals_per_capita"
        expected = brute.by_area(brute.referrals(), months, boundary)
        got = published(connection, relation, ("source", "specialty_code"), ("referrals",))
        found += differences(relation, expected, got)
    return found


def compare_contract_spend(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.spend_per_capita"
        expected = brute.by_area(brute.lines_at_contract_price(), months, boundary)
        got = published(
            connection, relation, ("point_of_delivery",), ("activity", "spend_gbp"), "cost_basis = 'contract'"
        )
        expected = {key: tuple(Decimal(a) for a in amounts) for key, amounts in expected.items()}
        found += differences(relation, expected, {k: tuple(Decimal(str(a)) for a in v) for k, v in got.items()})
    return found


def compare_payments(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """Payments by area: a month may differ by the pennies of the rounding, a financial year not at all."""
    months = marts_months(connection)
    events = list(brute.payments())
    # one penny per practice is the most that two fair ways of spreading a year can differ in a month
    pennies = Decimal("0.01") * len({event.practice_code for event in events})
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.spend_per_capita"
        rows = connection.execute(f"select int_code, month, spend_gbp from {relation} where cost_basis = 'payment'")
        got: dict[tuple, Decimal] = defaultdict(Decimal)
        for area, month, spend in rows.fetchall():
            got[(area, month)] += spend or 0
        expected = {k[:2]: a[0] for k, a in brute.by_area(events, months, boundary).items()}
        for key in sorted(set(expected) | set(got), key=str):
            wanted, published_spend = expected.get(key, Decimal(0)), got.get(key, Decimal(0))
            if abs(wanted - published_spend) > pennies:
                found.append(Difference(relation, key, wanted, published_spend))
        whole = [sum(figures.values(), Decimal(0)) for figures in (expected, got)]
        if boundary == "marts" and abs(whole[0] - whole[1]) > pennies:
            found.append(Difference(f"{relation} payments in all", (), whole[0], whole[1]))
    return found


def compare_admissions(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.non_elective_admissions_per_capita"
        expected = brute.by_area(brute.admissions(), months, boundary)
        keys = ("admission_type", "age_group", "length_of_stay_group")
        got = published(connection, relation, keys, ("admissions", "spell_bed_days"))
        found += differences(relation, expected, got)
    return found


def compare_readmissions(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        relation = f"{boundary}.readmissions"
        expected = brute.by_area(brute.readmissions(), months, boundary)
        got = published(connection, relation, ("window_days",), ("discharges", "readmissions"))
        found += differences(relation, expected, got)
        flags = connection.execute(
            f"select month, window_days, is_mature, count(*) filter (readmission_pct is not null), "
            f"sum(discharges) from {relation} where int_code not in ('UNATTRIBUTED', 'OUT_OF_AREA', 'NO_INT') group by all"
        ).fetchall()
        for month, window, is_mature, with_value, discharges in flags:
            should = brute.is_mature(month, int(window))
            known = should and discharges > 0 and brute.has_history(month)
            if should != is_mature or (with_value > 0) != known:
                found.append(
                    Difference(f"{relation} maturity", (month, window), should, f"{is_mature}, {with_value} values")
                )
    return found


def compare_populations(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """`registered_population` of every INT and month, in every count mart."""
    months = marts_months(connection)
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        everything = brute.populations(months, boundary)
        expected = {k: n for k, n in everything.items() if k[0] not in {"UNATTRIBUTED", "OUT_OF_AREA"}}
        for mart in ("visits_per_capita", "referrals_per_capita", "readmissions", "non_elective_admissions_per_capita"):
            relation = f"{boundary}.{mart}"
            for int_code, month, lowest, highest in connection.execute(
                f"select int_code, month, min(registered_population), max(registered_population) from {relation} "
                "where int_code not in ('UNATTRIBUTED', 'OUT_OF_AREA', 'ICB_ONLY') group by all"
            ).fetchall():
                wanted = expected.get((int_code, month), 0)
                if not (lowest or 0) == (highest or 0) == wanted:
                    found.append(Difference(f"{relation} population", (int_code, month), wanted, (lowest, highest)))
    return found


def numerators(connection: duckdb.DuckDBPyConnection, boundary: str, indicator: str, period: str) -> dict[tuple, tuple]:
    rows = connection.execute(
        f"select area_code, month, numerator from {boundary}.indicator_values where indicator_id = ? and period = ? "
        "and area_type = 'int' and cohort_id = 'all' and numerator is not null",
        [indicator, period],
    ).fetchall()
    return {(area, month): (round(float(number), 6),) for area, month, number in rows}


def ints_only(figures: dict[tuple, tuple]) -> dict[tuple, tuple]:
    special = {"UNATTRIBUTED", "OUT_OF_AREA", "NO_INT", "ICB_ONLY"}
    return {key: amounts for key, amounts in figures.items() if key[0] not in special}


def compare_indicators(brute: BruteForce, connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """Monthly numerators of the core indicators at INT level, on both boundaries."""
    months = marts_months(connection)
    silent = set(months) - brute.covered["ecds"]
    unseen = silent | set(months) - brute.covered["hes_op"] | set(months) - brute.covered["gp_appointments"]
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        expected: dict[str, dict[tuple, tuple]] = {}
        add_visits(expected, brute.by_area(brute.visits(), months, boundary))
        # of a month that one of the feeds does not cover the sum over all settings is not known
        expected["all_visits"] = {k: v for k, v in expected["all_visits"].items() if k[1] not in unseen}
        for (area, month, name), amounts in brute.by_area(brute.emergency_indicators(), months, boundary).items():
            expected.setdefault(name, {})[(area, month)] = amounts
        for (area, month, name), amounts in brute.by_area(brute.nnhip_spells(), months, boundary).items():
            expected.setdefault(name, {})[(area, month)] = amounts
        for (area, month, source, _), (count,) in brute.by_area(brute.referrals(), months, boundary).items():
            if source == "hes_op_gp":
                tally(expected, "gp_referrals_hes_op", area, month, count)
            elif brute.has_first_actions(month):
                tally(expected, "gp_referrals_ers", area, month, count)
        expected["occupied_bed_days"] = brute.by_area(brute.occupied_bed_days(), months, boundary)
        for (area, month, window), (_, count) in brute.by_area(brute.readmissions(), months, boundary).items():
            tally(expected, f"readmissions_{window}d", area, month, count)
        # the list of chronic conditions takes records with a known sex only: where most have none, it cannot say
        chronic = expected.get("acs_chronic_admissions", {})
        expected["acs_chronic_admissions"] = {k: v for k, v in chronic.items() if k[1] in brute.months_with_sex}
        for name, figures in expected.items():
            got = numerators(connection, boundary, name, "month")
            wanted = {k: tuple(round(float(a), 6) for a in v) for k, v in ints_only(figures).items()}
            if name.startswith("readmissions_"):
                # before it is mature a month has no percentage; what it counts so far may be shown or not
                wanted, got = (
                    {
                        k: v
                        for k, v in figures.items()
                        if brute.is_mature(k[1], int(name[13:15])) and brute.has_history(k[1])
                    }
                    for figures in (wanted, got)
                )
            found += differences(f"{boundary}.indicator_values {name}", wanted, ints_only(got))
        heavy = {
            (area, month): (float(count),)
            for (area, month), count in brute.high_intensity_users(months, boundary).items()
            if not silent & set(months[months.index(month) - 11 : months.index(month) + 1])
        }
        if boundary == "marts":
            got = numerators(connection, boundary, "high_intensity_ae_users", "rolling_12_months")
            found += differences(
                f"{boundary}.indicator_values high_intensity_ae_users", ints_only(heavy), ints_only(got)
            )
    return found


def tally(expected: dict[str, dict[tuple, tuple]], name: str, area: str, month: date, count: object) -> None:
    cells = expected.setdefault(name, {})
    cells[(area, month)] = (cells.get((area, month), (0,))[0] + count,)  # type: ignore[operator]


def add_visits(expected: dict[str, dict[tuple, tuple]], visits: dict[tuple, tuple]) -> None:
    names = {
        "gp_appointment": "gp_appointments_attended",
        "ae_attendance": "ae_attendances_unplanned",
        "same_day_emergency_care": "sdec_attendances",
        "outpatient_attendance": "op_attendances",
        "community_contact": "community_contacts",
    }
    for (area, month, setting, visit_type), (attended, missed, _) in visits.items():
        tally(expected, names[setting], area, month, attended)
        if setting != "community_contact":
            tally(expected, "all_visits", area, month, attended)
        if visit_type == "type_1":
            tally(expected, "ae_type_1_attendances", area, month, attended)
        if setting == "gp_appointment":
            tally(expected, "gp_dna_pct", area, month, missed)


def is_close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other), 1e-9)


def compare_arithmetic(connection: duckdb.DuckDBPyConnection) -> list[Difference]:
    """value = numerator / denominator × multiplier wherever both are there, and the limits are C10's for their method."""
    found: list[Difference] = []
    for boundary in BOUNDARIES:
        rows = connection.execute(
            "select indicator_id, cohort_id, area_type, area_code, period, month, numerator, denominator, multiplier, value, "
            f"value_lower_95, value_upper_95, limit_method, null_reason from {boundary}.indicator_values"
        ).fetchall()
        for *key, top, bottom, multiplier, value, lower, upper, method, reason in rows:
            where = f"{boundary}.indicator_values"
            if value is None:
                if reason is None:
                    found.append(Difference(f"{where} null without a reason", tuple(key), "a null_reason", None))
                continue
            if top is None or bottom is None or not bottom:
                continue
            if not is_close(float(value), float(top) / float(bottom) * float(multiplier)):
                found.append(Difference(f"{where} value", tuple(key), float(top) / float(bottom) * multiplier, value))
            wanted = expected_limits(method, float(top), float(bottom), float(multiplier))
            if wanted and not (is_close(lower, wanted[0]) and is_close(upper, wanted[1])):
                found.append(Difference(f"{where} limits {method}", tuple(key), wanted, (lower, upper)))
    return found


def expected_limits(method: str | None, top: float, bottom: float, multiplier: float) -> tuple[float, float] | None:
    name = (method or "").lower()
    if "wilson" in name:
        lower, upper = limits.wilson(top, bottom)
    elif ("byar" in name or "poisson" in name) and "repeat" not in name and float(top).is_integer():
        lower, upper = (limit / bottom for limit in limits.count_limits(top))
    else:
        return None
    return lower * multiplier, upper * multiplier
