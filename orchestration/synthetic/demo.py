"""`write_demo`: the whole demo, from an empty folder to deliveries and their truth."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import duckdb

from orchestration.foundation.errors import UsageError
from orchestration.synthetic import (
    community,
    contracts,
    gp_files,
    hospital_files,
    ledger,
    reference_files,
    referrals,
    reported,
)
from orchestration.synthetic.emergency_care import create_attendances
from orchestration.synthetic.faults import check_names, plant_faults
from orchestration.synthetic.hospital_stays import create_stays
from orchestration.synthetic.outpatients import create_outpatients
from orchestration.synthetic.people import create_people
from orchestration.synthetic.plan import DemoDelivery, DemoPlan, parse_month
from orchestration.synthetic.side_by_side import Task, side_by_side
from orchestration.synthetic.sql import create_draws
from orchestration.synthetic.truth import add_gp_month, create_truth, create_truth_table, write_truth
from orchestration.synthetic.world import World, build_world, create_world, membership_rows
from orchestration.synthetic.writers import write_rows


@dataclass(frozen=True)
class DemoSummary:
    """What was written: delivery names in order, files in all, rows by delivery and feed."""

    landing: Path
    deliveries: tuple[str, ...]
    files: int
    rows: dict[str, dict[str, int]]
    truth_file: Path


def write_demo(
    landing: Path,
    people: int = 200_000,
    months: int = 26,
    to: str = "2025-10",
    deliveries: int = 2,
    seed: int = 1,
    faults: Iterable[str] = (),
    flat_rates: bool = False,
    threads: int = 2,
    effects: str = "growing",
    chosen_high: bool = False,
) -> DemoSummary:
    """Write synthetic deliveries into a landing folder. Same arguments, same bytes, whatever the number of threads.

    `months` months up to and including `to` (`YYYY-MM`), the last `deliveries` of which are deliveries: the first
    holds the whole
    history, each later one the financial year so far, restated. `flat_rates`: no season, weekday, trend or
    improvement, only
    chance. `effects`: what going live does (`growing`, `by_wave`, `none`); `chosen_high`: teams went live after a
    year that was high by chance. `faults`: names from `orchestration.synthetic.faults`, planted in the last delivery.

    Raises `UsageError` for an impossible size or a delivery that is there already.
    """
    plan = DemoPlan(
        people,
        parse_month(to),
        months,
        deliveries,
        seed,
        flat_rates,
        faults=frozenset(faults),
        effects=effects,
        chosen_high=chosen_high,
    )
    check_names(plan.faults)
    for delivery in plan.deliveries:
        if (landing / delivery.name).exists():
            raise UsageError(f"{landing / delivery.name} is there already; a demo never overwrites a delivery")
    landing.mkdir(parents=True, exist_ok=True)
    # the work folder stands beside the landing folder, because a large demo does not fit every /tmp
    work = Path(tempfile.mkdtemp(prefix=".demo-", dir=landing.parent))
    try:
        with duckdb.connect(str(work / "work.duckdb")) as con:
            con.execute(f"set threads = 1; set temp_directory = '{work / 'spill'}'; set memory_limit = '4GB'")
            rows = _write(con, plan, work / "landing", threads)
        for delivery in plan.deliveries:
            (work / "landing" / delivery.name).rename(landing / delivery.name)
        (work / "landing" / "truth.json").replace(landing / "truth.json")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    names = tuple(delivery.name for delivery in plan.deliveries)
    files = sum(file.is_file() for name in names for file in (landing / name).rglob("*"))
    return DemoSummary(landing, names, files, rows, landing / "truth.json")


def _write(con: duckdb.DuckDBPyConnection, plan: DemoPlan, landing: Path, threads: int) -> dict[str, dict[str, int]]:
    """What needs only the people comes first, then money, which is priced from it, then what needs money."""
    world = build_world(plan)
    create_draws(con, plan.seed)
    create_world(con, plan, world)
    create_people(con, plan, world)
    create_truth_table(con)

    events: dict[str, Task] = {
        "hospital": lambda own: _create_hospital(own, plan),
        "outpatients": lambda own: create_outpatients(own, plan),
        "contacts": lambda own: community.create_contacts(own, plan),
        "referrals": lambda own: referrals.create_referrals(own, plan),
        "lists": lambda own: gp_files.create_lists(own, plan),
    }
    appointments = {month: partial(_write_gp_month, plan=plan, month=month, landing=landing) for month in plan.months}
    by_month = side_by_side(con, threads, {**events, **appointments})

    writers: dict[tuple[str, str], Task] = {
        (delivery.name, feed): writer
        for delivery in plan.deliveries
        for feed, writer in _feed_writers(plan, world, delivery, landing / delivery.name).items()
    }
    of_money = {name: writer for name, writer in writers.items() if name[1] in MONEY_FEEDS}
    others = {name: writer for name, writer in writers.items() if name not in of_money}
    ledgers = {delivery.name: partial(ledger.count_delivery, delivery=delivery) for delivery in plan.deliveries}
    found = side_by_side(con, threads, {"money": lambda own: _create_money(own, plan), **ledgers, **others})

    found |= side_by_side(con, threads, {"truth": lambda own: create_truth(own, plan), **of_money})

    rows: dict[str, dict[str, int]] = {}
    dirty: dict[str, dict[str, ledger.Counts]] = {}
    for delivery in plan.deliveries:
        months = [by_month[month][delivery.name] for month in plan.months if delivery.covers(month)]
        rows[delivery.name] = {feed: found[name, feed] for name, feed in writers if name == delivery.name}
        rows[delivery.name]["gp_appointments"] = sum(written for written, _ in months)
        dirty[delivery.name] = found[delivery.name] | {"gp_appointments": ledger.total(counts for _, counts in months)}
    write_truth(con, plan, dirty, landing / "truth.json")
    plant_faults(con, plan, landing)
    return {name: {feed: count for feed, count in feeds.items() if count} for name, feeds in rows.items()}


def _create_hospital(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    create_stays(con, plan)
    create_attendances(con, plan)


def _create_money(con: duckdb.DuckDBPyConnection, plan: DemoPlan) -> None:
    contracts.create_contract_lines(con, plan)
    contracts.create_payments(con, plan)


def _write_gp_month(
    con: duckdb.DuckDBPyConnection, plan: DemoPlan, month: date, landing: Path
) -> dict[str, tuple[int, ledger.Counts]]:
    """One month of GP appointments, from its rows to its truth; delivery → rows written, and the dirt among them."""
    gp_files.create_month(con, plan, month)
    add_gp_month(con, plan, month)
    return {
        delivery.name: (
            gp_files.write_gp_appointments(con, month, delivery, landing / delivery.name),
            ledger.count_gp_month(con, month, delivery),
        )
        for delivery in plan.deliveries
        if delivery.covers(month)
    }


def _feed_writers(plan: DemoPlan, world: World, delivery: DemoDelivery, folder: Path) -> dict[str, Task]:
    """Every feed but the GP appointments, which are written month by month. Lists and published tables come monthly: the first
    delivery brings them all, a later one its own month."""
    new_months = [m for m in plan.months if (m <= delivery.data_cut if delivery.is_first else m == delivery.month)]
    quarters = [m for m in new_months if m.month % 3 == 1] or new_months[:1] * delivery.is_first
    covered = [m for m in plan.months if delivery.covers(m)]
    return {
        "int_membership": lambda con: write_rows(
            folder / "int_membership.csv", MEMBERSHIP_HEADER, membership_rows(world, delivery.data_cut)
        ),
        "ods_practices": lambda con: reference_files.write_ods_practices(plan, world, delivery, folder),
        "ods_succession": lambda con: reference_files.write_ods_succession(world, delivery, folder),
        "pcn_membership": lambda con: reference_files.write_pcn_membership(plan, world, delivery, folder),
        "lsoa_deprivation": lambda con: reference_files.write_lsoa_deprivation(con, folder),
        "hes_apc": lambda con: hospital_files.write_hes_apc(con, plan, delivery, folder),
        "hes_op": lambda con: hospital_files.write_hes_op(con, plan, delivery, folder),
        "ecds": lambda con: hospital_files.write_ecds(con, plan, delivery, folder),
        "community_contacts": lambda con: community.write_community_contacts(con, delivery, folder),
        "deaths": lambda con: community.write_deaths(con, delivery, folder),
        "person_cohorts": lambda con: community.write_person_cohorts(con, plan, delivery, folder),
        "reported_measures": lambda con: reported.write_reported_measures(plan, world, delivery, new_months, folder),
        "opt_outs": lambda con: community.write_opt_outs(con, folder),
        "ers_referrals": lambda con: referrals.write_ers_referrals(con, delivery, folder),
        "contract_activity": lambda con: contracts.write_contract_activity(con, plan, delivery, folder),
        "gp_payments": lambda con: contracts.write_gp_payments(con, plan, delivery, folder),
        "gp_registrations": lambda con: sum(gp_files.write_gp_registrations(con, plan, m, folder) for m in new_months),
        "gp_registrations_lsoa": lambda con: sum(reference_files.write_lists_by_lsoa(con, m, folder) for m in quarters),
        "gp_coverage": lambda con: reference_files.write_gp_coverage(con, plan, world, covered, folder),
        "int_programme": lambda con: reference_files.write_int_programme(plan, world, covered, folder),
        "online_consultations": lambda con: sum(
            reference_files.write_online_consultations(con, plan, m, folder) for m in new_months
        ),
        "ae_monthly_published": lambda con: sum(reference_files.write_ae_monthly(con, m, folder) for m in covered),
    }


MONEY_FEEDS = ("contract_activity", "gp_payments")
MEMBERSHIP_HEADER = ("practice_code", "int_code", "int_name", "pcn_code", "pcn_name", "hcp_code", "hcp_name", "valid_from", "valid_to",
                     "go_live_month")  # fmt: skip
