"""Each rule of server-sent events to the byte: what was read, from where on, and which limit broke, however the bytes are cut.

`tools/mutate.py --wire` holds these rows: a rule that can be changed without a red test here is a survivor there.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from chatproof.wire.sse import SseLimits, SseReader, behind_events, ends_with


class Row(NamedTuple):
    body: bytes
    events: list[tuple[str, bytes, int]]  # name, data, which byte it began on
    rest: bytes = b""
    problem: str = ""
    comments: int = 0
    empty: tuple[int, ...] = ()  # where blocks without data ended
    limits: SseLimits = SseLimits()


LINE, EVENT, EVENTS, LINES = SseLimits(line=9), SseLimits(event=8), SseLimits(events=2), SseLimits(lines=4)
BARE = b'{"error":"x"}'
ROWS = {
    "three line ends": Row(
        b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n",
        [("message", b"a", 0), ("message", b"b", 9), ("message", b"c", 20), ("message", b"d", 29)],
    ),
    "line ends mixed": Row(
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\rdata: d\r\r\n",
        [("message", b"a", 0), ("message", b"b", 10), ("message", b"c", 20), ("message", b"d", 30)],
    ),
    "ends with a CR": Row(b"data: a\r\r", [("message", b"a", 0)]),
    "an event begins with its data": Row(
        b"\nevent: x\r\ndata: 1\r\ndata: 2\r\n\r\ndata: 3\n\n", [("x", b"1\n2", 11), ("message", b"3", 31)]
    ),
    "a name alone is no event": Row(b"event: x\n\ndata\n\ndata:\n\n", [("message", b"", 10), ("message", b"", 16)], empty=(9,)),
    "one blank after the colon": Row(b"data:  a \n\ndata:b\n\n", [("message", b" a ", 0), ("message", b"b", 11)]),
    "a name in other bytes": Row(b"event: \xff\ndata: a\n\n", [("\ufffd", b"a", 9)]),
    "blocks without data": Row(
        b"event: x\n\nretry: 1\n\n\nid: 7\n\n: x\n\nid:\n\n", [], comments=1, empty=(9, 19, 27, 32)
    ),
    "none with data": Row(
        b"retry: 1\ndata: a\n\nevent: x\ndata: b\n\n\nid: 7\n\ndata: c\n\n\n",
        [("message", b"a", 9), ("x", b"b", 27), ("message", b"c", 44)], empty=(43, 53),
    ),
    "comments": Row(b": a\n:\r\n:b\rdata: a\n\n", [("message", b"a", 10)], comments=3),
    "other fields": Row(b"id: 7\nretry: 9\nfoo\nxdata: a\n data: b\ndata: c\n\n", [("message", b"c", 37)]),
    "a byte order mark": Row(b"\xef\xbb\xbfdata: a\n\n", [("message", b"a", 0)]),
    "one later": Row(b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("message", b"a", 0)]),
    "one after an empty line": Row(b"\n\xef\xbb\xbfdata: a\n\n", []),
    "a rest": Row(b"data: a\n\ndata: b\ndata: c", [("message", b"a", 0)], rest=b"bdata: c"),
    "a field named error": Row(b"data: a\n\nerror: b\n\n", [("message", b"a", 0), ("error", b"b", 9)]),
    "a bare error": Row(b"data: a\n\n" + BARE + b"\n\n", [("message", b"a", 0), ("error", BARE, 9)]),
    "a bare document": Row(b'{"a":1}\n"error": 1\n\n', []),
    "an error on the 200th byte": Row(
        b"{" + b" " * 192 + b'"error"\n{' + b" " * 193 + b'"error"\n', [("error", b"{" + b" " * 192 + b'"error"', 0)]
    ),
    "a line at the limit": Row(b"data: abc\n\n", [("message", b"abc", 0)], limits=LINE),
    "two at the limit": Row(b"data: abc\ndata: def\n\n", [("message", b"abc\ndef", 0)], limits=LINE),
    "a line over the limit": Row(
        b"data: a\n\ndata: abcd\n\ndata: b\n\n", [("message", b"a", 0)], problem="a line exceeds 9 bytes", limits=LINE
    ),
    "an unfinished one": Row(b"data: abcd", [], problem="a line exceeds 9 bytes", limits=LINE),
    "an event at the limit": Row(b"data: abc\ndata: def\n\n", [("message", b"abc\ndef", 0)], limits=EVENT),
    "events at the limit": Row(
        b"data: abcdefg\n\ndata: abcdefg\n\n", [("message", b"abcdefg", 0), ("message", b"abcdefg", 15)], limits=EVENT
    ),
    "an event over the limit": Row(
        b"data: abc\ndata: defg\ndata: h\n\n: x\n", [], b"abcdefg", "an event exceeds 8 bytes", limits=EVENT
    ),
    "a later event over the limit": Row(
        b"data: a\n\ndata: abcdefgh\n", [("message", b"a", 0)], b"abcdefgh", "an event exceeds 8 bytes", limits=EVENT
    ),
    "as many events": Row(b"data: 1\n\ndata: 2\n\n: x\n", [("message", b"1", 0), ("message", b"2", 9)], comments=1, limits=EVENTS),
    "too many events": Row(
        b"data: 1\n\n" * 5 + b": x\n",
        [("message", b"1", 0), ("message", b"1", 9), ("message", b"1", 18)],
        problem="more than 2 events",
        limits=EVENTS,
    ),
    "too many errors": Row(
        b"error: 1\n" + b'{"error"\n' * 3,
        [("error", b"1", 0), ("error", b'{"error"', 9), ("error", b'{"error"', 18)],
        problem="more than 2 events",
        limits=EVENTS,
    ),
    "as many lines": Row(b": 1\n\n: 2\n\n", [], comments=2, limits=LINES),
    "too many lines": Row(b": 1\n\n: 2\n\n: 3\n: 4\n", [], problem="more than 4 lines", comments=3, limits=LINES),
}  # fmt: skip


def read(pieces: list[bytes], limits: SseLimits) -> Row:
    reader = SseReader(limits)
    for piece in pieces:
        reader.feed(piece)
    events = [(event.name, event.data, event.at) for event in reader.events]
    return Row(b"".join(pieces), events, reader.eof(), reader.problem, reader.comments, tuple(reader.empty), limits)


@pytest.mark.parametrize("name", ROWS)
def test_rule(name: str) -> None:
    row = ROWS[name]
    body = row.body
    assert read([body], row.limits) == row
    assert read([body[i : i + 1] for i in range(len(body))], row.limits) == row
    for cut in range(len(body)):
        assert read([body[:cut], b"", body[cut:]], row.limits) == row, cut


def test_the_limits() -> None:
    assert SseLimits() == (1024 * 1024, 1024 * 1024, 10_000, 100_000)


def test_nothing_is_read_before_the_first_byte() -> None:
    reader = SseReader()
    assert (reader.events, reader.comments, reader.problem, reader.eof()) == ([], 0, "", b"")


_STOP = b'data: {"type": "message_stop"}\n\n'


@pytest.mark.parametrize(
    ("received", "ended"),
    [
        (b"event: message_stop\ndata: {}\n\n", True),
        (b"event: message_stop\r\ndata: {}\r\n\r\n", True),
        (b"event:message_stop\rdata: {}\r\r", True),
        (b"data: {}\r\n\r\nevent:message_stop\r\n\r\n", True),
        (b'data: {"type":"end"}\n\n', True),
        (_STOP, True),
        (b"data: {}\n\n\n\n" + _STOP + b"\n\n: ping\n\n:\n\n", True),
        (_STOP + b": ping\n\n" * 99, True),
        (_STOP + b": ping\n\n" * 100, False),  # only so far is looked back
        (_STOP + b"\n" * 61, True),
        (_STOP + b"\n" * 62, False),
        (_STOP + b": pi", False),  # more is coming
        (_STOP + b": ping\n", False),
        (_STOP + b"data: {}\n\n", False),
        (_STOP[:-1], False),
        (_STOP[1:-1] + b"x\n\n", True),
        (b'data: {"text":"\\"type\\":\\"message_stop\\""}\n\n', False),
        (b"event: message_stops\n\n", False),
        (b": event: message_stop\n\n", False),
        (b": a\r\n\r\n: b\r\n\r\n", False),
        (b"\n\n", False),
        (b"", False),
    ],
)
def test_where_a_stream_has_its_last_event(received: bytes, ended: bool) -> None:
    assert ends_with(received, ("end", "message_stop")) is ended
    assert ends_with(bytearray(received), ("end", "message_stop")) is ended
    assert not ends_with(received, ())


_EVENT = b'data: {"choices":[{"delta":{"content":"pong"}}]}\n\n'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (_EVENT + b"upstream reset\n", b"upstream reset"),
        (_EVENT.replace(b"\n", b"\r\n") + b"<html>\r\n</html>\r\n", b"<html>\n</html>"),
        (_EVENT + b"\n\nTraceback:\n\n  line\n", b"Traceback:\n\n  line"),
        (_EVENT + b": ping\n\n", b""),
        (_EVENT, b""),
        (b"", b""),
        (_EVENT + b"data: {}\nupstream reset", b""),  # a line of an event's text, or a terminal's break within it
        (b'data: {"text":"' + b"rate limit " * 800 + b'"}\n\n', b""),  # an event that is longer than what is looked at
        (b'data: {"text":"' + b"rate limit\n" * 8000, b""),
        (b"upstream reset\n", b""),  # no stream
    ],
)
def test_what_stands_behind_the_events_is_told(body: bytes, words: bytes) -> None:
    assert behind_events(body) == words
