"""An exchange from a capture that lacks parts: whoever needs a part comes to no verdict, whoever does not need it does."""

import pytest

from chatproof.diagnosis.diagnosis import diagnose
from chatproof.judging.contract import smoke_contract
from chatproof.judging.judge import Finding, Judgement, judge
from chatproof.target import profile
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, MODEL, OTHER_HEADERS, Fault, Secret
from tests.pace import within
from tests.support import GOOD, exchange, wire
from tests.support import KEY as SENT
from tests.support import MODEL as ASKED

LISTING = GOOD["models"]
ECHO = f"200 application/json\nX-Echo: {SENT}\n\n"
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: {}\n\n: hi\n"


def judged(probe: str, reply: str | bytes | Fault, *missing: str, key: str | None = SENT) -> Judgement:
    sent = exchange(probe, wire(reply) if isinstance(reply, str) else reply)._replace(missing=frozenset(missing))
    contract = smoke_contract(profile.load("generic"))
    return judge(contract, [sent], model=ASKED, key=Secret(key) if key else None)


def found(judgement: Judgement, clause: str) -> Finding:
    return next(f for f in judgement.findings if f.clause == clause)


@pytest.mark.parametrize(
    ("missing", "key", "outcome", "reason"),
    [
        ((), SENT, "holds", ""),
        ((), None, "not_applicable", "no key was sent"),
        ((KEY,), None, "undecided", "not in the capture: the key"),
        ((HEADERS,), SENT, "undecided", "not in the capture: the headers"),
        ((OTHER_HEADERS,), SENT, "undecided", "not in the capture: all of the headers"),
        ((BODY,), SENT, "undecided", "not in the capture: the body"),
        ((END,), SENT, "undecided", "not in the capture: the end of the body"),
    ],
)
def test_that_the_key_does_not_come_back_needs_all_of_a_reply(
    missing: tuple[str, ...], key: str | None, outcome: str, reason: str
) -> None:
    finding = found(judged("happy", GOOD["happy"], *missing, key=key), "secret.not_reflected")
    assert (finding.outcome, finding.reason) == (outcome, reason)


@pytest.mark.parametrize("missing", [(), (BODY, END), (END,), (OTHER_HEADERS,)])
def test_that_the_key_came_back_needs_only_the_part_that_holds_it(missing: tuple[str, ...]) -> None:
    judgement = judged("happy", ECHO, *missing)
    finding = found(judgement, "secret.not_reflected")
    assert (finding.outcome, finding.observed) == ("broken", "the key is in: header X-Echo (plain)")
    assert "secret.reflected" in [d.code for d in diagnose(judgement)]


def test_a_listing_says_nothing_of_a_model_that_is_not_known() -> None:
    assert found(judged("models", LISTING), "model.listed").outcome == "holds"
    finding = found(judged("models", LISTING, MODEL), "model.listed")
    assert (finding.outcome, finding.reason) == ("undecided", "not in the capture: the requested model")


def test_what_stopped_an_exchange_is_named_even_where_its_body_is_not_held() -> None:
    told = diagnose(judged("happy", CUT_SHORT))[0]
    assert (told.code, told.evidence[1:]) == ("http.incomplete_body", ("the stream so far: 1 event, 1 comment",))
    assert [d.code for d in diagnose(judged("happy", CUT_SHORT, BODY, END))] == ["http.incomplete_body"]


def test_what_was_stopped_by_something_else_is_blamed_on_nothing_that_it_said() -> None:
    """A capture may name a fault that no row knows: half a reply is then no reason to speak of its JSON or status."""
    for status, body in ((200, '{"choices":[{"mess'), (418, "{}")):
        whole = exchange("happy", wire(f"{status} application/json\n\n{body}"))
        stopped = whole._replace(fault=Fault("net.other", "body", "the capture says so"))
        judgement = judge(smoke_contract(profile.load("generic")), [stopped], model=ASKED, key=Secret(SENT))
        (found,) = diagnose(judgement)
        assert (found.code, found.owner) == ("limit.unobserved", "unknown")


# --- a key that is a word ---


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("ollama", True), ("EMPTY", True), ("lm-studio", True), ("sk-no-key-required", True), ("not_needed", True),
        ("123456", True), ("x" * 19, True), ("x" * 20, False), ("sk-12345", False), ("token-abc123", False), (SENT, False),
    ],
)  # fmt: skip
def test_what_stands_in_a_reply_by_accident_is_no_reflection(value: str, word: bool) -> None:
    reply = GOOD["happy"].replace("pong", f"{value} says pong")
    assert found(judged("happy", reply, key=value), "secret.not_reflected").outcome == (
        "not_applicable" if word else "broken"
    )


def test_a_key_among_a_hundred_thousand_names_of_a_stream_is_found_quickly() -> None:
    half = len(SENT) // 2
    events = [",".join(f'"n{event}_{at}":"x"' for at in range(20)) for event in range(5000)]
    events += [f'"last":"{SENT[:half]}"', f'"last":"{SENT[half:]}"']
    stream = "200 text/event-stream\n\n" + "".join(f"data: {{{event}}}\n\n" for event in events)
    with within(2):
        finding = found(judged("stream", stream), "secret.not_reflected")
        assert finding.outcome == "broken" and "split over several" in finding.observed
