"""Each rule of reading one HTTP/1.1 reply to the byte, however it is cut.

`tools/mutate.py --wire` holds these rows: a rule that can be changed without a red test here is a survivor there.
"""

from __future__ import annotations

import gzip
import random
import zlib
from typing import NamedTuple

import pytest

from chatproof.wire.exchange import Arrival, Fault, Response
from chatproof.wire.http1 import ResponseReader, is_plain, said_by_llhttp
from chatproof.wire.message import Limits, Refusal, coding, head_end

Headers = tuple[tuple[bytes, bytes], ...]
OK = b"HTTP/1.1 200 OK\r\n"
LONG = b"Content-Length: 2\r\n\r\nhi"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ZIP = gzip.compress(b"hi", mtime=0)
MANY = gzip.compress(b"x" * 100, mtime=0) * 2
ENCODED = b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b"


class Row(NamedTuple):
    """Faults: code, phase, detail; "…" where more of it follows, which may depend on the pieces."""

    data: bytes
    fault: tuple[str, str, str] = ("", "", "")
    body: bytes | None = b"hi"  # None: there is no response
    headers: Headers | None = None  # None: not looked at
    status: int = 200
    version: str = "1.1"
    reason: bytes = b"OK"
    wire: int = 2  # bytes of the body as it was sent
    coding: str = "identity"
    trailers: Headers = ()
    informational: tuple[int, ...] = ()
    early: Headers = ()
    excess: bytes = b""
    limits: Limits = Limits()
    method: str = "POST"
    bare: int = 0  # lines of the head that end with LF alone
    folded: int = 0  # lines of the head that go on with the header before


def malformed(data: bytes, detail: str, **more: object) -> Row:
    return Row(data, ("http.malformed", "headers", detail), None, **more)  # type: ignore[arg-type]


def framing(data: bytes, detail: str, **more: object) -> Row:
    return Row(OK + data, ("http.framing", "headers", detail), None, **more)  # type: ignore[arg-type]


def too_much(data: bytes, detail: str, limits: Limits, phase: str = "headers", **more: object) -> Row:
    more = {"body": None, **more} if phase == "headers" else more
    return Row(data, ("limit.size", phase, detail), limits=limits, **more)  # type: ignore[arg-type]


HEAD = Limits(head=40)
ROWS = {
    # the first line
    "HTTP/1.0": Row(b"HTTP/1.0 200 OK\r\n" + LONG, version="1.0"),
    "no reason": Row(b"HTTP/1.1 200\r\n" + LONG, reason=b""),
    "a long reason": Row(b"HTTP/1.1 599 a b  c\r\n" + LONG, status=599, reason=b"a b  c"),
    "lone line feeds": Row(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", headers=((b"Content-Length", b"2"),), bare=3),
    "one lone line feed": Row(b"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi", bare=1),
    "a lone line feed as the blank line": Row(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi", bare=1),
    "a lone line feed in an early head": Row(
        b"HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", informational=(103,), bare=2
    ),
    "a lone line feed after a trailer": Row(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\n\r\n",
        wire=19,
        trailers=((b"X-T", b"1"),),
        bare=1,
    ),
    "two folded lines, one of them blank": Row(
        OK + b"X-T:\r\n\ta\r\n \r\n" + LONG, headers=((b"X-T", b"a"), (b"Content-Length", b"2")), folded=2
    ),
    "a folded line in an early head": Row(
        b"HTTP/1.1 103 Early Hints\r\nLink: a,\r\n b\r\n\r\n" + OK + LONG,
        informational=(103,),
        early=((b"Link", b"a, b"),),
        folded=1,
    ),
    "a folded line after a trailer": Row(
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1;\r\n 2\r\n\r\n",
        wire=25,
        trailers=((b"X-T", b"1; 2"),),
        folded=1,
    ),
    "a folded line before any header": malformed(
        OK + b" a\r\n" + LONG, 'header line 1: no colon: " a"'
    ),
    "another version": malformed(b"HTTP/1.2 200 OK\r\n\r\n", 'unsupported version "HTTP/1.2"'),
    "HTTP/2": malformed(b"HTTP/2 200\r\n\r\n", 'unsupported version "HTTP/2"'),
    "two digits": malformed(b"HTTP/1.1 20 OK\r\n\r\n", 'bad status code "20"'),
    "four digits": malformed(b"HTTP/1.1 2000 OK\r\n\r\n", 'bad status code "2000"'),
    "no digits": malformed(b"HTTP/1.1 2x0 OK\r\n\r\n", 'bad status code "2x0"'),
    "status 099": malformed(b"HTTP/1.1 099 OK\r\n\r\n", 'bad status code "099"'),
    "status 600": malformed(b"HTTP/1.1 600 OK\r\n\r\n", 'bad status code "600"'),
    "two blanks": malformed(b"HTTP/1.1  200 OK\r\n\r\n", 'bad status code ""'),
    "switching protocols": malformed(b"HTTP/1.1 101 S\r\n\r\n", "101 Switching Protocols, which was not asked for"),
    "a lone CR in the reason": malformed(b"HTTP/1.1 200 a\rb\r\n" + LONG, '"Expected LF after CR"'),
    "a tab after the version": malformed(b"HTTP/1.1\t200 OK\r\n\r\n", 'unsupported version "HTTP/1.1\\x09200"'),
    "a NUL in the reason": Row(b"HTTP/1.1 200 a\0b\r\n" + LONG, reason=b"a\0b"),  # as llhttp takes it
    # header lines
    "names and values as sent": Row(
        OK + b"X-a:1\r\nx-A: \t2 \t\r\n" + LONG, headers=((b"X-a", b"1"), (b"x-A", b"2"), (b"Content-Length", b"2"))
    ),
    "an empty value": Row(OK + b"X:\r\n" + LONG, headers=((b"X", b""), (b"Content-Length", b"2"))),
    "a folded line": Row(OK + b"X: a\r\n  b \r\n\tc\r\n" + LONG, headers=((b"X", b"a b c"), (b"Content-Length", b"2")), folded=2),
    "a folded empty value": Row(OK + b"X:\r\n b\r\n" + LONG, headers=((b"X", b"b"), (b"Content-Length", b"2")), folded=1),
    "a line of line ends alone": Row(
        OK + b"A: b\r\n\r\r\n" + LONG, headers=((b"A", b"b"), (b"Content-Length", b"2"))
    ),
    "folded at first": malformed(OK + b" X: a\r\n\r\n", 'header line 1: white space around the name: " X: a"'),
    "no colon": malformed(OK + b"A: b\r\nfoo\r\n\r\n", 'header line 2: no colon: "foo"'),
    "a blank before the colon": malformed(OK + b"A : b\r\n\r\n", 'header line 1: white space around the name: "A : b"'),
    "no name": malformed(OK + b": b\r\n\r\n", 'header line 1: white space around the name: ": b"'),
    "a control character": malformed(OK + b"A: b\r\nX: a\0b\r\n\r\n", '"Invalid header value char" in "X"'),
    "a name with a blank": malformed(OK + b"A b: c\r\n\r\n", '"Invalid header token" in "A b"'),
    # informational replies
    "one before": Row(
        b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n" + OK + LONG,
        informational=(103,),
        early=((b"Link", b"a"),),
        headers=((b"Content-Length", b"2"),),
    ),
    "199, 100": Row(b"HTTP/1.1 199 E\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + OK + LONG, informational=(199, 100)),
    "too many of them": too_much(
        b"HTTP/1.1 100 C\r\n\r\n" * 3, "more than 2 informational replies", Limits(informational=2)
    ),
    "as many": Row(b"HTTP/1.1 100 C\r\n\r\n" * 2 + OK + LONG, informational=(100, 100), limits=Limits(informational=2)),
    "an end after one": malformed(b"HTTP/1.1 100 C\r\n\r\n", "closed inside the header block after 18 bytes"),
    # limits of the head
    "a head at the limit": Row(OK + b"X: 1\r\n" + b"Content-Length: 0\r\n\r\n"[:21], body=b"", wire=0, limits=HEAD),
    "a head over it": too_much(OK + b"X: 12\r\nContent-Length: 0\r\n\r\n", "header block exceeds 40 bytes", HEAD),
    "no end of it": too_much(OK + b"X: " + b"a" * 22, "header block exceeds 40 bytes", HEAD),
    "headers at the limit": Row(OK + b"X: 1\r\n" + LONG, limits=Limits(headers=2)),
    "one more": too_much(OK + b"X: 1\r\nY: 2\r\n" + LONG, "more than 2 header lines", Limits(headers=2)),
    # the length of the body
    "until the end": Row(OK + b"\r\nhi"),
    "no body": Row(OK + b"Content-Length: 0\r\n\r\n", body=b"", wire=0),
    "no body until the end": Row(OK + b"\r\n", body=b"", wire=0),
    "equal lengths": Row(OK + b"content-length: 2 , 2\r\n" + LONG),
    "several lengths": framing(b"Content-Length: 3\r\n" + LONG, 'several Content-Length values: "2" and "3"'),
    "four lengths": framing(
        b"Content-Length: 4, 1, 3\r\n" + LONG, 'several Content-Length values: "1" and "2" and "3"'
    ),
    "18 digits": Row(OK + b"Content-Length: 000000000000000002\r\n\r\nhi"),
    "19 digits": framing(b"Content-Length: 0000000000000000002\r\n\r\nhi", "bad Content-Length: 19 digits"),
    "a sign": framing(b"Content-Length: +2\r\n\r\nhi", 'bad Content-Length: "+2"'),
    "no length in it": framing(b"Content-Length:\r\n\r\nhi", 'bad Content-Length: ""'),
    "two ways": framing(
        CHUNKED[:-2] + LONG, 'two lengths for one body: Content-Length "2" and Transfer-Encoding "chunked"'
    ),
    "another transfer coding": framing(b"Transfer-Encoding: gzip\r\n\r\n", 'unknown Transfer-Encoding "gzip"'),
    "chunked twice": framing(CHUNKED[:-2] + CHUNKED, 'unknown Transfer-Encoding "chunked, chunked"'),
    "chunked in capitals": Row(OK + b"transfer-encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n", wire=12),
    "a control character before it": framing(
        b"Transfer-Encoding: \x0bchunked\r\n\r\n", 'unknown Transfer-Encoding "\\x0bchunked"'
    ),
    "a length over the limit": too_much(OK + LONG, "Content-Length 2 exceeds the limit of 1 bytes", Limits(body=1)),
    "a length at the limit": Row(OK + LONG, limits=Limits(body=2)),
    "a body over the limit": too_much(
        OK + b"\r\nhi!", "body exceeds 2 bytes on the wire", Limits(body=2), "body", body=b"hi"
    ),
    "a body at the limit": Row(OK + b"\r\nhi", limits=Limits(body=2)),
    "closed in the body": Row(
        OK + b"Content-Length: 3\r\n\r\nhi",
        ("http.incomplete_body", "body", "received 2 of 3 bytes announced by Content-Length"),
    ),
    # bodyless
    "204": Row(b"HTTP/1.1 204 N\r\n" + LONG, status=204, reason=b"N", body=b"", wire=0, excess=b"hi"),
    "304": Row(b"HTTP/1.1 304 N\r\n" + CHUNKED + b"hi", status=304, reason=b"N", body=b"", wire=0, excess=b"hi"),
    "HEAD, and an empty coding": Row(OK + b"Transfer-Encoding:\r\n\r\n", body=b"", wire=0, method="HEAD"),
    "HEAD": Row(OK + LONG, body=b"", wire=0, excess=b"hi", method="HEAD"),
    # chunks
    "chunks": Row(OK + CHUNKED + b"1\r\nh\r\n1\r\ni\r\n0\r\nX: y\r\n\r\n", trailers=((b"X", b"y"),), wire=23),
    "bad chunks": Row(OK + CHUNKED + b"2\r\nhi\n", ("http.framing", "body", "bad chunk: no line end after…"), wire=5),
    "closed before the last chunk": Row(
        OK + CHUNKED + b"2\r\nhi\r\n",
        ("http.incomplete_body", "body", "closed before the last chunk; 2 bytes of content received"),
        wire=7,
    ),
    "a bad trailer": Row(
        OK + CHUNKED + b"2\r\nhi\r\n0\r\nX y: z\r\n\r\n",
        ("http.malformed", "body", 'trailers: "Invalid header token"'),
        wire=20,
        trailers=((b"X y", b"z"),),
    ),
    # after the message
    "a stray line end": Row(OK + LONG + b"\r\n\n", excess=b"\r\n\n"),
    "a byte after it": Row(
        OK + LONG + b"\nx",
        ("http.framing", "body", "bytes follow the complete message, beginning …"),
        excess=b"\nx",
    ),
    "a byte after chunks": Row(
        OK + CHUNKED + b"2\r\nhi\r\n0\r\n\r\nx",
        ("http.framing", "body", "bytes follow the complete message, beginning …"),
        wire=12,
        excess=b"x",
    ),
    "a byte after no body": Row(
        OK + b"Content-Length: 0\r\n\r\nx",
        ("http.framing", "body", "bytes follow the complete message, beginning …"),
        body=b"",
        wire=0,
        excess=b"x",
    ),
    "64 bytes of them are kept": Row(OK + LONG + b"\r\n" * 40, excess=b"\r\n" * 32),
    # content codings
    "gzip": Row(OK + ENCODED % (b"gzip", len(ZIP), ZIP), wire=len(ZIP), coding="gzip"),
    "x-gzip": Row(OK + ENCODED % (b"X-GZIP", len(ZIP), ZIP), wire=len(ZIP), coding="x-gzip"),
    "identity, gzip": Row(OK + ENCODED % (b"identity, gzip,", len(ZIP), ZIP), wire=len(ZIP), coding="gzip"),
    "two headers": Row(
        OK + b"content-encoding: identity\r\n" + ENCODED % (b"Identity", 2, b"hi"), coding="identity"
    ),
    "gzip of nothing": Row(OK + b"Content-Encoding: gzip\r\n\r\n", body=b"", wire=0, coding="gzip"),
    "gzip until the end": Row(OK + b"Content-Encoding: gzip\r\n\r\n" + ZIP, wire=len(ZIP), coding="gzip"),
    "gzip in chunks": Row(
        OK + b"Content-Encoding: gzip\r\n" + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ZIP), ZIP),
        wire=len(ZIP) + 11,
        coding="gzip",
    ),
    "padded gzip": Row(OK + ENCODED % (b"gzip", len(ZIP) + 3, ZIP + b"\0\0\0"), wire=len(ZIP) + 3, coding="gzip"),
    "br": Row(
        OK + ENCODED % (b"br", 2, b"hi"),
        ("http.encoding", "body", 'Content-Encoding "br", which was not asked for'),
        coding="br",
    ),
    "gzip twice": Row(
        OK + ENCODED % (b"gzip, gzip", 2, b"hi"),
        ("http.encoding", "body", '2 content codings, "gzip, gzip", which was not asked for'),
        coding="gzip, gzip",
    ),
    "bad gzip until the end": Row(
        OK + b"Content-Encoding: gzip\r\n\r\nhi", ("http.encoding", "body", "gzip: Error -3…"), coding="gzip"
    ),
    "zlib": Row(
        OK + b"Content-Encoding: gzip\r\n\r\n" + zlib.compress(b"hi"),
        ("http.encoding", "body", "gzip: Error -3…"),
        body=zlib.compress(b"hi"),
        wire=10,
        coding="gzip",
    ),
    "gzip cut off": Row(
        OK + ENCODED % (b"gzip", len(ZIP) - 1, ZIP[:-1]),
        ("http.encoding", "body", "gzip stream ends before its checksum"),
        body=ZIP[:-1],
        wire=len(ZIP) - 1,
        coding="gzip",
    ),
    "16 members": Row(OK + ENCODED % (b"gzip", 320 + 2, gzip.compress(b"", mtime=0) * 15 + ZIP), wire=322, coding="gzip"),
    "17": Row(
        OK + ENCODED % (b"gzip", 342, gzip.compress(b"", mtime=0) * 16 + ZIP),
        ("http.encoding", "body", "more than 16 gzip members"),
        body=gzip.compress(b"", mtime=0) * 16 + ZIP,
        wire=342,
        coding="gzip",
    ),
    "members at the limit": Row(
        OK + ENCODED % (b"gzip", len(MANY), MANY), body=b"x" * 200, wire=len(MANY), coding="gzip", limits=Limits(body=200)
    ),
    "members over it": too_much(
        OK + ENCODED % (b"gzip", len(MANY), MANY), "body exceeds 199 bytes once decoded", Limits(body=199), "body",
        body=MANY, wire=len(MANY), coding="gzip",
    ),
    # what is no HTTP
    "nothing": Row(b"", ("net.closed", "first_byte", "closed without a reply, 0 bytes received"), None),
    "line ends first": malformed(b"\r\n" + OK, 'after line ends, the status line begins "HTTP/"'),
    "in small letters": malformed(b"http/1.1 200 OK\r\n", 'the status line begins "http/"'),
    "a line end first": malformed(b"\n" + OK, 'after line ends, the status line begins "HTTP/"'),
    "no more than its name": malformed(b"\r\nHTTP/", 'after line ends, the status line begins "HTTP/"'),
    "after 20 line ends": Row(b"\n" * 20 + OK, ("http.not_http", "headers", "the reply begins 0a 0a…"), None),
    "cut off at first": malformed(b"HTT", "closed inside the header block after 3 bytes"),
    "cut off in line ends": malformed(b"\r\nht", "closed inside the header block after 4 bytes"),
    "16 line ends": Row(b"\n" * 16, ("http.not_http", "headers", "the reply begins 0a 0a…"), None),
    "15": malformed(b"\n" * 15, "closed inside the header block after 15 bytes"),
}  # fmt: skip


def read(pieces: list[bytes], row: Row) -> tuple[bool, Fault | None, Response | None]:
    reader = ResponseReader(row.method, row.limits)
    for piece in pieces:
        reader.feed(piece)
    reader.eof()
    return reader.complete, reader.fault, reader.response()


@pytest.mark.parametrize("name", ROWS)
def test_rule(name: str) -> None:
    row = ROWS[name]
    data = row.data
    cuts = [[data], [data[i : i + 1] for i in range(len(data))]]
    for pieces in cuts + [[data[:cut], data[cut:]] for cut in range(len(data))]:
        complete, fault, response = read(pieces, row)
        said = fault or ("", "", "")
        assert tuple(said[:2]) == row.fault[:2], (said, pieces)
        begins = row.fault[2].removesuffix("…")
        assert said[2] == begins or (begins != row.fault[2] and said[2].startswith(begins)), (said, pieces)
        assert bool(complete) == (
            not row.fault[0] or "follow" in row.fault[2] or "http.encoding" in row.fault or "decoded" in row.fault[2]
        )
        if row.body is None:
            assert response is None
            continue
        assert response is not None
        want = Response(
            row.version, row.status, row.reason, row.headers or response.headers, row.body, row.wire, row.coding,
            row.trailers, row.informational, row.excess, response.arrivals, row.early, bare_lines=row.bare, folded_lines=row.folded,
        )  # fmt: skip
        assert response == want, pieces
        assert sum(arrival.size for arrival in response.arrivals) <= len(data)


def test_the_limits() -> None:
    assert Limits() == (64 * 1024, 100, 8, 8 * 1024 * 1024, 100_000, 4 * 1024, 8 * 1024, 2048)


def test_arrivals() -> None:
    reader = ResponseReader(limits=Limits(arrivals=3))
    for at, piece in enumerate((OK, b"Content-Length: 5\r\n\r\na", b"b", b"c", b"d", b"e", b"")):
        reader.feed(piece, float(at))
    response = reader.response()
    assert response is not None and response.body == b"abcde"
    assert response.arrivals == (Arrival(1.0, 1), Arrival(2.0, 1), Arrival(5.0, 1))


def test_where_it_is() -> None:
    """(phase, progress, ends_with_the_connection, stays_open, received) after each piece."""

    def steps(*pieces: bytes) -> list[tuple[object, ...]]:
        reader, found = ResponseReader(), []
        for piece in pieces:
            reader.feed(piece)
            state = (reader.phase, reader.progress, reader.ends_with_the_connection, reader.stays_open)
            assert reader.received == sum(map(len, pieces[: len(found) + 1]))
            found.append(state)
        return found

    assert steps(b"", OK, b"Content-Length: 2\r\n\r\n", b"h", b"i", b"\r\n") == [
        ("first_byte", "0 bytes", False, False),
        ("headers", "17 bytes", False, False),
        ("body", "0 of 2 bytes of the body", False, False),
        ("body", "1 of 2 bytes of the body", False, False),
        ("body", "2 of 2 bytes of the body", False, True),
        ("body", "2 of 2 bytes of the body", False, False),
    ]
    assert steps(OK + b"\r\n", b"hi") == [
        ("body", "0 bytes of the body", True, False),
        ("body", "2 bytes of the body", True, False),
    ]
    assert steps(b"HTTP/1.1 204 N\r\n\r\n") == [("body", "0 bytes of the body", False, False)]
    assert steps(OK + CHUNKED, b"2\r\nhi\r\n", b"0\r\n\r\n") == [
        ("body", "0 bytes of the body", False, False),
        ("body", "7 bytes of the body", False, False),
        ("body", "12 bytes of the body", False, True),
    ]


@pytest.mark.parametrize(
    ("headers", "stays"),
    [
        (b"", True),
        (b"Connection: close\r\n", False),
        (b"connection: X , CLOSE\r\n", False),
        (b"Connection: x\r\nConnection: close\r\n", False),
        (b"Connection: closed\r\n", True),
        (b"X-Connection: close\r\n", True),
    ],
)
def test_who_stays_open(headers: bytes, stays: bool) -> None:
    for version, named in ((b"1.1", b""), (b"1.0", b"Connection: Keep-Alive\r\n")):
        reader = ResponseReader()
        reader.feed(b"HTTP/" + version + b" 200 OK\r\n" + headers + named + LONG)
        assert reader.stays_open is stays
    reader = ResponseReader()
    reader.feed(b"HTTP/1.0 200 OK\r\n" + headers + LONG)
    assert reader.complete and not reader.stays_open
    reader = ResponseReader()
    reader.feed(OK + headers + b"\r\n")
    reader.eof()
    assert reader.complete and not reader.stays_open  # the end of the connection was the end of the body


def test_a_fault_is_the_last_word() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 20 OK\r\n\r\n")
    fault = reader.fault
    reader.feed(OK + LONG)
    reader.eof()
    assert reader.fault is fault is not None and not reader.complete and reader.response() is None


def test_the_end_of_a_head() -> None:
    for buffer, end in (
        (b"a\r\n\r\nb", (1, 4)), (b"a\n\nb", (1, 2)), (b"a\n\r\nb", (1, 3)), (b"a\r\n\nb", (1, 3)), (b"\n\nb", (0, 2)),
        (b"a\n\nb\n\r\n", (1, 2)), (b"a\n\r\nb\n\n", (1, 3)), (b"abc", (3, 0)), (b"abc\r", (3, 0)), (b"abc\r\n", (3, 0)),
        (b"abc\r\n\r", (3, 0)), (b"abc\n\r", (3, 0)), (b"abc\n", (3, 0)), (b"", (0, 0)), (b"\n\r\n", (0, 3)),
        (b"\n\n\r", (0, 2)),
    ):  # fmt: skip
        assert head_end(bytearray(buffer), 0) == end, buffer
    assert head_end(bytearray(b"a\n\nb\n\n"), 3) == (4, 2)


def test_the_coding() -> None:
    assert (
        coding(((b"Content-Encoding", b" GZIP , identity,"), (b"content-encoding", b"br"), (b"X", b"y"))) == "gzip, br"
    )


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        (bytes.fromhex("15030100020246"), ", looks like TLS"),
        (bytes.fromhex("160301"), ", looks like TLS"),
        (b"SSH-2.0-x\r\n", ", looks like SSH"),
        (b"220 smtp\r\n" + b"x" * 20, ""),
    ],
)
def test_what_it_looks_like(start: bytes, hint: str) -> None:
    detail = f"the reply begins {start[:8].hex(' ')}{hint}"
    assert read([start], ROWS["nothing"])[1] == Fault("http.not_http", "headers", detail)


def test_a_refusal_says_why() -> None:
    assert str(Refusal("http.framing", "body", "why")) == "why"


def test_gzip_may_copy_from_as_far_as_it_can() -> None:
    text = random.Random(8).randbytes(20_000) * 2
    raw = gzip.compress(text, mtime=0)
    response = read([OK + ENCODED % (b"gzip", len(raw), raw)], ROWS["gzip"])[2]
    assert response is not None and response.body == text


SSE = b"Content-Type: Text/Event-Stream\r\n"
DONE = b"\ndata: [DONE]"


@pytest.mark.parametrize(
    ("data", "mark"),
    [
        (b"HTTP/1.1 200 OK\r\n" + SSE, False),
        (OK + SSE + b"\r\n" + DONE, True),
        (OK + SSE + b"\r\n\ndata:[DONE] \t\r\n\r\n", True),
        (OK + SSE + b"\r\n" + DONE + b"\n" * 51, True),
        (OK + SSE + b"\r\n" + DONE + b"\n" * 52, False),  # only so far is looked back
        (OK + SSE + b"\r\nx" + DONE[1:], False),
        (OK + SSE + b"\r\n" + DONE + b"\n\ndata: a", False),
        (OK + SSE + CHUNKED + b"d\r\n" + DONE, True),
        (OK + SSE + CHUNKED + b"d\r\n" + DONE + b"\r\n0\r\n\r\n", False),  # complete
        (OK + SSE + CHUNKED + b"d\r\n" + DONE + b"x", False),  # a fault
        (OK + b"X-Type: text/event-stream\r\n\r\n" + DONE, False),
        (OK + b"Content-Type: application/json\r\n\r\n" + DONE, False),
        (OK + b"\r\n" + DONE, False),
    ],
)
def test_a_stream_at_its_end_mark(data: bytes, mark: bool) -> None:
    reader = ResponseReader()
    reader.feed(data)
    assert reader.at_end_mark is mark


def test_a_settled_message() -> None:
    reader = ResponseReader()
    reader.feed(OK + SSE + CHUNKED + b"d\r\n" + DONE + b"\r\n")
    assert not reader.settled and not reader.complete
    reader.settle()
    response = reader.response()
    assert reader.settled and reader.complete and not reader.stays_open and not reader.at_end_mark
    assert response is not None and response.body == DONE and response.left_open


NAMES = [b"Connection", b"proxy-connection", b"Upgrade", b"Content-Length", b"Transfer-Encoding", b"Server", b"x_y", b"A",
         b"X Y", b"X-\xe9", b"", b"X\t"]  # fmt: skip
VALUES = [b"", b" ", b"keep-alive", b"close", b"upgrade", b"h2c", b"Upgrade, close", b"chunked", b"gzip, chunked", b"5", b"a:b",
          b"-", b"+5", b"\x7f", b"\x80", b"\xff", b"a\0", b"a\x1f", b'"q', b"\t"]  # fmt: skip
LINES = [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.1 101 Switching", b"HTTP/1.1 000 x", b"HTTP/1.1 999 ~ !",
         b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.0 200 OK", b"HTTP/2.0 200 OK", b"HTTP/1.1  200 OK",
         b"HTTP/1.1 200 a\xe9", b"HTTP/1.1 200 a\0", b"http/1.1 200 OK", b"HTTP/1.1 204 \t"]  # fmt: skip


def test_a_head_that_llhttp_is_not_asked_about_is_one_that_it_takes() -> None:
    """The shortcut may send a good head the long way round, and must let no bad one through."""
    draw, plain = random.Random(16), 0
    for _ in range(20_000):
        headers = [(draw.choice(NAMES[: draw.choice((8, 12))]), draw.choice(VALUES)) for _ in range(draw.randrange(4))]
        line = draw.choice(LINES[:6] if draw.random() < 0.7 else LINES)
        if is_plain(line, headers):
            plain += 1
            assert said_by_llhttp(line, headers) == "", (line, headers)
    assert plain > 2000


@pytest.mark.parametrize("byte", range(256))
def test_each_byte_in_a_plain_head(byte: int) -> None:
    one = bytes((byte,))
    for line, headers in (
        (b"HTTP/1.1 200 a" + one, []),
        (b"HTTP/1.1 " + one + b"00 a", []),
        (b"HTTP/1.1 2" + one + b"0 a", []),
        (b"HTTP/1.1 20" + one + b" a", []),
        (b"HTTP/1.1 200" + one, []),
        (b"HTTP/1.1 200 OK", [(b"a" + one, b"b")]),
        (b"HTTP/1.1 200 OK", [(b"a", b"b" + one)]),
        (b"HTTP/1.1 200 OK", [(b"Connection", b"close" + one)]),
        (b"HTTP/1.1 200 OK", [(b"Connection", one)]),
    ):
        assert not is_plain(line, headers) or said_by_llhttp(line, headers) == "", (line, headers)


def test_what_endpoints_send_is_plain() -> None:
    usual = [
        (b"Content-Type", b"text/event-stream; charset=utf-8"),
        (b"CF-Ray", b"8f-FRA"),
        (b"x-ratelimit-reset", b"~1s"),
    ]
    for line in (b"200 OK", b"301 Moved Permanently", b"429 Too Many Requests", b"503 Service Unavailable"):
        assert is_plain(b"HTTP/1.1 " + line, usual)


LAST = b'data: {"type":"end"}\n\n'


@pytest.mark.parametrize(
    ("data", "last"),
    [
        (b"HTTP/1.1 200 OK\r\n" + SSE, False),
        (OK + SSE + b"\r\n", False),
        (OK + SSE + b"\r\n" + LAST, True),
        (OK + SSE + b"\r\n" + LAST[:-1], False),
        (OK + SSE + CHUNKED + b"16\r\n" + LAST, True),
        (OK + SSE + CHUNKED + b"16\r\n" + LAST + b"\r\n0\r\n\r\n", False),  # complete
        (OK + SSE + CHUNKED + b"16\r\n" + LAST + b"x", False),  # a fault
        (OK + b"Content-Type: application/json\r\n\r\n" + LAST, False),
    ],
)
def test_a_stream_at_its_last_event(data: bytes, last: bool) -> None:
    reader, other = ResponseReader(last_events=("end",)), ResponseReader()
    reader.feed(data)
    other.feed(data)
    assert (reader.at_last_event, other.at_last_event) == (last, False)


def test_a_connection_that_ends_behind_the_last_event_alone_is_a_fault() -> None:
    """Clients read on behind it, and raise."""
    reader = ResponseReader(last_events=("end",))
    reader.feed(OK + SSE + CHUNKED + b"16\r\n" + LAST + b"\r\n")
    reader.eof()
    assert reader.fault is not None and reader.fault.code == "http.incomplete_body"
