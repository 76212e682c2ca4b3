"""Runs in one event loop: waves are sent by the asyncio driver, and what a run decides between them is done elsewhere.

For whoever sends many runs from one loop: `send_all` sends one wave and judges nothing; `carried_out` carries out a
whole run, its planning, judging and recording in a worker thread, so that the loop is never held up by it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chatproof.running.dispatch import Pause, Wave
from chatproof.transport.aio import Resolver, send_in_turn
from chatproof.transport.steps import KeepAliveRequest

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from chatproof.running.dispatch import Waves

_T = TypeVar("_T")
_R = TypeVar("_R")
CANCELLED = "cancellation"
"""What ended a run whose task was cancelled, where a record names a signal otherwise."""
_judges = ThreadPoolExecutor(1, thread_name_prefix="chatproof-judge")
"""One for all: more of them would share the same interpreter, and take turns with the loop more often."""


async def send_all(wave: Wave, resolver: Resolver) -> None:
    """Send a wave, all of a group at once; append each exchange to `wave.into` as it ends, in the order they end.

    One Resolver serves all waves of one run. Raises what went wrong on our own side (see `transport.aio`). Cancelled,
    it closes the sockets of the wave before the CancelledError leaves: `wave.into` has what was answered until then.
    """
    for group in wave.groups():
        await together([_carry(wave, legs, resolver) for legs in group])


async def together(coroutines: "Iterable[Coroutine[Any, Any, _T]]") -> list[_T]:
    """Await all of them at once; return what they return, in their order.

    The first failure, or being cancelled, cancels the others, and is raised when they have ended.
    """
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()  # does nothing to one that has ended
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, BaseException) and not isinstance(failure, asyncio.CancelledError):
            raise failure
    return [task.result() for task in tasks]


async def _carry(wave: Wave, legs: list[KeepAliveRequest], resolver: Resolver) -> None:
    await send_in_turn(legs, wave.transport.options_for(legs[0].probe), resolver, wave.into)


async def carried_out(steps: "Waves[_T]") -> _T:
    """Carry out a run: its waves here, everything between them in the worker thread. Return what the run returns.

    Cancelled, it closes the run's sockets at once and throws KeyboardInterrupt(CANCELLED) into the run, as a signal
    does elsewhere: the run concludes, and so records what was answered, before the CancelledError leaves. Cancelled
    once more, it leaves at once.
    """
    resolver = Resolver()
    thrown: BaseException | None = None
    cancelled: asyncio.CancelledError | None = None
    while True:
        try:
            wave = await _elsewhere(_advance(steps, thrown), patient=cancelled is None)
            thrown = None
        except _Cancelled as late:
            cancelled, wave = late.error, late.found
            thrown = KeyboardInterrupt(CANCELLED)
        if isinstance(wave, _Returned):
            if cancelled is not None:
                raise cancelled
            return wave.value
        if thrown is not None:
            continue
        try:
            if isinstance(wave, Pause):
                await asyncio.sleep(wave.seconds)
            else:
                await send_all(wave, resolver)
        except asyncio.CancelledError as error:
            cancelled, thrown = error, KeyboardInterrupt(CANCELLED)
        except Exception as error:
            thrown = error


class _Returned(Generic[_T]):
    """What a run returned: a StopIteration cannot leave a thread."""

    def __init__(self, value: _T) -> None:
        self.value = value


class _Cancelled(Exception):
    """The task was cancelled while the worker thread was busy for it; `found` is what that brought nevertheless."""

    def __init__(self, error: asyncio.CancelledError, found: Any) -> None:
        super().__init__()
        self.error, self.found = error, found


def _advance(steps: "Waves[_T]", thrown: BaseException | None) -> "Callable[[], Wave | Pause | _Returned[_T]]":
    def advance() -> Wave | Pause | _Returned[_T]:
        try:
            return next(steps) if thrown is None else steps.throw(thrown)
        except StopIteration as end:
            return _Returned(end.value)
        except KeyboardInterrupt:  # of a run that has nothing to conclude; it would end the loop
            raise asyncio.CancelledError from None

    return advance


async def _elsewhere(call: Callable[[], _R], *, patient: bool) -> _R:
    """Call in the worker thread. A call that has begun cannot be broken off: when cancelled, who is patient waits for
    it nevertheless (_Cancelled); who was cancelled before does not."""
    under_way = asyncio.get_running_loop().run_in_executor(_judges, call)
    try:
        return await asyncio.shield(under_way)
    except asyncio.CancelledError as error:
        if not patient:
            raise
        try:
            found = await under_way
        except Exception:
            raise error from None
        raise _Cancelled(error, found) from None
