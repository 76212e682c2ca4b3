"""Events beside the text: each names an item that was added, and the part of it that the event is about."""

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import building, kinds, view
from chatproof.surfaces.responses.examples import (
    ALOUD_EVENTS,
    CALLED,
    SEARCH_EVENTS,
    SHELL_EVENTS,
    STREAMED,
    SUMMARY_EVENTS,
    in_place,
    noted,
    on_stream,
    put_before,
    streamed,
)
from chatproof.surfaces.responses.view import Fields, kind_of, members
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)

_NOTED = "response.output_text.annotation.added"
_ALOUD = "reasoning_text"
_OF_MESSAGES = {"output_text": view.TEXT, "refusal": "refusal"}  # events by the type of part that they are about
_PARTS = {**_OF_MESSAGES, _ALOUD: _ALOUD}
_WITHOUT_ID = "shell_call_command"  # its events have no item_id
_TEXT_PART = {"type": view.TEXT, "text": "", "annotations": []}


class _Added:
    """An item as it was added, and what came to it."""

    def __init__(self, item: Fields) -> None:
        self.item = item
        self.parts: list[Json] = []  # the type of each
        self.notes: dict[Json, int] = {}  # how many annotations a part has


@on_stream(CLAUSES)(
    "routes",
    "Each event about an item names one of that type that was added, by its output_index and its item_id; what is about"
    " a part comes after that part, and the annotations of a text are numbered from 0.",
    "stream() of openai-node looks the item and the part up and raises an error: the answer that follows is lost.",
    level=SHOULD,
    needs=tuple(f"responses.stream.{id}" for id in ("reasoning", "part_added", "places", "item_ids")),
    holds_on=(
        STREAMED,
        CALLED,
        streamed(SUMMARY_EVENTS),
        streamed(SEARCH_EVENTS),
        streamed(ALOUD_EVENTS),
        noted({}),
        noted({}, {"annotation_index": 1}),
        noted({}, {"annotation_index": 1}, {"annotation_index": 2}),
        streamed(SHELL_EVENTS),
    ),
    breaks_on=(
        put_before("output_item.added", SEARCH_EVENTS[3]),
        in_place(SEARCH_EVENTS, 3, {**SEARCH_EVENTS[3], "item_id": "ws_2"}),
        in_place(SEARCH_EVENTS, 3, {**SEARCH_EVENTS[3], "output_index": 5}),
        in_place(SEARCH_EVENTS, 3, {"type": SEARCH_EVENTS[3]["type"], "output_index": 0}),
        in_place(SEARCH_EVENTS, 3, {**SEARCH_EVENTS[3], "type": "response.file_search_call.searching"}),
        in_place(SEARCH_EVENTS, 3, {**SEARCH_EVENTS[3], "type": "response.code_interpreter_call_code.delta"}),
        in_place(SEARCH_EVENTS, 3, {**SEARCH_EVENTS[3], "output_index": [0]}),
        in_place(SEARCH_EVENTS, 3, {"type": "response.shell_call_command.added", "output_index": 7}),
        in_place(ALOUD_EVENTS, 3),
        in_place(ALOUD_EVENTS, 3, {**ALOUD_EVENTS[3], "part": _TEXT_PART}),
        in_place(ALOUD_EVENTS, 4, {**ALOUD_EVENTS[4], "content_index": 1}),
        in_place(ALOUD_EVENTS, 6, {**ALOUD_EVENTS[6], "part": _TEXT_PART}),
        noted({"output_index": 1}),
        noted({"output_index": -1}),
        noted({"content_index": 1}),
        noted({"content_index": -1}),
        noted({"item_id": ""}),
        noted({"annotation_index": 1}),
        noted({"annotation_index": -1}),
        noted({}, {"annotation_index": 2}),
        noted({"content_index": 4}, before="output_item.done"),
    ),
)
def routes(reply: Reply, context: Context) -> Outcome:
    items: dict[int, _Added] = {}
    for number, one in enumerate(view.events(reply)):
        place = one.get("output_index")
        place = place if isinstance(place, int) else -1
        if kind_of(one) == building.ADDED:
            items[place] = _Added(members(one.get("item")))
        wanted = _wanted(one)
        problem = _unrouted(items.get(place), wanted, one) if wanted else None
        if problem:
            return broken(f"event {number} ({kind_of(one)})", *problem)
    return holds()


def _about(one: Fields) -> str:
    """What an event is about: `web_search_call` of `response.web_search_call.searching`."""
    return kind_of(one).removeprefix("response.").partition(".")[0]


def _wanted(one: Fields) -> str:
    """The type of item that an event is about; empty where it is about none."""
    about = _about(one)
    if about in _OF_MESSAGES:
        return view.MESSAGE
    if kind_of(one) in (building.PART_ADDED, building.PART_DONE):
        return "reasoning" if members(one.get("part")).get("type") == _ALOUD else view.MESSAGE
    return max((item for item in kinds.ITEMS if about.startswith(item)), default="")  # of two, the longer one


def _unrouted(found: _Added | None, wanted: str, one: Fields) -> tuple[str, str] | None:
    """(what was expected, what is there) of an event that finds no item, or no part; it is noted where it finds one."""
    if found is None or found.item.get("type") != wanted:
        said = f"where one of type {quote(found.item.get('type'))} is" if found else "where none is"
        return f"an item of type {wanted} that was added", f"output_index {quote(one.get('output_index'))}, {said}"
    if _about(one) != _WITHOUT_ID and one.get("item_id") != found.item.get("id"):
        return f"the id of that item, {quote(found.item.get('id'), 60)}", quote(one.get("item_id"), 60)
    if kind_of(one) == building.PART_ADDED:
        found.parts.append(members(one.get("part")).get("type"))
    part, index = _PARTS.get(_about(one)), one.get("content_index")
    if part and index not in [place for place, type in enumerate(found.parts) if type == part]:
        return f"a part of type {part} that was added", f"content_index {quote(index)}"
    if kind_of(one) != _NOTED:
        return None
    count = found.notes[index] = found.notes.get(index, -1) + 1
    if one["annotation_index"] in range(count + 1):
        return None
    return f"annotation_index {count}", quote(one["annotation_index"])
