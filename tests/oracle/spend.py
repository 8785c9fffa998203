"""How spend is read (C6, E6): contract months and their submissions, yearly payments over their months, what has a unit cost."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from .records import text

SEEDS = Path(__file__).parents[2] / "seeds"


def created_day(row: dict[str, str]) -> str:
    return (text(row.get("DATE AND TIME DATA SET CREATED")) or "")[:10]


def commissioner(row: dict[str, str]) -> str | None:
    return text(row.get("ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)"))


def unit_costed_points() -> set[str]:
    """Points of delivery whose records have a unit cost: reference data, read as it is."""
    with (SEEDS / "unit_costs.csv").open(encoding="utf-8") as file:
        costs = {row["point_of_delivery"] for row in csv.DictReader(file)}
    with (SEEDS / "points_of_delivery.csv").open(encoding="utf-8") as file:
        return {row["point_of_delivery"] for row in csv.DictReader(file) if row["costed_as"] in costs}


def contract_month(row: dict[str, str]) -> date:
    """FINANCIAL YEAR 202627 and FINANCIAL MONTH 1-13 → calendar month; 13 is 12 (C6)."""
    start = int((text(row["FINANCIAL YEAR"]) or "")[:4])
    number = min(int(text(row["FINANCIAL MONTH"]) or 0), 12)
    return date(start, 3 + number, 1) if number <= 9 else date(start + 1, number - 9, 1)


def financial_year_of(path: Path) -> int:
    """`nhspaymentsgp-22-23.csv` → 2022: the year the financial year starts in."""
    found = re.search(r"(\d\d)-(\d\d)(?!\d)", path.stem)
    assert found and int(found[2]) == int(found[1]) + 1, f"{path.name} names no financial year"
    return 2000 + int(found[1])


def spread_evenly(amount: Decimal) -> list[Decimal]:
    """C6: a yearly payment over its twelve months, to the penny: twelve parts that differ by a penny at most."""
    pence = int((amount * 100).to_integral_value())
    shares = [pence * (n + 1) // 12 - pence * n // 12 for n in range(12)]
    return [Decimal(share) / 100 for share in shares]
