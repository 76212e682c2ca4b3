"""A burst: several paid requests that leave at the same moment, and what of it is sent once more, alone.

What a burst is refused for (429, 5xx, a dropped connection) says nothing of the request itself: that exchange is kept
under the name of a copy, and the probe is sent again.
"""

from typing import TYPE_CHECKING

from chatproof.contract.probe import BURST
from chatproof.contract.surface import copy_of
from chatproof.evidence.reply import Reply
from chatproof.running.dispatch import Pause
from chatproof.running.plan import LeftOut

if TYPE_CHECKING:
    from chatproof.running.dispatch import Waves
    from chatproof.running.scheduler import Sending
    from chatproof.wire.exchange import Exchange

PAUSE = 1.0  # seconds before a throttled request is sent again, if the server does not say
LONGEST_PAUSE = 10.0  # a server that wants more is not waited for


def steps(sending: "Sending", group: list[str]) -> "Waves[None]":
    """All at the same moment; what fails in the crowd is sent again alone, and the rest goes one by one."""
    group = sending.within_budget(group)
    sent: list[Exchange] = []
    yield sending.wave(group, sending.transport._replace(at_once=0), sent)
    again: list[str] = []
    pause = 0.0
    for exchange in sent:
        marked = exchange._replace(together=len(group))
        reply = Reply(exchange, sending.memory)
        if reply.complete and reply.status != 429 and reply.status < 500:
            sending.exchanges.append(marked)
            continue
        name = exchange.probe
        if sending.rows[name].role != BURST:
            again.append(name)
            name = copy_of(name)
            sending.rows[name] = sending.surface.known(name)
            sending.planned[name] = exchange.request
        sending.exchanges.append(marked._replace(probe=name, id=f"{exchange.id}b"))
        pause = max(pause, patience(reply) if reply.status == 429 else 0.0)
    if again:
        sending.transport = sending.transport._replace(at_once=1)
        yield from _again(sending, again, pause)


def _again(sending: "Sending", group: list[str], pause: float) -> "Waves[None]":
    if pause > LONGEST_PAUSE:
        reason = f"throttled: the server asks to wait {pause:g} s, longer than this run waits"
        sending.not_sent.update(dict.fromkeys(group, reason))
        return
    most = sending.settings.max_requests
    left = [probe for probe in sending.planned if sending.rows[probe].role != BURST]
    waiting = len(left) - len({exchange.probe for exchange in sending.exchanges} & set(left)) - len(group)
    room = most - len(sending.exchanges) - waiting if most else len(group)
    allowed = group[: max(room, 0)]
    for probe in group[len(allowed) :]:
        sending.not_sent[probe] = LeftOut(f"throttled (429); not sent again because of --max-requests {most}")
    if pause:
        yield Pause(pause)
    yield from sending.ask(allowed)


def patience(reply: Reply) -> float:
    """Seconds that a 429 asks for, in Retry-After; a date or none at all: the usual."""
    value = reply.header(b"retry-after")
    plain = value.replace(".", "", 1)
    return float(value) if plain.isascii() and plain.isdigit() else PAUSE
