"""Streams for the examples of clauses: a good one, and what is made of it by leaving out and changing events."""

import copy
import json
from collections.abc import Callable
from typing import TypeVar

from chatproof.contract.clause import OPENAI_SPEC, Clauses, Example, Judge
from chatproof.surfaces import shared_clauses
from chatproof.surfaces.event_examples import Event, event
from chatproof.surfaces.shared_clauses import SSE

_PART = {"type": "output_text", "text": "", "annotations": []}
_FULL = {**_PART, "text": "pong"}
_ITEM: Event = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
_DONE: Event = {**_ITEM, "status": "completed", "content": [_FULL]}
_CALL: Event = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "record_word",
    "arguments": "",
    "status": "in_progress",
}
_ARGUMENTS = '{"word":"pong"}'
_CALLED: Event = {**_CALL, "arguments": _ARGUMENTS, "status": "completed"}
_USAGE = {"input_tokens": 6, "output_tokens": 1, "total_tokens": 7}


def _response(status: str, output: list[Event], **more: object) -> Event:
    made: Event = {"id": "resp_1", "object": "response", "created_at": 1795379441, "status": status, "model": "m"}
    return {**made, "output": output, **more}


def _stream(*between: Event, output: list[Event]) -> tuple[Event, ...]:
    events: list[Event] = [
        {"type": "response.created", "response": _response("in_progress", [])},
        {"type": "response.in_progress", "response": _response("in_progress", [])},
        *between,
        {"type": "response.completed", "response": _response("completed", output, usage=_USAGE)},
    ]
    return tuple({**event, "sequence_number": number} for number, event in enumerate(events))


_AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
EVENTS = _stream(
    {"type": "response.output_item.added", "output_index": 0, "item": _ITEM},
    {"type": "response.content_part.added", **_AT, "part": _PART},
    {"type": "response.output_text.delta", **_AT, "delta": "po"},
    {"type": "response.output_text.delta", **_AT, "delta": "ng"},
    {"type": "response.output_text.done", **_AT, "text": "pong"},
    {"type": "response.content_part.done", **_AT, "part": _FULL},
    {"type": "response.output_item.done", "output_index": 0, "item": _DONE},
    output=[_DONE],
)
_OF_CALL = {"item_id": "fc_1", "output_index": 0}
CALL_EVENTS = _stream(
    {"type": "response.output_item.added", "output_index": 0, "item": _CALL},
    {"type": "response.function_call_arguments.delta", **_OF_CALL, "delta": '{"word":'},
    {"type": "response.function_call_arguments.delta", **_OF_CALL, "delta": '"pong"}'},
    {"type": "response.function_call_arguments.done", **_OF_CALL, "arguments": _ARGUMENTS},
    {"type": "response.output_item.done", "output_index": 0, "item": _CALLED},
    output=[_CALLED],
)
_NUMBERED: Event = {**_CALLED, "id": "fc_2", "call_id": "call_2", "name": "record_number", "arguments": '{"number":7}'}
TWO_CALLS: tuple[Event, Event] = (_CALLED, _NUMBERED)
"""Two finished calls of one turn."""


def _of_call(place: int, call: Event) -> tuple[Event, ...]:
    """The events of a call: its arguments come in two deltas, where there are any."""
    at, text = {"item_id": call["id"], "output_index": place}, call["arguments"]
    pieces = [piece for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if piece]
    begun = {**call, "arguments": "", "status": "in_progress"}
    return (
        {"type": "response.output_item.added", "output_index": place, "item": begun},
        *({"type": "response.function_call_arguments.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **at, "arguments": text},
        {"type": "response.output_item.done", "output_index": place, "item": call},
    )


def call_events(*calls: Event, output: list[Event] | None = None) -> tuple[Event, ...]:
    """A stream of these calls, one after the other. `output` is that of its last response, if it has others."""
    events = [one for place, call in enumerate(calls) for one in _of_call(place, call)]
    return _stream(*events, output=[*calls] if output is None else output)


TWO_CALL_EVENTS = call_events(*TWO_CALLS)


def streamed(events: "tuple[Event, ...] | list[Event]" = EVENTS, end: bytes = b"") -> Example:
    """A reply of these events."""
    return Example(200, SSE, b"".join(map(event, events)) + end)


def without(*types: str, events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream without the events of these types. Their numbers go with them."""
    left = [one for one in events if one["type"].removeprefix("response.") not in types]
    return streamed([{**one, "sequence_number": number} for number, one in enumerate(left)])


def changed(type: str, change: Callable[[Event], object], events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream after `change` was applied to each event of a type."""
    made = [copy.deepcopy(one) for one in events]  # each alone: some share an item
    for one in made:
        if one["type"] == f"response.{type}":
            change(one)
    return streamed(made)


def put_before(type: str, *more: Event, events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream with more events before the first of a type; their numbers follow on."""
    at = next(n for n, one in enumerate(events) if one["type"] == f"response.{type}")
    made = [*events[:at], *more, *events[at:]]
    return streamed([{**one, "sequence_number": number} for number, one in enumerate(made)])


_THOUGHT: Event = {"id": "rs_1", "type": "reasoning", "summary": []}
_SECOND: Event = {**_DONE, "id": "msg_2"}
THOUGHT_EVENTS = _stream(
    {"type": "response.output_item.added", "output_index": 0, "item": _THOUGHT},
    {"type": "response.output_item.done", "output_index": 0, "item": _THOUGHT},
    *({**one, "output_index": 1} for one in EVENTS[2:-1]),
    output=[_THOUGHT, _DONE],
)
_IN_SUMMARY = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
_SUMMARY_PART = {"type": "summary_text", "text": ""}
SUMMARY_EVENTS: tuple[Event, ...] = (
    *THOUGHT_EVENTS[:3],
    {"type": "response.reasoning_summary_part.added", **_IN_SUMMARY, "part": _SUMMARY_PART},
    {"type": "response.reasoning_summary_text.delta", **_IN_SUMMARY, "delta": "Hm."},
    {"type": "response.reasoning_summary_text.done", **_IN_SUMMARY, "text": "Hm."},
    {"type": "response.reasoning_summary_part.done", **_IN_SUMMARY, "part": {**_SUMMARY_PART, "text": "Hm."}},
    *THOUGHT_EVENTS[3:],
)
"""The events of a stream whose reasoning item has a summary."""
_AGAIN: list[Event] = json.loads(json.dumps(EVENTS[2:-1]).replace("msg_1", "msg_2"))
TWO_EVENTS = _stream(*EVENTS[2:-1], *({**one, "output_index": 1} for one in _AGAIN), output=[_DONE, _SECOND])
THOUGHTFUL, TWO = streamed(THOUGHT_EVENTS), streamed(TWO_EVENTS)
"""A stream with a reasoning item before the message, and one with two messages."""

_IN_TEXT = {"item_id": "rs_1", "output_index": 0, "content_index": 0}
_TEXT_OF_IT = {"type": "reasoning_text", "text": "Hm."}
ALOUD_EVENTS: tuple[Event, ...] = (
    *THOUGHT_EVENTS[:3],
    {"type": "response.content_part.added", **_IN_TEXT, "part": {**_TEXT_OF_IT, "text": ""}},
    {"type": "response.reasoning_text.delta", **_IN_TEXT, "delta": "Hm."},
    {"type": "response.reasoning_text.done", **_IN_TEXT, "text": "Hm."},
    {"type": "response.content_part.done", **_IN_TEXT, "part": _TEXT_OF_IT},
    *THOUGHT_EVENTS[3:],
)
"""The events of a stream whose reasoning item has a text."""
_SEARCH: Event = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search"}}
SEARCH_EVENTS = _stream(
    {"type": "response.output_item.added", "output_index": 0, "item": _SEARCH},
    {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
    {"type": "response.output_item.done", "output_index": 0, "item": _SEARCH},
    *({**one, "output_index": 1} for one in EVENTS[2:-1]),
    output=[_SEARCH, _DONE],
)
"""The events of a stream in which the server has searched."""

_SHELL: Event = {
    "id": "sh_1",
    "type": "shell_call",
    "call_id": "call_1",
    "status": "completed",
    "action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None},
}
_SHELL_SAID: Event = {
    "id": "so_1",
    "type": "shell_call_output",
    "call_id": "call_1",
    "status": "completed",
    "output": [],
}
SHELL_EVENTS = _stream(
    {"type": "response.output_item.added", "output_index": 0, "item": {**_SHELL, "action": {"commands": []}}},
    {"type": "response.shell_call_command.added", "output_index": 0, "command_index": 0, "command": "ls"},
    {"type": "response.output_item.done", "output_index": 0, "item": _SHELL},
    {"type": "response.output_item.added", "output_index": 1, "item": _SHELL_SAID},
    {
        "type": "response.shell_call_output_content.delta",
        "output_index": 1,
        "command_index": 0,
        "item_id": "so_1",
        "delta": {"stdout": "a"},
    },
    {"type": "response.output_item.done", "output_index": 1, "item": _SHELL_SAID},
    *({**one, "output_index": 2} for one in EVENTS[2:-1]),
    output=[_SHELL, _SHELL_SAID, _DONE],
)
"""The events of a stream in which the server has run a command."""


def in_place(events: tuple[Event, ...], number: int, *others: Event) -> Example:
    """A stream with other events in the place of one."""
    return streamed([*events[:number], *others, *events[number + 1 :]])


def noted(*changes: Event, before: str = "output_text.done") -> Example:
    """The good stream with an annotation for each of these changes to a good one."""
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "annotation_index": 0}
    path = {"type": "file_path", "file_id": "f_1", "index": 0}
    note = {"type": "response.output_text.annotation.added", **at, "annotation": path}
    return put_before(before, *({**note, **change} for change in changes))


STREAMED = streamed()
CALLED = streamed(CALL_EVENTS)
"""A stream with a text, and one with a call."""

_J = TypeVar("_J", bound=Judge)


def on_stream(clauses: Clauses) -> Callable[..., Callable[[_J], _J]]:
    """What registers a clause on the stream in a file's clauses."""
    return shared_clauses.on_stream(clauses, "responses", OPENAI_SPEC, "created")
