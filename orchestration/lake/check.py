"""A dry run of a delivery: everything ingest and acceptance would say, with nothing written into the lake."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.errors import DeliveryRefused, IntMartsError, MachineFault, UsageError
from orchestration.foundation.files import replacing, write_atomically
from orchestration.foundation.home_lock import scratch_folder
from orchestration.foundation.settings import Home, Settings
from orchestration.foundation.sql import literal
from orchestration.lake.feed import ingest_feed, require_known_feeds
from orchestration.lake.manifest import Manifest, current_folder, deliveries_of, delivery_folder
from orchestration.lake.reasons import what_to_send
from orchestration.lake.retention_note import read_note, retention_file
from orchestration.landing.deliveries import Delivery

LINES_LISTED = 1000
REASONS_TOLD = 3
Accept = Callable[[Settings, Delivery], list[CheckResult]]


@contextmanager
def rehearsal(settings: Settings, delivery: Delivery) -> Iterator[Settings]:
    """Settings of a throw-away home that sees the same landing and the lake's other deliveries."""
    real = settings.paths
    real.create()
    with scratch_folder(real, "check") as root:
        home = Home(root=root)
        home.lake.mkdir(mode=0o700)
        home.landing.symlink_to(real.landing.resolve())
        read_note(real)  # lost: said here as by any other command
        for kept in (retention_file(real), real.lake / "withdrawn", real.waivers_file):
            if kept.exists():
                (home.root / kept.relative_to(real.root)).symlink_to(kept.resolve())
        for feed in load_contracts():
            for name in deliveries_of(real, feed):
                if name != delivery.name and (folder := current_folder(real, feed, name)):
                    # the version alone is the real one's: what is read again or locked here is written here
                    delivery_folder(home, feed, name).mkdir(parents=True)
                    (delivery_folder(home, feed, name) / folder.name).symlink_to(folder.resolve())
        yield type(settings)(**{**settings.model_dump(), "home": home.root})


def check_delivery(settings: Settings, delivery: Delivery, accept: Accept) -> list[CheckResult]:
    """Contract, privacy and acceptance (`accept`, of the gate) for one delivery; counts only.

    A result with severity `block` and state `fail` or `error` would refuse the delivery. What was found line by line goes
    to `logs/checks/<delivery>.json`, for the report that `write_error_report` makes. Raises `UsageError` for the settings' own faults.
    """
    require_known_feeds(settings)
    results = [
        result_of(delivery.name, "contract.delivery", State.FAIL, problem, "correct the delivery folder")
        for problem in delivery.problems
    ]
    results += [
        result_of(
            name, "contract.unknown_file", State.WARN, "is not a file of any feed and is ignored", "", Severity.WARN
        )
        for name in delivery.ignored
    ]
    faults: list[dict[str, Any]] = []
    with rehearsal(settings, delivery) as dry:
        manifests: dict[str, Manifest] = {}
        for feed in delivery.files if not delivery.problems else ():
            try:
                manifest = ingest_feed(dry, delivery, feed)
            except DeliveryRefused as refusal:
                results.append(result_of(feed, f"contract.{feed}", State.FAIL, str(refusal), told_action(refusal)))
                faults += [{"feed": feed, "rows": 1, **problem} for problem in refusal.problems]
                continue
            except (UsageError, MachineFault):
                # A fault of the settings or the machine, not of the delivery: nothing is said about its files.
                raise
            except IntMartsError as error:
                results.append(result_of(feed, f"contract.{feed}", State.ERROR, str(error), "ask the data engineer"))
                continue
            assert manifest is not None
            manifests[feed] = manifest
            found = quarantined_rows(dry, manifest)
            results += results_of(manifest, found)
            faults += found
        if manifests:
            results += accept(dry, delivery)
    write_atomically(faults_file(settings, delivery), json.dumps(faults, indent=1))
    return results


def told_action(refusal: DeliveryRefused) -> str:
    return next((problem["what_to_do"] for problem in refusal.problems if problem.get("what_to_do")), "")


def result_of(
    subject: str,
    check_id: str,
    state: State,
    message: str,
    action: str,
    severity: Severity = Severity.BLOCK,
    rows: int = 0,
) -> CheckResult:
    return CheckResult(
        check_id=check_id,
        subject=subject,
        kind="contract",
        severity=severity,
        state=state,
        rows_examined=rows,
        violations=1 if state in (State.FAIL, State.ERROR) else 0,
        message=message,
        what_to_do=action,
    )


def results_of(manifest: Manifest, quarantined: list[dict[str, Any]]) -> list[CheckResult]:
    """What was taken, and what was lost by which rule; `quarantined` are the faults of the rows that were set aside."""
    contract = load_contracts()[manifest.feed]
    told = f"{manifest.rows_loaded:,} of {manifest.rows_read:,} rows taken"
    results = [
        result_of(manifest.feed, f"contract.{manifest.feed}", State.PASS, told, "", rows=manifest.rows_read).model_copy(
            update={"owner": contract.owner}
        )
    ]
    worst = sorted(quarantined, key=lambda fault: -fault["rows"])[:REASONS_TOLD]
    why = "; ".join(
        f"{fault['reason']}{' in ' + fault['column'] if fault['column'] else ''} ({fault['rows']:,})" for fault in worst
    )
    losses = {
        "rows_quarantined": (manifest.rows_quarantined, f"rows set aside, with their lines in the report: {why}"),
        **{f"rows_removed.{rule}": (rows, f"rows removed: {rule}") for rule, rows in manifest.rows_removed.items()},
        **{
            f"values_nulled.{name}": (n, f"values of {name} are unusable") for name, n in manifest.values_nulled.items()
        },
    }
    for name, (count, words) in losses.items():
        if count:
            results.append(
                CheckResult(
                    check_id=f"contract.{manifest.feed}.{name}",
                    subject=manifest.feed,
                    kind="contract",
                    severity=Severity.WARN,
                    state=State.WARN,
                    rows_examined=manifest.rows_read,
                    violations=count,
                    owner=contract.owner,
                    message=f"{count:,} {words}",
                    what_to_do=worst[0]["what_to_do"] if name == "rows_quarantined" and worst else "",
                )
            )
    return results


def quarantined_rows(settings: Settings, manifest: Manifest) -> list[dict[str, Any]]:
    """Faults by file, column and reason, with the first lines; never a value."""
    folder = settings.paths.lake / "quarantine" / manifest.feed / f"delivery={manifest.delivery}"
    path = folder / f"version={manifest.version}.parquet"
    if not path.exists():
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(
            f'select file, "column", reason, count(*), list(line order by line)[1:{LINES_LISTED}] '
            f"from read_parquet({literal(path)}) group by all order by all"
        ).fetchall()
    names = ("file", "column", "reason", "rows", "lines")
    found = [{"feed": manifest.feed, **dict(zip(names, row, strict=True))} for row in rows]
    return [{**fault, "what_to_do": what_to_send(fault["reason"])} for fault in found]


def faults_file(settings: Settings, delivery: Delivery) -> Path:
    return settings.paths.logs / "checks" / f"{delivery.name}.json"


def write_error_report(settings: Settings, delivery: Delivery, results: list[CheckResult]) -> Path:
    """An Excel workbook for the data provider, `logs/checks/<delivery>.xlsx`: counts and line numbers, no values."""
    import xlsxwriter

    path = settings.paths.logs / "checks" / f"{delivery.name}.xlsx"
    faults = json.loads(faults_file(settings, delivery).read_text(encoding="utf-8"))
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with replacing(path) as draft, xlsxwriter.Workbook(str(draft), options) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        # The delivery's data cut, not the clock: the same check writes the same report.
        moment = dt.datetime.combine(delivery.data_cut, dt.time())
        book.set_properties({"title": f"Delivery {delivery.name}: what was found", "created": moment})
        summary = [
            (
                result.subject,
                str(result.state),
                result.violations,
                result.rows_examined,
                result.message,
                result.what_to_do,
            )
            for result in results
        ]
        found = [
            (
                fault["feed"],
                fault.get("file", ""),
                fault.get("column", ""),
                fault["reason"],
                fault["rows"],
                fault.get("what_to_do", ""),
                ", ".join(str(line) for line in fault.get("lines", [fault.get("line")]) if line),
            )
            for fault in faults
        ]
        for title, headers, rows in (
            ("Summary", ("subject", "state", "violations", "rows examined", "what was found", "what to do"), summary),
            (
                "Lines",
                ("feed", "file", "column", "reason", "rows", "what to send", f"lines (the first {LINES_LISTED:,})"),
                found,
            ),
        ):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, headers, bold)
            for number, row in enumerate(rows, start=1):
                sheet.write_row(
                    number, 0, [str(cell)[:32000] if isinstance(cell, str) else cell for cell in row], wrapped
                )
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, 3, 22)
            sheet.set_column(4, 6, 60)
    return path
