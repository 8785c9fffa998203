"""What a contract's types make of the spellings that NHS files use (definitions 1 and 2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb

from orchestration.contracts import Column
from orchestration.lake import typing_sql


def typed(kind: str, *spellings: str) -> list[object]:
    """The values that one column of this type takes from text."""
    column = Column(name="value", type=kind)
    cleaned = typing_sql.cleaned("t", column)
    parsed, fitted = typing_sql.parsed("x", column), typing_sql.fitted("v", column)
    with duckdb.connect() as connection:
        connection.execute("create table given (n integer, t varchar)")
        connection.executemany("insert into given values (?, ?)", list(enumerate(spellings)))
        query = f"select {fitted} from (select n, {parsed} as v from (select n, {cleaned} as x from given)) order by n"
        return [value for (value,) in connection.execute(query).fetchall()]


def test_ages() -> None:
    assert typed("age", "7001", "7007", "7008", "0", "120", "130", "131", "5.0", "", "-1") == [
        *(0, 0, None, 0, 120, 130, None, 5, None, None),
    ]


def test_dates() -> None:
    day = dt.date(2024, 5, 3)
    assert typed("date", "2024-05-03", "20240503", "03MAY2024", "03/05/2024", "03-May-2024", "03-05-2024") == [day] * 6
    assert typed("date", "1800-01-01", "1801-01-01", "1899-12-31", "1900-01-01", "2100-01-02", "soon") == [
        *(None, None, None, dt.date(1900, 1, 1), None, None),
    ]
    column = Column(name="value", type="date")
    with duckdb.connect() as connection:
        nothing = connection.execute(
            f"select {typing_sql.cleaned('t', column)} from (values ('1800-01-01'), ('1801-01-01')) as given (t)"
        ).fetchall()
    assert nothing == [(None,), ("1801-01-01",)], "1800 is nothing, 1801 a date that was submitted and is invalid"


def test_pounds() -> None:
    assert typed("money", "£1,234.50", "(12.30)", "-7", "0.105", "1,5", "-") == [
        *(Decimal("1234.50"), Decimal("-12.30"), Decimal("-7.00"), Decimal("0.11"), None, None),
    ]


def test_numbers() -> None:
    assert typed("count", "17,712", "1,5", "5.0", "5.5", "-3", "1,000,000", "12,34") == [
        *(17712, None, 5, None, None, 1000000, None),
    ]


def test_deprivation_in_words() -> None:
    assert typed("imd_decile", "Most deprived 10%", "Less deprived 40-50%", "Least deprived 10%", "3", "11", "0") == [
        *(1, 6, 10, 3, None, None),
    ]


def test_every_word_for_nothing_shows_a_sign_that_is_looked_for_in_joined_codes() -> None:
    """Codes that are joined are searched word by word only where one of the signs stands."""
    dots_and_dashes = str.maketrans("", "", ". -&")
    for word in (*typing_sql.NOTHING, *typing_sql.ERRORS):
        assert not word.translate(dots_and_dashes) or any(sign in word for sign in typing_sql.SIGNS_OF_NOTHING), word


def test_no_word_for_nothing_begins_with_what_is_passed_unread() -> None:
    """`cleaned` compares only what does not begin with a figure or A-M; where a file has `#` or `<`, figures too."""
    words = (*typing_sql.NOTHING, *typing_sql.ERRORS)
    assert not [word for word in words if "A" <= word < "N"]
    assert all("#" in word or "<" in word for word in words if "0" <= word < "N")
