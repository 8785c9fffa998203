"""The contracts give exactly the columns that docs/architecture.md promises to the other rooms."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from orchestration.contracts import load_contracts, normalise_header
from tests.empty_inputs import write_empty_inputs

ARCHITECTURE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
TYPE_WORDS = {"INTEGER", "DATE", "TIME", "TIMESTAMP", "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"}


def promised_columns() -> dict[str, list[str]]:
    table = (
        ARCHITECTURE.read_text(encoding="utf-8").split("### Canonical columns per feed")[1].split("### Warehouse")[0]
    )
    promised = {}
    for line in table.splitlines():
        if not line.startswith("| ") or line.startswith("| feed "):
            continue
        _, feed, columns, _ = (part.strip() for part in re.split(r"(?<!\\)\|", line))
        without_notes = re.sub(r"\([^)]*\)", "", columns)
        promised[feed] = [part.split()[0] for part in without_notes.split(",")]
    return promised


def test_there_is_a_contract_for_every_promised_feed() -> None:
    assert set(promised_columns()) == set(load_contracts())


@pytest.mark.parametrize("feed", sorted(promised_columns()))
def test_a_contract_gives_the_promised_columns_in_order(feed: str) -> None:
    names = [re.sub(r"[`.]", "", name) for name in promised_columns()[feed]]
    assert [column.name for column in load_contracts()[feed].columns] == names


def test_empty_inputs_are_typed(tmp_path: Path) -> None:
    write_empty_inputs(tmp_path / "inputs.duckdb")
    with duckdb.connect(str(tmp_path / "inputs.duckdb"), read_only=True) as connection:
        for name, feed in load_contracts().items():
            found = connection.execute(f"describe live.{name}").fetchall()
            assert {row[0]: row[1] for row in found} == feed.lake_columns()
            assert connection.execute(f"select count(*) from live.{name}").fetchone() == (0,)


def test_headers_are_one_whatever_their_spelling() -> None:
    spellings = ("PCN Code [2, 3]", "\ufeffpcn_code", "PCN\nCode", " Pcn  Code ")
    assert {normalise_header(spelling) for spelling in spellings} == {"PCN_CODE"}
