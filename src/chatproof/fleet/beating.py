"""Which targets are due, by the monitor's schedule: spread over the period, the same in every process that asks."""

import heapq
from collections.abc import Iterable

from chatproof.fleet.batches import slot_of
from chatproof.monitoring.schedule import upcoming


class Due:
    """The turns of targets from a moment on (seconds since 1970); those before it are not caught up with."""

    def __init__(self, names: Iterable[str], every: float, after: float) -> None:
        self._every = every
        self._plan(names, after)

    def _plan(self, names: Iterable[str], after: float) -> None:
        turns = ((name, upcoming(name, self._every, after)) for name in names)
        self._turns = [(found.due, found.number, name) for name, found in turns]
        heapq.heapify(self._turns)

    def take(self, now: float) -> dict[str, list[str]]:
        """By slot, the names of the targets whose turn has come. A slot is named by the beginning of its period."""
        found: dict[str, list[str]] = {}
        if self._turns and self._turns[0][0] > now + 3 * self._every:  # the clock was ahead, and went back
            self._plan([name for _, _, name in self._turns], now)
        while self._turns and self._turns[0][0] <= now:
            _, number, name = self._turns[0]
            found.setdefault(slot_of(number * self._every), []).append(name)
            following = upcoming(name, self._every, now, number)
            heapq.heapreplace(self._turns, (following.due, following.number, name))
        return found

    def next(self) -> float:
        """When the next turn comes."""
        return self._turns[0][0]
