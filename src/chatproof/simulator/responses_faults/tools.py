"""Faults of calls, streamed and not: only validate sees them."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import responses
from chatproof.simulator.common_faults import Value, drop, gone_from, put, set_in
from chatproof.simulator.fault import Alter, Turn, edited, error, json_of
from chatproof.simulator.responses_faults.parts import (
    asked_as,
    each,
    events,
    has,
    must,
    sent,
    should,
    streaming_call,
    with_call,
    without,
)
from chatproof.simulator.wire import Reply

_TOOLS, _MALFORMED, _SCHEMA = "contract.tools", "stream.malformed", "contract.schema"
_EMPTY = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": None}
_USAGE, _PARAMETER = "contract.usage", "contract.parameter"
_FORCED = {"type": "function", "name": "record_word"}


def _forced(turn: Turn) -> bool:
    return with_call(turn) and (json_of(turn).get("tool_choice") or "auto") == _FORCED


def _of_call(value: object, name: str) -> Alter:
    return put(value, "output", 0, name)


def _has_result(asked: Value) -> bool:
    given = asked.get("input")
    return isinstance(given, list) and any(item.get("type") == "function_call_output" for item in given)


_with_result = sent(_has_result)


def _unanswered(turn: Turn) -> Reply:
    """What was answered before there was a result."""
    asked = json_of(turn)
    asked |= {"input": asked["input"][:1], "tool_choice": {"type": "function", "name": "record_word"}}
    return responses.respond(turn.asked._replace(body=json.dumps(asked).encode()))


def _each_item(kind: str, change: Callable[[Value], object]) -> Alter:
    return each(kind, lambda one: change(one["item"]))


def _last_call(change: Callable[[dict[str, Any]], object]) -> Alter:
    return each("completed", lambda one: change(one["response"]["output"][0]))


def _renamed(all: list[Value]) -> list[Value]:
    for one in all:
        for call in (one.get("item"), *one.get("response", {}).get("output", ()), one if "name" in one else None):
            if call:
                call["name"] = "record"
    return all


ROWS = (
    should(
        "tools-ignored",
        "Tools are ignored.",
        _TOOLS,
        has("tool_choice", False),
        asked_as("tools", "tool_choice"),
        "tools.called",
        "tools.parallel",
    ),
    must(
        "arguments-object",
        "A call's arguments are an object.",
        _TOOLS,
        _forced,
        _of_call({"word": "pong"}, "arguments"),
        "tools.readable",
    ),
    must("call-id-missing", "A call has no call_id.", _TOOLS, _forced, drop("output", 0, "call_id"), "tools.readable"),
    must(
        "call-twice",
        "The same call is sent twice.",
        _TOOLS,
        _forced,
        edited(lambda value: value["output"].append(dict(value["output"][0]))),
        "tools.readable",
    ),
    must("call-name-missing", "A call has no name.", _TOOLS, _forced, drop("output", 0, "name"), "tools.readable"),
    must(
        "arguments-broken",
        "A call's arguments are not JSON.",
        _TOOLS,
        _forced,
        _of_call('{"word":"pong', "arguments"),
        "tools.arguments",
    ),
    should(
        "other-function",
        "Another function is called than the one that was forced.",
        _TOOLS,
        _forced,
        _of_call("record", "name"),
        "tools.forced",
    ),
    should(
        "call-uncounted",
        "A response with a call has no usage.",
        _TOOLS,
        _forced,
        drop("usage"),
        "tools.form",
    ),
    must(
        "call-beside-empty-message",
        "The content of a message beside a call is null.",
        _TOOLS,
        _forced,
        edited(lambda value: value["output"].append(dict(_EMPTY))),
        "tools.message",
    ),
    should("call-without-id", "A call has no id of its own.", _TOOLS, _forced, drop("output", 0, "id"), "tools.id"),
    should(
        "call-made-twice",
        "A forced call comes twice, with two ids.",
        _TOOLS,
        _forced,
        edited(lambda value: value["output"].append({**value["output"][0], "id": "fc_2", "call_id": "call_2"})),
        "tools.once",
    ),
    should(
        "choice-ignored",
        "A tool_choice that names a function is taken for auto.",
        _TOOLS,
        sent(lambda asked: asked.get("input") == "Hello." and "tools" in asked),
        asked_as("tool_choice"),
        "tools.named",
    ),
    should(
        "none-ignored",
        "A tool is called though tool_choice is none.",
        _TOOLS,
        sent(lambda asked: asked.get("tool_choice") == "none"),
        asked_as("tool_choice"),
        "tools.none",
    ),
    must(
        "result-refused",
        "A tool's result is refused.",
        _TOOLS,
        _with_result,
        error(400, "No tool call found for function call output.", param="input"),
        "tools.result",
    ),
    must(
        "call-status-refused",
        "A call that comes back with its status is refused.",
        "contract.tools",
        _with_result,
        error(400, "Unknown parameter: 'input[1].status'.", "unknown_parameter", param="input[1].status"),
        "tools.result",
    ),
    should(
        "result-unread",
        "A tool's result is not read: the model makes the same call again.",
        _TOOLS,
        _with_result,
        _unanswered,
        "tools.result_used",
    ),
    should(
        "tools-not-streamed",
        "A call is not streamed.",
        _TOOLS,
        has("tool_choice", True),
        asked_as("stream"),
        "tools.stream.called",
    ),
    must(
        "call-no-item-done",
        "response.output_item.done is missing for a call.",
        _MALFORMED,
        streaming_call,
        without("output_item.done"),
        "tools.stream.in_order",
    ),
    must(
        "call-no-item-added",
        "response.output_item.added is missing for a call.",
        _MALFORMED,
        streaming_call,
        without("output_item.added"),
        "tools.stream.in_order",
    ),
    must(
        "call-item-id-changes",
        "A finished call has another id.",
        _MALFORMED,
        streaming_call,
        _each_item("output_item.done", set_in("fc_other", "id")),
        "tools.stream.in_order",
    ),
    must(
        "call-delta-without-index",
        "A call's deltas have no output_index.",
        _MALFORMED,
        streaming_call,
        each("function_call_arguments.delta", gone_from("output_index")),
        "tools.stream.in_order",
    ),
    must(
        "stream-call-id-missing",
        "A finished call of a stream has no call_id.",
        _TOOLS,
        streaming_call,
        _each_item("output_item.done", gone_from("call_id")),
        "tools.stream.readable",
    ),
    must(
        "stream-arguments-object",
        "A finished call's arguments are an object.",
        _TOOLS,
        streaming_call,
        _each_item("output_item.done", set_in({"word": "pong"}, "arguments")),
        "tools.stream.readable",
    ),
    must(
        "call-added-without-name",
        "A call has no name when it is added.",
        _TOOLS,
        streaming_call,
        _each_item("output_item.added", gone_from("name")),
        "tools.stream.added",
    ),
    must(
        "call-added-without-arguments",
        "A call has no arguments when it is added.",
        _TOOLS,
        streaming_call,
        _each_item("output_item.added", gone_from("arguments")),
        "tools.stream.added",
    ),
    should(
        "call-added-filled",
        "A call already has its arguments when it is added.",
        _MALFORMED,
        streaming_call,
        _each_item("output_item.added", set_in('{"word":"pong"}', "arguments")),
        "tools.stream.deltas",
    ),
    should(
        "stream-call-without-status",
        "A finished call of a stream has no status.",
        _TOOLS,
        streaming_call,
        _each_item("output_item.done", gone_from("status")),
        "tools.stream.status",
    ),
    should(
        "call-index-one",
        "The calls of a stream are numbered from 1.",
        _MALFORMED,
        streaming_call,
        events(
            lambda all: [
                {**one, "output_index": one["output_index"] + 1} if "output_index" in one else one for one in all
            ]
        ),
        "tools.stream.details",
    ),
    should(
        "arguments-done-bare",
        "response.function_call_arguments.done has no arguments.",
        _MALFORMED,
        streaming_call,
        each("function_call_arguments.done", gone_from("arguments")),
        "tools.stream.details",
    ),
    must(
        "arguments-delta-object",
        "The deltas of a call's arguments are objects.",
        _TOOLS,
        streaming_call,
        each("function_call_arguments.delta", set_in({"word": "pong"}, "delta")),
        "tools.stream.joined",
    ),
    must(
        "stream-arguments-differ",
        "A call's deltas join to other arguments.",
        _TOOLS,
        streaming_call,
        each("function_call_arguments.done", set_in("{}", "arguments")),
        "tools.stream.joined",
    ),
    must(
        "call-only-at-end",
        "A streamed call is only in the final response.",
        _TOOLS,
        streaming_call,
        events(lambda all: [*all[:2], all[-1]]),
        "tools.stream.streamed",
    ),
    must(
        "call-without-deltas",
        "A call's arguments come without deltas.",
        _MALFORMED,
        streaming_call,
        without("function_call_arguments.delta"),
        "tools.stream.in_deltas",
    ),
    must(
        "final-call-missing",
        "The last response of a stream has no call.",
        _TOOLS,
        streaming_call,
        each("completed", set_in([], "response", "output")),
        "tools.stream.final",
    ),
    must(
        "final-arguments-differ",
        "The last response's call has other arguments.",
        _TOOLS,
        streaming_call,
        _last_call(set_in("{}", "arguments")),
        "tools.stream.final",
    ),
    should(
        "final-call-of-another-id",
        "The last response has the call under another call_id.",
        _TOOLS,
        streaming_call,
        _last_call(set_in("call_other", "call_id")),
        "tools.stream.final_ids",
    ),
    should(
        "streamed-call-of-another",
        "The streamed call is of another function than the one that was forced.",
        _TOOLS,
        streaming_call,
        events(_renamed),
        "tools.stream.forced",
    ),
)
