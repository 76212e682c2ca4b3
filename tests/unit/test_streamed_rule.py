"""The system prompt of a stream: told as lost only where a plain request carries it, and the stream was sent with it."""

import json
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context
from chatproof.evidence.reply import Reply
from chatproof.running.plan import Settings
from chatproof.simulator import messages_side, responses_side
from chatproof.simulator.fault import GO, Fault, error
from chatproof.surfaces import surface_of
from chatproof.target import profile
from tests import in_process
from tests.support import exchange, from_example

FIELDS = {"responses": "instructions", "messages": "system"}
SIDES = {"responses": responses_side.SIDE, "messages": messages_side.SIDE}


def outcome(api: str, text: int, plain: int | None = None, *, sent: bool = True) -> tuple[str, str]:
    """Judge a holding (0) or breaking (1) stream beside a plain reply that follows the prompt (0), or not (1)."""
    surface, field = surface_of(api), FIELDS[api]
    streamed, heard = (surface.clauses(VALIDATE)[f"{api}.{field}.{id}"] for id in ("streamed", "heard"))
    made = exchange("unicode", from_example((streamed.holds_on, streamed.breaks_on)[text][0]), api=api)
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
def test_a_stream_is_asked_again_without_the_prompt_where_that_is_refused(api: str) -> None:
    """Text outside ASCII must be answered; a server without system prompts is none that refuses it."""
    field = FIELDS[api]

    def carries(turn: Any) -> bool:
        body = (
            json.loads(turn.asked.body or b"{}") if turn.asked.body[:1] == b"{" and turn.asked.body[-1:] == b"}" else {}
        )
        return isinstance(body.get(field), str) and turn.reply.status == 200

    refuse = error(400, f"Unsupported parameter: '{field}'.", param=field, code="unsupported_parameter")
    run = in_process.run(SIDES[api], api, Fault("x", "x", "", GO, carries, refuse), Settings(kind=VALIDATE))
    found = {f["clause"]: f["outcome"] for f in run.findings}
    assert found[f"{api}.unicode.accepted"] == found[f"{api}.unicode.intact"] == HOLDS
    assert found[f"{api}.{field}.streamed"] == NOT_APPLICABLE
    assert run.verdict == GO
