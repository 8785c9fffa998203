"""A panel: units × periods, and the period in which each unit was first treated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from orchestration.foundation.errors import UsageError

CONTROLS = ("not_yet", "never")
BASES = ("mean_12", "previous", "universal")
OUTCOMES = ("log_rate", "as_is")


class PanelError(UsageError):
    """The panel cannot be read as one; the message says which unit or period."""


@dataclass(frozen=True)
class Row:
    """One line of a panel; `first_treated` None = never."""

    unit: str
    period: int
    first_treated: int | None
    outcome: float
    weight: float = 1.0
    stratum: str = ""


@dataclass(frozen=True)
class Panel:
    """Units by periods without a gap. Units that were treated in the first period have no before and are left out."""

    units: tuple[str, ...]
    periods: tuple[int, ...]
    outcomes: np.ndarray  # units × periods
    weights: np.ndarray  # units, mean 1
    strata: tuple[str, ...]
    waves: tuple[int, ...]  # periods of first treatment, ascending
    wave_of: np.ndarray  # units: index of the wave; len(waves) = not within the panel
    left_out: tuple[str, ...]

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Panel:
        """Order by unit and period, and refuse what is no panel."""
        listed = sorted(rows, key=lambda row: (row.unit, row.period))
        periods = tuple(sorted({row.period for row in listed}))
        by_unit: dict[str, list[Row]] = {}
        for row in listed:
            by_unit.setdefault(row.unit, []).append(row)
        for unit, its_rows in by_unit.items():
            its_periods = [row.period for row in its_rows]
            if len(its_periods) != len(set(its_periods)):
                raise PanelError(f"unit {unit} has a period twice")
            if len(its_periods) != len(periods):
                gap = next(period for period in periods if period not in its_periods)
                raise PanelError(f"unit {unit} has no row for period {period_text(gap)}: every unit needs every period")
            for column in ("first_treated", "stratum"):
                if len({getattr(row, column) for row in its_rows}) != 1:
                    raise PanelError(f"unit {unit} has more than one {column}")
        if len(periods) < 2:
            raise PanelError("a panel needs at least two periods")
        started = {unit: its_rows[0].first_treated for unit, its_rows in by_unit.items()}
        left_out = tuple(unit for unit, start in started.items() if start is not None and start <= periods[0])
        kept = [unit for unit in by_unit if unit not in left_out]
        # a start after the last period is still ahead: a control throughout
        waves = tuple(sorted({start for unit in kept if (start := started[unit]) is not None and start <= periods[-1]}))
        if not waves:
            raise PanelError("no unit is first treated within the panel after its first period")
        weights = np.array([np.mean([row.weight for row in by_unit[unit]]) for unit in kept])
        if not np.all(np.isfinite(weights)) or np.any(weights <= 0):
            raise PanelError("weights must be numbers above nought")
        outcomes = np.array([[row.outcome for row in by_unit[unit]] for unit in kept])
        if not np.all(np.isfinite(outcomes)):
            raise PanelError("an outcome is not a number")
        index = {wave: number for number, wave in enumerate(waves)}
        return cls(
            units=tuple(kept),
            periods=periods,
            outcomes=outcomes,
            weights=weights / weights.mean(),
            strata=tuple(by_unit[unit][0].stratum for unit in kept),
            waves=waves,
            wave_of=np.array([index.get(started[unit], len(waves)) for unit in kept]),  # type: ignore[arg-type]
            left_out=left_out,
        )

    def logged(self) -> Panel:
        """The same panel of logarithms; an outcome of nought has none."""
        if np.any(self.outcomes <= 0):
            unit, period = np.argwhere(self.outcomes <= 0)[0]
            raise PanelError(
                f"unit {self.units[unit]} has an outcome of nought or less in period {period_text(self.periods[period])}, "
                "which has no logarithm: use the outcome as it is"
            )
        return self.with_outcomes(np.log(self.outcomes))

    def with_outcomes(self, outcomes: np.ndarray) -> Panel:
        return Panel(**{**self.__dict__, "outcomes": outcomes})

    def before_anything(self) -> Panel | None:
        """The same panel moved back until it ends before the first start: the same waves, gaps and months after, and
        nobody treated yet. None where fewer than six months would be left before the first placebo date.
        """
        end = self.periods.index(first_at_or_after(self.periods, self.waves[0]))
        back = len(self.periods) - end
        places = [self.periods.index(first_at_or_after(self.periods, wave)) - back for wave in self.waves]
        if places[0] < 6:
            return None
        return Panel(
            **{
                **self.__dict__,
                "periods": self.periods[:end],
                "outcomes": self.outcomes[:, :end],
                "waves": tuple(self.periods[place] for place in places),
            }
        )


def first_at_or_after(periods: tuple[int, ...], start: int) -> int:
    """The first period of the panel in which something that began in `start` is under way."""
    return next(period for period in periods if period >= start)


MONTHS_FROM = 100_000
"""Months are counted from year 0 above this number, so that they cannot be taken for years or plain numbers."""


def month_number(year: int, month: int) -> int:
    return MONTHS_FROM + 12 * year + month - 1


def period_text(period: int) -> str:
    """A month as YYYY-MM, any other period as its number."""
    if period < MONTHS_FROM:
        return str(period)
    year, month = divmod(period - MONTHS_FROM, 12)
    return f"{year:04d}-{month + 1:02d}"
