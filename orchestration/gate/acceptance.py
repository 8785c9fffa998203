"""Acceptance: may this delivery be built on? The delivery checks and the suites of its feeds, before anything is built.

Every version that supplies live rows is examined: what was refused once is not let in behind the next delivery.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from orchestration.build.inputs import manifests_up_to, suppliers
from orchestration.build.plan import Plan, make_plan
from orchestration.foundation.checks import CheckResult
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.files import write_atomically
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.settings import Settings
from orchestration.gate import delivery_checks, suites
from orchestration.gate.alerts import raise_alert
from orchestration.gate.page import Refusal, write_quality_page
from orchestration.gate.suite_files import Suite, load_suites
from orchestration.lake.manifest import Manifest
from orchestration.landing.deliveries import Delivery
from orchestration.releases.waivers import holds_shut, load_waivers


class Acceptance(BaseModel):
    """What was found for one plan, so that the gate need not look at the same versions again in the same refresh."""

    build_id: str
    results: tuple[CheckResult, ...]
    seal: str = ""

    def computed(self) -> str:
        return hash_json(self.model_dump(mode="json", exclude={"seal"}))


def accept(settings: Settings, delivery: Delivery) -> list[CheckResult]:
    """Every acceptance check of a delivery that is in the lake. Raises `GateShut` when a suite cannot be read."""
    live, there = suppliers(settings.paths, delivery.name), manifests_up_to(settings.paths, delivery.name)
    results: list[CheckResult] = []
    refused: list[tuple[str, list[CheckResult]]] = []
    for suite in load_suites("feeds").values():
        own = [version for version in there.get(suite.name, []) if version.delivery == delivery.name]
        results += suites.examine_feed(settings, suite, own)
        older = [version for version in live.get(suite.name, []) if version.delivery != delivery.name]
        refused += refused_versions(settings, suite, older)
    return [*delivery_checks.examine(settings, delivery, live, refused), *results]


def refused_versions(settings: Settings, suite: Suite, older: list[Manifest]) -> list[tuple[str, list[CheckResult]]]:
    """Versions of earlier deliveries that do not pass, with what holds them; all of them in one look while nothing is wrong."""
    if not older or not any(map(holds_shut, suites.examine_feed(settings, suite, older))):
        return []
    found = [(version.delivery, suites.examine_feed(settings, suite, [version])) for version in older]
    return [(name, [result for result in results if holds_shut(result)]) for name, results in found]


def note(settings: Settings, delivery: Delivery, results: list[CheckResult]) -> None:
    """Leave what acceptance found for the gate, under the plan it was found for."""
    made = Acceptance(build_id=make_plan(settings, delivery.name).build_id, results=tuple(results))
    made = made.model_copy(update={"seal": made.computed()})
    write_atomically(acceptance_file(settings), json.dumps(made.model_dump(mode="json"), sort_keys=True))


def of_plan(settings: Settings, delivery: Delivery, plan: Plan) -> list[CheckResult]:
    """What acceptance found for this very plan; looked at now where it did not."""
    with suppress(OSError, ValueError):
        noted = Acceptance.model_validate_json(acceptance_file(settings).read_bytes())
        if noted.build_id == plan.build_id and noted.seal == noted.computed():
            return list(noted.results)
    return accept(settings, delivery)


def acceptance_file(settings: Settings) -> Path:
    return settings.paths.evidence / "acceptance.json"


def require_acceptance(settings: Settings, delivery: Delivery, results: list[CheckResult]) -> None:
    """Raises `DeliveryRefused` (a suite's own fault: `GateShut`) unless every blocking check holds or is waived."""
    waivers = load_waivers(settings.paths.waivers_file)
    held = [
        result
        for result in results
        if holds_shut(result)
        and (
            result.check_id in delivery_checks.CHECKS
            or not any(waiver.covers(result.check_id, delivery.name, delivery.data_cut) for waiver in waivers)
        )
    ]
    if not held:
        return
    summary = f"delivery {delivery.name} is refused: {len(held)} acceptance checks have not passed"
    lines = [f"{result.check_id}: {result.message}. What to do: {result.what_to_do}" for result in held]
    write_quality_page(settings.paths.logs / "refused" / delivery.name, Refusal(delivery.name, results, summary))
    raise_alert(settings, "delivery_refused", delivery.name, "\n".join([summary, *lines[:10]]))
    raise DeliveryRefused(
        "\n".join([summary, *lines[:10]]),
        [{"reason": result.message, **result.model_dump(mode="json")} for result in held],
    )
