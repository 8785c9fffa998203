"""The real public files of every feed load as found; the totals their README gives come out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.build.inputs import write_inputs
from orchestration.foundation.settings import load_settings
from orchestration.lake.feed import ingest_feed
from orchestration.lake.manifest import Manifest
from orchestration.landing.deliveries import find_delivery

REAL = Path(os.environ.get("INT_MARTS_REAL_FILES") or Path(__file__).resolve().parents[3] / "shared" / "real")
FILES = {
    "artificial_hes/artificial_hes_apc_0102_truncated.csv": "hes_apc",
    "artificial_hes/artificial_hes_op_0304_truncated.csv": "hes_op",
    "artificial_hes/artificial_hes_ae_0708_truncated.csv": "hes_ae",
    "list_size/PracPopFeb26.csv": "gp_registrations",
    "gp_appointments/oc_submissions_feb2026_kent_medway.csv": "online_consultations",
    "gp_appointments/Regional_CSV_KentMedway.csv": "gp_appointments_published",
    "gp_payments/nhspaymentsgp-22-23.csv": "gp_payments",
    "ods/epraccur_2023-02.csv": "ods_practices",
    "ods/ePCN_2023-01.xlsx": "pcn_membership",
    "gp_coverage/APPOINTMENTS_GP_COVERAGE feb 2023 - 2025.csv": "gp_coverage",
    "imd/File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx": "lsoa_deprivation",
    "ae_monthly/April-2025-AE.csv": "ae_monthly_published",
    "ae_monthly/March-2026-AE.csv": "ae_monthly_published",
    "ae_monthly/msitae/September-2025-Csv-7hjr2.csv": "ae_monthly_published",
}
ROWS = {
    "hes_apc": 2075,
    "hes_op": 1000,
    "hes_ae": 1000,
    "gp_registrations": 6169,
    "online_consultations": 175,
    "gp_appointments_published": 7176,
    "gp_payments": 6669,
    "ods_practices": 15536,
    "gp_coverage": 3180,
    "lsoa_deprivation": 32844,
}

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.xdist_group("real_files"),
    pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real public files is not beside the project"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Manifest], duckdb.DuckDBPyConnection]]:
    settings = load_settings(home=tmp_path_factory.mktemp("real"), threads=2)
    folder = settings.paths.landing / "2026-03"
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copy(REAL / name, folder / Path(name).name)
    named = {Path(name).name: feed for name, feed in FILES.items()}
    (folder / "delivery.yaml").write_text(yaml.safe_dump({"files": named}), encoding="utf-8")
    delivery = find_delivery(settings.paths)
    manifests = {feed: ingest_feed(settings, delivery, feed) for feed in delivery.files}
    write_inputs(settings, "2026-03")
    with duckdb.connect(str(settings.paths.inputs_file), read_only=True) as connection:
        yield {feed: manifest for feed, manifest in manifests.items() if manifest}, connection


@pytest.mark.parametrize("feed", sorted(ROWS))
def test_every_row_is_there(feed: str, real: tuple[dict[str, Manifest], duckdb.DuckDBPyConnection]) -> None:
    manifest = real[0][feed]
    assert (manifest.rows_read, manifest.rows_loaded, manifest.rows_quarantined) == (ROWS[feed], ROWS[feed], 0)


KNOWN = {
    "registered": (
        "select count(*), sum(patients)::bigint from live.gp_registrations where sub_icb_code = '91Q'",
        [(175, 2041841)],
    ),
    "appointments": (
        "select appt_status, sum(appointments)::bigint from live.gp_appointments_published group by 1 order by 1",
        [("Attended", 19193143), ("DNA", 935750), ("Unknown", 1146116)],
    ),
    "payments": (
        "select count(*), sum(payments_gbp), sum(registered_patients) from live.gp_payments where sub_icb_code = '91Q'",
        [(203, Decimal("341438594.61"), 1980798.5)],
    ),
    "epraccur": (
        "select count(*), count(*) filter (status = 'A' and prescribing_setting = '4') from live.ods_practices "
        "where sub_icb_code = '91Q'",
        [(413, 187)],
    ),
    "pcn membership": ("select count(*) from live.pcn_membership where sub_icb_code = '91Q'", [(229,)]),
    "coverage": (
        "select count(*), max(patients_at_open_practices) filter (month = '2025-07-01') from live.gp_coverage "
        "where sub_icb_code = '91Q'",
        [(30, 2040519)],
    ),
    "deprivation": ("select count(*), count(distinct imd_decile) from live.lsoa_deprivation", [(32844, 10)]),
    "online consultation rates": (
        "select count(*) from live.online_consultations "
        "where abs(rate_per_1000 - 1000.0 * submissions / registered_patients) < 1e-9",
        [(175,)],
    ),
    "A&E April 2025": (
        "select org_code, attendances_type_1 + attendances_type_2 + attendances_other, emergency_admissions_total "
        "from live.ae_monthly_published where month = '2025-04-01' and org_code in ('RN7', 'RVV', 'RWF', 'RPA', 'RYY') "
        "order by 1",
        [("RN7", 15145, 3497), ("RPA", 16997, 2342), ("RVV", 24686, 3941), ("RWF", 21325, 5868), ("RYY", 9195, 0)],
    ),
    "A&E March 2026": (
        "select org_code, attendances_type_1 + attendances_type_2 + attendances_other, emergency_admissions_total "
        "from live.ae_monthly_published where month = '2026-03-01' and org_code in ('RVV', 'RWF', 'AQM01') order by 1",
        [("AQM01", 3203, 0), ("RVV", 28333, 4223), ("RWF", 23091, 3109)],
    ),
    "A&E total rows are not data": (
        "select count(*) from live.ae_monthly_published where upper(org_code) = 'TOTAL'",
        [(0,)],
    ),
    "artificial HES trusts": (
        "select provider_code, count(*) from live.hes_apc where provider_code in ('RVV', 'RWF', 'RPA', 'RN7') "
        "group by 1 order by 1",
        [("RN7", 2), ("RPA", 10), ("RVV", 20), ("RWF", 13)],
    ),
}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_known_answers(name: str, real: tuple[dict[str, Manifest], duckdb.DuckDBPyConnection]) -> None:
    query, expected = KNOWN[name]
    assert real[1].execute(query).fetchall() == expected
