"""The gate: may this be published? It asks for evidence about this exact build, believes none of it and recomputes it.

`examine` runs every check and writes the receipt; `judge` runs them again, holds the outcome against the receipt, the registry and
the waivers, and says open or shut with plain words on what to do. It holds whoever starts it: job, UI, command or schedule.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import GateShut, IntMartsError
from orchestration.foundation.settings import Settings
from orchestration.gate import definitions as definitions_module
from orchestration.gate.dbt_evidence import DbtEvidence
from orchestration.gate.definitions import (
    Definition,
    Registry,
    compare,
    hash_of,
    load_registry,
    register,
    save_registry,
)
from orchestration.gate.evaluate import Evaluation, declared, evaluate
from orchestration.gate.fingerprints import changed_since_build, difference, read_inputs_hash
from orchestration.gate.receipt import Receipt, read_receipt, remember_since, write_receipt
from orchestration.gate.waivers import Waiver, load_waivers, problems

if TYPE_CHECKING:
    from orchestration.landing.deliveries import Delivery

T = TypeVar("T")

MACHINERY_VERSION = 1
REBUILD = "run `int-marts refresh` for this delivery: it builds, checks and publishes in one go"
MACHINERY = {
    "registry.complete": "restore the check, or, if the change is meant, run `make checks` and have the difference reviewed",
    "waivers.valid": "correct the home's waivers.yml: check_id, delivery, reason, owner and expires (a date) in every entry",
    "receipt.present": REBUILD,
    "receipt.delivery": "publish the delivery that the warehouse was built for, or refresh the one you want",
    "receipt.code_unchanged": REBUILD,
    "receipt.dbt_build": REBUILD + "; if a model failed, read the run's first error",
    "receipt.marts_unchanged": "nobody may write to the warehouse by hand: " + REBUILD,
    "receipt.inputs_unchanged": "files changed after they were checked: " + REBUILD,
    "receipt.suites_unchanged": "a suite or threshold was edited after the checks ran: " + REBUILD,
    "receipt.checks_reproduced": "the checks do not come out as the receipt says: " + REBUILD,
}


class Verdict(BaseModel):
    """Open or shut for one delivery, with every result. Counts only, never a patient's value."""

    model_config = ConfigDict(frozen=True)

    delivery: str
    data_cut: dt.date
    is_open: bool
    results: tuple[CheckResult, ...]
    waivers: tuple[Waiver, ...] = ()
    receipt: Receipt | None = None

    @property
    def since(self) -> dict[str, str]:
        """Check id -> the delivery in which it first did not pass."""
        return self.receipt.since if self.receipt else {}

    @property
    def shut_by(self) -> list[CheckResult]:
        return [result for result in self.results if holds_shut(result)]

    @property
    def reasons(self) -> list[str]:
        """One plain sentence per check that holds the gate shut, with what to do."""
        return [f"{r.check_id} ({r.subject}): {r.message}. What to do: {r.what_to_do}" for r in self.shut_by]

    @property
    def summary(self) -> str:
        if self.is_open:
            passed = sum(result.state is State.PASS for result in self.results)
            return f"The gate is open for {self.delivery}: {passed} of {len(self.results)} checks passed, none holds it shut."
        named = list(dict.fromkeys(result.check_id for result in self.shut_by))
        shown = ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        return (
            f"The gate is shut for {self.delivery}: {len(named)} required checks have not passed ({shown}). "
            "Nothing was published; the last good release stays current."
        )

    def require_open(self) -> None:
        """Raises `GateShut` with the same words wherever publication was started from."""
        if not self.is_open:
            raise GateShut(
                "\n".join([self.summary, *self.reasons[:10]]), list(dict.fromkeys(r.check_id for r in self.shut_by))
            )


def holds_shut(result: CheckResult) -> bool:
    """A failed blocking check, or any check that could not be evaluated: what did not run has not passed."""
    if result.is_waived:
        return False
    return result.state is State.ERROR or (result.state is State.FAIL and result.severity is Severity.BLOCK)


def build_id(settings: Settings, inputs_hash: str) -> str:
    """The same for the same inputs and the same code: names what a release was made from."""
    from orchestration.foundation.code_version import code_fingerprint

    return hash_of([inputs_hash, code_fingerprint(), settings.icb_code, settings.icb_name, settings.sub_icb_codes])[:16]


def examine(settings: Settings, delivery: Delivery) -> Receipt:
    """Runs every check on the build in the warehouse and writes the receipt. Raises `GateShut` when there is no evidence at all."""
    from orchestration.foundation.code_version import code_fingerprint

    found = evaluate(settings, delivery)
    receipt = Receipt(
        delivery=found.built_for[0],
        data_cut=found.built_for[1],
        build_id=build_id(settings, read_inputs_hash(settings)),
        code_fingerprint=code_fingerprint(),
        dbt_invocation_id=found.dbt.invocation_id,
        dbt_run_results_sha256=found.dbt.run_results_sha256,
        marts=found.marts,
        landing=found.landing,
        lake=found.lake,
        suites=found.suites,
        registry_sha256=_registry_sha256(),
        results=found.results,
        since=remember_since(settings, delivery.name, found.results),
    ).sealed()
    write_receipt(settings, receipt)
    return receipt


def judge(settings: Settings, delivery: Delivery) -> Verdict:
    """Recomputes everything the receipt claims. Never raises because a check is bad: the verdict says so."""
    shut: list[CheckResult] = []
    receipt = _attempt("receipt.present", lambda: read_receipt(settings), shut)
    registry = _attempt("registry.complete", load_registry, shut)
    waivers = _attempt("waivers.valid", lambda: load_waivers(settings.paths.waivers_file), shut) or []
    found = _attempt("receipt.dbt_build", lambda: evaluate(settings, delivery), shut)
    results = list(found.results) if found else []
    if found and receipt:
        shut += receipt_results(receipt, found, delivery, changed_since_build(settings))
    if found and registry:
        results = complete(results, registry, found.definitions)
        shut.append(registry_result(registry, found.definitions))
    known = {
        check_id: item.is_waivable for check_id, item in (found.definitions if found else {}).items()
    } | dict.fromkeys(MACHINERY, False)
    if found and not any(result.check_id == "waivers.valid" for result in shut):
        shut.append(waivers_result(waivers, known))
    active = [
        waiver
        for waiver in waivers
        if known.get(waiver.check_id) and waiver.covers(waiver.check_id, delivery.name, delivery.data_cut)
    ]
    results = [waived(result, active, waivers, delivery) for result in results] + shut
    ordered = tuple(sorted(results, key=lambda result: (result.check_id, result.subject)))
    return Verdict(
        delivery=delivery.name,
        data_cut=delivery.data_cut,
        is_open=not any(holds_shut(result) for result in ordered),
        results=ordered,
        waivers=tuple(active),
        receipt=receipt,
    )


def write_registry(settings: Settings) -> int:
    """Rewrites `expectations/checks.yml` from the checks as they are; returns how many there are."""
    from orchestration.build.dbt_runtime import compiled_manifest

    registry = register(declared(DbtEvidence(compiled_manifest(settings), None)).values())
    save_registry(registry)
    return len(registry.checks)


def machinery(check_id: str) -> Definition:
    return Definition(
        check_id=check_id,
        kind="machinery",
        relation="",
        severity=Severity.BLOCK,
        definition=hash_of([check_id, MACHINERY_VERSION]),
        is_waivable=False,
        what_to_do=MACHINERY[check_id],
    )


def receipt_results(
    receipt: Receipt, found: Evaluation, delivery: Delivery, written_since_build: list[str]
) -> list[CheckResult]:
    """The receipt against the world as it is now, one result per claim."""
    from orchestration.foundation.code_version import code_fingerprint

    wanted = (delivery.name, delivery.data_cut)
    for_delivery = (
        [f"the warehouse was built for {found.built_for[0]}, not for {delivery.name}"]
        if found.built_for != wanted
        else []
    )
    if (receipt.delivery, receipt.data_cut) != wanted:
        for_delivery.append(f"the checks were made for {receipt.delivery}, not for {delivery.name}")
    unbuilt = [f"{unique_id} {status}" for unique_id, status in found.dbt.unbuilt().items()]
    unbuilt += [f"{what} since dbt built it" for what in written_since_build]
    if (receipt.dbt_invocation_id, receipt.dbt_run_results_sha256) != (
        found.dbt.invocation_id,
        found.dbt.run_results_sha256,
    ):
        unbuilt.append("dbt ran again after the checks")
    then = {name: f"{mart.rows} {mart.content_hash}" for name, mart in receipt.marts.items()}
    now = {name: f"{mart.rows} {mart.content_hash}" for name, mart in found.marts.items()}
    inputs = difference({**receipt.landing, **receipt.lake}, {**found.landing, **found.lake})
    code = ["the code changed"] if receipt.code_fingerprint != code_fingerprint() else []
    return [
        _verdict_on("receipt.present", [], 1),
        _verdict_on("receipt.delivery", for_delivery, 1),
        _verdict_on("receipt.code_unchanged", code, 1),
        _verdict_on("receipt.dbt_build", unbuilt, len(found.dbt.results)),
        _verdict_on("receipt.marts_unchanged", difference(then, now), len(now)),
        _verdict_on("receipt.inputs_unchanged", inputs, len(found.landing) + len(found.lake)),
        _verdict_on("receipt.suites_unchanged", difference(receipt.suites, found.suites), len(found.suites)),
        _verdict_on("receipt.checks_reproduced", _unlike(receipt.results, found.results), len(found.results)),
    ]


def complete(results: list[CheckResult], registry: Registry, definitions: dict[str, Definition]) -> list[CheckResult]:
    """The results with an error for every registered check that is missing or did not report: silence is not a pass."""
    reported = {result.check_id for result in results}
    silent = [line for line in registry.checks if line.id not in reported]
    return results + [
        CheckResult(
            check_id=line.id,
            subject=line.relation or "machinery",
            kind="machinery",
            severity=line.severity,
            state=State.ERROR,
            message="this required check did not run"
            if line.id in definitions
            else "this required check no longer exists",
            what_to_do=MACHINERY["registry.complete"],
        )
        for line in silent
    ]


def registry_result(registry: Registry, definitions: dict[str, Definition]) -> CheckResult:
    wrong = [f"{check_id}: {what}" for check_id, what in sorted(compare(registry, definitions).items())]
    unregistered = len(definitions.keys() - registry.by_id().keys())
    result = _verdict_on("registry.complete", wrong, len(registry.checks))
    if unregistered and not wrong:
        note = f"{result.message}; {unregistered} checks are not registered yet (they are judged all the same): run `make checks`"
        return result.model_copy(update={"message": note})
    return result


def waivers_result(waivers: list[Waiver], waivable: dict[str, bool]) -> CheckResult:
    return _verdict_on("waivers.valid", problems(waivers, waivable), max(len(waivers), 1))


def waived(result: CheckResult, active: list[Waiver], all_waivers: list[Waiver], delivery: Delivery) -> CheckResult:
    """The result with its waiver, or with a word on a waiver that has run out."""
    for waiver in active:
        if waiver.check_id == result.check_id and result.state in (State.FAIL, State.ERROR):
            note = f"{result.message}; waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
            return result.model_copy(update={"is_waived": True, "message": note})
    expired = [
        w
        for w in all_waivers
        if (w.check_id, w.delivery) == (result.check_id, delivery.name) and delivery.data_cut > w.expires
    ]
    if expired and holds_shut(result):
        note = f"{result.message}; its waiver ran out on {max(w.expires for w in expired)}"
        return result.model_copy(update={"message": note})
    return result


def _unlike(then: tuple[CheckResult, ...], now: tuple[CheckResult, ...]) -> list[str]:
    def outcome(results: tuple[CheckResult, ...]) -> dict[str, str]:
        return {
            f"{r.check_id} ({r.subject})": f"{r.severity} {r.state} {r.rows_examined} {r.violations}" for r in results
        }

    return difference(outcome(then), outcome(now))


def _verdict_on(check_id: str, wrong: list[str], examined: int) -> CheckResult:
    definition = machinery(check_id)
    if not wrong:
        state = State.PASS if examined else State.ERROR
        return definition.result(
            state, f"{examined:,} things compared, all as they were checked", rows_examined=examined
        )
    shown = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    return definition.result(State.FAIL, shown, rows_examined=examined, violations=len(wrong))


def _attempt(check_id: str, work: Callable[[], T], shut: list[CheckResult]) -> T | None:
    try:
        return work()
    except GateShut as error:
        named = error.check_ids[0] if error.check_ids and error.check_ids[0] in MACHINERY else check_id
        shut.append(machinery(named).result(State.ERROR, str(error)))
    except IntMartsError as error:
        shut.append(machinery(check_id).result(State.ERROR, str(error)))
    return None


def _registry_sha256() -> str:
    file = definitions_module.REGISTRY_FILE
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
