"""Incidents to tell of, receivers that keep what they are told, and a web server that takes or refuses messages."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.post import Answer
from chatproof.monitoring.alerting.receivers import Receiver
from chatproof.monitoring.values import CHANGED, FAILING, OPENED, RESOLVED, Cause, Incident, IncidentChange

AT = 1795900000.0
CAUSE = Cause(
    "gateway.error", "A gateway answered in the provider's place.", "gateway", "certain",
    "Tell whoever runs the gateway.", "smoke-20261129-000000-abcdef",
)  # fmt: skip


def incident(id: str = "inc-1", revision: int = 1, *, state: str = FAILING, **changed: Any) -> Incident:
    made = Incident(
        id, revision, "reach https://gw.test", state, CAUSE, "https://gw.test", "", AT, ("desk", "shop"), ("desk", "shop"),
        (), AT + revision,
    )  # fmt: skip
    return made._replace(**changed)


def opened(id: str = "inc-1", **changed: Any) -> IncidentChange:
    return IncidentChange(OPENED, incident(id, 1, **changed))


def changed(id: str = "inc-1", revision: int = 2, **fields: Any) -> IncidentChange:
    return IncidentChange(CHANGED, incident(id, revision, **fields))


def resolved(id: str = "inc-1", revision: int = 9, **fields: Any) -> IncidentChange:
    over = {"ended": AT + 500, "targets": (), **fields}
    return IncidentChange(RESOLVED, incident(id, revision, **over))


class Listener:
    """A sender that keeps what it is told; `answers` are given in turn, the last one for ever."""

    most = 10

    def __init__(self, *answers: Answer, most: int = 10) -> None:
        self.told: list[Notice] = []
        self.tried = 0
        self.most = most
        self._answers = list(answers) or [Answer(True)]

    def deliver(self, notices: Sequence[Notice], at: float) -> list[Answer]:
        given = []
        for notice in notices:
            self.tried += 1
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if answer.ok:
                self.told.append(notice)
            given.append(answer)
        return given


def receiver(sender: Any, name: str = "pager", *, resend: float = 0.0, **fields: Any) -> Receiver:
    base = Receiver(name, "webhook", ("failing", "unknown", "unknown_ours", "unknown_theirs"), (), resend, "", sender)
    return base._replace(**fields)


Reply = tuple[int, dict[str, str], bytes]


class Hook:
    """A web server on loopback that keeps each request and answers as it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.reply: Callable[[int], Reply] = lambda number: (200, {}, b"{}")
        self.url = ""

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.requests]

    def wait_for(self, count: int, within: float = 60.0) -> None:
        until = time.monotonic() + within
        while len(self.requests) < count:
            assert time.monotonic() < until, f"{len(self.requests)} of {count} requests came"
            time.sleep(0.02)


@contextlib.contextmanager
def hook() -> Iterator[Hook]:
    """A running Hook."""
    made = Hook()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, said = made.reply(len(made.requests))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PUT = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/hook/s3cr3t-path-of-the-hook"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that does with each connection what it likes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_one, args=(near, answer), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/s3cr3t-path-of-the-hook"
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # whoever waits in accept is told
        thread.join(30)
        listening.close()


def _one(near: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with near, contextlib.suppress(OSError):
        near.settimeout(30)
        near.recv(65536)
        answer(near)
