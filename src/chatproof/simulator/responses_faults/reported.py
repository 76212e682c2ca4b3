"""Faults as bug reports tell of them: what gateways and bridges to chat do that stops one client and not another."""

import re
from typing import Any

from chatproof.simulator.common_faults import Value, gone_from, put, set_in
from chatproof.simulator.fault import Alter, edited
from chatproof.simulator.fault import events as raw
from chatproof.simulator.responses_faults.parts import (
    each,
    events,
    must,
    plain,
    should,
    streaming_text,
    with_text,
)
from chatproof.simulator.wire import Reply

_SCHEMA, _USAGE, _MALFORMED = "contract.schema", "contract.usage", "stream.malformed"
_DUPLICATED = "stream.duplicated"
_PART = ("output", 0, "content", 0)


def _before(*thought: object) -> Alter:
    """The good response with an item before the message: a reasoning item with this summary."""
    item = {"id": "rs_1", "type": "reasoning", "summary": list(thought)}
    return edited(lambda value: value["output"].insert(0, item))


def _item(type: str, all: list[Value]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in all if one["type"] == f"response.{type}")
    return found


def _is_delta(one: Value) -> bool:
    return bool(one["type"] == "response.output_text.delta")


def _again(all: list[Value]) -> list[Value]:
    """The stream with its whole text in one more delta."""
    last = next(filter(_is_delta, reversed(all)))
    whole = _item("output_text.done", all)["text"]
    return [*all[:-4], {**last, "delta": whole}, *all[-4:]]


def _moved(type: str, after: str, all: list[Value]) -> list[Value]:
    """The last event of a type, put after the first of another type."""
    one = [event for event in all if event["type"] == f"response.{type}"][-1]
    rest = [event for event in all if event is not one]
    at = rest.index(_item(after, rest)) + 1
    return [*rest[:at], one, *rest[at:]]


def _whole_so_far(all: list[Value]) -> list[Value]:
    """Each delta holds all the text so far."""
    text, made = "", []
    for one in all:
        if one["type"] == "response.output_text.delta":
            text += one["delta"]
            made.append({**one, "delta": text})
        else:
            made.append(one)
    return made


def _unplaced_thought(all: list[Value], **place: int) -> list[Value]:
    item = {"id": "rs_1", "type": "reasoning", "summary": []}
    at = {"item_id": "rs_1", "output_index": 0, **place}
    thought: list[Value] = [
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.reasoning_summary_text.delta", **at, "delta": "Hm."},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
    ]
    moved = [{**one, "output_index": 1} if "output_index" in one else one for one in all[2:-1]]
    last = all[-1]["response"]
    return [*all[:2], *thought, *moved, {**all[-1], "response": {**last, "output": [item, *last["output"]]}}]


_SEARCHING: Value = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}


def _annotated(all: list[Value]) -> list[Value]:
    done = _item("output_text.done", all)
    note = {"type": "url_citation", "url": "https://example.com", "title": "A page", "start_index": 0, "end_index": 1}
    at = {"item_id": done["item_id"], "output_index": done["output_index"], "content_index": -1}
    added = {"type": "response.output_text.annotation.added", **at, "annotation_index": 0, "annotation": note}
    place = all.index(done)
    return [*all[:place], added, *all[place:]]


def _doubled(all: list[Value]) -> list[Value]:
    """The message comes twice, as two items."""
    last, again = all[-1]["response"], [{**one, "output_index": 1} for one in all[2:-1]]
    return [*all[:-1], *again, {**all[-1], "response": {**last, "output": last["output"] * 2}}]


def _filled(all: list[Value]) -> list[Value]:
    """The message is added with the whole text in it."""
    whole = _item("output_item.done", all)["item"]
    return [{**one, "item": whole} if one["type"] == "response.output_item.added" else one for one in all]


def _created_filled(all: list[Value]) -> list[Value]:
    output = all[-1]["response"]["output"]
    return [{**all[0], "response": {**all[0]["response"], "output": output}}, *all[1:]]


def _typed_text(turn: Any) -> Reply:
    reply: Reply = turn.reply
    return reply._replace(headers=(("Content-Type", "text/plain"), *reply.headers[1:]))


def _must(name: str, about: str, alter: Alter, *clauses: str, code: str = _MALFORMED) -> object:
    return must(name, about, code, streaming_text, alter, *(f"stream.{id}" for id in clauses), stream=True)


def _should(name: str, about: str, alter: Alter, clause: str, code: str = _MALFORMED) -> object:
    return should(name, about, code, streaming_text, alter, f"stream.{clause}", stream=True)


ROWS: tuple[Any, ...] = (
    must(
        "stream-unmarked-event",
        "An event stands in the stream without its `data:`.",
        _MALFORMED,
        streaming_text,
        raw(lambda all: (*all[:5], all[5].replace(b"data: ", b"", 1), *all[6:])),
        "stream.events_parse",
        stream=True,
    ),
    must(
        "error-empty-object",
        "The response's error is an empty object.",
        "contract.error_present",
        plain,
        put({}, "error"),
        "happy.no_error_field",
    ),
    should("model-null", "The model is null.", _SCHEMA, plain, put(None, "model"), "happy.field_types"),
    should(
        "service-tier-number",
        "The service tier is a number.",
        _SCHEMA,
        plain,
        put(1, "service_tier"),
        "happy.field_types",
    ),
    should(
        "text-format-string",
        "The format of the text is a string.",
        _SCHEMA,
        with_text,
        put("text", "text", "format"),
        "happy.field_types",
    ),
    should(
        "incomplete-details-text",
        "incomplete_details is a string.",
        _SCHEMA,
        plain,
        put("none", "incomplete_details"),
        "happy.field_types",
    ),
    should(
        "annotation-of-vendor",
        "An annotation is of a vendor-specific kind.",
        _SCHEMA,
        with_text,
        put([{"type": "vendor_note", "text": "x"}], *_PART, "annotations"),
        "happy.annotations",
    ),
    should(
        "annotation-without-place",
        "An annotation does not have its place in the text.",
        _SCHEMA,
        with_text,
        put([{"type": "url_citation", "url": "https://a.example", "title": "A"}], *_PART, "annotations"),
        "happy.annotations",
    ),
    should(
        "logprobs-object",
        "The text's logprobs are an object, as in chat.",
        _SCHEMA,
        with_text,
        put({"content": []}, *_PART, "logprobs"),
        "happy.annotations",
    ),
    should(
        "summary-of-strings",
        "The summary of a reasoning item is an array of strings.",
        _SCHEMA,
        with_text,
        _before("Hm."),
        "happy.items",
    ),
    should(
        "search-without-status",
        "A web search has no status.",
        _SCHEMA,
        with_text,
        edited(lambda value: value["output"].insert(0, {"id": "ws_1", "type": "web_search_call"})),
        "happy.items",
    ),
    should(
        "unknown-part",
        "A part of the message is of a vendor-specific kind.",
        _SCHEMA,
        with_text,
        edited(lambda value: value["output"][0]["content"].append({"type": "vendor:note", "note": "x"})),
        "happy.known_items",
    ),
    should(
        "usage-without-total",
        "The usage has no total_tokens.",
        _USAGE,
        plain,
        edited(lambda value: value["usage"].pop("total_tokens")),
        "happy.usage_reported",
    ),
    should(
        "usage-details-count",
        "The details of the usage are a number.",
        _USAGE,
        plain,
        put(0, "usage", "input_tokens_details"),
        "happy.usage_reported",
    ),
    should(
        "stream-media-type",
        "The stream is labelled text/plain.",
        "contract.media_type",
        streaming_text,
        _typed_text,
        "stream.media_type",
        stream=True,
    ),
    _must(
        "created-filled",
        "response.created already contains the complete answer.",
        events(_created_filled),
        "created_whole",
    ),
    _should(
        "created-without-model",
        "The first response names no model.",
        each("created", lambda one: one["response"].pop("model")),
        "created_named",
        _SCHEMA,
    ),
    _should(
        "item-index-one",
        "The first item has the index 1.",
        events(lambda all: [{**one, "output_index": 1} if "output_index" in one else one for one in all]),
        "item_numbers",
    ),
    _must(
        "part-text-null",
        "The part is added with null in the place of its text.",
        each("content_part.added", set_in(None, "part", "text")),
        "part_added",
    ),
    _must(
        "added-without-content",
        "The message has no content when it is added.",
        each("output_item.added", gone_from("item", "content")),
        "item_whole",
    ),
    _should("added-filled", "The message is added with its text.", events(_filled), "item_empty"),
    _must(
        "item-done-early",
        "response.output_item.done comes before the text.",
        events(lambda all: _moved("output_item.done", "content_part.added", all)),
        "item_done",
    ),
    _must(
        "delta-late",
        "A delta comes after response.output_item.done.",
        events(lambda all: _moved("output_text.delta", "output_item.done", all)),
        "item_done",
    ),
    _must(
        "item-done-of-another-type",
        "The finished item is of another type.",
        each("output_item.done", set_in("output_message", "item", "type")),
        "item_done",
    ),
    _should(
        "in-progress-late",
        "response.in_progress comes after an item was added.",
        events(lambda all: [all[0], all[2], all[1], *all[3:]]),
        "in_order",
    ),
    _should(
        "done-text-empty",
        "response.output_text.done has an empty text.",
        each("output_text.done", set_in("", "text")),
        "done_texts",
    ),
    _should(
        "service-tier-streamed",
        "The service tier of response.created is a number.",
        each("created", set_in(1, "response", "service_tier")),
        "field_types",
        _SCHEMA,
    ),
    _should(
        "summary-without-index",
        "The events of a reasoning item do not say where in its summary they belong.",
        events(_unplaced_thought),
        "field_types",
        _SCHEMA,
    ),
    _should(
        "summary-without-part",
        "A text of a reasoning summary comes without its part.",
        events(lambda all: _unplaced_thought(all, summary_index=0)),
        "reasoning",
    ),
    _should(
        "search-without-item",
        "An event tells of a web search that was not added.",
        events(lambda all: [*all[:2], _SEARCHING, *all[2:]]),
        "routes",
    ),
    _should(
        "annotation-misnumbered",
        "An annotation is for a part that does not exist.",
        events(_annotated),
        "routes",
    ),
    _should(
        "completed-details-count",
        "The details of the last response's usage are a number.",
        each("completed", set_in(0, "response", "usage", "input_tokens_details")),
        "usage_details",
        _USAGE,
    ),
    _must("items-of-one-id", "Two items have one id.", events(_doubled), "item_ids"),
    _must(
        "completed-item-null",
        "An item of the last response is null.",
        each("completed", lambda one: one["response"]["output"].append(None)),
        "final_text",
    ),
    _must(
        "deltas-cumulative",
        "Each delta repeats all the text so far.",
        events(_whole_so_far),
        "text_once",
        code=_DUPLICATED,
    ),
    _must(
        "deltas-twice",
        "Each delta comes twice.",
        events(lambda all: [one for one in all for _ in range(2 if _is_delta(one) else 1)]),
        "text_once",
        code=_DUPLICATED,
    ),
    _must(
        "delta-repeated",
        "The last delta comes once more.",
        events(lambda all: [*all[:-4], next(filter(_is_delta, reversed(all))), *all[-4:]]),
        "text_once",
        code=_DUPLICATED,
    ),
    _must(
        "response-twice",
        "A second response begins behind the end of the first.",
        events(lambda all: [*all, *all]),
        "item_added",
        "once",
        code=_DUPLICATED,
    ),
    _must("text-again", "The whole text comes again in a delta.", events(_again), "text_once", code=_DUPLICATED),
    _must(
        "completed-error-empty",
        "The last response's error is an empty object.",
        each("completed", set_in({}, "response", "error")),
        "no_error",
        code="stream.error",
    ),
    _must(
        "end-cut-off",
        "The last event has no blank line after it.",
        raw(lambda all: (*all[:-1], all[-1].rstrip(b"\n"))),
        "finished",
        code="stream.incomplete",
    ),
    must(
        "item-ids-null",
        "Items have no id where they are added and done.",
        "stream.malformed",
        streaming_text,
        raw(lambda all: (re.sub(rb'("item": ?\{"id": ?)"[^"]*"', rb"\1null", one) for one in all)),
        "stream.item_ids",
        "stream.field_types",
        stream=True,
    ),
)
