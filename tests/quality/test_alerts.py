"""Alerts against receivers on this machine."""

from __future__ import annotations

import datetime as dt
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.foundation.errors import UsageError
from orchestration.foundation.settings import Settings
from orchestration.gate.alerts import Late, calendar_ends, late_deliveries, raise_alert, read_calendar


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]  # type: ignore[index]
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_always(tmp_path: Path) -> None:
    file = raise_alert(Settings(home=tmp_path), "gate_shut", "2025-10", "three checks have not passed")
    body = json.loads(file.read_text())
    assert file.parent == tmp_path / "logs" / "alerts"
    assert (body["kind"], body["delivery"], body["sent"], body["not_sent"]) == ("gate_shut", "2025-10", [], {})
    assert "gate is shut" in body["subject"]


def test_a_webhook_receives_the_alert(tmp_path: Path) -> None:
    received: list[dict] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with served(HTTPServer(("127.0.0.1", 0), Receiver)) as port:
        settings = Settings(home=tmp_path, alert_webhook_url=SecretStr(f"http://127.0.0.1:{port}/hook"))
        body = json.loads(raise_alert(settings, "late_delivery", "2025-11", "it is late").read_text())
    assert received[0]["text"] == "it is late" and body["sent"] == ["webhook"]


def test_mail_is_sent(tmp_path: Path) -> None:
    lines: list[str] = []

    class Receiver(socketserver.StreamRequestHandler):
        """Enough of SMTP to take one message."""

        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            in_data = False
            while line := self.rfile.readline():
                text = line.decode().rstrip("\r\n")
                lines.append(text)
                if in_data:
                    in_data = text != "."
                    if not in_data:
                        self.wfile.write(b"250 taken\r\n")
                elif text.upper().startswith("DATA"):
                    in_data = True
                    self.wfile.write(b"354 go on\r\n")
                elif text.upper().startswith("QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 fine\r\n")

    with served(socketserver.TCPServer(("127.0.0.1", 0), Receiver)) as port:
        settings = Settings(
            home=tmp_path,
            alert_smtp_host="127.0.0.1",
            alert_smtp_port=port,
            alert_from="marts@example.org",
            alert_to=("lead@example.org",),
        )
        body = json.loads(raise_alert(settings, "gate_shut", "2025-10", "two checks failed").read_text())
    assert body["sent"] == ["mail"] and body["not_sent"] == {}
    assert "To: lead@example.org" in lines and "two checks failed" in lines


def test_a_receiver_that_is_away_is_noted_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.gate.alerts.PAUSE_SECONDS", 0.0)
    with served(HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)) as port:
        pass
    settings = Settings(home=tmp_path, alert_webhook_url=SecretStr(f"http://127.0.0.1:{port}/secret"))
    text = raise_alert(settings, "gate_shut", "2025-10", "shut").read_text()
    assert json.loads(text)["not_sent"] == {"webhook": "URLError"} and "secret" not in text


def test_a_receiver_that_comes_back_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tries.append(1)
            if len(tries) == 1:
                self.connection.close()
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr("orchestration.gate.alerts.PAUSE_SECONDS", 0.0)
    with served(HTTPServer(("127.0.0.1", 0), Receiver)) as port:
        settings = Settings(home=tmp_path, alert_webhook_url=SecretStr(f"http://127.0.0.1:{port}/hook"))
        body = json.loads(raise_alert(settings, "gate_shut", "2025-10", "shut").read_text())
    assert body["sent"] == ["webhook"]
    assert len(tries) == 2


def test_an_answer_that_says_no_is_not_asked_again(tmp_path: Path) -> None:
    tries: list[int] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tries.append(1)
            self.send_error(403)

        def log_message(self, *_: object) -> None:
            pass

    with served(HTTPServer(("127.0.0.1", 0), Receiver)) as port:
        settings = Settings(home=tmp_path, alert_webhook_url=SecretStr(f"http://127.0.0.1:{port}/hook"))
        body = json.loads(raise_alert(settings, "gate_shut", "2025-10", "shut").read_text())
    assert body["not_sent"] == {"webhook": "HTTPError"}
    assert len(tries) == 1


def names(late: list[Late]) -> list[str]:
    return [item.delivery for item in late]


def land(home: Path, delivery: str, *feeds: str) -> None:
    folder = home / "landing" / delivery
    folder.mkdir(parents=True, exist_ok=True)
    for feed in feeds:
        (folder / f"{feed}.csv").write_text("a\n1\n")


def test_a_delivery_is_late_the_day_after_the_calendars_flex_date(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, required_feeds=("ecds",))
    flex = {line.delivery: line.flex_date for line in read_calendar()}
    assert late_deliveries(settings, dt.date(2026, 1, 1)) == [], "nothing is late before the first delivery"
    land(tmp_path, "2025-09", "ecds")
    assert late_deliveries(settings, flex["2025-10"]) == []
    assert names(late_deliveries(settings, flex["2025-10"] + dt.timedelta(days=1))) == ["2025-10"]
    assert names(late_deliveries(settings, flex["2025-11"] + dt.timedelta(days=1))) == ["2025-10", "2025-11"]
    land(tmp_path, "2025-11", "ecds")
    assert late_deliveries(settings, flex["2025-11"] + dt.timedelta(days=1)) == [], "cumulative: the newer one holds it"


def test_a_delivery_without_a_required_feed_is_late_and_says_which(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, required_feeds=("ecds", "gp_appointments|gp_appointments_published"))
    land(tmp_path, "2025-09", "ecds", "gp_appointments")
    land(tmp_path, "2025-10", "ecds")
    (late,) = late_deliveries(settings, dt.date(2025, 12, 31))
    assert "is in landing without gp_appointments or gp_appointments_published" in late.text
    assert "5 days ago" in late.text
    assert "2026-01-23" in late.text, "the day when corrections close"


def test_the_annual_refresh_is_expected_once_there_has_been_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, required_feeds=("ecds",))
    land(tmp_path, "2026-02", "ecds")
    assert late_deliveries(settings, dt.date(2025, 12, 31)) == []
    land(tmp_path, "2024-03-M13", "ecds")
    assert names(late_deliveries(settings, dt.date(2025, 12, 31))) == ["2025-03-M13"]


def test_the_calendar_says_that_it_ends(tmp_path: Path) -> None:
    last = read_calendar()[-1]
    assert calendar_ends(last.flex_date - dt.timedelta(days=40)) is None
    ending = calendar_ends(last.flex_date)
    assert ending and last.delivery in ending.text


def test_every_month_of_the_calendar_is_there_once_and_in_working_order() -> None:
    monthly = [line for line in read_calendar() if not line.delivery.endswith("-M13")]
    numbers = [int(line.delivery[:4]) * 12 + int(line.delivery[5:7]) for line in monthly]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for line in read_calendar():
        assert line.flex_date <= line.freeze_date
        assert line.flex_date.weekday() < 5 and line.freeze_date.weekday() < 5


def test_a_line_of_the_calendar_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "delivery_calendar.csv"
    wrong.write_text("delivery,flex_date,freeze_date\n2025-10,26/12/2025,2026-01-23\n")
    with pytest.raises(UsageError, match="line 2: flex_date"):
        read_calendar(wrong)
