"""Faults that leave files, volumes and common codes alone: reference tables, keys that link, and fields that only one rule reads.

Written as a second attacker would, after the rules, without looking for what they catch."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import random

from tests.quality.attack.data_faults import DATA_FAULTS, PRICE, constant, fault
from tests.quality.attack.landed import Landed, Row, moved

__all__ = ["DATA_FAULTS"]
AGE_BANDS = [*(f"{start}_{start + 4}" for start in range(0, 95, 5)), "95+"]


def number(value: str, factor: float) -> str:
    return str(round(float(value) * factor)) if value.replace(".", "", 1).isdigit() else value


@fault("referrals: every action a referral of its own", "keys")
def own_referrals(landed: Landed) -> int:
    return landed.each("ers_referrals", lambda row: row.update(UBRN_ID=f"{row['UBRN_ID']}-{row['ACTION_ID']}"))


@fault("referrals: all of them twice under new keys", "volume")
def referrals_doubled(landed: Landed) -> int:
    return landed.rewrite(
        "ers_referrals",
        lambda rows: (
            rows + [{**row, "UBRN_ID": f"9{row['UBRN_ID']}", "ACTION_ID": f"9{row['ACTION_ID']}"} for row in rows]
        ),
    )


@fault("referrals: moved back by a month", "dates")
def referrals_moved(landed: Landed) -> int:
    return landed.each(
        "ers_referrals",
        lambda row: row.update(ACTION_DT_TM=moved(row["ACTION_DT_TM"][:10], -30) + row["ACTION_DT_TM"][10:]),
    )


@fault("referrals: a third of them lost", "volume")
def referrals_lost(landed: Landed) -> int:
    return landed.keep("ers_referrals", lambda row: int(hashlib.md5(row["UBRN_ID"].encode()).hexdigest(), 16) % 3 > 0)


constant("referrals: every practice unknown", "ers_referrals", REGISTERED_ORG_ID="", REFERRING_ORG_ID="")
constant("referrals: one practice for everyone", "ers_referrals", REGISTERED_ORG_ID="Z10001", REFERRING_ORG_ID="Z10001")
constant("referrals: all of them advice", "ers_referrals", AR_STATUS_CD="ANSWERED")
constant("referrals: all of them tests", "ers_referrals", TEST_PATIENT_IND="Y")


@fault("online consultations: ten times as many", "zeros")
def consultations_times_ten(landed: Landed) -> int:
    names = [f"{kind} [7]".upper() for kind in ("Submissions", "Clinical Submissions", "Administrative Submissions")]
    return landed.each("online_consultations", lambda row: row.update({name: number(row[name], 10) for name in names}))


@fault("online consultations: zeros", "zeros")
def consultations_zero(landed: Landed) -> int:
    return landed.each("online_consultations", lambda row: row.update({"SUBMISSIONS [7]": "0"}))


@fault("list: practices' populations dealt out anew", "list")
def list_shuffled(landed: Landed) -> int:
    def rows(found: list[Row]) -> list[Row]:
        codes = sorted({row["ORG_CODE"] for row in found if row["ORG_TYPE"] == "GP"})
        other = dict(zip(codes, random.Random(1).sample(codes, len(codes)), strict=True))
        return [{**row, "ORG_CODE": other.get(row["ORG_CODE"], row["ORG_CODE"])} for row in found]

    return landed.rewrite("gp_registrations", rows)


@fault("list: ages one band up", "list")
def list_bands(landed: Landed) -> int:
    def up(row: Row) -> None:
        if row["AGE_GROUP_5"] in AGE_BANDS:
            row["AGE_GROUP_5"] = AGE_BANDS[(AGE_BANDS.index(row["AGE_GROUP_5"]) + 1) % len(AGE_BANDS)]

    return landed.each("gp_registrations", up)


@fault("list: a tenth more people in every cell", "list")
def list_tenth(landed: Landed) -> int:
    return landed.each(
        "gp_registrations", lambda row: row.update(NUMBER_OF_PATIENTS=number(row["NUMBER_OF_PATIENTS"], 1.1))
    )


@fault("deprivation: deciles turned round", "reference")
def deciles_reversed(landed: Landed) -> int:
    column = "INDEX OF MULTIPLE DEPRIVATION (IMD) DECILE"
    return landed.each("lsoa_deprivation", lambda row: row.update({column: str(11 - int(row[column]))}))


@fault("deprivation: one decile for every place", "reference")
def one_decile(landed: Landed) -> int:
    return landed.each("lsoa_deprivation", lambda row: row.update({"INDEX OF MULTIPLE DEPRIVATION (IMD) DECILE": "5"}))


@fault("deprivation: places of another area", "reference")
def other_places(landed: Landed) -> int:
    return landed.each(
        "lsoa_deprivation",
        lambda row: row.update({"LSOA CODE (2011)": row["LSOA CODE (2011)"].replace("E0109", "E0108")}),
    )


@fault("successions: every practice into one", "reference")
def all_into_one(landed: Landed) -> int:
    path = landed.files("ods_succession")[0]
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, *(f"Z1{n:04d},Z10001,M,20240401,1" for n in range(2, 180))]) + "\n")
    return 1


@fault("opt-outs: everybody", "people")
def everybody_opts_out(landed: Landed) -> int:
    people: set[str] = set()
    landed.each("hes_op", lambda row: people.add(row["TOKEN_PERSON_ID"]))
    landed.files("opt_outs")[0].write_text("\n".join(["PERSON_ID", *sorted(people - {""})]) + "\n")
    return len(people)


@fault("opt-outs: a fifth of the people", "people")
def a_fifth_opts_out(landed: Landed) -> int:
    people: set[str] = set()
    landed.each("hes_op", lambda row: people.add(row["TOKEN_PERSON_ID"]))
    chosen = sorted(people - {""})[::5]
    landed.files("opt_outs")[0].write_text("\n".join(["PERSON_ID", *chosen]) + "\n")
    return len(chosen)


@fault("deaths: moved by a year", "dates")
def deaths_moved(landed: Landed) -> int:
    return landed.each("deaths", lambda row: row.update(DEATH_DATE=moved(row["DEATH_DATE"], -365)))


@fault("deaths: half of them lost", "volume")
def deaths_lost(landed: Landed) -> int:
    turn = itertools.count()
    return landed.keep("deaths", lambda row: next(turn) % 2 == 0)


@fault("deaths: of people who come to hospital afterwards", "people")
def living_dead(landed: Landed) -> int:
    living: list[str] = []
    landed.each(
        "hes_op",
        lambda row: (
            living.append(row["TOKEN_PERSON_ID"])
            if row["APPTDATE"].startswith(landed.last_month)
            and row["ATTENDED"] in ("5", "6")
            and row["TOKEN_PERSON_ID"]
            else None
        ),
    )
    people = sorted(set(living))
    return landed.rewrite(
        "deaths",
        lambda rows: [{**row, "PERSON_ID": person} for row, person in zip(rows, itertools.cycle(people), strict=False)],
    )


@fault("cohorts: everybody ended", "people")
def cohorts_ended(landed: Landed) -> int:
    return landed.each("person_cohorts", lambda row: row.update(VALID_TO=row["VALID_TO"] or "2025-09-01"))


@fault("cohorts: names dealt out anew", "people")
def cohorts_shuffled(landed: Landed) -> int:
    def rows(found: list[Row]) -> list[Row]:
        order = random.Random(1).sample(range(len(found)), len(found))
        return [{**row, "COHORT_ID": found[other]["COHORT_ID"]} for row, other in zip(found, order, strict=True)]

    return landed.rewrite("person_cohorts", rows)


@fault("cohorts: nobody the other feeds know", "people")
def cohorts_rekeyed(landed: Landed) -> int:
    return landed.each(
        "person_cohorts", lambda row: row.update(PERSON_ID=hashlib.md5(row["PERSON_ID"].encode()).hexdigest().upper())
    )


@fault("admissions: one spell number for everything", "keys")
def one_spell(landed: Landed) -> int:
    return landed.each("hes_apc", lambda row: row.update(SUSSPELLID="1", PROVSPNOPS="S1"))


@fault("admissions: a spell number for every episode", "keys")
def spell_per_episode(landed: Landed) -> int:
    return landed.each("hes_apc", lambda row: row.update(SUSSPELLID=row["EPIKEY"], PROVSPNOPS=f"S{row['EPIKEY']}"))


@fault("admissions: everybody stays ten days longer", "dates")
def longer_stays(landed: Landed) -> int:
    limit = f"{landed.last_month}-31"

    def longer(row: Row) -> None:
        later = moved(row["DISDATE"], 10)
        if row["DISDATE"] >= "1990" and later <= limit:
            row.update(DISDATE=later, EPIEND=later if row["EPIEND"] == row["DISDATE"] else row["EPIEND"])

    return landed.each("hes_apc", longer)


@fault("admissions: everybody goes home on the first day", "dates")
def no_nights(landed: Landed) -> int:
    return landed.each(
        "hes_apc",
        lambda row: row.update(DISDATE=row["ADMIDATE"]) if row["DISDATE"] >= "1990" else None,
    )


constant("admissions: everybody dies", "hes_apc", DISMETH="4", DISDEST="79")
constant("admissions: all of one specialty", "hes_apc", MAINSPEF="501", TRETSPEF="501")
constant("admissions: all of them falls", "hes_apc", DIAG_4_01="S720", DIAG_4_02="W190")
constant("admissions: all of them private", "hes_apc", ADMINCAT="02")
constant("emergency care: everybody at midnight", "ecds", "dates", ARRIVAL_TIME="00:00:00")
constant("emergency care: everybody leaves in an hour", "ecds", DEPARTURE_TIME_SINCE_ARRIVAL="60")
constant("emergency care: all same-day emergency care", "ecds", DEPARTMENT_TYPE="05")
constant("emergency care: nobody by ambulance", "ecds", ARRIVAL_MODE="1048071000000103")
constant("outpatients: all referred by a GP", "hes_op", REFSOURC="03")
constant("outpatients: no request dates", "hes_op", "dates", REQDATE="1800-01-01")
constant("outpatients: all clock stops", "hes_op", FIRSTATT="5")
constant("outpatients: all procedures", "hes_op", OPERTN_4_01="X999")
constant("community: everybody attended", "community_contacts", ATTENDED="5")
constant("community: one practice for everyone", "community_contacts", PRACTICE_CODE="Z10001")
constant(
    "contracts: every practice unknown",
    "contract_activity",
    **{"GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)": "V81999"},
)
constant("contracts: all of them block", "contract_activity", "money", **{"POINT OF DELIVERY CODE": "BLOCK"})


@fault("contracts: prices between the lines mixed up", "money")
def prices_mixed(landed: Landed) -> int:
    def rows(found: list[Row]) -> list[Row]:
        order = random.Random(1).sample(range(len(found)), len(found))
        return [{**row, PRICE: found[other][PRICE]} for row, other in zip(found, order, strict=True)]

    return landed.rewrite("contract_activity", rows)


@fault("contracts: months one later", "dates")
def contract_months(landed: Landed) -> int:
    return landed.each(
        "contract_activity", lambda row: row.update({"FINANCIAL MONTH": str(int(row["FINANCIAL MONTH"]) % 12 + 1)})
    )


@fault("delivery note: a cut a month too late", "dates")
def late_cut(landed: Landed) -> int:
    (landed.folder / "delivery.yaml").write_text(f"data_cut: {dt.date(2025, 11, 30)}\n")
    return 1


@fault("map: go-live a year earlier", "map")
def earlier_go_live(landed: Landed) -> int:
    return landed.each(
        "int_membership",
        lambda row: row.update(
            GO_LIVE_MONTH=row["GO_LIVE_MONTH"] and f"{int(row['GO_LIVE_MONTH'][:4]) - 1}{row['GO_LIVE_MONTH'][4:]}"
        ),
    )


@fault("map: two teams' names swapped", "map")
def names_swapped(landed: Landed) -> int:
    names: dict[str, str] = {}
    landed.each("int_membership", lambda row: names.update({row["INT_CODE"]: row["INT_NAME"]}))
    swapped = {"INT01": "INT02", "INT02": "INT01"}
    return landed.each(
        "int_membership",
        lambda row: row.update(INT_NAME=names[swapped.get(row["INT_CODE"], row["INT_CODE"])]),
    )


@fault("map: partnerships swapped", "map")
def partnerships_swapped(landed: Landed) -> int:
    swapped = {"HCP1": "HCP2", "HCP2": "HCP1"}
    return landed.each("int_membership", lambda row: row.update(HCP_CODE=swapped.get(row["HCP_CODE"], row["HCP_CODE"])))


# -- the right rows under another practice or home: volumes, people and codes all stay ------------------------------------------------

PRACTICE_OF = {
    "gp_appointments": "PRACTICE_CODE",
    "hes_apc": "GPPRAC",
    "hes_op": "GPPRAC",
    "ecds": "PRACTICE_CODE_PATIENT_REGISTRATION",
    "community_contacts": "PRACTICE_CODE",
    "contract_activity": "GENERAL MEDICAL PRACTICE (PATIENT REGISTRATION)",
    "ers_referrals": "REGISTERED_ORG_ID",
}
HOME_OF = {"gp_appointments": "LSOA11", "hes_apc": "LSOA11", "hes_op": "LSOA11", "ecds": "LSOA_2011"}


def dealt_anew(landed: Landed, feed: str, column: str, most: int | None = None) -> int:
    """Every value of a column (or the `most` frequent alone) replaced by another one of them."""

    def rows(found: list[Row]) -> list[Row]:
        counts: dict[str, int] = {}
        for row in found:
            counts[row[column]] = counts.get(row[column], 0) + 1
        known = [value for value in sorted(counts, key=lambda value: (-counts[value], value)) if len(value) > 2]
        chosen = known[:most]
        other = dict(zip(chosen, chosen[1:] + chosen[:1], strict=True))
        return [{**row, column: other.get(row[column], row[column])} for row in found]

    return landed.rewrite(feed, rows)


def place_faults() -> None:
    for feed, column in PRACTICE_OF.items():
        fault(f"{feed}: practices dealt out anew", "places")(
            lambda landed, feed=feed, column=column: dealt_anew(landed, feed, column)
        )
    for feed in ("gp_appointments", "hes_op"):
        fault(f"{feed}: the two largest practices exchanged", "places")(
            lambda landed, feed=feed: dealt_anew(landed, feed, PRACTICE_OF[feed], most=2)
        )
    for feed, column in HOME_OF.items():
        fault(f"{feed}: homes dealt out anew", "places")(
            lambda landed, feed=feed, column=column: dealt_anew(landed, feed, column)
        )
    for feed, column in (("hes_apc", "PROCODE3"), ("ecds", "PROVIDER_CODE")):
        fault(f"{feed}: the two largest providers exchanged", "places")(
            lambda landed, feed=feed, column=column: dealt_anew(landed, feed, column, most=2)
        )


place_faults()
