"""The same counts as `floor.sql` in straightforward pandas, for information: `python benchmarks/pandas_floor.py landing/2025-09`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def read(folder: Path, feed: str, columns: list[str], sep: str = ",") -> pd.DataFrame:
    files = sorted(path for path in folder.rglob(f"{feed}*") if path.is_file())
    return pd.concat([pd.read_csv(file, sep=sep, dtype=str, usecols=columns) for file in files], ignore_index=True)


def by_month(frame: pd.DataFrame, date: str, practice: str, members: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    frame = frame.assign(month=pd.to_datetime(frame[date], errors="coerce").dt.to_period("M"))
    frame = frame.merge(members, left_on=practice, right_on="practice_code", how="left")
    return frame.groupby(["int_code", "month", *keys], dropna=False, observed=True).size().reset_index(name="rows")


def main(folder: Path) -> None:
    members = read(folder, "int_membership", ["practice_code", "int_code", "valid_to"])
    members = members[members.valid_to.isna()][["practice_code", "int_code"]]

    columns = ["PRACTICE_CODE", "APPOINTMENT_DATE", "APPT_STATUS", "HCP_TYPE"]
    appointments = read(folder, "gp_appointments", columns)
    print("gp", len(by_month(appointments, "APPOINTMENT_DATE", "PRACTICE_CODE", members, ["APPT_STATUS", "HCP_TYPE"])))
    del appointments
    practice, keys = "PRACTICE_CODE_PATIENT_REGISTRATION", ["DEPARTMENT_TYPE", "ATTENDANCE_CATEGORY"]
    attendances = read(folder, "ecds", ["ARRIVAL_DATE", practice, *keys], "|")
    print("a&e", len(by_month(attendances, "ARRIVAL_DATE", practice, members, keys)))
    outpatients = read(folder, "hes_op", ["APPTDATE", "GPPRAC", "ATTENDED", "FIRSTATT"], "|")
    print("outpatients", len(by_month(outpatients, "APPTDATE", "GPPRAC", members, ["ATTENDED", "FIRSTATT"])))
    columns = [
        "TOKEN_PERSON_ID",
        "PROCODE3",
        "GPPRAC",
        "ADMIMETH",
        "EPIORDER",
        "EPISTAT",
        "ADMIDATE",
        "DISDATE",
        "CLASSPAT",
    ]
    episodes = read(folder, "hes_apc", columns, "|")
    is_first = (pd.to_numeric(episodes.EPIORDER) == 1) & (episodes.EPISTAT == "3")
    first = episodes[is_first & episodes.ADMIMETH.str.startswith("2", na=False)]
    print("admissions", len(by_month(first, "ADMIDATE", "GPPRAC", members, [])))
    stays = episodes[episodes.CLASSPAT == "1"].copy()
    stays["admitted"] = pd.to_datetime(stays.ADMIDATE, errors="coerce")
    stays["discharged"] = pd.to_datetime(stays.DISDATE, errors="coerce")
    stays = (
        stays.groupby(["TOKEN_PERSON_ID", "PROCODE3", "admitted"]).agg(discharged=("discharged", "max")).reset_index()
    )
    stays = stays.sort_values(["TOKEN_PERSON_ID", "admitted"])
    days = (stays.groupby("TOKEN_PERSON_ID")["admitted"].shift(-1) - stays.discharged).dt.days
    print("readmissions", {window: int((days < window).sum()) for window in (30, 60, 90)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
