"""The reader gives the same answer whole, byte by byte and at random splits; every limit holds."""

import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.wire.exchange import Fault, Response
from chatproof.wire.http1 import ResponseReader
from chatproof.wire.message import Limits
from tests.pace import within

BODY = b'{"a":1}'
GZIPPED = gzip.compress(BODY)


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([status, *lines, b"", b""])


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n" + trailers + b"\r\n"
    return head(b"Transfer-Encoding: chunked") + body


GOOD = {
    "length": head(b"Content-Length: 7") + BODY,
    "chunked": chunked(b'{"a"', b":1}"),
    "chunk-extension": head(b"Transfer-Encoding: chunked") + b"7;x=y\r\n" + BODY + b"\r\n0\r\n\r\n",
    "trailers": chunked(BODY, trailers=b"X-T: v\r\n"),
    "until-close": head() + BODY,
    "http-1.0": head(status=b"HTTP/1.0 200 OK") + BODY,
    "103-first": head(b"Link: a", status=b"HTTP/1.1 103 Early Hints") + head(b"Content-Length: 7") + BODY,
    "100-unasked": head(status=b"HTTP/1.1 100 Continue") + head(b"Content-Length: 7") + BODY,
    "gzip": head(b"Content-Encoding: gzip", b"Content-Length: %d" % len(GZIPPED)) + GZIPPED,
    "two-gzip-members": head(b"Content-Encoding: gzip") + gzip.compress(b'{"a"') + gzip.compress(b":1}"),
    "identity": head(b"Content-Encoding: identity", b"Content-Length: 7") + BODY,
    "equal-lengths": head(b"Content-Length: 7, 7", b"Content-Length: 7") + BODY,
    "no-reason": head(b"Content-Length: 7", status=b"HTTP/1.1 200") + BODY,
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 7\n\n" + BODY,
    "upgrade-header": head(b"Upgrade: h2c", b"Connection: upgrade", b"Content-Length: 7") + BODY,
    "folded": head(b"X: a", b"  b", b"Content-Length: 7") + BODY,
    "blanks-after-chunk-size": head(b"Transfer-Encoding: chunked") + b"7  \r\n" + BODY + b"\r\n0\r\n\r\n",
    "padded-gzip": head(b"Content-Encoding: gzip") + GZIPPED + b"\0" * 9,
    "stray-line-end": head(b"Content-Length: 7") + BODY + b"\r\n",
}
FAULTY = {
    "nothing": (b"", "net.closed"),
    "half-head": (b"HTTP/1.1 200 OK\r\nX: ", "http.malformed"),
    "tls-alert": (bytes.fromhex("15030100020246"), "http.not_http"),
    "json-only": (BODY, "http.not_http"),
    "http-2": (head(status=b"HTTP/2 200 OK"), "http.malformed"),
    "version-9.9": (head(status=b"HTTP/9.9 200 OK"), "http.malformed"),
    "status-000": (head(status=b"HTTP/1.1 000 Huh"), "http.malformed"),
    "status-two-digits": (head(status=b"HTTP/1.1 20 OK"), "http.malformed"),
    "101": (head(b"Upgrade: websocket", status=b"HTTP/1.1 101 Switching Protocols"), "http.malformed"),
    "nul-in-header": (head(b"X: a\0b", b"Content-Length: 0"), "http.malformed"),
    "space-before-colon": (head(b"X : a"), "http.malformed"),
    "no-colon": (head(b"garbage"), "http.malformed"),
    "begins-folded": (head(b" b", b"X: a"), "http.malformed"),
    "too-many-gzip-members": (head(b"Content-Encoding: gzip") + gzip.compress(b"") * 17, "http.encoding"),
    "length-and-chunked": (head(b"Content-Length: 7", b"Transfer-Encoding: chunked") + BODY, "http.framing"),
    "two-lengths": (head(b"Content-Length: 7", b"Content-Length: 5") + BODY, "http.framing"),
    "negative-length": (head(b"Content-Length: -5") + BODY, "http.framing"),
    "length-5000-digits": (head(b"Content-Length: " + b"9" * 5000) + BODY, "http.framing"),
    "unknown-coding": (head(b"Transfer-Encoding: ChUnKeD , identity") + BODY, "http.framing"),
    "short": (head(b"Content-Length: 1000") + BODY, "http.incomplete_body"),
    "chunks-unended": (head(b"Transfer-Encoding: chunked") + b"7\r\n" + BODY + b"\r\n", "http.incomplete_body"),
    "bad-chunk": (head(b"Transfer-Encoding: chunked") + b"-5\r\n", "http.framing"),
    "excess": (head(b"Content-Length: 2") + BODY, "http.framing"),
    "second-response": (chunked(BODY) + head(b"Content-Length: 7") + BODY, "http.framing"),
    "excess-after-chunks": (chunked(BODY) + b"x", "http.framing"),
    "br": (head(b"Content-Encoding: br") + BODY, "http.encoding"),
    "snappy": (head(b"Content-Encoding: snappy") + BODY, "http.encoding"),
    "gzip-twice": (head(b"Content-Encoding: gzip, gzip") + GZIPPED, "http.encoding"),
    "gzip-truncated": (head(b"Content-Encoding: gzip") + GZIPPED[:-6], "http.encoding"),
    "gzip-corrupt": (head(b"Content-Encoding: gzip") + GZIPPED[:-6] + b"abcdef", "http.encoding"),
    "not-gzip": (head(b"Content-Encoding: gzip") + BODY, "http.encoding"),
    "length-over-limit": (head(b"Content-Length: 99999999"), "limit.size"),
}


def read(pieces: list[bytes], limits: Limits = Limits()) -> tuple[bool, str, Response | None]:
    reader = ResponseReader("POST", limits)
    for piece in pieces:
        reader.feed(piece)
    reader.eof()
    response = reader.response()
    if response is not None:
        response = response._replace(arrivals=(), excess=b"")  # these two do depend on the splits
    return reader.complete, reader.fault.code if reader.fault else "", response


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    complete, fault, response = read([GOOD[name]])
    assert (complete, fault) == (True, "")
    assert response is not None and response.status == 200 and response.body == BODY
    assert read(bytewise(GOOD[name])) == (complete, fault, response)


@pytest.mark.parametrize("name", FAULTY)
def test_faulty(name: str) -> None:
    data, code = FAULTY[name]
    assert read([data])[1] == code
    assert read(bytewise(data))[1] == code


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*GOOD.values(), *(data for data, _ in FAULTY.values())]), st.integers(0, 2**32))
def test_splits_do_not_matter(data: bytes, seed: int) -> None:
    chance = random.Random(seed)
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(6)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole, split = read([data]), read(pieces)
    assert whole[:2] == split[:2]
    if not whole[1]:
        assert whole[2] == split[2]


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(list(GOOD.values())), st.integers(0, 300))
def test_no_bytes_raise(noise: bytes, good: bytes, at: int) -> None:
    for data in (noise, good[:at] + noise + good[at:], good[:at] + noise):
        complete, fault, _ = read([data])
        assert complete or fault


def test_evidence_is_kept() -> None:
    raw = head(b"X-One: 1", b"x-ONE:  two ", b"Content-Length: 2") + b"{}"
    reader = ResponseReader()
    reader.feed(raw, 5.0)
    response = reader.response()
    assert response is not None
    assert response.headers[:2] == ((b"X-One", b"1"), (b"x-ONE", b"two"))
    assert response.values(b"x-one") == ["1", "two"]
    assert response.arrivals[0].at_ms == 5.0 and response.arrivals[0].size == 2
    informed = ResponseReader()
    informed.feed(GOOD["103-first"])
    assert informed.response().informational == (103,)  # type: ignore[union-attr]
    assert informed.response().early == ((b"Link", b"a"),)  # type: ignore[union-attr]
    trailed = ResponseReader()
    trailed.feed(GOOD["trailers"])
    assert trailed.response().trailers == ((b"X-T", b"v"),)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "start", [b"\r\nHTTP/1.1 200 OK\r\n\r\n", b"http/1.1 200 OK\r\n\r\n", b"\n\nHttp/1.0 200\r\n\r\n"]
)
def test_http_that_is_misspelt_is_http(start: bytes) -> None:
    for pieces in ([start], bytewise(start)):
        assert read(pieces)[1] == "http.malformed"


@pytest.mark.parametrize("start", [b"\r\nSSH-2.0", b"HTML", b"\n" * 40, b"\0HTTP/1.1 200 OK", b"ICY 200 OK\r\n\r\n"])
def test_what_is_no_http_is_said_to_be_none(start: bytes) -> None:
    for pieces in ([start], bytewise(start)):
        assert read(pieces)[1] == "http.not_http"


@pytest.mark.parametrize("coded", [False, True])
def test_a_body_that_comes_byte_by_byte_takes_no_more_room_for_it(coded: bool) -> None:
    size = 3 * Limits().arrivals
    reader, body = ResponseReader(), chunked(b"x" * size) if coded else head(b"Content-Length: %d" % size) + b"x" * size
    for at in range(len(body)):
        reader.feed(body[at : at + 1], float(at))
    response = reader.response()
    assert response is not None and reader.complete and response.body == b"x" * size
    assert len(response.arrivals) == Limits().arrivals
    assert response.arrivals[0].at_ms < 200 and response.arrivals[-1].at_ms == len(body) - 1


def test_excess_is_exact_after_chunks() -> None:
    reader = ResponseReader()
    reader.feed(chunked(BODY) + b"HTTP/1.1 200 OK\r\n")
    assert reader.response().excess == b"HTTP/1.1 200 OK\r\n"  # type: ignore[union-attr]
    assert reader.fault == Fault(
        "http.framing", "body", 'bytes follow the complete message, beginning "HTTP/1.1 200 OK\\x0d\\x0a"'
    )


@pytest.mark.parametrize("size", [b"0x1", b"0X1", b"1_0", b"+1", b" 1", b"-1", b"", b"1g", "\u0661".encode()])
def test_a_chunk_size_is_hexadecimal_digits_alone(size: bytes) -> None:
    wire_bytes = head(b"Transfer-Encoding: chunked") + size + b"\r\n1\r\n0\r\n\r\n"
    for pieces in ([wire_bytes], [wire_bytes[i : i + 1] for i in range(len(wire_bytes))]):
        complete, fault, response = read(pieces)
        assert (complete, fault) == (False, "http.framing") and response is not None and response.body == b""


@pytest.mark.parametrize("status", [204, 304])
def test_bodyless_status_with_a_body_is_not_a_framing_fault(status: int) -> None:
    complete, fault, response = read([head(b"Content-Length: 7", status=b"HTTP/1.1 %d X" % status) + BODY])
    assert (complete, fault) == (True, "") and response is not None and response.body == b""


LIMITS = Limits(head=400, headers=5, informational=2, body=1000, chunks=10, chunk_line=64, trailers=40)
TOO_MUCH = {
    "head": head(b"X: " + b"a" * 500),
    "header-count": head(*(b"X: %d" % i for i in range(6)), b"Content-Length: 0"),
    "endless-headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200,
    "informational": head(status=b"HTTP/1.1 103 E") * 3 + head(b"Content-Length: 0"),
    "declared": head(b"Content-Length: 1001"),
    "until-close": head() + b"a" * 1001,
    "chunks": chunked(*[b"a"] * 11),
    "chunked-size": chunked(b"a" * 600, b"a" * 600),
    "chunk-line": head(b"Transfer-Encoding: chunked") + b"1;" + b"x" * 200,
    "trailers": chunked(b"a", trailers=b"X: abcdefgh\r\n" * 5),
    "bomb": head(b"Content-Encoding: gzip") + gzip.compress(b"\0" * 100_000),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_limit(name: str) -> None:
    assert read([TOO_MUCH[name]], LIMITS)[1] == "limit.size"
    assert read(bytewise(TOO_MUCH[name]), LIMITS)[1] == "limit.size"


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    block = b"\0" * (1 << 20)
    data = b"".join(bomb.compress(block) for _ in range(200)) + bomb.flush()
    import tracemalloc

    tracemalloc.start()
    assert read([head(b"Content-Encoding: gzip") + data])[1] == "limit.size"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize(
    "data",
    [
        head(b"Content-Encoding: gzip") + gzip.compress(b"") * 200_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 65_000,
        head(b"Transfer-Encoding: chunked") + b"1\r\na\r\n" * 90_000,
    ],
)
@pytest.mark.parametrize("step", [64, 65536])
def test_linear_on_hostile_input(data: bytes, step: int) -> None:

    with within(3):
        read([data[i : i + step] for i in range(0, len(data), step)])


@pytest.mark.parametrize(
    ("media", "body", "mark"),
    [
        (b"text/event-stream", b"data: {}\n\ndata: [DONE]\n\n", True),
        (b"text/event-stream; charset=utf-8", b"data: {}\r\n\r\ndata:[DONE]\r\n\r\n", True),
        (b"text/event-stream", b"data: {}\n\ndata: [DONE", False),
        (b"text/event-stream", b'data: {"text": "data: [DONE]"}\n\n', False),
        (b"application/json", b"{}\ndata: [DONE]\n\n", False),
    ],
)
def test_the_end_mark_of_a_stream_is_seen_before_the_message_ends(media: bytes, body: bytes, mark: bool) -> None:
    for head_lines, framed in (
        (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n" % (len(body), body)),
        (b"Content-Length: 4000\r\n", body),
        (b"", body),
    ):
        reader = ResponseReader()
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Type: " + media + b"\r\n" + head_lines + b"\r\n" + framed)
        assert (reader.at_end_mark, reader.complete, reader.fault) == (mark, False, None)
        if mark:
            reader.settle()
            response = reader.response()
            assert reader.complete and not reader.stays_open and response is not None and response.left_open
            assert response.body == body
