"""Writes ``docs/indicators.md`` from the catalogue, so that words and figures cannot drift apart."""

from __future__ import annotations

import csv
from pathlib import Path

from orchestration.foundation.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "seeds"
PAGE = PROJECT_ROOT / "docs" / "indicators.md"

THEMES = {
    "contacts": "Contacts: visits per head",
    "connections": "Connections: referrals per head",
    "cost": "Cost: spend per head",
    "emergency_admissions": "Emergency admissions",
    "readmissions": "Stays and readmissions",
    "people": "People",
    "staff": "Staff activation (reported)",
    "patients": "Patient activation (reported)",
    "health": "Health improvement (reported)",
    "care": "Care planning and continuity (reported)",
    "surroundings": "What surrounds the teams (published)",
}
POLARITY = {
    "lower_is_better": "Lower is better.",
    "higher_is_better": "Higher is better.",
    "neutral": "Neither high nor low is good in itself.",
}
LIMITS = {
    "poisson": "95 % limits: exact Poisson below 10 events, Byar's method from 10.",
    "wilson": "95 % limits: Wilson's method.",
    "t": "95 % limits: Student's t.",
    "net_promoter": "95 % limits: normal, from the variance of answers worth 1, 0 and -1.",
    "none": "No limits: it is not a count of separate events.",
}
STANDARDISATION = {
    "direct_esp2013": "Also standardised for age (European Standard Population 2013, 19 bands; not below 10 events).",
    "indirect_icb": "Also standardised for age and sex against the ICB's own rates.",
}
COHORT_KINDS = {
    "age": "age groups",
    "sex": "sex",
    "imd_quintile": "deprivation quintiles",
    "event_flag": "frailty, mental health and no fixed abode",
    "person_list": "each delivered list of people",
}

INTRODUCTION = """# What each indicator means

Written by `publishing/indicator_docs.py` from `seeds/indicator_catalogue.csv` and `seeds/cohorts.csv`: change the words there.

Every indicator is worked out for each team (INT), network (PCN), partnership (HCP) and the ICB, for each month and for each 12 months.
A month's rate is for that month, not for a year. A 12-month rate is the year's events against the average of its 12 monthly lists.
*Final* figures will not move much any more; *provisional* ones may; *incomplete* ones lack something and are never judged.
A figure that cannot be known is left out with its reason, never shown as nought.
Reported measures (staff, patients, health, care) come as they are reported, by practice or team, for a period of their own; they are
of everybody, and withheld where few answered or where a neighbour's figure could be worked out by subtraction.

**Reading the limits.** The 95 % limits say how far chance alone could have moved a figure. On a process chart a point is marked
only when it is outside its limits, or 7 points rise or fall in a row, or 2 of 3 lie near a limit, or 7 lie on one side of the
average. A funnel shows whether an area differs from the others by more than chance and the usual spread between neighbourhoods
would explain. It is not a league table. The limits of a change between two years are wider where people come back and months vary
together. Chance marks a point now and then even when nothing has changed. Structure measures (accounts and coverage) are shown
without limits, because chance does not move them.
"""


def read_seed(name: str, seeds: Path = SEEDS) -> list[dict[str, str]]:
    """The rows of one seed, in file order, every value as text."""
    with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def indicator_section(row: dict[str, str]) -> str:
    """One indicator in words."""
    kinds = [COHORT_KINDS[kind] for kind in row["cohorts"].split(";") if kind]
    facts = [
        f"**Counted:** {row['numerator']}. **Divided by:** {row['denominator']}. **Shown as:** {row['unit']}.",
        " ".join(
            filter(
                None, [POLARITY[row["polarity"]], LIMITS[row["limits"]], STANDARDISATION.get(row["standardisation"])]
            )
        ),
    ]
    if row["maturity_lag_days"] != "0":
        facts.append(f"Known only once {row['maturity_lag_days']} days have passed after the month; empty until then.")
    if kinds:
        facts.append(f"Also worked out by {', '.join(kinds)}.")
    if row["known_limitations"]:
        facts.append(f"**What it does not see:** {row['known_limitations']}")
    facts.append(
        f"`{row['indicator_id']}` · {row['donabedian_type']} measure · version {row['definition_version']} · "
        f"source: {row['source']} · owner: {row['owner']}"
    )
    headline = " ★" if row["is_headline"] == "true" else ""
    return "\n\n".join([f"### {row['title']}{headline}", row["definition"], *facts])


def indicators_page(seeds: Path = SEEDS) -> str:
    """The whole page, deterministic in the seeds."""
    catalogue, cohorts = read_seed("indicator_catalogue", seeds), read_seed("cohorts", seeds)
    parts = [INTRODUCTION.strip(), "★ marks the headline indicators of the report."]
    for theme, heading in THEMES.items():
        parts.append(f"## {heading}")
        parts += [indicator_section(row) for row in catalogue if row["theme"] == theme]
    parts.append("## What the framework names")
    parts.append(
        "Each measure of the INT framework, the indicators that say it, and why there is none for a team where there is none.\n\n"
        "| column | measure | indicators | at team level |\n|---|---|---|---|\n"
        + "\n".join(
            f"| {row['framework_column']} | {row['measure']} | "
            f"{', '.join(f'`{one}`' for one in row['indicator_ids'].split(';') if one)} | {row['why_not_at_team_level']} |"
            for row in read_seed("framework_measures", seeds)
        )
    )
    parts.append("## Cohorts")
    parts.append(
        "A list delivered in the feed `person_cohorts` is a cohort of its own: its members are counted and divided by.\n\n"
        "| cohort | who | |\n|---|---|---|\n"
        + "\n".join(f"| `{row['cohort_id']}` | {row['title']} | {row['description']} |" for row in cohorts)
    )
    parts.append(
        "Lists that the framework's local priorities ask for; none is required, and any other list may come.\n\n"
        "| list | who | |\n|---|---|---|\n"
        + "\n".join(
            f"| `{row['cohort_id']}` | {row['title']} | {row['description']} |"
            for row in read_seed("expected_lists", seeds)
        )
    )
    return "\n\n".join(parts) + "\n"


def write_indicators_page(page: Path = PAGE) -> bool:
    """Bring the page up to date; returns whether it changed."""
    text = indicators_page()
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return False
    page.write_text(text, encoding="utf-8")
    return True
