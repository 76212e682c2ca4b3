"""Replies for the examples of clauses: a good message and a good stream, and what is made of them."""

import copy
import json
from collections.abc import Callable
from typing import TypeVar

from chatproof.contract.clause import Clauses, Example, Judge, Source
from chatproof.surfaces import shared_clauses
from chatproof.surfaces.event_examples import Event, event
from chatproof.surfaces.shared_clauses import SSE

JSON = "application/json"
COMETAPI = Source("https://apidoc.cometapi.com/api/text/anthropic-messages", "2026-11-28")
SDK = Source("https://github.com/anthropics/anthropic-sdk-python", "2026-11-29")
"""Where the types and the code that reads streams stand, version 2.14.0."""
AI_SDK = Source("https://github.com/vercel/ai", "2026-11-29")
"""@ai-sdk/anthropic 3.0.140: what its schemas take."""

BODY = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"pong"}],'
    b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":14,"output_tokens":4}}'
)
CONTENT = b'[{"type":"text","text":"pong"}]'
THOUGHT = b'{"type":"thinking","thinking":"Hm.","signature":"c2ln"}'
USAGE = b'{"input_tokens":14,"output_tokens":4}'


def body(text: bytes) -> Example:
    return Example(200, JSON, text)


def altered(old: bytes, new: bytes) -> Example:
    """The good message with another piece in the place of one of its own."""
    assert old in BODY, old
    return body(BODY.replace(old, new))


def with_content(content: bytes) -> Example:
    return altered(CONTENT, content)


GOOD = body(BODY)
THOUGHTFUL = with_content(b"[" + THOUGHT + b"," + CONTENT[1:])

EVENTS: tuple[Event, ...] = (
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 14, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "po"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ng"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 4},
    },
    {"type": "message_stop"},
)
_THINKING: tuple[Event, ...] = (
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
)
THINKING_EVENTS = (
    EVENTS[0],
    *_THINKING,
    *({**one, "index": 1} for one in EVENTS[1:5]),
    *EVENTS[5:],
)
_CALL = {"type": "tool_use", "id": "toolu_1", "name": "record_word", "input": {}}
CALL_EVENTS: tuple[Event, ...] = (
    EVENTS[0],
    {"type": "content_block_start", "index": 0, "content_block": _CALL},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"word":'}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '"pong"}'}},
    {"type": "content_block_stop", "index": 0},
    {**EVENTS[5], "delta": {"stop_reason": "tool_use", "stop_sequence": None}},
    EVENTS[6],
)
TWO_CALLS: tuple[Event, Event] = (
    {**_CALL, "input": {"word": "pong"}},
    {"type": "tool_use", "id": "toolu_2", "name": "record_number", "input": {"number": 7}},
)
"""Two calls of one turn, as they stand in a message."""


def _of_call(index: int, call: Event) -> tuple[Event, ...]:
    """The events of a call: its input comes in two deltas, where there is any."""
    text = json.dumps(call["input"]) if call["input"] else ""
    pieces = [piece for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if piece]
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return (
        {"type": "content_block_start", "index": index, "content_block": {**call, "input": {}}},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    )


def call_events(*calls: Event) -> tuple[Event, ...]:
    """A stream of these calls, one after the other."""
    events = [one for index, call in enumerate(calls) for one in _of_call(index, call)]
    return (CALL_EVENTS[0], *events, *CALL_EVENTS[5:])


TWO_CALL_EVENTS = call_events(*TWO_CALLS)
PING_EVENT: Event = {"type": "ping"}
ERROR_EVENT: Event = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def streamed(events: "tuple[Event, ...] | list[Event]" = EVENTS, end: bytes = b"") -> Example:
    """A reply of these events."""
    return Example(200, SSE, b"".join(map(event, events)) + end)


def without(*types: str, events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream without the events of these types."""
    return streamed([one for one in events if one["type"] not in types])


def changed(type: str, change: Callable[[Event], object], events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream after `change` was applied to each event of a type."""
    made = [copy.deepcopy(one) for one in events]
    for one in made:
        if one["type"] == type:
            change(one)
    return streamed(made)


def put_before(type: str, *more: Event, events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream with more events before the first of a type."""
    at = next(n for n, one in enumerate(events) if one["type"] == type)
    return streamed([*events[:at], *more, *events[at:]])


def of_text(*pieces: str) -> Example:
    """The good stream with a text in these pieces."""
    deltas = ({**EVENTS[2], "delta": {"type": "text_delta", "text": piece}} for piece in pieces)
    return streamed([*EVENTS[:2], *deltas, *EVENTS[4:]])


STREAMED = streamed()
CALLED = streamed(CALL_EVENTS)
"""A stream with a text, and one with a call."""

_J = TypeVar("_J", bound=Judge)


def on_stream(clauses: Clauses) -> Callable[..., Callable[[_J], _J]]:
    """What registers a clause on the stream in a file's clauses."""
    return shared_clauses.on_stream(clauses, "messages", SDK, "start")
