"""Small SQL building blocks: reproducible draws, weighted picks and the calendar.

A draw is a hash of (key, name of the draw, seed), never a random number generator: it does not depend on row order or
on
the number of threads, and one draw can be repeated anywhere. The hash is applied twice, because DuckDB combines the
hashes of several arguments by exclusive or: applied once, two draws with one key would differ by a constant.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache

import duckdb

from orchestration.foundation.settings import PROJECT_ROOT
from orchestration.synthetic.plan import DemoPlan, last_of_month

# Relative activity by weekday, Monday first.
GP_WEEKDAYS = (12, 11, 10, 10, 10, 1, 0)
CLINIC_WEEKDAYS = (10, 10, 10, 10, 9, 2, 1)
OFFICE_WEEKDAYS = (1, 1, 1, 1, 1, 0, 0)
EMERGENCY_WEEKDAYS = (11, 10, 10, 10, 10, 10, 10)


def create_draws(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Macros `draw(key, name)` in [0, 1) and `band_factor(age, factors)` by ten-year age band."""
    con.execute(
        f"create or replace macro draw(key, name) as "
        f"(hash(hash(key, name, {int(seed)})) >> 11)::double / 9007199254740992.0"
    )
    con.execute("create or replace macro band_factor(age, factors) as factors[1 + least(9, greatest(0, age) // 10)]")


def quoted(values: Sequence[object]) -> str:
    """A SQL list of strings, dates or numbers."""
    return "[" + ", ".join(str(v) if isinstance(v, int | float) else f"'{v}'" for v in values) + "]"


def pick(draw: str, weights: Mapping[str, int] | Mapping[int, int]) -> str:
    """SQL that picks a value by whole-number weights; `draw` is SQL for a number in [0, 1)."""
    tickets = [value for value, weight in weights.items() for _ in range(weight)]
    return f"({quoted(tickets)})[1 + floor({draw} * {len(tickets)})::integer]"


@cache
def bank_holidays() -> frozenset[date]:
    with (PROJECT_ROOT / "seeds" / "bank_holidays.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(file))


def is_closed_day(day: date) -> bool:
    """Days on which general practice is shut everywhere: bank holidays, and before the list begins the same three days each year."""
    return day in bank_holidays() or (day.month, day.day) in {(1, 1), (12, 25), (12, 26)}


def day_tickets(month: date, weekdays: Sequence[int], flat: bool) -> list[int]:
    """Days of a month, each as often as its weight; with flat rates every day of the weekday pattern weighs the
    same."""
    days = [month + timedelta(days=i) for i in range(last_of_month(month).day)]
    tickets: list[int] = []
    for day in days:
        weight = weekdays[day.weekday()]
        if flat:
            weight = min(weight, 1)
        if is_closed_day(day) and 0 in weekdays:
            weight = 0
        tickets += [day.day] * weight
    return tickets


def day_draw(month: date, weekdays: Sequence[int], flat: bool, draw: str) -> str:
    """SQL for a date in the month."""
    tickets = day_tickets(month, weekdays, flat)
    return f"(date '{month}' + ({quoted(tickets)})[1 + floor({draw} * {len(tickets)})::integer]::integer - 1)"


def month_factor(plan: DemoPlan, month: date, weekdays: Sequence[int], seasons: Sequence[float]) -> float:
    """How busy a month is: its working days times its season. Flat rates are flat a day: months differ by their open days alone."""
    weights = [min(weight, 1) for weight in weekdays] if plan.flat_rates else weekdays
    usual = sum(weights) / 7 * 365.25 / 12
    days = len(day_tickets(month, weekdays, plan.flat_rates)) / usual
    return days if plan.flat_rates else days * seasons[month.month - 1]


def month_index(plan: DemoPlan, month: date) -> int:
    """Whole months since the first month (negative in the burn-in)."""
    return (month.year - plan.first_month.year) * 12 + month.month - plan.first_month.month


def visits_sql(
    plan: DemoPlan,
    month: date,
    name: str,
    mean: str,
    weekdays: Sequence[int],
    only: str = "true",
    slots: int = 16,
    first_slot: int = 0,
) -> str:
    """SQL: `persons` repeated for each of a month's visits, with `event_id` and `event_date`, in order of person.

    The count is geometric, more variable than Poisson, like real visits; `mean` is SQL for its mean. Most people have none, so
    they are left out before the logarithm: a count is above 0 exactly when its draw is at least 1 / (1 + mean).
    """
    key = f"(person * 512 + {month_index(plan, month)})"
    day = day_draw(month, weekdays, plan.flat_rates, f"draw(event_id, '{name} day')")
    return f"""
        select * exclude (count_draw, count_mean), {day} as event_date from (
            select *, {key} * {slots} + {first_slot}
                + unnest(range(least(14, floor(ln(1 - count_draw) / ln(count_mean / (1 + count_mean))))::integer)) as event_id
            from (select *, draw({key}, '{name}') as count_draw, {mean} as count_mean from persons where {only})
            where count_draw >= 1 / (1 + count_mean)
        )
    """


LIVES_ON_DAY = "event_date >= birth_date and (death_date is null or event_date <= death_date)"
