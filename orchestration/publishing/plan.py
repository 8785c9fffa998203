"""What the two folders of one release have in common, and what both say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.foundation import code_version
from orchestration.foundation.checks import CheckResult
from orchestration.gate import Verdict
from orchestration.publishing.build import Build
from orchestration.publishing.dictionary import Dictionary, write_dictionary
from orchestration.releases.listing import Release
from orchestration.releases.receipt import SCHEMA_VERSION, Profile
from orchestration.releases.store import ReleaseId
from orchestration.releases.tables import columns_of, tables_of

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Plan:
    """Decided before anything is written."""

    release: ReleaseId
    previous: Release | None
    build: Build
    build_key: str
    build_id: str
    verdict: Verdict
    waivers: list[dict[str, Any]]
    dictionary: Dictionary


def release_facts(plan: Plan, profile: Profile) -> dict[str, Any]:
    build = plan.build
    return {
        "release_id": str(plan.release),
        "as_of_delivery": build.delivery,
        "data_cut": build.data_cut,
        "profile": profile,
        "schema_version": SCHEMA_VERSION,
        "previous_release": plan.previous.release_id if plan.previous else None,
        "icb_code": build.icb_code,
        "icb_name": build.icb_name,
        "first_month": build.first_month,
        "last_month": build.last_month,
        "code_version": code_version.git_commit(),
        "code_fingerprint": code_version.code_fingerprint(),
        "build_id": plan.build_id,
        "is_synthetic": build.is_synthetic,
    }


def title_facts(plan: Plan, profile: Profile) -> dict[str, Any]:
    """What pages and workbook say about the release: `release_facts`, the checks by state, and the waivers."""
    return {
        **release_facts(plan, profile),
        "checks_by_state": checks_by_state(plan.verdict.results),
        "waivers": plan.waivers if profile == "internal" else [],
    }


def checks_by_state(results: Sequence[CheckResult]) -> dict[str, int]:
    states = sorted(result.state.value for result in results)
    return {state: states.count(state) for state in dict.fromkeys(states)}


def write_words(plan: Plan, connection: duckdb.DuckDBPyConnection, folder: Path, title: str) -> None:
    relations = tables_of(connection, "release")
    indicators: list[dict[str, Any]] = []
    if "marts.dim_indicator" in relations:
        cursor = connection.execute("select * from release.marts.dim_indicator order by indicator_id")
        names = [column[0] for column in cursor.description or []]
        indicators = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    columns = {relation: columns_of(connection, "release", relation) for relation in relations}
    write_dictionary(folder, plan.dictionary, columns, indicators, title)
