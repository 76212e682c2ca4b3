"""Whose turn it is in an event loop that carries many exchanges."""

import asyncio
import collections
import weakref
from typing import Any


class Turns:
    """Lets one waiter go on in each round of a loop: between two of them the loop looks at its sockets.

    Else a hundred replies that came together would be worked on in one go, and what comes meanwhile would be seen, and
    timed, only after that.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._waiting: collections.deque[tuple[asyncio.Future[Any], object]] = collections.deque()
        self._is_called = False

    def wake(self, waiter: "asyncio.Future[Any]", answer: object) -> None:
        """Give the waiter its answer when its turn has come; an OSError is raised there."""
        self._waiting.append((waiter, answer))
        if not self._is_called:
            self._is_called = True
            self._call_soon(self._next)

    def _next(self) -> None:
        is_given = False
        while self._waiting and not is_given:
            waiter, answer = self._waiting.popleft()
            is_given = not waiter.done()
            if is_given and isinstance(answer, OSError):
                waiter.set_exception(answer)
            elif is_given:
                waiter.set_result(answer)
        self._is_called = bool(self._waiting)
        if self._is_called:
            self._call_soon(self._next)


_turns: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Turns]]" = weakref.WeakKeyDictionary()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """The turns of this loop, which last as long as somebody has them: they hold the loop, so that a place that held
    them would keep each loop for ever."""
    known = _turns.get(loop)
    found = known() if known is not None else None
    if found is None:
        found = Turns(loop)
        _turns[loop] = weakref.ref(found)
    return found
