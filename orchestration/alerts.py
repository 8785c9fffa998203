"""Telling people: a file always, a webhook and mail when configured. Plain words and counts, never anything about a patient.

An alert never makes a run fail: what could not be sent is noted in the alert's own file.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import smtplib
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from orchestration.settings import Settings

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10
# A delivery is expected when its month's data cut is this many days old: about eight weeks for the flex submission (definitions 22).
EXPECTED_AFTER_DAYS = 56

SUBJECTS = {
    "gate_shut": "Nothing was published: the gate is shut",
    "late_delivery": "A delivery is late",
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
            send()
            alert.sent.append(name)
        except (OSError, ValueError, smtplib.SMTPException) as error:
            # the class only: a URL or server answer may hold a secret
            alert.not_sent[name] = type(error).__name__
            log.warning("the alert could not be sent by %s (%s); it is in %s", name, type(error).__name__, file.name)
    _write(file, alert)
    return file


def late_deliveries(settings: Settings, on_date: dt.date) -> list[Late]:
    """Months after the newest delivery whose data should have come by `on_date`; nothing before the first delivery."""
    from orchestration.deliveries import list_deliveries

    monthly = [delivery for delivery in list_deliveries(settings.paths) if not delivery.is_annual]
    if not monthly:
        return []
    late, month_end = [], _next_month_end(monthly[-1].data_cut)
    while month_end + dt.timedelta(days=EXPECTED_AFTER_DAYS) <= on_date:
        name = f"{month_end:%Y-%m}"
        overdue = (on_date - month_end).days - EXPECTED_AFTER_DAYS
        text = (
            f"delivery {name} was expected {overdue} days ago and is not in landing; the newest is {monthly[-1].name}"
        )
        late.append(Late(delivery=name, text=text))
        month_end = _next_month_end(month_end)
    return late


def _next_month_end(day: dt.date) -> dt.date:
    first_of_next = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return (first_of_next + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def _write(file: Path, alert: Alert) -> None:
    file.write_text(json.dumps(alert.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


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
