"""Rows of HTTP/1.1 framing: where a message ends."""

from __future__ import annotations

from collections.abc import Iterable

from tests.rogue.row import GO, HAPPY, NO_GO, UNDECIDED, Act, Row, Step, Turn, Wait, plays
from tests.rogue.scripts import numbered_lines
from tests.rogue.wire import ANSWER, CLOSE, GOOD, JSON, chunk, head, reply

CHUNKED = "Transfer-Encoding: chunked"


def _million_bytes(turn: Turn) -> Iterable[Step]:
    yield head("200 OK", JSON, CHUNKED)
    while True:
        yield chunk(b"a" * (1 << 20))


LENGTHS = (
    Row(
        "F051-cl-duplicate",
        "Two Content-Lengths, 145 and 5, for 145 bytes.",
        plays(head("200 OK", JSON, "Content-Length: 145", "Content-Length: 5") + ANSWER),
        UNDECIDED,
        "http.framing",
        ('"145"', '"5"'),
    ),
    Row(
        "F052-cl-and-te",
        "Content-Length 5 and a good chunked body.",
        plays(head("200 OK", JSON, "Content-Length: 5", CHUNKED) + chunk(ANSWER) + b"0\r\n\r\n"),
        UNDECIDED,
        "http.framing",
        ('Content-Length "5"', 'Transfer-Encoding "chunked"'),
    ),
    Row(
        "F053-cl-negative",
        "Content-Length -5, the body, FIN.",
        plays(head("200 OK", JSON, "Content-Length: -5") + ANSWER),
        UNDECIDED,
        "http.framing",
        ('"-5"',),
    ),
    Row(
        "F055-cl-5000-digits",
        "A Content-Length of 5000 digits.",
        plays(head("200 OK", JSON, "Content-Length: " + "9" * 5000) + ANSWER),
        UNDECIDED,
        "http.framing",
        ("5000 digits",),
    ),
    Row(
        "F056-cl-short",
        "1000 bytes are announced; 145 come, which are good JSON, then FIN.",
        plays(head("200 OK", JSON, "Content-Length: 1000") + ANSWER),
        UNDECIDED,
        "http.incomplete_body",
        ("received 145 of 1000 bytes",),
    ),
    Row(
        "F057-cl-long",
        "10 bytes are announced and 145 come.",
        plays(head("200 OK", JSON, "Content-Length: 10", CLOSE) + ANSWER),
        UNDECIDED,
        "http.framing",
        ("bytes follow the complete message", "10"),
        never=("malformed JSON",),
    ),
    Row(
        "F058-cl-chunk-mixed-case",
        "Transfer-Encoding: ChUnKeD , identity.",
        plays(head("200 OK", JSON, "Transfer-Encoding: ChUnKeD , identity") + chunk(ANSWER) + b"0\r\n\r\n"),
        UNDECIDED,
        "http.framing",
        ('Transfer-Encoding "ChUnKeD , identity"',),
    ),
)

CHUNKS = (
    Row(
        "F061-chunk-size-negative",
        "A chunk of size -5.",
        plays(head("200 OK", JSON, CHUNKED) + b"-5\r\n" + ANSWER + b"\r\n0\r\n\r\n"),
        UNDECIDED,
        "http.framing",
        ("bad chunk", "-5"),
    ),
    Row(
        "F063-chunk-trailers-endless",
        "Trailer lines without end.",
        numbered_lines(head("200 OK", JSON, CHUNKED) + chunk(ANSWER) + b"0\r\n"),
        UNDECIDED,
        "limit.size",
        ("trailers exceed 8192 bytes",),
    ),
    Row(
        "F064-chunk-no-end",
        "One chunk with the whole JSON, never the last chunk.",
        plays(head("200 OK", JSON, CHUNKED) + chunk(ANSWER), Act.HANG),
        UNDECIDED,
        "net.read_timeout",
        ("body", "silent for"),
        timeout=1.0,
    ),
    Row(
        "F065-chunk-one-byte",
        "200000 chunks of one byte.",
        plays(head("200 OK", JSON, CHUNKED) + chunk(b" ") * 200_000 + chunk(ANSWER) + b"0\r\n\r\n"),
        UNDECIDED,
        "limit.size",
        ("more than 100000 chunks",),
        on=HAPPY,
        timeout=5.0,
    ),
    Row(
        "F066-body-infinite-chunked",
        "Chunks of a mebibyte without end, to every request at once.",
        _million_bytes,
        UNDECIDED,
        "limit.size",
        ("body exceeds 8388608 bytes",),
        timeout=5.0,
        heavy=True,
    ),
    Row(
        "F068-desync-second-response",
        "Two whole replies to one request.",
        plays(
            head("200 OK", JSON, "Content-Length: 145", "Connection: keep-alive")
            + ANSWER
            + reply(b'{"choices":[{"message":{"content":"POISON"}}]}')
        ),
        UNDECIDED,
        "http.framing",
        ("bytes follow the complete message", "HTTP/1.1 200"),
        never=("POISON",),
    ),
    Row(
        "F068-desync-second-response",
        "The second reply comes a moment after the first.",
        lambda turn: (GOOD[turn.probe], Wait(0.3), reply(b'{"choices":[{"message":{"content":"POISON"}}]}')),
        GO,
        case="later",
        never=("POISON",),
        why="the connection is closed by then and used for nothing else: nobody reads it, and nothing is waited for",
    ),
    Row(
        "F069-204-body",
        "204 with a Content-Length and a body.",
        plays(head("204 No Content", "Content-Length: 145") + ANSWER),
        NO_GO,
        "contract.status",
        ("204",),
        on=HAPPY,
    ),
    Row(
        "F070-304",
        "304 with a Content-Length and no body.",
        plays(head("304 Not Modified", "Content-Length: 100")),
        NO_GO,
        "contract.status",
        ("304",),
        on=HAPPY,
    ),
    Row(
        "F071-200-empty",
        "200 and no body, on the chat endpoint with the good key.",
        plays(head("200 OK", JSON, "Content-Length: 0")),
        NO_GO,
        "body.not_json",
        ("0 bytes",),
        on=HAPPY,
        never=("line 1 column 1",),
    ),
    Row(
        "F071-200-empty",
        "200 and no body, to everything.",
        plays(head("200 OK", JSON, "Content-Length: 0")),
        NO_GO,
        "url.wrong_path",
        ("every request gets an empty 200",),
        case="all",
        never=("line 1 column 1",),
        why="the truer cause: Caddy answers so on every path it does not know",
    ),
)

ROWS = (*LENGTHS, *CHUNKS)
