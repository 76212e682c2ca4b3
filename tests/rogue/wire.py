"""Bytes of replies, written by hand: no HTTP library, nothing from chatproof's own simulator."""

from __future__ import annotations

import json
from collections.abc import Iterable
from gzip import compress

MODEL = "rogue-1"
PROMPT = "Respond with the single word: pong"

# 145 bytes: faults.json names this size in three rows.
ANSWER = (
    b'{"id":"chatcmpl-00000000000000","model":"rogue-1","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}'
)
REFUSAL = b'{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}'
LISTING = b'{"object":"list","data":[{"id":"rogue-1","object":"model"},{"id":"rogue-2","object":"model"}]}'

JSON = b"Content-Type: application/json"
HTML = b"Content-Type: text/html; charset=utf-8"
SSE = b"Content-Type: text/event-stream"
CLOSE = b"Connection: close"


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def head(status: bytes | str, *lines: bytes | str, version: bytes = b"HTTP/1.1") -> bytes:
    """A status line and header lines as they are given, and the blank line."""
    made = [version + b" " + _bytes(status), *(_bytes(line) for line in lines)]
    return b"\r\n".join(made) + b"\r\n\r\n"


def reply(body: bytes | str, status: bytes | str = "200 OK", *lines: bytes | str, media: bytes | str = JSON) -> bytes:
    """A whole message with a right Content-Length."""
    data = _bytes(body)
    types = [media] if media else []
    return head(status, *types, *lines, f"Content-Length: {len(data)}", CLOSE) + data


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(pieces: Iterable[bytes], *lines: bytes | str) -> bytes:
    start = head("200 OK", JSON, *lines, b"Transfer-Encoding: chunked", CLOSE)
    return start + b"".join(chunk(piece) for piece in pieces) + b"0\r\n\r\n"


def completion(content: object = "pong", **extra: object) -> bytes:
    """A good completion with this content; `extra` goes to the top level, and may replace what is there."""
    message = {"role": "assistant", "content": content}
    body = {
        "id": "c-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    return dumps({**body, **extra})


def error(message: object, **extra: object) -> bytes:
    return dumps({"error": {"message": message, **extra}})


def dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def delta(content: str) -> bytes:
    return b"data: " + dumps({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}]})


FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
DONE = b"data: [DONE]"


def events(*lines: bytes, end: bytes = b"\n") -> bytes:
    """Each line as an event of its own."""
    return b"".join(line + end + end for line in lines)


def stream(body: bytes) -> bytes:
    return reply(body, media=SSE)


def streaming(*lines: bytes) -> bytes:
    """The head of a stream that ends with the connection."""
    return head("200 OK", SSE, CLOSE, *lines)


GOOD_STREAM = events(delta("po"), delta("ng"), FINISH, DONE)
GOOD = {
    "happy": reply(ANSWER),
    "auth.invalid_key": reply(REFUSAL, "401 Unauthorized"),
    "auth.missing_key": reply(REFUSAL, "401 Unauthorized"),
    "models": reply(LISTING),
    "stream": stream(GOOD_STREAM),
}


def gzipped(data: bytes) -> bytes:
    return compress(data, mtime=0)
