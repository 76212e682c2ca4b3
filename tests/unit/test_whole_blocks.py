"""Blocks of a message, and what may stand in them."""

from __future__ import annotations

import json

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, Outcome
from chatproof.surfaces.messages.clauses.validate.tools import CALL, with_calls
from chatproof.surfaces.messages.examples import EVENTS, streamed
from tests.unit.test_values_that_cannot_be import judged

DELTAS = [  # the type of a delta, and of the block that it belongs to; None where nobody knows one
    ("thinking_delta", "thinking"),
    ("signature_delta", "thinking"),
    ("text_delta", "text"),
    ("input_json_delta", "tool_use"),
    ("citations_delta", None),
    (None, None),
    (7, None),
    (["text_delta"], None),
    ({}, None),
]


@pytest.mark.parametrize(("delta", "own"), DELTAS)
@pytest.mark.parametrize("kind", ["thinking", "text", "tool_use"])
def test_a_delta_of_a_kind_that_we_know_stands_in_a_block_of_that_kind(kind: str, delta: object, own: object) -> None:
    events = json.loads(json.dumps(EVENTS))
    for event in events:
        if event["type"] == "content_block_start":
            event["content_block"] = {"type": kind}
        if event["type"] == "content_block_delta":
            event["delta"] = {"type": delta}
    found = judged("messages", "messages.thinking.in_blocks", streamed(events))
    if own in (None, kind):
        assert found == Outcome(HOLDS)
    else:
        assert found.outcome == BROKEN
        assert (found.expected, found.observed) == (f'a delta of "{kind}"', f'"{delta}" in a block of "{kind}"')


@pytest.mark.parametrize(
    ("block", "at"),
    [
        (b'{"type":"text","text":""}', "$.content[0].text"),
        (b'{"type":"text","text":" "}', ""),
        (b'{"type":"text"}', ""),
        (b'{"type":"note","text":""}', ""),  # a type that we do not know: its text may be empty
    ],
)
def test_a_text_without_words_may_not_stand_beside_a_call(block: bytes, at: str) -> None:
    found = judged("messages", "messages.tools.no_empty_text", with_calls(block, CALL))
    assert (found.outcome, found.at) == ((BROKEN, at) if at else (HOLDS, ""))
