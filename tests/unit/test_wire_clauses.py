"""The clauses that judge how a reply came, not what it says: arrival times, and a connection used again."""

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, VALIDATE, Context, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import clauses
from chatproof.target import profile
from chatproof.wire.exchange import Arrival, Exchange, Fault
from tests.support import COMPLETION, exchange, wire

CLAUSES = clauses.load(VALIDATE)
EVENT = 'data: {"choices":[{"index":0,"delta":{"content":"1"}}]}\n\n'


def judged(id: str, *exchanges: Exchange) -> Outcome:
    replies = {one.probe: Reply(one) for one in exchanges}
    return CLAUSES[id].judge(
        Reply(exchanges[0]), Context(profile.load("generic"), "m", None, replies, surface_of("chat"))
    )


def streamed(events: int, *at_ms: float) -> Exchange:
    made = exchange("stream.usage", wire("200 text/event-stream\n\n" + EVENT * events + "data: [DONE]\n\n"))
    assert made.response is not None
    pieces = tuple(Arrival(at, 100) for at in at_ms)
    return made._replace(response=made.response._replace(arrivals=pieces))


@pytest.mark.parametrize(
    ("events", "at_ms", "outcome"),
    [
        (60, (1900.0,), BROKEN),  # everything in one go, after two seconds
        (60, (1900.0, 1902.0, 1904.0), BROKEN),  # in three, all at the end
        (60, tuple(float(ms) for ms in range(900, 1500, 10)), HOLDS),  # a slow start, then piece by piece
        (60, (5.0, 1400.0), HOLDS),  # something came at once
        (60, (5.0, 300.0), HOLDS),
        (60, (5.0, 290.0), NOT_APPLICABLE),
        (60, (5.0,), NOT_APPLICABLE),  # a fast model and a short answer
        (60, (900.0,), NOT_APPLICABLE),  # so late a busy machine of ours may be by itself
        (60, (1000.0,), BROKEN),
        (10, (1900.0,), NOT_APPLICABLE),  # too few events
        (60, (), NOT_APPLICABLE),
    ],
)
def test_incremental(events: int, at_ms: tuple[float, ...], outcome: str) -> None:
    found = judged("stream.incremental", streamed(events, *at_ms))
    assert found.outcome == outcome
    if outcome == BROKEN:
        assert f"{len(at_ms)} pieces" in found.observed and f"{at_ms[0]:.0f} ms" in found.observed, (
            "its evidence is the times"
        )


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


GOOD = wire('200 application/json\n\n{"choices":[{"message":{"content":"pong"}}]}')
LIMITED = wire('429 application/json\n\n{"error":{"message":"slow down"}}')
FAILED = wire("503 text/html\n\n<p>")
CLOSED = Fault("net.closed", "first_byte", "closed")


def crowd(*members: tuple[str, bytes | Fault]) -> Outcome:
    """The clause on a happy path, a burst of these, and the probes that were sent again alone."""
    made = [exchange("happy", GOOD)]
    for probe, reply in members:
        alone = probe == "tools"
        made.append(exchange(probe, reply)._replace(together=0 if alone else 5))
    return judged("operations.burst", *made)


@pytest.mark.parametrize(
    ("members", "outcome", "words"),
    [
        ((), NOT_APPLICABLE, ""),
        ((("stop", GOOD), ("unicode", GOOD)), HOLDS, "2 answered, 0 refused with 429"),
        ((("stop", GOOD), ("burst.tools", LIMITED), ("tools", GOOD)), HOLDS, "1 answered, 1 refused with 429"),
        ((("stop", GOOD), ("burst.tools", FAILED), ("tools", GOOD)), BROKEN, "1 lost (HTTP 503)"),
        ((("stop", GOOD), ("burst.tools", CLOSED), ("tools", GOOD)), BROKEN, "1 lost (net.closed)"),
        # It fails alone, too: the crowd is not to blame.
        ((("stop", GOOD), ("burst.tools", FAILED), ("tools", FAILED)), HOLDS, ""),
    ],
)
def test_burst(members: tuple[tuple[str, bytes | Fault], ...], outcome: str, words: str) -> None:
    found = crowd(*members)
    assert found.outcome == outcome and words in found.observed


NAMELESS = wire('200 application/json\n\n{"choices":[{"index":0,"message":{"role":"assistant","content":"pong"}}]}')


@pytest.mark.parametrize(
    ("probe", "happy", "outcome"),
    [
        ("tools", wire(f"200 application/json\n\n{COMPLETION}"), BROKEN),
        ("tools", NAMELESS, NOT_APPLICABLE),  # said once, of the plain one
        ("error.missing_model", wire(f"200 application/json\n\n{COMPLETION}"), NOT_APPLICABLE),
        ("auth.invalid_key", wire(f"200 application/json\n\n{COMPLETION}"), NOT_APPLICABLE),
        ("happy", NAMELESS, NOT_APPLICABLE),
    ],
)
def test_envelope_elsewhere(probe: str, happy: bytes, outcome: str) -> None:
    replies = (exchange(probe, NAMELESS), *([] if probe == "happy" else [exchange("happy", happy)]))
    assert judged("envelope.elsewhere", *replies).outcome == outcome


def test_envelope_elsewhere_says_absent_of_what_a_streams_chunk_lacks() -> None:
    nameless = wire(
        '200 text/event-stream\n\ndata: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'
    )
    found = judged("envelope.elsewhere", exchange("stream.usage", nameless))
    assert (found.outcome, found.at, found.observed) == (BROKEN, "$.object", "absent")


@pytest.mark.parametrize(("left_open", "outcome"), [(True, BROKEN), (False, HOLDS)])
def test_a_stream_that_leaves_its_connection_open_is_told(left_open: bool, outcome: str) -> None:
    made = streamed(3)
    assert made.response is not None
    kept = made._replace(probe="stream", response=made.response._replace(left_open=left_open))
    assert judged("stream.closes", kept).outcome == outcome


@pytest.mark.parametrize(
    ("api", "done", "left_open", "outcomes"),
    [
        ("responses", b"", True, (BROKEN, HOLDS)),
        ("responses", b"", False, (HOLDS, HOLDS)),
        ("responses", b"data: [DONE]\n\n", True, (NOT_APPLICABLE, BROKEN)),
        ("responses", b"data: [DONE]\n\n", False, (HOLDS, HOLDS)),
        ("messages", b"", True, (BROKEN,)),
        ("messages", b"data: [DONE]\n\n", True, (BROKEN,)),
        ("messages", b"", False, (HOLDS,)),
    ],
)
def test_who_waits_behind_the_last_event(api: str, done: bytes, left_open: bool, outcomes: tuple[str, ...]) -> None:
    """SDKs of these APIs read to the end of the message, and those of OpenAI to [DONE]."""
    surface = surface_of(api)
    made = exchange("stream", wire("200 text/event-stream\n\ndata: {}\n\n"))
    assert made.response is not None
    response = made.response._replace(body=made.response.body + done, left_open=left_open)
    reply = Reply(made._replace(response=response))
    context = Context(profile.load("generic"), "m", None, {}, surface)
    ids = [id for id in surface.clauses(VALIDATE) if ".stream.closes" in id]
    assert tuple(surface.clauses(VALIDATE)[id].judge(reply, context).outcome for id in ids) == outcomes
