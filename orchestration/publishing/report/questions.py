"""What to ask next when an indicator stands out."""

from __future__ import annotations

from orchestration.publishing.report.data import Indicator

# what a team can look at when a chart has signalled: never a cause, always a place to look
QUESTIONS = {
    "contacts": (
        "Did the way of recording or counting change in that month (a new system, a clinic that moved)?",
        "Which ages and which practices carry the change?",
        "What happened to the other ways of being seen in the same months?",
    ),
    "connections": (
        "Did a pathway open, close or move to advice and guidance?",
        "Which specialties carry the change?",
        "Did waiting for a first appointment change as well?",
    ),
    "cost": (
        "Is it activity or price: did the constant-price figure move too?",
        "Which points of delivery carry the change, and is all of their activity priced?",
        "Did a contract start, end or change its form?",
    ),
    "emergency_admissions": (
        "Is it stays of no night, or of a night and more?",
        "Did same-day emergency care open or change how it is recorded at the main hospital?",
        "Which ages carry the change, and did readmissions move with it?",
    ),
    "readmissions": (
        "Did length of stay fall in the same months?",
        "Are the months complete: is follow-up over, and has every hospital reported?",
        "Which discharges were followed by a return, by age?",
    ),
    "people": (
        "How many people is it? A handful can move this figure.",
        "Are these people known to the team, and when did they last have a review?",
        "What would have been an alternative to the last contact?",
    ),
}


def questions(indicator: Indicator) -> tuple[str, ...]:
    """What to ask next when an indicator stands out, by its theme."""
    return QUESTIONS.get(indicator.theme, QUESTIONS["contacts"])
