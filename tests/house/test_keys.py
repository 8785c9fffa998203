"""A change of the graph is seen in review: `int-marts checks` writes the snapshot of its keys."""

from __future__ import annotations

import difflib

import pytest

from orchestration.graph.keys import SNAPSHOT, keys_of


@pytest.mark.slow
def test_the_graph_is_the_one_in_the_snapshot(definitions) -> None:
    then, now = SNAPSHOT.read_text().splitlines(), keys_of(definitions)
    changed = list(difflib.unified_diff(then, now, "snapshot", "now", lineterm="", n=0))
    assert not changed, "\n".join([*changed, "if this is meant: make checks"])
