"""Events beside the text: each names an item that was added, and the part of it that the event is about."""

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.examples import (
    CALLED,
    EVENTS,
    STREAMED,
    SUMMARY_EVENTS,
    THOUGHT_EVENTS,
    on_stream,
    put_before,
    streamed,
)
from chatproof.surfaces.responses.view import Fields, kind_of, members
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)

_NOTED = "response.output_text.annotation.added"
_OF = {  # the type of item that an event is about; texts, arguments and summaries have clauses of their own
    _NOTED: view.MESSAGE,
    building.REFUSAL: view.MESSAGE,
    building.REFUSAL_DONE: view.MESSAGE,
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_text.done": "reasoning",
    **{
        f"response.{item}.{state}": item
        for item, states in (
            ("code_interpreter_call", ("in_progress", "interpreting", "completed")),
            ("file_search_call", ("in_progress", "searching", "completed")),
            ("image_generation_call", ("in_progress", "generating", "completed", "partial_image")),
            ("mcp_call", ("in_progress", "completed", "failed")),
            ("mcp_list_tools", ("in_progress", "completed", "failed")),
            ("web_search_call", ("in_progress", "searching", "completed")),
        )
        for state in states
    },
    **{
        f"response.{text}.{state}": item
        for text, item in (
            ("code_interpreter_call_code", "code_interpreter_call"),
            ("custom_tool_call_input", "custom_tool_call"),
            ("mcp_call_arguments", "mcp_call"),
        )
        for state in ("delta", "done")
    },
}
_THOUGHT = "reasoning_text"
_PART_OF = {
    _NOTED: view.TEXT,
    building.REFUSAL: "refusal",
    building.REFUSAL_DONE: "refusal",
    "response.reasoning_text.delta": _THOUGHT,
    "response.reasoning_text.done": _THOUGHT,
}


class _Added:
    """An item as it was added, and what came to it."""

    def __init__(self, item: Fields) -> None:
        self.item = item
        self.parts: list[Json] = []  # the type of each
        self.notes: dict[int, int] = {}  # how many annotations a part has


_AT: Event = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_PATH: Event = {"type": "file_path", "file_id": "f_1", "index": 0}
_NOTE: Event = {"type": _NOTED, **_AT, "annotation_index": 0, "annotation": _PATH}
_TEXT_PART: Event = {"type": view.TEXT, "text": "", "annotations": []}
_IN_THOUGHT: Event = {**_AT, "item_id": "rs_1"}
_SEARCH: Event = {"id": "ws_1", "type": "web_search_call", "status": "in_progress", "action": {"type": "search"}}
_SEARCHING: Event = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}
_SEARCHED = (
    *EVENTS[:2],
    {"type": building.ADDED, "output_index": 0, "item": _SEARCH},
    _SEARCHING,
    {"type": building.DONE, "output_index": 0, "item": _SEARCH},
    *({**one, "output_index": 1} for one in EVENTS[2:-1]),
    EVENTS[-1],
)
_THINKING = (
    *THOUGHT_EVENTS[:3],
    {"type": building.PART_ADDED, **_IN_THOUGHT, "part": {"type": _THOUGHT, "text": ""}},
    {"type": "response.reasoning_text.delta", **_IN_THOUGHT, "delta": "Hm."},
    {"type": "response.reasoning_text.done", **_IN_THOUGHT, "text": "Hm."},
    *THOUGHT_EVENTS[3:],
)


def _noted(*changes: Event) -> Example:
    """The good stream with an annotation for each of these changes to a good one."""
    return put_before("output_text.done", *({**_NOTE, **change} for change in changes or ({},)))


@on_stream(CLAUSES)(
    "routes",
    "Each event about an item names one of that type that was added, by its output_index and its item_id; what is about"
    " a part comes after that part, and the annotations of a text are numbered from 0.",
    "stream() of openai-node looks the item and the part up and raises an error: the answer that follows is lost.",
    level=SHOULD,
    needs=("responses.stream.field_types", "responses.stream.part_added", "responses.stream.item_ids"),
    holds_on=(
        STREAMED,
        CALLED,
        streamed(SUMMARY_EVENTS),
        streamed(_SEARCHED),
        streamed(_THINKING),
        _noted(),
        _noted({}, {"annotation_index": 1}),
    ),
    breaks_on=(
        put_before("output_item.added", _SEARCHING),
        streamed([*_SEARCHED[:3], {**_SEARCHING, "item_id": "ws_2"}, *_SEARCHED[4:]]),
        streamed([*_SEARCHED[:3], {**_SEARCHING, "output_index": 5}, *_SEARCHED[4:]]),
        streamed([*_SEARCHED[:3], {"type": _SEARCHING["type"], "output_index": 0}, *_SEARCHED[4:]]),
        streamed([*_SEARCHED[:3], {**_SEARCHING, "type": "response.file_search_call.searching"}, *_SEARCHED[4:]]),
        streamed([*_THINKING[:3], *_THINKING[4:]]),
        streamed([*_THINKING[:3], *_THINKING[5:]]),
        streamed([*_THINKING[:3], {**_THINKING[3], "part": _TEXT_PART}, *_THINKING[4:]]),
        _noted({"output_index": 1}),
        _noted({"output_index": -1}),
        _noted({"content_index": 1}),
        _noted({"content_index": -1}),
        _noted({"item_id": ""}),
        _noted({"annotation_index": 1}),
        _noted({"annotation_index": -1}),
        _noted({}, {"annotation_index": 2}),
    ),
)
def routes(reply: Reply, context: Context) -> Outcome:
    items: dict[Json, _Added] = {}
    for number, one in enumerate(view.events(reply)):
        kind = kind_of(one)
        if kind == building.ADDED:
            items[one.get("output_index")] = _Added(members(one.get("item")))
            continue
        wanted = _of_parts(one) if kind in (building.PART_ADDED, building.PART_DONE) else _OF.get(kind)
        problem = _unrouted(items.get(one.get("output_index")), wanted, one) if wanted else None
        if problem:
            return broken(f"event {number} ({kind})", *problem)
    return holds()


def _of_parts(one: Fields) -> str:
    return "reasoning" if members(one.get("part")).get("type") == _THOUGHT else view.MESSAGE


def _unrouted(found: _Added | None, wanted: str, one: Fields) -> tuple[str, str] | None:
    """(what was expected, what is there) of an event that finds no item, or no part; it is noted where it finds one."""
    if found is None or found.item.get("type") != wanted:
        said = f"where one of type {quote(found.item.get('type'))} is" if found else "where none is"
        return f"an item of type {wanted} that was added", f"output_index {quote(one.get('output_index'))}, {said}"
    if one.get("item_id") != found.item.get("id"):
        return f"the id of that item, {quote(found.item.get('id'), 60)}", quote(one.get("item_id"), 60)
    kind, index = kind_of(one), one.get("content_index")
    place = index if isinstance(index, int) else -1
    if kind == building.PART_ADDED:
        found.parts.append(members(one.get("part")).get("type"))
    elif kind in _PART_OF and (place < 0 or found.parts[place : place + 1] != [_PART_OF[kind]]):
        return f"a part of type {_PART_OF[kind]} that was added", f"content_index {quote(index)}"
    if kind != _NOTED:
        return None
    count = found.notes.get(place, 0)
    found.notes[place] = count + 1
    known = one["annotation_index"] in range(count + 1)
    return None if known else (f"annotation_index {count}", quote(one["annotation_index"]))
