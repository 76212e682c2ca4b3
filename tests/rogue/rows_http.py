"""Rows of HTTP/1.1: time, informational replies, status lines, header lines, framing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from tests.rogue.row import GO, HAPPY, NO_GO, UNDECIDED, Act, Place, Row, Script, Step, Turn, Wait, plays
from tests.rogue.wire import ANSWER, CLOSE, GOOD, HTML, JSON, REFUSAL, chunk, completion, error, head, reply

ESC, BEL = b"\x1b", b"\x07"
CHUNKED = "Transfer-Encoding: chunked"
_103 = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"


def _every(seconds: float, start: bytes, again: bytes) -> Script:
    def script(turn: Turn) -> Iterable[Step]:
        yield start
        while True:
            yield again
            yield Wait(seconds)

    return script


def _numbered_lines(start: bytes) -> Script:
    """Header lines without end, in segments of a thousand."""

    def script(turn: Turn) -> Iterable[Step]:
        yield start
        for begin in count(0, 1000):
            yield b"".join(b"X-%d: a\r\n" % number for number in range(begin, begin + 1000))

    return script


def _before_good(data: bytes) -> Script:
    return lambda turn: (data + GOOD[turn.probe],)


def _with_line(line: bytes) -> Script:
    """The good reply with one more header line."""

    def script(turn: Turn) -> Iterable[Step]:
        start, _, rest = GOOD[turn.probe].partition(b"\r\n")
        yield start + b"\r\n" + line + b"\r\n" + rest

    return script


def _status_line(line: bytes) -> Script:
    return lambda turn: (line + b"\r\n" + GOOD[turn.probe].partition(b"\r\n")[2],)


def _reason(status: int, reason: bytes) -> bytes:
    return reply(REFUSAL if status == 401 else error("boom"), b"%d %s" % (status, reason))


def _million_bytes(turn: Turn) -> Iterable[Step]:
    yield head("200 OK", JSON, CHUNKED)
    while True:
        yield chunk(b"a" * (1 << 20))


SLOW = (
    Row(
        "F022-slow-body",
        "100000 bytes are announced; one space comes each second.",
        _every(1, head("200 OK", JSON, "Content-Length: 100000"), b" "),
        UNDECIDED,
        "limit.deadline",
        ("body", "still receiving after 2.5 s", "3 of 100000"),
        timeout=2.5,
    ),
    Row(
        "F024-1xx-flood-slow",
        "One 103 each second, for ever.",
        _every(1, b"", _103),
        UNDECIDED,
        "limit.deadline",
        ("headers", "still receiving after 2.5 s"),
        timeout=2.5,
    ),
    Row(
        "F024-1xx-flood-slow",
        "103 without pause, for ever.",
        _every(0, b"", _103 * 100),
        UNDECIDED,
        "limit.size",
        ("more than 8 informational replies",),
        case="fast",
    ),
    Row("F025-100-unasked", "A 100 Continue that nobody asked for.", _before_good(head("100 Continue")), GO),
    Row("F026-103-then-200", "A 103 with a Link header comes first.", _before_good(_103), GO, never=('"status": 103',)),
    Row(
        "F027-101-switch",
        "101 Switching Protocols, then silence.",
        plays(head("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"), Act.HANG),
        UNDECIDED,
        "http.malformed",
        ("101 Switching Protocols",),
    ),
)

STATUS_LINES = (
    Row(
        "F028-http09",
        "The body alone, without a status line, and with the key in it.",
        lambda turn: (completion(f"{turn.key} \x1b[2J"),),
        UNDECIDED,
        "http.not_http",
        ("7b 22 69 64",),
    ),
    Row("F030-status-noreason", "No reason phrase, and no space before it.", _status_line(b"HTTP/1.1 200"), GO, on=HAPPY),
    Row(
        "F031-status-000",
        "Status 000.",
        _status_line(b"HTTP/1.1 000 Huh"),
        UNDECIDED,
        "http.malformed",
        ('bad status code "000"',),
    ),
    Row(
        "F034-version-9.9",
        "HTTP/9.9.",
        _status_line(b"HTTP/9.9 200 OK"),
        UNDECIDED,
        "http.malformed",
        ('"HTTP/9.9"',),
    ),
    Row(
        "F035-version-http2-text",
        "HTTP/2 in clear text.",
        _status_line(b"HTTP/2 200 OK"),
        UNDECIDED,
        "http.malformed",
        ('"HTTP/2"',),
    ),
    Row(
        "F036-reason-ansi",
        "A 401 whose reason phrase colours the terminal and writes to its clipboard (OSC 52).",
        plays(_reason(401, ESC + b"[31mPWN " + ESC + b"]52;c;cm0gLXJmIC8=" + BEL)),
        NO_GO,
        "auth.rejected",
        ("\\x1b[31mPWN", "\\x07"),
        why="401 is named by what it means",
        loud=True,
    ),
    Row(
        "F037-reason-8bit",
        "A reason phrase that is neither ASCII nor UTF-8.",
        plays(_reason(500, b"\xff\xfe\xe2\x98\x83")),
        NO_GO,
        "server.error",
        ("\\xff\\xfe",),
        why="500 with a JSON error is named by what it means",
        loud=True,
    ),
    Row(
        "F038-reason-key",
        "The reason phrase holds the key.",
        lambda turn: (_reason(401, b"No such key " + turn.key.encode()),),
        NO_GO,
        "auth.rejected",
        ("reason phrase (plain)", "[REDACTED:api_key]"),
        beside=("secret.reflected",),
        why="401 is named by what it means; the reflection stands beside it",
        loud=True,
    ),
)

HEADER_LINES = (
    Row(
        "F039-header-many",
        "Header lines without end.",
        _numbered_lines(b"HTTP/1.1 200 OK\r\n"),
        UNDECIDED,
        "limit.size",
        ("header block exceeds 65536 bytes",),
    ),
    Row("F042-header-nul", "NUL in a header's value.", _with_line(b"X-A: a\0b"), UNDECIDED, "http.malformed", ("header",)),
    Row(
        "F043-header-ansi",
        "Terminal escapes in a header's value; the body is good.",
        _with_line(b"X-A: " + ESC + b"]0;PWNED" + BEL + ESC + b"[2J"),
        GO,
        loud=True,
    ),
    Row(
        "F043-header-ansi",
        "The same in a header that the record keeps.",
        _with_line(b"X-Request-Id: " + ESC + b"]0;PWNED" + BEL + ESC + b"[2J"),
        GO,
        says=("\\x1b]0;PWNED\\x07\\x1b[2J",),
        case="kept",
        loud=True,
    ),
    Row(
        "F047-header-space-colon",
        "A space between a header's name and its colon.",
        _with_line(b"X-A : a"),
        UNDECIDED,
        "http.malformed",
        ("header line 1", "white space around the name"),
    ),
    Row(
        "F048-header-no-colon",
        "A line without a colon in the head.",
        _with_line(b"garbage"),
        UNDECIDED,
        "http.malformed",
        ("header line 1", "no colon", "garbage"),
    ),
    Row(
        "F050-header-dup-ct",
        "Two Content-Type headers that disagree.",
        plays(reply(ANSWER, "200 OK", JSON, media=HTML)),
        NO_GO,
        "contract.media_type",
        ("text/html", "application/json"),
        on=HAPPY,
    ),
)

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
        _numbered_lines(head("200 OK", JSON, CHUNKED) + chunk(ANSWER) + b"0\r\n"),
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
        place=Place(patient=True),
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

ROWS = (*SLOW, *STATUS_LINES, *HEADER_LINES, *LENGTHS, *CHUNKS)
