"""Publishing alone, after a run that failed, through Dagster's own API: refused in the very words of the command."""

from __future__ import annotations

import json
from collections.abc import Callable

import dagster as dg
import pytest
from typer.testing import CliRunner

from orchestration.gate.receipt import void_receipt
from orchestration.graph.assets import shared
from orchestration.graph.assets.release import release
from orchestration.graph.assets.shared import HomeResource
from orchestration.graph.instance import DELIVERY_PARTITIONS
from tests.quality.build import DELIVERY, Build


def a_check_failed(build: Build) -> None:
    build.fails("readmissions_grain", 3)
    build.examine()


def killed_before_its_checks(build: Build) -> None:
    void_receipt(build.settings)


def edited_by_hand_since(build: Build) -> None:
    build.sql("update marts.readmissions set readmissions = 1")


def by_dagster(build: Build) -> list[str]:
    """What a person reads in the failed step of a run that materialises the release alone."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(DELIVERY_PARTITIONS, [DELIVERY])
        result = dg.materialize(
            [release],
            partition_key=DELIVERY,
            instance=instance,
            resources={"home": HomeResource()},
            raise_on_error=False,
        )
        assert not result.success
        failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
        assert [data.user_failure_data.metadata["exit_code"].value for data in failures if data.user_failure_data] == [
            4
        ]
        return [data.user_failure_data.description or "" for data in failures if data.user_failure_data]


def by_command(build: Build) -> str:
    """Without its last line, which says what readers see."""
    from orchestration.cli.app import app

    done = CliRunner().invoke(app, ["publish", DELIVERY, "--json", "--home", str(build.settings.home)])
    assert done.exit_code == 4, done.output
    said, _, readers = json.loads(done.stdout)["error"].rpartition("\n")
    assert readers == "readers see no release"
    return said


@pytest.mark.parametrize("spoil", [a_check_failed, killed_before_its_checks, edited_by_hand_since])
def test_the_asset_alone_is_refused_in_the_words_of_the_command(
    build: Build, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Build], None]
) -> None:
    monkeypatch.setattr(shared, "_given", build.settings)
    monkeypatch.setenv("INT_MARTS_HOME", str(build.settings.home))
    monkeypatch.setenv("INT_MARTS_REQUIRED_FEEDS", json.dumps(build.settings.required_feeds))
    spoil(build)
    words = by_dagster(build)
    assert words == [by_command(build)]
    assert words[0].startswith(f"The gate is shut for {DELIVERY}") and "What to do: " in words[0]
    assert not any(build.settings.paths.releases.iterdir())
