"""`int_marts.xlsx`: headline indicators for people, laid out as government statisticians recommend (gptables).

A cover, a contents sheet, notes, then one indicator a sheet: the ICB, each HCP and each INT over the last 13 months. Cells that hold
no number say why in the usual shorthand. The bytes follow from the figures: the one date inside the file is the data cut.
"""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.publishing.dictionary import indicator_unit
from orchestration.releases.tables import columns_of, tables_of

if TYPE_CHECKING:
    import pandas as pd

MONTHS_SHOWN = 13
AREA_ORDER = ("icb", "hcp", "int")
AREA_WORDS = {"icb": "ICB", "hcp": "Health and Care Partnership", "int": "Integrated Neighbourhood Team"}
NOT_AVAILABLE = "[x]"
SUPPRESSED = "[c]"
SYNTHETIC = "Synthetic figures: invented people and places."
NOTES = {
    "figures": "Figures are for the area's registered population, through the practice on each record. "
    "Boundaries are those at the data cut.",
    "provisional": "[p] after a month: its figures may still change. [i]: the month is incomplete and may not be compared.",
    "missing": "[x] in a cell: no figure, because the population is unknown or follow-up is not over; "
    "indicator_values gives each reason.",
    "confidential": "[c] in a cell: suppressed to protect people, in the public profile only. "
    "Counts of 1 to 7 are hidden, others are to the nearest 5.",
    "months": "Monthly rates are for one month and not annualised. "
    "Rolling figures are for the 12 months that end with the month named.",
    "reading": "Read each area against its own past. The table is not a ranking: areas differ in age and need.",
}


def write_workbook(
    connection: duckdb.DuckDBPyConnection, target: Path, facts: dict[str, Any], period: str = "month"
) -> None:
    """Write the workbook from `release.marts` of an open connection. Without indicator tables it holds the cover and the notes alone."""
    import gptables
    import pandas as pd

    sheets = {}
    if {"marts.indicator_values", "marts.dim_indicator"} <= set(tables_of(connection, "release")):
        for number, indicator in enumerate(headline_indicators(connection), start=1):
            sheets[str(number)] = _sheet(connection, indicator, f"table_{number}", period)
    if not sheets:
        sheets["1"] = gptables.GPTable(
            table=pd.DataFrame({"Indicator": ["none is marked as headline in the catalogue"]}),
            table_name="table_1",
            title="Headline indicators",
        )
    cover = gptables.Cover(
        title=f"INT indicators, {facts['icb_name']}",
        intro=[
            *(["Synthetic data: these figures are about nobody."] if facts.get("is_synthetic") else []),
            f"Release {facts['release_id']}, from data up to {_words(facts['data_cut'])}.",
            *([SYNTHETIC] if facts.get("is_synthetic") else []),
            "Headline indicators of the Integrated Neighbourhood Teams, their Health and Care Partnerships and the ICB, last 13 months.",
        ],
        about=[
            "Definitions of every indicator, with their source and limits, are in dictionary.html beside this file.",
            "All months, all indicators and all groups of people are in int_marts.duckdb and in parquet/, with the same column names.",
        ],
        contact=["The ICB's intelligence team owns these figures; release.json says what was checked."],
    )
    notes = pd.DataFrame(NOTES.items(), columns=["Note reference", "Note text"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = gptables.produce_workbook(
            filename=str(target),
            sheets=sheets,
            cover=cover,
            contentsheet_label="Contents",
            notes_table=notes,
            auto_width=True,
            workbook_options={"nan_inf_to_errors": False},
        )
        workbook.set_properties({"title": cover.title, "created": dt.datetime.combine(facts["data_cut"], dt.time())})
        workbook.close()


def headline_indicators(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    columns = columns_of(connection, "release", "marts.dim_indicator")
    headline = "is_headline" if "is_headline" in columns else "true"
    cursor = connection.execute(f"select * from release.marts.dim_indicator where {headline} order by indicator_id")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sheet(connection: duckdb.DuckDBPyConnection, indicator: dict[str, Any], table_name: str, period: str) -> Any:
    import gptables

    frame = _table(connection, indicator["indicator_id"], period)
    title = indicator.get("title") or indicator["indicator_id"]
    words = indicator.get("definition") or indicator.get("description") or ""
    return gptables.GPTable(
        table=frame,
        table_name=table_name,
        title=f"{title} $$figures$$ $$months$$",
        subtitles=[
            f"{'Rolling 12 months' if period != 'month' else 'Each month'}, {indicator_unit(indicator)} $$provisional$$ $$reading$$",
            *([str(words)] if words else []),
        ],
        scope="All people registered with the ICB's practices",
        source=str(indicator.get("source") or "see dictionary.html"),
        instructions="One table; the first three columns name the area. $$missing$$ $$confidential$$",
        index_columns={2: 0},
    )


def _table(connection: duckdb.DuckDBPyConnection, indicator_id: str, period: str) -> pd.DataFrame:
    """Areas down, months across; text where there is no number."""
    import pandas as pd

    names = (
        "left join release.marts.dim_area as areas on areas.area_type = figures.area_type and areas.area_code = figures.area_code"
        if "marts.dim_area" in tables_of(connection, "release")
        else "left join (select null as area_name) as areas on false"
    )
    months = connection.execute(
        "select month, max(list_position(['final', 'provisional', 'incomplete'], period_status)) from release.marts.indicator_values "
        "where indicator_id = ? and period = ? group by month order by month desc limit ?",
        [indicator_id, period, MONTHS_SHOWN],
    ).fetchall()[::-1]
    rows = connection.execute(
        f"""
        select figures.area_type, figures.area_code, coalesce(areas.area_name, figures.area_code) as area_name,
            figures.month, figures.value, figures.null_reason
        from release.marts.indicator_values as figures
        {names}
        where figures.indicator_id = ? and figures.period = ? and figures.cohort_id = 'all'
            and list_contains(['icb', 'hcp', 'int'], figures.area_type)
        """,
        [indicator_id, period],
    ).fetchall()
    cells: dict[tuple[str, str, str], dict[dt.date, Any]] = {}
    for area_type, area_code, area_name, month, value, null_reason in rows:
        shown = round(value, 2) if value is not None else (SUPPRESSED if null_reason == "suppressed" else NOT_AVAILABLE)
        cells.setdefault((area_type, area_code, area_name), {})[month] = shown
    marks = {1: "", 2: " [p]", 3: " [i]"}  # of the areas' states, the least final one
    ordered = sorted(cells, key=lambda area: (AREA_ORDER.index(area[0]), area[2], area[1]))
    table: dict[str, list[Any]] = {
        "Area type": [AREA_WORDS[area_type] for area_type, _, _ in ordered],
        "Area code": [code for _, code, _ in ordered],
        "Area": [name for _, _, name in ordered],
    }
    for month, status in months:
        table[f"{month:%b %Y}{marks.get(status, '')}"] = [cells[area].get(month, NOT_AVAILABLE) for area in ordered]
    return pd.DataFrame(table)


def _words(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
