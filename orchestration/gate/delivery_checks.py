"""What must be true of a delivery and of what its build stands on. Checks like any other, so that no door can leave them out; none can
be waived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from orchestration.build.plan_tables import ACTIVITY_FEEDS
from orchestration.contracts import load_contracts
from orchestration.foundation.checks import CheckResult, Severity, State
from orchestration.foundation.hashes import hash_json
from orchestration.foundation.settings import Settings
from orchestration.gate.definitions import Definition
from orchestration.lake.manifest import UNDATED, Manifest
from orchestration.landing.deliveries import Delivery, gone_from_landing, last_day, list_deliveries, missing_feeds
from orchestration.releases.waivers import load_waivers

VERSION = 2
# A cut this long after the newest activity means that the wrong month's files were put into the folder.
LONGEST_SILENCE_DAYS = 62
LISTS = ("gp_registrations", "gp_registrations_lsoa", "gp_coverage")
# id → why it is there, and what to do
CHECKS = {
    "delivery.required_feeds": (
        "A required feed was not delivered.",
        "put the file into the delivery's folder in landing, or change required_feeds",
    ),
    "delivery.opt_outs_match": (
        "An opt-out list that matches nobody at all is in the wrong identifier space, and removes nobody.",
        "send the list in the same identifiers as the feeds (see person_id_spaces)",
    ),
    "delivery.is_fresh": (
        "A data cut long after the newest activity: the files of another month were put into the folder.",
        "put the right month's files into the delivery's folder",
    ),
    "delivery.versions_accepted": (
        "Rows of an earlier delivery are live that acceptance would refuse.",
        "correct or withdraw that delivery (`int-marts withdraw`), or waive its check for it by name",
    ),
    "delivery.is_landed": (
        "The lake took in what is no longer in landing, a delivery or a feed of it, and nobody withdrew it.",
        "put the delivery back into landing, or withdraw it with a reason (`int-marts withdraw`)",
    ),
}

Live = Mapping[str, list[Manifest]]
Refused = Sequence[tuple[str, list[CheckResult]]]


def definitions() -> dict[str, Definition]:
    return {
        check_id: Definition(
            check_id=check_id,
            kind="delivery",
            relation="landing.delivery",
            severity=Severity.BLOCK,
            definition=hash_json([check_id, VERSION]),
            is_waivable=False,
            reason=reason,
            what_to_do=what_to_do,
        )
        for check_id, (reason, what_to_do) in CHECKS.items()
    }


def examine(settings: Settings, delivery: Delivery, live: Live, refused: Refused) -> list[CheckResult]:
    """`live`: feed → the versions that supply rows. `refused`: earlier deliveries with the checks that hold them."""
    found = {
        "delivery.required_feeds": missing(settings, delivery),
        "delivery.opt_outs_match": unmatched_opt_outs(live),
        "delivery.is_fresh": stale(delivery, live),
        "delivery.versions_accepted": not_accepted(settings, refused),
        "delivery.is_landed": not_landed(settings, delivery, live),
    }
    results = []
    for check_id, definition in definitions().items():
        examined, wrong = found[check_id]
        state = State.FAIL if wrong else State.PASS if examined else State.NOT_APPLICABLE
        message = "; ".join(wrong[:5]) or (f"{examined:,} examined, all as it must be" if examined else "not delivered")
        results.append(
            definition.result(state, message, rows_examined=examined, violations=len(wrong), subject=delivery.name)
        )
    return results


def missing(settings: Settings, delivery: Delivery) -> tuple[int, list[str]]:
    groups = missing_feeds(delivery, settings.required_feeds)
    return len(delivery.files) or len(groups), [
        f"required feed not delivered: {group.replace('|', ' or ')}" for group in groups
    ]


def unmatched_opt_outs(live: Live) -> tuple[int, list[str]]:
    """The list in force, against the feeds from which it was to remove people."""
    listed = max(live.get("opt_outs", []), key=lambda item: item.delivery, default=None)
    if listed is None or not listed.rows_loaded:
        return 0, []
    people = [
        item
        for feed, versions in live.items()
        if feed != "opt_outs" and load_contracts()[feed].person
        for item in versions
        if item.opt_outs_key == listed.content_key
    ]
    if not people or any(item.rows_removed.get("opt_out") for item in people):
        return listed.rows_loaded, []
    return listed.rows_loaded, [f"the opt-out list of {listed.delivery} matches nobody in any feed"]


def stale(delivery: Delivery, live: Live) -> tuple[int, list[str]]:
    """Records of care decide: a reference file of this month beside last quarter's activity says nothing of it. A delivery without
    any is judged by what it has."""
    own = [item for versions in live.values() for item in versions if item.delivery == delivery.name]
    found = {item.feed: day for item in own if (day := newest_activity(item))}
    days = [day for feed, day in found.items() if feed in ACTIVITY_FEEDS] or list(found.values())
    silent = (delivery.data_cut - max(days)).days if days else 0
    wrong = [f"the data cut {delivery.data_cut} is {silent} days after the newest activity of the delivery"]
    return len(days), wrong if silent > LONGEST_SILENCE_DAYS else []


def newest_activity(manifest: Manifest) -> dt.date | None:
    """The newest day that a feed with dates tells about; lists of people are of the month they come in."""
    if manifest.feed in LISTS or not any(month != UNDATED for month in manifest.coverage):
        return None
    contract = load_contracts()[manifest.feed]
    is_daily = contract.coverage_date and contract.column(contract.coverage_date).type != "month"
    if is_daily and manifest.last_date:
        return dt.date.fromisoformat(manifest.last_date)
    newest = max(month for month in manifest.coverage if month != UNDATED)
    return last_day(int(newest[:4]), int(newest[5:]))


def not_accepted(settings: Settings, refused: Refused) -> tuple[int, list[str]]:
    """A waiver of that time, for that delivery and check, still holds."""
    waivers = load_waivers(settings.paths.waivers_file)
    cuts = {item.name: item.data_cut for item in list_deliveries(settings.paths)}
    wrong = [
        f"{name}: {result.check_id}"
        for name, results in refused
        for result in results
        if not any(name in cuts and waiver.covers(result.check_id, name, cuts[name]) for waiver in waivers)
    ]
    return 1, wrong


def not_landed(settings: Settings, delivery: Delivery, live: Live) -> tuple[int, list[str]]:
    gone = gone_from_landing(settings.paths, delivery.name)
    return sum(map(len, live.values())), [f"{name} is no longer in landing" for name in gone]
