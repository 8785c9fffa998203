"""The project parsed and loaded once for all tests of the house: reading it is most of what they do."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def parsed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without data, with dbt's manifest of the project as it stands."""
    from orchestration.build.dbt_runtime import ensure_manifest
    from orchestration.foundation.settings import load_settings

    home = tmp_path_factory.mktemp("parsed")
    ensure_manifest(load_settings(home=home))
    return home


@pytest.fixture(scope="session")
def definitions(parsed_home: Path):
    from orchestration.definitions import build_definitions
    from orchestration.foundation.settings import load_settings

    return build_definitions(load_settings(home=parsed_home))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stand on the parsed project go to one worker."""
    for item in items:
        if {"parsed_home", "definitions"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("parsed"))
