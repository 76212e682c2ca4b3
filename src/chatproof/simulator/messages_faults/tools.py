"""Faults of calls, streamed and not. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator.common_faults import Value, drop, gone_from, put, set_in
from chatproof.simulator.fault import Alter, edited
from chatproof.simulator.fault import events as raw
from chatproof.simulator.messages_faults.parts import (
    each,
    events,
    instead,
    must,
    says,
    sent,
    should,
    streaming_call,
    without,
)

_TOOLS, _PARAMETER, _BAD = "contract.tools", "contract.parameter", "stream.malformed"
_BLOCK, _DELTA, _STOP = "content_block_start", "content_block_delta", "content_block_stop"
_FORM = "tools.stream_form"
_FORCED = {"type": "tool", "name": "record_word"}
_forced = sent(lambda asked: asked.get("tool_choice") == _FORCED, False)
_forced_stream = sent(lambda asked: asked.get("tool_choice") == _FORCED, True)
_two = sent(lambda asked: asked.get("tool_choice") == {"type": "any"}, False)
_two_streamed = sent(lambda asked: len(asked.get("tools") or ()) == 2, True)
_result = sent(lambda asked: "tools" in asked and len(asked["messages"]) == 3)


_PROSE = instead(tools=None, tool_choice=None, messages=[{"role": "user", "content": "pong"}])


def _first(change: Callable[[Value], object]) -> Alter:
    """The first block of the message after a change."""
    return edited(lambda value: change(value["content"][0]))


def _merge(value: Value) -> None:
    """Two calls as one, as from a gateway that bridges to chat."""
    first, second = value["content"]
    first["input"].update(second["input"])
    value["content"] = [first]


def _same_id(value: Value) -> None:
    value["content"][1]["id"] = value["content"][0]["id"]


def _of_second(change: Callable[[Value], object]) -> Alter:
    """The stream of two calls after a change of each event of the second one."""

    def changed(all: list[Value]) -> list[Value]:
        for one in all:
            if one.get("index") == 1:
                change(one)
        return all

    return events(changed)


def _crossed(one: Value) -> None:
    """The deltas of the second call are said to be of the first."""
    if one["type"] == _DELTA:
        one["index"] = 0


def _merged_stream(all: list[Value]) -> list[Value]:
    """One streamed call with the input of both."""
    ended = next(one for one in all if one["type"] == _STOP)
    second = [{**one, "index": 0} for one in all if one["type"] == _DELTA and one["index"] == 1]
    at = all.index(ended)
    return [*all[:at], *second, *(one for one in all[at:] if one.get("index") != 1)]


def _of_one_id(all: list[Value]) -> list[Value]:
    """Both calls of the stream have the first one's id."""
    first, second = (one["content_block"] for one in all if one["type"] == _BLOCK)
    second["id"] = first["id"]
    return all


def _at_once(all: list[Value]) -> list[Value]:
    """The whole input with the block, and no deltas."""
    for begun in all:
        if begun["type"] == _BLOCK:
            deltas = (one["delta"] for one in all if one["type"] == _DELTA and one["index"] == begun["index"])
            begun["content_block"]["input"] = json.loads("".join(delta["partial_json"] for delta in deltas))
    return [one for one in all if one["type"] != _DELTA]


def _less(all: list[Value]) -> list[Value]:
    """Without the last delta."""
    last = max(number for number, one in enumerate(all) if one["type"] == _DELTA)
    return [one for number, one in enumerate(all) if number != last]


ROWS = (
    must(
        "call-beside-null-text",
        "The text of a block beside a call is null.",
        "contract.tools",
        _forced,
        edited(lambda value: value["content"].insert(0, {"type": "text", "text": None})),
        "tools.content",
    ),
    should("call-not-made", "A forced call is answered with text.", _TOOLS, _forced, _PROSE, "tools.called"),
    must("call-without-id", "A call has no id.", _TOOLS, _forced, _first(gone_from("id")), "tools.readable"),
    must("call-without-name", "A call has no name.", _TOOLS, _forced, _first(gone_from("name")), "tools.readable"),
    must(
        "call-twice",
        "The same call is sent twice.",
        _TOOLS,
        _forced,
        edited(lambda value: value["content"].append(dict(value["content"][0]))),
        "tools.readable",
    ),
    must(
        "call-caller-number",
        "A call's caller is a number.",
        _TOOLS,
        _forced,
        _first(set_in(7, "caller")),
        "tools.readable",
    ),
    must(
        "call-input-string",
        "The input of a call is JSON in a string, as in chat.",
        _TOOLS,
        _forced,
        _first(lambda block: block.update(input=json.dumps(block["input"]))),
        "tools.input",
    ),
    must(
        "call-arguments",
        "The input of a call is named arguments.",
        _TOOLS,
        _forced,
        _first(lambda block: block.update(arguments=block.pop("input"))),
        "tools.input",
    ),
    should(
        "call-of-another",
        "The call is of a tool that does not exist.",
        _TOOLS,
        _forced,
        _first(set_in("record", "name")),
        "tools.forced",
    ),
    should(
        "call-input-empty",
        "The input of a call is empty.",
        _TOOLS,
        _forced,
        _first(set_in({}, "input")),
        "tools.forced",
    ),
    should(
        "call-stop-reason",
        "A message with a call ends like a message without a call.",
        _TOOLS,
        _forced,
        put("end_turn", "stop_reason"),
        "tools.stop_reason",
    ),
    should(
        "call-uncounted",
        "A message with a call has no usage.",
        _TOOLS,
        _forced,
        drop("usage"),
        "tools.form",
    ),
    should(
        "streamed-call-stop-reason",
        "The message_start of a streamed call has a number as its stop_reason.",
        _TOOLS,
        streaming_call,
        each("message_start", set_in(7, "message", "stop_reason")),
        "tools.stream_details",
    ),
    should("calls-merged", "Two calls are merged into one.", _TOOLS, _two, edited(_merge), "tools.parallel"),
    should("calls-of-one-id", "Two calls have one id.", _TOOLS, _two, edited(_same_id), "tools.parallel"),
    should(
        "second-input-missing",
        "The second of two calls has no input.",
        _TOOLS,
        _two,
        put({}, "content", 1, "input"),
        "tools.parallel",
    ),
    should(
        "streamed-calls-merged",
        "Two calls are merged into one in a stream.",
        _TOOLS,
        _two_streamed,
        events(_merged_stream),
        "tools.stream_parallel",
    ),
    must(
        "streamed-calls-one-index",
        "Two calls in a stream have one index.",
        _TOOLS,
        _two_streamed,
        _of_second(set_in(0, "index")),
        "tools.stream_apart",
    ),
    must(
        "streamed-calls-crossed",
        "The deltas of the second call in a stream have the index of the first.",
        _TOOLS,
        _two_streamed,
        _of_second(_crossed),
        "tools.stream_apart",
    ),
    should(
        "streamed-calls-one-id",
        "Two calls in a stream have one id.",
        _TOOLS,
        _two_streamed,
        events(_of_one_id),
        "tools.stream_each",
    ),
    should(
        "streamed-second-input-missing",
        "The second of two calls in a stream has no input.",
        _TOOLS,
        _two_streamed,
        events(lambda all: [one for one in all if one["type"] != _DELTA or one["index"] != 1]),
        "tools.stream_each",
    ),
    should(
        "call-made-twice",
        "A forced call comes twice, with two ids.",
        _TOOLS,
        _forced,
        edited(lambda value: value["content"].append({**value["content"][0], "id": "toolu_2"})),
        "tools.once",
    ),
    must(
        "result-refused",
        "The tool's result is refused.",
        _TOOLS,
        _result,
        says(400, "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks"),
        "tools.result",
        "claude_code.accepted",
    ),
    should(
        "result-unread",
        "A tool's result is not read: the model makes the same call again.",
        _TOOLS,
        _result,
        instead(
            messages=[{"role": "user", "content": "Record the word pong."}],
            tool_choice={"type": "tool", "name": "record_word"},
        ),
        "tools.result_used",
    ),
    should(
        "streamed-call-not-made",
        "A forced call is streamed as text.",
        _TOOLS,
        _forced_stream,
        _PROSE,
        "tools.stream_called",
    ),
    should(
        "streamed-call-nothing",
        "A forced call is answered with a stream that has no block.",
        _TOOLS,
        streaming_call,
        without(_BLOCK, _DELTA, "content_block_stop"),
        "tools.stream_called",
    ),
    must(
        "streamed-call-index",
        "The block of a call is numbered from 1.",
        _BAD,
        streaming_call,
        events(lambda all: [{**one, "index": 1} if "index" in one else one for one in all]),
        _FORM,
    ),
    must(
        "streamed-call-begun-twice",
        "The block of a call begins twice.",
        _BAD,
        streaming_call,
        events(lambda all: [*all[:2], *all[1:]]),
        _FORM,
    ),
    must(
        "streamed-call-lines",
        "The stream of a call has no event lines.",
        _BAD,
        streaming_call,
        raw(lambda all: (piece.partition(b"\n")[2] for piece in all)),
        _FORM,
    ),
    must(
        "streamed-call-uncounted",
        "The message_delta of a streamed call has no usage.",
        _BAD,
        streaming_call,
        each("message_delta", gone_from("usage")),
        _FORM,
    ),
    must(
        "streamed-call-without-id",
        "The block of a streamed call has no id.",
        _TOOLS,
        streaming_call,
        each(_BLOCK, gone_from("content_block", "id")),
        "tools.stream_named",
    ),
    must(
        "streamed-call-input-string",
        "The block of a streamed call begins with a string as its input.",
        _TOOLS,
        streaming_call,
        each(_BLOCK, set_in("", "content_block", "input")),
        "tools.stream_named",
    ),
    must(
        "streamed-call-cut",
        "The input of a streamed call is incomplete.",
        _TOOLS,
        streaming_call,
        events(_less),
        "tools.stream_joined",
    ),
    must(
        "streamed-call-object",
        "The deltas of a call carry an object.",
        _TOOLS,
        streaming_call,
        each(_DELTA, set_in({"word": "pong"}, "delta", "partial_json")),
        "tools.stream_joined",
    ),
    must(
        "streamed-call-as-text",
        "The input of a streamed call comes in deltas of text.",
        _TOOLS,
        streaming_call,
        each(_DELTA, lambda one: one.update(delta={"type": "text_delta", "text": one["delta"]["partial_json"]})),
        "tools.stream_joined",
    ),
    must(
        "streamed-call-open",
        "The block of a streamed call does not end.",
        _BAD,
        streaming_call,
        without(_STOP),
        "tools.stream_ended",
    ),
    should(
        "streamed-call-at-once",
        "The input of a streamed call arrives with its block.",
        _TOOLS,
        streaming_call,
        events(_at_once),
        "tools.stream_pieces",
    ),
    should(
        "streamed-call-said-twice",
        "The input of a streamed call arrives with its block, and again in deltas.",
        _TOOLS,
        streaming_call,
        each(_BLOCK, set_in({"word": "pong"}, "content_block", "input")),
        "tools.stream_pieces",
    ),
    should(
        "streamed-call-end-turn",
        "A stream with a call ends like one without a call.",
        _TOOLS,
        streaming_call,
        each("message_delta", set_in("end_turn", "delta", "stop_reason")),
        "tools.stream_stop_reason",
    ),
    should(
        "streamed-call-empty",
        "The input of a streamed call is empty.",
        _TOOLS,
        streaming_call,
        without(_DELTA),
        "tools.stream_forced",
    ),
)
