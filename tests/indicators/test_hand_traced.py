"""Figures that people worked out by hand, read from marts that dbt built: one for each indicator, and every case of part D."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.foundation.settings import load_settings
from orchestration.publishing.indicator_docs import read_seed
from tests.indicators import part_d
from tests.indicators.hand_world import hand_traced, write_hand_world
from tests.indicators.harness import Bench, run_dbt

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hand_world")]
TRACED = hand_traced()
SIX_FIGURES = 5e-7
REPORTED_KINDS = {"reported_proportion", "reported_mean", "reported_rate", "reported_net_promoter"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(home=tmp_path_factory.mktemp("hand") / "data")
    settings.paths.create()
    rows = {feed: list(found) for feed, found in TRACED["feeds"].items()}
    for feed, more in part_d.rows().items():
        rows.setdefault(feed, []).extend(more)
    lists, teams = TRACED["lists"] | part_d.lists(), TRACED["teams"] | part_d.TEAMS
    write_hand_world(settings.paths.inputs_file, rows, lists, teams, TRACED["defaults"])
    done = run_dbt(settings.paths.root, "build", "--resource-type", "seed", "--resource-type", "model")
    assert done.returncode == 0, done.stdout[-4000:]
    return settings.paths.root


@pytest.fixture(scope="module")
def marts(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = load_settings(home=home)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.paths.warehouse_file}' as warehouse (read_only); use warehouse")
        yield connection


def figure(
    marts: duckdb.DuckDBPyConnection,
    indicator: str,
    team: str,
    month: str,
    period: str = "month",
    boundary: str = "marts",
) -> dict:
    """One row of `indicator_values`, of everybody in one team."""
    found = marts.execute(
        f"select * from {boundary}.indicator_values where indicator_id = ? and cohort_id = 'all' and area_type = 'int' "
        "and area_code = ? and month = ? and period = ?",
        [indicator, team, dt.date.fromisoformat(f"{month[:7]}-01"), period],
    )
    names = [column[0] for column in found.description]
    (row,) = found.fetchall()
    return dict(zip(names, row, strict=True))


def close(*values: float) -> object:
    return pytest.approx(values, rel=SIX_FIGURES, abs=1e-12)


def test_every_indicator_has_a_figure_traced_by_hand() -> None:
    """Of all that is counted from records. Reported kinds arrive as sums: `test_reported.py` works each kind out from single answers."""
    catalogue = read_seed("indicator_catalogue")
    counted = {row["indicator_id"] for row in catalogue if row["measure_kind"] not in REPORTED_KINDS}
    assert set(TRACED["expected"]) == counted
    assert {row["measure_kind"] for row in catalogue} >= REPORTED_KINDS


@pytest.mark.parametrize("boundary", ["marts", "as_at"])
@pytest.mark.parametrize("indicator", TRACED["expected"])
def test_the_figure_traced_by_hand(marts: duckdb.DuckDBPyConnection, indicator: str, boundary: str) -> None:
    wanted = TRACED["expected"][indicator]
    month, period = str(wanted.get("month", "2025-03-01")), wanted.get("period", "month")
    found = figure(marts, indicator, "H01", month, period, boundary)
    assert (found["numerator"], found["denominator"]) == (wanted["numerator"], wanted["denominator"]), wanted["why"]
    value = wanted.get("value")
    if value is None:
        value = wanted["numerator"] / wanted["denominator"] * found["multiplier"]
    assert found["value"] == pytest.approx(value, rel=1e-12)
    assert found["null_reason"] is None


@pytest.mark.parametrize("month", part_d.RATES)
def test_crude_rates_and_their_limits(marts: duckdb.DuckDBPyConnection, month: str) -> None:
    """5 of 100, 20 of 100, 10 of 200 and Byar's 65 are listed in part D; 0, 1, 9 and 10 stand on either side of its rules."""
    events, people, value, lower, upper, method = part_d.RATES[month]
    found = figure(marts, "emergency_admissions", part_d.RATE, month)
    assert (found["numerator"], found["denominator"], found["limit_method"]) == (events, people, method)
    assert (found["value"], found["value_lower_95"], found["value_upper_95"]) == close(value, lower, upper)
    # the count mart says the same of the age group the people belong to, per thousand
    rates = marts.execute(
        "select admissions, age_group_population, admissions_per_1000, admissions_per_1000_lower_95, admissions_per_1000_upper_95 "
        "from marts.non_elective_admissions_per_capita where int_code = ? and month = ? and admission_type = 'emergency' "
        "and age_group = '20_64' and length_of_stay_group = '0'",
        [part_d.RATE, dt.date.fromisoformat(f"{month}-01")],
    ).fetchone()
    assert rates[:2] == (events, people)
    assert rates[2:] == close(value / 100, lower / 100, upper / 100)


@pytest.mark.parametrize("month", part_d.PROPORTIONS)
def test_proportions_and_their_limits(marts: duckdb.DuckDBPyConnection, month: str) -> None:
    missed, known, lower, upper = part_d.PROPORTIONS[month]
    found = figure(marts, "gp_dna_pct", part_d.PROPORTION, month)
    assert (found["numerator"], found["denominator"], found["limit_method"]) == (missed, known, "wilson")
    assert (found["value"], found["value_lower_95"], found["value_upper_95"]) == close(
        100 * missed / known, lower, upper
    )


@pytest.mark.parametrize(("period", "month"), [("month", "2025-01"), ("rolling_12_months", "2025-12")])
def test_the_directly_standardised_rate(marts: duckdb.DuckDBPyConnection, period: str, month: str) -> None:
    found = figure(marts, "emergency_admissions", part_d.STANDARD, month, period)
    got = (found["standardised_value"], found["standardised_value_lower_95"], found["standardised_value_upper_95"])
    assert got == close(*part_d.DSR)


def test_one_patient_with_four_stays(marts: duckdb.DuckDBPyConnection) -> None:
    """Five episodes, four spells, three continuous stays; two readmissions; B is neither an emergency admission nor a readmission."""
    month = dt.date(2025, 3, 1)
    readmissions = marts.execute(
        "select window_days, discharges, readmissions from marts.readmissions where int_code = ? and month = ? order by 1",
        [part_d.STAYS, month],
    ).fetchall()
    assert readmissions == [(30, 3, 2), (60, 3, 2), (90, 3, 2)]
    admissions = marts.execute(
        "select admission_type, sum(admissions) from marts.non_elective_admissions_per_capita "
        "where int_code = ? and month = ? group by 1 having sum(admissions) > 0 order by 1",
        [part_d.STAYS, month],
    ).fetchall()
    assert admissions == [("emergency", 3), ("transfer", 1)]
    # nights of 1-12, 20-22 and 23-25 March
    assert figure(marts, "occupied_bed_days", part_d.STAYS, "2025-03")["numerator"] == 11 + 2 + 2
    stays = figure(marts, "emergency_length_of_stay_mean_days", part_d.STAYS, "2025-03")
    assert (stays["numerator"], stays["denominator"]) == (15, 3)
    spells = marts.execute(
        "select count(distinct spell_key), count(*) from intermediate.episodes where practice_code = ?",
        [part_d.PRACTICE_OF[part_d.STAYS]],
    ).fetchone()
    assert spells == (4, 5)


def test_two_days_join_a_transfer_and_three_do_not(marts: duckdb.DuckDBPyConnection) -> None:
    """One stay of 19 nights; one of 9 nights and another, which began as a transfer and is no emergency."""
    stays = figure(marts, "emergency_length_of_stay_mean_days", part_d.GAPS, "2025-05")
    assert (stays["numerator"], stays["denominator"]) == (19 + 9, 2)
    assert figure(marts, "occupied_bed_days", part_d.GAPS, "2025-05")["numerator"] == 19 + 9 + 7
    assert figure(marts, "readmissions_30d", part_d.GAPS, "2025-05")["denominator"] == 3


@pytest.mark.parametrize(("window_days", "readmissions"), [(30, 1), (60, 3), (90, 5)])
def test_readmission_windows(marts: duckdb.DuckDBPyConnection, window_days: int, readmissions: int) -> None:
    """Day 29 counts in all three, days 30 and 59 in two, days 60 and 89 in one, day 90 in none."""
    found = marts.execute(
        "select discharges, readmissions, readmission_pct from marts.readmissions "
        "where int_code = ? and month = date '2025-10-01' and window_days = ?",
        [part_d.WINDOWS, window_days],
    ).fetchone()
    assert found == (6, readmissions, pytest.approx(100 * readmissions / 6))
    assert figure(marts, f"readmissions_{window_days}d", part_d.WINDOWS, "2025-10")["numerator"] == readmissions


MATURITY = [(30, "2026-01-29"), (60, "2026-02-28"), (90, "2026-03-30")]


@pytest.mark.parametrize("later", [0, 1])
@pytest.mark.parametrize(("window_days", "mature_from"), MATURITY)
def test_maturity(
    marts: duckdb.DuckDBPyConnection, compiled: Path, window_days: int, mature_from: str, later: int
) -> None:
    """The mart's own SQL with the data cut moved: the discharges of December 2025 are shown from that day on, not a day before."""
    cut = dt.date.fromisoformat(mature_from) - dt.timedelta(days=1 - later)
    bench = Bench(compiled)
    home = marts.execute("select path from duckdb_databases() where database_name = 'warehouse'").fetchone()[0]
    bench.connection.execute(f"attach '{home}' as built (read_only)")
    for name in (
        "readmissions_by_index",
        "area_months",
        "practice_areas",
        "feed_month_statuses",
        "feed_month_properties",
        "area_month_statuses",
    ):
        bench.give(f"intermediate.{name}", f"select * from built.intermediate.{name}")
    # what is delivered up to the cut moves with it
    for delivered in ("feed_month_statuses", "feed_month_properties"):
        bench.connection.execute(f"update intermediate.{delivered} set months_ahead = 3")
    bench.give("seeds.measure_requirements", "select * from built.seeds.measure_requirements")
    bench.give("intermediate.months", f"select * replace (date '{cut}' as data_cut) from built.intermediate.months")
    bench.run("intermediate.readmissions_by_boundary", "marts.readmissions")
    (row,) = bench.rows(
        "select is_mature, readmission_pct, period_status from marts.readmissions where month = date '2025-12-01' "
        f"and int_code = '{part_d.WINDOWS}' and window_days = {window_days}"
    ).itertuples(index=False)
    assert bool(row.is_mature) is bool(later)
    assert math.isnan(row.readmission_pct) is not bool(later)
    assert later or row.period_status == "incomplete"


def test_at_the_cut_of_the_world_december_is_mature_for_thirty_days_only(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute(
        "select window_days, is_mature from marts.readmissions where int_code = ? and month = date '2025-12-01' order by 1",
        [part_d.WINDOWS],
    ).fetchall()
    assert found == [(30, True), (60, False), (90, False)]
    assert figure(marts, "readmissions_30d", part_d.WINDOWS, "2025-12")["value"] is not None
    assert figure(marts, "readmissions_60d", part_d.WINDOWS, "2025-12")["null_reason"] == "follow_up_not_over"


def test_occupied_bed_days_month_by_month(marts: duckdb.DuckDBPyConnection) -> None:
    months = ("2020-09", "2020-10", "2020-11", "2020-12", "2021-01")
    nights = [figure(marts, "occupied_bed_days", part_d.NIGHTS, month)["numerator"] for month in months]
    assert nights == [11, 31, 30, 30, 0]


def test_a_year_of_payments_comes_out_to_the_penny(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute(
        "select spend_gbp from marts.spend_per_capita where int_code = ? and point_of_delivery = 'GP_PAYMENTS' order by month",
        [part_d.NIGHTS],
    ).fetchall()
    assert sum((pounds for (pounds,) in found), Decimal(0)) == Decimal("1000.00")
    assert {pounds for (pounds,) in found} == {Decimal("83.33"), Decimal("83.34")}


def test_appointments_are_costed_only_where_no_payment_pays_for_them(marts: duckdb.DuckDBPyConnection) -> None:
    """B00002 has one appointment with a GP at 37 pounds and no payments; B00001 has payments, so its appointments cost nothing more."""
    found = marts.execute(
        "select int_code, point_of_delivery, cost_basis, spend_gbp from marts.spend_per_capita where int_code in ('H01', 'H02') "
        "and month = date '2025-03-01' and point_of_delivery like 'GP_%' and spend_gbp <> 0 order by 1"
    ).fetchall()
    assert found == [
        ("H01", "GP_PAYMENTS", "payment", Decimal("100.00")),
        ("H02", "GP_APPOINTMENT", "unit_cost", Decimal("37.00")),
    ]
