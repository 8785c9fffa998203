"""What changed since a team went live, in one place: every headline compared, within chance, too early or not known.

Nothing is judged here that `indicator_change` has not judged (definitions E16, E18); how often that is wrong is measured in docs/words.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report.changes import (
    FALSE_ALARMS,
    SAID,
    ends,
    is_too_soon,
    months_live_at,
    reckoning,
    recorded_notes,
)
from orchestration.publishing.report.data import Area, Indicator, ReportData
from orchestration.publishing.report.evaluation import VERDICTS, titles
from orchestration.publishing.report.numbers import month_count, month_name, span
from orchestration.publishing.report.spend import dicts


@dataclass(frozen=True)
class Comparison:
    """One headline before and since go-live: a row of `indicator_change`."""

    indicator: Indicator
    change: dict[str, Any]

    @property
    def said(self) -> str:
        return SAID[self.change["verdict"]]

    @property
    def periods(self) -> str:
        """`August 2025 to October 2025 against August 2024 to October 2024`."""
        return f"{span(*ends(self.change['current_period']))} against {span(*ends(self.change['baseline_period']))}"

    @property
    def is_compared(self) -> bool:
        return self.change["change_pct"] is not None


@dataclass(frozen=True)
class SinceGoLive:
    """`lead` says how long the team has been live, `summary` what came of it; `rows` are one for each headline that can be compared."""

    lead: str
    summary: str = ""
    rows: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wave: str = ""

    @property
    def by_period(self) -> list[tuple[str, list[Comparison]]]:
        """The rows under each pair of periods, which indicators may have of their own."""
        found: dict[str, list[Comparison]] = {}
        for row in self.rows:
            found.setdefault(row.periods, []).append(row)
        return list(found.items())


def read_waves(warehouse: Warehouse) -> dict[str, str]:
    """Of each team that went live with a wave, what the evaluation says of the primary outcomes registered for it. One registered only
    after go-live binds nobody: of it no more is said than that, and whether it is too early."""
    named = titles(warehouse)
    said: dict[str, list[str]] = {}
    for row in dicts(
        warehouse,
        "select plan.wave_id, plan.indicator_id, plan.cohort_id, plan.is_registered_before_go_live, effects.verdict "
        "from marts.evaluation_plan as plan inner join marts.evaluation_effects as effects "
        "on plan.wave_id = effects.aggregate_key and plan.indicator_id = effects.indicator_id and plan.cohort_id = effects.cohort_id "
        "where effects.aggregation = 'wave' and plan.role = 'primary' order by all",
    ):
        title = named.get(row["indicator_id"], row["indicator_id"]) + (
            "" if row["cohort_id"] == "all" else f" ({row['cohort_id']})"
        )
        verdict = VERDICTS[row["verdict"]]
        words = [f"{verdict[0].lower()}{verdict[1:]}"]
        if not row["is_registered_before_go_live"]:
            words = [
                *(words if row["verdict"] == "too_early" else []),
                "registered only after go-live, which binds nobody",
            ]
        said.setdefault(row["wave_id"], []).append(f"{title}: {', '.join(words)}")
    return {
        code: "; ".join(said[wave])
        for code, wave in warehouse.rows(
            "select distinct int_code, wave_id from marts.evaluation_panel where wave_id is not null order by all"
        )
        if wave in said
    }


def since_go_live(data: ReportData, area: Area, data_cut: date, waves: Mapping[str, str]) -> SinceGoLive | None:
    """Of a team; None of other areas, which do not go live. Rows are in the order of the headlines, never by size."""
    if area.area_type != "int":
        return None
    if area.go_live_month is None:
        return SinceGoLive("No go-live month has been given for this team, so there is no before and since to compare.")
    live = months_live_at(data_cut, area.go_live_month)
    if live is None:
        return SinceGoLive(
            f"Going live is dated {month_name(area.go_live_month)}, after these data end: nothing to compare yet."
        )
    whole = month_count(live).replace(" ", " whole ")
    lead = f"Live since {month_name(area.go_live_month)}: {whole} by the end of these data."
    changes = {
        i.indicator_id: row
        for i in data.indicators
        for row in data.changes.get((i.indicator_id, *area.key), ())
        if row["baseline_kind"] == "go_live"
    }
    rows = [Comparison(i, changes[i.indicator_id]) for i in data.indicators if i.indicator_id in changes]
    absent = [i.title for i in data.indicators if i.indicator_id not in changes]
    return SinceGoLive(
        lead=lead,
        summary=_summary(rows, len(data.indicators)),
        rows=rows,
        notes=[
            *recorded_notes((row.indicator, row.change) for row in rows),
            *_clock(rows, area.go_live_month),
            *_absent(absent),
        ],
        wave=waves.get(area.code, ""),
    )


def _summary(rows: list[Comparison], headlines: int) -> str:
    judged, came_of_it = reckoning([(row.indicator.title, row.change) for row in rows])
    if not judged:
        return f"None of the {headlines} headline indicators can be judged since go-live yet."
    return f"{judged} of the {headlines} headline indicators can be judged: {came_of_it}. {FALSE_ALARMS}"


def _clock(rows: list[Comparison], go_live: date) -> list[str]:
    """Rule: the comparison ends before `expected_after_months` since go-live (E18)."""
    soon: dict[int, list[str]] = {}
    for row in rows:
        if is_too_soon(row.indicator, row.change, go_live):
            soon.setdefault(int(row.indicator.facts["expected_after_months"]), []).append(row.indicator.title)
    return [
        f"Before {month_count(months)} live the framework expects no change in {', '.join(names)}: so far neither a change nor its "
        "absence there says anything of the team."
        for months, names in sorted(soon.items())
    ]


def _absent(names: list[str]) -> list[str]:
    if not names:
        return []
    return [
        f"Not compared: {', '.join(names)}. A comparison needs both periods complete, recorded in one way, and something counted "
        "in the first."
    ]
