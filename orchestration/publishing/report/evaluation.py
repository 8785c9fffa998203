"""The page “Does it work?”: for each outcome a picture, a table, the verdict in words, and what the design cannot say.

Its sentences are these and no others. None of them says why: an effect is a difference to teams not yet live.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from orchestration.build.evaluation import LEAST_MONTHS_AFTER
from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.spend import dicts
from orchestration.publishing.report.svg import BOTTOM, LEFT, RIGHT, TOP, Plane, mark, picture, short, steps
from orchestration.publishing.report.wording import number, signed

VERDICTS = {
    "too_early": "Too early to say",
    "not_detectable": "Nothing could be seen with these teams and months",
    "pre_trends_differ": "The teams were on another way before they went live",
    "no_evidence": "No evidence of a difference",
    "evidence_lower": "Evidence of lower figures",
    "evidence_higher": "Evidence of higher figures",
}
REASONS = {
    "incomplete": "the month is not complete",
    "before_a_break": "before a dated change of recording",
    "break_in_series": "a dated change of recording within the team’s months",
    "month_not_known_for_all": "more than a tenth of the teams do not know the month",
    "team_has_unknown_months": "the team does not know all of the months",
    "live_before_the_first_month": "live before the first month, so without a before",
}
ROLES = {"primary": 0, "balancing": 1, "exploratory": 2}
WIDTH, HEIGHT = 580, 210


@dataclass(frozen=True)
class Outcome:
    """One outcome on the page; `overall` is its simple mean."""

    indicator_id: str
    title: str
    overall: dict[str, Any]
    rows: list[dict[str, Any]]
    words: list[str]
    chart: Markup
    left_out: list[str]


def write_evaluation_page(
    folder: Path, warehouse: Warehouse, environment: jinja2.Environment, shared: dict[str, Any]
) -> None:
    outcomes = read_outcomes(warehouse)
    planned = [outcome for outcome in outcomes if outcome.overall["role"] != "exploratory"]
    page = environment.get_template("evaluation.html.j2").render(
        **shared,
        title="Does it work?",
        planned=planned,
        exploratory=[outcome for outcome in outcomes if outcome not in planned],
        balancing=[outcome for outcome in outcomes if outcome.overall["role"] == "balancing"],
        plan=dicts(warehouse, "select * from marts.evaluation_plan order by all"),
        whole=whole_partnerships(warehouse),
        returns=read_returns(warehouse),
        VERDICTS=VERDICTS,
        titles=titles(warehouse),
    )
    (folder / "evaluation.html").write_text(page, encoding="utf-8", newline="\n")


def titles(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.rows("select indicator_id, title from marts.dim_indicator"))


def read_outcomes(warehouse: Warehouse) -> list[Outcome]:
    named = titles(warehouse)
    left_out: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in dicts(
        warehouse,
        "select indicator_id, cohort_id, reason, count(*) as cells, count(distinct int_code) as teams, "
        "count(distinct month) as months from marts.evaluation_panel where not is_used group by all order by all",
    ):
        reason = REASONS.get(row["reason"], row["reason"].replace("_", " "))
        left_out[row["indicator_id"], row["cohort_id"]].append(
            f"{row['cells']} team-months ({row['teams']} teams, {_months(row['months'])}): {reason}"
        )
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(
        warehouse,
        "select effects.*, indicators.expected_after_months from marts.evaluation_effects as effects "
        "left join marts.dim_indicator as indicators using (indicator_id) order by all",
    ):
        groups[row["indicator_id"], row["cohort_id"]].append(row)
    outcomes = []
    for key, rows in groups.items():
        overall = next(row for row in rows if row["aggregation"] == "simple")
        title = named.get(key[0], key[0]) + ("" if key[1] == "all" else f" ({key[1]})")
        outcomes.append(
            Outcome(
                key[0],
                title,
                overall,
                [overall, *sorted((r for r in rows if r["aggregation"] == "wave"), key=lambda r: r["aggregate_key"])],
                sentences(overall, _teams_so_long(rows)),
                Markup(event_chart([row for row in rows if row["aggregation"] == "event"], title)),
                left_out.get(key, []),
            )
        )
    return sorted(outcomes, key=lambda o: (ROLES.get(o.overall["role"], 9), o.title, o.indicator_id))


def read_returns(warehouse: Warehouse) -> list[dict[str, Any]]:
    """One row per wave and outcome, with the net value at each realisation side by side."""
    groups: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(
        warehouse, "select * from marts.evaluation_return order by indicator_id, cohort_id, wave_id, realisation desc"
    ):
        groups[row["indicator_id"], row["cohort_id"], row["wave_id"]].append(row)
    return [rows[0] | {"at": rows} for rows in groups.values()]


def _teams_so_long(rows: list[dict[str, Any]]) -> int | None:
    """Teams that have the last month after the first go-live: those of the latest row by month since go-live."""
    events = [r for r in rows if r["aggregation"] == "event" and r["aggregate_key"] != "overall"]
    since = [(int(r["aggregate_key"]), int(r["teams_treated"])) for r in events]
    return max(since)[1] if since and max(since)[0] >= 0 else None


def sentences(row: dict[str, Any], teams_so_long: int | None = None) -> list[str]:
    """What may be said of one row: what was seen, how sure it is, and what could have been seen. `teams_so_long`: how many of the teams
    have all the months since the first go-live."""
    low, high = row["effect_pct_lower_95"], row["effect_pct_upper_95"]
    seen = (
        f"Since go-live {signed(row['effect_pct'])} % against teams not yet live (analytic 95 % limits "
        f"{signed(low)} to {signed(high)} %), from {row['teams_treated']} teams and at least {row['teams_control']} "
        f"not yet live, {_months(row['months_after'])} from the first go-live on"
        + (
            f"; {teams_so_long} of the {row['teams_treated']} teams {'has' if teams_so_long == 1 else 'have'} the last of these months, "
            "the others fewer."
            if teams_so_long is not None and teams_so_long < row["teams_treated"]
            else "."
        )
    )
    said = [f"{VERDICTS[row['verdict']]}. {_because(row)}", seen]
    if row["permutation_p"] is not None:
        said.append(
            f"Had the same go-live dates fallen to other teams of the same partnerships, a difference as large would "
            f"have come in {number(100 * row['permutation_p'])} % of cases (the smallest possible share is "
            f"{number(100 * row['smallest_possible_p'])} %)."
        )
    if row["detectable_effect_pct"] is not None:
        said.append(
            f"With these teams and months a difference would have had to be {number(row['detectable_effect_pct'])} % to "
            "be found in four cases of five"
            + ("; no fall can be as large." if row["detectable_effect_pct"] >= 100 else ".")
        )
    if row["leave_one_out_low_pct"] is not None:
        said.append(
            f"Leaving out one team at a time gives {signed(row['leave_one_out_low_pct'])} to "
            f"{signed(row['leave_one_out_high_pct'])} %."
        )
    return said


def _because(row: dict[str, Any]) -> str:
    """The second half of a verdict's sentence."""
    return {
        "too_early": f"{_months(row['months_after'])} from the first go-live on; this outcome is not judged before "
        f"{_months(max(LEAST_MONTHS_AFTER, row['expected_after_months'] or 0))}, so nothing is claimed either way.",
        "not_detectable": "Only a difference larger than any such programme has made would have shown.",
        "pre_trends_differ": "So what differs afterwards says nothing about going live.",
        "no_evidence": "A smaller difference than could be found may still be there.",
        "evidence_lower": "More than chance gives, also against teams that began at the same level; the figures do not say why.",
        "evidence_higher": "More than chance gives, also against teams that began at the same level; the figures do not say why.",
    }[row["verdict"]]


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def whole_partnerships(warehouse: Warehouse) -> list[str]:
    """Partnerships of whose teams all are live: nothing of their own to compare with."""
    return [
        name
        for (name,) in warehouse.rows(
            "select hcp_name from marts.dim_int where is_current and not is_special group by hcp_name "
            "having bool_and(coalesce(months_since_go_live, -1) >= 0) order by hcp_name"
        )
    ]


def event_chart(rows: list[dict[str, Any]], title: str) -> str:
    """Effect by month since go-live, with limits; what lies before go-live is to the left of the upright line."""
    points = sorted(
        (int(row["aggregate_key"]), row["effect_pct"], row["effect_pct_lower_95"], row["effect_pct_upper_95"])
        for row in rows
        if row["aggregate_key"] != "overall" and row["effect_pct"] is not None
    )
    if not points:
        return ""
    ends = [0.0, *(value for _, *values in points for value in values if value is not None)]
    plane = Plane(WIDTH, HEIGHT, points[0][0] - 0.5, points[-1][0] + 0.5, steps(min(ends), max(ends), 5))
    every = 6 if len(points) > 20 else 3 if len(points) > 8 else 1
    bars = "".join(
        f"M{short(plane.x(at))},{short(plane.y(low))}V{short(plane.y(high))}"
        for at, _, low, high in points
        if low is not None and high is not None
    )
    dots = "".join(
        f'<path d="{mark("circle", 40)}" transform="translate({short(plane.x(at))},{short(plane.y(value))})" '
        f'fill="{"var(--common-cause)" if at < 0 else "var(--own)"}"/>'
        for at, value, _, _ in points
    )
    start = short(plane.x(-0.5))
    inside = (
        plane.y_axis()
        + plane.x_axis(
            [(at, str(at).replace("-", "−")) for at, *_ in points if at % every == 0], "months since go-live"
        )
        + f'<path d="{plane.level(plane.x_low, plane.x_high, 0.0)}" stroke="var(--ink)"/>'
        + f'<path d="M{start},{TOP}V{short(plane.floor)}" stroke="var(--rule)" stroke-dasharray="4 3"/>'
        + f'<path d="{bars}" stroke="var(--common-cause)"/>'
        + dots
    )
    name = escape(f"{title}: difference to teams not yet live in per cent, by month since go-live, with 95 % limits.")
    return picture(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM + 20, name, inside)
