"""When a reply that names another model is told of, and when there is another reason for the name."""

from __future__ import annotations

import pytest

from chatproof.contract.clause import BROKEN, NOT_APPLICABLE, VALIDATE, Example, Outcome
from chatproof.surfaces import surface_of
from chatproof.surfaces.answering_model import are_related
from tests.unit.test_values_that_cannot_be import JSON, judged

OF_EVERY_MAKER = (
    "base", "chat", "embed", "embedding", "embeddings", "fast", "flash", "free", "instruct", "large", "latest",
    "lite", "max", "medium", "mini", "model", "nano", "plus", "preview", "pro", "small", "text", "turbo", "v",
    "vision",
)  # fmt: skip


@pytest.mark.parametrize("word", OF_EVERY_MAKER)
def test_a_word_that_every_maker_uses_makes_no_two_models_one(word: str) -> None:
    assert not are_related(f"kimi-{word}", f"glm-{word}")
    assert are_related(f"kimi-{word}", f"{word}-kimi"), "their own word does"


def test_of_very_long_names_the_beginnings_are_compared() -> None:
    assert are_related(f"{'1' * 198}-k", f"{'2' * 198}-k")
    assert not are_related(f"{'1' * 199}-k", f"{'2' * 199}-k")


STREAMED = "stream.model_answers"
OTHER = surface_of("chat").clauses(VALIDATE)[STREAMED].breaks_on[0]
PLAIN = surface_of("chat").clauses(VALIDATE)["model.answers"].holds_on[0]
TOLD = Outcome(BROKEN, "$.model", '"m"', '"another-kind"')
UNLISTED = Outcome(NOT_APPLICABLE, reason="the model asked for is not listed: it may be a name for another one")


@pytest.mark.parametrize(
    ("what", "plain", "found"),
    [
        ("the same model", PLAIN.body, TOLD),
        ("another model, as the stream", PLAIN.body.replace(b'"model":"m"', b'"model":"another-kind"'), None),
        ("no model", PLAIN.body.replace(b'"model":"m"', b'"model":""'), TOLD),
    ],
)
def test_a_stream_is_told_of_only_where_the_plain_answer_does_better(
    what: str, plain: bytes, found: Outcome | None
) -> None:
    found = found or Outcome(NOT_APPLICABLE, reason="the plain answer names another model, too")
    assert judged("chat", STREAMED, OTHER, happy=PLAIN._replace(body=plain)) == found, what


def test_without_a_plain_answer_the_stream_is_judged_alone() -> None:
    assert judged("chat", STREAMED, OTHER) == TOLD


@pytest.mark.parametrize("api", ["chat", "responses", "messages", "embeddings"])
@pytest.mark.parametrize(
    ("listing", "found"),
    [
        (b'{"object":"list","data":[{"id":"m"}]}', TOLD),
        (b'{"object":"list","data":[{"id":"fine"}]}', UNLISTED),
        (b'{"error":{"message":"no such path"}}', UNLISTED),
    ],
)
def test_whoever_is_not_listed_may_be_another_ones_name(api: str, listing: bytes, found: Outcome) -> None:
    id = "model.answers" if api == "chat" else f"{api}.model.answers"
    other = surface_of(api).clauses(VALIDATE)[id].breaks_on[0]
    assert judged(api, id, other, models=Example(200, JSON, listing)) == found
