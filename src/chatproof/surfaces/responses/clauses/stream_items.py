"""What a stream builds: items, their parts and texts. What a client cannot do without is a must."""

from collections.abc import Callable
from copy import deepcopy

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event, drop, put
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import shown
from chatproof.surfaces.responses.examples import (
    EVENTS,
    STREAMED,
    THOUGHT_EVENTS,
    THOUGHTFUL,
    TWO,
    TWO_EVENTS,
    changed,
    on_stream,
    streamed,
    without,
)
from chatproof.surfaces.responses.view import kind_of, members

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)
_PART = {"type": "output_text", "text": "", "annotations": []}


@clause(
    "item_added",
    "An item's response.output_item.added comes once, before every other event of the item, and contains the item.",
    "openai-python, openai-node and the AI SDK raise: the text part is not found.",
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        without("output_item.added"),
        changed("output_item.added", drop("item")),
        changed("output_item.added", drop("item", "type")),
        changed("output_item.added", drop("output_index")),
        streamed([*EVENTS[:3], EVENTS[2], *EVENTS[3:]]),
        streamed([EVENTS[0], EVENTS[1], *EVENTS[3:]]),
        without(*{one["type"].removeprefix("response.") for one in EVENTS[2:-1]}),
        changed("output_item.added", drop("item", "type"), TWO_EVENTS),
        streamed(
            [*TWO_EVENTS[:3], TWO_EVENTS[2], *TWO_EVENTS[3:9], *TWO_EVENTS[9:11], TWO_EVENTS[9], *TWO_EVENTS[10:]]
        ),
        streamed([*EVENTS, *EVENTS]),
    ),
)
def item_added(reply: Reply, context: Context) -> Outcome:
    built = Built(view.events(reply))
    if built.not_an_item is not None:
        return broken(f"event {built.not_an_item}, $.item", "an object with a string `type`", "none")
    if built.not_added:
        number, said = built.not_added
        return broken(f"event {number}", "response.output_item.added before it", said)
    if built.added_twice:
        number, said = built.added_twice
        twice = broken(f"event {number}", "one response.output_item.added for an item", f"a second one for {said}")
        return twice._replace(code="stream.duplicated") if view.begins_again(reply, number) else twice
    if not built.items and view.output(view.final(reply)):
        return broken("stream", "response.output_item.added", "no event of any item")
    return holds(f"{len(built.items)} item" + ("" if len(built.items) == 1 else "s"))


@clause(
    "item_numbers",
    "Items are numbered from 0, in the order in which they are added.",
    "openai-node 6 looks up an item by its output_index, and raises an error: missing output at index.",
    level=SHOULD,
    needs=("responses.stream.item_added",),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(streamed([{**one, "output_index": 1} if "output_index" in one else one for one in EVENTS]),),
)
def item_numbers(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).misnumbered
    return broken(f"event {found[0]}, $.output_index", "the item's number", found[1]) if found else holds()


@clause(
    "item_whole",
    "A message already has `content`, an array, when it is added.",
    "openai-python and openai-node add the parts to it, and raise if it is missing.",
    needs=("responses.stream.item_added",),
    holds_on=(STREAMED, changed("output_item.added", put([_PART], "item", "content"))),
    breaks_on=(
        changed("output_item.added", drop("item", "content")),
        changed("output_item.added", put(None, "item", "content")),
        changed("output_item.added", put("", "item", "content")),
        changed("output_item.added", put(None, "item", "content"), TWO_EVENTS),
    ),
)
def item_whole(reply: Reply, context: Context) -> Outcome:
    for place, item in Built(view.events(reply)).items.items():
        added = members(item.added)
        if added.get("type") == view.MESSAGE and not isinstance(added.get("content"), list):
            at = f"response.output_item.added for output_index {place}, $.item.content"
            return broken(at, "an array", shown(added, "content"))
    return holds()


@clause(
    "item_empty",
    "A message has no parts yet when it is added: they arrive with response.content_part.added.",
    "openai-node raises if a part is already present when it is added.",
    level=SHOULD,
    needs=("responses.stream.item_whole",),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        changed("output_item.added", put([_PART], "item", "content")),
        changed("output_item.added", put([{**_PART, "text": "pong"}], "item", "content")),
    ),
)
def item_empty(reply: Reply, context: Context) -> Outcome:
    for place, item in Built(view.events(reply)).items.items():
        added = members(item.added)
        if added.get("type") == view.MESSAGE and added.get("content") and item.parts:
            at = f"response.output_item.added for output_index {place}, $.item.content"
            return broken(at, "an empty array", shown(added, "content"))
    return holds()


@clause(
    "part_added",
    "A part's response.content_part.added, of type output_text, comes before its text, and has a text, a string.",
    "openai-python raises IndexError, and openai-node an error; stream() of both adds the deltas to the text that came "
    "with the part, and raises if there is none.",
    needs=("responses.stream.item_added",),
    check=2,
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        without("content_part.added"),
        changed("content_part.added", put("text", "part", "type")),
        changed("content_part.added", drop("part")),
        changed("content_part.added", drop("content_index")),
        streamed([{**one, "content_index": 1} if "content_index" in one else one for one in EVENTS]),
        streamed([{**one, "content_index": 1} if "content_index" in one else one for one in TWO_EVENTS]),
        streamed([*EVENTS[:4], {**EVENTS[3], "content_index": 2}, *EVENTS[4:]]),
        changed("content_part.added", put(None, "part", "text")),
        changed("content_part.added", drop("part", "text")),
    ),
)
def part_added(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).part_not_added
    if found:
        return broken(f"event {found[0]}", "response.content_part.added of type output_text before it", found[1])
    for number, one in enumerate(view.events(reply)):
        part = members(one.get("part")) if kind_of(one) == building.PART_ADDED else {}
        if part.get("type") == view.TEXT and not isinstance(part.get("text"), str):
            return broken(f"event {number}, $.part.text", "a string", shown(part, "text"))
    return holds()


@clause(
    "places",
    "Each delta says where it belongs: output_index, item_id, and for a text content_index.",
    "openai-python and openai-node raise without the indexes, and the AI SDK without item_id.",
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        changed("output_text.delta", drop("output_index")),
        changed("output_text.delta", drop("content_index")),
        changed("output_text.delta", drop("item_id")),
        changed("output_text.delta", put("0", "output_index")),
        changed("output_text.done", drop("output_index")),
    ),
)
def places(reply: Reply, context: Context) -> Outcome:
    for number, kind, name in building.unplaced(view.events(reply)):
        expected = "a string" if name == "item_id" else "an integer"
        return broken(f"event {number}, $.{name}", expected, f"{quote(view.events(reply)[number].get(name))} in {kind}")
    return holds()


@clause(
    "item_done",
    "Each message and each call that was added ends with one response.output_item.done, which "
    "contains it, with the same type. No text comes after it.",
    "Codex shows nothing without it, and the AI SDK loses tool calls; openai-python and "
    "openai-node raise if the type differs, and the AI SDK if a text or a second one comes later.",
    needs=("responses.stream.item_added",),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
        streamed([*EVENTS[:6], EVENTS[8], EVENTS[6], EVENTS[7], EVENTS[9]]),
        streamed(EVENTS[:5]),
    ),
    breaks_on=(
        without("output_item.done"),
        streamed([*EVENTS[:9], EVENTS[8], EVENTS[9]]),
        changed("output_item.done", drop("item")),
        streamed([*THOUGHT_EVENTS[:3], {**THOUGHT_EVENTS[3], "item": None}, *THOUGHT_EVENTS[4:]]),
        changed("output_item.done", put("output_message", "item", "type")),
        streamed([*EVENTS[:5], EVENTS[8], *EVENTS[5:8], EVENTS[9]]),
        streamed([*EVENTS, EVENTS[4]]),
    ),
)
def item_done(reply: Reply, context: Context) -> Outcome:
    built = Built(view.events(reply))
    ended = view.terminals(reply)  # a stream that is cut off has a clause of its own
    for place, item in built.items.items():
        kind = members(item.added).get("type")
        if item.done is None and ended and kind in (view.MESSAGE, view.CALL, "custom_tool_call"):
            said = f"none for this item of type {quote(kind)}"
            return broken("response.output_item.done", f"one for output_index {place}", said)
        if item.done is not None and item.done.get("type") != kind:
            found = quote(item.done.get("type"))
            return broken(f"event {item.done_at}, $.item.type", f"{quote(kind)}, as when it was added", found)
    if built.done_with_none is not None:
        said = shown(view.events(reply)[built.done_with_none], "item")
        return broken(f"event {built.done_with_none}, $.item", "the item, an object", said)
    if built.done_twice:
        return broken(f"event {built.done_twice[0]}", "one response.output_item.done", built.done_twice[1])
    if built.after_done:
        number, said = built.after_done
        return broken(f"event {number}", "response.output_item.done after the texts of the item", said)
    return holds()


_NAMED = (view.MESSAGE, view.REASONING)


def _unnamed(events: tuple[Event, ...], change: Callable[[Event], object]) -> Example:
    """A stream whose first item is changed both where it is added and where it is done."""
    both = [deepcopy(one) for one in events]
    for one in both:
        if "item" in one and one["output_index"] == 0:
            change(one)
    return streamed(both)


@clause(
    "item_ids",
    "An item keeps its id in all of its events, and no other item has it; a message and a reasoning item have one.",
    "openai-python raises when it changes (identity changed), and the AI SDK loses the text; without one openai-node's "
    "stream() and the AI SDK raise.",
    needs=("responses.stream.item_added",),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        changed("output_item.done", put("msg_2", "item", "id")),
        changed("output_item.added", put("msg_2", "item", "id")),
        changed("output_text.delta", put("msg_2", "item_id")),
        changed("output_item.done", drop("item", "id")),
        streamed([*EVENTS[:-1], *({**one, "output_index": 1} for one in EVENTS[2:-1]), EVENTS[-1]]),
        changed("output_item.added", put(None, "item", "id")),
        changed("output_item.done", put(None, "item", "id")),
        *(
            _unnamed(events, change)
            for events in (EVENTS, THOUGHT_EVENTS)
            for change in (put(None, "item", "id"), drop("item", "id"))
        ),
    ),
    check=2,
)
def item_ids(reply: Reply, context: Context) -> Outcome:
    known: dict[str, int] = {}
    for place, item in Built(view.events(reply)).items.items():
        for event, one in ((building.ADDED, item.added), (building.DONE, item.done)):
            if one is not None and one.get("type") in _NAMED and not isinstance(one.get("id"), str):
                return broken(f"{event} for output_index {place}, $.item.id", "a string", shown(one, "id"))
    for place, item in Built(view.events(reply)).items.items():
        if item.ids and known.setdefault(item.ids[0][1], place) != place:
            said = f"{quote(item.ids[0][1], 60)}, which output_index {known[item.ids[0][1]]} has"
            return broken(f"event {item.ids[0][0]}", "a different id for each item", said)
    for item in Built(view.events(reply)).items.values():
        for number, id in item.ids:
            if id != item.ids[0][1]:
                said = f"{quote(id, 60)}, and {quote(item.ids[0][1], 60)} in event {item.ids[0][0]}"
                return broken(f"event {number}", "one id for the item", said)
        if item.done is not None and ("id" in members(item.added)) != ("id" in item.done):
            return broken(
                f"event {item.done_at}", "one id for the item", "an id when it was added or when it was done, not both"
            )
    return holds()
