"""A server before the simulator that refuses what a test says, in real servers' words or in those of a test."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from chatproof import Secret, Target, simulator
from chatproof.surfaces import surface_of

Body = dict[str, Any]
Refuses = Callable[[Body], tuple[int, Any] | None]


_OF_THE_CONNECTION = ("host", "connection", "content-length")


class Front:
    """A target, and the bodies that reached it."""

    def __init__(self, target: Target, seen: list[dict[str, Any]]) -> None:
        self.target, self.seen = target, seen


@contextmanager
def refusing(
    refuses: Refuses,
    takes: Callable[[Body], Body] | None = None,
    answers: Callable[[Body, Body], Body] | None = None,
    api: str = "chat",
) -> Iterator[Front]:
    """Serve what the simulator serves, but for requests with a body that `refuses` has an answer for: (status, body).

    `takes` makes of a request the one that is answered; `answers` makes of it and its JSON reply the one that is sent."""
    started = simulator.start(side=surface_of(api).simulator())
    port = int(started.base_url.rpartition(":")[2].partition("/")[0])
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.asked: Body = {}
            refused = self.refused(body) if self.command == "POST" else None
            if refused:
                status, said = refused
                data, kind = json.dumps(said).encode(), "application/json"
            else:
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                kept = {n: v for n, v in self.headers.items() if n.lower() not in _OF_THE_CONNECTION}
                taken = json.dumps(takes(self.asked)).encode() if takes and self.asked else body
                upstream.request(self.command, self.path, taken or None, kept)
                reply = upstream.getresponse()
                data, status, kind = reply.read(), reply.status, reply.getheader("Content-Type") or ""
                upstream.close()
                if answers and self.asked and status == 200 and "json" in kind:
                    data = json.dumps(answers(self.asked, json.loads(data))).encode()
            self.send_response(status)
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), ("Connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True

        def refused(self, body: bytes) -> tuple[int, Any] | None:
            if started.key not in (self.headers.get("Authorization") or ""):
                return None
            try:
                asked = json.loads(body)
            except ValueError:
                return None
            seen.append(asked)
            refused = refuses(asked)
            self.asked = asked
            return refused

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        target = Target(base, model=started.model, key=Secret(started.key), name="front", timeout=10.0, api=api)
        yield Front(target, seen)
    finally:
        server.shutdown()
        server.server_close()
        started.stop()
