"""Realistic dirt in known amounts: which record is late, lost, restated, repeated or without a usable practice.

Every kind is a draw on the record's own key, so that a record is dirty in the same way in every delivery, and the
truth can leave it out without looking at a file. A record is **fresh** in a delivery whose data cut lies in the
record's own month: only then can it still be late, still be withdrawn later, or still lack its practice.
"""

from __future__ import annotations

from datetime import date

LATE_SHARE = 0.010  # missing while fresh, there from the next delivery
WITHDRAWN_SHARE = 0.001  # there while fresh, gone from the next delivery
PRACTICE_LATER_SHARE = 0.004  # V81999 while fresh, the true practice from the next delivery
NO_PRACTICE_SHARE = 0.008  # never a usable practice
NULL_PERSON_SHARE = 0.004  # no person on the record
EXACT_DUPLICATE_SHARE = 0.002  # the same row twice in one file
KEY_DUPLICATE_SHARE = 0.0005  # a second row with the same key and other content
REKEYED_DUPLICATE_SHARE = 0.006  # A&E: the same arrival under a second key, 3 to 60 minutes later
SWAPPED_DATES_SHARE = 0.0008  # DISDATE before ADMIDATE

UNUSABLE_PRACTICES = ("V81999", "V81999", "V81997", "&", "")


def fresh_in(month_column: str, month: date) -> str:
    """SQL: is a record fresh in the delivery of this month?"""
    return f"({month_column} = date '{month}')"


def fresh_in_any(month_column: str, months: list[date]) -> str:
    """SQL: is a record fresh in its live delivery?"""
    listed = ", ".join(f"date '{month}'" for month in months)
    return f"({month_column} in ({listed}))" if listed else "false"


def is_visible(key: str, fresh: str) -> str:
    """SQL: is the record in the file?"""
    late, withdrawn = f"draw({key}, 'late') < {LATE_SHARE}", f"draw({key}, 'withdrawn') < {WITHDRAWN_SHARE}"
    return f"not (case when {fresh} then {late} else {withdrawn} end)"


def delivered_practice(key: str, fresh: str, code: str) -> str:
    """SQL: the practice code on the record."""
    listed = ", ".join(f"'{value}'" for value in UNUSABLE_PRACTICES)
    return f"""(case when draw({key}, 'no practice') < {NO_PRACTICE_SHARE}
        then [{listed}][1 + floor(draw({key}, 'which practice') * {len(UNUSABLE_PRACTICES)})::integer]
        when {fresh} and draw({key}, 'practice later') < {PRACTICE_LATER_SHARE} then 'V81999' else {code} end)"""


def has_null_person(key: str) -> str:
    return f"(draw({key}, 'null person') < {NULL_PERSON_SHARE})"


def copies(key: str) -> str:
    """SQL: a list with one entry per row to write: 0 the record, 1 an exact duplicate, 2 the same key with other
    content."""
    return f"""(case when draw({key}, 'duplicate') < {EXACT_DUPLICATE_SHARE} then [0, 1]
        when draw({key}, 'duplicate') < {EXACT_DUPLICATE_SHARE + KEY_DUPLICATE_SHARE} then [0, 2] else [0] end)"""
