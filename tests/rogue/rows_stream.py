"""Rows of streams. They run with --stream: everything else is answered well, so that the stream is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from tests.rogue.row import GO, NO_GO, STREAM, UNDECIDED, Row, Script, Step, Turn, Wait, plays
from tests.rogue.wire import DONE, FINISH, completion, delta, error, events, head, stream, streaming

_COUNT = "5 events"  # po, ng, finish, usage, [DONE]
_USAGE = b'data: {"choices":[],"usage":{"total_tokens":9}}'
_BOM = b"\xef\xbb\xbf"
_SNOW = "p\u2603ng"


def _stream(body: bytes) -> Script:
    return plays(stream(body))


def _in_pieces(*pieces: bytes) -> Script:
    """Each piece in a TCP segment of its own."""

    def script(turn: Turn) -> Iterable[Step]:
        yield streaming()
        for piece in pieces:
            yield Wait(0.03)
            yield piece

    return script


def _cut(body: bytes, *marks: bytes) -> tuple[bytes, ...]:
    """The body cut in the middle of each mark, one byte after its start."""
    pieces = []
    for mark in marks:
        at = body.index(mark) + 1
        pieces.append(body[:at])
        body = body[at:]
    return (*pieces, body)


def _no_newline(turn: Turn) -> Iterable[Step]:
    yield streaming() + b"data: "
    while True:
        yield b"a" * 4096


def _long_line(turn: Turn) -> Iterable[Step]:
    yield stream(b"data: " + b"a" * (2 << 20) + b"\n\n" + events(delta("pong"), FINISH, DONE))


def _keepalive(turn: Turn) -> Iterable[Step]:
    yield streaming()
    while True:
        yield b": hi\n\n"
        yield Wait(1)


def _split_key(turn: Turn) -> Iterable[Step]:
    key = turn.key
    yield stream(events(delta("pong"), delta(key[:16]), delta(key[16:30]), delta(key[30:]), FINISH, DONE))


def _split_segments(turn: Turn) -> Iterable[Step]:
    yield streaming()
    event = events(delta(f"pong {turn.key}"))
    middle = event.index(turn.key.encode()) + 20
    yield event[:middle]
    yield Wait(0.05)
    yield event[middle:] + events(FINISH, DONE)


_FOUR = (delta("po"), delta("ng"), FINISH, _USAGE, DONE)

ROWS = (
    Row(
        "F142-sse-no-newline",
        "One data line without end, in pieces of 4 KiB.",
        _no_newline,
        UNDECIDED,
        "limit.size",
        ("exceeds",),
        on=STREAM,
        timeout=4.0,
        heavy=True,
    ),
    Row(
        "F142-sse-no-newline",
        "A data line of 2 MiB that ends, and a good rest.",
        _long_line,
        UNDECIDED,
        "limit.size",
        ("exceeds 1048576 bytes",),
        case="ended",
        on=STREAM,
        heavy=True,
    ),
    Row(
        "F144-sse-keepalive-only",
        "A comment each second, and never an event.",
        _keepalive,
        UNDECIDED,
        "limit.deadline",
        ("still receiving after 2.5 s", "0 events, 3 comments"),
        on=STREAM,
        timeout=2.5,
    ),
    Row(
        "F146-sse-after-done",
        "Events after [DONE].",
        _stream(events(delta("pong"), FINISH, DONE, delta("more"), delta("still more"))),
        NO_GO,
        "stream.malformed",
        ("events after [DONE]",),
        on=STREAM,
    ),
    Row(
        "F147-sse-crlf-split",
        "CR and LF of each line end in separate TCP segments.",
        _in_pieces(*_cut(events(*_FOUR, end=b"\r\n"), *[b"\r\n"] * 10)),
        GO,
        says=(_COUNT,),
        on=STREAM,
    ),
    Row(
        "F147-sse-crlf-split",
        "Lines end in CR alone.",
        _stream(events(*_FOUR, end=b"\r")),
        GO,
        says=(_COUNT,),
        case="cr",
        on=STREAM,
    ),
    Row(
        "F147-sse-crlf-split",
        "A character is split over two TCP segments.",
        _in_pieces(*_cut(events(delta(_SNOW), delta("ng"), FINISH, _USAGE, DONE), "\u2603".encode())),
        GO,
        says=(_COUNT,),
        case="character",
        on=STREAM,
    ),
    Row(
        "F147-sse-crlf-split",
        "A byte order mark comes first.",
        _stream(_BOM + events(*_FOUR)),
        GO,
        says=(_COUNT,),
        case="bom",
        on=STREAM,
    ),
    Row(
        "F148-sse-u2028",
        "U+2028 and U+0085 inside a data line: they end no line.",
        _stream(events(delta("po\u2028ng\u0085"), delta("ng"), FINISH, _USAGE, DONE)),
        GO,
        says=(_COUNT,),
        on=STREAM,
    ),
    Row(
        "F148-sse-u2028",
        "VT and FF in a comment: they end no line either.",
        _stream(b": a\x0bdata: {\x0cdata: {\n\n" + events(*_FOUR)),
        GO,
        says=(_COUNT,),
        case="vt",
        on=STREAM,
    ),
    Row(
        "F148-sse-u2028",
        "VT and FF raw inside a JSON string.",
        _stream(events(b'data: {"choices":[{"delta":{"content":"a\x0b\x0cb"}}]}', FINISH, DONE)),
        NO_GO,
        "stream.malformed",
        ("event 0", "raw control character"),
        case="vt-in-string",
        on=STREAM,
        why="one event, as asked; but RFC 8259 forbids raw controls in strings, and clients' parsers throw",
    ),
    Row(
        "F150-sse-error-midstream",
        "Two good deltas, then an error under 200.",
        _stream(events(delta("po"), delta("ng"), b"data: " + error("upstream died", code=502), DONE)),
        NO_GO,
        "stream.error",
        ("event 2", "502", "upstream died"),
        on=STREAM,
        why="a stream's error has a code of its own",
    ),
    Row(
        "F151-sse-key-split",
        "The key is split over three deltas.",
        _split_key,
        NO_GO,
        "secret.reflected",
        ('joined stream text ("content") (plain)',),
        on=STREAM,
        loud=True,
    ),
    Row(
        "F151-sse-key-split",
        "The key stands in one event, split over two TCP segments.",
        _split_segments,
        NO_GO,
        "secret.reflected",
        ("body (plain)",),
        case="segments",
        on=STREAM,
        loud=True,
    ),
    Row(
        "F153-sse-million-empty",
        "A million empty deltas, then [DONE]: more bytes than the limit.",
        lambda turn: (streaming(), b'data: {"choices":[{"delta":{}}]}\n\n' * 1_000_000, events(DONE)),
        UNDECIDED,
        "limit.size",
        ("body exceeds 8388608 bytes",),
        on=STREAM,
        timeout=4.0,
        heavy=True,
    ),
    Row(
        "F153-sse-million-empty",
        "200000 empty objects as events, which fit into the limit on bytes.",
        lambda turn: (streaming(), b"data: {}\n\n" * 200_000, events(DONE)),
        UNDECIDED,
        "limit.size",
        ("more than", "events"),
        case="fitting",
        on=STREAM,
        timeout=4.0,
        heavy=True,
    ),
    Row(
        "X05-stream-answered-plainly",
        "The stream is one JSON document, as if stream: true had not been sent.",
        plays(head("200 OK", "Content-Type: application/json") + completion("pong")),
        NO_GO,
        "stream.not_streamed",
        ("application/json",),
        on=STREAM,
    ),
    # Not in faults.json: what costs most to read among what fits into the limits.
    Row(
        "X06-events-everywhere",
        "80000 good events to every request, streamed or not.",
        lambda turn: (stream(events(delta("a" * 20)) * 80_000 + events(FINISH, DONE)),),
        NO_GO,
        "stream.unexpected",
        timeout=1.0,
        heavy=True,
    ),
    Row(
        "X07-newlines",
        "A stream of four million line feeds.",
        lambda turn: (stream(b"\n" * 4_000_000),),
        UNDECIDED,
        "limit.size",
        on=STREAM,
        timeout=1.0,
        heavy=True,
    ),
    Row(
        "X08-comments",
        "A stream of two million empty comments.",
        lambda turn: (stream(b":\n" * 2_000_000),),
        UNDECIDED,
        "limit.size",
        on=STREAM,
        timeout=1.0,
        heavy=True,
    ),
)
