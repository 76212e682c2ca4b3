"""Which streams besides the plain one are judged, what of them is excused, and what a text sent twice is told by."""

from __future__ import annotations

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, UNDECIDED, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import clauses
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.clauses.validate.every_stream import _DONE, _ERROR, _GOOD, _LAST, _chunk, _stream, _texts
from chatproof.target import profile
from chatproof.wire.exchange import Fault
from tests.support import exchange, from_example

CLAUSES = clauses.load(VALIDATE)
RESET = Fault("net.reset", "body", "connection reset")
ANSWER = GOOD.body


def made(probe: str, example: Example | None, fault: Fault | None = None) -> Reply:
    sent = from_example(example) if example is not None else fault
    assert sent is not None
    known = exchange(probe, sent)
    return Reply(known._replace(fault=fault))


def judged(name: str, reply: Reply, **others: Reply) -> Outcome:
    replies = {**others, reply.probe: reply}
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, replies, surface_of("chat"))
    return CLAUSES[name].judge(reply, context)


def answer(text: str) -> Reply:
    return made("happy", GOOD._replace(body=ANSWER.replace(b'"content":"pong"', b'"content":"%b"' % text.encode())))


def once(*pieces: str, plain: str | None = None, probe: str = "stream") -> Outcome:
    others = {} if plain is None else {"happy": answer(plain)}
    return judged("envelope.elsewhere.text_once", made(probe, _texts(*map(str.encode, pieces))), **others)


# -- which streams are judged ----------------------------------------------------------------------------------------

WITH_ERROR = _stream(_chunk(b'{"content":"po"}') + _ERROR)


@pytest.mark.parametrize("probe", ["stream.usage", "tools.stream", "tools", "unicode"])
def test_a_stream_is_judged_whether_it_was_asked_for_or_not(probe: str) -> None:
    assert judged("envelope.elsewhere.no_error", made(probe, WITH_ERROR)).outcome == BROKEN


@pytest.mark.parametrize("probe", ["stream", "auth.invalid_stream", "error.unknown_model"])
def test_the_plain_stream_and_refusals_have_clauses_of_their_own(probe: str) -> None:
    said = judged("envelope.elsewhere.no_error", made(probe, WITH_ERROR))
    assert said == Outcome(NOT_APPLICABLE, reason="no other stream")


@pytest.mark.parametrize(
    ("probe", "example", "expected"),
    [
        ("stream.usage", Example(200, SSE, b""), BROKEN),  # asked for, and without an event
        ("tools", Example(200, SSE, b""), NOT_APPLICABLE),
        ("stream.usage", GOOD, NOT_APPLICABLE),  # whole, and no stream
        ("stream.usage", WITH_ERROR._replace(status=299, body=b"data: x\n\n"), BROKEN),
        ("stream.usage", WITH_ERROR._replace(status=300, body=b"data: x\n\n"), NOT_APPLICABLE),
    ],
)
def test_what_is_no_stream_is_not_judged(probe: str, example: Example, expected: str) -> None:
    assert judged("envelope.elsewhere.events_parse", made(probe, example)).outcome == expected


def test_a_stream_that_breaks_off_is_undecided_unless_it_had_ended() -> None:
    name = "envelope.elsewhere.events_parse"
    whole, part = _stream(_GOOD), _stream(_GOOD.replace(_DONE, b""))
    assert judged(name, made("stream.usage", whole, RESET)).outcome == HOLDS
    assert judged(name, made("stream.usage", part, RESET)) == Outcome(
        UNDECIDED, reason="no complete response: net.reset (body)"
    )
    assert judged(name, made("stream.usage", GOOD, RESET)).outcome == UNDECIDED, "what was to come is not known"
    assert judged(name, made("stream.usage", None, RESET)).outcome == NOT_APPLICABLE, "nothing came"


# -- what the plain stream excuses -----------------------------------------------------------------------------------

NO_END, NO_REASON = _stream(_GOOD.replace(_DONE, b"")), _stream(_GOOD.replace(_LAST, b""))


def test_what_the_plain_stream_lacks_too_is_told_once() -> None:
    name = "envelope.elsewhere.finished"
    bad = made("stream.usage", NO_END)
    assert judged(name, bad).outcome == BROKEN
    assert judged(name, bad, stream=made("stream", NO_END)) == Outcome(NOT_APPLICABLE, reason="as in the plain stream")
    for other in (NO_REASON, _stream(_GOOD), GOOD):
        assert judged(name, bad, stream=made("stream", other)).outcome == BROKEN, other
    assert judged(name, bad, stream=made("stream", NO_END, RESET)).outcome == BROKEN, "its end is not known"
    assert judged(name, made("stream.usage", _stream(_GOOD)), stream=made("stream", NO_END)).outcome == HOLDS


def test_streamed_calls_have_an_end_of_their_own() -> None:
    said = judged("envelope.elsewhere.finished", made("tools.stream", NO_END))
    assert said == Outcome(NOT_APPLICABLE, reason="its own clause reports that")
    assert judged("envelope.elsewhere.finished", made("stream", NO_END)).reason == "no other stream"


# -- a text sent twice -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "plain", "how"),
    [
        (("ok", "ok"), "ok", "the last delta repeats the complete text"),
        (("o", "k", "ok"), "ok", "the last delta repeats the complete text"),
        (("a", "ab", "abc"), "abc", "each of 3 deltas repeats all the text so far"),
        (("a", "a", "b", "b"), "ab", "each of 2 deltas is sent twice"),
    ],
)
def test_beside_the_plain_answer_even_a_short_text_shows_it(pieces: tuple[str, ...], plain: str, how: str) -> None:
    said = once(*pieces, plain=plain)
    assert (said.outcome, said.observed.partition(";")[0]) == (BROKEN, how)
    assert once(*pieces).outcome == HOLDS, "alone it may be chance"
    assert once(*pieces, plain="".join(pieces)).outcome == HOLDS, "the plain answer says it as well"
    assert once(*pieces, plain=plain, probe="stream.usage").outcome == HOLDS, "the plain answer is to another request"


@pytest.mark.parametrize(
    ("pieces", "plain"),
    [
        (("o", "o"), "o"),  # one character is not enough
        (("x", "ab", "abc"), "abc"),  # only some of them go on from the one before
        (("a", "b", "b", "a"), "ab"),
        (("a", "a", "c", "c"), "ab"),
        (("a", "a", "b"), "ab"),
        (("ok", "no"), "ok"),
        (("x", "y"), ""),
        ((), "ok"),
    ],
)
def test_what_only_looks_alike_is_not_sent_twice(pieces: tuple[str, ...], plain: str) -> None:
    assert once(*pieces, plain=plain).outcome == HOLDS


@pytest.mark.parametrize(
    "pieces",
    [
        ("twelve chars", "twelve chars and more"),  # two: the second may just begin so
        ("abcdefgh", "abcdefghij", "xyzxyzxyz"),
        ("abcdefgh", "abcdefgh", "abcdefgh"),  # a song
        ("aaaa", "bbbb", "cccc", "aaaa", "bbbb", "cccc"),
        ("aaaa bbbb", "aaaa bbbb", "cccc dddd", "cccc dddd"),
    ],
)
def test_long_pieces_that_are_alike_by_chance(pieces: tuple[str, ...]) -> None:
    assert once(*pieces).outcome == HOLDS


def test_long_pieces_in_pairs_are_told() -> None:
    said = once("aaaa", "aaaa", "bbbb", "bbbb", "cccc", "cccc")
    assert (said.outcome, said.observed.partition(";")[0]) == (BROKEN, "each of 3 deltas is sent twice")


@pytest.mark.parametrize(
    ("probe", "status"), [("error.unknown_model", 200), ("auth.invalid_stream", 200), ("stream", 201)]
)
def test_a_text_of_a_refusal_is_not_looked_at(probe: str, status: int) -> None:
    twice = _texts(*(b"123456789"[:n] for n in range(1, 10)))._replace(status=status)
    assert judged("envelope.elsewhere.text_once", made(probe, twice)).outcome == NOT_APPLICABLE


# -- a text that counts ----------------------------------------------------------------------------------------------


def _counting(*numbers: int, ends: tuple[bytes, ...]) -> Example:
    body = b"".join(_chunk(b'{"content":"%d, "}' % n) for n in numbers)
    return _stream(body + b"".join(_chunk(b"{}", e) for e in ends) + _DONE)


def counted(*numbers: int, ends: tuple[bytes, ...] = (b'"stop"',)) -> Outcome:
    return judged("stream.text_whole", made("stream.usage", _counting(*numbers, ends=ends)))


def test_a_count_is_judged_by_its_first_and_its_last_number() -> None:
    assert counted(*range(1, 61)).outcome == HOLDS
    assert counted(*range(1, 59)).outcome == BROKEN
    assert counted(*range(1, 59), ends=(b'"stop"', b'"length"')).outcome == BROKEN, "the first reason counts"
    assert counted(*range(1, 59), ends=(b'"length"',)).outcome == BROKEN, "it was cut by a limit that nobody sent"
    assert counted(*range(1, 61), ends=(b'"length"',)).outcome == HOLDS, "it came to its end all the same"
    assert counted(*range(1, 30), *range(31, 61)).outcome == NOT_APPLICABLE, "the model left one out"


def test_a_count_that_is_cut_by_a_limit_that_was_sent_is_whole() -> None:
    reply = made("stream.usage", _counting(*range(1, 59), ends=(b'"length"',)))
    for sent, outcome in ((b'{"max_tokens":80}', HOLDS), (b'{"max_completion_tokens":80}', HOLDS), (b"", HOLDS)):
        request = reply.exchange.request._replace(body=sent)
        assert judged("stream.text_whole", Reply(reply.exchange._replace(request=request))).outcome == outcome, sent


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ([*(f"{n}, " for n in range(1, 61)), "60, "], BROKEN),
        ([*(f"{n}, " for n in range(1, 31)), *(f"{n}, " for n in range(30, 61))], BROKEN),
        ([*(f"{n}, " for n in range(1, 61)), "That is ", "60", " numbers."], HOLDS),
        ([*(f"{n}, " for n in range(1, 60)), "60", ", ", "60"], HOLDS),
        ([*",".join(map(str, range(1, 61)))], HOLDS),
    ],
    ids=["the last twice", "one in the middle", "told in words", "the model's own", "digit by digit"],
)
def test_a_piece_is_sent_twice_only_where_the_pieces_are_alike(pieces: list[str], outcome: str) -> None:
    assert judged("stream.text_whole", made("stream.usage", _texts(*map(str.encode, pieces)))).outcome == outcome
