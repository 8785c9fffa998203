"""Why a row is set aside, in words, and what to ask its sender for. `docs/file-refused.md` has each of them."""

from __future__ import annotations

# Faults of the whole file, not of its rows: what else in it went through the same hands and cannot be seen?
FLOATING = "a number in floating-point spelling where a code belongs"
ROUNDED = "a SNOMED code that a spreadsheet has rounded"
MONTH_FIRST = "a date with the month first"
OF_THE_WHOLE_FILE = (FLOATING, ROUNDED, MONTH_FIRST)

MISSING = "missing"
ERROR_VALUE = "an error value of a spreadsheet"
PERCENTAGE = "a percentage where a count belongs"
HIDDEN = "a number that its sender has hidden"
NO_FIGURE = "neither numerator and denominator nor n"
NO_PRACTICE = "not a practice code"
RARE_NAME = "a name that fewer than ten people share"
NOT_OF_ITS_TYPE = {
    "date": "not a date",
    "month": "not a month",
    "timestamp": "not a date and time",
    "time": "not a time",
    "code": "not a code",
}
NOT_PLAUSIBLE = "not a plausible value"
# What DuckDB calls the fault of a row that has not the file's shape.
NOT_OF_ITS_SHAPE = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "unbalanced quotation mark",
    "LINE SIZE OVER MAXIMUM": "row too long",
    "INVALID ENCODING": "not UTF-8",
    "INVALID STATE": "unbalanced quotation mark",
    "CAST": "unreadable",
}
UNREADABLE = "unreadable row"

IN_QUOTATION_MARKS = "send every value in quotation marks, those inside a value doubled"
WHAT_TO_SEND = {
    FLOATING: "send codes and keys as text, straight from the system and not through a spreadsheet or data frame",
    ROUNDED: "send codes as text, straight from the system and not through a spreadsheet",
    MONTH_FIRST: "write dates as YYYY-MM-DD",
    MISSING: "send the column with its values in every row; it tells what the row is about",
    ERROR_VALUE: "send the column's own values; the look-up behind them failed",
    PERCENTAGE: "send the count itself, without a percent sign; the share is worked out from it",
    HIDDEN: "send the number itself, small ones are withheld here; of a published table there is nothing to do",
    NO_FIGURE: "send what the measure's kind needs, in columns headed NUMERATOR and DENOMINATOR, or N and its sums",
    NO_PRACTICE: "send the practice's six-character ODS code, and its name in a column of its own",
    RARE_NAME: "send the name of the list in the column, and nothing about one person",
    "not a date": "write dates as YYYY-MM-DD",
    "not a month": "write months as YYYY-MM",
    "not a date and time": "write dates and times as YYYY-MM-DD HH:MM:SS",
    "not a time": "write times as HH:MM",
    "not a code": "send the system's own code, in a column of its own",
    NOT_PLAUSIBLE: "send the number alone, without words and units, as the system holds it; counts are whole and not negative",
    "too few columns": IN_QUOTATION_MARKS,
    "too many columns": IN_QUOTATION_MARKS,
    "unbalanced quotation mark": IN_QUOTATION_MARKS,
    "row too long": "leave long texts out: a row may have two million characters",
    "not UTF-8": "send the file as CSV in UTF-8",
    "unreadable": IN_QUOTATION_MARKS,
    UNREADABLE: IN_QUOTATION_MARKS,
}


def what_to_send(reason: str) -> str:
    """A contract's own rules say in their name what does not fit together."""
    return WHAT_TO_SEND.get(reason, "look the row up in the system and send it as it is there")
