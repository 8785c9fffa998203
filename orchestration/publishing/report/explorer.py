"""The explorer: every indicator, group of people and area of the marts, from `file://`, without a network or a library.

The page holds what there is to choose from; a figure's series lies beside it in a script file that the page loads when it is asked
for (a browser lets no page read other files from a disk, but scripts it does). DuckDB writes the series as JSON: a set per file.

    explorer.html                               the page, its script within (about 12 kB; no chart library: Vega's is 877 kB)
    explorer/<indicator>.js                     12-month figures of every group of people, monthly figures and charts of everybody,
                                                what is said of each area and what to ask next
    explorer/<indicator>.<cohort>.js            monthly figures of one group of people
"""

from __future__ import annotations

import base64
import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2

from orchestration.foundation.warehouse import Warehouse
from orchestration.publishing.report import wording
from orchestration.publishing.report.data import COHORT, Indicator, ReportData
from orchestration.publishing.report.glance import Verdicts

AREA_TYPES = "('int', 'hcp', 'icb')"
# a rate as people compare it: four decimals are finer than any chart or table shows, and a file a third smaller
DECIMALS = 4
SIGNS = {"improvement": "i", "concern": "c", "neither": "n", "common_cause": "-", "unknown": "?", "never_judged": "?"}

# sorted once as rows: fifteen lists, each sorted by itself, took twice as long
MONTHLY = f"""
    select
        indicator_id, cohort_id, area_type || ':' || area_code as area,
        json_object(
            'm', year(months[1].month) * 12 + month(months[1].month) - 1,
            'v', [m.v for m in months],
            'a', [m.a for m in months],
            'lo', [m.lo for m in months],
            'hi', [m.hi for m in months],
            'n', [m.n for m in months],
            'd', [m.d for m in months],
            't', [m.t for m in months],
            's', array_to_string([m.s for m in months], ''),
            'w', [m.w for m in months],
            'c', [m.c for m in months],
            'l', [m.l for m in months],
            'u', [m.u for m in months],
            'k', array_to_string([m.k for m in months], ''),
            'x', [m.x for m in months]
        ) as series,
        len(months) = date_diff('month', months[1].month, months[-1].month) + 1 as is_dense
    from (
        select v.indicator_id, v.cohort_id, v.area_type, v.area_code, list({{
            'month': v.month,
            'v': round(v.value, {DECIMALS}),
            'a': round(s.adjusted_value, {DECIMALS}),
            'lo': round(v.value_lower_95, {DECIMALS}),
            'hi': round(v.value_upper_95, {DECIMALS}),
            'n': v.numerator,
            'd': round(v.denominator, 1),
            't': round(v.target_value, {DECIMALS}),
            's': left(v.period_status, 1),
            'w': v.null_reason,
            'c': round(s.centre_line, {DECIMALS}),
            'l': round(s.lower_process_limit, {DECIMALS}),
            'u': round(s.upper_process_limit, {DECIMALS}),
            'k': case s.variation when 'improvement' then 'i' when 'concern' then 'c' when 'neither' then 'n' else '-' end,
            'x': case when s.special_cause <> 'none' then s.special_cause end
        }} order by v.month) as months
        from marts.indicator_values as v
        left join marts.indicator_spc as s
          on s.indicator_id = v.indicator_id and s.cohort_id = v.cohort_id and s.area_type = v.area_type
         and s.area_code = v.area_code and s.month = v.month
        where v.period = 'month' and v.area_type in {AREA_TYPES} and v.indicator_id = ?
        group by all
    )
"""

YEARLY = f"""
    with windows as (
        select * from marts.indicator_values where period = 'rolling_12_months' and area_type in {AREA_TYPES}
    ), newest as (
        select * from windows where period_status <> 'incomplete' and value is not null
        qualify row_number() over (partition by indicator_id, cohort_id, area_type, area_code order by month desc) = 1
    )
    select
        n.indicator_id, n.cohort_id, n.area_type || ':' || n.area_code as area,
        json_array(
            year(n.month) * 12 + month(n.month) - 1, round(n.value, {DECIMALS}), round(n.value_lower_95, {DECIMALS}),
            round(n.value_upper_95, {DECIMALS}), n.numerator,
            -- no year beside one that was recorded another way (definitions E9), and none that lacks a sender
            case
                when before.period_status <> 'incomplete' and first.phase is not distinct from last.phase
                    then round(before.value, {DECIMALS})
            end,
            round(n.comparator_value, {DECIMALS}),
            round(n.standardised_value, {DECIMALS}), round(n.target_value, {DECIMALS}), round(n.trajectory_value, {DECIMALS}),
            left(n.period_status, 1)
        ) as figures
    from newest as n
    left join windows as before
      on before.indicator_id = n.indicator_id and before.cohort_id = n.cohort_id and before.area_type = n.area_type
     and before.area_code = n.area_code and before.month = n.month - interval 1 year
    left join marts.indicator_spc as last
      on last.indicator_id = n.indicator_id and last.cohort_id = '{COHORT}' and last.area_type = n.area_type
     and last.area_code = n.area_code and last.month = n.month
    left join marts.indicator_spc as first
      on first.indicator_id = n.indicator_id and first.cohort_id = '{COHORT}' and first.area_type = n.area_type
     and first.area_code = n.area_code and first.month = n.month - interval 23 months
"""


def write_explorer(
    folder: Path,
    warehouse: Warehouse,
    data: ReportData,
    verdicts: Verdicts,
    environment: jinja2.Environment,
    shared: dict[str, Any],
) -> None:
    """`explorer.html` and `explorer/`. Raises `ValueError` where a series has holes that a list of months cannot hold."""
    series = folder / "explorer"
    series.mkdir()
    cohorts = _write_series(series, warehouse, data, verdicts)
    script = (Path(__file__).parent / "templates" / "explorer.js").read_text(encoding="utf-8")
    page = environment.get_template("explorer.html.j2").render(
        **shared,
        choices=_json(_choices(warehouse, data, verdicts, cohorts)),
        script=script,
        script_hash=script_hash(script),
    )
    (folder / "explorer.html").write_text(page, encoding="utf-8", newline="\n")


def _json(value: Any) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def script_hash(script: str) -> str:
    """What a content security policy calls a script by, so that no other may run in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _object(key: str, value: str) -> str:
    """SQL of a JSON object with its keys in order: the same bytes whatever the order of rows."""
    return f"'{{' || string_agg(cast(to_json({key}) as varchar) || ':' || {value}, ',' order by {key}) || '}}'"


def _write_series(folder: Path, warehouse: Warehouse, data: ReportData, verdicts: Verdicts) -> dict[str, list[str]]:
    """One file for each indicator and group; returns the groups of each indicator, everybody first."""
    known = {indicator.indicator_id: indicator for indicator in data.every}
    years = dict(
        warehouse.rows(
            f"with figures as ({YEARLY}), cohorts as (select indicator_id, cohort_id, {_object('area', 'figures')} "
            "as areas from figures group by all) "
            f"select indicator_id, {_object('cohort_id', 'areas')} from cohorts group by all"
        )
    )
    groups: dict[str, list[str]] = {}

    def write(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8", newline="\n")

    def everybody(indicator_id: str, areas: str) -> None:
        """Of what comes by period, or has not come, there are no months: only what is said of it."""
        about = _json(_about(data, verdicts, known[indicator_id]))
        write(
            f"{indicator_id}.js",
            f'X.put("{indicator_id}","{COHORT}",{areas},{years.get(indicator_id, "{}")},{about});\n',
        )

    # one indicator at a time: the lists of all of them took more than 2 GB
    monthly = (
        f"with series as ({MONTHLY}) select indicator_id, cohort_id, {_object('area', 'series')}, min(area) filter (where not is_dense) "
        "from series group by indicator_id, cohort_id order by nullif(cohort_id, 'all') nulls first"
    )
    for indicator_id, cohort_id, areas, hole in chain.from_iterable(
        warehouse.rows(monthly, [indicator_id]) for indicator_id in sorted(known)
    ):
        if hole is not None:
            raise ValueError(
                f"the monthly figures of {indicator_id} ({cohort_id}) in {hole} have months missing between the first and the last"
            )
        groups.setdefault(indicator_id, []).append(cohort_id)
        if cohort_id == COHORT:
            everybody(indicator_id, areas)
        else:
            write(f"{indicator_id}.{cohort_id}.js", f'X.put("{indicator_id}","{cohort_id}",{areas});\n')
    for indicator_id in sorted(known.keys() - groups.keys()):
        everybody(indicator_id, "{}")
        groups[indicator_id] = [COHORT]
    return groups


def _choices(
    warehouse: Warehouse, data: ReportData, verdicts: Verdicts, cohorts: dict[str, list[str]]
) -> dict[str, Any]:
    """What the page offers: areas, indicators by theme, groups of people, the words for codes, and each area's newest verdicts."""
    titles = dict(warehouse.rows("select cohort_id, title from marts.dim_cohort order by 1"))
    used = sorted({cohort for of in cohorts.values() for cohort in of})
    parents = {area.code: area.name for area in data.areas.values() if area.area_type == "hcp"}
    return {
        "areas": [
            [
                f"{area.area_type}:{area.code}",
                area.name,
                parents.get(area.parent_code or "", "") if area.area_type == "int" else "",
            ]
            for area in data.areas.values()
        ],
        "indicators": [
            _choice(data, verdicts, indicator, cohorts.get(indicator.indicator_id, [])) for indicator in data.every
        ],
        "cohorts": {cohort: titles.get(cohort, cohort) for cohort in used},
        "causes": wording.CAUSE_WORDS,
        "variations": wording.VARIATION_WORDS,
    }


def _choice(data: ReportData, verdicts: Verdicts, indicator: Indicator, cohorts: list[str]) -> dict[str, Any]:
    balancing = str(indicator.facts.get("balancing_indicator_ids") or "")
    return {
        "id": indicator.indicator_id,
        "title": indicator.title,
        "theme": indicator.theme,
        "unit": wording.unit(indicator),
        "definition": indicator.definition,
        "numerator": indicator.facts.get("numerator") or "",
        "balancing": [name for name in balancing.split(";") if name],
        "cohorts": cohorts,
        # the sign of the newest complete month in each area, in the order of the areas: what the list and the filter show
        "now": "".join(SIGNS[verdicts[key][indicator.indicator_id].variation] for key in data.areas),
    }


def _said(verdict: wording.Verdict) -> str:
    """Of what stands out, or cannot: that nothing does where it was judged is said by the page itself."""
    return f"{verdict.no_figure.capitalize()}." if verdict.no_figure else verdict.this_month


def _about(data: ReportData, verdicts: Verdicts, indicator: Indicator) -> dict[str, Any]:
    """What is read once an indicator is chosen, in its own file so that the page stays small."""
    said = {key: of[indicator.indicator_id] for key, of in verdicts.items()}
    return {
        "denominator": indicator.facts.get("denominator") or "",
        "limits": indicator.facts.get("known_limitations") or "",
        "ask": list(wording.questions(indicator)),
        "said": {
            f"{kind}:{code}": _said(said[kind, code])
            for kind, code in data.areas
            if said[kind, code].variation != "common_cause"
        },
    }
