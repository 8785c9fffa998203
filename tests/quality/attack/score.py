"""The gate score: which fault was shut, by which check, and which was let through."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

SURVIVORS_BY_DESIGN = {
    "demo: missing provider": "by design 2 a provider that did not send its newest month is an incomplete month, marked so in every "
    "mart and warned about (`completeness.provider_months`), not a reason to publish nothing",
    "a test and its line in the registry both removed (a reviewed change)": "the registry is the project's own file: its diff is what "
    "people review, and the gate cannot know better than the reviewed registry",
}
# What a home of 20,000 people is too small to tell from chance; the tests of the rules show from which size each shuts.
HALF_OF_LITTLE = (
    "half of a provider's month is a few dozen rows here and no certainty: among thousands of comparisons the limit is 5 standard "
    "errors; half of a month is shut from about 150 rows a month on"
)
SURVIVORS_BY_SIZE = {
    "admissions: every second row of a provider's last month lost": HALF_OF_LITTLE,
    "emergency care: every second row of a provider's last month lost": HALF_OF_LITTLE,
    "emergency care: all type 1": "a provider has too few attendances a month here for `drift.category_mix` to judge its mix",
    "deaths: half of them lost": "some 15 people die in a month here, and half of a few months of those is no certainty at four standard "
    "errors; half of nine months of 15 is shut",
}


class Outcome(BaseModel):
    """`by` names the checks (or the rule of refusal) that shut; empty when the fault was let through."""

    fault: str
    group: str
    stage: str
    by: list[str]

    @property
    def is_shut(self) -> bool:
        return bool(self.by)


def write_score(file: Path, outcomes: list[Outcome], heading: str) -> None:
    shut = sum(outcome.is_shut for outcome in outcomes)
    lines = [
        "# Gate score",
        "",
        heading,
        "",
        f"**{shut} of {len(outcomes)} faults shut ({100 * shut / len(outcomes):.1f} %).** Each was planted alone.",
        "",
    ]
    survivors = [outcome for outcome in outcomes if not outcome.is_shut]
    reasons = SURVIVORS_BY_DESIGN | SURVIVORS_BY_SIZE
    if survivors:
        lines += ["## Let through", "", "| fault | why |", "|---|---|"]
        lines += [f"| {o.fault} | {reasons.get(o.fault, 'no check sees it yet')} |" for o in survivors]
        lines.append("")
    lines += ["## Every fault", "", "| fault | group | where it stopped | with which check |", "|---|---|---|---|"]
    for outcome in sorted(outcomes, key=lambda o: (o.group, o.fault)):
        shown = ", ".join(f"`{check}`" for check in outcome.by[:4]) + (
            f" and {len(outcome.by) - 4} more" if len(outcome.by) > 4 else ""
        )
        lines.append(f"| {outcome.fault} | {outcome.group} | {outcome.stage} | {shown or 'let through'} |")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
