"""Faults of HTTP itself: framing, coding, size, speed."""

from itertools import chain, repeat

from chatproof.simulator.fault import (
    NO_GO,
    UNDECIDED,
    Fault,
    Turn,
    body,
    everything,
    folded_head,
    granted,
    gzipped,
    large_head,
    length_twice,
    script,
    under_head,
    with_head,
)
from chatproof.simulator.wire import Script, chunk, head

_CHUNKED = ("Transfer-Encoding", "chunked")


def _endless_headers(turn: Turn) -> Script:
    first = head(turn.asked, 200, ()).removesuffix(b"\r\n")
    return Script(chain((first,), repeat(b"X-Padding: " + b"x" * 1000 + b"\r\n")))


def _early_hints_forever(turn: Turn) -> Script:
    return Script(repeat(b"HTTP/1.1 103 Early Hints\r\nX-Simulator: chatproof\r\n\r\n"))


ROWS = (
    Fault(
        "not-http",
        "An SSH server listens at the port.",
        "http.not_http",
        UNDECIDED,
        everything,
        lambda turn: Script((b"SSH-2.0-OpenSSH_9.6\r\n",)),
    ),
    Fault(
        "malformed-status",
        "The status line has letters instead of digits.",
        "http.malformed",
        UNDECIDED,
        granted,
        script(lambda head, body: (head.replace(b" 200 ", b" 2OO ", 1), body)),
    ),
    Fault(
        "malformed-header",
        "A header line has no colon.",
        "http.malformed",
        UNDECIDED,
        granted,
        script(lambda head, body: (head.replace(b"Content-Type: ", b"Content-Type "), body)),
    ),
    Fault(
        "bare-line-ends",
        "The lines of the head end with LF alone.",
        "http.malformed",
        NO_GO,
        everything,
        script(lambda head, body: (head.replace(b"\r\n", b"\n"), body)),
    ),
    Fault(
        "length-twice",
        "The head gives its length twice, and both are right.",
        "http.malformed",
        NO_GO,
        granted,
        script(length_twice),
    ),
    Fault(
        "head-large",
        "The head is larger than Node reads.",
        "http.malformed",
        NO_GO,
        granted,
        script(large_head),
    ),
    Fault(
        "head-folded",
        "A header goes on in the next line, which begins with a space.",
        "http.malformed",
        NO_GO,
        granted,
        script(folded_head),
    ),
    Fault(
        "cut-headers",
        "The connection closes inside the header block.",
        "http.malformed",
        UNDECIDED,
        granted,
        script(lambda head, body: (head[:60],)),
    ),
    Fault(
        "two-lengths",
        "Two Content-Length headers contradict each other.",
        "http.framing",
        UNDECIDED,
        granted,
        with_head(("Content-Length", "5"), ("Content-Length", "7"), change=lambda body: (body,)),
    ),
    Fault(
        "length-and-chunked",
        "The answer has a Content-Length and is chunked.",
        "http.framing",
        UNDECIDED,
        granted,
        with_head(("Content-Length", "5"), _CHUNKED, change=lambda body: (chunk(body), chunk(b""))),
    ),
    Fault(
        "bad-chunk-size",
        "A chunk's size is not a number.",
        "http.framing",
        UNDECIDED,
        granted,
        with_head(_CHUNKED, change=lambda body: (b"zz\r\n", body)),
    ),
    Fault(
        "second-reply",
        "A second answer follows the first on the same connection.",
        "http.framing",
        UNDECIDED,
        granted,
        script(lambda head, body: (head + body + head + body,)),
    ),
    Fault(
        "cut-body",
        "The connection closes before the announced length.",
        "http.incomplete_body",
        UNDECIDED,
        granted,
        script(lambda head, body: (head, body[:20])),
    ),
    Fault(
        "cut-chunks",
        "The connection closes before the last chunk.",
        "http.incomplete_body",
        UNDECIDED,
        granted,
        with_head(_CHUNKED, change=lambda body: (chunk(body[:20]),)),
    ),
    Fault(
        "brotli-unasked",
        "The body is compressed in a way that the request does not accept.",
        "http.encoding",
        UNDECIDED,
        granted,
        body(b"\x0b\x02\x80{}\x03", headers=(("Content-Encoding", "br"),)),
    ),
    Fault(
        "cut-gzip", "The compressed body ends before its checksum.", "http.encoding", UNDECIDED, granted, gzipped(cut=8)
    ),
    Fault(
        "one-byte-a-second",
        "The answer trickles, one byte a second.",
        "limit.deadline",
        UNDECIDED,
        granted,
        script(lambda head, body: (head, *(body[i : i + 1] for i in range(len(body)))), pause=1.0),
        timeout=2.5,
    ),
    Fault(
        "huge-length",
        "The answer announces 100 GB.",
        "limit.size",
        UNDECIDED,
        granted,
        with_head(("Content-Length", "100000000000"), change=lambda body: (body,)),
    ),
    Fault(
        "endless-body",
        "The answer never ends.",
        "limit.size",
        UNDECIDED,
        granted,
        under_head(_CHUNKED, pieces=repeat(chunk(b" " * 65536))),
    ),
    Fault("endless-headers", "The header block never ends.", "limit.size", UNDECIDED, granted, _endless_headers),
    Fault(
        "endless-103",
        "Informational replies arrive without end, and no answer.",
        "limit.size",
        UNDECIDED,
        granted,
        _early_hints_forever,
    ),
    Fault(
        "gzip-bomb",
        "A small compressed body decompresses to 64 MiB.",
        "limit.size",
        UNDECIDED,
        granted,
        gzipped(bytes(64 * 1024 * 1024)),
    ),
)
