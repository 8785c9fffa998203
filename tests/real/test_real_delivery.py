"""The main job on real public files of Kent and Medway, as found, against the totals their publishers printed.

The files are not part of this project: the folder `shared/real` stands beside the checkout, or `INT_MARTS_REAL_FILES` names it.
HES there is NHS England's artificial data (columns drawn independently): a test of formats and of conservation, not a truth. It is of
2001 to 2008, so that with it a build has 300 months: `make test` takes all files as far as the count marts, `make soak` to a release.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.build.spark.build import COUNT_MARTS, MODELS
from orchestration.foundation.settings import PROJECT_ROOT, Settings, load_settings

from ..conftest import int_marts
from ..oracle import compare
from ..oracle.brute_force import BruteForce
from ..rules.home import build

REAL = Path(os.environ.get("INT_MARTS_REAL_FILES") or PROJECT_ROOT.parent / "shared" / "real")
pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.xdist_group("real"),
    pytest.mark.skipif(not REAL.is_dir(), reason="the real public files (shared/real) are not beside this checkout"),
]

DELIVERY = "2026-03"
SOURCES = {
    "artificial_hes/artificial_hes_apc_0102_truncated.csv": "hes_apc",
    "artificial_hes/artificial_hes_op_0304_truncated.csv": "hes_op",
    "artificial_hes/artificial_hes_ae_0708_truncated.csv": "hes_ae",
    "list_size/PracPopFeb26.csv": "gp_registrations",
    "gp_appointments/oc_submissions_feb2026_kent_medway.csv": "online_consultations",
    "gp_appointments/Regional_CSV_KentMedway.csv": "gp_appointments_published",
    "gp_payments/nhspaymentsgp-22-23.csv": "gp_payments",
    "ods/epraccur_2023-02.csv": "ods_practices",
    "ods/ePCN_2023-01_PCNCorePartnerDetails_kent_medway.csv": "pcn_membership",
}
# ECDS and record-level appointments are not public; the delivery says what it brings instead.
REQUIRED = ["int_membership", "gp_registrations", "hes_apc", "hes_op", "hes_ae", "gp_appointments_published"]
COUNTED = (*MODELS, "dim_int", "dim_month", "online_consultation_months")
# What artificial HES cannot meet, waived by name for this delivery as a person would; the receipt shows it.
WAIVERS = [
    {
        "check_id": "mart.visits_per_capita.not_attended_plausible",
        "delivery": DELIVERY,
        "reason": "artificial outpatient records: attendance codes are drawn independently, in few records a month",
        "owner": "ICB intelligence team",
        "expires": "2026-03-31",
    }
]
OC_PATIENTS, OC_RATE = "Registered Patient Count [8]", "Rate per 1,000 Registered Patients [9, 10]"


def read(name: str) -> list[dict[str, str]]:
    with (REAL / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_membership(path: Path) -> None:
    """The derived practice → PCN → HCP map as `int_membership`: a PCN is an INT; practices outside every PCN have none."""
    members = [row for row in read("derived/km_practice_pcn_hcp_2026-02.csv") if row["pcn_code"] != "U"]
    partnerships = sorted({row["hcp_name"] for row in members})
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "practice_code",
                "int_code",
                "int_name",
                "pcn_code",
                "pcn_name",
                "hcp_code",
                "hcp_name",
                "valid_from",
                "valid_to",
                "go_live_month",
            ]
        )
        for row in members:
            hcp = f"HCP{partnerships.index(row['hcp_name']) + 1}"
            pcn = (row["pcn_code"], row["pcn_name"])
            writer.writerow([row["practice_code"], *pcn, *pcn, hcp, row["hcp_name"], "2019-07-01", "", ""])


def land(home: Path) -> None:
    """One delivery of all files, the waivers for it, and the settings file an ICB writes: every part of a run reads it."""
    folder = home / "landing" / DELIVERY
    folder.mkdir(parents=True)
    for name in SOURCES:
        shutil.copyfile(REAL / name, folder / Path(name).name)
    write_membership(folder / "int_membership.csv")
    note = {"required_feeds": REQUIRED, "files": {Path(name).name: feed for name, feed in SOURCES.items()}}
    (folder / "delivery.yaml").write_text(yaml.safe_dump(note))
    (home / "waivers.yml").write_text(yaml.safe_dump(WAIVERS))
    (home / "int_marts.toml").write_text(
        'icb_code = "QKS"\nicb_name = "NHS Kent and Medway Integrated Care Board"\nsub_icb_codes = ["91Q"]\n'
        'threads = 2\nmemory_limit = "3GB"\n'
    )


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """All files as far as the count marts."""
    home = tmp_path_factory.mktemp("real_counted")
    land(home)
    return build(home, DELIVERY, COUNTED)


@pytest.fixture(scope="session")
def warehouse(counted: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The count marts; the views behind them read `inputs`."""
    connection = duckdb.connect(str(counted.paths.warehouse_file), read_only=True)
    connection.execute(f"attach '{counted.paths.inputs_file}' as inputs (read_only)")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def brute(counted: Settings) -> BruteForce:
    return BruteForce(counted.paths.landing, DELIVERY, counted.sub_icb_codes)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The whole job, up to a release."""
    home = tmp_path_factory.mktemp("real_published")
    land(home)
    # in a process of its own: a run keeps the settings it works with, and other tests must not find these
    done = int_marts("refresh", DELIVERY, "--json", home=home)
    assert done.exit_code == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return load_settings(home=home)


@pytest.fixture(scope="session")
def release(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(published.paths.releases / "current" / "int_marts.duckdb"), read_only=True)
    yield connection
    connection.close()


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    return connection.execute(query).fetchone() or ()


def test_registered_population(warehouse: duckdb.DuckDBPyConnection):
    """2,041,841 people at 175 practices on 1 March 2026, each once, inside the ICB."""
    found = one(
        warehouse,
        "select count(distinct practice_code), sum(registered_population) from intermediate.registered_population "
        "join intermediate.practice_areas using (practice_code, month) "
        "where month = date '2026-03-01' and boundary = 'marts' and registered_population > 0",
    )
    assert found == (175, 2_041_841)


def test_one_list_is_the_population_of_every_month(warehouse: duckdb.DuckDBPyConnection):
    """A month without a list of its own borrows the only one there is: each INT has its own practices' people in 2003 too."""
    team = {row["practice_code"]: row["pcn_code"] for row in read("derived/km_practice_pcn_hcp_2026-02.csv")}
    people: dict[str, int] = defaultdict(int)
    for row in read("list_size/PracPopFeb26.csv"):
        if team.get(row["CODE"], "U") != "U":
            people[team[row["CODE"]]] += int(row["NUMBER_OF_PATIENTS"])
    found = warehouse.execute(
        "select int_code, min(registered_population), max(registered_population) from marts.visits_per_capita "
        "where setting = 'outpatient_attendance' and int_code like 'U_____' group by 1"
    ).fetchall()
    assert {team: (low, high) for team, low, high in found} == {team: (n, n) for team, n in people.items()}


def test_appointments_are_all_there(warehouse: duckdb.DuckDBPyConnection):
    """21,275,009 appointments that exist only at sub-ICB level, by status."""
    sums = "sum(visits), sum(not_attended), sum(status_unknown)"
    found = warehouse.execute(
        f"select int_code, {sums} from marts.visits_per_capita where setting = 'gp_appointment' "
        "group by 1 having sum(visits + not_attended + status_unknown) > 0"
    ).fetchall()
    assert found == [("ICB_ONLY", 19_193_143, 935_750, 1_146_116)]


def test_gp_payments(warehouse: duckdb.DuckDBPyConnection):
    """£341,438,594.61 to the ICB's practices in 2022/23, spread over twelve months to the penny; the others stand apart."""
    ours = one(
        warehouse,
        "select sum(spend_gbp), min(month), max(month) from marts.spend_per_capita "
        "where cost_basis = 'payment' and int_code not in ('OUT_OF_AREA', 'UNATTRIBUTED') and spend_gbp <> 0",
    )
    assert (ours[0], str(ours[1]), str(ours[2])) == (Decimal("341438594.61"), "2022-04-01", "2023-03-01")
    everything = one(warehouse, "select sum(spend_gbp) from marts.spend_per_capita where cost_basis = 'payment'")
    column = "Total NHS Payments to General Practice"
    assert everything[0] == sum(
        Decimal(row[column].replace(",", "")) for row in read("gp_payments/nhspaymentsgp-22-23.csv")
    )


def test_online_consultation_rates_of_practices(warehouse: duckdb.DuckDBPyConnection):
    printed = {
        row["GP Code"]: float(row[OC_RATE]) for row in read("gp_appointments/oc_submissions_feb2026_kent_medway.csv")
    }
    found = warehouse.execute(
        "select practice_code, 1000.0 * sum(submissions) / sum(registered_patients) "
        "from intermediate.online_consultation_months group by 1"
    ).fetchall()
    assert len(printed) == 175
    assert dict(found) == pytest.approx(printed, rel=1e-12)


@pytest.mark.soak
def test_online_consultation_rates_of_networks(release: duckdb.DuckDBPyConnection):
    """A PCN's rate is its practices' submissions over the patients printed beside them."""
    submissions: dict[str, int] = defaultdict(int)
    patients: dict[str, int] = defaultdict(int)
    for row in read("gp_appointments/oc_submissions_feb2026_kent_medway.csv"):
        submissions[row["PCN Code [2, 3]"]] += int(row["Submissions [7]"])
        patients[row["PCN Code [2, 3]"]] += int(row[OC_PATIENTS])
    printed = {pcn: 1000 * submissions[pcn] / patients[pcn] for pcn in patients if pcn != "U"}
    found = release.execute(
        "select area_code, value from marts.indicator_values where indicator_id = 'online_consultations' "
        "and area_type = 'pcn' and period = 'month' and month = date '2026-02-01' and cohort_id = 'all'"
    ).fetchall()
    assert dict(found) == pytest.approx(printed, rel=1e-9)


def test_every_source_row_is_accounted_for(counted: Settings):
    """Rows read = loaded + quarantined + removed by a named rule, and what was read is what the file holds."""
    delivered = counted.paths.landing / DELIVERY
    checked = set()
    for manifest_path in sorted(counted.paths.lake.rglob("manifest.json")):
        manifest = json.loads(manifest_path.read_text())
        for part in manifest.get("files", [manifest]):
            file = delivered / Path(part["file"]).name
            removed = sum((part.get("rows_removed") or {}).values())
            assert part["rows_read"] == part["rows_loaded"] + part["rows_quarantined"] + removed, file.name
            with file.open(encoding="utf-8-sig", newline="") as handle:
                rows = sum(1 for row in csv.reader(handle) if row)
            has_header = file.name != "epraccur_2023-02.csv"
            assert part["rows_read"] == rows - int(has_header), file.name
            checked.add(file.name)
    assert checked == {Path(name).name for name in SOURCES} | {"int_membership.csv"}


@pytest.mark.parametrize("mart", ["visits", "referrals", "payments", "admissions", "readmissions"])
def test_agrees_with_the_brute_force(brute: BruteForce, warehouse: duckdb.DuckDBPyConnection, mart: str):
    """Artificial HES is inconsistent in every column, so it is a hard test of rules that say what happens to each row."""
    found = getattr(compare, f"compare_{mart}")(brute, warehouse)
    assert not found, f"{len(found)} differences\n" + "\n".join(str(one) for one in found[:10])


def test_artificial_outpatients_are_conserved(warehouse: duckdb.DuckDBPyConnection):
    """Nothing is dropped: every attended outpatient appointment of the file is in the mart, whoever it belongs to."""
    rows = read("artificial_hes/artificial_hes_op_0304_truncated.csv")
    attended = [row for row in rows if row["ATTENDED"] in {"5", "6"} and row["FIRSTATT"] != "5"]
    found = one(warehouse, "select sum(visits) from marts.visits_per_capita where setting = 'outpatient_attendance'")
    assert found == (len(attended),)


@pytest.mark.soak
def test_the_release_holds_what_was_counted(warehouse: duckdb.DuckDBPyConnection, release: duckdb.DuckDBPyConnection):
    """So that what the tests here find in the count marts is what is published."""
    for mart in COUNT_MARTS:
        ours, theirs = (
            sorted(map(repr, connection.execute(f"from marts.{mart}").fetchall()))
            for connection in (warehouse, release)
        )
        assert ours == theirs, mart


@pytest.mark.soak
def test_waivers_are_shown(published: Settings):
    """A check that artificial HES cannot meet is waived by name, and the receipt says so."""
    receipt = json.loads((published.paths.releases / "current" / "release.json").read_text())
    assert {waiver["check_id"] for waiver in receipt["waivers"]} == {waiver["check_id"] for waiver in WAIVERS}
