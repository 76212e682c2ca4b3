"""How slow this machine is just now: what costs CPU costs more of it beside others that use the same memory."""

import gc
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET = 0.42
"""Seconds of CPU that the work below takes on a machine where the bounds were set, with nothing beside it."""
_MOST = 2.0  # what is late beyond this is late for a reason of its own
_TEXT = b"s\n" * 4_000_000
_FIND = re.compile(rb"sn|n\n")


def pace() -> float:
    """Return CPU of fixed work over texts of 8 MB against a quiet machine's: 1 where it is as quick, 2 at most."""
    begun = time.thread_time()
    for _ in range(3):
        _FIND.search(_TEXT)
        _TEXT.translate(None, b"x")
        _TEXT.decode("ascii").replace("\n", "\\n")
    return min(max((time.thread_time() - begun) / QUIET, 1.0), _MOST)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Hold what is done inside to so many seconds of CPU; where it took more, to as much more as this machine is slower."""
    gc.freeze()  # what earlier tests have left is looked at by no collection: it is no cost of what is measured
    begun = time.process_time()
    yield
    spent = time.process_time() - begun
    allowed = seconds if spent < seconds else seconds * pace()
    assert spent < allowed, f"{spent:.2f} s of CPU, where {allowed:.2f} s are allowed"
