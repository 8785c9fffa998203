"""Telling people: a file always, a webhook and mail when configured. Plain words and counts, never anything about a patient.

An alert never makes a run fail: what could not be sent is noted in the alert's own file.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import logging
import smtplib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.foundation.errors import UsageError
from orchestration.foundation.files import write_atomically
from orchestration.foundation.settings import PROJECT_ROOT, Settings
from orchestration.landing.deliveries import ANNUAL, list_deliveries, missing_feeds

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10
# A receiver that restarts is back in seconds; one that is away for longer is noted in the alert's file.
ATTEMPTS = 3
PAUSE_SECONDS = 2.0
CALENDAR = PROJECT_ROOT / "seeds" / "delivery_calendar.csv"
# People are reminded of what is still late, and not told every morning.
REMIND_AFTER_DAYS = 7

SUBJECTS = {
    "gate_shut": "Nothing was published: the gate is shut",
    "late_delivery": "A delivery is late",
    "calendar_ends": "The calendar of expected deliveries ends",
    "run_failed": "A run failed",
    "delivery_refused": "A delivery was refused",
}


class Alert(BaseModel):
    """What is told. `sent` names the channels that took it, `not_sent` those that did not and why."""

    kind: str
    delivery: str
    subject: str
    text: str
    raised_at: str
    sent: list[str] = []
    not_sent: dict[str, str] = {}


class Late(BaseModel):
    """A delivery that should be there by now."""

    model_config = ConfigDict(frozen=True)

    delivery: str
    text: str


class Expected(BaseModel):
    """A line of the calendar: `flex_date` is the day of the first submission, `freeze_date` that of the last corrected one."""

    model_config = ConfigDict(frozen=True)

    delivery: str
    flex_date: dt.date
    freeze_date: dt.date


def raise_alert(settings: Settings, kind: str, delivery: str, text: str) -> Path:
    """Write the alert to `logs/alerts/` and send it where that is configured. Returns the file."""
    now = dt.datetime.now(dt.UTC)
    alert = Alert(
        kind=kind,
        delivery=delivery,
        subject=f"{SUBJECTS.get(kind, kind)} ({settings.icb_name}, delivery {delivery})",
        text=text,
        raised_at=now.isoformat(timespec="seconds"),
    )
    folder = settings.paths.logs / "alerts"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{now:%Y%m%dT%H%M%S%f}-{kind}-{delivery}.json"
    _write(file, alert)
    channels: dict[str, Callable[[], None]] = {}
    if settings.alert_webhook_url:
        channels["webhook"] = lambda: _post(settings, alert)
    if settings.alert_smtp_host and settings.alert_to:
        channels["mail"] = lambda: _mail(settings, alert)
    for name, send in channels.items():
        try:
            _send(send)
            alert.sent.append(name)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            # the class only: a URL or server answer may hold a secret
            alert.not_sent[name] = type(error).__name__
            log.warning("the alert could not be sent by %s (%s); it is in %s", name, type(error).__name__, file.name)
    _write(file, alert)
    return file


def read_calendar(file: Path = CALENDAR) -> list[Expected]:
    """The expected deliveries, in order of name. Raises `UsageError` with the line when one cannot be read."""
    expected = []
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                expected.append(Expected.model_validate(row))
            except ValidationError as error:
                name = ".".join(map(str, error.errors()[0]["loc"]))
                raise UsageError(f"{file.name}, line {number}: {name} must be as in the lines before") from None
    return sorted(expected, key=lambda line: line.delivery)


def late_deliveries(settings: Settings, on_date: dt.date) -> list[Late]:
    """Deliveries of the calendar that are overdue on `on_date`: not in landing, or there without a required feed.

    Nothing is late before a home's first delivery of its kind (monthly, annual), nor once a newer one of the kind is complete.
    """
    landed, calendar = list_deliveries(settings.paths), read_calendar()
    waiting = {delivery.name: missing_feeds(delivery, settings.required_feeds) for delivery in landed}
    late = []
    for is_annual in (False, True):
        names = [delivery.name for delivery in landed if delivery.is_annual is is_annual]
        complete = [name for name in names if not waiting[name]]
        newest = max(complete or names[:1], default=None)
        for line in calendar:
            overdue_days = (on_date - line.flex_date).days
            if newest is None or line.delivery.endswith(ANNUAL) is not is_annual or overdue_days <= 0:
                continue
            if line.delivery > newest or (line.delivery == newest and newest not in complete):
                late.append(Late(delivery=line.delivery, text=_late_text(line, overdue_days, waiting, newest)))
    return late


def _late_text(line: Expected, overdue_days: int, waiting: dict[str, list[str]], newest: str) -> str:
    there = line.delivery in waiting
    missing = ", ".join(group.replace("|", " or ") for group in waiting.get(line.delivery, []))
    state = f"is in landing without {missing}" if there else f"is not in landing; the newest is {newest}"
    return (
        f"delivery {line.delivery} was expected on {line.flex_date} ({overdue_days} days ago) and {state}. "
        f"Its corrections close on {line.freeze_date}. Ask the provider, or correct seeds/{CALENDAR.name}."
    )


def calendar_ends(on_date: dt.date) -> Late | None:
    """A word before the calendar runs out: without lines nothing would ever be late."""
    last = max(read_calendar(), key=lambda line: line.flex_date)
    if on_date <= last.flex_date - dt.timedelta(days=31):
        return None
    text = (
        f"seeds/{CALENDAR.name} ends with {last.delivery}: add the next year's dates, or late deliveries go unnoticed"
    )
    return Late(delivery=last.delivery, text=text)


def tell_what_is_late(settings: Settings, on_date: dt.date) -> list[Path]:
    """Raise an alert for what is late on `on_date`, unless the same was said in the last week."""
    due = [("late_delivery", late) for late in late_deliveries(settings, on_date)]
    if ending := calendar_ends(on_date):
        due.append(("calendar_ends", ending))
    since = dt.datetime.combine(on_date, dt.time(), dt.UTC) - dt.timedelta(days=REMIND_AFTER_DAYS)
    return [
        raise_alert(settings, kind=kind, delivery=late.delivery, text=late.text)
        for kind, late in due
        if not _was_told(settings, kind, late.delivery, since)
    ]


def _was_told(settings: Settings, kind: str, delivery: str, since: dt.datetime) -> bool:
    files = (settings.paths.logs / "alerts").glob(f"*-{kind}-{delivery}.json")
    return any(moment > since for file in files if (moment := _raised_at(file)))


def _raised_at(file: Path) -> dt.datetime | None:
    """None where the file cannot be read as an alert: people are then told once more."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return dt.datetime.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["raised_at"])
    return None


def _send(send: Callable[[], None]) -> None:
    """Try again only what may be better a moment later: the network, never an answer that says no."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            send()
            return
        except OSError as error:
            if attempt == ATTEMPTS or isinstance(error, urllib.error.HTTPError | smtplib.SMTPResponseException):
                raise
            time.sleep(PAUSE_SECONDS * attempt)


def _write(file: Path, alert: Alert) -> None:
    write_atomically(file, json.dumps(alert.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")


def _post(settings: Settings, alert: Alert) -> None:
    assert settings.alert_webhook_url is not None
    url = settings.alert_webhook_url.get_secret_value()
    if not url.startswith(("http://", "https://")):
        raise ValueError("the webhook must be an http(s) address")
    body = json.dumps({**alert.model_dump(mode="json", exclude={"sent", "not_sent"})}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read()


def _mail(settings: Settings, alert: Alert) -> None:
    message = EmailMessage()
    message["Subject"] = " ".join(alert.subject.split())
    message["From"] = settings.alert_from or settings.alert_to[0]
    message["To"] = ", ".join(settings.alert_to)
    message.set_content(alert.text)
    with smtplib.SMTP(settings.alert_smtp_host or "", settings.alert_smtp_port, timeout=TIMEOUT_SECONDS) as server:
        server.send_message(message)
