"""The shape of a feed contract. A data engineer adds a feed by writing one YAML file in this folder.

A contract says what the columns mean, never how to read them: types turn into SQL in `orchestration.lake.typing_sql`.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestration.foundation.errors import IntMartsError
from orchestration.foundation.yaml_text import read_yaml

ColumnType = Literal[
    "code", "text", "date", "month", "time", "timestamp", "integer", "bigint", "double", "count", "money", "decimal",
    "boolean", "sex", "age", "person", "clinical", "codes", "practice", "imd_decile", "age_group", "financial_year",
]  # fmt: skip

SQL_TYPES: dict[str, str] = {
    "code": "VARCHAR",
    "text": "VARCHAR",
    "practice": "VARCHAR",
    "sex": "VARCHAR",
    "person": "VARCHAR",
    "clinical": "VARCHAR",
    "codes": "VARCHAR",
    "age_group": "VARCHAR",
    "date": "DATE",
    "month": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "integer": "INTEGER",
    "age": "INTEGER",
    "financial_year": "INTEGER",
    "imd_decile": "INTEGER",
    "bigint": "BIGINT",
    "count": "BIGINT",
    "double": "DOUBLE",
    "money": "DECIMAL(18,2)",
    "decimal": "DECIMAL(18,3)",
    "boolean": "BOOLEAN",
}


@cache
def normalise_header(header: str) -> str:
    """One spelling per header: footnote marks, line breaks, case and punctuation do not distinguish columns.

    >>> normalise_header("PCN Code [2, 3]"), normalise_header("ORGANISATION IDENTIFIER (CODE OF PROVIDER)")
    ('PCN_CODE', 'ORGANISATION_IDENTIFIER_CODE_OF_PROVIDER')
    >>> normalise_header("Patients in a Virtual Ward\\n(see notes 1 and 4) ")
    'PATIENTS_IN_A_VIRTUAL_WARD'
    """
    without_notes = re.sub(r"\[[^\]]*\]|\(see notes?[^)]*\)", "", header.lstrip("\ufeff"), flags=re.IGNORECASE)
    return re.sub(r"[^A-Z0-9]+", "_", without_notes.upper()).strip("_")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Joined(Strict):
    """Numbered columns that become one: `DIAG_4_01` … `DIAG_4_20`, in the order of their numbers."""

    prefix: str
    count: int = Field(ge=1, le=99)
    digits: int = Field(default=1, ge=1, le=3)

    def headers(self) -> list[str]:
        return [normalise_header(f"{self.prefix}{number:0{self.digits}d}") for number in range(1, self.count + 1)]


class Column(Strict):
    """One canonical column of the lake.

    `from` lists the headers it may come from, the best first. `required`: the header must be there. `not_null`: a row
    without a value is quarantined. `on_invalid`: what a value that does not fit the type does to its row.
    """

    name: str = ""
    type: ColumnType
    sources: tuple[str, ...] = Field(default=(), alias="from")
    join: tuple[Joined, ...] = Field(default=(), description="alternatives; the first whose headers are there is used")
    required: bool = False
    not_null: bool = False
    on_invalid: Literal["quarantine", "null"] = "null"
    nulls: tuple[str, ...] = Field(default=(), description="spellings of `nothing` beyond blank")
    invalid: tuple[str, ...] = Field(default=(), description="sentinels for `submitted but invalid`; null, counted")
    codes: tuple[str, ...] = Field(default=(), description="known codes, for the acceptance suites")
    coded: bool = Field(default=False, description="distinct values go into codes.parquet")
    map: dict[str, str] = Field(default_factory=dict, description="spelling → canonical spelling, upper-case keys")
    default: str | None = Field(default=None, description="raw value where no header carries the column")
    where_headed: dict[str, str] = Field(
        default_factory=dict, description="header → raw value of every row of a file that has it; otherwise `default`"
    )
    add: tuple[str, ...] = Field(default=(), description="further headers whose numbers are added")
    subtract: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    case: Literal["upper", "lower"] | None = Field(
        default=None, description="codes that mean the same in any case of letters are kept in this one"
    )
    is_percentage: bool = Field(default=False, description="a number that may stand with its percent sign")
    pad: int | None = Field(default=None, description="codes that lost their leading zeros are padded to this length")
    from_file_name: bool = Field(default=False, description="the month named in the file name, where no header has it")
    told_above: str = Field(
        default="",
        description="what stands before the month above the header; where both tell one, the file's name must agree",
    )
    month_of_the_year: int | None = Field(
        default=None, description="the month that stands for a file whose name names only its year"
    )
    is_first_of_month: bool = Field(
        default=False, description="a date that stands for its month, as the lists' extract dates do"
    )
    snomed: bool = Field(default=False, description="SNOMED codes, whose check digit tells of rounding")
    fewest_people: int | None = Field(
        default=None,
        description="a value becomes a name in the marts only where so many people share it, or it is known",
    )
    known_names: tuple[str, ...] = ()
    spaces: dict[str, str] = Field(default_factory=dict, description="header → identifier space, persons only")
    description: str = ""

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    @property
    def is_coded(self) -> bool:
        return self.coded or bool(self.codes)

    def headers(self) -> tuple[str, ...]:
        return tuple(normalise_header(name) for name in self.sources)


class Removal(Strict):
    """Rows that are not data, removed under a name. `header` is looked up like a column's `from`."""

    rule: str
    header: tuple[str, ...]
    values: tuple[str, ...] = Field(default=(), alias="in")
    values_kept: tuple[str, ...] = Field(default=(), alias="not_in")
    pattern_kept: str | None = Field(default=None, description="rows whose value does not match go")


class Layout(Strict):
    """A vintage whose columns are known by position: no header at all, or one that repeats its names."""

    name: str
    columns: int
    first_headers: tuple[str, ...] = Field(
        default=(), description="header cells that recognise it; none = no header row"
    )
    first_value: str | None = Field(default=None, description="pattern of the first cell of a headerless file")
    positions: dict[str, tuple[int, ...]] = Field(
        description="canonical column → 1-based positions (added when several)"
    )


class PrintedColumn(Strict):
    """A column of a table made for readers: by its own heading and, where that is not enough, by one that spans it."""

    named: tuple[str, ...] = Field(
        default=(), description="its headings; of several columns the first with a value stands"
    )
    under: str = Field(default="", description="a merged heading above it")
    values: str = Field(default="", description="pattern of a value in it, where it has no heading of its own")
    is_optional: bool = Field(default=False, description="left out where it cannot be told; only without a heading")


class PrintedTable(Strict):
    """A publisher's sheet with headings over several rows, known by its title and read by its names, wherever they stand."""

    title: str = Field(description="pattern of a line above the headings")
    columns: dict[str, PrintedColumn] = Field(description="canonical column → where it is; all must be there, once")
    constants: dict[str, str] = Field(default_factory=dict, description="canonical column → value of every row")
    month: str | None = Field(default=None, description="canonical column of the last month that the title names")
    headings_into: str | None = Field(default=None, description="canonical column that takes the headings of `cells`")
    cells_into: str | None = Field(default=None, description="canonical column that takes their values")
    cells: dict[str, PrintedColumn] = Field(
        default_factory=dict, description="value of `headings_into` → where its cells are"
    )
    cells_headed: str = Field(default="", description="pattern of the headings of `cells`, where they are not known")


class FeedContract(Strict):
    """One feed's contract. See `docs/add-a-feed.md` for a worked example."""

    feed: str
    title: str
    description: str
    owner: str
    grain: str
    source: str = ""
    is_patient_level: bool = False
    person_id_space: str | None = None
    coverage_date: str | None = None
    financial_months: bool = Field(default=False, description="coverage from financial_year and financial_month")
    undated_when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    provider: str | None = None
    key: tuple[str, ...] = ()
    supersedes: Literal["covered_months", "present_months", "units", "newest_delivery", "accumulates"]
    unit: tuple[str, ...] = ()
    one_row_per: tuple[str, ...] = Field(
        default=(), description="without a key: what has one row; the same again counts once, another value refuses"
    )
    removed_after_cut: bool = False
    distinct: bool = Field(default=False, description="rows without a key of their own: the same content counts once")
    may_be_empty: bool = False
    sheets: tuple[str, ...] = Field(
        default=(),
        description="the worksheets to read where the publisher's workbook has others with such a header; otherwise all that fit",
    )
    layouts: tuple[Layout, ...] = ()
    printed: tuple[PrintedTable, ...] = ()
    published_as: tuple[str, ...] = Field(
        default=(), description="pattern of how the publisher's names of its files begin, beside the feed's own"
    )
    removals: tuple[Removal, ...] = ()
    rules: dict[str, str] = Field(
        default_factory=dict, description="name → SQL over canonical columns; true = quarantined"
    )
    derived: dict[str, str] = Field(default_factory=dict, description="canonical column → SQL over canonical columns")
    columns: tuple[Column, ...]
    version: str = ""

    @model_validator(mode="after")
    def _names_exist(self) -> FeedContract:
        names = {column.name for column in self.columns}
        used = [*self.key, *self.unit, *self.one_row_per, *self.undated_when, *self.derived]
        used += [name for name in (self.coverage_date, self.provider) if name]
        used += [name for layout in self.layouts for name in layout.positions]
        for table in self.printed:
            used += [*table.columns, *table.constants]
            used += [name for name in (table.month, table.headings_into, table.cells_into) if name]
        missing = [name for name in used if name not in names and name != "coverage_month"]
        if missing:
            raise ValueError(f"{self.feed}: no such column: {', '.join(missing)}")
        return self

    @cached_property
    def heads(self) -> tuple[frozenset[str], ...]:
        """The headers that tell of a column: one set per column, and one more where numbered columns become one."""
        joined = (frozenset(head for join in column.join for head in join.headers()) for column in self.columns)
        return (*(frozenset(column.headers()) for column in self.columns), *joined)

    @cached_property
    def all_heads(self) -> frozenset[str]:
        return frozenset().union(*self.heads)

    @property
    def person(self) -> Column | None:
        return next((column for column in self.columns if column.type == "person"), None)

    def is_strict(self, column: Column) -> bool:
        """Whether an error value of a spreadsheet in it costs the row: keys, people and codes that must be there."""
        needed = column.required and column.type in ("code", "practice", "clinical")
        return column.name in self.key or column.type == "person" or needed

    @property
    def one_row_of(self) -> tuple[str, ...]:
        """What has one row, whatever else is said of it; of people's records the first of a key stays instead."""
        return self.one_row_per or (() if self.is_patient_level else self.key)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def lake_columns(self) -> dict[str, str]:
        """Columns of the lake and of `live`: canonical name → SQL type."""
        return {
            **{column.name: column.sql_type for column in self.columns},
            "coverage_month": "DATE",
            "delivery": "VARCHAR",
        }


def read_contract(path: Path) -> FeedContract:
    text = path.read_text(encoding="utf-8")
    body = read_yaml(text)
    body["columns"] = [{"name": name, **spec} for name, spec in body["columns"].items()]
    body["version"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    try:
        return FeedContract.model_validate(body)
    except ValueError as error:
        raise IntMartsError(f"contract {path.name} is wrong: {error}") from None


@cache
def load_contracts() -> dict[str, FeedContract]:
    """All contracts by feed name, in order of name."""
    contracts = (read_contract(path) for path in sorted(Path(__file__).parent.glob("*.yaml")))
    return {contract.feed: contract for contract in contracts}


def feed_contract(name: str) -> FeedContract:
    return load_contracts()[name]
