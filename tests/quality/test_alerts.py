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

from pydantic import SecretStr

from orchestration.alerts import late_deliveries, raise_alert
from orchestration.settings import Settings


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


def test_a_receiver_that_is_away_is_noted_and_nothing_fails(tmp_path: Path) -> None:
    with served(HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)) as port:
        pass
    settings = Settings(home=tmp_path, alert_webhook_url=SecretStr(f"http://127.0.0.1:{port}/secret"))
    text = raise_alert(settings, "gate_shut", "2025-10", "shut").read_text()
    assert json.loads(text)["not_sent"] == {"webhook": "URLError"} and "secret" not in text


def test_late_deliveries(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert late_deliveries(settings, dt.date(2026, 1, 1)) == []
    (tmp_path / "landing" / "2025-09").mkdir(parents=True)
    assert late_deliveries(settings, dt.date(2025, 12, 25)) == []
    assert [late.delivery for late in late_deliveries(settings, dt.date(2025, 12, 26))] == ["2025-10"]
    assert [late.delivery for late in late_deliveries(settings, dt.date(2026, 1, 25))] == ["2025-10", "2025-11"]
