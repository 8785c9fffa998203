"""The programme's own validation of a return, so that a file is not sent only to come back."""

from __future__ import annotations

from pathlib import Path

from orchestration.foundation.errors import UsageError
from orchestration.publishing.nnhip.rules import Rules, load_rules
from orchestration.publishing.nnhip.workbook import Value, Workbook


def _squash(value: Value) -> str:
    return " ".join(str("" if value is None else value).split()).casefold()


def layout_problems(workbook: Workbook, rules: Rules) -> list[str]:
    """Missing sheets, and cells where the template's labels are not those of the version that the rules describe."""
    if missing := [name for name in rules.required_sheets if name not in workbook.sheets]:
        return [f"sheet {name} is missing" for name in missing]
    submission = rules.sheets["submission"]
    labels = {f"{letters}{column.header_row}": column.header for letters, column in rules.columns.items()}
    for measure in rules.measures:
        labels |= {f"A{measure.row}": measure.metric_id, f"C{measure.row}": measure.label}
    labels |= {f"C{row}": rules.cohort_rows.label for row in rules.cohort_rows.rows}
    labels |= {
        f"A{rules.caseload_row.row}": rules.caseload_row.metric_id,
        f"C{rules.caseload_row.row}": rules.caseload_row.label,
    }
    return [
        f"{submission}!{reference} should read {label!r}"
        for reference, label in labels.items()
        if _squash(workbook.value(submission, reference)) != _squash(label)
    ]


def require_template(workbook: Workbook, rules: Rules) -> None:
    if problems := layout_problems(workbook, rules):
        raise UsageError(f"the file is not NNHIP collection template {rules.template_version}: {problems[0]}")


def check_return(path: Path) -> list[str]:
    """What the programme would refuse: file type, sheets, place, period, labels, empty cells, text or fractions where counts belong."""
    rules = load_rules()
    if path.suffix.lower() != ".xlsx":
        return [f"{path.name}: the programme takes .xlsx only"]
    workbook = Workbook(path)
    if problems := layout_problems(workbook, rules):
        return problems
    instructions, submission, lookups = (rules.sheets[name] for name in ("instructions", "submission", "lookups"))
    problems = []
    for reference, lookup, words in (
        (rules.place_cell, rules.places, "Project Name"),
        (rules.period_cell, rules.periods, "Submission Period"),
    ):
        value = workbook.value(instructions, reference)
        if value is None or value not in list(workbook.column(lookups, lookup.column, lookup.first_row)):
            problems.append(f"{instructions}!{reference} {words} is not in the template's list")
    rows = [m.row for m in rules.measures] + list(rules.cohort_rows.rows) + [rules.caseload_row.row]
    for row in sorted(rows):
        for letters in rules.columns:
            value = workbook.value(submission, f"{letters}{row}")
            if value is None:
                problems.append(f"{submission}!{letters}{row} is empty")
            elif value == rules.suppression_mark:
                continue
            elif not isinstance(value, int):
                problems.append(f"{submission}!{letters}{row} is not a whole number")
            elif value < rules.suppress_below:
                problems.append(f"{submission}!{letters}{row} is below {rules.suppress_below} and not suppressed")
    return problems
