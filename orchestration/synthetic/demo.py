"""`write_demo`: the whole demo, from an empty folder to deliveries and their truth."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.errors import UsageError
from orchestration.settings import Settings
from orchestration.synthetic import community, contracts, gp_files, hospital_files, ledger, reference_files, referrals
from orchestration.synthetic.emergency_care import create_attendances
from orchestration.synthetic.faults import check_names, plant_faults
from orchestration.synthetic.hospital_stays import create_stays
from orchestration.synthetic.outpatients import create_outpatients
from orchestration.synthetic.people import create_people
from orchestration.synthetic.plan import DemoDelivery, DemoPlan, parse_month
from orchestration.synthetic.sql import create_draws
from orchestration.synthetic.truth import add_gp_month, create_truth, write_truth
from orchestration.synthetic.world import World, build_world, create_world, membership_rows
from orchestration.synthetic.writers import write_rows

Progress = Callable[[str], None]


@dataclass(frozen=True)
class DemoSummary:
    """What was written: delivery names in order, files and bytes in all, rows by delivery and feed."""

    landing: Path
    deliveries: tuple[str, ...]
    files: int
    bytes_written: int
    rows: dict[str, dict[str, int]]
    truth_file: Path


def write_demo(
    settings_or_landing_path: Settings | Path | str,
    people: int = 200_000,
    months: int = 26,
    to: str = "2025-10",
    deliveries: int = 2,
    seed: int = 1,
    faults: Iterable[str] = (),
    flat_rates: bool = False,
    progress: Progress | None = None,
    threads: int = 2,
) -> DemoSummary:
    """Write synthetic deliveries into a landing folder. Same arguments, same bytes, whatever the number of threads.

    `months` months up to and including `to` (`YYYY-MM`), the last `deliveries` of which are deliveries: the first
    holds the whole
    history, each later one the financial year so far, restated. `flat_rates`: no season, weekday, trend or
    improvement, only
    chance. `faults`: names from `orchestration.synthetic.faults`, planted in the last delivery.

    Raises `UsageError` for an impossible size or a delivery that is there already.
    """
    plan, landing = _plan(settings_or_landing_path, people, months, to, deliveries, seed, faults, flat_rates)
    say = progress or (lambda message: None)
    check_names(plan.faults)
    for delivery in plan.deliveries:
        if (landing / delivery.name).exists():
            raise UsageError(f"{landing / delivery.name} is there already; a demo never overwrites a delivery")
    landing.mkdir(parents=True, exist_ok=True)
    # the work folder stands beside the landing folder, because a large demo does not fit every /tmp
    work = Path(tempfile.mkdtemp(prefix=".demo-", dir=landing.parent))
    try:
        with duckdb.connect(str(work / "work.duckdb")) as con:
            con.execute(f"set threads = {threads}; set temp_directory = '{work / 'spill'}'; set memory_limit = '4GB'")
            rows = _write(con, plan, work / "landing", say)
        for delivery in plan.deliveries:
            (work / "landing" / delivery.name).rename(landing / delivery.name)
        (work / "landing" / "truth.json").replace(landing / "truth.json")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    names = tuple(delivery.name for delivery in plan.deliveries)
    sizes = [file.stat().st_size for name in names for file in (landing / name).rglob("*") if file.is_file()]
    return DemoSummary(landing, names, len(sizes), sum(sizes), rows, landing / "truth.json")


def _plan(
    target: Settings | Path | str,
    people: int,
    months: int,
    to: str,
    deliveries: int,
    seed: int,
    faults: Iterable[str],
    flat: bool,
) -> tuple[DemoPlan, Path]:
    month = parse_month(to)
    if isinstance(target, Settings):
        icb = (target.icb_code, target.icb_name, target.sub_icb_codes[0])
        return DemoPlan(people, month, months, deliveries, seed, flat, *icb, frozenset(faults)), target.paths.landing
    return DemoPlan(people, month, months, deliveries, seed, flat, faults=frozenset(faults)), Path(target).absolute()


def _write(con: duckdb.DuckDBPyConnection, plan: DemoPlan, landing: Path, say: Progress) -> dict[str, dict[str, int]]:
    world = build_world(plan)
    create_draws(con, plan.seed)
    create_world(con, plan, world)
    say(f"{plan.people:,} people")
    create_people(con, plan, world)
    gp_files.create_lists(con, plan)
    say("hospital stays, attendances, appointments, contacts, referrals, contracts")
    create_stays(con, plan)
    create_attendances(con, plan)
    create_outpatients(con, plan)
    community.create_contacts(con, plan)
    referrals.create_referrals(con, plan)
    contracts.create_contract_lines(con, plan)
    contracts.create_payments(con, plan)

    say("true figures")
    create_truth(con, plan)

    rows: dict[str, dict[str, int]] = {}
    dirty: dict[str, dict[str, ledger.Counts]] = {}
    for delivery in plan.deliveries:
        say(f"delivery {delivery.name}")
        dirty[delivery.name] = ledger.count_delivery(con, delivery) | {"gp_appointments": {}}
        rows[delivery.name] = _write_delivery(con, plan, world, delivery, landing / delivery.name)
    for month in plan.months:
        say(f"GP appointments {month:%Y-%m}")
        gp_files.create_month(con, plan, month)
        add_gp_month(con, plan, month)
        for delivery in plan.deliveries:
            if delivery.covers(month):
                written = gp_files.write_gp_appointments(con, month, delivery, landing / delivery.name)
                rows[delivery.name]["gp_appointments"] += written
                ledger.count_gp_month(con, month, delivery, dirty[delivery.name]["gp_appointments"])
    write_truth(con, plan, dirty, landing / "truth.json")
    plant_faults(con, plan, landing)
    return {name: {feed: count for feed, count in feeds.items() if count} for name, feeds in rows.items()}


def _write_delivery(
    con: duckdb.DuckDBPyConnection, plan: DemoPlan, world: World, delivery: DemoDelivery, folder: Path
) -> dict[str, int]:
    """Every feed but the GP appointments, which are written month by month. Lists and published tables come monthly: the first
    delivery brings them all, a later one its own month."""
    new_months = [m for m in plan.months if (m <= delivery.data_cut if delivery.is_first else m == delivery.month)]
    quarters = [m for m in new_months if m.month % 3 == 1] or new_months[:1] * delivery.is_first
    covered = [m for m in plan.months if delivery.covers(m)]
    return {
        "int_membership": write_rows(
            folder / "int_membership.csv", MEMBERSHIP_HEADER, membership_rows(world, delivery.data_cut)
        ),
        "ods_practices": reference_files.write_ods_practices(plan, world, delivery, folder),
        "ods_succession": reference_files.write_ods_succession(world, delivery, folder),
        "pcn_membership": reference_files.write_pcn_membership(plan, world, delivery, folder),
        "lsoa_deprivation": reference_files.write_lsoa_deprivation(con, folder),
        "hes_apc": hospital_files.write_hes_apc(con, plan, delivery, folder),
        "hes_op": hospital_files.write_hes_op(con, plan, delivery, folder),
        "ecds": hospital_files.write_ecds(con, plan, delivery, folder),
        "community_contacts": community.write_community_contacts(con, delivery, folder),
        "deaths": community.write_deaths(con, delivery, folder),
        "person_cohorts": community.write_person_cohorts(con, plan, delivery, folder),
        "opt_outs": community.write_opt_outs(con, folder),
        "ers_referrals": referrals.write_ers_referrals(con, delivery, folder),
        "contract_activity": contracts.write_contract_activity(con, plan, delivery, folder),
        "gp_payments": contracts.write_gp_payments(con, plan, delivery, folder),
        "gp_registrations": sum(gp_files.write_gp_registrations(con, plan, m, folder) for m in new_months),
        "gp_registrations_lsoa": sum(reference_files.write_lists_by_lsoa(con, m, folder) for m in quarters),
        "gp_coverage": reference_files.write_gp_coverage(con, plan, world, covered, folder),
        "online_consultations": sum(
            reference_files.write_online_consultations(con, plan, m, folder) for m in new_months
        ),
        "ae_monthly_published": sum(reference_files.write_ae_monthly(con, m, folder) for m in covered),
        "gp_appointments": 0,
    }


MEMBERSHIP_HEADER = ("practice_code", "int_code", "int_name", "pcn_code", "pcn_name", "hcp_code", "hcp_name", "valid_from", "valid_to",
                     "go_live_month")  # fmt: skip
