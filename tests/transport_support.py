"""Both drivers of the transport behind one call; and steps carried out without a socket."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from chatproof.transport import aio, blocking, resolver, unverified_peer
from chatproof.transport.steps import KeepAliveRequest, Options, Send
from chatproof.wire.exchange import Exchange, Request

T = TypeVar("T")
DRIVERS = ("blocking", "asyncio", *(("uvloop",) if importlib.util.find_spec("uvloop") else ()))


def run_loop(driver: str, steps: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new loop of this driver."""
    if driver == "asyncio":
        return asyncio.run(steps)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(steps)


def send_by(driver: str, request: Request, probe: str, id: str, options: Options) -> Exchange:
    """One exchange, by a driver's name."""
    return send_in_turn_by(driver, [KeepAliveRequest(request, probe, id)], options)[0]


def send_in_turn_by(driver: str, legs: Sequence[KeepAliveRequest], options: Options) -> list[Exchange]:
    """Exchanges on one connection, by a driver's name."""
    if driver == "blocking":
        return blocking.send_in_turn(legs, options, resolver.Resolver())

    async def send() -> list[Exchange]:
        return await aio.send_in_turn(legs, options, aio.Resolver())

    return run_loop(driver, send())


def looked(host: str, talk: Callable[[bytes], bytes]) -> str:
    """What a look at an unverified peer finds; `talk` gets what is sent and returns what comes back."""
    steps = unverified_peer.look(host, math.inf, time.monotonic)
    answer: object = None
    came = b""
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Send):
                came, answer = talk(step.data()), None
            else:
                answer = (came, time.monotonic())
    except StopIteration as end:
        assert isinstance(end.value, str)
        return end.value
