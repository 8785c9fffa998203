"""The layers of SQL between the raw text of one file and its typed rows.

raw text (c0, c1 …) → trimmed (t_) → `nothing` is null (x_) → parsed (v_) → plausible, in the column's type → derived.
Each layer names its columns, so that no expression is computed twice.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestration.contracts import Column, FeedContract
from orchestration.foundation.sql import literal, quote
from orchestration.lake import privacy, typing_sql
from orchestration.lake.reasons import (
    ERROR_VALUE,
    FLOATING,
    HIDDEN,
    MISSING,
    MONTH_FIRST,
    NO_PRACTICE,
    NOT_OF_ITS_TYPE,
    NOT_PLAUSIBLE,
    PERCENTAGE,
)
from orchestration.landing.layout import FileLayout, SourceColumns
from orchestration.landing.source import TextFacts

# Types whose every value is kept as it stands, so that none can become null.
KEPT_AS_TEXT = ("code", "text", "practice", "person", "clinical", "sex", "codes")


class Piece(NamedTuple):
    """One raw text on its way to a column; a column that is a sum has several."""

    name: str
    column: Column
    raw: tuple[str, ...]


class TableSql(NamedTuple):
    """`load` reads a relation of raw text once and gives typed rows; `nulled` names the bits of its column of that name."""

    load: str
    nulled: tuple[str, ...]
    checked: dict[str, str]  # column of the typed table that holds delivered text → canonical column


def raw_name(position: int) -> str:
    return f"c{position}"


def pieces_of(contract: FeedContract, layout: FileLayout) -> list[Piece]:
    pieces = []
    for column in contract.columns:
        found = layout.columns.get(column.name)
        if found is None:
            pieces.append(Piece(column.name, column, ("null::varchar",)))
        elif found.combine == "constant":
            pieces.append(Piece(column.name, column, (literal(found.constant) + "::varchar",)))
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
    # a number that is hidden or cannot be read is not none: without it the sum would be too small
    unread = " or ".join(f"(x_{name} is not null and {name} is null)" for name in (*added, *taken))
    return f"case when coalesce({', '.join(added)}) is not null and not ({unread}) then ({plus}{minus})::{column.sql_type} end"


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


def removal_arms(
    contract: FeedContract, layout: FileLayout, removal_columns: dict[int, int], trimmed_names: dict[str, str]
) -> list[tuple[str, str]]:
    """Rules on the raw text: blank rows, header rows that come again, totals, other levels of organisation."""
    positions = sorted({p for found in layout.columns.values() for p in (*found.positions, *found.minus)})

    def value(position: int) -> str:
        """Its text without blanks: the one that is worked out anyway, where there is one."""
        raw = raw_name(position)
        return f"coalesce({trimmed_names.get(raw, f'trim({raw})')}, '')"

    # Nested, so that the other columns are looked at only where the first is blank: `and` alone would work out every side.
    empty = [f"{value(p)} = ''" for p in positions]
    blank = f"case when {empty[0]} then {' and '.join(empty)} else false end" if positions else ""
    arms = [(blank, "removed|blank_row|")] if positions else []
    if layout.headers and layout.delimiter:
        again = " and ".join(f"{value(p)} = {literal(layout.raw_headers[p].strip())}" for p in positions[:2])
        arms.append((again, "removed|repeated_header|"))
    for number, position in removal_columns.items():
        removal = contract.removals[number]
        upper = f"upper({value(position)})"
        outcome = f"removed|{removal.rule}|"
        if removal.values:
            arms.append((" or ".join(f"{upper} = {literal(item.upper())}" for item in removal.values), outcome))
        if removal.values_kept:
            kept = " and ".join(f"{upper} <> {literal(item.upper())}" for item in removal.values_kept)
            arms.append((kept, outcome))
        if removal.pattern_kept:
            arms.append((f"not regexp_full_match({upper}, {literal(removal.pattern_kept)})", outcome))
    return arms


TOTALS = ("TOTAL", "TOTALS", "GRAND TOTAL", "SUBTOTAL", "SUB TOTAL", "SUB-TOTAL")
SUBTOTAL = "(.* )?(GRAND ?|SUB[- ]?)?TOTALS? ?:?|TOTALS? .*"


def total_arms(contract: FeedContract, layout: FileLayout) -> list[tuple[str, str]]:
    """A sum below the rows, whatever the feed: the word stands where a key, a person or an organisation does."""
    arms = []
    for column in contract.columns:
        found = layout.columns.get(column.name)
        is_name = column.type in ("code", "practice", "person") and (
            column.not_null
            or column.type in ("practice", "person")
            or column.name in (*contract.key, contract.provider)
        )
        if found and found.combine == "one" and is_name:
            # Lengths first: hardly a code of a good file has that of the word.
            t = f"t_{column.name}"
            words = f"list_contains([{typing_sql.listed(TOTALS)}], upper({t}))"
            arms.append((f"strlen({t}) between 5 and 11 and {t} >= 'G' and {words}", "removed|total_row|"))
            if column.type == "code" or not contract.is_patient_level:
                # `NEL Total`, `U99001 Total`, as a spreadsheet's subtotals are headed: hardly a code is so long, or begins with a letter.
                arms.append(
                    (
                        f"strlen({t}) between 6 and 40 and contains(lower({t}), 'total') and regexp_full_match(upper({t}), '{SUBTOTAL}')",
                        "removed|total_row|",
                    )
                )
    return arms


def chain(arms: list[tuple[str, str]]) -> str:
    if not arms:
        return "null::varchar"
    return "case " + " ".join(f"when {condition} then {literal(outcome)}" for condition, outcome in arms) + " end"


def table_sql(
    contract: FeedContract,
    layout: FileLayout,
    relation: str,
    facts: TextFacts,
    space: str | None,
    is_hashed: bool,
    removal_columns: dict[int, int],
    data_cut: str,
) -> TableSql:
    """Everything that can be said about a row from the row alone, in one pass over the text.

    The result has the canonical columns, `coverage_month`, `row_outcome` (null for a row that goes into the lake) and `row_nulled`.
    """
    trims, texts, values, fits, nulled, checked = [], [], [], [], [], {}
    trimmed_names: dict[str, str] = {}
    kept_texts: list[str] = []
    carried: list[str] = []
    for piece in pieces_of(contract, layout):
        name, column = piece.name, piece.column
        if column.type == "codes":
            trims.append(f"{typing_sql.joined_codes(list(piece.raw), facts.has_guards)} as w_{name}")
            texts.append(f"w_{name}")
            values.append(f"{typing_sql.plain_codes(f'w_{name}')} as v_{name}")
            kept_texts.append(f"w_{name}")
        else:
            trims.append(f"{typing_sql.trimmed(piece.raw[0], facts.is_plain, facts.has_guards)} as t_{name}")
            trimmed_names[piece.raw[0]] = f"t_{name}"
            is_somebody = column.type in ("person", "practice") or name in contract.key
            clean = typing_sql.cleaned(
                f"t_{name}", column, facts.has_errors, contract.is_strict(column), is_somebody=is_somebody
            )
            texts.append(f"{clean} as x_{name}")
            value = typing_sql.parsed(f"x_{name}", column, facts.has_clock)
            if column.type == "person":
                value = privacy.in_space(privacy.hashed(value) if is_hashed else value, space)
            values.append(f"{value} as v_{name}")
            kept_texts.append(f"x_{name}")
            if column.type in KEPT_AS_TEXT and column.type != "sex" and name not in contract.derived:
                is_changed = column.type == "person" and value != f"x_{name}"
                checked[f"delivered_{name}" if is_changed else name] = name
                if is_changed:
                    carried.append(f"x_{name} as delivered_{name}")
            may_be_null = column.type not in KEPT_AS_TEXT or column.invalid
            if may_be_null and piece.raw[0].startswith("c") and "__" not in name and name not in contract.derived:
                nulled.append(name)
        fits.append(f"{typing_sql.fitted(f'v_{name}', column)} as {quote(name)}")
    texts_kept = "".join(f"{name}, " for name in kept_texts)
    raw = f"select *, {', '.join(trims)} from {relation}"
    arms = removal_arms(contract, layout, removal_columns, trimmed_names if facts.is_plain else {})
    removed = chain([*arms, *total_arms(contract, layout)])
    cleaned = f"select {removed} as row_removal, {', '.join(texts)} from ({raw})"
    parsed = f"select row_removal, {texts_kept}{', '.join(values)} from ({cleaned})"
    typed = f"select row_removal, {texts_kept}{', '.join(fits)} from ({parsed})"
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
    arms = [
        (condition, f"quarantined|{reason}|{column}")
        for condition, column, reason in quarantine_reasons(contract, layout, facts)
    ]
    if contract.removed_after_cut and contract.coverage_date:
        after = f"{quote(contract.coverage_date)} >= date '{data_cut}' + interval 1 day"
        arms.append((after, "removed|after_data_cut|"))
    bits = " + ".join(
        f"case when x_{name} is not null and {quote(name)} is null then {1 << bit}::ubigint else 0::ubigint end"
        for bit, name in enumerate(nulled)
    )
    columns = ", ".join(quote(column.name) for column in contract.columns)
    carried_over = "".join(f", {item}" for item in carried)
    load = (
        f"select {columns}, {coverage_month(contract)} as coverage_month, coalesce(row_removal, {chain(arms)}) as row_outcome, "
        f"{bits or '0::ubigint'} as row_nulled{carried_over} from ({typed})"
    )
    return TableSql(load, tuple(nulled), checked)


def quarantine_reasons(contract: FeedContract, layout: FileLayout, facts: TextFacts) -> list[tuple[str, str, str]]:
    """(condition, column, reason) over `typed`; the first that holds names the row's fault.

    What the bytes of the file show no sign of is not looked for in any row: a good file pays nothing for it.
    """
    reasons = []
    for column in contract.columns:
        found = layout.columns.get(column.name)
        x, value = f"x_{column.name}", quote(column.name)
        if found is None or column.name in contract.derived:
            continue
        may_float = facts.has_floats or facts.has_noughts
        if column.type == "codes" and may_float:
            reasons.append((typing_sql.has_floating_codes(f"w_{column.name}"), column.name, FLOATING))
        if column.type == "codes" or found.combine not in ("one", "constant"):
            continue
        if column.not_null:
            reasons.append((f"{x} is null", column.name, MISSING))
        if contract.is_strict(column) and facts.has_errors:
            reasons.append((typing_sql.is_error(x), column.name, ERROR_VALUE))
        if column.type in CODE_TYPES and may_float:
            reasons.append((typing_sql.is_floating(x, facts.has_floats), column.name, FLOATING))
        if column.type == "month" or column.is_first_of_month:
            reasons.append((typing_sql.is_month_first(x, is_first_day=True), column.name, MONTH_FIRST))
        elif column.type in ("date", "timestamp"):
            reasons.append((f"{value} is null and {typing_sql.is_month_first(x)}", column.name, MONTH_FIRST))
        if column.type == "practice" and column.not_null:
            reasons.append((f"contains({x}, ' ') or contains({x}, ':')", column.name, NO_PRACTICE))
        if (
            column.type in NUMBER_TYPES
            and facts.has_percents
            and not (column.is_percentage or contract.is_patient_level)
        ):
            reasons.append((f"contains({x}, '%')", column.name, PERCENTAGE))
        if column.type in NUMBER_TYPES and column.on_invalid == "quarantine":
            reasons.append((f"{value} is null and {typing_sql.is_hidden(x)}", column.name, HIDDEN))
        if column.on_invalid == "quarantine" or column.not_null:
            reason = NOT_OF_ITS_TYPE.get(column.type, NOT_PLAUSIBLE)
            sentinels = typing_sql.is_any_of(x, NOT_A_FAULT)
            excused = f" and not {sentinels}" if column.type in ("date", "timestamp") and not column.not_null else ""
            reasons.append((f"{x} is not null and {value} is null{excused}", column.name, reason))
    for name, expression in contract.rules.items():
        reasons.append((f"coalesce({expression}, false)", "", name.replace("_", " ")))
    return reasons


NUMBER_TYPES = ("integer", "bigint", "double", "count", "money", "decimal")
CODE_TYPES = ("code", "person", "practice", "clinical")
# HES marks a date that was submitted but invalid: set to null and counted, the row stays.
NOT_A_FAULT = ("1801-01-01", "18010101", "01/01/1801")
