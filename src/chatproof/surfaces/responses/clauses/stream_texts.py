"""The texts of a stream: they come in deltas, each piece once, and are the texts of what is done."""

import json
from collections.abc import Callable

from chatproof.contract.clause import BEHAVIOUR, SHOULD, SMOKE, Clauses, Context, Example, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.view import is_blank
from chatproof.surfaces.event_examples import Event, drop, put
from chatproof.surfaces.repeated_text import exceeding, repeated
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import shown
from chatproof.surfaces.responses.examples import (
    EVENTS,
    STREAMED,
    THOUGHTFUL,
    TWO,
    changed,
    on_stream,
    streamed,
    without,
)
from chatproof.surfaces.responses.view import kind_of

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)
_MOST_ENDS = 4  # of one text that are looked at: it has one


def _told(text: str) -> tuple[Event, ...]:
    """The good stream with another text in each place that has the whole."""
    found: list[Event] = json.loads(json.dumps(EVENTS).replace('"pong"', json.dumps(text)))
    return tuple(found)


def _in(*pieces: str, events: tuple[Event, ...] = EVENTS) -> Example:
    """The good stream with these deltas in the place of its own."""
    deltas = [{**events[4], "delta": piece} for piece in pieces]
    return streamed([*events[:4], *deltas, *events[6:]])


@clause(
    "deltas",
    "The deltas are strings, and join to a non-empty text.",
    "openai-python, openai-node, the AI SDK and LangChain show an empty answer: they do not read the text from the "
    "done events.",
    layer=BEHAVIOUR,
    code="",
    needs=("responses.stream.item_added", "responses.stream.places"),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
    ),
    breaks_on=(
        without("output_text.delta"),
        changed("output_text.delta", put("", "delta")),
        changed("output_text.delta", put({"text": "po"}, "delta")),
        changed("output_text.delta", drop("delta")),
        without(*{one["type"].removeprefix("response.") for one in EVENTS[2:-1]}),
    ),
)
def deltas(reply: Reply, context: Context) -> Outcome:
    events = view.events(reply)
    for number, one in enumerate(events):
        if kind_of(one) == building.DELTA and not isinstance(one.get("delta"), str):
            return broken(f"event {number}, $.delta", "a string", shown(one, "delta"))
    text = Built(events).text
    if not is_blank(text):
        return holds(f"{number_of(len(text), 'character')} in {number_of(len(events), 'event')}")
    whole = view.text_of(view.final(reply))
    said = f"none; the text is only in the last event: {quote(whole, 60)}" if whole else "none"
    return broken(
        "response.output_text.delta", "text in the events together", f"{said}, in {number_of(len(events), 'event')}"
    )


@clause(
    "text_once",
    "A part sends each piece of its text once: no delta repeats earlier text.",
    "openai-python, openai-node, the AI SDK and LangChain join the deltas: the user sees every piece again and again.",
    layer=BEHAVIOUR,
    code="stream.duplicated",
    needs=("responses.stream.deltas", "responses.stream.part_added"),
    holds_on=(
        STREAMED,
        THOUGHTFUL,
        TWO,
        _in("p", "", "ong"),
        _in("po", "pon"),
        _in("pong", "pong", events=_told("pongpong")),
        _in("pin", "g"),
        _in(*["ha"] * 20, events=_told("ha" * 20)),
        _in(" po", "ng "),
    ),
    breaks_on=(
        _in("po", "po", "ng", "ng"),
        _in("po", "ng", "ng"),
        _in("po", "ng", "po"),
        _in("po", "ng", "po", "ng"),
        _in("po", "ng", "pong"),
        _in("pong", "pong"),
        _in("po", "pong"),
        _in("1, 2", "1, 2, 3", "1, 2, 3, 4", events=_told("1, 2, 3, 4")),
        _in("po", "pong", "pong!", events=_told("popongpong!")),
        _in("po", "ng", "ng", events=tuple(one for one in EVENTS if not one["type"].endswith(".done"))),
    ),
)
def text_once(reply: Reply, context: Context) -> Outcome:
    own, events = context.control, view.events(reply)
    answer = view.text_of(own.object).strip() if own is not None and own.complete else ""
    final = view.text_of(view.final(reply))
    items = Built(events).items.items()
    texts = [(place, part, text) for place, item in items for part, text in item.parts.items()]
    for place, part, text in texts:
        pieces = [piece for piece in text.deltas if piece]
        wholes = [*dict.fromkeys(whole for _, whole in text.done)][:_MOST_ENDS] or [final]
        how = repeated(pieces, answer) or next(filter(None, (exceeding(pieces, whole) for whole in wholes)), "")
        if how:
            at = f"response.output_text.delta, output_index {place}, content_index {part}"
            said = f"{how}; clients show {quote(text.joined, 60)}"
            return broken(at, "each piece of the text once", said)
    return holds()


@clause(
    "joined",
    "The deltas of a text join to the text of its finished item.",
    "Codex shows the text of the item, or nothing, and all others that of the deltas: different answers, and nobody "
    "notices. Repeated text in deltas is shown twice.",
    layer=BEHAVIOUR,
    needs=("responses.stream.text_once",),
    holds_on=(
        STREAMED,
        without("output_text.done"),
        without("content_part.done"),
        without("output_item.done"),
        changed("output_text.done", put("ping", "text")),
        changed("output_text.delta", put(" pong\n", "delta"), (*EVENTS[:5], *EVENTS[6:])),
    ),
    breaks_on=(
        changed("output_item.done", put("ping", "item", "content", 0, "text")),
        changed("output_item.done", put([], "item", "content")),
        changed("output_item.done", drop("item", "content", 0, "text")),
        changed("output_item.done", put("text", "item", "content", 0, "type")),
        streamed([*EVENTS[:5], EVENTS[5], *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[5], "delta": "pong"}, *EVENTS[6:]]),
    ),
)
def joined(reply: Reply, context: Context) -> Outcome:
    for item in Built(view.events(reply)).items.values():
        if item.text.strip() and item.done is not None and not view.text_of_item(item.done).strip():
            said = f"no text; the deltas join to {quote(item.text, 60)}"
            return broken(f"event {item.done_at} ({building.DONE})", "the joined deltas", said)
    return _joins(reply, lambda kind: kind == building.DONE)


@clause(
    "done_texts",
    "The deltas of a text join to the text of response.output_text.done and response.content_part.done.",
    "Programs that wait for these events show a different answer from those that show the deltas.",
    layer=BEHAVIOUR,
    level=SHOULD,
    needs=("responses.stream.joined",),
    holds_on=(
        STREAMED,
        without("output_text.done"),
        without("content_part.done"),
        changed("output_text.delta", put(" pong\n", "delta"), (*EVENTS[:5], *EVENTS[6:])),
    ),
    breaks_on=(
        changed("output_text.done", put("ping", "text")),
        changed("output_text.done", put("", "text")),
        changed("content_part.done", put("ping", "part", "text")),
    ),
)
def done_texts(reply: Reply, context: Context) -> Outcome:
    return _joins(reply, lambda kind: kind != building.DONE)


def _joins(reply: Reply, of: Callable[[str], bool]) -> Outcome:
    """Whether the deltas of each text join to what the events of some types say."""
    events = view.events(reply)
    for item in Built(events).items.values():
        for text in item.parts.values():
            for number, whole in text.done:
                kind = kind_of(events[number])
                if (
                    of(kind) and whole.strip() != text.joined.strip()
                ):  # servers trim what is done: no client stops there
                    said = f"{quote(whole, 60)}; the deltas join to {quote(text.joined, 60)}"
                    return broken(f"event {number} ({kind})", "the joined deltas", said)
    return holds()
