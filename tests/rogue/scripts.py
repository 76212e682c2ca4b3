"""Scripts that rows of several files play."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from tests.rogue.row import HAPPY, NO_GO, Row, Script, Step, Turn, Wait
from tests.rogue.wire import GOOD, reply


def numbered_lines(start: bytes) -> Script:
    """Header lines without end, in segments of a thousand."""

    def script(turn: Turn) -> Iterable[Step]:
        yield start
        for begin in count(0, 1000):
            yield b"".join(b"X-%d: a\r\n" % number for number in range(begin, begin + 1000))

    return script


def every(seconds: float, start: bytes, again: bytes) -> Script:
    """The same bytes again and again."""

    def script(turn: Turn) -> Iterable[Step]:
        yield start
        while True:
            yield again
            yield Wait(seconds)

    return script


def json_body(body: bytes | str) -> Script:
    return lambda turn: (reply(body),)


def well(turn: Turn) -> Iterable[Step]:
    """What a good server says."""
    return (GOOD[turn.probe],)


def answer(
    id: str,
    does: str,
    body: bytes,
    *says: str,
    case: str = "",
    code: str = "body.unsafe_json",
    on: tuple[str, ...] = HAPPY,
) -> Row:
    """A row where this body under 200 answers the good request, and breaks the contract."""
    return Row(id, does, json_body(body), NO_GO, code, says, case, on)
