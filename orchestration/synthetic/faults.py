"""Named faults for attack tests, planted in the files of the last delivery after they are written. Each has one sentence.

A fault changes landing only; `truth.json` keeps the figures of the demo without it, so that a test can say what went wrong by how much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.foundation.errors import UsageError
from orchestration.synthetic.plan import DemoPlan, add_months


@dataclass(frozen=True)
class Scene:
    """Where a fault is planted: the folder of the last delivery."""

    con: duckdb.DuckDBPyConnection
    plan: DemoPlan
    folder: Path

    def newest(self, feed: str) -> Path:
        """The feed's file with the newest rows."""
        found = sorted([*self.folder.glob(f"{feed}*.*"), *self.folder.glob(f"{feed}/*")])
        return [
            path
            for path in found
            if (path.is_file() and path.name[len(feed) :][:1] in ("", "_", ".", "-")) or path.parent.name == feed
        ][-1]

    def rewrite(self, feed: str, select: str = "*", where: str = "true", also: str = "") -> None:
        """Replace the newest file by `select … where …` over its rows (all text), then the rows of `also` (SQL over `rows`)."""
        path = self.newest(feed)
        delimiter = "|" if path.suffix == ".txt" else ","
        self.con.execute(
            f"create or replace temp table rows as "
            f"select * from read_csv('{path}', header = true, all_varchar = true, delim = '{delimiter}', quote = '\"')"
        )
        source = f"select {select} from rows where {where}" + (f" union all {also}" if also else "")
        target = path.with_name(path.name + ".new")
        self.con.execute(f"copy ({source}) to '{target}' (format csv, header true, delimiter '{delimiter}')")
        target.replace(path)

    @property
    def month(self) -> str:
        return f"{self.plan.last_month:%Y-%m}"


@dataclass(frozen=True)
class Fault:
    sentence: str
    plant: Callable[[Scene], None]


def _missing_provider(scene: Scene) -> None:
    for feed, column in (("hes_apc", "EPISTART"), ("hes_op", "APPTDATE")):
        scene.rewrite(feed, where=f"not (PROCODE3 = 'ZX3' and {column} like '{scene.month}%')")
    scene.rewrite("ecds", where=f"not (PROVIDER_CODE = 'ZX3' and ARRIVAL_DATE like '{scene.month}%')")


def _truncated_file(scene: Scene) -> None:
    path = scene.newest("ecds")
    content = path.read_bytes()
    cut = int(len(content) * 0.6)
    while content[cut - 1 : cut] in (b"\n", b"|"):
        cut += 1
    path.write_bytes(content[:cut])


def _empty_file(scene: Scene) -> None:
    scene.newest("hes_apc").write_bytes(b"")


def _wrong_delimiter(scene: Scene) -> None:
    path = scene.newest("hes_op")
    path.write_text(path.read_text().replace("|", ";"))


def _stale_population(scene: Scene) -> None:
    old = add_months(scene.plan.last_month, -12).isoformat()
    scene.rewrite("gp_registrations", f"* replace ('{old}' as EXTRACT_DATE)")


def _nhs_number(text: str) -> str:
    """SQL: a ten-digit number with a right check digit (modulus 11), made from a text; ‘1’ where the check digit would be 10."""
    digits = f"(100000000 + hash({text}) % 899999999)::varchar"
    weighted = " + ".join(f"substr(d, {i + 1}, 1)::integer * {10 - i}" for i in range(9))
    check = f"(11 - ({weighted}) % 11) % 11"
    return f"list_transform([{digits}], lambda d: d || if({check} = 10, 1, {check}))[1]"


FAULTS: dict[str, Fault] = {
    "doubled_provider": Fault(
        "One trust's admitted care of the newest month is there twice, under new keys.",
        lambda s: s.rewrite(
            "hes_apc",
            also="select * replace ('6' || substr(EPIKEY, 2) as EPIKEY, '2' || substr(SUSSPELLID, 2) as SUSSPELLID, "
            "'D' || PROVSPNOPS as PROVSPNOPS) "
            f"from rows where PROCODE3 = 'ZX1' and EPISTART like '{s.month}%'",
        ),
    ),
    "half_month": Fault(
        "Outpatient appointments stop on the 15th of the newest month.",
        lambda s: s.rewrite("hes_op", where=f"APPTDATE <= '{s.month}-15'"),
    ),
    "sexes_swapped": Fault(
        "Men and women are exchanged in admitted care.",
        lambda s: s.rewrite("hes_apc", "* replace (case SEX when '1' then '2' when '2' then '1' else SEX end as SEX)"),
    ),
    "pounds_as_pence": Fault(
        "Contract prices are in pence.",
        lambda s: s.rewrite(
            "contract_activity",
            '* replace (("CONTRACT MONITORING ACTUAL PRICE"::decimal(18, 2) * 100)::varchar as "CONTRACT MONITORING ACTUAL PRICE")',
        ),
    ),
    "practice_mapped_twice": Fault(
        "One practice stands in two INTs at once.",
        lambda s: s.rewrite(
            "int_membership",
            also="select * replace ('INT09' as int_code, 'Second INT' as int_name) from rows where practice_code = 'Z10001'",
        ),
    ),
    "dates_shifted": Fault(
        "Every arrival is dated a day late.",
        lambda s: s.rewrite("ecds", "* replace ((ARRIVAL_DATE::date + 1)::varchar as ARRIVAL_DATE)"),
    ),
    "lost_int": Fault(
        "One INT is missing from the membership file.",
        lambda s: s.rewrite("int_membership", where="int_code <> 'INT05'"),
    ),
    "zeros_for_nulls": Fault(
        "Missing prices are written as 0.00.",
        lambda s: s.rewrite(
            "contract_activity",
            '* replace (coalesce("CONTRACT MONITORING ACTUAL PRICE", \'0.00\') as "CONTRACT MONITORING ACTUAL PRICE")',
        ),
    ),
    "stale_population": Fault("The newest registered list is dated a year back.", _stale_population),
    "persons_rekeyed": Fault(
        "Persons of the emergency care extract have another pseudonym than everywhere else.",
        lambda s: s.rewrite("ecds", "* replace (upper(md5(TOKEN_PERSON_ID || 'other key')) as TOKEN_PERSON_ID)"),
    ),
    "missing_provider": Fault(
        "One trust is missing from the newest month of every hospital extract.", _missing_provider
    ),
    "missing_column": Fault(
        "The outpatient extract has no ATTENDED.", lambda s: s.rewrite("hes_op", "* exclude (ATTENDED)")
    ),
    "truncated_file": Fault("The emergency care file ends in the middle of a row.", _truncated_file),
    "wrong_delimiter": Fault("The outpatient file is separated by semicolons.", _wrong_delimiter),
    "empty_file": Fault("The admitted care file has no bytes.", _empty_file),
    "header_only": Fault("The outpatient file has a header and no row.", lambda s: s.rewrite("hes_op", where="false")),
    "missing_feed": Fault("The emergency care extract was not sent.", lambda s: s.newest("ecds").unlink()),
    "nhs_numbers": Fault(
        "Appointments carry NHS numbers where pseudonyms belong.",
        lambda s: s.rewrite("gp_appointments", f"* replace ({_nhs_number('PERSON_ID')} as PERSON_ID)"),
    ),
    "name_column": Fault(
        "Community contacts have a column with names.",
        lambda s: s.rewrite("community_contacts", "*, 'Person Canary ' || substr(PERSON_ID, 1, 4) as PATIENT_NAME"),
    ),
    "half_practices": Fault(
        "Half of the practices are missing from the newest month of appointments.",
        lambda s: s.rewrite("gp_appointments", where="substr(PRACTICE_CODE, 6, 1) not in ('1', '3', '5', '7', '9')"),
    ),
    "appointments_twice": Fault(
        "Every appointment of the newest month is there twice, under a new key.",
        lambda s: s.rewrite(
            "gp_appointments", also="select * replace ('9' || APPOINTMENT_ID as APPOINTMENT_ID) from rows"
        ),
    ),
    "all_attended": Fault(
        "Every appointment of the newest month is marked attended.",
        lambda s: s.rewrite("gp_appointments", "* replace ('Attended' as APPT_STATUS)"),
    ),
    "ages_shifted": Fault(
        "Everybody in admitted care is twenty years older.",
        lambda s: s.rewrite(
            "hes_apc",
            "* replace (if(STARTAGE::integer < 100, STARTAGE::integer + 20, STARTAGE::integer)::varchar as STARTAGE)",
        ),
    ),
    "unknown_practices": Fault(
        "One trust sends every patient's practice as unknown.",
        lambda s: s.rewrite("hes_op", "* replace (if(PROCODE3 = 'ZX2', 'V81999', GPPRAC) as GPPRAC)"),
    ),
    "one_practice": Fault(
        "One trust sends all its attendances under one practice.",
        lambda s: s.rewrite(
            "ecds",
            "* replace (if(PROVIDER_CODE = 'ZX1', 'Z10001', PRACTICE_CODE_PATIENT_REGISTRATION) as PRACTICE_CODE_PATIENT_REGISTRATION)",
        ),
    ),
    "zero_population": Fault(
        "The newest registered list has nobody in it.",
        lambda s: s.rewrite("gp_registrations", "* replace ('0' as NUMBER_OF_PATIENTS)"),
    ),
    "levels_doubled": Fault(
        "The newest registered list calls its PCN rows practices.",
        lambda s: s.rewrite("gp_registrations", "* replace (if(ORG_TYPE = 'PCN', 'GP', ORG_TYPE) as ORG_TYPE)"),
    ),
    "unknown_admission_methods": Fault(
        "Every admission has method 99.", lambda s: s.rewrite("hes_apc", "* replace ('99' as ADMIMETH)")
    ),
    "planned_only": Fault(
        "Every attendance is marked planned.", lambda s: s.rewrite("ecds", "* replace ('4' as ATTENDANCE_CATEGORY)")
    ),
    "membership_gap": Fault(
        "One practice's membership ended three months ago and nothing follows.",
        lambda s: s.rewrite(
            "int_membership",
            f"* replace (if(practice_code = 'Z10002', '{add_months(s.plan.last_month, -3)}', valid_to) as valid_to)",
        ),
    ),
}


def check_names(names: frozenset[str]) -> None:
    unknown = sorted(names - set(FAULTS))
    if unknown:
        raise UsageError(f"no fault is called {', '.join(unknown)}; there are {', '.join(sorted(FAULTS))}")


def plant_faults(con: duckdb.DuckDBPyConnection, plan: DemoPlan, landing: Path) -> None:
    """Plant the plan's faults, in order of name, in the last delivery."""
    scene = Scene(con, plan, landing / plan.deliveries[-1].name)
    for name in sorted(plan.faults):
        FAULTS[name].plant(scene)
