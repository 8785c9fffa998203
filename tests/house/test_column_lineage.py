"""The column lineage that is shipped with the code is that of the models as they stand: a build that has to work it out takes 15
seconds longer, in every new home.

`python -m tests.house.test_column_lineage HOME` takes into the code what the last build of that home had to work out.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.graph.assets.table_metadata import SHIPPED_LINEAGE, lineage_in, write_lineage


def models_of(home: Path) -> set[str]:
    manifest = json.loads((home / "dbt" / "target" / "manifest.json").read_text())
    return {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}


@pytest.mark.slow
def test_the_shipped_lineage_is_that_of_the_models(published_home: Path) -> None:
    worked_out = lineage_in(published_home / "dbt" / "column_lineage.json")
    stale = sorted(worked_out.keys() | lineage_in(SHIPPED_LINEAGE).keys() ^ models_of(published_home))
    assert not stale, f"{stale}: refresh a home, then python -m tests.house.test_column_lineage HOME"


@pytest.mark.parametrize("left", ["", "{", '{"teams": {'])
def test_a_memory_that_was_cut_short_is_worked_out_again(left: str, tmp_path: Path) -> None:
    (file := tmp_path / "column_lineage.json").write_text(left)
    assert lineage_in(file) == lineage_in(tmp_path / "none.json") == {}
    write_lineage(file, {"teams": {"columns": {}}})
    assert lineage_in(file) == {"teams": {"columns": {}}}


if __name__ == "__main__":
    import sys

    built = Path(sys.argv[1])
    now = lineage_in(SHIPPED_LINEAGE) | lineage_in(built / "dbt" / "column_lineage.json")
    write_lineage(SHIPPED_LINEAGE, {name: lineage for name, lineage in now.items() if name in models_of(built)})
