"""`int-marts check`: contract, privacy and acceptance before anything runs, in words a data provider can act on."""

from __future__ import annotations

from typing import Any

from orchestration.cli.options import DeliveryArgument, HomeOption, Json, settings_for
from orchestration.cli.output import run_command
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import DeliveryRefused
from orchestration.foundation.progress import reporter
from orchestration.foundation.settings import Settings
from orchestration.gate import foresee
from orchestration.lake.check import check_delivery, write_error_report
from orchestration.landing.deliveries import find_delivery

BAD = (State.FAIL, State.ERROR)


def check(delivery: DeliveryArgument = None, as_json: Json = False, home: HomeOption = None) -> None:
    """Dry run of a delivery: what would be refused, and why. Writes an Excel error report for the data provider."""

    def work() -> dict[str, Any]:
        return check_before_anything(settings_for(home), delivery)

    run_command(as_json, work, lambda r: "\n".join([*r["lines"], r["verdict"]]))


def line_for(result: CheckResult) -> str:
    fix = f" → {result.what_to_do}" if result.what_to_do else ""
    return f"{str(result.state).upper():<6} {result.subject}: {result.message}{fix}"


def check_before_anything(settings: Settings, delivery_name: str | None) -> dict[str, Any]:
    """Raises `DeliveryRefused` with every reason when the delivery would be refused; otherwise says what was noticed."""
    delivery = find_delivery(settings.paths, delivery_name)
    with reporter().step(f"check {delivery.name}"):
        results = check_delivery(settings, delivery, foresee)
    report = write_error_report(settings, delivery, results)
    refusing = [r for r in results if r.severity is Severity.BLOCK and r.state in BAD]
    notable = [r for r in results if r.state not in (State.PASS, State.NOT_APPLICABLE) and r not in refusing]
    if refusing:
        text = "\n".join(line_for(result) for result in refusing)
        raise DeliveryRefused(
            f"{delivery.name} would be refused, {len(refusing)} reason(s):\n{text}\nreport for the provider: {report}",
            [result.model_dump(mode="json") for result in refusing],
        )
    return {
        "delivery": delivery.name,
        "results": [result.model_dump(mode="json") for result in results],
        "lines": [line_for(result) for result in notable],
        "verdict": f"{delivery.name} would be taken: {len(results)} checks, {len(notable)} to look at; report {report}",
        "report": report,
    }
