"""The monthly return of the National Neighbourhood Health Implementation Programme, filled into the programme's own workbook."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.foundation.sql import literal
from orchestration.foundation.warehouse import open_warehouse
from orchestration.publishing.nnhip.counts import Cells, Counts, count_return
from orchestration.publishing.nnhip.rules import Rules, load_rules
from orchestration.publishing.nnhip.validation import check_return, require_template
from orchestration.publishing.nnhip.workbook import Workbook, excel_serial

__all__ = ["NnhipSummary", "check_return", "fill_return"]


class NnhipSummary(BaseModel):
    """What was filled, and what people must still do before they send it. No figure of the return stands here."""

    model_config = ConfigDict(frozen=True)

    place: str
    month: str
    template_version: str
    out: Path
    cells_filled: int
    cells_suppressed: int
    left_for_people: list[str]
    notes: list[str]


def fill_return(settings: Settings, template: Path, place: str, month: str, out: Path) -> NnhipSummary:
    """Fill the return for a place and month (`YYYY-MM`) from the cohort `nnhip`, as the warehouse stands.

    Counts below 6 become `*`. What is not known is left blank and named in `left_for_people`. Every formula, sheet, style and data
    validation of the template stays; the stored results of its formulas follow the filled cells.
    Raises `UsageError` for a wrong place, month or template, or when the cohort has nobody.
    """
    rules = load_rules()
    first_day = _month(month)
    workbook = Workbook(template)
    require_template(workbook, rules)
    known_place = _place(workbook, rules, place)
    with open_warehouse(settings) as warehouse:
        warehouse.connection.execute(
            f"attach if not exists {literal(settings.paths.inputs_file)} as inputs (read_only)"
        )
        counts = count_return(warehouse, rules, first_day)
    left, suppressed, filled = [], 0, 0
    instructions, submission = rules.sheets["instructions"], rules.sheets["submission"]
    workbook.set(instructions, rules.place_cell, known_place)
    filled += 1
    periods = list(workbook.column(rules.sheets["lookups"], rules.periods.column, rules.periods.first_row))
    if excel_serial(first_day) in periods:
        style = workbook.month_style(instructions, rules.period_cell)
        workbook.set(instructions, rules.period_cell, excel_serial(first_day), style)
        filled += 1
    else:
        where = f"{instructions}!{rules.period_cell} Submission Period"
        left.append(f"{where}: the template's list does not offer {month}, so it cannot be sent as it is")
    for row, cells in _rows(rules, counts).items():
        for letters, column in rules.columns.items():
            number = cells.get((column.dimension, column.category), 0)
            is_small = number < rules.suppress_below
            workbook.set(submission, f"{letters}{row}", rules.suppression_mark if is_small else number)
            suppressed += is_small
            filled += 1
    first, *_, last = rules.columns
    for measure in rules.measures:
        if why := counts.unknown.get(measure.feed):
            where = f"{submission}!{first}{measure.row}:{last}{measure.row} {measure.metric_id}"
            left.append(f"{where} {measure.label}: feed {measure.feed} {why}")
    workbook.recalculate(submission)
    workbook.save(out)
    return NnhipSummary(
        place=known_place,
        month=month,
        template_version=rules.template_version,
        out=out,
        cells_filled=filled,
        cells_suppressed=suppressed,
        left_for_people=left,
        notes=[*rules.notes, *_under_age(rules, counts)],
    )


def _rows(rules: Rules, counts: Counts) -> dict[int, Cells]:
    return {
        **counts.events,
        **dict.fromkeys(rules.cohort_rows.rows, counts.cohort),
        rules.caseload_row.row: counts.caseload,
    }


def _under_age(rules: Rules, counts: Counts) -> list[str]:
    if not counts.under_age_events:
        return []
    number = counts.under_age_events
    words = f"fewer than {rules.suppress_below}" if number < rules.suppress_below else str(number)
    return [f"Events of people under {rules.minimum_age} are outside the programme and left out ({words})."]


def _month(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UsageError(f"month {month!r} is not YYYY-MM") from None


def _place(workbook: Workbook, rules: Rules, place: str) -> str:
    """The place exactly as the template's list writes it (one of them ends in a blank)."""
    offered = [
        str(v) for v in workbook.column(rules.sheets["lookups"], rules.places.column, rules.places.first_row) if v
    ]
    by_key = {_key(name): name for name in offered}
    if found := by_key.get(_key(place)):
        return found
    close = get_close_matches(_key(place), by_key, n=3)
    hint = f"; did you mean {' or '.join(by_key[key].strip() for key in close)}?" if close else ""
    raise UsageError(f"place {place!r} is not in the template's list of {len(offered)}{hint}")


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
