"""What the simulator's parts hand to each other, and how it looks on the wire.

A request becomes an `Asked`; an answer is a `Reply`, which is always sent as correct HTTP, or a `Script`: raw bytes,
for faults that no correct HTTP could express. The simulator shares no code with the client that it tests, so that no
mistake is made twice in the same way.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chatproof.simulator.fault import Fault

JSON = "application/json"
SSE = "text/event-stream"
MARK = ("X-Simulator", "chatproof")

GOOD, WRONG, MISSING, EMPTY = "good", "wrong", "missing", "empty"
CLOSE, RESET, HANG = "close", "reset", "hang"

Headers = tuple[tuple[str, str], ...]

REASONS = {
    100: "Continue",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Asked(NamedTuple):
    """One request. The credential is compared on arrival and dropped: only the outcome is kept."""

    method: str
    path: str  # as received, percent-encoded, without the query
    credential: str  # GOOD, WRONG, MISSING or EMPTY (a scheme without a key)
    body: bytes
    at: float  # Unix time of arrival, seconds
    id: str  # the request id that the answer will carry
    keep_alive: bool = True
    version: str = "1.1"
    media: str = JSON  # of the body, as declared
    host: str = ""  # the Host header
    origin: str = ""  # the Origin header; several are joined by a space, which no single one has
    agent: str = ""  # the User-Agent header
    api_key: str = MISSING  # what an x-api-key header carries, in the same words as `credential`
    api_version: str = ""  # the anthropic-version header
    betas: str = ""  # the anthropic-beta header


class Reply(NamedTuple):
    """An answer to be sent as correct HTTP. With `events` the body is a stream of them, one chunk each."""

    status: int
    headers: Headers
    body: bytes = b""
    events: tuple[bytes, ...] = ()


class Script(NamedTuple):
    """Raw bytes to send, `pause` seconds apart, and how to leave the connection. `pieces` may be endless."""

    pieces: Iterable[bytes]
    pause: float = 0.0
    end: str = CLOSE


def http_date(seconds: float) -> str:
    """RFC 9110 section 5.6.7, whatever the locale."""
    t = time.gmtime(seconds)
    clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
    return f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year} {clock} GMT"


def head(asked: Asked, status: int, headers: Iterable[tuple[str, str]], *, close: bool = True) -> bytes:
    """A header block with what every answer carries: the simulator's mark, the date, the request's id."""
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, '')}",
        f"Date: {http_date(asked.at)}",
        f"{MARK[0]}: {MARK[1]}",
        f"X-Request-Id: {asked.id}",
        *(f"{name}: {value}" for name, value in headers),
        f"Connection: {'close' if close else 'keep-alive'}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1")


def message(asked: Asked, reply: Reply, *, close: bool = True) -> list[bytes]:
    """The pieces of a correct HTTP/1.1 message: head and body, or head and one chunk for each event."""
    if reply.events and asked.version == "1.0":
        return [head(asked, reply.status, reply.headers, close=True), *reply.events]  # 1.0 knows no chunks
    if reply.events:
        headers = (*reply.headers, ("Transfer-Encoding", "chunked"))
        first = head(asked, reply.status, headers, close=close)
        return [first] if asked.method == "HEAD" else [first, *map(chunk, reply.events), chunk(b"")]
    length = () if reply.status == 204 else (("Content-Length", str(len(reply.body))),)
    first = head(asked, reply.status, (*reply.headers, *length), close=close)
    return [first if asked.method == "HEAD" else first + reply.body]


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; an empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class Side:
    """What one API is to the simulator: what answers its requests, the model to ask for, and its faults by name."""

    def __init__(
        self, respond: Callable[[Asked], Reply], model: str, faults: "Callable[[], Mapping[str, Fault]]"
    ) -> None:
        self.respond = respond
        self.model = model
        self.faults = faults
