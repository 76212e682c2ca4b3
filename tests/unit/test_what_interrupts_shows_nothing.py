"""What raises in the midst of our work (a time limit's signal, a cancellation, a bug) shows no key by the frames' locals.

Crash reporters, `rich`, loguru and `pytest -l` print those. Celery's soft limits, pytest-timeout and a handler of
SIGALRM raise wherever the program happens to be.
"""

from __future__ import annotations

import asyncio
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

import chatproof
from chatproof import Secret, Settings, Target, aio, judge_bytes, simulator
from chatproof.record import document
from chatproof.secrets import key_check, packed, redaction, windows

CANARY = "Zq8Lw3Rt6Yp1Xs9Vb4Nm7Kd2Hg5Jf0Qa"
KEY = f"sk-proj-{CANARY}"
REPLY = b'HTTP/1.1 401 No\r\nContent-Type: application/json\r\n\r\n{"error": {"message": "no key %b"}}'


class Late(BaseException):
    """As a signal's handler raises it."""


def raises(*args: Any, **named: Any) -> Any:
    raise Late("too late")


def shown(error: BaseException) -> str:
    """What a crash reporter prints of it, but for the frames of this file."""
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def holds_it(text: str) -> bool:
    return any(CANARY[at : at + 8] in text for at in range(len(CANARY) - 7))


def nothing_is_remembered() -> None:
    for kept in (redaction._encoded, redaction._needles, redaction.redactor):
        kept.cache_clear()


@pytest.fixture
def server() -> Iterator[simulator.Simulator]:
    made = simulator.start(key=Secret(KEY))
    nothing_is_remembered()
    yield made
    made.stop()


def target(server: simulator.Simulator) -> Target:
    return Target(server.base_url, model="simulator-mini", key=Secret(KEY))


WAYS: dict[str, Callable[[simulator.Simulator], Any]] = {
    "smoke": lambda server: chatproof.smoke(target(server)),
    "validate": lambda server: chatproof.validate(target(server)),
    "asyncio": lambda server: asyncio.run(aio.smoke(target(server))),
    "compare": lambda server: asyncio.run(aio.compare(target(server), target(server), settings=Settings())),
}
PLACES = {
    "forms of the key": (packed, "base85"),
    "the key's check": (key_check, "check"),
    "looking for the key": (windows.Windows, "hits"),
    "the document": (document, "build"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_no_frame_is_shown(way: str, place: str, server: simulator.Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLACES[place], raises)
    with pytest.raises(Late, match="too late") as caught:
        WAYS[way](server)
    text = shown(caught.value)
    assert not holds_it(text) and "its frames are left out" in text


def test_nor_what_a_capture_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "build", raises)
    with pytest.raises(Late) as caught:
        judge_bytes(REPLY % KEY.encode())
    assert not holds_it(shown(caught.value))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(3))
def test_at_any_line(seed: int, server: simulator.Simulator) -> None:
    chance, found = random.Random(seed), []
    for _ in range(60):
        left = [chance.randint(1, 25_000)]

        def trace(frame: FrameType, event: str, arg: object, left: list[int] = left) -> Any:
            ours = "chatproof" in frame.f_code.co_filename and "simulator" not in frame.f_code.co_filename
            if event == "line" and ours and frame.f_code.co_name not in ("placed", "without_frames"):
                left[0] -= 1
                if left[0] == 0:
                    raise Late
            return trace

        nothing_is_remembered()
        asked = target(server)
        sys.settrace(trace)
        try:
            chatproof.smoke(asked)
        except Late as error:
            sys.settrace(None)
            found += [shown(error)] if holds_it(shown(error)) else []
        finally:
            sys.settrace(None)
    assert not found
