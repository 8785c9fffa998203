"""The return's rules, read from `rules.yml` and checked for shape."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Shape):
    dimension: str
    category: str
    header: str
    header_row: int = 5


class Measure(Shape):
    """One yellow row that counts events. `events` is a relation of the warehouse, `where` a condition on its rows."""

    row: int
    metric_id: str
    feed: str
    label: str
    events: str
    where: str
    date: str = "event_date"
    amount: str = "1"


class CohortRows(Shape):
    rows: tuple[int, ...]
    label: str


class CaseloadRow(Shape):
    row: int
    metric_id: str
    label: str


class PersonFacts(Shape):
    feed: str
    events: str
    date: str


class Lookup(Shape):
    column: str
    first_row: int


class Rules(Shape):
    template_version: str
    cohort_id: str
    caseload_status: str
    suppress_below: int
    suppression_mark: str
    minimum_age: int
    sheets: dict[str, str]
    required_sheets: tuple[str, ...]
    place_cell: str
    period_cell: str
    places: Lookup
    periods: Lookup
    columns: dict[str, Column]
    ethnic_groups: dict[str, tuple[str, ...]]
    non_consultant_specialties: tuple[str, ...]
    ambulance_arrival_modes: tuple[str, ...]
    measures: tuple[Measure, ...]
    cohort_rows: CohortRows
    caseload_row: CaseloadRow
    person_facts: tuple[PersonFacts, ...]
    notes: tuple[str, ...]

    def condition(self, measure: Measure) -> str:
        """The measure's condition with the lists of this file written in as SQL."""

        def listed(codes: tuple[str, ...]) -> str:
            return "(" + ", ".join(f"'{code}'" for code in codes) + ")"

        return measure.where.format(
            non_consultant_specialties=listed(self.non_consultant_specialties),
            ambulance_arrival_modes=listed(self.ambulance_arrival_modes),
        )


@cache
def load_rules() -> Rules:
    text = (files("orchestration.publishing.nnhip") / "rules.yml").read_text(encoding="utf-8")
    return Rules.model_validate(yaml.safe_load(text))
