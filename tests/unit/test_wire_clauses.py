"""The clauses that judge how a reply came, not what it says: arrival times, and a connection used again."""

import pytest

from chatproof import clauses, probes_validate, profile
from chatproof.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, VALIDATE, Context, Outcome
from chatproof.exchange import Arrival, Exchange, Fault
from chatproof.reply import Reply
from tests.support import exchange, wire

CLAUSES = clauses.load(VALIDATE)
probes_validate.load()
EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"1"}}]}\n\n'


def judged(id: str, *exchanges: Exchange) -> Outcome:
    replies = {one.probe: Reply(one) for one in exchanges}
    return CLAUSES[id].judge(Reply(exchanges[0]), Context(profile.load("generic"), "m", None, replies))


def streamed(events: int, *at_ms: float) -> Exchange:
    made = exchange("stream.usage", wire("200 text/event-stream\n\n" + EVENT * events + "data: [DONE]\n\n"))
    assert made.response is not None
    pieces = tuple(Arrival(at, 100) for at in at_ms)
    return made._replace(response=made.response._replace(arrivals=pieces))


@pytest.mark.parametrize(
    ("events", "at_ms", "outcome"),
    [
        (60, (900.0,), BROKEN),  # everything in one go, after nearly a second
        (60, (900.0, 902.0, 904.0), BROKEN),  # in three, all at the end
        (60, tuple(float(ms) for ms in range(300, 900, 10)), HOLDS),  # a slow start, then piece by piece
        (60, (5.0, 400.0), HOLDS),  # something came at once
        (60, (5.0,), NOT_APPLICABLE),  # a fast model and a short answer
        (10, (900.0,), NOT_APPLICABLE),  # too few events
        (60, (), NOT_APPLICABLE),
    ],
)
def test_incremental(events: int, at_ms: tuple[float, ...], outcome: str) -> None:
    found = judged("stream.incremental", streamed(events, *at_ms))
    assert found.outcome == outcome
    if outcome == BROKEN:
        assert f"{len(at_ms)} pieces" in found.observed and "900 ms" in found.observed, "its evidence is the times"


def test_incremental_of_no_stream_is_undecided() -> None:
    assert judged("stream.incremental", exchange("stream.usage", wire("500 text/html\n\n<p>"))).outcome == UNDECIDED


@pytest.mark.parametrize(
    ("reply", "reused", "outcome"),
    [
        (wire('200 application/json\n\n{"id":"m"}'), True, HOLDS),
        (wire("404 text/html\n\n<p>"), True, HOLDS),  # an answer is an answer
        (wire('200 application/json\n\n{"id":"m"}'), False, NOT_APPLICABLE),
        (Fault("net.closed", "first_byte", "closed"), True, BROKEN),
        (Fault("net.reset", "first_byte", "reset"), True, BROKEN),
        (Fault("net.read_timeout", "first_byte", "silent"), True, UNDECIDED),
        (Fault("net.closed", "first_byte", "closed"), False, NOT_APPLICABLE),
    ],
)
def test_keep_alive(reply: bytes | Fault, reused: bool, outcome: str) -> None:
    assert judged("operations.keep_alive", exchange("model", reply)._replace(reused=reused)).outcome == outcome
