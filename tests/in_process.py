"""A whole run against the simulator without a socket: every request is answered by a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatproof.contract.clause import SMOKE
from chatproof.running.dispatch import Stop, Wave
from chatproof.running.run import steps
from chatproof.simulator.fault import Turn
from chatproof.simulator.server import Incoming
from chatproof.simulator.wire import HANG, Script, message
from chatproof.target.target import Target, check
from chatproof.transport.steps import KeepAliveRequest, wire
from chatproof.wire.exchange import Exchange, Secret
from chatproof.wire.http1 import ResponseReader

if TYPE_CHECKING:
    from chatproof.record.document import Run
    from chatproof.running.plan import Settings
    from chatproof.simulator.fault import Fault
    from chatproof.simulator.wire import Side

KEY = "sk-sim-0123456789abcdef0123456789abcdef01234567"
_AT = "2026-11-22T00:00:00.000Z"


def run(side: Side, api: str, fault: Fault | None, settings: Settings) -> Run:
    """The run of a kind against an API of the simulator, with one of its faults."""
    target = Target("http://127.0.0.1:9/v1", model=side.model, key=Secret(KEY), timeout=10.0, api=api)
    making = steps(check(target), settings._replace(kind=settings.kind or SMOKE), {}, lambda started: "", Stop())
    while True:
        try:
            wave = next(making)
        except StopIteration as end:
            made: Run = end.value.run
            return made
        if isinstance(wave, Wave):
            asked = (one for group in wave.groups() for legs in group for one in legs)
            last = wave.transport.options.last_events
            wave.into.extend(_exchanged(one, side, fault, last) for one in asked)


def _exchanged(one: KeepAliveRequest, side: Side, fault: Fault | None, last: tuple[str, ...]) -> Exchange:
    reader = ResponseReader(one.request.method, last_events=last)
    data, ends = _answered(wire(one.request), side, fault)
    reader.feed(data)
    if not ends and (reader.at_end_mark or reader.at_last_event):  # as the transport does, once it has waited
        reader.settle()
    reader.eof()
    return Exchange(one.id, one.probe, _AT, one.request, reader.response(), reader.fault)


def _answered(data: bytes, side: Side, fault: Fault | None) -> tuple[bytes, bool]:
    """The bytes that the simulator sends for those of a request; whether it ends the message."""
    incoming = Incoming(KEY.encode())
    incoming.feed(data)
    ((asked, refused),) = incoming.ready
    turn = Turn(asked, refused or side.respond(asked), KEY)
    reply = fault.alter(turn) if fault and fault.when(turn) else turn.reply
    if isinstance(reply, Script):
        return b"".join(reply.pieces), reply.end != HANG
    return b"".join(message(asked, reply)), True
