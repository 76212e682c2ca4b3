"""A reply whose request nobody saw: what may be a whole answer there is undecided, and what never is one stays broken."""

from __future__ import annotations

import pytest

from chatproof.contract.clause import BROKEN, SMOKE, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.responses.clauses import happy as responses
from chatproof.target import profile
from chatproof.wire.exchange import ASKED, NotCaptured, Secret
from tests.support import exchange, from_example

CALL = b'{"type":"tool_use","id":"toolu_1","name":"search","input":{}}'
FUNCTION = b'{"type":"function_call","id":"fc_1","call_id":"call_1","name":"search","arguments":"{}"}'
BLANK = b'[{"type":"output_text","text":""}]'
THOUGHTS = tuple(one for one in messages.THINKING_EVENTS if one.get("index") != 1)
THOUGHT_AND_CALL = (*THOUGHTS[:-2], *({**one, "index": 1} for one in messages.CALL_EVENTS[1:5]), *THOUGHTS[-2:])
ENDED_BY_A_WORD = (
    b'"content":[{"type":"text","text":"pong"}],"stop_reason":"end_turn"',
    b'"content":[],"stop_reason":"stop_sequence"',
)


def blank(status: bytes) -> Example:
    text = responses.with_content(BLANK)
    return text._replace(body=text.body.replace(b'"status":"completed","error"', b'"status":"' + status + b'","error"'))


ROWS: dict[str, tuple[str, Example, bool]] = {
    # what: (the clause, the reply, whether some request makes it a whole answer)
    "a call": ("messages.happy.content_non_empty", messages.with_content(b"[" + CALL + b"]"), True),
    "a thought and a call": (
        "messages.happy.content_non_empty", messages.with_content(b"[" + messages.THOUGHT + b"," + CALL + b"]"), True
    ),
    "nothing before a stop sequence": ("messages.happy.content_non_empty", messages.altered(*ENDED_BY_A_WORD), True),
    "nothing": ("messages.happy.content_non_empty", messages.with_content(b"[]"), False),
    "a thought": ("messages.happy.content_non_empty", messages.with_content(b"[" + messages.THOUGHT + b"]"), False),
    "an empty text": ("messages.happy.content_non_empty", messages.with_content(b'[{"type":"text","text":""}]'), False),
    "a call beside a text": (
        "messages.happy.uncalled", messages.with_content(messages.CONTENT[:-1] + b"," + CALL + b"]"), True
    ),
    "a streamed call": ("messages.stream.deltas", messages.CALLED, True),
    "a streamed thought and call": ("messages.stream.deltas", messages.streamed(THOUGHT_AND_CALL), True),
    "a streamed thought": ("messages.stream.deltas", messages.streamed(THOUGHTS), False),
    "an empty streamed text": ("messages.stream.deltas", messages.of_text(), False),
    "a cancelled response": ("responses.happy.not_failed", blank(b"cancelled"), True),
    "a failed response": ("responses.happy.not_failed", blank(b"failed"), False),
    "a response's call": ("responses.happy.content_non_empty", responses.with_output(FUNCTION), True),
    "a response's thought and call": (
        "responses.happy.content_non_empty", responses.with_output(responses.THOUGHT, FUNCTION), True
    ),
    "a response of a thought": ("responses.happy.content_non_empty", responses.with_output(responses.THOUGHT), False),
    "an empty response in the queue": ("responses.happy.content_non_empty", blank(b"queued"), True),
    "an empty response": ("responses.happy.content_non_empty", blank(b"completed"), False),
    "a response's call beside a text": (
        "responses.happy.uncalled", responses.with_output(responses.ITEM, FUNCTION), True
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ROWS)
def test_only_what_some_request_makes_a_whole_answer_is_undecided(what: str) -> None:
    id, example, may_be_whole = ROWS[what]
    surface = surface_of(id.partition(".")[0])
    clause = next(one for name, one in surface.clauses(SMOKE).items() if name == id)
    seen = exchange(clause.probe, from_example(example), api=surface.name)

    def judged(missing: frozenset[str]) -> str:
        reply = Reply(seen._replace(missing=missing))
        context = Context(profile.load("generic"), "m", Secret("sk-unseen-0123456789"), {clause.probe: reply}, surface)
        return str(clause.judge(reply, context).outcome)

    assert judged(frozenset()) == BROKEN, "the probe's own request has no tools"
    if may_be_whole:
        with pytest.raises(NotCaptured):
            judged(frozenset({ASKED}))
    else:
        assert judged(frozenset({ASKED})) == BROKEN
