"""Groups of tests stay together: what they start from is made once, and not once in every process."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("kept_together")
def test_the_group_of_a_test_reaches_the_scheduler(request: pytest.FixtureRequest) -> None:
    """pytest-xdist reads a test's group from the end of its name; pytest 9.2 made names anew, and `make test` took twice as long."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("not one of several processes with groups (`--dist loadgroup`)")
    assert request.node.nodeid.endswith("@kept_together")
