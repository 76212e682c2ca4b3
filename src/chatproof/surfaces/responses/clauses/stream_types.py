"""The fields beside the text in a stream's events: where they stand, they are of the type that the reference gives."""

from collections.abc import Callable

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.field_types import ABSENT, ARRAY, INTEGER, NULL, OBJECT, STRING, misfit
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event, drop, put
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.clauses.items import DETAILS, annotation_misread, is_logprobs
from chatproof.surfaces.responses.examples import (
    ALOUD_EVENTS,
    CALL_EVENTS,
    CALLED,
    STREAMED,
    THOUGHT_EVENTS,
    changed,
    in_place,
    noted,
    on_stream,
    put_before,
    streamed,
)
from chatproof.surfaces.responses.view import kind_of

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)

_BEGUN = {"response.service_tier": STRING + NULL}
_ENDED = {
    "response.service_tier": STRING + NULL,
    "response.incomplete_details": OBJECT + NULL,
    "response.incomplete_details.reason": STRING,
    "response.reasoning": OBJECT + NULL,
}
_ITEM = {
    "output_index": INTEGER,
    "item.id": STRING + ABSENT,
    "item.encrypted_content": STRING + NULL,
    "item.namespace": STRING + NULL,
}
_FINISHED = {**_ITEM, "item.status": STRING + NULL}
_OF_TEXT = {"annotations": ARRAY + NULL, "logprobs": ARRAY + NULL}
_PART = {"item_id": STRING, "output_index": INTEGER, "content_index": INTEGER}
_SUMMARY = {"item_id": STRING, "output_index": INTEGER, "summary_index": INTEGER}
_NOTED = "response.output_text.annotation.added"
_TYPES = {
    "response.created": _BEGUN,
    "response.in_progress": _BEGUN,
    "response.completed": _ENDED,
    "response.incomplete": _ENDED,
    building.ADDED: _ITEM,
    building.DONE: _FINISHED,
    building.PART_ADDED: _PART,
    building.PART_DONE: _PART,
    building.TEXT_DONE: {"item_id": STRING},
    building.DELTA: {"logprobs": ARRAY + NULL},
    building.ARGUMENTS_DONE: {"item_id": STRING, "output_index": INTEGER, "arguments": STRING},
    building.REFUSAL: {"item_id": STRING, "delta": STRING},
    building.REFUSAL_DONE: {"item_id": STRING, "refusal": STRING},
    "response.reasoning_summary_part.added": {**_SUMMARY, "part": OBJECT},
    "response.reasoning_summary_part.done": _SUMMARY,
    "response.reasoning_summary_text.done": _SUMMARY,
    "response.reasoning_summary_text.delta": {**_SUMMARY, "delta": STRING},
    "response.reasoning_text.delta": {**_PART, "delta": STRING},
    "response.reasoning_text.done": _PART,
    _NOTED: {**_PART, "annotation_index": INTEGER, "annotation": OBJECT},
}
"""What the AI SDK or openai-node's stream() wants of each event, beside what other clauses ask for. Types that are not
here they pass over."""


def _thinking(**place: int) -> Example:
    """The good stream with a reasoning item after the message, whose events say where in its summary they belong."""
    item: Event = {"id": "rs_1", "type": "reasoning", "summary": []}
    at: Event = {"item_id": "rs_1", "output_index": 1, **place}
    part = {"type": "summary_text", "text": ""}
    return put_before(
        "completed",
        {"type": building.ADDED, "output_index": 1, "item": item},
        {"type": "response.reasoning_summary_part.added", **at, "part": part},
        {"type": "response.reasoning_summary_text.delta", **at, "delta": "Hm."},
        {"type": "response.reasoning_summary_part.done", **at, "part": {**part, "text": "Hm."}},
        {"type": building.DONE, "output_index": 1, "item": item},
    )


@clause(
    "field_types",
    "The fields of an event other than its text have the types of the reference: service tiers, "
    "log probabilities, ids, places of parts and summaries, finished arguments, annotations.",
    "If a type is wrong, the AI SDK refuses the event, and the answer ends with an error; openai-node's stream() "
    "raises an error on a part or a summary without its place, and on a response or a finished tool call without its "
    "id; Codex passes over a finished message of another form, and shows nothing.",
    level=SHOULD,
    check=2,
    code="contract.schema",
    needs=("responses.stream.typed",),
    holds_on=(
        STREAMED,
        CALLED,
        _thinking(summary_index=0),
        noted({}),
        changed("completed", put({"reason": "content_filter"}, "response", "incomplete_details")),
        changed("completed", drop("response", "output", 0, "content", 0, "annotations")),
        streamed(ALOUD_EVENTS),
    ),
    breaks_on=(
        changed("created", put(1, "response", "service_tier")),
        changed("completed", put("none", "response", "incomplete_details")),
        changed("completed", put({}, "response", "incomplete_details")),
        changed("completed", put("low", "response", "reasoning")),
        changed("output_item.added", put("answer", "item", "phase")),
        changed("output_item.done", put(7, "item", "encrypted_content")),
        changed("output_text.delta", put({}, "logprobs")),
        _thinking(),
        noted({"annotation": {"type": "vendor_note"}}),
        changed("output_text.delta", put([None], "logprobs")),
        changed("output_item.added", lambda one: one["item"].pop("summary", None), THOUGHT_EVENTS),
        changed("output_item.done", lambda one: one["item"].pop("summary", None), THOUGHT_EVENTS),
        changed("output_item.done", lambda one: one["item"].update(summary=[None]), THOUGHT_EVENTS),
        changed("completed", put([None], "response", "output", 0, "content", 0, "annotations")),
        changed("created", put("", "response", "id")),
        changed("output_item.added", put(7, "item", "id")),
        changed("content_part.added", drop("item_id")),
        changed("output_text.done", drop("item_id")),
        changed("content_part.done", drop("content_index")),
        changed("content_part.done", put(None, "part", "text")),
        changed("output_item.done", drop("item", "content")),
        changed("output_item.done", put([None], "item", "content")),
        changed("output_item.done", put("", "item", "role")),
        changed("output_item.done", put({}, "item", "status")),
        changed("output_item.done", put({}, "item", "content", 0, "annotations")),
        changed("output_item.done", put("x", "item", "content", 0, "logprobs")),
        changed("content_part.done", put(0.5, "content_index")),
        changed("completed", drop("response", "output", 0, "id"), CALL_EVENTS),
        changed("completed", put("", "response", "output", 0, "name"), CALL_EVENTS),
        in_place(ALOUD_EVENTS, 4, {**ALOUD_EVENTS[4], "delta": None}),
        in_place(ALOUD_EVENTS, 4, {**ALOUD_EVENTS[4], "content_index": "0"}),
        in_place(ALOUD_EVENTS, 5, {**ALOUD_EVENTS[5], "content_index": "0"}),
    ),
)
def field_types(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        kind = kind_of(one)
        path, expected = misfit(one, _TYPES.get(kind, {}))
        if not path and kind in _FURTHER:
            path, expected = _FURTHER[kind](one)
        if path:
            return broken(f"event {number} ({kind}), $.{path}", expected, _held(one, path))
    return holds()


def _of_begun(one: view.Fields) -> tuple[str, str]:
    return ("response.id", "an id") if view.members(one.get("response")).get("id") == "" else ("", "")


def _of_item(one: view.Fields) -> tuple[str, str]:
    item = view.members(one.get("item"))
    if item.get("type") == "reasoning":
        summary = item.get("summary")
        if not (isinstance(summary, list) and all(isinstance(part, dict) for part in summary)):
            return "item.summary", "an array of objects"
    if item.get("phase") not in (None, "commentary", "final_answer"):
        return "item.phase", "commentary, final_answer or null"
    return "", ""


def _of_finished_item(one: view.Fields) -> tuple[str, str]:
    item = view.members(one.get("item"))
    if item.get("type") == view.MESSAGE:
        content = item.get("content")
        if not isinstance(content, list):
            return "item.content", ARRAY
        if not all(isinstance(part, dict) for part in content):
            return "item.content", "an array of objects"
        if item.get("role") != "assistant":
            return "item.role", "assistant"
        for part in content:
            path, expected = misfit(part, _OF_TEXT)
            if path:
                return "item.content", f"parts whose {path} are {expected}"
    return _of_item(one)


def _of_part(one: view.Fields) -> tuple[str, str]:
    part = view.members(one.get("part"))
    if part.get("type") == "output_text" and not isinstance(part.get("text"), str):
        return "part.text", STRING
    return "", ""


def _of_end(one: view.Fields) -> tuple[str, str]:
    for call in view.items(view.members(one.get("response")), view.CALL):
        for name in ("id", "name"):
            if not isinstance(call.get(name), str) or not call[name]:
                return "response.output", f"calls, each with its {name}"
    for item in view.items(view.members(one.get("response")), view.MESSAGE):
        for part in view.objects(item.get("content")):
            notes = part.get("annotations")
            if isinstance(notes, list) and not all(isinstance(note, dict) for note in notes):
                return "response.output", "texts whose annotations are objects"
    return "", ""


def _of_delta(one: view.Fields) -> tuple[str, str]:
    found = one.get("logprobs")
    return ("", "") if found is None or is_logprobs(found) else ("logprobs", "tokens with their numbers, or null")


def _of_note(one: view.Fields) -> tuple[str, str]:
    expected = annotation_misread(one["annotation"])
    return ("annotation", expected) if expected else ("", "")


_FURTHER: dict[str, Callable[[view.Fields], tuple[str, str]]] = {
    "response.created": _of_begun,
    building.ADDED: _of_item,
    building.DONE: _of_finished_item,
    building.PART_DONE: _of_part,
    building.DELTA: _of_delta,
    "response.completed": _of_end,
    _NOTED: _of_note,
}
"""(path, what must stand there), or two empty texts: what a type alone does not say of an event's fields."""


def _held(one: view.Fields, path: str) -> str:
    *holders, name = path.split(".")
    for holder in holders:
        one = view.members(one.get(holder))
    return quote(one[name]) if name in one else "absent"


@clause(
    "usage_details",
    "The details of the usage at the end, if present, have their numbers.",
    "If a type is wrong, the AI SDK refuses the event, and the answer ends with an error; Codex also refuses it if a "
    "number is missing or null.",
    level=SHOULD,
    code="contract.usage",
    needs=("responses.stream.usage",),
    holds_on=(STREAMED, changed("completed", put(None, "response", "usage", "input_tokens_details"))),
    breaks_on=(
        changed("completed", put(0, "response", "usage", "input_tokens_details")),
        changed("completed", put({"reasoning_tokens": "0"}, "response", "usage", "output_tokens_details")),
        changed("completed", put({"cached_tokens": None}, "response", "usage", "input_tokens_details")),
        changed("completed", put({}, "response", "usage", "output_tokens_details")),
    ),
)
def usage_details(reply: Reply, context: Context) -> Outcome:
    number, one = view.terminals(reply)[0]
    for held, name in DETAILS:
        at = f"response.usage.{held}"
        path, expected = misfit(one, {at: OBJECT + NULL, f"{at}.{name}": INTEGER})
        if path:
            return broken(f"event {number}, $.{path}", expected, _held(one, path))
    return holds()
