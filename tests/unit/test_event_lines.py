"""Events keep their own event line, whatever stands between them."""

from __future__ import annotations

from chatproof.contract.clause import Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.event_lines import named_events
from chatproof.surfaces.shared_clauses import SSE
from tests.support import exchange, from_example


def test_each_object_has_its_own_event_line() -> None:
    body = (
        b'event: a\ndata: {"n":1}\n\nevent: b\ndata: 7\n\ndata: [DONE]\n\ndata: {"n":2}\n\nevent: c\ndata: {"n":3}\n\n'
    )
    reply = Reply(exchange("stream", from_example(Example(200, SSE, body)), api="messages"))
    assert named_events(reply) == [("a", {"n": 1}), ("", {"n": 2}), ("c", {"n": 3})]
