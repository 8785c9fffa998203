"""Published files that end in reported measures: real ones load, and the totals their README gives come out."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.build.inputs import write_inputs
from orchestration.foundation.settings import load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.landing.deliveries import find_delivery

REAL = Path(os.environ.get("INT_MARTS_REAL_FILES") or Path(__file__).resolve().parents[3] / "shared" / "real") / "more"
# those that are known by their publisher's name, as they are
AS_PUBLISHED = {
    "qof/PREVALENCE_2425_kent_medway.csv": "qof_prevalence",
    "gpps/GPPS_2025_Practice_data_(weighted)_first25_rows.csv": "gp_patient_survey",
    "dementia/pcdem-nhs-rate-mar-2026_england_QKS_transcribed.csv": "dementia_diagnoses",
    "dementia/Primary Care Dementia Data, January 2024- Summary.xlsx": "dementia_diagnoses",
    "dementia/Primary Care Dementia Data, April 2024- Summary.xlsx": "dementia_diagnoses",
    "dementia/Primary Care Dementia Data, January 2025- Summary.xlsx": "dementia_diagnoses",
    "homelessness/Statutory_Homelessness_Detailed_Local_Authority_Data_202512.ods": "homelessness_duty",
}
# what the others are called in landing: where their own name says no month, one that does
FILES = {
    "discharge/acute-discharge-august-2026_Y59_extract_transcribed.csv": ("discharge.csv", "acute_discharge"),
    "ucr/ucr-2024-25_kent_medway_england_long.csv": ("ucr.csv", "community_services"),
    "virtual_ward/VW202407.xlsx": ("virtual_wards_2024-07.xlsx", "virtual_ward_capacity"),
    "ascof/meas-from-asc-of-eng-2021-open-data_kent_medway_england.csv": (
        "adult_social_care_2020-21.csv",
        "adult_social_care",
    ),
    "workforce/gp_composition_may26_kent_medway_transcribed.csv": ("gp_composition_may26.csv", "gp_workforce"),
}
pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("real_reported"),
    pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real public files is not beside the project"),
]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = load_settings(home=tmp_path_factory.mktemp("real"), threads=2)
    folder = settings.paths.landing / "2026-05"
    folder.mkdir(parents=True)
    for name, (landed, _) in FILES.items():
        shutil.copy(REAL / name, folder / landed)
    for name in AS_PUBLISHED:
        shutil.copy(REAL / name, folder)
    named = dict(FILES.values())
    (folder / "delivery.yaml").write_text(yaml.safe_dump({"files": named}), encoding="utf-8")
    delivery = find_delivery(settings.paths)
    found = {file.path.name: feed for feed, files in delivery.files.items() for file in files}
    assert {Path(name).name: feed for name, feed in AS_PUBLISHED.items()}.items() <= found.items()
    for feed in delivery.files:
        ingest_feed(settings, delivery, feed)
    write_inputs(settings, "2026-05")
    with duckdb.connect(str(settings.paths.inputs_file), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "group, register, patients",
    [("DEM", 16_248, 2_037_988), ("DM", 133_595, 1_633_499), ("DEP", 277_800, 1_607_230), ("HYP", 330_946, 2_037_988)],
)
def test_registers_are_those_of_the_publication(
    live: duckdb.DuckDBPyConnection, group: str, register: int, patients: int
) -> None:
    """The sums equal the ICB figures that NHS England published for 2024-25: of 177 practices, not of today's 175."""
    found = live.execute(
        "select sum(register_patients), sum(list_patients), count(*), any_value(financial_year), any_value(year_end) "
        "from live.qof_prevalence where group_code = ?",
        [group],
    ).fetchone()
    assert found[:4] == (register, patients, 177, "2024/25")
    assert str(found[4]) == "2025-03-31"


def test_a_survey_is_pooled_and_never_averaged(live: duckdb.DuckDBPyConnection) -> None:
    """25 practices: pooled 0.77869, the mean of their percentages 0.83130."""
    pooled, received = live.execute(
        "select sum(overall_good_count) / sum(overall_good_base), sum(received) from live.gp_patient_survey"
    ).fetchone()
    assert (round(pooled, 5), received) == (0.77869, 2841)
    assert live.execute(
        "select min(least(overall_good_count, phone_easy_count)) >= 0 from live.gp_patient_survey"
    ).fetchone()[0]


def test_dementia_of_the_icb(live: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        live.execute(
            "select measure, value from live.dementia_diagnoses where area_code = 'QKS' and month_end = '2026-03-31'"
        ).fetchall()
    )
    assert (found["DEMENTIA_REGISTER_65_PLUS"], found["DEMENTIA_ESTIMATE_65_PLUS"]) == (16495.0, 26493.0)


@pytest.mark.parametrize(
    "month, area, register, estimate",
    [
        ("2024-01-31", "ENG", 462_248, 717_499.7), ("2024-01-31", "91Q", 14_908, 25_219.9), ("2024-04-30", "QKS", 15_078, 25_367.1),
        ("2025-01-31", "ENG", 480_741, 735_168.0), ("2025-01-31", "QKS", 15_636, 25_921.4), ("2025-01-31", "E06000035", 2_070, 3_343.5),
    ],
)  # fmt: skip
def test_dementia_of_the_workbooks(
    live: duckdb.DuckDBPyConnection, month: str, area: str, register: int, estimate: float
) -> None:
    found = live.execute(
        "select measure, min(value), max(value) from live.dementia_diagnoses where area_code = ? and month_end = ? group by 1 order by 1",
        [area, month],
    ).fetchall()
    assert found == [
        ("DEMENTIA_ESTIMATE_65_PLUS", estimate, estimate), ("DEMENTIA_REGISTER_65_PLUS", register, register),
    ]  # fmt: skip


def test_households_owed_a_duty_of_england_and_of_kent(live: duckdb.DuckDBPyConnection) -> None:
    """England as published (its councils that sent nothing are in it), the twelve districts of Kent, Medway."""
    of = "select sum(households_owed_a_duty), sum(households_assessed), min(month) from live.homelessness_duty where "
    quarter = dt.date(2025, 12, 1)
    assert live.execute(of + "area_code = 'E92000001'").fetchone() == (76_270, 84_250, quarter)
    assert live.execute(of + "area_code between 'E07000105' and 'E07000116'").fetchone() == (1_641, 2_170, quarter)
    assert live.execute(of + "area_code = 'E06000035'").fetchone() == (522, 542, quarter)
    councils, households = live.execute(
        "select sum(households_owed_a_duty) filter (regexp_matches(area_code, '^E0[6-9]')), "
        "sum(households_thousands) filter (regexp_matches(area_code, '^E0[6-9]')) from live.homelessness_duty"
    ).fetchone()
    assert (councils, round(households, 3)) == (75_458, 24_440.282)
    owed, thousands = live.execute(
        "select sum(households_owed_a_duty), sum(households_thousands) from live.homelessness_duty "
        "where area_code between 'E07000105' and 'E07000116' or area_code = 'E06000035'"
    ).fetchone()
    assert round(owed / thousands, 3) == 2.728


def test_gps_of_175_practices(live: duckdb.DuckDBPyConnection) -> None:
    found = live.execute(
        "select count(*), round(sum(partner_fte), 2), round(sum(salaried_fte), 1), round(sum(locum_fte), 2), "
        "any_value(month) from live.gp_workforce"
    ).fetchone()
    assert found[:4] == (175, 412.17, 388.2, 20.14)
    assert str(found[4]) == "2026-05-01"


def test_patients_fit_to_leave_of_the_icb_are_those_of_its_trusts(live: duckdb.DuckDBPyConnection) -> None:
    stay = "metric = 'Number of patients who no longer meet the criteria to reside'"
    found = dict(
        live.execute(
            f"select area_code, value from live.acute_discharge where {stay} and day = date '2026-08-01'"
        ).fetchall()
    )
    assert found["QKS"] == 532 == found["RN7"] + found["RPA"] + found["RVV"] + found["RWF"]
    assert found["ENG"] == 21_082


def test_urgent_response_of_the_icb(live: duckdb.DuckDBPyConnection) -> None:
    found = live.execute(
        "select sum(value) filter (where lower(metric) = 'referrals'), "
        "max(value) filter (where lower(metric) = 'performance' and month = date '2025-03-01') "
        "from live.community_services where area_code = 'QKS'"
    ).fetchone()
    assert (found[0], round(found[1], 1)) == (32_185, 85.3)


def test_virtual_wards_are_read_below_the_notice_at_the_top_of_the_workbook(live: duckdb.DuckDBPyConnection) -> None:
    found = live.execute(
        "select capacity_beds, patients, cast(month as varchar) from live.virtual_ward_capacity where area_code = 'QKS'"
    ).fetchall()
    assert found == [(492.0, 323.0, "2024-07-01")]


def test_reablement_and_care_homes_of_the_councils(live: duckdb.DuckDBPyConnection) -> None:
    found = live.execute(
        "select area_name, measure_code, max(value) filter (where measure_type = 'Numerator'), "
        "max(value) filter (where measure_type = 'Denominator') from live.adult_social_care "
        "where measure_code in ('2A2', '2B1') and disaggregation = 'Total' and area_name in ('Kent', 'Medway') "
        "group by all order by all"
    ).fetchall()
    assert found == [
        ("Kent", "2A2", 1348.0, 322775.0), ("Kent", "2B1", 721.0, 831.0),
        ("Medway", "2A2", 325.0, 45273.0), ("Medway", "2B1", 225.0, 372.0),
    ]  # fmt: skip
