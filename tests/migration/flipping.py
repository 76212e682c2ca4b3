"""Servers that answer by chance: the simulator behind a door that spoils some of its replies, by a seed."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from chatproof import Secret, Target, simulator
from chatproof.analysis.comparison.document import build
from chatproof.analysis.comparison.settled import AskedAgain
from chatproof.running.ask_again import MOST, Again, Limits, Side
from chatproof.running.dispatch import Stop, carried_out
from chatproof.running.plan import Settings
from chatproof.running.run import carry
from chatproof.target.target import check

Spoil = Callable[[dict[str, Any], int, dict[str, Any]], tuple[int, dict[str, Any]]]
"""(request body, status, reply) → what is answered instead. Only plain JSON replies of the chat path get here."""


class Door:
    """Stands before a simulator of its own. `spoil` is called under a lock, for one reply at a time."""

    def __init__(self, spoil: Spoil, *, close_used: bool = False) -> None:
        """`close_used`: the second request on a connection gets no reply, though the first did not say so."""
        self.inner = simulator.start()
        self.asked = 0
        lock = threading.Lock()
        port = int(self.inner.base_url.rpartition(":")[2].partition("/")[0])
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            used = False

            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                if close_used and self.used:
                    self.close_connection = True
                    return
                self.used = True
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                inner = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                names = ("Authorization", "X-API-Key", "Content-Type", "Accept", "User-Agent")
                kept = {name: self.headers[name] for name in names if self.headers[name] is not None}
                inner.request(self.command, self.path, sent, kept)
                reply = inner.getresponse()
                status, body = reply.status, reply.read()
                media = reply.getheader("Content-Type", "")
                try:
                    asked = json.loads(sent)
                    answered = json.loads(body)
                except ValueError:
                    asked, answered = None, None
                if isinstance(asked, dict) and isinstance(answered, dict):
                    with lock:
                        door.asked += 1
                        status, answered = spoil(asked, status, answered)
                    body = json.dumps(answered).encode()
                self.send_response(status)
                for name, value in reply.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                assert media
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                inner.close()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def target(self) -> Target:
        return Target(self.base_url, model=self.inner.model, key=Secret(self.inner.key), name="simulator", timeout=10.0)

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.inner.stop()


def untouched(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return status, reply


def compared(
    a: Target,
    b: Target,
    most: int = MOST,
    requires: frozenset[str] = frozenset(),
    extras: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What `chatproof compare A B` makes of two targets, in this process."""
    settings = Settings(kind="validate", stream=True, extras=extras)
    sides = []
    for label, target in (("A", a), ("B", b)):
        resolved = check(target)
        sides.append(Side(label, resolved, settings, carry(resolved, settings, environ={}), {}))
    again = Again(Limits(most))
    pairing = carried_out(again.settle(*sides, requires), Stop())
    asked = AskedAgain(most, {0: pairing}, [row for side in sides for row in side.rows], again.stopped)
    return build([side.document for side in sides], requires, "2026-11-28T00:00:00.000Z", asked)


def limiting(replies: int) -> Spoil:
    """JSON mode is never done; after so many replies it is answered with 429."""
    asked_for = 0

    def spoil(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal asked_for
        if status != 200 or _format_of(asked) != "json_object":
            return status, reply
        asked_for += 1
        if asked_for > replies:
            return 429, {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit", "param": None}}
        return status, _said(reply, "pong, and no JSON")

    return spoil


# -- what spoils ------------------------------------------------------------------------------------------------------


def _format_of(asked: dict[str, Any]) -> str:
    format = asked.get("response_format")
    return str(format.get("type")) if isinstance(format, dict) else ""


def _said(reply: dict[str, Any], text: str) -> dict[str, Any]:
    reply["choices"][0]["message"] = {"role": "assistant", "content": text}
    reply["choices"][0]["finish_reason"] = "stop"
    return reply


def by_chance(seed: int, rate: float = 0.5) -> Spoil:
    """JSON mode, schemas and forced tools are done or not as it comes, as small local models do."""
    dice = random.Random(seed)

    def spoil(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        about = _format_of(asked) or (asked.get("tools") and isinstance(asked.get("tool_choice"), dict))
        if status == 200 and about and dice.random() < rate:
            return status, _said(reply, "pong, and nothing of what was asked for")
        return status, reply

    return spoil


def one_of(upstreams: int, seed: int, broken: int = 500) -> Spoil:
    """A gateway that picks one of so many upstreams, the first of which is broken and answers with this status."""
    dice = random.Random(seed)

    def spoil(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if dice.randrange(upstreams) == 0:
            return broken, {"error": {"message": "upstream failed", "type": "error", "code": None, "param": None}}
        return status, reply

    return spoil


def never(what: str) -> Spoil:
    """B never does this one thing: a difference that is no chance."""

    def spoil(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if status == 200 and _format_of(asked) == what:
            return status, _said(reply, "pong, and no JSON")
        return status, reply

    return spoil
