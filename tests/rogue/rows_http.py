"""Rows of HTTP/1.1: time, informational replies, status lines, header lines, framing."""

from __future__ import annotations

from collections.abc import Iterable

from tests.rogue.row import GO, HAPPY, NO_GO, UNDECIDED, Act, Row, Script, Step, Turn, plays
from tests.rogue.scripts import every, numbered_lines
from tests.rogue.wire import ANSWER, GOOD, HTML, JSON, REFUSAL, completion, error, head, reply

ESC, BEL = b"\x1b", b"\x07"
CHUNKED = "Transfer-Encoding: chunked"
_103 = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"


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


SLOW = (
    Row(
        "F022-slow-body",
        "100000 bytes are announced; one space comes each second.",
        every(1, head("200 OK", JSON, "Content-Length: 100000"), b" "),
        UNDECIDED,
        "limit.deadline",
        ("body", "still receiving after 2.5 s", "3 of 100000 bytes"),
        timeout=2.5,
    ),
    Row(
        "F024-1xx-flood-slow",
        "One 103 each second, for ever.",
        every(1, b"", _103),
        UNDECIDED,
        "limit.deadline",
        ("headers", "still receiving after 2.5 s"),
        timeout=2.5,
    ),
    Row(
        "F024-1xx-flood-slow",
        "103 without pause, for ever.",
        every(0, b"", _103 * 100),
        UNDECIDED,
        "limit.size",
        ("more than 8 informational replies",),
        case="fast",
    ),
    Row(
        "F025-100-unasked",
        "A 100 Continue that nobody asked for.",
        _before_good(head("100 Continue")),
        GO,
        says=("100",),
    ),
    Row(
        "F026-103-then-200",
        "A 103 with a Link header comes first.",
        _before_good(_103),
        GO,
        never=('"status": 103',),
        says=("103",),
    ),
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
    Row(
        "F030-status-noreason", "No reason phrase, and no space before it.", _status_line(b"HTTP/1.1 200"), GO, on=HAPPY
    ),
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
        numbered_lines(b"HTTP/1.1 200 OK\r\n"),
        UNDECIDED,
        "limit.size",
        ("header block exceeds 65536 bytes",),
    ),
    Row(
        "F042-header-nul",
        "NUL in a header's value.",
        _with_line(b"X-A: a\0b"),
        UNDECIDED,
        "http.malformed",
        ("header", "X-A"),
    ),
    Row(
        "F043-header-ansi",
        "Terminal escapes in a header's value; the body is good.",
        _with_line(b"X-A: " + ESC + b"]0;PWNED" + BEL + ESC + b"[2J"),
        UNDECIDED,
        "http.malformed",
        ("header",),
        why="RFC 9110 section 5.5 calls such a value invalid; Python's clients take it, Node's (llhttp, as here) throw",
        loud=True,
    ),
    Row(
        "F043-header-ansi",
        "A C1 control (CSI in one byte), which header values may hold, in a header that the record keeps.",
        _with_line(b"X-Request-Id: \x9b31mPWNED"),
        GO,
        says=("\\x9b31mPWNED",),
        case="c1",
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

ROWS = (*SLOW, *STATUS_LINES, *HEADER_LINES)
