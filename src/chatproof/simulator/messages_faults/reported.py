"""Faults as bug reports tell of them: what gateways and bridges to chat do that stops one client and not another."""

from typing import Any

from chatproof.simulator.common_faults import Value, put, set_in
from chatproof.simulator.fault import Alter, edited
from chatproof.simulator.fault import events as raw
from chatproof.simulator.messages_faults.parts import ROWS as COMMON
from chatproof.simulator.messages_faults.parts import (
    each,
    events,
    must,
    plain,
    should,
    streaming,
    streaming_text,
    with_text,
)

_SCHEMA, _USAGE = "contract.schema", "contract.usage"


def _first(block: Value) -> Alter:
    """The good message with a block before its text."""
    return edited(lambda value: value["content"].insert(0, block))


def _whole_so_far(all: list[Value]) -> list[Value]:
    """Each delta of a text holds all of it so far."""
    text, made = "", []
    for one in all:
        if one["type"] == "content_block_delta":
            text += one["delta"]["text"]
            made.append({**one, "delta": {**one["delta"], "text": text}})
        else:
            made.append(one)
    return made


ROWS: tuple[Any, ...] = (
    must(
        "stream-unmarked-event",
        "An event stands in the stream without its `data:`.",
        "stream.malformed",
        streaming_text,
        raw(lambda all: (*all[:3], all[3].replace(b"data: ", b"", 1), *all[4:])),
        "stream.events_parse",
        stream=True,
    ),
    must(
        "cache-count-string",
        "The usage counts cached tokens in a string.",
        _USAGE,
        plain,
        put("0", "usage", "cache_read_input_tokens"),
        "happy.usage",
    ),
    should(
        "stop-sequence-number",
        "stop_sequence is a number.",
        _SCHEMA,
        plain,
        put(7, "stop_sequence"),
        "happy.field_types",
    ),
    should("container-text", "container is a string.", _SCHEMA, plain, put("c_1", "container"), "happy.field_types"),
    should(
        "end-stop-sequence-number",
        "The stop_sequence of message_delta is a number.",
        _SCHEMA,
        streaming_text,
        each("message_delta", set_in(7, "delta", "stop_sequence")),
        "stream.field_types",
        stream=True,
    ),
    must(
        "deltas-twice",
        "Each delta comes twice.",
        "stream.duplicated",
        streaming_text,
        events(lambda all: [one for one in all for _ in range(2 if one["type"] == "content_block_delta" else 1)]),
        "stream.text_once",
        stream=True,
    ),
    should(
        "redacted-without-data",
        "A block of redacted thinking has no data.",
        _SCHEMA,
        with_text,
        _first({"type": "redacted_thinking"}),
        "happy.thinking_signed",
    ),
    should(
        "citations-null",
        "The citations of a text are null.",
        _SCHEMA,
        with_text,
        put(None, "content", 0, "citations"),
        "happy.citations",
    ),
    must(
        "start-cache-count-string",
        "message_start counts cached tokens in a string.",
        _USAGE,
        streaming_text,
        each("message_start", set_in("0", "message", "usage", "cache_read_input_tokens")),
        "stream.start_usage",
        stream=True,
    ),
    must(
        "end-cache-count-string",
        "message_delta counts cached tokens in a string.",
        _USAGE,
        streaming_text,
        each("message_delta", set_in("0", "usage", "cache_read_input_tokens")),
        "stream.usage",
        stream=True,
    ),
    must(
        "deltas-cumulative",
        "Each delta repeats all the text so far.",
        "stream.duplicated",
        streaming_text,
        events(_whole_so_far),
        "stream.text_once",
        stream=True,
    ),
    should(
        "end-reason-of-chat",
        "message_delta gives a word of chat as the reason.",
        _SCHEMA,
        streaming_text,
        each("message_delta", set_in("length", "delta", "stop_reason")),
        "stream.stop_reason",
        stream=True,
    ),
    should(
        "event-lines-message",
        "Each event line says message.",
        "stream.malformed",
        streaming_text,
        raw(lambda all: (b"event: message\n" + piece.partition(b"\n")[2] for piece in all)),
        "stream.event_names",
        stream=True,
    ),
    COMMON.left_open(streaming),
)
