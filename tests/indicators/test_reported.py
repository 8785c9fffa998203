"""Reported measures: each kind against plain arithmetic, withholding against an attacker who subtracts, one row for a new measure."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random

import pandas as pd
import pytest
from scipy import stats

from tests.indicators.harness import Bench

MODELS = (
    "intermediate.reported_areas", "intermediate.reported_parts", "measures.reported_judged", "measures.reported_cells",
    "indicators.reported_area_cells", "indicators.reported_withheld", "indicators.reported_figures",
)  # fmt: skip
COLUMNS = (
    "feed", "measure_id", "area_type", "area_code", "area_name", "period_start", "period_end", "numerator", "denominator",
    "replies", "value_sum", "value_sum_of_squares", "promoters", "detractors", "invited",
)  # fmt: skip
# the month of most tests, and those around it
MONTHS = (dt.date(2025, 3, 1), dt.date(2025, 4, 1), dt.date(2025, 1, 1), dt.date(2025, 2, 1))
MARCH = (dt.date(2025, 3, 1), dt.date(2025, 3, 31))
# practice -> (team, network, partnership); the last has none
PLACES = {
    f"A0000{number}": place
    for number, place in enumerate(
        [("T1", "N1", "H1"), ("T1", "N1", "H1"), ("T2", "N1", "H1"), ("T3", "N2", "H1"), ("T4", "N3", "H2"), ("T5", "N3", "H2"),
         ("T6", "N4", "H2"), ("NO_INT", None, None)], 1
    )
}  # fmt: skip
TEAMS = {team: (network, partnership) for team, network, partnership in PLACES.values() if team != "NO_INT"}


def row(measure: str, area: tuple[str, str], period: tuple[dt.date, dt.date] = MARCH, **values: object) -> dict:
    facts = {"feed": "reported_measures", "measure_id": measure, "area_type": area[0], "area_code": area[1]}
    return dict.fromkeys(COLUMNS) | facts | {"period_start": period[0], "period_end": period[1]} | values


def build(bench: Bench, rows: list[dict]) -> pd.DataFrame:
    places = pd.DataFrame(
        [(boundary, month, practice, *place) for boundary in ("marts", "as_at") for month in MONTHS for practice, place in PLACES.items()],
        columns=["boundary", "month", "practice_code", "int_code", "pcn_code", "hcp_code"],
    )  # fmt: skip
    types = ", ".join(
        f"cast({name} as {kind}) as {name}"
        for name, kind in zip(
            COLUMNS, ("varchar",) * 5 + ("date",) * 2 + ("decimal(28, 6)",) * 2 + ("bigint",) + ("decimal(28, 6)",) * 2 + ("bigint",) * 3,
            strict=True,
        )
    )  # fmt: skip
    bench.give("measures.given_rows", pd.DataFrame(rows, columns=COLUMNS).astype(object))
    bench.give("intermediate.reported_rows", f"select {types} from measures.given_rows")
    if not bench.rows("select * from duckdb_tables() where table_name = 'practice_areas'").empty:
        return run(bench)
    bench.give("intermediate.practice_areas", places)
    bench.give(
        "intermediate.registered_population",
        "select distinct month, practice_code, 100 as registered_population from intermediate.practice_areas",
    )
    bench.give("intermediate.build", "select 'QXX' as icb_code")
    bench.give("intermediate.months", "select distinct month from intermediate.practice_areas")
    bench.give(
        "intermediate.feed_months",
        "select 'reported_measures' as feed, date '2025-03-01' as month, true as is_final",
    )
    bench.give(
        "indicators.indicator_areas",
        " union ".join(
            f"select distinct boundary, month, '{kind}' as area_type, {code} as area_code from intermediate.practice_areas "
            f"where {where}"
            for kind, code, where in (
                ("int", "int_code", "int_code <> 'NO_INT'"), ("pcn", "pcn_code", "pcn_code is not null"),
                ("hcp", "hcp_code", "hcp_code is not null"), ("icb", "'QXX'", "true"),
            )
        ),
    )  # fmt: skip
    bench.seed("indicator_catalogue").seed("reported_scales").seed("council_districts")
    return run(bench)


def run(bench: Bench) -> pd.DataFrame:
    bench.run(*MODELS)
    figures = bench.rows("select * from indicators.reported_figures where boundary = 'marts'")
    return figures.set_index(["indicator_id", "area_type", "area_code", "month"]).sort_index()


def figure(figures: pd.DataFrame, measure: str, area: tuple[str, str], month: dt.date = MONTHS[0]) -> pd.Series:
    return figures.loc[(measure, *area, pd.Timestamp(month))]


def test_enps_of_the_definitions(bench: Bench) -> None:
    """Part E: of 40 replies 18 are 9-10, 12 are 7-8, 10 are 0-6 -> +20.0, standard error 12.85 points."""
    team = ("int", "T1")
    found = figure(
        build(bench, [row("staff_enps", team, replies=40, promoters=18, detractors=10, invited=50)]), "staff_enps", team
    )
    assert found.value == pytest.approx(20.0)
    assert (found.value_upper_95 - found.value_lower_95) / 2 / 1.959963984540054 == pytest.approx(12.85, abs=0.005)
    assert (found.response_pct, found.limit_method, found.period_status) == (80.0, "net_promoter", "final")


def test_each_kind_against_plain_arithmetic(bench: Bench) -> None:
    """Answers of single people, summed by practice, must give the figures that the people themselves give."""
    draw = random.Random(5)
    people = {practice: [draw.randint(3, 9) for _ in range(draw.randint(12, 40))] for practice in PLACES}
    rows = []
    for practice, answers in people.items():
        sums = {"replies": len(answers), "value_sum": sum(answers), "value_sum_of_squares": sum(a * a for a in answers)}
        rows += [
            row("patient_activation_mean", ("practice", practice), **sums, invited=len(answers) * 2),
            row("smoking_pct", ("practice", practice), numerator=sum(a > 7 for a in answers), denominator=len(answers)),
            row(
                "social_need_codes_per_1000",
                ("practice", practice),
                numerator=sum(a > 8 for a in answers),
                denominator=100,
            ),
        ]
    figures = build(bench, rows)
    areas = {("int", team): [p for p, place in PLACES.items() if place[0] == team] for team in TEAMS}
    areas |= {("hcp", code): [p for p, place in PLACES.items() if place[2] == code] for code in ("H1", "H2")}
    areas[("icb", "QXX")] = list(PLACES)
    for area, practices in areas.items():
        answers = [answer for practice in practices for answer in people[practice]]
        mean = figure(figures, "patient_activation_mean", area)
        low, high = stats.t.interval(0.95, len(answers) - 1, loc=sum(answers) / len(answers), scale=stats.sem(answers))
        assert (mean.value, mean.value_lower_95, mean.value_upper_95) == pytest.approx(
            (sum(answers) / len(answers), low, high)
        )
        assert (mean.replies, mean.response_pct) == (len(answers), 50.0)
        share = figure(figures, "smoking_pct", area)
        wilson = stats.binomtest(sum(a > 7 for a in answers), len(answers)).proportion_ci(method="wilson")
        assert (share.value, share.value_lower_95, share.value_upper_95) == pytest.approx(
            (100 * sum(a > 7 for a in answers) / len(answers), 100 * wilson.low, 100 * wilson.high)
        )
        rate = figure(figures, "social_need_codes_per_1000", area)
        assert rate.value == pytest.approx(sum(a > 8 for a in answers) / (100 * len(practices)) * 1000)
        assert rate.value_lower_95 <= rate.value <= rate.value_upper_95


def test_a_team_that_reports_itself_stands_and_a_part_is_called_incomplete(bench: Bench) -> None:
    figures = build(
        bench,
        [
            row("bmi_mean", ("int", "T1"), replies=50, value_sum=1300, value_sum_of_squares=34000),
            row("bmi_mean", ("practice", "A00001"), replies=20, value_sum=600, value_sum_of_squares=18100),
            row("bmi_mean", ("practice", "A00003"), replies=20, value_sum=600, value_sum_of_squares=18100),
        ],
    )
    assert figure(figures, "bmi_mean", ("int", "T1")).value == 26.0
    assert figure(figures, "bmi_mean", ("int", "T2")).period_status == "final"
    assert figure(figures, "bmi_mean", ("int", "T3")).null_reason == "not_delivered"
    partnership = figure(figures, "bmi_mean", ("hcp", "H1"))
    assert (partnership.value, partnership.period_status) == (pytest.approx(1900 / 70), "incomplete")
    assert figure(figures, "bmi_mean", ("hcp", "H2")).null_reason == "not_delivered"


def test_only_the_icbs_own_value_is_no_teams_value(bench: Bench) -> None:
    figures = build(bench, [row("staff_turnover_pct", ("icb", "QXX"), numerator=30, denominator=400)])
    assert figure(figures, "staff_turnover_pct", ("icb", "QXX")).value == 7.5
    assert figure(figures, "staff_turnover_pct", ("int", "T1")).null_reason == "published_for_icb_only"


@pytest.mark.parametrize(
    "values, reason",
    [
        ({"measure_id": "smokes", "numerator": 1, "denominator": 2}, "unknown_measure"),
        ({"area_type": "street", "numerator": 1, "denominator": 20}, "unknown_area_type"),
        ({"numerator": 21, "denominator": 20}, "impossible_value"),
        ({"numerator": 3}, "nothing_reported"),
        ({"measure_id": "staff_enps", "replies": 10, "promoters": 8, "detractors": 3}, "impossible_value"),
        ({"measure_id": "staff_tci_vision", "replies": 10, "value_sum": 30, "value_sum_of_squares": 100}, "impossible_value"),
        ({"measure_id": "staff_tci_innovation", "replies": 10, "value_sum": 151, "value_sum_of_squares": 2300}, "impossible_value"),
        # the mean in place of the sum
        ({"measure_id": "pain_mean", "replies": 40, "value_sum": 6.2, "value_sum_of_squares": 1700}, "impossible_value"),
        ({"measure_id": "staff_enps", "replies": 10, "promoters": 8, "detractors": 1, "invited": 9}, "impossible_value"),
        ({"measure_id": "bmi_mean", "replies": 10, "value_sum": 270, "value_sum_of_squares": 7000}, "impossible_value"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_removed_by_name(bench: Bench, values: dict, reason: str) -> None:
    build(bench, [row("smoking_pct", ("int", "T1")) | values])
    assert bench.rows("select removed_by from measures.reported_judged").removed_by.tolist() == [reason]
    assert bench.rows("select * from indicators.reported_figures where value is not null").empty


def test_of_nested_periods_the_shorter_stands(bench: Bench) -> None:
    """A year beside its quarter, and two half months: each named, one figure a month."""
    area = ("int", "T1")
    year, half = (dt.date(2024, 4, 1), MARCH[1]), (MARCH[0], dt.date(2025, 3, 15))
    rows = [
        row("smoking_pct", area, year, numerator=100, denominator=400),
        row("smoking_pct", area, half, numerator=10, denominator=40),
        row("smoking_pct", area, (dt.date(2025, 3, 16), MARCH[1]), numerator=20, denominator=40),
    ]
    for order in itertools.permutations(rows):
        found = figure(build(bench, list(order)), "smoking_pct", area)
        assert (found.value, found.period_start) == (50.0, pd.Timestamp(2025, 3, 16))
    removed = bench.rows("select removed_by, count(*) as n from measures.reported_judged group by all order by all")
    assert removed.removed_by.dropna().tolist() == ["another_in_the_month", "holds_another_period"]


def test_what_came_for_different_periods_is_not_added_up(bench: Bench) -> None:
    """A quarter of one practice and a month of the other: each is known, their team is not; what stands above it is not either."""
    quarter = (dt.date(2025, 1, 1), MARCH[1])
    rows = [
        row("social_need_codes_per_1000", ("practice", "A00001"), quarter, numerator=30, denominator=1000),
        row("social_need_codes_per_1000", ("practice", "A00002"), numerator=10, denominator=1000),
        row("social_need_codes_per_1000", ("practice", "A00003"), numerator=12, denominator=1000),
        row("social_need_codes_per_1000", ("practice", "A00004"), quarter, numerator=12, denominator=1000),
        row("social_need_codes_per_1000", ("int", "T4"), quarter, numerator=12, denominator=1000),
    ]
    figures = build(bench, rows)
    of = {
        area: figure(figures, "social_need_codes_per_1000", area)
        for area in (("int", "T1"), ("hcp", "H1"), ("icb", "QXX"))
    }
    assert {area: (found.null_reason, math.isnan(found.value)) for area, found in of.items()} == dict.fromkeys(
        of, ("periods_differ", True)
    )
    assert [figure(figures, "social_need_codes_per_1000", ("int", team)).value for team in ("T2", "T3", "T4")] == [
        12,
        12,
        12,
    ]
    assert figure(figures, "social_need_codes_per_1000", ("hcp", "H2")).value == 12


def test_the_rest_of_the_icb_is_of_the_same_period_and_holds_the_team(bench: Bench) -> None:
    """An ICB that reports itself for a year, or less than its team, leaves no rest; a sum of the teams does."""
    year, team = (dt.date(2024, 4, 1), MARCH[1]), ("int", "T1")
    of_team = row("smoking_pct", team, numerator=10, denominator=40)

    def rest(period: tuple[dt.date, dt.date], numerator: int, denominator: int) -> float:
        of_icb = row("smoking_pct", ("icb", "QXX"), period, numerator=numerator, denominator=denominator)
        return figure(build(bench, [of_team, of_icb]), "smoking_pct", team).comparator_value

    assert rest(MARCH, 30, 140) == 20.0
    assert math.isnan(rest(year, 30, 140))
    assert math.isnan(rest(MARCH, 9, 140))
    assert math.isnan(rest(MARCH, 45, 60))


def test_what_ends_outside_the_months_of_the_marts_is_counted_by_name(bench: Bench) -> None:
    old = (dt.date(2020, 4, 1), dt.date(2021, 3, 31))
    rows = [row("smoking_pct", ("council", "E06000035"), period, numerator=1, denominator=9) for period in (old, MARCH)]
    build(bench, rows)
    found = bench.rows("select period_end, removed_by from measures.reported_judged order by 1")
    assert found.removed_by.fillna("").tolist() == ["outside_the_months", ""]


def replies_of(rows: list[dict]) -> dict[str, int]:
    return {r["area_code"]: r["replies"] for r in rows}


@pytest.mark.parametrize("seed", range(60))
def test_nobody_small_can_be_worked_out_by_subtraction(bench: Bench, seed: int) -> None:
    """An attacker who knows all that is shown solves for every sum of hidden teams: none of fewer than five people, none of one team that
    is hidden. Each shown partnership and the ICB is an equation over the teams; of a partnership that reports itself, over those that did
    not come as well."""
    draw = random.Random(seed)
    rows = [
        row(
            "staff_enps",
            ("int", team),
            replies=(n := draw.choice([1, 2, 3, 4, 5, 6, 9, 20, 40])),
            promoters=n,
            detractors=0,
        )
        for team in TEAMS
        if draw.random() < 0.9
    ]
    if draw.random() < 0.3:
        rows.append(
            row("staff_enps", ("practice", "A00008"), replies=(n := draw.choice([1, 3, 8])), promoters=n, detractors=0)
        )
    rests = {}
    for code in sorted({hcp for _, hcp in TEAMS.values()}):
        came = sum(r["replies"] for r in rows if TEAMS.get(r["area_code"], ("", ""))[1] == code)
        if came and draw.random() < 0.4:
            rests[f"rest of {code}"] = draw.choice([0, 1, 3, 20])
            n = came + rests[f"rest of {code}"]
            rows.append(row("staff_enps", ("hcp", code), replies=n, promoters=n, detractors=0))
    figures = build(bench, rows)
    sent = replies_of(rows) | rests
    shown = figures[figures.value.notna()].reset_index()
    assert not any(shown.replies < 5)
    leaves = [code for code in (*TEAMS, "A00008") if code in sent]
    open_leaves = set(shown[shown.area_type == "int"].area_code)
    equations = [frozenset([*(leaf for leaf in leaves if code == "QXX" or TEAMS.get(leaf, (None, None))[1] == code),
                            *(rest for rest, n in rests.items() if n and rest == f"rest of {code}")]) - open_leaves
                 for code in shown[shown.area_type != "int"].area_code]  # fmt: skip
    # differences of nested equations are equations too
    equations += [big - small for big in equations for small in equations if small < big]
    large_rests = {rest for rest, n in rests.items() if n >= 5}
    for hidden in filter(None, equations):
        if any(leaf != "A00008" and sent[leaf] < 5 for leaf in hidden) or len(hidden) == 1:
            is_private = any(leaf != "A00008" for leaf in hidden) and not hidden <= large_rests
            assert not is_private or (len(hidden) >= 2 and sum(sent[leaf] for leaf in hidden) >= 5), (sent, hidden)
    assert bench.rows("select * from indicators.reported_figures where boundary = 'as_at'").empty


@pytest.mark.parametrize(
    "sizes, hidden",
    [
        ({"E06000001": 4, "E06000002": 9, "E06000003": 50}, {"E06000001", "E06000002"}),
        ({"E06000001": 1, "E06000002": 2, "E06000003": 50, "E06000004": 60}, {"E06000001", "E06000002", "E06000003"}),
        ({"E06000001": 3, "E06000002": 4, "E06000003": 50}, {"E06000001", "E06000002"}),
        ({"E06000001": 5, "E06000002": 6}, set()),
        ({"E06000001": 4}, {"E06000001"}),
        # districts of Kent and a unitary council: what is hidden of the county is of two of its districts
        ({"E07000105": 3, "E07000106": 9, "E07000107": 40, "E06000035": 4, "E10000016": 52, "E06000036": 70},
         {"E07000105", "E07000106", "E06000035", "E10000016"}),
    ],
)  # fmt: skip
def test_context_is_withheld_too(bench: Bench, sizes: dict[str, int], hidden: set[str]) -> None:
    """England is their sum: what it leaves over of the shown ones is of two areas and of five replies at least."""
    areas = {("council", code): n for code, n in sizes.items()} | {("england", "ENG"): 1000 + sum(sizes.values())}
    build(bench, [row("staff_enps", area, replies=n, promoters=n, detractors=0) for area, n in areas.items()])
    bench.seed("indicator_targets").run("marts.reported_context")
    found = bench.rows("select * from marts.reported_context where null_reason is not null")
    assert set(found.area_code) == hidden
    assert found[["numerator", "denominator", "value", "value_lower_95"]].isna().all(axis=None)


def test_a_share_is_judged_by_whom_it_is_a_share_of(bench: Bench) -> None:
    rows = [row("alcohol_higher_risk_pct", ("int", team), numerator=1, denominator=n, replies=500)
            for team, n in zip(TEAMS, (2, 300, 300, 300, 300, 300), strict=True)]  # fmt: skip
    assert figure(build(bench, rows), "alcohol_higher_risk_pct", ("int", "T1")).null_reason == "withheld_small_numbers"


def test_withholding_hides_no_more_than_it_must(bench: Bench) -> None:
    rows = [row("staff_enps", ("int", team), replies=n, promoters=n, detractors=0)
            for team, n in zip(TEAMS, (4, 9, 30, 30, 30, 30), strict=True)]  # fmt: skip
    figures = build(bench, rows)
    hidden = figures[figures.null_reason == "withheld_small_numbers"].reset_index().area_code.tolist()
    assert hidden == ["T1", "T2"]
    assert figure(figures, "staff_enps", ("hcp", "H1")).replies == 43
    assert (
        figures.loc["staff_enps", "int", "T1"][["numerator", "denominator", "replies", "response_pct"]]
        .isna()
        .all(axis=None)
    )


def test_a_new_measure_is_one_catalogue_row(bench: Bench) -> None:
    rows = [row("gardening_pct", ("practice", practice), numerator=5, denominator=20) for practice in PLACES]
    build(bench, [])
    bench.connection.execute(
        "insert into seeds.indicator_catalogue select * replace ('gardening_pct' as indicator_id) from seeds.indicator_catalogue "
        "where indicator_id = 'smoking_pct'"
    )
    found = build(bench, rows)
    assert figure(found, "gardening_pct", ("int", "T1")).value == 25.0
    assert math.isclose(figure(found, "gardening_pct", ("icb", "QXX")).denominator, 160)
