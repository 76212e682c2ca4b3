"""The value of a further header is a secret: a server that sends it back in every reply leaves it in no sink."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.leaks.runs import Ran, reports, run
from tests.leaks.scanner import KEY, Canary

HEADER = Canary("further header", prefix="tn-")


class Echo(BaseHTTPRequestHandler):
    """Sends the header back in a header, in words of its own and in the reason phrase."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        value = self.headers.get("X-Tenant", "")
        said = {"error": {"message": f"tenant {value} is unknown", "type": value, "code": f"t:{value}"}}
        body = json.dumps(said).encode()
        self.send_response(400, f"no {value}")
        for name, text in (("Content-Type", "application/json"), ("X-Request-Id", value), ("X-Tenant", value)):
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.seen.append(value)  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def leaks(ran: Ran) -> list[tuple[str, str]]:
    """Where the header or the key was found, with what stands around it."""
    found = []
    for leak in ran.leaks((KEY, HEADER)):
        text = ran.artefacts[leak.place].decode("latin-1")
        at = next((text.find(HEADER.random[i : i + 8]) for i in range(33) if HEADER.random[i : i + 8] in text), -1)
        found.append((str(leak), text[max(at - 120, 0) : at + 60] if at >= 0 else ""))
    return found


@pytest.mark.parametrize("mode", ["normal", "debug"])
@pytest.mark.parametrize("command", ["smoke", "validate"])
def test_a_header_that_comes_back_stays_out(command: str, mode: str, echo: ThreadingHTTPServer, tmp_path: Path) -> None:
    if mode == "debug" and command == "validate":
        pytest.skip("one of each is enough")
    url = f"http://127.0.0.1:{echo.server_port}/v1"
    args = [command, url, "--model", "m", "--header", "X-Tenant=env:TENANT", "-v", "-v", "--keep-bodies", *reports()]
    ran = run(tmp_path, args, mode=mode, env={"TENANT": HEADER.value})
    assert ran.status in (1, 3) and HEADER.value in echo.seen, "the control: it was sent and came back"  # type: ignore[attr-defined]
    assert leaks(ran) == []


def test_a_run_that_breaks_shows_none(tmp_path: Path) -> None:
    """Nothing listens: the request is made, and its failure is told."""
    args = ["smoke", "http://127.0.0.1:1/v1", "--model", "m", "--header", "X-Tenant=env:TENANT", "-v", *reports()]
    ran = run(tmp_path, args, env={"TENANT": HEADER.value})
    assert ran.status == 3 and leaks(ran) == []


@pytest.mark.parametrize("bad", ["\n", "é"])
def test_a_value_that_cannot_be_sent_is_not_shown(bad: str, tmp_path: Path) -> None:
    args = ["smoke", "http://127.0.0.1:1/v1", "--model", "m", "--header", "X-Tenant=env:TENANT"]
    ran = run(tmp_path, args, env={"TENANT": f"{HEADER.value}{bad}x"})
    assert ran.status == 2 and leaks(ran) == []
