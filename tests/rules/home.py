"""A temporary home holding random histories: two cumulative deliveries, the second restating the first, built by the real
ingest and the real dbt models. Nothing is published; the tests read the warehouse."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Iterable
from copy import deepcopy
from datetime import date
from hashlib import md5
from pathlib import Path
from random import Random

from orchestration.foundation.settings import Settings, load_settings

from .geographies import RandomGeography, random_geography
from .histories import DATA_CUT, Rows, draw_histories

FIRST_CUT = date(2024, 9, 30)
KEYS = {"hes_apc": "EPIKEY", "hes_op": "ATTENDKEY", "ecds": "EPIKEY", "gp_appointments": "APPOINTMENT_ID"}
DATES = {
    "hes_apc": "EPIEND",
    "hes_op": "APPTDATE",
    "ecds": "ARRIVAL_DATE",
    "gp_appointments": "APPOINTMENT_DATE",
}
PRACTICE_COLUMNS = {
    "hes_apc": "GPPRAC",
    "hes_op": "GPPRAC",
    "ecds": "PRACTICE_CODE_PATIENT_REGISTRATION",
    "gp_appointments": "PRACTICE_CODE",
}


def pseudonym(number: int) -> str:
    return md5(f"person {number}".encode()).hexdigest().upper()


def gather(histories: Iterable[Rows]) -> Rows:
    """All histories as rows by feed, with keys and pseudonyms."""
    gathered: Rows = {feed: [] for feed in KEYS}
    for number, history in enumerate(histories):
        for feed, rows in history.items():
            for row in rows:
                row = dict(row)
                column = "PERSON_ID" if feed == "gp_appointments" else "TOKEN_PERSON_ID"
                row[column] = "" if row.pop("is_nobody") else pseudonym(number)
                row[KEYS[feed]] = f"{len(gathered[feed]) + 1:012d}"
                gathered[feed].append(row)
    return gathered


def earlier_view(rows: Rows, random: Random) -> Rows:
    """What an earlier delivery would have held: nothing after its cut, and some of it wrong or not yet there."""
    earlier: Rows = {}
    for feed, all_rows in rows.items():
        kept = []
        for row in deepcopy(all_rows):
            cut = FIRST_CUT.isoformat()
            if str(row[DATES[feed]]) > cut:
                if feed != "hes_apc":
                    continue
                row |= {"EPIEND": "", "EPISTAT": "1", "DISDATE": "", "DISMETH": "8", "DISDEST": "98"}
            if feed == "hes_apc" and str(row["EPISTART"]) > cut:
                continue
            luck = random.random()
            if luck < 0.05:
                continue
            if luck < 0.10:
                row[PRACTICE_COLUMNS[feed]] = "Y90001"
            kept.append(row)
        earlier[feed] = kept
    return earlier


def write_table(path: Path, rows: list, delimiter: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        if rows and isinstance(rows[0], dict):
            writer = csv.DictWriter(
                file, list(dict.fromkeys(name for row in rows for name in row)), delimiter=delimiter
            )
            writer.writeheader()
            writer.writerows(rows)
        else:
            csv.writer(file, delimiter=delimiter).writerows(rows)


def write_landing(landing: Path, histories: list[Rows], geography: RandomGeography) -> None:
    newest = gather(histories)
    for name, rows in (("2024-09", earlier_view(newest, Random(7))), ("2025-03", newest)):
        folder = landing / name
        for feed, found in rows.items():
            write_table(folder / f"{feed}_{name}.csv", found, "," if feed == "gp_appointments" else "|")
        cut = FIRST_CUT if name == "2024-09" else DATA_CUT
        lists = [row for row in geography.gp_registrations if str(row["EXTRACT_DATE"]) <= cut.isoformat()]
        write_table(folder / "gp_registrations.csv", lists, ",")
        write_table(folder / "int_membership.csv", geography.int_membership, ",")
        write_table(folder / "ods_practices.csv", geography.ods_practices, ",")
        write_table(folder / "ods_succession.csv", geography.ods_succession, ",")


def build(home: Path, delivery: str, models: tuple[str, ...] = (), **overrides: object) -> Settings:
    """Ingest every delivery up to this one and run seeds and models (no tests, no gate, no release); `models`: these and what they read."""
    from orchestration.build.dbt_runtime import DBT_PROJECT_DIR, dbt_executable, parsed_environment
    from orchestration.build.inputs import write_inputs
    from orchestration.lake.whole_delivery import ingest_delivery
    from orchestration.landing.deliveries import list_deliveries

    settings = load_settings(**{"home": home, "threads": 2, "memory_limit": "2GB", **overrides})
    settings.paths.create()
    for found in list_deliveries(settings.paths):
        ingest_delivery(settings, found)
    write_inputs(settings, delivery)
    command = [dbt_executable(), "--quiet", "build", "--resource-type", "seed", "--resource-type", "model"]
    command += ["--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)]
    command += ["--select", *(f"+{model}" for model in models)] if models else []
    done = subprocess.run(command, env={**os.environ, **parsed_environment(settings)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return settings


def random_home(folder: Path, people: int, models: tuple[str, ...] = ()) -> Settings:
    write_landing(folder / "landing", draw_histories(people), random_geography())
    return build(folder, "2025-03", models)
