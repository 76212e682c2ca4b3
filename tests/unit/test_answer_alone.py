"""What stands beside an answer in its text, and what only looks like it."""

from __future__ import annotations

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, SMOKE, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.answer_alone import around_answer, beside_answer
from chatproof.surfaces.messages import examples as messages
from chatproof.target import profile
from chatproof.wire.exchange import Fault, Secret
from tests.support import exchange, from_example

PROMPT = "Say one word."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"\n {PROMPT} pong", "it begins with the request"),
        (f" {PROMPT} ", ""),
        ("pong</s> \n\n", "it ends with </s>"),
        (f"pong<|{'a' * 20}|>", f"it ends with <|{'a' * 20}|>"),
        (f"pong<|{'a' * 21}|>", ""),  # longer than any template's
        (f"pong<|{'a' * 40}|>", ""),
    ],
)
def test_what_stands_around_an_answer(text: str, said: str) -> None:
    found = around_answer(text, PROMPT)
    assert found.startswith(said) and bool(found) == bool(said)


@pytest.mark.parametrize(
    ("text", "is_twice"),
    [
        (" pongpong\n", True),
        ("po ngpo ng", True),
        ("pon gpon g", True),
        ("p ongp ong", True),
        ("abcabc", False),
        ("pongping", False),
        ("pong.pong.", False),
        ("-pong-pong", False),
    ],
)
def test_an_answer_is_there_twice_where_nothing_stands_between(text: str, is_twice: bool) -> None:
    assert bool(beside_answer(text, PROMPT)) == is_twice


def of_messages(
    id: str, streamed: Example, plain: Example | Fault | None, *, cut: Fault | None = None
) -> tuple[str, str]:
    surface = surface_of("messages")
    replies = {"stream": Reply(exchange("stream", from_example(streamed), api="messages"))}
    if plain is not None:
        sent = from_example(plain) if isinstance(plain, Example) else plain
        cut = plain if isinstance(plain, Fault) else cut
        replies[surface.control] = Reply(exchange(surface.control, sent, api="messages")._replace(fault=cut))
    context = Context(profile.load("generic"), "m", Secret("sk-alone-0123456789"), replies, surface)
    found = surface.clauses(SMOKE)[id].judge(replies["stream"], context)
    return found.outcome, found.reason


MARKED = messages.of_text("pong", "</s>")


@pytest.mark.parametrize(
    ("plain", "outcome", "reason"),
    [
        (messages.with_content(b'[{"type":"text","text":"pong</s>"}]'), NOT_APPLICABLE, "the plain reply has the same"),
        (messages.GOOD, BROKEN, ""),
        (None, BROKEN, ""),
        (Fault("net.reset", "body", "reset"), BROKEN, ""),
    ],
)
def test_what_the_plain_reply_has_too_is_told_once(plain: Example | Fault | None, outcome: str, reason: str) -> None:
    assert of_messages("messages.stream.answer_alone", MARKED, plain) == (outcome, reason)


def test_a_plain_reply_that_was_cut_off_excuses_nothing() -> None:
    marked = messages.with_content(b'[{"type":"text","text":"pong</s>"}]')
    cut = Fault("http.incomplete_body", "body", "cut off")
    assert of_messages("messages.stream.answer_alone", MARKED, marked, cut=cut)[0] == BROKEN


def test_a_stream_that_is_the_answer_alone_is_well_whatever_the_plain_reply_is() -> None:
    marked = messages.with_content(b'[{"type":"text","text":"pong</s>"}]')
    assert of_messages("messages.stream.answer_alone", messages.STREAMED, marked) == (HOLDS, "")


def test_a_stream_is_not_compared_with_a_plain_text_that_has_more_than_the_answer() -> None:
    twice = messages.with_content(b'[{"type":"text","text":"pongpong"}]')
    assert of_messages("messages.stream.whole_text", messages.of_text("pong", "pon"), twice) == (
        NOT_APPLICABLE, "the plain reply's text is more than its answer"
    )  # fmt: skip
