"""Rules in items of the input, and results in blocks: told as lost only where the request had them, and where nothing
else explains it."""

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.garbled import is_escaped
from chatproof.surfaces.messages.examples import GOOD as MESSAGE
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.target import profile
from tests.support import exchange, from_example

PROBES = {"developer": "codex", "system": "everyday"}


def judged(id: str, probe: str, example: Example, plain: Example | None = None, *, body: bytes = b"") -> str:
    """Judge a reply to a probe, or to a request of another body, beside a reply to `instructions`."""
    api = id.partition(".")[0]
    surface = surface_of(api)
    made = exchange(probe, from_example(example), api=api)
    if body:
        made = made._replace(request=made.request._replace(body=body))
    replies = {probe: Reply(made)}
    if plain is not None:
        replies["instructions"] = Reply(exchange("instructions", from_example(plain), api=api))
    context = Context(profile.load("generic"), "m", None, replies, surface)
    return surface.clauses(VALIDATE)[id].judge(replies[probe], context).outcome


@pytest.mark.parametrize(("role", "probe"), PROBES.items())
def test_a_rule_is_lost_only_where_instructions_are_followed(role: str, probe: str) -> None:
    id = f"responses.roles.{role}"
    unheard = altered(b'"text":"pong"', b'"text":"Hello!"')
    assert judged(id, probe, GOOD) == judged(id, probe, GOOD, GOOD) == BROKEN
    assert judged(id, probe, GOOD, unheard) == NOT_APPLICABLE
    assert judged(id, probe, altered(b'"text":"pong"', b'"text":"bravo pong"'), GOOD) == HOLDS
    assert judged(id, probe, GOOD, GOOD, body=b'{"input":"Hello."}') == NOT_APPLICABLE
    assert judged(id, probe, altered(b'"text":"pong"', b'"text":" \\n"'), GOOD) == NOT_APPLICABLE


def test_results_are_lost_only_where_they_were_sent_and_no_call_is_made() -> None:
    id = "messages.claude_code.results"
    assert judged(id, "claude_code", MESSAGE) == BROKEN
    assert judged(id, "claude_code", MESSAGE, body=b'{"messages":"R-40713"}') == NOT_APPLICABLE
    call = b'[{"type":"tool_use","id":"toolu_2","name":"record_word","input":{"word":"next"}}]'
    calling = Example(200, "application/json", MESSAGE.body.replace(b'[{"type":"text","text":"pong"}]', call))
    assert calling.body != MESSAGE.body and judged(id, "claude_code", calling) == NOT_APPLICABLE


def test_a_usage_without_parts_has_none_that_is_greater_than_the_whole() -> None:
    id = "responses.usage.within"
    assert judged(id, "happy", altered(b'"usage":{', b'"usage":{"input_tokens_details":null,')) == NOT_APPLICABLE
    some = altered(
        b'"usage":{', b'"usage":{"input_tokens_details":null,"output_tokens_details":{"reasoning_tokens":1},'
    )
    assert judged(id, "happy", some) == HOLDS


def test_json_in_entities_is_known_from_other_texts() -> None:
    assert is_escaped("{&quot;word&quot;:&quot;pong&quot;}")
    assert not is_escaped('{"word":"pong"}')
    assert not is_escaped("{&quot;word&quot;:") and not is_escaped("pong has 4 letters")
