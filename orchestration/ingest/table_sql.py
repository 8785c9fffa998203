"""The layers of SQL between the raw text of one file and its typed rows.

raw text → trimmed (t_) → `nothing` is null (x_) → parsed (v_) → plausible, in the column's type → derived, with months.
Each layer names its columns, so that no expression is computed twice.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestration.feeds import Column, FeedContract
from orchestration.ingest import privacy, typing_sql
from orchestration.ingest.layout import FileLayout, SourceColumns
from orchestration.warehouse import quote


class Piece(NamedTuple):
    """One raw text on its way to a column; a column that is a sum has several."""

    name: str
    column: Column
    raw: tuple[str, ...]


class TableSql(NamedTuple):
    """Queries over one loaded raw table."""

    typed: str  # row_id, canonical columns, coverage_month, and x_ texts
    meaningful: dict[str, str]  # canonical column → x_ name, for columns whose values can be set to null


def raw_name(position: int) -> str:
    return f"c{position}"


def pieces_of(contract: FeedContract, layout: FileLayout) -> list[Piece]:
    pieces = []
    for column in contract.columns:
        found = layout.columns.get(column.name)
        if found is None:
            pieces.append(Piece(column.name, column, ("null::varchar",)))
        elif found.combine == "constant":
            pieces.append(Piece(column.name, column, (typing_sql.text(found.constant) + "::varchar",)))
        elif found.combine == "sum":
            for number, position in enumerate((*found.positions, *found.minus)):
                pieces.append(Piece(f"{column.name}__{number}", column, (raw_name(position),)))
        else:
            pieces.append(Piece(column.name, column, tuple(raw_name(position) for position in found.positions)))
    return pieces


def total_of(column: Column, found: SourceColumns) -> str:
    added = [f"{column.name}__{number}" for number in range(len(found.positions))]
    taken = [f"{column.name}__{len(added) + number}" for number in range(len(found.minus))]
    plus = " + ".join(f"coalesce({name}, 0)" for name in added)
    minus = "".join(f" - coalesce({name}, 0)" for name in taken)
    return f"case when coalesce({', '.join(added)}) is not null then ({plus}{minus})::{column.sql_type} end"


def coverage_month(contract: FeedContract) -> str:
    if contract.financial_months:
        year = "financial_year // 100 + case when least(financial_month, 12) > 9 then 1 else 0 end"
        return f"make_date({year}, (least(financial_month, 12) + 2) % 12 + 1, 1)"
    if contract.coverage_date is None:
        return "null::date"
    month = f"date_trunc('month', {contract.coverage_date})::date"
    undated = " or ".join(
        f"coalesce({name} in ({typing_sql.listed(values)}), false)" for name, values in contract.undated_when.items()
    )
    return f"case when {undated} then null else {month} end" if undated else month


def table_sql(
    contract: FeedContract, layout: FileLayout, table: str, is_plain: bool, space: str | None, is_hashed: bool
) -> TableSql:
    pieces = pieces_of(contract, layout)
    trims, texts, values, fits = [], [], [], []
    meaningful = {}
    for piece in pieces:
        name, column = piece.name, piece.column
        if column.type == "codes":
            values.append(f"{typing_sql.joined_codes(list(piece.raw))} as v_{name}")
            trims += [f"{raw}" for raw in piece.raw if raw.startswith("c")]
            texts += [f"{raw}" for raw in piece.raw if raw.startswith("c")]
        else:
            trims.append(f"{typing_sql.trimmed(piece.raw[0], is_plain)} as t_{name}")
            texts.append(f"{typing_sql.cleaned(f't_{name}', column)} as x_{name}")
            value = typing_sql.parsed(f"x_{name}", column)
            if column.type == "person":
                value = privacy.in_space(privacy.hashed(value) if is_hashed else value, space)
            values.append(f"{value} as v_{name}")
            if column.type != "sex" and piece.raw[0].startswith("c") and "__" not in name:
                meaningful[name] = f"x_{name}"
        fits.append(f"{typing_sql.fitted(f'v_{name}', column)} as {quote(name)}")
    kept_texts = ", ".join(f"x_{piece.name}" for piece in pieces if piece.column.type != "codes")
    raw = f"select rowid as row_id, {', '.join(dict.fromkeys(trims))} from {table}"
    cleaned = f"select row_id, {', '.join(dict.fromkeys(texts))} from ({raw})"
    parsed = f"select row_id, {kept_texts}, {', '.join(values)} from ({cleaned})"
    typed = f"select row_id, {kept_texts}, {', '.join(fits)} from ({parsed})"
    totals = [
        f"{total_of(column, found)} as {quote(column.name)}"
        for column in contract.columns
        if (found := layout.columns.get(column.name)) and found.combine == "sum"
    ]
    if totals:
        typed = f"select *, {', '.join(totals)} from ({typed})"
    if contract.derived:
        replaced = ", ".join(
            f"({expression})::{contract.column(name).sql_type} as {quote(name)}"
            for name, expression in contract.derived.items()
        )
        typed = f"select * replace ({replaced}) from ({typed})"
    meaningful = {name: text for name, text in meaningful.items() if name not in contract.derived}
    return TableSql(f"select *, {coverage_month(contract)} as coverage_month from ({typed})", meaningful)


def quarantine_reasons(contract: FeedContract, layout: FileLayout) -> list[tuple[str, str, str]]:
    """(condition, column, reason) over `typed`; the first that holds names the row's fault."""
    reasons = []
    words = {"date": "not a date", "month": "not a month", "timestamp": "not a date and time", "time": "not a time"}
    for column in contract.columns:
        found = layout.columns.get(column.name)
        has_text = found is not None and found.combine in ("one", "constant") and column.type != "codes"
        if column.not_null and has_text and column.name not in contract.derived:
            reasons.append((f"x_{column.name} is null", column.name, "missing"))
        if (column.on_invalid == "quarantine" or column.not_null) and has_text and column.name not in contract.derived:
            reason = words.get(column.type, "not a plausible value" if column.type != "code" else "not a code")
            sentinels = " or ".join(f"x_{column.name} = {typing_sql.text(value)}" for value in NOT_A_FAULT)
            excused = f" and not ({sentinels})" if column.type in ("date", "timestamp") and not column.not_null else ""
            reasons.append(
                (f"x_{column.name} is not null and {quote(column.name)} is null{excused}", column.name, reason)
            )
    for name, expression in contract.rules.items():
        reasons.append((f"coalesce({expression}, false)", "", name.replace("_", " ")))
    return reasons


# HES marks a date that was submitted but invalid: set to null and counted, the row stays.
NOT_A_FAULT = ("1801-01-01", "18010101", "01/01/1801")
