"""Types of the contracts as DuckDB SQL: from the text in a file to a typed value, null where it does not fit.

Every expression takes text that `clean` has made: trimmed, and null where the file says `nothing`.
"""

from __future__ import annotations

from orchestration.contracts import Column
from orchestration.foundation.sql import literal

# What an empty cell is written as by HES and NHS England (dash, ampersand, dot), R, pandas, SQL and its tools (`\\N`, `(null)`),
# spreadsheets, Ruby, JavaScript and the C of Windows (`1.#QNAN`); in any case.
NOTHING = (
    "",
    "-",
    ".",
    "&",
    "NA",
    "N/A",
    "NULL",
    "NONE",
    "NAN",
    "NAT",
    "<NA>",
    "\\N",
    "(NULL)",
    "[NULL]",
    "<NULL>",
    "(BLANK)",
    "NIL",
    "<NIL>",
    "UNDEFINED",
    "N.A.",
    "NA_CHARACTER_",
    "NA_INTEGER_",
    "NA_REAL_",
    "-NAN",
    "+NAN",
    "NAN(IND)",
    "-NAN(IND)",
    "1.#QNAN",
    "1.#SNAN",
    "1.#IND",
    "-1.#IND",
    "1.#QNB",
    "--",
    "---",
    "..",
    "...",
    "–",
    "—",
)
# Where somebody is meant, a word says that it is nobody; elsewhere it may be a code with a meaning.
NOBODY = (
    "UNKNOWN",
    "NOT KNOWN",
    "MISSING",
    "NOT RECORDED",
    "NOT STATED",
    "NOT AVAILABLE",
    "ANONYMOUS",
    "PATIENT UNKNOWN",
    "UNK",
)
# What a spreadsheet leaves where a look-up failed: nothing as well, but in a key, person or required code it refuses the row.
ERRORS = ("#N/A", "#NA", "#N/A N/A", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!",
          "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!", "#GETTING_DATA")  # fmt: skip
# As many as a column that is too narrow has room for: the value itself is lost.
TOO_NARROW = "##"
# How a number is written that was a code before a spreadsheet or a data frame made a float of it: 1.2E+11, 1,2E+11, 1.2E11 (Spark), 12.0.
FLOATING = r"[0-9]+(\.0+|([.,][0-9]+)?E\+[0-9]+|[.,][0-9]+E[0-9]+)"
# Month first: no day of any month is written so with the day first.
MONTH_FIRST = r"[0-9]{1,2}[-/. ](1[3-9]|2[0-9]|3[01])[-/. ]([0-9]{2}|[0-9]{4})([ T:].*)?"
# What stands for a whole month is written as its first day: 9/1/2025 is September with the month first, not the 9th of January.
FIRST_DAY_MONTH_FIRST = r"(0?[2-9]|1[0-2])[-/. ]0?1[-/. ]([0-9]{2}|[0-9]{4})([ T:].*)?"
ZONED = r"[0-9] ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"
LOCAL_ZONE = "Europe/London"
# HES: 1 Jan 1800 = null, 1 Jan 1801 = submitted but invalid.
NULL_DATES = ("1800-01-01", "18000101", "01/01/1800")
EARLIEST_DATE, LATEST_DATE = "1900-01-01", "2100-01-01"
DATE_FORMATS = ("%d%b%Y", "%Y%m%d", "%d/%m/%Y", "%d-%b-%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y",
                "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d%b%Y:%H:%M:%S")  # fmt: skip
TIMESTAMP_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y%m%d %H:%M:%S", "%Y%m%d%H%M%S", "%d%b%Y:%H:%M:%S",
                     "%d-%b-%Y %H:%M:%S", "%d/%m/%Y", "%d%b%Y", "%Y%m%d")  # fmt: skip
MONTH_FORMATS = ("%b%Y", "%B%Y", "%b-%Y", "%B-%Y", "%b %Y", "%B %Y", "%Y%m")
BLANKS = "' ' || chr(9) || chr(13) || chr(160) || chr(8203) || chr(65279)"
IMD_DECILES = (
    "MOST DEPRIVED 10%", "MORE DEPRIVED 10-20%", "MORE DEPRIVED 20-30%", "MORE DEPRIVED 30-40%", "MORE DEPRIVED 40-50%",
    "LESS DEPRIVED 40-50%", "LESS DEPRIVED 30-40%", "LESS DEPRIVED 20-30%", "LESS DEPRIVED 10-20%", "LEAST DEPRIVED 10%",
)  # fmt: skip
OLDEST_AGE_YEARS = 130


def listed(values: tuple[str, ...]) -> str:
    return ", ".join(literal(value) for value in values)


def trimmed(raw: str, is_plain: bool, has_guards: bool = False) -> str:
    """Without blanks at its ends. In a plain file two comparisons show that there are none, at a quarter of what `trim` costs.

    `has_guards`: a spreadsheet keeps the noughts of `="00123"`, which is a way to write 00123.
    """
    if has_guards:
        return f"regexp_replace(trim({raw}, {BLANKS}), '^=\"([^\"]*)\"$', '\\1')"
    if not is_plain:
        return f"trim({raw}, {BLANKS})"
    return f"case when {raw} >= '!' and not ends_with({raw}, ' ') then {raw} else trim({raw}) end"


def is_any_of(x: str, values: tuple[str, ...]) -> str:
    """A chain of comparisons, not `in`: DuckDB turns a long `in` list into a join for every column."""
    return "(" + " or ".join(f"{x} = {literal(value)}" for value in values) + ")"


def cleaned(
    t: str, column: Column, has_signs: bool = True, keeps_errors: bool = False, is_somebody: bool = False
) -> str:
    """Null for blank and for every spelling of `nothing`. `t` is trimmed.

    `has_signs`: the file has a `#` or a `<`, so that a word for nothing may begin with a digit (`1.#QNAN`) or `<`.
    `keeps_errors`: those of a spreadsheet are told apart. `is_somebody`: the column names a person, a practice or the row.
    """
    keeps_errors = keeps_errors or not has_signs
    words = (*NOTHING, *(() if keeps_errors else ERRORS), *(NOBODY if is_somebody else ()))
    # What most values begin with is passed by two comparisons, at the price of the seven words that were known once.
    first, last = ("A" if has_signs else "0"), (":" if is_somebody else "N")
    arms = [f"when {is_any_of(t, own)} then null"] if (own := own_words(column)) else []
    arms += [f"when {t} >= '{first}' and {t} < '{last}' then {t}"] if first < last else []
    longest = max(len(word.encode()) for word in words)
    arms.append(f"when strlen({t}) <= {longest} and list_contains([{listed(words)}], upper({t})) then null")
    arms += [] if keeps_errors else [f"when starts_with({t}, '{TOO_NARROW}') then null"]
    return f"case {' '.join(arms)} else {t} end"


def own_words(column: Column) -> tuple[str, ...]:
    return (*column.nulls, *(NULL_DATES if column.type in ("date", "month", "timestamp") else ()))


def is_error(x: str) -> str:
    """Whether cleaned text is an error value of a spreadsheet."""
    is_word = f"list_contains([{listed(ERRORS)}], upper({x}))"
    return f"{x} >= '#' and {x} < '$' and (starts_with({x}, '{TOO_NARROW}') or {is_word})"


def is_floating(x: str, has_floats: bool = True) -> str:
    """`has_floats`: the file has more than `.0` to show for it."""
    signs = f"(contains({x}, '.') or contains({x}, '+') or contains({x}, ','))"
    likely = signs if has_floats else f"ends_with({x}, '0') and contains({x}, '.')"
    return f"strlen({x}) > 2 and {x} < ':' and {likely} and regexp_full_match(upper({x}), '{FLOATING}')"


def is_month_first(x: str, is_first_day: bool = False) -> str:
    """`is_first_day`: the value stands for its month, so that a first of January cannot be the ninth."""
    pattern = f"({MONTH_FIRST})|({FIRST_DAY_MONTH_FIRST})" if is_first_day else MONTH_FIRST
    # Most begin with the year of an ISO date: no pattern is tried on them.
    return f"{x} < ':' and {x} not between '2000' and '2100' and regexp_full_match({x}, '{pattern}')"


def is_hidden(x: str) -> str:
    """Whether a mark stands for a number that was too small, or too few sent, to be published: `*`, `c`, `[c]`, `[low]`, `<5`."""
    return f"regexp_full_match(upper({x}), '[*]+|[CXZ]|[[](C|X|Z|LOW|U)[]]|[<≤] ?[0-9]+')"


def without_commas(x: str) -> str:
    """`17,712` is a number, `1,5` is not: commas only where thousands are."""
    return (
        f"case when not contains({x}, ',') then {x} "
        f"when regexp_full_match({x}, '-?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]*)?') then replace({x}, ',', '') end"
    )


def number(x: str, is_percentage: bool = False) -> str:
    """DOUBLE from text, with or without thousands commas; with a percent sign only where a percentage is meant."""
    plain = f"rtrim({x}, '%')" if is_percentage else x
    # The case keeps DuckDB from working out `plain` for every row ahead of the coalesce, as an expression that comes twice.
    return (
        f"coalesce(try_cast({x} as double), case when {x} <> '' then try_cast({without_commas(plain)} as double) end)"
    )


def exact(x: str, kind: str) -> str:
    """Pounds and activity: never through floating point. Brackets are a minus."""
    bare = f"replace(replace({x}, '£', ''), ' ', '')"
    signed = f"case when {bare} like '(%)' then '-' || {bare}[2:-2] else {bare} end"
    return f"coalesce(try_cast({x} as {kind}), try_cast({without_commas(f'({signed})')} as {kind}))"


def four_digit_year(x: str) -> str:
    """`02-Oct-25`, `1/7/25`, `Oct-25`: 00-49 is 20xx, 50-99 is 19xx, before a format for four digits takes the two for a year."""
    day = r"[0-9]{1,2}[-/ ]?[A-Za-z]{3,9}[-/ ]?|[0-9]{1,2}/[0-9]{1,2}/"
    for first, century in (("[0-4]", "20"), ("[5-9]", "19")):
        x = (
            f"regexp_replace(regexp_replace({x}, '^({day})({first}[0-9])($|[ :].*)', '\\1{century}\\2\\3'), "
            f"'^([A-Za-z]{{3,9}}[- ]?)({first}[0-9])$', '\\1{century}\\2')"
        )
    return x


def civil(x: str, kind: str, otherwise: str) -> str:
    """A moment with a zone is the date and time on a clock in London; `otherwise` for text without one, of the same kind."""
    instant = f"try_cast(replace({x}, ' +', '+') as timestamptz)"
    return (
        f"case when strlen({x}) > 16 and regexp_matches({x}, '{ZONED}') "
        f"then timezone('{LOCAL_ZONE}', {instant})::{kind} else {otherwise} end"
    )


def in_our_era(value: str, kind: str) -> str:
    """`02-10-25` would be read as the 25th of October in the year 2."""
    return f"case when {value} >= {kind} '{EARLIEST_DATE}' then {value} end"


def date(x: str, has_clock: bool = True) -> str:
    iso = in_our_era(f"try_cast({x} as date)", "date")
    written = f"coalesce({iso}, try_strptime({four_digit_year(x)}, [{listed(DATE_FORMATS)}])::date)"
    return civil(x, "date", written) if has_clock else written


def month(x: str, has_clock: bool = True) -> str:
    label = f"regexp_extract({x}, '([A-Za-z]+-([0-9]{{4}}|[0-9]{{2}}))$', 1)"
    return (
        f"coalesce({date(x, has_clock)}, try_cast({x} || '-01' as date), "
        f"try_strptime({four_digit_year(x)}, [{listed(MONTH_FORMATS)}])::date, "
        f"try_strptime({four_digit_year(label)}, ['%B-%Y', '%b-%Y'])::date)"
    )


def time(x: str) -> str:
    digits = f"case when regexp_full_match({x}, '[0-9]{{3,4}}') then lpad({x}, 4, '0') end"
    moment = civil(x, "time", f"try_cast({x} as timestamp)::time")
    return (
        f"coalesce(try_cast({x} as time), try_strptime({digits}, '%H%M')::time, "
        f"case when length({x}) > 10 then {moment} end)"
    )


def timestamp(x: str) -> str:
    iso = in_our_era(f"try_cast({x} as timestamp)", "timestamp")
    return civil(x, "timestamp", f"coalesce({iso}, try_strptime({four_digit_year(x)}, [{listed(TIMESTAMP_FORMATS)}]))")


def code(x: str, column: Column) -> str:
    """Codes stay text, with one blank where there were several."""
    value = f"case when contains({x}, '  ') then regexp_replace({x}, ' +', ' ', 'g') else {x} end"
    if column.codes and not column.map and all(known == known.upper() for known in column.codes):
        value = f"upper({value})"
    return f"{column.case}({value})" if column.case else value


def padded_or_mapped(v: str, column: Column) -> str:
    if column.map:
        arms = " ".join(f"when {literal(spelling)} then {literal(meaning)}" for spelling, meaning in column.map.items())
        return f"case upper({v}) {arms} else {v} end"
    if column.pad:
        return f"case when length({v}) < {column.pad} then lpad({v}, {column.pad}, '0') else {v} end"
    return v


def joined_codes(pieces: list[str], has_guards: bool = False) -> str:
    """Codes in the order of their positions, upper case, as they were delivered."""
    joined = f"upper(concat_ws(',', {', '.join(pieces)}))"
    return f"translate({joined}, '=\"', '')" if has_guards else joined


# One of these is in every word for nothing that is not made of dots and dashes alone.
SIGNS_OF_NOTHING = ("NA", "N/A", "N.A", "NULL", "NONE", "NIL", "UNDEF", "BLANK", "\\", "#", "–", "—")


def plain_codes(w: str) -> str:
    """Joined codes without dots, blanks, dashes and whatever else is written for nothing."""
    words = tuple(value for value in (*NOTHING, *ERRORS) if len(value) > 1 or not value.isascii())
    several = " or ".join(f"contains({w}, '{part}')" for part in SIGNS_OF_NOTHING)
    kept = f"array_to_string(list_filter(string_split({w}, ','), lambda one: not list_contains([{listed(words)}], trim(one))), ',')"
    return f"translate(case when {several} then {kept} else {w} end, '. -&' || chr(9) || chr(13) || chr(160), '')"


def has_floating_codes(w: str) -> str:
    likely = f"contains({w}, 'E+') or contains({w}, '.0') or (contains({w}, '.') and contains({w}, 'E1'))"
    return f"({likely}) and regexp_matches({w}, '(^|,) *({FLOATING}) *(,|$)')"


def enclosed_codes(v: str) -> str:
    """`,J181,I10X,`; null when there is none."""
    single = f"case when contains({v}, ',,') then regexp_replace({v}, ',+', ',', 'g') else {v} end"
    return f"nullif(',' || trim({single}, ',') || ',', ',,')"


def sex(x: str, column: Column) -> str:
    extra = " ".join(f"when {literal(spelling)} then {literal(meaning)}" for spelling, meaning in column.map.items())
    return (
        f"case upper({x}) when '1' then 'male' when 'M' then 'male' when 'MALE' then 'male' when '1.0' then 'male' "
        f"when '2' then 'female' when 'F' then 'female' when 'FEMALE' then 'female' when '2.0' then 'female' "
        f"{extra} else 'unknown' end"
    )


def boolean(x: str) -> str:
    return (
        f"case upper({x}) when 'Y' then true when 'YES' then true when 'TRUE' then true when 'T' then true "
        f"when '1' then true when '1.0' then true when 'N' then false when 'NO' then false when 'FALSE' then false "
        f"when 'F' then false when '0' then false when '0.0' then false end"
    )


def imd_decile(x: str) -> str:
    arms = " ".join(f"when {literal(name)} then {decile}" for decile, name in enumerate(IMD_DECILES, start=1))
    return f"case upper({x}) {arms} else try_cast({x} as double) end"


def age_group(x: str) -> str:
    """`0_4` … `90_94`, `95+`, `ALL`; single years fall into their band."""
    plain = f"replace(replace(replace(upper({x}), ' ', ''), '-', '_'), 'TO', '_')"
    years = f"try_cast({plain} as integer)"
    band = f"(({years} // 5) * 5)::varchar || '_' || (({years} // 5) * 5 + 4)::varchar"
    return (
        f"case when {plain} = 'ALL' then 'ALL' when {plain} in ('95+', '95_120', '95PLUS') then '95+' "
        f"when {plain} in ('85+', '90+') then {plain} "
        f"when regexp_full_match({plain}, '[0-9]{{1,2}}_[0-9]{{1,2}}') then {plain} "
        f"when {years} between 0 and 94 then {band} when {years} between 95 and 130 then '95+' end"
    )


def financial_year(x: str) -> str:
    """202627 from `202627`, `2026/27`, `2026-27` and `2026/2027`."""
    digits = f"regexp_replace(regexp_replace({x}, '\\.0+$', ''), '[^0-9]', '', 'g')"
    short = f"case length({digits}) when 6 then {digits} when 8 then {digits}[1:4] || {digits}[7:8] end"
    first, second = f"try_cast(({short})[1:4] as integer)", f"try_cast(({short})[5:6] as integer)"
    return f"case when ({first} + 1) % 100 = {second} then try_cast({short} as integer) end"


def parsed(x: str, column: Column, has_clock: bool = True) -> str:
    """From cleaned text to a value; whether it is plausible is asked one layer up, so that nothing is computed twice."""
    if column.invalid:
        same = " or ".join(f"{x} = {literal(value)}" for value in column.invalid)
        x = f"(case when {same} then null else {x} end)"
    match column.type:
        case "code":
            return code(x, column)
        case "practice":
            return f"upper({x})"
        case "clinical":
            return f"nullif(translate(upper({x}), '. -&' || chr(9), ''), '')"
        case "date":
            return date(x, has_clock)
        case "month":
            return month(x, has_clock)
        case "time":
            return time(x)
        case "timestamp":
            return timestamp(x)
        case "integer" | "bigint" | "count" | "double" | "age":
            return number(x, column.is_percentage)
        case "money" | "decimal":
            return exact(x, column.sql_type)
        case "boolean":
            return boolean(x)
        case "sex":
            return sex(x, column)
        case "imd_decile":
            return imd_decile(x)
        case "age_group":
            return age_group(x)
        case "financial_year":
            return financial_year(x)
        case _:
            return x


def fitted(v: str, column: Column) -> str:
    """The value where it is plausible, else null, in the column's SQL type."""
    conditions: list[str] = []
    value = v
    match column.type:
        case "date" | "month" | "timestamp":
            conditions.append(f"{v} between date '{EARLIEST_DATE}' and date '{LATEST_DATE}'")
            value = f"date_trunc('month', {v})" if column.type == "month" else v
        case "integer" | "bigint" | "count" | "imd_decile":
            limit = "2147483647" if column.sql_type == "INTEGER" else "9e15"
            conditions += [f"{v} = trunc({v})", f"abs({v}) <= {limit}"]
            conditions += [f"{v} >= 0"] if column.type == "count" else []
            conditions += [f"{v} between 1 and 10"] if column.type == "imd_decile" else []
        case "double":
            conditions.append(f"abs({v}) < 1e300")
        case "age":
            # HES 7001-7007 are ages under one year.
            under_one = f"{v} between 7001 and 7007"
            return (
                f"(case when {under_one} then 0 when {v} between 0 and {OLDEST_AGE_YEARS} then floor({v}) end)::INTEGER"
            )
        case "code":
            value = padded_or_mapped(v, column)
        case "codes":
            value = enclosed_codes(v)
    conditions += [f"{v} >= {column.minimum}"] if column.minimum is not None else []
    conditions += [f"{v} <= {column.maximum}"] if column.maximum is not None else []
    if conditions:
        value = f"case when {' and '.join(conditions)} then {value} end"
    return f"({value})::{column.sql_type}"
