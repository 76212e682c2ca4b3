"""A server whose every reply is large, each in one way. The replies are good ones otherwise, so that validate asks all it can.

No two replies are equal: each has a number of its own at its beginning.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

MODEL = "rogue-1"
_NUMBERS = itertools.count(1)
_CHUNK = (
    b'data: {"id":"c1","object":"chat.completion.chunk","created":1767225600,"model":"%s","choices":[{"index":0,"delta":'
    b'{"content":"pong"},"finish_reason":%s}]}\n\n'
)


def _completion(choices: str, more: str = "") -> bytes:
    usage = '{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}'
    return (
        f'{{"id":"c{next(_NUMBERS)}","object":"chat.completion","created":1767225600,"model":"{MODEL}",'
        f'"usage":{usage},"choices":[{choices}]{more}}}'
    ).encode()


def _choice(message: str, index: int = 0, reason: str = "stop") -> str:
    return f'{{"index":{index},"message":{{"role":"assistant",{message}}},"finish_reason":"{reason}"}}'


def _choices() -> bytes:
    return _completion(",".join(_choice('"content":"pong"', index) for index in range(15_000)))


def _calls() -> bytes:
    call = '{{"id":"call_{0}","type":"function","function":{{"name":"record_word","arguments":"{{\\"word\\":\\"pong\\"}}"}}}}'
    calls = ",".join(call.format(number) for number in range(12_000))
    return _completion(_choice(f'"content":"pong","tool_calls":[{calls}]', reason="tool_calls"))


def _content() -> bytes:
    return _completion(_choice(f'"content":"{"pong " * (8 * 1024 * 1024 // 5 - 200)}"'))


def _names() -> bytes:
    more = ",".join(f'"name_{number:05}":{number}' for number in range(60_000))
    return _completion(_choice('"content":"pong"'), f",{more}")


def _objects(count: int) -> bytes:
    """What takes most memory for its bytes."""
    return _completion(_choice('"content":"pong"'), f',"more":[{",".join(["{}"] * count)}]')


def _events() -> bytes:
    """More than are read, each as small as an event can be."""
    first = b": %d\n\n" % next(_NUMBERS)
    return first + b'data: {"choices":[]}\n\n' * 100_000 + _CHUNK % (MODEL.encode(), b'"stop"') + b"data: [DONE]\n\n"


def _few_events() -> bytes:
    """Of a size that is read to its end: each of 9,000 events is one that clients take."""
    first = b": %d\n\n" % next(_NUMBERS)
    return (
        first + _CHUNK % (MODEL.encode(), b"null") * 9_000 + _CHUNK % (MODEL.encode(), b'"stop"') + b"data: [DONE]\n\n"
    )


SHAPES: dict[str, Callable[[], bytes]] = {
    "15,000 choices": _choices,
    "12,000 tool calls": _calls,
    "8 MB of content": _content,
    "60,000 names": _names,
    "100,000 events": _events,
    "9,000 events": _few_events,
    "small objects": lambda: _objects(60_000),
    "objects at first": lambda: _objects(190_000),
    "choices at first": lambda: _completion(",".join(_choice('"content":"pong"', index) for index in range(15_000))),
}
GOOD = "good"
_SMALL_AT_FIRST = (GOOD, "objects at first", "choices at first")
"""Shapes whose models and refusals are small, so that all the room of a run is left to the rest."""


def reply(shape: str, asked: dict[str, Any], path: str, allowed: bool) -> tuple[int, str, bytes]:
    """(status, media type, body). What smoke asks first is answered well, and the refusals are refusals."""
    if path.endswith("/models"):
        padding = "" if shape in _SMALL_AT_FIRST else "x" * 4_000_000
        listing = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": padding}]}
        return 200, "application/json", json.dumps(listing).encode()
    if not allowed:
        padding = "" if shape in _SMALL_AT_FIRST else "x" * 4_000_000
        error = {
            "error": {"message": "Incorrect API key provided", "type": "auth", "code": "invalid_api_key"},
            "x": padding,
        }
        return 401, "application/json", json.dumps(error).encode()
    if asked.get("stream") is True:
        body = b"".join((_CHUNK % (MODEL.encode(), b"null"), _CHUNK % (MODEL.encode(), b'"stop"'), b"data: [DONE]\n\n"))
        return 200, "text/event-stream", body if shape == GOOD else _few_events() if "9,000" in shape else _events()
    body = _completion(_choice('"content":"pong"')) if shape == GOOD else b""
    plain = "tools" not in asked and "response_format" not in asked and len(asked.get("messages") or ()) == 1
    if "events" in shape and plain:
        body = _completion(_choice('"content":"pong"'))  # a stream in its place ends the run at the happy path
    if body:
        return 200, "application/json", body
    return 200, "text/event-stream" if "events" in shape else "application/json", SHAPES[shape]()


@contextmanager
def serving(shape: str, key: str) -> Iterator[str]:
    """The base URL of a server of this shape, on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                asked = json.loads(raw)
            except ValueError:
                asked = {}
            self._answer(asked if isinstance(asked, dict) else {})

        def do_GET(self) -> None:
            self._answer({})

        def _answer(self, asked: dict[str, Any]) -> None:
            allowed = self.headers.get("Authorization") == f"Bearer {key}"
            status, media, body = reply(shape, asked, self.path, allowed)
            try:
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # a client that has enough hangs up

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
