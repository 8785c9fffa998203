"""Published files that end in reported measures: real ones load, and the totals their README gives come out."""

from __future__ import annotations

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
# what a file is called in landing: where its own name says no month, one that does
FILES = {
    "qof/PREVALENCE_2425_kent_medway.csv": ("PREVALENCE_2425_kent_medway.csv", "qof_prevalence"),
    "gpps/GPPS_2025_Practice_data_(weighted)_first25_rows.csv": ("gp_patient_survey_2025-03.csv", "gp_patient_survey"),
    "dementia/pcdem-nhs-rate-mar-2026_england_QKS_transcribed.csv": ("dementia.csv", "dementia_diagnoses"),
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
    named = dict(FILES.values())
    (folder / "delivery.yaml").write_text(yaml.safe_dump({"files": named}), encoding="utf-8")
    delivery = find_delivery(settings.paths)
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
    found = dict(live.execute("select measure, value from live.dementia_diagnoses where area_code = 'QKS'").fetchall())
    assert (found["DEMENTIA_REGISTER_65_PLUS"], found["DEMENTIA_ESTIMATE_65_PLUS"]) == (16495.0, 26493.0)


def test_gps_of_175_practices(live: duckdb.DuckDBPyConnection) -> None:
    found = live.execute(
        "select count(*), round(sum(partner_fte), 2), round(sum(salaried_fte), 1), round(sum(locum_fte), 2), "
        "any_value(month) from live.gp_workforce"
    ).fetchone()
    assert found[:4] == (175, 412.17, 388.2, 20.14)
    assert str(found[4]) == "2026-05-01"
