"""The gate: may this be published? The receipt says what was found on which plan and build; the gate looks whether the world is still that.

`judge` makes the plan again, holds lake, landing, warehouse, suites and code against what was checked, the results against the registry
and the waivers, and says open or shut with plain words on what to do. It holds whoever starts it: job, UI, command or schedule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from orchestration.build.plan import Plan, changed_in_lake, changed_in_landing, difference, make_plan
from orchestration.build.seal import changed_since_sealed
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.code_version import code_fingerprint
from orchestration.foundation.errors import GateShut, IntMartsError
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.settings import Settings
from orchestration.gate.alerts import raise_alert
from orchestration.gate.definitions import (
    Definition,
    Registry,
    compare,
    expectation_hashes,
    load_registry,
    register,
    save_registry,
)
from orchestration.gate.names import require_names
from orchestration.gate.page import write_quality_page
from orchestration.gate.receipt import Receipt, read_receipt
from orchestration.gate.runner import declared_now
from orchestration.landing.deliveries import Delivery
from orchestration.releases.waivers import Waiver, holds_shut, load_waivers, problems

T = TypeVar("T")

MACHINERY_VERSION = 2
REBUILD = "run `int-marts refresh` for this delivery: it builds, checks and publishes in one go"
MACHINERY = {
    "registry.complete": "restore the check, or, if the change is meant, run `make checks` and have the difference reviewed",
    "waivers.valid": "correct the home's waivers.yml: check_id, delivery, reason, owner and expires (a date) in every entry",
    "receipt.present": REBUILD,
    "receipt.delivery": "publish the delivery that the warehouse was built for, or refresh the one you want",
    "receipt.plan_unchanged": "what the build stands on is another now: " + REBUILD,
    "receipt.inputs_unchanged": "files changed after they were read: " + REBUILD,
    "receipt.dbt_build": "nobody may write to the warehouse by hand: " + REBUILD,
    "receipt.suites_unchanged": "a suite or threshold was edited after the checks ran: " + REBUILD,
    "receipt.code_unchanged": REBUILD,
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


def judge(settings: Settings, delivery: Delivery) -> Verdict:
    """Never raises because something is wrong: the verdict says so."""
    shut: list[CheckResult] = []
    receipt = _attempt("receipt.present", lambda: read_receipt(settings), shut)
    registry = _attempt("registry.complete", load_registry, shut)
    waivers = _attempt("waivers.valid", lambda: load_waivers(settings.paths.waivers_file), shut) or []
    declared = _attempt("registry.complete", lambda: declared_now(settings), shut)
    results = list(receipt.results) if receipt else []
    if receipt:
        shut.append(_verdict_on("receipt.delivery", of_another_delivery(receipt, delivery), 1))
    if receipt and not of_another_delivery(receipt, delivery):
        plan = _attempt("receipt.plan_unchanged", lambda: make_plan(settings, delivery.name), shut)
        shut += receipt_results(settings, receipt, plan, delivery) if plan else []
    if receipt and registry and declared:
        results = complete(results, registry, declared)
        shut.append(registry_result(registry, declared))
    known = {check_id: item.is_waivable for check_id, item in (declared or {}).items()} | dict.fromkeys(
        MACHINERY, False
    )
    if declared and not any(result.check_id == "waivers.valid" for result in shut):
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


def tell_gate_is_shut(settings: Settings, verdict: Verdict) -> None:
    """The quality page and an alert, so that people see why nothing was published."""
    write_quality_page(settings.paths.logs / "refused" / verdict.delivery, verdict)
    raise_alert(settings, kind="gate_shut", delivery=verdict.delivery, text=verdict.summary)


def write_registry(settings: Settings) -> int:
    """Rewrites `expectations/checks.yml` from the checks as they are; returns how many there are. Raises `IntMartsError` where a seed
    names what does not exist."""
    require_names(settings)
    registry = register(declared_now(settings).values())
    save_registry(registry)
    return len(registry.checks)


def machinery(check_id: str) -> Definition:
    return Definition(
        check_id=check_id,
        kind="machinery",
        relation="",
        severity=Severity.BLOCK,
        definition=hash_json([check_id, MACHINERY_VERSION]),
        is_waivable=False,
        what_to_do=MACHINERY[check_id],
    )


def of_another_delivery(receipt: Receipt, delivery: Delivery) -> list[str]:
    names = {
        "the warehouse was built for": receipt.seal_of_build.delivery,
        "the checks were made for": receipt.plan.delivery,
    }
    return [f"{what} {found}, not for {delivery.name}" for what, found in names.items() if found != delivery.name]


def receipt_results(settings: Settings, receipt: Receipt, plan: Plan, delivery: Delivery) -> list[CheckResult]:
    """The receipt against the world as it is now, one result per link of the chain."""
    home, sealed = settings.paths, receipt.seal_of_build
    built = changed_since_sealed(home, sealed)
    if sealed.build_id != receipt.build_id:
        built.append("the warehouse was built from another plan than was checked")
    files = changed_in_landing(home, delivery.name) + changed_in_lake(home, delivery.name)
    then, now = receipt.suites, expectation_hashes()
    code = ["the code changed"] if receipt.code_fingerprint != code_fingerprint() else []
    return [
        _verdict_on("receipt.present", [], 1),
        _verdict_on("receipt.plan_unchanged", receipt.plan.differences(plan), len(plan.versions)),
        _verdict_on("receipt.inputs_unchanged", files, len(plan.versions)),
        _verdict_on("receipt.dbt_build", built, len(sealed.tables)),
        _verdict_on("receipt.suites_unchanged", difference(then, now), len(now)),
        _verdict_on("receipt.code_unchanged", code, 1),
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
