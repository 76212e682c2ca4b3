"""A reasoning item in a stream: its summary comes in parts, each in its place."""

from chatproof.contract.clause import SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.examples import STREAMED, SUMMARY_EVENTS, THOUGHTFUL, on_stream, streamed
from chatproof.surfaces.responses.view import kind_of, members

CLAUSES = Clauses(SMOKE)

_SUMMARY = "response.reasoning_summary_"


def _with(number: int, **fields: object) -> Example:
    """The good stream with other fields in one event."""
    return streamed([*SUMMARY_EVENTS[:number], {**SUMMARY_EVENTS[number], **fields}, *SUMMARY_EVENTS[number + 1 :]])


class _Thought:
    """A reasoning item as far as it has come."""

    def __init__(self, id: object) -> None:
        self.id = id
        self.parts = 0
        self.done = False


@on_stream(CLAUSES)(
    "reasoning",
    "The parts of a reasoning summary are added in order to an item that was added and has not ended, and their texts "
    "come after them; the item ends with response.output_item.done.",
    "stream() of openai-node looks the parts up in lists and raises an error, and the AI SDK on a text after the end of"
    " the item: the answer that follows is lost.",
    level=SHOULD,
    needs=("responses.stream.field_types",),
    holds_on=(STREAMED, THOUGHTFUL, streamed(SUMMARY_EVENTS)),
    breaks_on=(
        streamed([*SUMMARY_EVENTS[:3], *SUMMARY_EVENTS[4:]]),
        streamed([*SUMMARY_EVENTS[:4], *SUMMARY_EVENTS[3:]]),
        streamed([*SUMMARY_EVENTS[:3], SUMMARY_EVENTS[4], SUMMARY_EVENTS[3], *SUMMARY_EVENTS[5:]]),
        streamed([*SUMMARY_EVENTS[:2], SUMMARY_EVENTS[3], SUMMARY_EVENTS[2], *SUMMARY_EVENTS[4:]]),
        streamed([*SUMMARY_EVENTS[:4], *SUMMARY_EVENTS[5:8], SUMMARY_EVENTS[4], *SUMMARY_EVENTS[8:]]),
        streamed([*SUMMARY_EVENTS[:7], *SUMMARY_EVENTS[8:]]),
        _with(3, output_index=1),
        _with(3, summary_index=1),
        _with(4, summary_index=1),
        _with(4, summary_index=-1),
        _with(4, item_id=""),
    ),
)
def reasoning(reply: Reply, context: Context) -> Outcome:
    known: dict[object, _Thought] = {}
    for number, one in enumerate(view.events(reply)):
        kind, place, item = kind_of(one), one.get("output_index"), members(one.get("item"))
        if kind == building.ADDED and item.get("type") == "reasoning":
            known[place] = _Thought(item.get("id"))
        elif kind == building.DONE and place in known:
            known[place].done = True
        elif kind.startswith(_SUMMARY):
            problem = _misplaced(known.get(place), kind, one)
            if problem:
                return broken(f"event {number} ({kind})", *problem)
    open = [place for place, thought in known.items() if not thought.done]
    return broken("response.output_item.done", f"one for output_index {open[0]}", "none") if open else holds()


def _misplaced(thought: _Thought | None, kind: str, one: view.Fields) -> tuple[str, str] | None:
    """(what was expected, what is there) of an event that is not in its place."""
    if thought is None or thought.done:
        said = f"output_index {one['output_index']}, {'which has ended' if thought else 'where none was added'}"
        return "an event of a reasoning item that is open", said
    if one["item_id"] != thought.id:
        return f"the id of that item, {quote(thought.id, 60)}", quote(one["item_id"], 60)
    index = one["summary_index"]
    if kind.endswith("part.added"):
        thought.parts += 1
        return None if index == thought.parts - 1 else (f"summary_index {thought.parts - 1}", f"{index}")
    known = range(thought.parts)
    return None if index in known else ("a part that was added", f"summary_index {index}, of {len(known)} parts")
