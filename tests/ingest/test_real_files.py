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


IN_FORCE = "count(*), count(*) filter (status = 'A' and prescribing_setting = '4')"
OPEN = "count(*), count(*) filter (valid_to is null)"
BY_SEX = "sum(patients) filter (sex = 'all' and age_group = 'ALL'), sum(patients) filter (sex = 'male' and age_group <> 'ALL')"
ALL_TYPES = "attendances_type_1 + attendances_type_2 + attendances_other"
VINTAGES = {
    "more/ods/epraccur_2025-11_kent_medway_91Q.csv": ("ods_practices", IN_FORCE, (442, 176)),
    "ods/epraccur_2019-10_kent_medway_8ccgs.csv": ("ods_practices", IN_FORCE, (461, 212)),
    "more/ods/ePCN_2026-02_PCNCorePartnerDetails_kent_medway.csv": ("pcn_membership", OPEN, (239, 176)),
    "more/ods/epcncorepartnerdetails_DSE_layout_from_ePCN_2026-02_kent_medway_noheader.csv": (
        "pcn_membership", OPEN, (239, 176),
    ),
    "ods/ePCN_2022.xlsx": ("pcn_membership", "count(*) filter (sub_icb_code = '91Q')", (222,)),
    "more/list_size/gp-reg-pat-prac-quin-age_jul2026_kent_medway.csv": (
        "gp_registrations", f"count(*), {BY_SEX}", (7525, 2039483, 1005948),
    ),
    "more/list_size/gp-reg-pat-prac-all_jun2026_kent_medway.csv": (
        "gp_registrations", "count(*), sum(patients)", (175, 2039522),
    ),
    "list_size/PracPopOct.csv": ("gp_registrations", "count(*), count(*) filter (sub_icb_code = '91Q')", (6202, 175)),
    "more/imd/File_1_IoD2025_Index_of_Multiple_Deprivation.xlsx": ("lsoa_deprivation", "count(*), max(imd_decile)", (33755, 10)),
    "more/imd/File_1_IoD2025_IMD25_kent_medway.csv": (
        "lsoa_deprivation",
        "count(*), count(*) filter (imd_decile = 1), count(*) filter (imd_decile <= 2), min(imd_rank)",
        (1107, 75, 187, 48),
    ),
    "gp_coverage/APPOINTMENTS_GP_COVERAGE aug 2021- jan 2023.csv": (
        "gp_coverage", "count(*), count(*) filter (sub_icb_code = '91Q')", (3180, 30),
    ),
    "gp_payments/nhspaymentsgp-21-22.csv": ("gp_payments", "count(*)", (6758,)),
    "gp_appointments/Submissions via OC Systems in General Practice - February 2026.xlsx": (
        "online_consultations", "count(*) filter (sub_icb_code = '91Q')", (175,),
    ),
    "gp_appointments/Regional_CSV_SussexESurrey.csv": ("gp_appointments_published", "count(*)", (18825,)),
    "more/ecds/May-26-AE-by-provider-QVPHP.xls": (
        "ae_monthly_published",
        f"max({ALL_TYPES}) filter (org_code = 'RN7'), max({ALL_TYPES}) filter (org_code = 'RVV'), "
        f"max({ALL_TYPES}) filter (org_code = 'RWF'), max({ALL_TYPES}) filter (org_code = 'AQM01')",
        (15668, 27200, 22064, 3044),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(VINTAGES))
def test_vintages(name: str, tmp_path: Path) -> None:
    """Each alone, as found, against what its README counts."""
    feed, sql, expected = VINTAGES[name]
    assert lake_rows(tmp_path, feed, name, sql) == [expected]


def test_a_publishers_own_two_files_of_a_month_agree(tmp_path: Path) -> None:
    """The CSV has booked attendances beside the others; the provider sheet has their sum (92 of 94 organisations in April 2025)."""
    sql = f"org_code, {ALL_TYPES}"
    sheet = dict(lake_rows(tmp_path / "sheet", "ae_monthly_published", "ae_monthly/April-2025-AE.csv", sql))
    parts = dict(
        lake_rows(tmp_path / "csv", "ae_monthly_published", "ae_monthly/msitae/Monthly-AE-April-2025.csv", sql)
    )
    assert sheet.keys() == parts.keys()
    assert len([code for code in sheet if sheet[code] != parts[code]]) <= 2


def lake_rows(home: Path, feed: str, name: str, sql: str) -> list[tuple]:
    settings = load_settings(home=home, threads=1)
    folder = settings.paths.landing / "2026-08" / feed
    folder.mkdir(parents=True)
    shutil.copy(REAL / name, folder / Path(name).name)
    manifest = ingest_feed(settings, find_delivery(settings.paths), feed)
    assert manifest is not None
    parquet = [str(path) for path in sorted(manifest.folder(settings.paths).glob("coverage_month=*/*.parquet"))]
    with duckdb.connect() as connection:
        return connection.execute(f"select {sql} from read_parquet({parquet}, hive_partitioning = false)").fetchall()
