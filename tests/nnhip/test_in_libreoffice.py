"""The filled return in the program that people without Excel open it with: it opens, and every formula gives what we stored."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import warnings
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import to_excel

from orchestration.foundation.settings import Settings
from orchestration.publishing.nnhip import check_return, fill_return

OFFICE = shutil.which("soffice")
# LibreOffice would believe the stored results of a file that it did not write: it is told to work everything out anew
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def opened_and_saved(workbook: Path, folder: Path) -> openpyxl.Workbook:
    """The workbook as LibreOffice has read, recalculated and written it."""
    if OFFICE is None:
        pytest.skip("no LibreOffice on this machine (Debian: apt-get install libreoffice-calc)")
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE)
    command = [
        OFFICE,
        "--headless",
        f"-env:UserInstallation={profile.as_uri()}",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(folder / "out"),
    ]
    subprocess.run([*command, str(workbook)], check=True, capture_output=True, timeout=500)
    return openpyxl.load_workbook(folder / "out" / workbook.name, data_only=True)


def number_or_text(value: object) -> object:
    """LibreOffice gives the format of a date to a formula that links to one; the number under it is what counts."""
    return to_excel(value) if isinstance(value, dt.datetime) else value


def assert_the_same_in_libreoffice(filled: Path, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl does not know the extension that holds the lists
        ours, formulas = (openpyxl.load_workbook(filled, data_only=known) for known in (True, False))
    theirs = opened_and_saved(filled, folder)
    assert theirs.sheetnames == ours.sheetnames
    computed = 0
    for name in ours.sheetnames:
        for row in formulas[name].iter_rows():
            for cell in row:
                if cell.value is None:
                    continue
                stored, read = (number_or_text(book[name][cell.coordinate].value) for book in (ours, theirs))
                where = f"{name}!{cell.coordinate}"
                assert read == (pytest.approx(stored) if isinstance(stored, float) else stored), where
                computed += cell.data_type == "f"
    assert computed > 100
    lists = {str(rule.sqref) for rule in theirs["Instructions"].data_validations.dataValidation if rule.type == "list"}
    assert {"B6", "B7"} <= lists, "a person can still pick another place and month from the lists"


@pytest.mark.slow
def test_the_filled_return_opens_in_libreoffice(settings: Settings, template: Path, tmp_path: Path) -> None:
    filled = tmp_path / "return.xlsx"
    fill_return(settings, template=template, place="East Kent", month="2025-10", out=filled)
    assert_the_same_in_libreoffice(filled, tmp_path / "office")


@pytest.mark.real
@pytest.mark.slow
def test_the_filled_real_return_opens_in_libreoffice(settings: Settings, real_files: Path, tmp_path: Path) -> None:
    filled = tmp_path / "return.xlsx"
    template = real_files / "nnhip" / "NNHIPDataCollectionTemplatev1.2.xlsx"
    fill_return(settings, template=template, place="East Kent", month="2025-10", out=filled)
    assert [line for line in check_return(filled) if "Submission Period" not in line] == []
    assert_the_same_in_libreoffice(filled, tmp_path / "office")
