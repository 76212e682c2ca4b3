"""Streams for the examples of clauses: a good one, and what is made of it by leaving out and changing events."""

import copy
import json
from collections.abc import Callable
from typing import Any, TypeVar

from chatproof.contract.clause import MUST, OPENAI_SPEC, SCHEMA, Clauses, Example, Judge, Source

SSE = "text/event-stream"
Event = dict[str, Any]
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


def event(value: Event, name: str | None = None) -> bytes:
    """One event on the wire, with its event line; without one where `name` is empty."""
    line = value.get("type") if name is None else name
    return (f"event: {line}\n" if line else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"


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


def drop(*path: str | int) -> Callable[[Event], object]:
    """A change that takes a member away."""
    return lambda value: _inside(value, path[:-1]).pop(path[-1])


def put(value: object, *path: str | int) -> Callable[[Event], object]:
    """A change that gives a member another value."""
    return lambda event: _inside(event, path[:-1]).__setitem__(path[-1], value)


def _inside(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


STREAMED = streamed()
CALLED = streamed(CALL_EVENTS)
"""A stream with a text, and one with a call."""

_J = TypeVar("_J", bound=Judge)


def on_stream(clauses: Clauses) -> Callable[..., Callable[[_J], _J]]:
    """What registers a clause on the stream in a file's clauses: what all of them share is said here."""

    def add(
        id: str,
        says: str,
        why: str,
        *,
        holds_on: tuple[Example, ...],
        breaks_on: tuple[Example, ...],
        layer: str = SCHEMA,
        level: str = MUST,
        source: Source = OPENAI_SPEC,
        code: str = "stream.malformed",
        needs: tuple[str, ...] = ("responses.stream.created",),
        check: int = 1,
    ) -> Callable[[_J], _J]:
        return clauses.add(
            f"responses.stream.{id}",
            layer=layer,
            area="Streaming",
            says=says,
            level=level,
            source=source,
            probe="stream",
            why=why,
            holds_on=holds_on,
            breaks_on=breaks_on,
            needs=needs,
            code=code,
            capability="stream",
            check=check,
        )

    return add
