"""Rows of sizes: replies that are too long, too many, or cost too much to read."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, product

from tests.rogue.row import HAPPY, NO_GO, UNDECIDED, Row, Step, Turn
from tests.rogue.scripts import json_body
from tests.rogue.wire import ANSWER, CLOSE, JSON, chunk, dumps, error, head, reply

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"


def _keys(count: int) -> bytes:
    """An object of so many distinct short keys."""
    names = islice((bytes(name) for size in range(1, 7) for name in product(_LETTERS, repeat=size)), count)
    return b"{" + b",".join(b'"' + name + b'":0' for name in names) + b"}"


def _objects(count: int) -> bytes:
    return b'{"choices":[' + b"{}," * count + b"{}]}"


def _huge_string(turn: Turn) -> Iterable[Step]:
    start, _, end = ANSWER.partition(b"pong")
    yield head("200 OK", JSON, "Transfer-Encoding: chunked", CLOSE) + chunk(start)
    for _ in range(200):
        yield chunk(b"a" * (1 << 20))
    yield chunk(end) + b"0\r\n\r\n"


def _announced(turn: Turn) -> Iterable[Step]:
    start, _, end = ANSWER.partition(b"pong")
    yield head("200 OK", JSON, f"Content-Length: {len(start) + (200 << 20) + len(end)}", CLOSE) + start
    for _ in range(200):
        yield b"a" * (1 << 20)
    yield end


FLOODS = (
    Row(
        "F120-json-3M-objects",
        "Three million empty objects: 9 MB.",
        lambda turn: (reply(_objects(3_000_000)),),
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        on=HAPPY,
        timeout=5.0,
    ),
    Row(
        "F120-json-3M-objects",
        "As many as fit into the limit on bytes.",
        lambda turn: (reply(_objects(2_790_000)),),
        UNDECIDED,
        "limit.size",
        ("more than", "values and keys"),
        case="fitting",
        on=HAPPY,
        timeout=5.0,
        heavy=True,
    ),
    Row(
        "F121-json-200MB-string",
        "A content of 200 MiB, announced.",
        _announced,
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        timeout=5.0,
    ),
    Row(
        "F121-json-200MB-string",
        "A content of 200 MiB, in chunks, to every request at once.",
        _huge_string,
        UNDECIDED,
        "limit.size",
        ("body exceeds 8388608 bytes",),
        case="chunked",
        timeout=5.0,
        heavy=True,
    ),
    Row(
        "F122-json-key-flood",
        "A million keys in one object: more bytes than the limit.",
        lambda turn: (reply(_keys(1_000_000)),),
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        on=HAPPY,
        timeout=5.0,
    ),
    Row(
        "F122-json-key-flood",
        "As many as fit into the limit on bytes.",
        lambda turn: (reply(_keys(880_000)),),
        UNDECIDED,
        "limit.size",
        ("more than", "values and keys"),
        case="fitting",
        on=HAPPY,
        timeout=5.0,
        heavy=True,
    ),
    Row(
        "F123-json-proto-keys",
        "No choices, but keys that are dangerous elsewhere, one of 2 MB.",
        json_body(
            dumps(
                {"__proto__": {"x": 1}, "constructor": 1, "</script>": 1, "=cmd|' /C calc'!A0": 1, "k" * 2_000_000: 1}
            )
        ),
        NO_GO,
        "contract.choices_missing",
        ("__proto__", "kkk"),
        on=HAPPY,
        never=("k" * 3000,),
        timeout=5.0,
        loud=True,
    ),
)

# Not in faults.json: what costs most to judge among what fits into the limits, sent to every request at once.
COSTLY = (
    Row(
        "X10-objects-everywhere",
        "As many empty objects as fit, to every request.",
        lambda turn: (reply(_objects(2_790_000)),),
        UNDECIDED,
        "url.not_an_api",
        why="whether the same 8 MiB for every request are an API is not what the row is about",
        timeout=2.0,
        heavy=True,
    ),
    Row(
        "X11-long-error",
        "An error message of 8 MB, to every request.",
        lambda turn: (reply(error("s" * 8_300_000), "400 Bad Request"),),
        NO_GO,
        "request.rejected",
        timeout=2.0,
        heavy=True,
    ),
    Row(
        "X12-key-in-pieces",
        "An error message of pieces of the key, 8 MB of them, to every request.",
        lambda turn: (reply(error((turn.key[:20] + " ") * 390_000), "400 Bad Request"),),
        NO_GO,
        "request.rejected",
        timeout=2.0,
        heavy=True,
    ),
    Row(
        "X13-backslashes",
        "An error message of 4 million backslashes, to every request: no search may begin anew at each of them.",
        lambda turn: (reply(error("\\" * 4_000_000), "400 Bad Request"),),
        NO_GO,
        "request.rejected",
        timeout=2.0,
        heavy=True,
    ),
    Row(
        "X14-line-ends",
        "An error message of 4 million line ends, escaped, to every request.",
        lambda turn: (reply(error("\n" * 4_000_000), "400 Bad Request"),),
        NO_GO,
        "request.rejected",
        timeout=3.0,
        heavy=True,
    ),
    Row(
        "X15-wide-characters",
        "8 MB of content, another to every request, in which one character needs four bytes: then all of them do.",
        lambda turn: (reply(ANSWER.replace(b"pong", "\U0001f3d3".encode() + turn.probe.encode() + b"a" * 8_000_000)),),
        NO_GO,
        "auth.not_enforced",
        timeout=2.0,
        heavy=True,
    ),
)

ROWS = (*FLOODS, *COSTLY)
