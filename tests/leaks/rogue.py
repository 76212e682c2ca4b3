# ruff: noqa: PLC3002, B023, PLW0108
"""A server that gives the key back in every way it knows, and writes down every request it gets.

The first segment of the path says how: http://127.0.0.1:PORT/hex/v1. As a proxy it answers CONNECT and plays the
target itself. It shares no code with the client.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import NamedTuple

from chatproof.secrets.key_check import INVALID_KEY
from tests.leaks.composed import BETWEEN, LETTERS, SPELT, woven
from tests.leaks.scanner import STRANGER

Answer = Callable[["Asked"], bytes]
HANG = b"\0hang"


class Asked(NamedTuple):
    head: bytes
    body: bytes
    credential: str  # without its scheme; empty when there is none

    @property
    def real(self) -> bool:
        return self.credential not in ("", INVALID_KEY)

    @property
    def listing(self) -> bool:
        return self.head.startswith(b"GET ")

    @property
    def streaming(self) -> bool:
        return b'"stream": true' in self.body


def message(status: str, body: bytes, *headers: bytes, media: bytes = b"application/json") -> bytes:
    lines = [b"HTTP/1.1 " + status.encode("latin-1"), b"Content-Type: " + media, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, *headers, b"", body])


def completion(content: str = "pong") -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}
    return json.dumps(
        {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    ).encode()


def stream(*contents: str) -> bytes:
    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        return (
            b"data: %s\n\n"
            % json.dumps(
                {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, separators=(",", ":")
            ).encode()
        )

    return b"".join([*(chunk({"content": text}) for text in contents), chunk({}, "stop"), b"data: [DONE]\n\n"])


def error(text: str, status: str = "401 Unauthorized", *headers: bytes) -> bytes:
    return message(status, json.dumps({"error": {"message": text, "type": "invalid_request_error"}}).encode(), *headers)


def good(asked: Asked) -> bytes:
    """What a conformant server says; a real credential is let in."""
    if not asked.real:
        return error("Invalid token")
    if asked.listing:
        return message("200 OK", b'{"object":"list","data":[{"id":"m"}]}')
    if asked.streaming:
        return message("200 OK", stream("po", "ng"), media=b"text/event-stream")
    return message("200 OK", completion())


# -- ways to write a key down -----------------------------------------------------------------------------------------


def _every(form: str) -> Callable[[str], str]:
    return lambda key: "".join(form.format(byte) for byte in key.encode())


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "bearer": lambda key: f"Bearer {key}",
    "upper": str.upper,
    "swapped": str.swapcase,
    "reversed": lambda key: key[::-1],
    "rot13": lambda key: codecs.encode(key, "rot13"),
    **{f"base64-{n}": (lambda n: lambda key: base64.b64encode(b"x" * n + key.encode()).decode())(n) for n in range(3)},
    "base64-url": lambda key: base64.urlsafe_b64encode(b":" + key.encode()).decode(),
    **{f"base32-{n}": (lambda n: lambda key: base64.b32encode(b"x" * n + key.encode()).decode())(n) for n in range(5)},
    **{f"base85-{n}": (lambda n: lambda key: base64.b85encode(b"x" * n + key.encode()).decode())(n) for n in range(4)},
    "ascii85": lambda key: base64.a85encode(b"key=" + key.encode(), adobe=True).decode(),
    "hex": lambda key: key.encode().hex(),
    "hex-upper": lambda key: key.encode().hex().upper(),
    "hex-colons": lambda key: key.encode().hex(":"),
    "hex-spaces": lambda key: key.encode().hex(" "),
    "percent": _every("%{:02x}"),
    "percent-upper": _every("%{:02X}"),
    "percent-twice": _every("%25{:02x}"),
    "unicode-escapes": _every("\\u{:04x}"),
    "hex-escapes": _every("\\x{:02x}"),
    "octal-escapes": _every("\\{:03o}"),
    "html-decimal": _every("&#{};"),
    "html-hex": _every("&#x{:x};"),
    "quoted-printable": _every("={:02X}"),
    "integers": lambda key: str(list(key.encode())),
    "integers-padded": lambda key: " ".join(f"{byte:03}" for byte in key.encode()),
    "integers-0x": lambda key: " ".join(f"0x{byte:02x}" for byte in key.encode()),
    "utf-16-base64": lambda key: base64.b64encode(key.encode("utf-16-le")).decode(),
    "percent-here-and-there": lambda key: "".join(f"%{ord(c):02X}" if n % 3 else c for n, c in enumerate(key)),
    "html-here-and-there": lambda key: "".join(c if n % 6 else f"&#{ord(c)};" for n, c in enumerate(key)),
    "spaced": lambda key: " ".join(key),
    "dashed": lambda key: "-".join(re.findall(".{1,4}", key)),
    "gzip-base64": lambda key: base64.b64encode(gzip.compress(f"key={key}".encode(), mtime=0)).decode(),
    "gzip-base64-spaced": lambda key: " ".join(
        base64.b64encode(gzip.compress(f"key={key}".encode(), mtime=0)).decode()
    ),
    "base64-of-hex": lambda key: base64.b64encode(key.encode().hex().encode()).decode(),
    "first-half": lambda key: key[: len(key) // 2],
    "last-half": lambda key: key[len(key) // 2 :],
    "eight": lambda key: f"key ending in {key[-8:]} is wrong",
    "masked": lambda key: f"{key[:20]}********{key[-12:]}",
    "as-an-object": lambda key: json.dumps(dict(enumerate(key))),
    "bytes-as-an-object": lambda key: json.dumps(dict(enumerate(key.encode()))),
    "numbered": lambda key: "\n".join(f"{n}: {key[n * 5 : n * 5 + 5]}" for n in range(-(-len(key) // 5))),
    "many-times": lambda key: f"{key}," * 40,
}
BODIES: dict[str, Callable[[str], bytes]] = {
    "utf-16-body": lambda key: key.encode("utf-16"),
    "utf-32-body": lambda key: key.encode("utf-32"),
    "nul-body": lambda key: b"\0".join(bytes((b,)) for b in key.encode()),
    "lines-body": lambda key: "\n".join(key).encode(),
    "zero-width-body": lambda key: "\u200b".join(key).encode(),
    "ansi-body": lambda key: "\x1b[1m".join(key).encode(),
    "html-body": lambda key: f"<html><body>Bad gateway <!-- {key} --></body></html>".encode(),
    "gzip-body": lambda key: gzip.compress(key.encode(), mtime=0),
    "key-is-the-body": lambda key: key.encode(),
    "key-at-the-excerpt-edge": lambda key: b"x" * (2048 - 12) + key.encode() + b"y" * 3000,
    "key-at-the-slack-edge": lambda key: b"x" * (3072 - 12) + key.encode() + b"y" * 3000,
    "escaped-key-at-the-edge": lambda key: b"\x01" * 500 + key.encode() + b"\x02" * 3000,
    "names-body": lambda key: json.dumps({key: {"error": {key[::-1]: key}}}).encode(),
    "json-lie": lambda key: b'{"error": {"message": "' + key.encode() + b"\xff",
}


def _echo(change: Callable[[str], str]) -> Answer:
    """The changed key in the error message, the answer's text, the model ids and a header that is kept."""

    def answer(asked: Asked) -> bytes:
        if not asked.real:
            return error("Invalid token")
        text = change(asked.credential)
        shown = text.encode("latin-1", "backslashreplace")[:3000]
        header = (b"X-Request-Id: " + shown, b"Server: " + shown, b"WWW-Authenticate: Bearer realm=" + shown)
        if asked.listing:
            ids = [{"id": text}, {"id": f"gpt-{text}"}, {"id": "m", "owned_by": text}]
            return message("200 OK", json.dumps({"object": "list", "data": ids}).encode(), *header)
        if asked.streaming:
            return message("200 OK", stream(text), *header, media=b"text/event-stream")
        return message("200 OK", completion(text), *header)

    return answer


def _refuse(change: Callable[[str], str]) -> Answer:
    """The same in an error, under a status that lets every row of the table of errors speak."""

    def answer(asked: Asked) -> bytes:
        text = change(asked.credential or "none") if asked.real else "Invalid token"
        return error(f"Incorrect API key provided: {text} (request id: {text})", "401 Unauthorized")

    return answer


def _body(make: Callable[[str], bytes]) -> Answer:
    return lambda asked: (
        message("502 Bad Gateway", make(asked.credential), media=b"text/html") if asked.real else good(asked)
    )


def _real(make: Callable[[Asked, str], bytes]) -> Answer:
    return lambda asked: make(asked, asked.credential) if asked.real else good(asked)


def _insert(before: bytes, after: bytes = b"") -> Callable[[bytes], bytes]:
    """A header line after the status line; `before` may be 1xx messages."""

    def change(whole: bytes) -> bytes:
        line, _, rest = whole.partition(b"\r\n")
        return before + line + b"\r\n" + after + rest

    return change


def _with(asked: Asked, *lines: bytes) -> bytes:
    return _insert(b"", b"".join(line + b"\r\n" for line in lines))(good(asked))


def _chunked(asked: Asked, key: str, *, trailer: bool) -> bytes:
    body = completion()
    extension = b"" if trailer else b";key=" + key.encode()
    tail = b"X-Key: " + key.encode() + b"\r\nX-Request-Id: " + key.encode() + b"\r\n" if trailer else b""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x%s\r\n%s\r\n0\r\n%s\r\n" % (len(body), extension, body, tail)


def _pieces(key: str, size: int) -> list[str]:
    return [key[i : i + size] for i in range(0, len(key), size)]


def _named(fields: Callable[[str], dict[str, object]]) -> Answer:
    """A good answer with more in it: names and values that validate looks at, that a shape is made of."""

    def make(asked: Asked, key: str) -> bytes:
        if asked.listing:
            return message(
                "200 OK", json.dumps({"object": key, "data": [{"id": "m", "owned_by": key, key: key}]}).encode()
            )
        if asked.streaming:
            chunk = {
                "choices": [{"index": 0, "delta": {"content": "x", key: key}, "finish_reason": None}],
                **fields(key),
            }
            return message(
                "200 OK", b"data: %s\n\n" % json.dumps(chunk).encode() + stream("x"), media=b"text/event-stream"
            )
        return message("200 OK", json.dumps({**json.loads(completion()), **fields(key)}).encode())

    return _real(make)


def _split_stream(size: int, *, evenly: bool = True) -> Answer:
    """Split over deltas, in a stream that is broken too, so that an excerpt of it would be kept. Unevenly: with another
    number of words between two pieces each time, so that only who reads the stream sees them in a row."""

    def make(asked: Asked, key: str) -> bytes:
        if not asked.streaming:
            return good(asked)
        sent = stream(*_pieces(key, size)).replace(b"[DONE]", b"[DON")
        if not evenly:
            first, *events = sent.split(b"data: ")
            sent = first + b"".join(b": %bbeat\ndata: %b" % (b"a " * (n * n % 11), e) for n, e in enumerate(events))
        return message("200 OK", sent, media=b"text/event-stream")

    return _real(make)


WAYS: dict[str, Answer] = {
    "good": good,
    "hang": lambda asked: HANG,
    **{f"echo-{name}": _echo(change) for name, change in ENCODINGS.items()},
    **{f"refuse-{name}": _refuse(change) for name, change in ENCODINGS.items()},
    **{name: _body(make) for name, make in BODIES.items()},
    "reason": _real(lambda asked, key: good(asked).replace(b"200 OK", b"200 " + key.encode(), 1)),
    "reason-error": _real(lambda asked, key: error("no", f"500 Bearer {key}")),
    "status-line": _real(lambda asked, key: f"HTTP/1.1 {key}\r\n\r\n".encode()),
    "not-http": _real(lambda asked, key: f"SSH-2.0-{key}\r\n".encode()),
    "bad-header": _real(lambda asked, key: _with(asked, b"X Bad " + key.encode())),
    "header-name": _real(lambda asked, key: _with(asked, b"X-RateLimit-" + key.encode() + b": 1")),
    "two-headers": _real(
        lambda asked, key: _with(asked, b"X-Request-Id: " + key[:25].encode(), b"Cf-Ray: " + key[25:].encode())
    ),
    "many-headers": _real(
        lambda asked, key: _with(asked, *(b"X-RateLimit-%d: %s" % (n, p.encode()) for n, p in enumerate(_pieces(key, 7))))
    ),
    "content-type": _real(lambda asked, key: good(asked).replace(b"application/json", b"application/" + key.encode(), 1)),
    "content-length": _real(lambda asked, key: good(asked).replace(b"Content-Length: ", b"Content-Length: " + key.encode())),
    "content-encoding": _real(lambda asked, key: _with(asked, b"Content-Encoding: " + key.encode())),
    "location": _real(
        lambda asked, key: message("302 Found", b"", b"Location: https://h.test/" + key.encode() + b"?k=" + key.encode())
    ),
    "location-userinfo": _real(
        lambda asked, key: message("307 T", b"", b"Location: https://u:" + key.encode() + b"@h.test/")
    ),
    "1xx": _real(
        lambda asked, key: _insert(b"HTTP/1.1 103 %s\r\nLink: <%s>\r\n\r\n" % (key.encode(), key.encode()))(good(asked))
    ),
    "trailer": _real(lambda asked, key: _chunked(asked, key, trailer=True)),
    "chunk-extension": _real(lambda asked, key: _chunked(asked, key, trailer=False)),
    "excess": _real(lambda asked, key: good(asked) + b"HTTP/1.1 200 " + key.encode() + b"\r\n\r\n"),
    "cut-short": _real(lambda asked, key: message("200 OK", completion(key))[:-20]),
    "gzip": _real(
        lambda asked, key: message("500 E", gzip.compress(error(key)), b"Content-Encoding: gzip")
    ),
    "split-2": _split_stream(25),
    "split-many": _split_stream(5),
    "split-uneven": _split_stream(5, evenly=False),
    "stream-event-name": _real(
        lambda asked, key: message(
            "200 OK", b"event: %s\nid: %s\ndata: {\n\n" % (key.encode(), key.encode()), media=b"text/event-stream"
        )
    ),
    "stream-error": _real(
        lambda asked, key: message(
            "200 OK", b'data: {"error":{"message":"%s","code":"%s"}}\n\n' % (key.encode(), key.encode()),
            media=b"text/event-stream",
        )
    ),
    "request-dumped": _real(lambda asked, key: message("400 B", asked.head, media=b"text/plain")),
    "error-code": _real(
        lambda asked, key: message(
            "400 B", json.dumps({"error": {"message": "m", "type": key, "code": key, "param": key}}).encode()
        )
    ),
    "finish-reason": _real(lambda asked, key: message("200 OK", completion().replace(b'"stop"', b'"%s"' % key.encode()))),
    "duplicate-name": _real(lambda asked, key: message("200 OK", b'{"%s":1,"%s":2}' % (key.encode(), key.encode()))),
    "foreign": lambda asked: message(
        "500 E",
        json.dumps({"error": {"message": f"upstream: Bearer {STRANGER.value}", "code": STRANGER.value}}).encode(),
        b"X-Request-Id: " + STRANGER.value.encode(), b"Location: https://h.test/?k=" + STRANGER.value.encode(),
    ),
    "model-names": _named(lambda key: {"model": key, "system_fingerprint": key, "service_tier": key, "id": key}),
    "tool-names": _named(lambda key: {key: [{key: key}], "usage": {key: key, "total_tokens": 1}}),
    "schema-names": _real(lambda asked, key: message("200 OK", json.dumps({"choices": [{"message": {
        "role": key, "content": None, "refusal": key, "tool_calls": [{"id": key, "type": key, "function": {
            "name": key, "arguments": "{" + key}}]}, "finish_reason": key, "logprobs": {key: key}}]}).encode())),
    "control-bytes": lambda asked: error("a\x1b[2Jb\u202ec\x07", "500 \x1b[2J", b"X-Request-Id: a\x1b[31mb"),
    "control-ids": lambda asked: message("200 OK", json.dumps({"data": [{"id": "a\x1b[2Jb\u202e"}]}).encode()),
    "ids-unreadable": _real(lambda asked, key: error(f"no list for {key}", "403 Forbidden")),
}  # fmt: skip


def answer_of(way: str) -> Answer:
    """The row of WAYS; or the key in a composed form, named by its place in the tables: `composed-1-2-0-4`."""
    if not way.startswith("composed-"):
        return WAYS[way]
    places = zip((LETTERS, BETWEEN, SPELT, SPELT), way.split("-")[1:], strict=True)
    letters, between, first, second = ([*table][int(place)] for table, place in places)

    def change(key: str) -> str:
        return woven(letters, between, first, second, key)

    def make(asked: Asked, key: str) -> bytes:
        shown = change(key)
        if asked.listing:
            return message(
                "502 No", f"<html><title>No</title><p>{shown}</p>".encode(), media=b"text/html; charset=utf-8"
            )
        if asked.streaming:
            return message("200 OK", stream(shown), media=b"text/event-stream")
        return error(f"no such key: {shown}", "401 No", b"X-Request-Id: " + shown.encode().replace(b"\n", b""))

    return _real(make)


class Rogue:
    """The server. `requests` holds the raw bytes of everything that came in, CONNECT included."""

    def __init__(self, delay: float = 0.0) -> None:
        self.requests: list[bytes] = []
        self.delay = delay
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, way: str) -> str:
        return f"http://127.0.0.1:{self.port}/{way}/v1"

    def stop(self) -> None:
        self._closing.set()
        self._listener.close()

    def take(self) -> list[bytes]:
        """The requests so far, and begin anew."""
        with self._lock:
            taken, self.requests = self.requests, []
        return taken

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(10)
            try:
                while not self._closing.is_set() and self._one(sock):
                    pass
            except OSError:
                pass

    def _one(self, sock: socket.socket) -> bool:
        """One request; True after CONNECT, when the tunnelled one follows."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            body += sock.recv(65536)
        with self._lock:
            self.requests.append(head + b"\r\n\r\n" + body)
        if head.startswith(b"CONNECT "):
            sent = re.search(rb"(?i)\r\nproxy-authorization: *(?:Basic )?(\S*)", head)
            userinfo = base64.b64decode(sent[1] if sent else b"")
            if b":407@" in userinfo + b"@":  # a proxy that refuses, and says whom
                sock.sendall(b"HTTP/1.1 407 %s\r\nProxy-Authenticate: %s\r\n\r\n" % (userinfo, userinfo))
                return False
            sock.sendall(b"HTTP/1.1 200 OK " + userinfo + b"\r\nX-You: " + userinfo + b"\r\n\r\n")
            return True
        found = re.search(rb"(?i)\r\nauthorization: *(?:Bearer )?([^\r\n]*)", head)
        asked = Asked(head, body, found[1].decode("latin-1") if found else "")
        way = head.split(b" ")[1].split(b"/")[1].decode()
        answer = answer_of(way)(asked)
        if answer == HANG:
            self._closing.wait(20)
            return False
        if self.delay:
            self._closing.wait(self.delay)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
        return False
