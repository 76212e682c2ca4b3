"""When each target is asked. Pure: the same name, period and moment give the same answer in every process.

Time is cut into slots of one period, and each target's slots begin at a place of its own that follows from a hash of
its name: a thousand targets spread evenly without knowing of each other, and two instances agree on the number of a
slot, which is what they take turns by. Jitter moves a run within its slot, so that targets do not beat in step with
anything else that runs by the clock.
"""

from hashlib import sha256
from typing import NamedTuple

JITTER = 0.1  # of the period, to either side


class Slot(NamedTuple):
    """One turn of a target."""

    number: int
    due: float
    """When it is to be asked."""


def slot(name: str, every: float, number: int, jitter: float = JITTER) -> Slot:
    """A target's turn by its number. `jitter`: the part of the period, below 0.5, that it may move to either side."""
    middle = (number + _part(name)) * every
    return Slot(number, middle + (2 * _part(f"{name}\n{number}") - 1) * jitter * every)


def upcoming(name: str, every: float, after: float, last: int = -1, jitter: float = JITTER) -> Slot:
    """The first turn that is due after a moment, and later than the turn `last` that was taken already."""
    number = max(int(after // every) - 2, last + 1, 0)
    while (found := slot(name, every, number, jitter)).due <= after:
        number += 1
    return found


def after_a_pause(name: str, every: float, at: float, last: int, jitter: float = JITTER) -> Slot:
    """The first turn of a process that starts. Where the newest turn was missed, it is taken at once: spread over the
    shorter of a minute and a tenth of the period, so that a restart is no burst."""
    following = upcoming(name, every, at, last, jitter)
    if following.number - 1 > last:
        return Slot(following.number - 1, at + _part(f"{name}\nstart") * min(60.0, every / 10))
    return following


def _part(text: str) -> float:
    """A number from 0 to 1 that follows from a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / (1 << 48)


def runs_a_day(every: float) -> float:
    """How many turns a day has."""
    return 86400.0 / every if every else 0.0
