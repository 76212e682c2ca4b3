"""Runs of the APIs beside chat in which another reply comes: what tests/unit/test_api_runs.py judges."""

from __future__ import annotations

from typing import NamedTuple

from chatproof.contract.clause import Example
from chatproof.wire.exchange import Fault
from tests.support import from_example

JSON, HTML, SSE = "application/json", "text/html", "text/event-stream"
Reply = Example | Fault | bytes


class Row(NamedTuple):
    """A run of an API: what comes in the place of the good replies, by probe; "*": to all but the plain request. None:
    the probe is not sent. Of a `brief` one only what does not simply hold is told."""

    api: str
    name: str
    replies: dict[str, Reply | None]
    no_auth: bool = False
    required: tuple[str, ...] = ()
    brief: bool = False


def says(status: int, body: bytes, media: str = JSON) -> Example:
    return Example(status, media, body)


def error(status: int, message: str, type: str = "invalid_request_error") -> Example:
    return says(status, b'{"type":"error","error":{"type":"%s","message":"%s"}}' % (type.encode(), message.encode()))


def cut_off(example: Example) -> bytes:
    """The reply whose connection breaks before the last of the bytes that it announces, after all that is needed."""
    announced = b"Content-Length: %d" % len(example.body)
    whole = from_example(example)
    assert announced in whole
    return whole.replace(announced, b"Content-Length: %d" % (len(example.body) + 9))
