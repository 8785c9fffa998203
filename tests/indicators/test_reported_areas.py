"""Reported measures between areas: months beside quarters of another level, totals and their parts, areas that nobody knows."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random

import numpy as np
import pytest

from tests.indicators.harness import Bench
from tests.indicators.test_reported import MARCH, PLACES, TEAMS, build, figure, row

QUARTER = (dt.date(2025, 1, 1), dt.date(2025, 3, 31))
FIRSTS = [dt.date(2025, month, 1) for month in (1, 2, 3)]
EACH_MONTH = [
    (first, (first.replace(month=first.month + 1) if first.month < 12 else first) - dt.timedelta(1)) for first in FIRSTS
]
RESTS = ("rest of H1", "rest of H2")
FEWEST = 5
# an answer's place is told by the people who were asked: one bit each, above the largest number of replies
BIT_OF_FIRST = 6


def leaves_of(area: tuple[str, str]) -> list[str]:
    """Practices (and what a partnership has beside its teams) that an area is made of."""
    kind, code = area
    place = {
        "practice": lambda p: p,
        "int": lambda p: PLACES[p][0],
        "hcp": lambda p: PLACES[p][2],
        "icb": lambda p: "QXX",
    }[kind]
    rests = [rest for rest in RESTS if kind == "icb" or (kind == "hcp" and rest.endswith(code))]
    return [p for p in PLACES if place(p) == code] + rests


@pytest.mark.parametrize("seed", range(80))
def test_no_hidden_month_is_left_over_by_a_quarter_of_another_level(bench: Bench, seed: int) -> None:
    """Whoever knows all that is shown solves the equations of all areas, months and quarters: no team's month or quarter of fewer than five
    people is among the solutions, nor what a partnership has beside its teams."""
    draw = random.Random(seed)
    leaves = list(itertools.product([*PLACES, *RESTS], range(3)))
    sizes = draw.choice([[1, 2, 3, 4, 6, 9, 20, 40], [3, 20, 30, 40, 40, 40, 40]])
    replies = {leaf: draw.choice(sizes) for leaf in leaves}
    with_rests, often = draw.random() < 0.3, draw.choice([0.8, 1.0])
    for leaf in leaves:
        if leaf[0] in RESTS and not with_rests:
            replies[leaf] = 0
    bit = {leaf: 1 << (number + BIT_OF_FIRST) for number, leaf in enumerate(leaves)}

    def reported(area: tuple[str, str], months: list[int]) -> dict:
        of = [leaf for leaf in leaves if leaf[0] in leaves_of(area) and leaf[1] in months]
        n = sum(replies[leaf] for leaf in of)
        period = (EACH_MONTH[months[0]][0], EACH_MONTH[months[-1]][1])
        return row(
            "staff_enps", area, period, replies=n, promoters=n, detractors=0, invited=sum(bit[leaf] for leaf in of)
        )

    def both(area: tuple[str, str], chances: tuple[float, float]) -> list[dict]:
        quarter = [reported(area, [0, 1, 2])] if draw.random() < chances[0] else []
        months = [reported(area, [m]) for m in range(3) if draw.random() < often] if draw.random() < chances[1] else []
        return quarter + months

    rows = []
    for team in TEAMS:
        if draw.random() < 0.5:
            rows += both(("int", team), (0.4, 0.7))
        else:
            rows += [r for practice in leaves_of(("int", team)) for r in both(("practice", practice), (0.1, 0.9))]
            rows += both(("int", team), (0.5, 0.0))
    rows += both(("practice", "A00008"), (0.2, 0.3))
    rows += [r for code in ("H1", "H2") for r in both(("hcp", code), (0.4, 0.3))]
    rows += both(("icb", "QXX"), (0.3, 0.2))

    build(bench, rows)
    shown = bench.rows(
        "select f.area_type, f.area_code, f.month, f.replies, c.invited from indicators.reported_figures as f "
        "join indicators.reported_area_cells as c on f.indicator_id = c.measure_id and f.boundary = c.boundary and f.month = c.month "
        "and f.area_type = c.area_type and f.area_code = c.area_code where f.value is not null"
    )
    assert not any(shown.replies < FEWEST)
    equations = [[bool(int(invited) & bit[leaf]) for leaf in leaves] for invited in shown.invited]
    known = np.array(equations, dtype=float).reshape(-1, len(leaves))
    rank = np.linalg.matrix_rank(known) if len(known) else 0
    areas = [*(("int", team) for team in TEAMS), ("hcp", "H1"), ("hcp", "H2")]
    targets = [(area, months) for area in areas for months in ([0], [1], [2], [0, 1, 2])]
    private = [
        [leaf for leaf in leaves if leaf[0] in leaves_of(area) and leaf[1] in months] for area, months in targets
    ]
    private += [[(rest, month)] for rest in RESTS for month in range(3) if with_rests]
    for target in private:
        if 0 < sum(replies[leaf] for leaf in target) < FEWEST:
            wanted = np.array([[leaf in target for leaf in leaves]], dtype=float)
            assert np.linalg.matrix_rank(np.vstack([known, wanted])) > rank, (
                target,
                [replies[leaf] for leaf in target],
            )


def of(code: tuple[str, str], numerator: int, denominator: int, period: tuple[dt.date, dt.date] = MARCH) -> dict:
    return row("smoking_pct", code, period, numerator=numerator, denominator=denominator)


def test_no_total_is_smaller_than_what_its_parts_report(bench: Bench) -> None:
    """The ICB is the sum of its partnerships as they report themselves, not of the few teams that came."""
    rows = [of(("hcp", "H1"), 200, 1000), of(("int", "T1"), 10, 100), of(("int", "T4"), 30, 100)]
    rows += [of(("int", team), 20, 100) for team in ("T5", "T6")] + [of(("practice", "A00008"), 5, 50)]
    figures = build(bench, rows)
    icb = figure(figures, "smoking_pct", ("icb", "QXX"))
    assert (icb.numerator, icb.denominator, icb.period_status) == (275, 1350, "final")
    assert figure(figures, "smoking_pct", ("hcp", "H1")).denominator == 1000
    without = build(bench, [r for r in rows if r["area_code"] != "T6"])
    assert figure(without, "smoking_pct", ("icb", "QXX")).period_status == "incomplete"


@pytest.mark.parametrize("numerator, denominator", [(40, 150), (15, 300)])
def test_a_whole_that_reports_less_than_its_parts_is_not_known(bench: Bench, numerator: int, denominator: int) -> None:
    rows = [of(("int", team), 20, 100) for team in ("T1", "T2")]
    for whole, sums in ((("hcp", "H1"), ("icb", "QXX")), (("icb", "QXX"), None)):
        figures = build(bench, [*rows, of(whole, numerator, denominator)])
        for area in filter(None, (whole, sums)):
            found = figure(figures, "smoking_pct", area)
            assert (found.null_reason, math.isnan(found.value)) == ("less_than_its_parts", True)
        assert figure(figures, "smoking_pct", ("int", "T1")).value == 20
        year = build(bench, [*rows, of(whole, numerator, denominator, (dt.date(2024, 4, 1), MARCH[1]))])
        assert "less_than_its_parts" not in year.null_reason.tolist()


def test_a_partnership_beside_a_team_that_contradicts_its_practices(bench: Bench) -> None:
    rows = [of(("int", "T1"), 5, 60), of(("practice", "A00001"), 20, 100), of(("int", "T2"), 20, 100)]
    figures = build(bench, rows)
    assert {figure(figures, "smoking_pct", area).null_reason for area in (("int", "T1"), ("hcp", "H1"), ("icb", "QXX"))} == {
        "less_than_its_parts"
    }  # fmt: skip
    assert figure(figures, "smoking_pct", ("int", "T2")).value == 20


@pytest.mark.parametrize(
    "area, feed, reason",
    [
        (("practice", "A99999"), "reported_measures", "unknown_area"), (("practice", "A99999"), "qof_prevalence", "another_place"),
        (("practice", "x"), "reported_measures", "unknown_area"), (("int", "T9"), "reported_measures", "unknown_area"),
        (("hcp", "H9"), "reported_measures", "unknown_area"), (("icb", "QYY"), "reported_measures", "unknown_area"),
        (("icb", "QYY"), "dementia_diagnoses", "another_place"), (("int", "NO_INT"), "reported_measures", "unknown_area"),
        (("council", "KENT"), "reported_measures", "unknown_area"), (("england", "ENGLAND"), "reported_measures", "unknown_area"),
        (("pcn", "N1"), "reported_measures", "not_shown_for_networks"), (("int", "t1"), "reported_measures", ""),
        (("practice", " a00001"), "reported_measures", ""), (("icb", "qxx"), "dementia_diagnoses", ""),
        (("council", "E06000035"), "reported_measures", ""), (("region", "Y59"), "reported_measures", ""),
    ],
)  # fmt: skip
def test_an_area_that_nobody_knows_goes_by_name(bench: Bench, area: tuple[str, str], feed: str, reason: str) -> None:
    build(bench, [of(area, 20, 100) | {"feed": feed}])
    judged = bench.rows("select removed_by from measures.reported_judged").removed_by.fillna("").tolist()
    assert judged == [reason]
    shown = bench.rows("select 1 from indicators.reported_figures where value is not null")
    assert shown.empty == (bool(reason) or area[0] in ("council", "region"))


def test_a_network_that_reports_what_need_not_be_hidden_stands_for_itself(bench: Bench) -> None:
    found = build(bench, [row("qof_dm_prevalence_pct", ("pcn", "N1"), numerator=3, denominator=40)])
    assert figure(found, "qof_dm_prevalence_pct", ("pcn", "N1")).value == 7.5


def test_a_councils_quarter_goes_where_a_district_in_it_has_months(bench: Bench) -> None:
    """A county's quarter less its districts' months, and England's less a council's."""
    rows = [
        of(("council", "E07000105"), 20, 100),
        of(("council", "E10000016"), 90, 400, QUARTER),
        of(("england", "ENG"), 900, 4000, QUARTER),
    ]
    build(bench, rows)
    judged = (
        bench.rows("select area_code, removed_by from measures.reported_judged order by 1")
        .fillna("")
        .to_numpy()
        .tolist()
    )
    assert judged == [["E07000105", ""], ["E10000016", "holds_another_period"], ["ENG", "holds_another_period"]]


def test_where_a_team_reports_a_quarter_the_months_above_it_go(bench: Bench) -> None:
    """The partnership's months less those of the other teams are the team's months, and its quarter less two of them the third."""
    rows = [of(("int", "T1"), 20, 100, QUARTER), *(of(("hcp", "H1"), 40, 200, month) for month in EACH_MONTH)]
    rows += [of(("int", "T4"), 40, 200, month) for month in EACH_MONTH]
    build(bench, rows)
    judged = bench.rows(
        "select area_code, max(removed_by) as why, count(*) as n from measures.reported_judged group by 1 order by 1"
    )
    assert judged.fillna("").to_numpy().tolist() == [["H1", "shorter_than_its_parts", 3], ["T1", "", 1], ["T4", "", 3]]
