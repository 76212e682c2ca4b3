"""The system prompt of a stream: told as lost only where a plain request carries it, and the stream was sent with it."""

import json
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.running.plan import Settings
from chatproof.simulator import messages_side, responses_side
from chatproof.simulator.fault import GO, Fault, error
from chatproof.surfaces import surface_of
from chatproof.surfaces.messages.clauses.validate import unicode as messages_unicode
from chatproof.surfaces.responses.clauses.validate import unicode as responses_unicode
from chatproof.target import profile
from tests import in_process
from tests.support import exchange, from_example

FIELDS = {"responses": "instructions", "messages": "system"}
SAYS = {"responses": responses_unicode.says, "messages": messages_unicode.says}
SIDES = {"responses": responses_side.SIDE, "messages": messages_side.SIDE}


def outcome(api: str, text: int | str | Example, plain: int | None = None, *, sent: bool = True) -> tuple[str, str]:
    """Judge a holding (0) or breaking (1) stream, or one that says a text, beside a plain reply that follows the prompt
    (0), or not (1)."""
    surface, field = surface_of(api), FIELDS[api]
    streamed, heard = (surface.clauses(VALIDATE)[f"{api}.{field}.{id}"] for id in ("streamed", "heard"))
    if isinstance(text, int):
        text = (streamed.holds_on, streamed.breaks_on)[text][0]
    stream = SAYS[api](text) if isinstance(text, str) else text
    made = exchange("unicode", from_example(stream), api=api)
    if not sent:
        made = made._replace(request=made.request._replace(body=b'{"stream":true}'))
    replies = {"unicode": Reply(made)}
    if plain is not None:
        replies[field] = Reply(exchange(field, from_example((heard.holds_on, heard.breaks_on)[plain][0]), api=api))
    found = streamed.judge(replies["unicode"], Context(profile.load("generic"), "m", None, replies, surface))
    return found.outcome, found.reason


@pytest.mark.parametrize("api", FIELDS)
def test_a_rule_is_lost_only_where_it_is_kept_without_a_stream(api: str) -> None:
    assert outcome(api, 0, 0)[0] == outcome(api, 0)[0] == HOLDS
    assert outcome(api, 1, 0)[0] == outcome(api, 1)[0] == BROKEN
    for text in (0, 1):
        assert outcome(api, text, 1) == (
            NOT_APPLICABLE,
            f"not followed without a stream, either: see {api}.{FIELDS[api]}.heard",
        )
        assert outcome(api, text, 0, sent=False)[0] == NOT_APPLICABLE


@pytest.mark.parametrize("api", FIELDS)
def test_a_stream_without_a_text_says_nothing_of_the_prompt(api: str) -> None:
    for text in ("", " \n"):
        assert outcome(api, text) == (NOT_APPLICABLE, "the answer has no text")


def test_the_word_may_stand_in_the_deltas_or_in_the_last_response_alone() -> None:
    """A client shows one of the two: what is wrong with the other has clauses of its own."""
    said = SAYS["responses"]("Bravo.")
    for shown, other in ((b'"delta": "%s"', b'"text": "%s"'), (b'"text": "%s"', b'"delta": "%s"')):
        body = said.body.replace(other % b"Bravo.", other % b"I cannot.")
        assert shown % b"Bravo." in body and other % b"I cannot." in body
        assert outcome("responses", said._replace(body=body))[0] == HOLDS


@pytest.mark.parametrize("api", FIELDS)
def test_a_stream_is_asked_again_without_the_prompt_where_that_is_refused(api: str) -> None:
    """Text outside ASCII must be answered; a server without system prompts is none that refuses it."""
    field = FIELDS[api]

    def carries(turn: Any) -> bool:
        body = (
            json.loads(turn.asked.body or b"{}") if turn.asked.body[:1] == b"{" and turn.asked.body[-1:] == b"}" else {}
        )
        return bool(body.get(field)) and turn.reply.status == 200

    refuse = error(400, f"Unsupported parameter: '{field}'.", param=field, code="unsupported_parameter")
    run = in_process.run(SIDES[api], api, Fault("x", "x", "", GO, carries, refuse), Settings(kind=VALIDATE))
    found = {f["clause"]: f["outcome"] for f in run.findings}
    assert found[f"{api}.unicode.accepted"] == found[f"{api}.unicode.intact"] == HOLDS
    assert found[f"{api}.{field}.streamed"] == NOT_APPLICABLE
    assert run.verdict == GO
