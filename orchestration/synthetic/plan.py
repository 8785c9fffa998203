"""What one demo is: its size, its months, its deliveries, and which delivery is the live one for each month."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

from orchestration.foundation.errors import UsageError

# Hospital stays are generated from this many months before the first month, so that the first month already has its
# readmissions and its patients who were admitted earlier.
BURN_IN_MONTHS = 5


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after (or before) the month of `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def last_of_month(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def financial_year_start(day: date) -> date:
    return date(day.year if day.month >= 4 else day.year - 1, 4, 1)


@dataclass(frozen=True)
class DemoDelivery:
    """One month's submission, from `coverage_from` (1 April; the whole history for the first) to `data_cut`."""

    name: str
    data_cut: date
    coverage_from: date
    is_first: bool

    @property
    def month(self) -> date:
        return first_of_month(self.data_cut)

    def covers(self, month: date) -> bool:
        return self.coverage_from <= month <= self.data_cut


# what a live team lowers use by, per month live: (months from go-live to the demo's last month or more, a month, at most)
EFFECTS: dict[str, tuple[tuple[int, float, float], ...]] = {
    "growing": ((0, 0.02, 0.18),),
    "by_wave": ((12, 0.02, 0.18), (6, 0.01, 0.10), (0, 0.005, 0.05)),
    "none": (),
}
CHOSEN_HIGH = 1.12
"""Of teams chosen for being high: their use in the year before go-live, over what is usual for them and comes back."""


@dataclass(frozen=True)
class DemoPlan:
    """Everything that determines a demo's bytes."""

    people: int
    last_month: date
    month_count: int
    delivery_count: int
    seed: int
    flat_rates: bool
    icb_code: str = "QZZ"
    icb_name: str = "Demo Integrated Care Board"
    sub_icb_code: str = "99Z"
    faults: frozenset[str] = field(default_factory=frozenset)
    effects: str = "growing"
    chosen_high: bool = False

    def __post_init__(self) -> None:
        if self.effects not in EFFECTS:
            raise UsageError(f"effects of going live are {', '.join(EFFECTS)}, not {self.effects}")
        if self.people < 100:
            raise UsageError("a demo needs at least 100 people")
        if not 1 <= self.month_count <= 240:
            raise UsageError("a demo has 1 to 240 months")
        if not 1 <= self.delivery_count <= self.month_count:
            raise UsageError("a demo has at least one delivery and at most one per month")

    @property
    def is_unchanging(self) -> bool:
        """Nothing but season, calendar and chance moves use: the dying of the old may not lower what is left per head either."""
        return self.flat_rates or (self.effects == "none" and not self.chosen_high)

    @property
    def first_month(self) -> date:
        return add_months(self.last_month, 1 - self.month_count)

    @property
    def months(self) -> list[date]:
        return [add_months(self.first_month, i) for i in range(self.month_count)]

    @property
    def data_cut(self) -> date:
        """The last delivery's data cut."""
        return last_of_month(self.last_month)

    @property
    def deliveries(self) -> list[DemoDelivery]:
        found = []
        for i in range(self.delivery_count):
            month = add_months(self.last_month, i + 1 - self.delivery_count)
            start = self.first_month if i == 0 else max(financial_year_start(month), self.first_month)
            found.append(DemoDelivery(f"{month:%Y-%m}", last_of_month(month), start, i == 0))
        return found

    def live_delivery(self, month: date) -> DemoDelivery:
        """The newest delivery that covers a month: after the last delivery, its rows are the ones that count."""
        return [delivery for delivery in self.deliveries if delivery.covers(month)][-1]

    def fresh_months(self) -> list[date]:
        """Months whose live delivery was cut in that very month, so that no later delivery ever corrected them."""
        return [month for month in self.months if self.live_delivery(month).month == month]


def parse_month(text: str) -> date:
    """`2025-10` → 1 October 2025."""
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError:
        raise UsageError(f"a month is written YYYY-MM, not {text!r}") from None
