"""A stream as clients put it together: items by their place, and in each its parts, texts and arguments.

Everything is read once, in order. What has no place is kept beside, so that one fault does not look like another.
"""

from collections.abc import Iterator

from chatproof.evidence.json_values import is_integer
from chatproof.surfaces.responses.view import Fields, kind_of, members, objects
from chatproof.wire.strictjson import Json

ADDED, DONE = "response.output_item.added", "response.output_item.done"
PART_ADDED, PART_DONE = "response.content_part.added", "response.content_part.done"
DELTA, TEXT_DONE = "response.output_text.delta", "response.output_text.done"
ARGUMENTS, ARGUMENTS_DONE = "response.function_call_arguments.delta", "response.function_call_arguments.done"
REFUSAL, REFUSAL_DONE = "response.refusal.delta", "response.refusal.done"
OF_PARTS = (PART_ADDED, PART_DONE, DELTA, TEXT_DONE, REFUSAL, REFUSAL_DONE)
OF_ITEMS = (*OF_PARTS, ARGUMENTS, ARGUMENTS_DONE)
DELTAS = (DELTA, REFUSAL, ARGUMENTS)
LIFECYCLE = (
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.completed",
    "response.incomplete",
)
_Place = tuple[int, str]  # which event, and what is wrong there


class Text:
    """One text, or one call's arguments: what the deltas said, and what was said of it when it was done."""

    def __init__(self) -> None:
        self.deltas: list[str] = []
        self.done: list[tuple[int, str]] = []  # (event, the whole as that event has it)

    @property
    def joined(self) -> str:
        """The deltas, joined."""
        return "".join(self.deltas)


class Item:
    """One item of the output, as the events for its place tell it."""

    done_at: int  # the event that said `done`, where one did

    def __init__(self) -> None:
        self.added: Fields | None = None
        self.done: Fields | None = None
        self.parts: dict[int, Text] = {}
        self.arguments = Text()
        self.ids: list[tuple[int, str]] = []  # (event, the item's id there), where one stands

    @property
    def text(self) -> str:
        """What the deltas of its parts join to."""
        return "".join(self.parts[number].joined for number in sorted(self.parts))


class Built:
    """What a stream builds, and where its events are out of order. `items` is by output_index."""

    def __init__(self, events: list[Fields]) -> None:
        self.items: dict[int, Item] = {}
        self.not_added: _Place | None = None  # an event of an item before its output_item.added
        self.part_not_added: _Place | None = None
        self.added_twice: _Place | None = None
        self.not_an_item: int | None = None  # the event that adds what is none
        self.misnumbered: _Place | None = None  # an item that is not numbered in the order in which it was added
        self.after_done: _Place | None = None  # a text's delta after the output_item.done of its item
        self.done_twice: _Place | None = None
        self.done_with_none: int | None = None  # the event that ends an item, and does not contain it
        self._parts: dict[tuple[int, int], Fields] = {}
        self._counts: dict[int, int] = {}  # of the parts that were added, by item
        for number, event in enumerate(events):
            self._take(number, event)

    @property
    def text(self) -> str:
        """What the deltas of all messages join to."""
        return "".join(self.items[place].text for place in sorted(self.items))

    def _take(self, number: int, event: Fields) -> None:
        kind = kind_of(event)
        place = event.get("output_index")
        if kind not in (ADDED, DONE, *OF_ITEMS) or not isinstance(place, int) or isinstance(place, bool):
            return
        if kind == ADDED:
            self._add(number, place, event.get("item"))
            return
        if place not in self.items:
            self.not_added = self.not_added or (number, f"{kind} for output_index {place}")
        item = self.items.setdefault(place, Item())
        if kind == DONE:
            done = event.get("item")
            if not isinstance(done, dict):
                self.done_with_none = number if self.done_with_none is None else self.done_with_none
            else:
                if item.done is not None:
                    self.done_twice = self.done_twice or (number, f"a second one for output_index {place}")
                item.done, item.done_at = done, number
                _note_id(item, number, done.get("id"))
                self._whole(number, item, done)
            return
        _note_id(item, number, event.get("item_id"))
        if kind in (DELTA, REFUSAL) and item.done is not None:
            self.after_done = self.after_done or (number, f"{kind} for output_index {place}, which is done")
        if kind in OF_PARTS:
            self._take_part(number, kind, place, item, event)
        else:
            _take_text(
                number, item.arguments, event.get("delta" if kind == ARGUMENTS else "arguments"), kind == ARGUMENTS
            )

    def _add(self, number: int, place: int, value: Json) -> None:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            self.not_an_item = number if self.not_an_item is None else self.not_an_item
        item = self.items.setdefault(place, Item())
        count = sum(one.added is not None for one in self.items.values())
        if item.added is not None:
            self.added_twice = self.added_twice or (number, f"output_index {place}")
        elif place != count:
            self.misnumbered = self.misnumbered or (number, f"{place}, for item number {count}, counted from 0")
        item.added = members(value)
        _note_id(item, number, item.added.get("id"))

    def _take_part(self, number: int, kind: str, place: int, item: Item, event: Fields) -> None:
        part = event.get("content_index")
        if not isinstance(part, int) or isinstance(part, bool):
            return
        if kind == PART_ADDED:
            count = self._counts.get(place, 0)
            self._counts[place] = count + 1
            if part != count:  # clients add it to a list, and look it up there by its index
                said = f"content_index {part} for the item's part number {count}, counted from 0"
                self.part_not_added = self.part_not_added or (number, said)
            self._parts[place, part] = members(event.get("part"))
            return
        if (place, part) not in self._parts:
            self.part_not_added = self.part_not_added or (number, f"{kind} for content_index {part}")
        if kind in (DELTA, TEXT_DONE):
            added = self._parts.get((place, part))
            if added is not None and added.get("type") != "output_text":
                self.part_not_added = self.part_not_added or (
                    number,
                    f"{kind} for a part that was added as another type",
                )
            value = event.get("delta" if kind == DELTA else "text")
            _take_text(number, item.parts.setdefault(part, Text()), value, kind == DELTA)
        else:
            done = members(event.get("part"))
            if done.get("type") == "output_text":
                _take_text(number, item.parts.setdefault(part, Text()), done.get("text"), False)

    def _whole(self, number: int, item: Item, done: Fields) -> None:
        """What the finished item says of its texts."""
        if done.get("type") == "message":
            for part, content in enumerate(objects(done.get("content"))):
                if content.get("type") == "output_text":
                    _take_text(number, item.parts.setdefault(part, Text()), content.get("text"), False)
        else:
            _take_text(number, item.arguments, done.get("arguments"), False)


def _note_id(item: Item, number: int, id: Json) -> None:
    if isinstance(id, str):
        item.ids.append((number, id))


def _take_text(number: int, text: Text, value: Json, is_delta: bool) -> None:
    if not isinstance(value, str):
        return
    if is_delta:
        text.deltas.append(value)
    else:
        text.done.append((number, value))


def unplaced(events: list[Fields]) -> Iterator[tuple[int, str, str]]:
    """(event, its type, the field) for each field by which a client finds where a delta belongs, and that is missing:
    output_index and item_id of each delta, content_index of a text's; the places of a text that is done as well."""
    for number, event in enumerate(events):
        kind = kind_of(event)
        if kind not in (*DELTAS, TEXT_DONE):
            continue
        wanted = ["output_index"] if kind == ARGUMENTS else ["output_index", "content_index"]
        for name in wanted:
            if not is_integer(event.get(name)):
                yield number, kind, name
        if kind in DELTAS and not isinstance(event.get("item_id"), str):
            yield number, kind, "item_id"
