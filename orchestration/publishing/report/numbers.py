"""How a figure is written: its digits, its sign, its unit, its month."""

from __future__ import annotations

from datetime import date

from orchestration.publishing.report.data import Indicator

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June")
LONG_MONTHS += ("July", "August", "September", "October", "November", "December")
MISSING = "–"


def month_name(month: date) -> str:
    return f"{LONG_MONTHS[month.month - 1]} {month.year}"


def short_month(month: date) -> str:
    return f"{MONTHS[month.month - 1]} {month.year}"


def span(first: date, last: date) -> str:
    """
    >>> span(date(2024, 1, 1), date(2024, 12, 31)), span(date(2025, 8, 1), date(2025, 8, 1))
    ('January 2024 to December 2024', 'August 2025')
    """
    start, end = month_name(first), month_name(last)
    return start if start == end else f"{start} to {end}"


def month_count(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def number(value: float | None) -> str:
    """A figure with as many digits as a reader can use: 1,234 · 56.7 · 8.91.

    >>> [number(v) for v in (None, 0.0, 8.913, 56.72, 1234.4)]
    ['–', '0', '8.91', '56.7', '1,234']
    """
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "−")


def count(value: float | None) -> str:
    """A count: whole where it is whole.

    >>> [count(v) for v in (None, 6.0, 1234.0, 12.345)]
    ['–', '6', '1,234', '12.3']
    """
    return f"{value:,.0f}" if value is not None and float(value).is_integer() else number(value)


def signed(value: float | None) -> str:
    """
    >>> [signed(v) for v in (None, 4.04, -0.04, -1.26)]
    ['–', '+4.0', '0.0', '−1.3']
    """
    if value is None:
        return MISSING
    rounded = f"{abs(value):.1f}"
    return rounded if float(rounded) == 0 else ("+" if value > 0 else "−") + rounded


def pounds(value: float | None) -> str:
    """Pence only where they are read.

    >>> [pounds(v) for v in (None, 73.5, 1234.4, -0.2)]
    ['–', '£73.50', '£1,234', '−£0.20']
    """
    if value is None:
        return MISSING
    return ("−" if value < 0 else "") + f"£{abs(value):,.{0 if abs(value) >= 100 else 2}f}"


def unit(indicator: Indicator) -> str:
    """How a value of this indicator is read: `%`, `£ a head`, `per 1,000 people`."""
    stated = indicator.facts.get("unit")
    if stated:
        return str(stated)
    if indicator.indicator_id.startswith("spend"):
        return "£ a head"
    if indicator.multiplier == 100:
        return "%"
    return f"per {indicator.multiplier:,.0f}"


def quantity(indicator: Indicator, value: float | None) -> str:
    """A figure with its unit, as it stands in a sentence."""
    words = unit(indicator)
    if value is None:
        return "not known"
    if words == "%":
        return f"{number(value)}%"
    if words.startswith("£"):
        return f"{pounds(value)}{words[1:]}"
    return f"{number(value)} {words}"


def figure(indicator: Indicator, value: float | None) -> str:
    """A figure whose unit the sentence has already named: only the sign of pounds or percent stays."""
    words = unit(indicator)
    if value is None or not words.startswith(("%", "£")):
        return number(value)
    return f"{number(value)}%" if words == "%" else pounds(value)
