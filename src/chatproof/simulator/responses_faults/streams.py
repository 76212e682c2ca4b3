"""Faults of streams: one event less, one field less, and texts and ids that do not agree."""

import json

from chatproof.simulator.common_faults import Value, gone_from, set_in
from chatproof.simulator.fault import Turn
from chatproof.simulator.fault import events as raw
from chatproof.simulator.responses_faults.parts import (
    each,
    events,
    let_in,
    must,
    should,
    streaming,
    streaming_text,
    without,
)
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import Reply

_MALFORMED, _USAGE = "stream.malformed", "contract.usage"
_ERROR = {"type": "error", "code": "server_error", "message": "upstream died", "param": None}
_CHAT_USAGE = {"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}


def _not_streamed(turn: Turn) -> Reply:
    asked = {**json.loads(turn.asked.body), "stream": False}
    return let_in(turn._replace(asked=turn.asked._replace(body=json.dumps(asked).encode())))


def _untyped(piece: bytes) -> bytes:
    value = value_of(piece)
    named = value.pop("type")
    return f"event: {named}\n".encode() + event(value).partition(b"\n")[2]


def _flat(one: Value) -> None:
    held = one.pop("response")
    one.update({**held, "type": one["type"]})


def _failed(all: list[Value]) -> list[Value]:
    last = all[-1]["response"]
    failed = {**last, "status": "failed", "output": [], "error": {"code": "server_error", "message": "upstream died"}}
    return [*all[:5], {"type": "response.failed", "response": failed}]


def _twice(type: str, all: list[Value]) -> list[Value]:
    return [copy for one in all for copy in ([one, one] if one["type"] == f"response.{type}" else [one])]


def _only(all: list[Value]) -> list[Value]:
    """Begin, deltas and end, and nothing between."""
    return [
        one for one in all if one["type"] in ("response.created", "response.output_text.delta", "response.completed")
    ]


def _must(name: str, about: str, alter: object, *breaks: str, code: str = _MALFORMED) -> object:
    return must(name, about, code, streaming_text, alter, *(f"stream.{id}" for id in breaks), stream=True)  # type: ignore[arg-type]


def _should(name: str, about: str, alter: object, *breaks: str, code: str = _MALFORMED) -> object:
    return should(name, about, code, streaming_text, alter, *(f"stream.{id}" for id in breaks), stream=True)  # type: ignore[arg-type]


ROWS = (
    must(
        "not-streamed",
        "stream: true is ignored.",
        "stream.not_streamed",
        streaming,
        _not_streamed,
        "stream.answered",
        stream=True,
    ),
    _must(
        "stream-broken-json",
        "An event's JSON is broken.",
        raw(lambda all: (*all[:3], b'event: x\ndata: {"type"\n\n', *all[3:])),
        "events_parse",
    ),
    _must(
        "stream-error",
        "An event contains an error.",
        events(lambda all: [*all[:5], _ERROR]),
        "no_error",
        code="stream.error",
    ),
    _must("stream-failed", "The response fails in the middle.", events(_failed), "no_error", code="stream.error"),
    _must("events-untyped", "No event's data has a type.", raw(lambda all: map(_untyped, all)), "typed"),
    _must(
        "delta-untyped",
        "The deltas' data has no type.",
        raw(lambda all: (_untyped(one) if b".delta" in one[:40] else one for one in all)),
        "typed",
    ),
    _must("no-created", "response.created is missing.", without("created"), "created"),
    _must(
        "queued-first",
        "response.queued comes before response.created.",
        events(lambda all: [{**all[0], "type": "response.queued"}, *all]),
        "created",
    ),
    _must(
        "response-not-nested",
        "The response of response.created is in the event itself.",
        each("created", _flat),
        "created",
    ),
    _must(
        "created-without-id", "The first response has no id.", each("created", gone_from("response", "id")), "created"
    ),
    _must(
        "created-minimal",
        "The first response has only its id.",
        each("created", lambda one: one.update(response={"id": one["response"]["id"]})),
        "created_whole",
    ),
    _must(
        "in-progress-minimal",
        "response.in_progress has only an id.",
        each("in_progress", lambda one: one.update(response={"id": one["response"]["id"]})),
        "created_whole",
    ),
    _must("no-item-added", "response.output_item.added is missing.", without("output_item.added"), "item_added"),
    _must(
        "item-added-twice",
        "response.output_item.added is sent twice.",
        events(lambda all: _twice("output_item.added", all)),
        "item_added",
    ),
    _must(
        "added-without-item",
        "response.output_item.added has no item.",
        each("output_item.added", gone_from("item")),
        "item_added",
    ),
    _must("no-part-added", "response.content_part.added is missing.", without("content_part.added"), "part_added"),
    _must(
        "part-index-one",
        "The first part has the index 1.",
        events(lambda all: [{**one, "content_index": 1} if "content_index" in one else one for one in all]),
        "part_added",
    ),
    _should(
        "text-done-without-text",
        "response.output_text.done has no text.",
        each("output_text.done", gone_from("text")),
        "in_order",
    ),
    _should(
        "part-done-without-part",
        "response.content_part.done has no part.",
        each("content_part.done", gone_from("part")),
        "in_order",
    ),
    _must(
        "part-added-as-text",
        "The part is added as type text.",
        each("content_part.added", set_in("text", "part", "type")),
        "part_added",
    ),
    _must(
        "delta-without-output-index",
        "The deltas have no output_index.",
        each("output_text.delta", gone_from("output_index")),
        "places",
    ),
    _must(
        "delta-without-content-index",
        "The deltas have no content_index.",
        each("output_text.delta", gone_from("content_index")),
        "places",
    ),
    _must(
        "delta-without-item-id",
        "The deltas have no item_id.",
        each("output_text.delta", gone_from("item_id")),
        "places",
    ),
    _must("no-deltas", "No delta comes; the text is in the last events.", without("output_text.delta"), "deltas"),
    _must(
        "delta-object",
        "A delta is an object.",
        each("output_text.delta", lambda one: one.update(delta={"text": one["delta"]})),
        "deltas",
        code="stream.malformed",
    ),
    _should(
        "done-text-differs",
        "response.output_text.done has another text.",
        each("output_text.done", set_in("ping", "text")),
        "done_texts",
    ),
    _must(
        "item-text-differs",
        "The finished item has another text.",
        each("output_item.done", set_in("ping", "item", "content", 0, "text")),
        "joined",
    ),
    _should(
        "stream-byte-order-mark",
        "The stream begins with a byte order mark.",
        raw(lambda all: (b"\xef\xbb\xbf", *all)),
        "line_ends",
    ),
    _must(
        "done-early",
        "[DONE] comes before the last event.",
        raw(lambda all: (*all[:-1], b"data: [DONE]\n\n", all[-1])),
        "finished",
        code="stream.incomplete",
    ),
    _must("no-item-done", "response.output_item.done is missing.", without("output_item.done"), "item_done"),
    _must(
        "item-done-twice",
        "response.output_item.done comes twice.",
        events(lambda all: _twice("output_item.done", all)),
        "item_done",
    ),
    _must(
        "item-done-empty",
        "The finished item has no parts.",
        each("output_item.done", set_in([], "item", "content")),
        "joined",
    ),
    _should(
        "item-done-without-role",
        "The finished item has no role.",
        each("output_item.done", gone_from("item", "role")),
        "field_types",
        code="contract.schema",
    ),
    _should(
        "completed-detail-null",
        "A detail of the last response's usage is null.",
        each("completed", set_in(None, "response", "usage", "input_tokens_details", "cached_tokens")),
        "usage_details",
        code=_USAGE,
    ),
    _must(
        "item-id-changes",
        "The finished item has another id.",
        each("output_item.done", set_in("msg_other", "item", "id")),
        "item_ids",
    ),
    _must(
        "delta-item-id-differs",
        "The deltas name another item.",
        each("output_text.delta", set_in("msg_other", "item_id")),
        "item_ids",
    ),
    _must(
        "no-completed",
        "The stream ends without response.completed.",
        without("completed"),
        "finished",
        code="stream.incomplete",
    ),
    _must(
        "stream-broken-off",
        "The stream ends before its first delta.",
        events(lambda all: all[:3]),
        "deltas",
        "finished",
        code="stream.incomplete",
    ),
    _must(
        "completed-not-nested",
        "The last response is in the event itself.",
        each("completed", _flat),
        "finished",
    ),
    _should(
        "completed-twice",
        "response.completed is sent twice.",
        events(lambda all: [*all, all[-1]]),
        "once",
        code="stream.duplicated",
    ),
    _must(
        "response-id-changes",
        "The last response has another id.",
        each("completed", set_in("resp_other", "response", "id")),
        "one_response",
    ),
    _must(
        "completed-without-id",
        "The last response has no id.",
        each("completed", gone_from("response", "id")),
        "one_response",
    ),
    _must(
        "completed-output-empty",
        "The last response's output is empty.",
        each("completed", set_in([], "response", "output")),
        "final_text",
    ),
    _must(
        "completed-output-null",
        "The last response's output is null.",
        each("completed", set_in(None, "response", "output")),
        "final_text",
    ),
    _must(
        "completed-output-missing",
        "The last response has no output.",
        each("completed", gone_from("response", "output")),
        "final_text",
    ),
    _must(
        "completed-text-differs",
        "The last response has another text.",
        each("completed", set_in("ping", "response", "output", 0, "content", 0, "text")),
        "final_text",
    ),
    _must(
        "stream-usage-of-chat",
        "The last response's usage has chat's names.",
        each("completed", set_in(_CHAT_USAGE, "response", "usage")),
        "usage",
        code=_USAGE,
    ),
    _must("bare-stream", "Only the first event, the deltas and the last event arrive.", events(_only), "item_added"),
    _should(
        "stream-usage-missing",
        "The last response has no usage.",
        each("completed", gone_from("response", "usage")),
        "usage_reported",
        code=_USAGE,
    ),
    _should(
        "ends-incomplete",
        "The stream ends with response.incomplete.",
        events(lambda all: [*all[:-1], {**all[-1], "type": "response.incomplete"}]),
        "completed",
    ),
    _should("no-in-progress", "response.in_progress is missing.", without("in_progress"), "in_order"),
    _should("no-text-done", "response.output_text.done is missing.", without("output_text.done"), "in_order"),
    _should("no-part-done", "response.content_part.done is missing.", without("content_part.done"), "in_order"),
    _should(
        "no-numbers",
        "No event has a sequence_number.",
        raw(lambda all: (event({k: v for k, v in value_of(one).items() if k != "sequence_number"}) for one in all)),
        "numbered",
    ),
    _should(
        "numbers-stand-still",
        "Each sequence_number is 0.",
        raw(lambda all: (event({**value_of(one), "sequence_number": 0}) for one in all)),
        "numbered",
    ),
    _should(
        "no-event-lines",
        "There are no event lines.",
        raw(lambda all: (one.partition(b"\n")[2] for one in all)),
        "event_lines",
    ),
    _should(
        "other-event-lines",
        "Each event line says message.",
        raw(lambda all: (b"event: delta\n" + one.partition(b"\n")[2] for one in all)),
        "event_lines",
    ),
    _should(
        "event-after-the-end",
        "An event comes after response.completed.",
        events(lambda all: [*all, {**all[1], "type": "response.in_progress"}]),
        "ends",
    ),
    _should(
        "empty-event",
        "An event comes without data.",
        raw(lambda all: (*all[:3], b"retry: 3000\n\n", *all[3:])),
        "no_empty_events",
    ),
    _should(
        "unknown-event",
        "An event is of a vendor-specific type.",
        events(lambda all: [*all[:4], {"type": "response.vendor.heartbeat"}, *all[4:]]),
        "known_events",
    ),
    _should(
        "completed-without-object",
        "The last response is not labelled as one.",
        each("completed", gone_from("response", "object")),
        "final_shape",
        code="contract.schema",
    ),
    _should(
        "completed-item-id-differs",
        "The last response's item has another id.",
        each("completed", set_in("msg_other", "response", "output", 0, "id")),
        "final_shape",
        code="contract.schema",
    ),
)
