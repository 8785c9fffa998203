"""Check results as the Dagster UI shows them: red where the gate shuts, yellow where it only warns, and what to do. Counts only."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from orchestration.foundation.checks import CheckResult, Severity, State

STATES = {
    State.PASS: "passed",
    State.WARN: "warning",
    State.FAIL: "failed",
    State.ERROR: "could not be checked",
    State.NOT_APPLICABLE: "not applicable",
}
LONGEST_TABLE = 50


def to_dagster(result: CheckResult, asset_key: dg.AssetKey, name: str) -> dg.AssetCheckResult:
    """A check result as Dagster shows it: red where the gate would shut, yellow where it only warns, counts only."""
    passed = result.state in (State.PASS, State.NOT_APPLICABLE) or result.is_waived
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR if result.severity is Severity.BLOCK else dg.AssetCheckSeverity.WARN,
        description=result.message or None,
        metadata={
            "what_to_do": "nothing" if passed else result.what_to_do or "see the message",
            "rows_examined": result.rows_examined,
            "violations": result.violations,
            "state": STATES[result.state] + (", waived" if result.is_waived else ""),
            "owner": result.owner,
            "check_id": result.check_id,
        },
    )


def summarise(results: list[CheckResult], subject: str) -> CheckResult:
    """Several results about one subject as one: the worst state, the sum of the violations, every message."""
    order = [State.PASS, State.NOT_APPLICABLE, State.WARN, State.FAIL, State.ERROR]
    worst = max(
        results,
        key=lambda r: (r.severity is Severity.BLOCK and r.state in (State.FAIL, State.ERROR), order.index(r.state)),
    )
    bad = [r for r in results if r.state not in (State.PASS, State.NOT_APPLICABLE)]
    return worst.model_copy(
        update={
            "subject": subject,
            "rows_examined": max(r.rows_examined for r in results),
            "violations": sum(r.violations for r in bad),
            "message": "; ".join(f"{r.check_id}: {r.message}" for r in bad) or f"{len(results)} checks passed",
            "what_to_do": " ".join(dict.fromkeys(r.what_to_do for r in bad if r.what_to_do)),
        }
    )


def table_of(results: Iterable[CheckResult]) -> str:
    """What did not pass, as a Markdown table, the worst first; one sentence when everything passed."""
    order = list(STATES)
    bad = sorted(
        (r for r in results if r.state not in (State.PASS, State.NOT_APPLICABLE)),
        key=lambda r: (r.is_waived, r.severity is Severity.WARN, -order.index(r.state), r.check_id, r.subject),
    )
    if not bad:
        return "Every check passed."
    lines = [
        "| check | about | state | rows examined | violations | what happened | what to do |",
        "|---|---|---|---:|---:|---|---|",
    ]
    for r in bad[:LONGEST_TABLE]:
        state = STATES[r.state] + (
            ", waived" if r.is_waived else "" if r.severity is Severity.BLOCK else ", warns only"
        )
        cells = [r.check_id, r.subject, state, f"{r.rows_examined:,}", f"{r.violations:,}", r.message, r.what_to_do]
        lines.append("| " + " | ".join(cell(text) for text in cells) + " |")
    if len(bad) > LONGEST_TABLE:
        lines.append(f"\n{len(bad) - LONGEST_TABLE} more are on the quality page.")
    return "\n".join(lines)


def cell(text: str) -> str:
    """Text that cannot break a Markdown table; names keep their underscores."""
    return " ".join(text.split()).replace("|", "\\|").replace("_", "\\_")
