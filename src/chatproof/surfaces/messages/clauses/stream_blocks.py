"""What a stream builds: blocks and their texts. What a client cannot do without is a must."""

from chatproof.contract.clause import BEHAVIOUR, SHOULD, SMOKE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.view import is_blank
from chatproof.surfaces.event_examples import Event, drop, put
from chatproof.surfaces.messages import kinds, view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.happy import shown
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    CALL_EVENTS,
    CALLED,
    EVENTS,
    PING_EVENT,
    STREAMED,
    THINKING_EVENTS,
    changed,
    of_text,
    on_stream,
    put_before,
    streamed,
    without,
)
from chatproof.surfaces.messages.view import kind_of, members
from chatproof.surfaces.repeated_text import repeated
from chatproof.wire.exchange import ASKED

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)


_THINKING = streamed(THINKING_EVENTS)


def _noted(begun: Event) -> None:
    """Give a block of thinking a text beside."""
    if begun["content_block"]["type"] == "thinking":
        begun["content_block"]["text"] = "So: "


def _redacted(index: int) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "redacted_thinking", "data": "x"}}


@clause(
    "block_start",
    "A block's content_block_start comes before its deltas, and contains the block, an object with a type.",
    "anthropic-python raises IndexError, @anthropic-ai/sdk TypeError, and the AI SDK finds no part for the text.",
    holds_on=(
        STREAMED,
        CALLED,
        _THINKING,
        changed("content_block_start", drop("index")),
        streamed([*EVENTS, *({**one, "index": 1} for one in THINKING_EVENTS[1:5])]),
    ),
    breaks_on=(
        without("content_block_start"),
        changed("content_block_start", drop("content_block")),
        changed("content_block_start", put(None, "content_block")),
        changed("content_block_start", drop("content_block", "type")),
        changed("content_block_start", drop("content_block", "type"), THINKING_EVENTS),
        streamed([EVENTS[0], EVENTS[2], EVENTS[1], *EVENTS[3:]]),
        changed("content_block_start", put(-1, "index")),
    ),
)
def block_start(reply: Reply, context: Context) -> Outcome:
    built = Built(view.events(reply))
    if built.not_a_block:
        number, expected = built.not_a_block
        return broken(f"event {number}, $.content_block", expected, shown(view.events(reply)[number], "content_block"))
    if built.not_started and not built.not_placed:
        number, said = built.not_started
        return broken(f"event {number}", "content_block_start before it", said)
    return holds(f"{len(built.blocks)} block" + ("" if len(built.blocks) == 1 else "s"))


@clause(
    "indexes",
    "Events of blocks have an index, and blocks that go on are numbered from 0 in the order in which they begin.",
    "anthropic-python raises IndexError, and @anthropic-ai/sdk loses the text: both look it up in a list.",
    needs=("messages.stream.block_start",),
    holds_on=(
        STREAMED,
        CALLED,
        _THINKING,
        streamed([{**one, "index": 0.0} if "index" in one else one for one in EVENTS]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": 7}, *EVENTS[5:]]),
        streamed([*EVENTS, {**EVENTS[1], "index": 7}]),
    ),
    breaks_on=(
        streamed([{**one, "index": 1} if "index" in one else one for one in EVENTS]),
        changed("content_block_start", drop("index")),
        changed("content_block_delta", drop("index")),
        changed("content_block_delta", put("0", "index")),
        changed("content_block_delta", put(False, "index")),
        changed("content_block_stop", drop("index")),
        streamed([{**one, "index": 0} if "index" in one else one for one in THINKING_EVENTS]),
        streamed([{**one, "index": one["index"] + 1} if "index" in one else one for one in THINKING_EVENTS]),
        streamed([{**one, "index": -1} if "index" in one else one for one in EVENTS]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": 7}, {**EVENTS[4], "index": 7}, *EVENTS[5:]]),
        streamed([*EVENTS, {**CALL_EVENTS[1], "index": 7}]),
        changed("content_block_start", put(0.5, "index")),
        streamed([*EVENTS, {**CALL_EVENTS[1], "index": 7}, {**CALL_EVENTS[1], "index": 8}]),
        streamed([*EVENTS[:2], THINKING_EVENTS[1], *EVENTS[2:]]),
        streamed([*EVENTS, *EVENTS]),
    ),
)
def indexes(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).not_placed
    if found:
        wrong = broken(f"event {found[0]}, $.index", "the number of the block, counted from 0", found[1])
        return wrong._replace(code="stream.duplicated") if view.begins_again(reply, found[0]) else wrong
    return holds()


@clause(
    "block_once",
    "No block that is open begins again.",
    "anthropic-python and @anthropic-ai/sdk then have two blocks in the final message: one is empty, or a second call.",
    level=SHOULD,
    needs=("messages.stream.indexes",),
    holds_on=(STREAMED, CALLED, _THINKING, streamed([*EVENTS, EVENTS[1]])),
    breaks_on=(
        streamed([*EVENTS[:2], *EVENTS[1:]]),
        streamed([*EVENTS[:3], EVENTS[1], *EVENTS[3:]]),
        streamed([*EVENTS[:2], EVENTS[1], *EVENTS[1:]]),
    ),
)
def block_once(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).begun_again
    return broken(f"event {found[0]}", "one content_block_start for each block", found[1]) if found else holds()


@clause(
    "block_whole",
    "A new block of text has a string `text`, and a new block of thinking has a string `thinking`.",
    "anthropic-python adds the deltas to it and raises, and the AI SDK refuses the event.",
    needs=("messages.stream.block_start",),
    holds_on=(STREAMED, CALLED, _THINKING),
    breaks_on=(
        changed("content_block_start", drop("content_block", "text")),
        changed("content_block_start", put(None, "content_block", "text")),
        changed("content_block_start", put(7, "content_block", "text")),
        changed("content_block_start", lambda one: one["content_block"].pop("thinking", None), THINKING_EVENTS),
    ),
)
def block_whole(reply: Reply, context: Context) -> Outcome:
    for block in Built(view.events(reply)).blocks.values():
        for name in (view.TEXT, view.THINKING):
            if block.kind == name and not isinstance(block.start.get(name), str):
                return broken(f"event {block.number}, $.content_block.{name}", "a string", shown(block.start, name))
    return holds()


@clause(
    "block_empty",
    "A block of text begins empty: its text arrives in deltas.",
    "The AI SDK, and loops over the events as in the SDKs' guides, lose text that is in the block from its beginning.",
    level=SHOULD,
    needs=("messages.stream.block_whole",),
    holds_on=(STREAMED, CALLED, _THINKING, changed("content_block_start", _noted, THINKING_EVENTS)),
    breaks_on=(changed("content_block_start", put("So: ", "content_block", "text")),),
)
def block_empty(reply: Reply, context: Context) -> Outcome:
    for block in Built(view.events(reply)).blocks.values():
        if block.kind == view.TEXT and block.start.get("text"):
            at = f"event {block.number}, $.content_block.text"
            return broken(at, "an empty string", quote(block.start["text"], 60))
    return holds()


@clause(
    "deltas",
    "The deltas of texts and of thinking are strings, and those of texts join to a non-empty text.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK show an empty answer: no other event has the text. "
    "anthropic-python and the AI SDK raise an error on thinking that is no string.",
    layer=BEHAVIOUR,
    code="",
    needs=("messages.stream.block_start", "messages.stream.indexes"),
    holds_on=(STREAMED, _THINKING),
    breaks_on=(
        without("content_block_delta"),
        without("content_block_start", "content_block_delta", "content_block_stop"),
        changed("content_block_delta", put("", "delta", "text")),
        changed("content_block_delta", put(None, "delta", "text")),
        changed("content_block_delta", put(["po"], "delta", "text")),
        changed("content_block_delta", drop("delta", "text")),
        changed("content_block_delta", drop("delta")),
        changed("content_block_delta", drop("delta", "type")),
        changed("content_block_delta", put("text", "delta", "type")),
        streamed(
            [*THINKING_EVENTS[:2], {**THINKING_EVENTS[2], "delta": {"type": "thinking_delta"}}, *THINKING_EVENTS[3:]]
        ),
        streamed([EVENTS[0], *(_redacted(number) for number in range(6)), *EVENTS[5:]]),
        changed("content_block_start", put({"type": "thinking", "thinking": ""}, "content_block")),
        streamed(
            [
                EVENTS[0],
                {**EVENTS[1], "content_block": {"type": "text", "text": "pong"}},
                *EVENTS[4:],
            ]
        ),
    ),
)
def deltas(reply: Reply, context: Context) -> Outcome:
    events = view.events(reply)
    for number, one in enumerate(events):
        delta = one.get("delta")
        if kind_of(one) != view.DELTA:
            continue
        if not isinstance(delta, dict) or not isinstance(delta.get("type"), str):
            return broken(f"event {number}, $.delta", "an object with a string `type`", shown(one, "delta"))
        for type, name in ((view.TEXT_DELTA, view.TEXT), (view.THINKING_DELTA, view.THINKING)):
            if delta["type"] == type and not isinstance(delta.get(name), str):
                return broken(f"event {number}, $.delta.{name}", "a string", shown(delta, name))
    built = Built(events)
    if not is_blank(built.text):
        return holds(f"{number_of(len(built.text), 'character')} in {number_of(len(events), 'event')}")
    if any(block.kind not in view.OWN for block in built.blocks.values()):
        reply.need(ASKED)  # with tools a call is a whole answer
    kinds_there = ", ".join(quote(block.kind, 40) for block in list(built.blocks.values())[:5]) or "none"
    return broken("content_block_delta", "text in the events together", f"none; blocks: {kinds_there}")


@clause(
    "text_once",
    "A block sends each piece of its text once: no delta repeats earlier text.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK join the deltas: the user sees every piece again and again.",
    layer=BEHAVIOUR,
    code="stream.duplicated",
    needs=("messages.stream.deltas",),
    holds_on=(
        STREAMED,
        _THINKING,
        of_text("p", "o", "ng"),
        of_text("ha", "haha"),
        of_text("po", "", "ng"),
        of_text(*["ha"] * 20),
        of_text("ha", "ha"),
        of_text("a", "a", "b", "b"),
        of_text("po", "pon"),
        of_text("", "po", "pong!"),
        of_text(*(piece for n in range(6) for piece in (f"{n}, ", f"{n}, "))),
        of_text("pong", "pong"),
        of_text("a", "ab", "c", "cd"),
        of_text("a", "bc", "def"),
        of_text(*(f"{n}, " for n in range(16))),
        streamed(
            [
                *EVENTS[:2],
                *(
                    {**EVENTS[2], "delta": {"type": type, "text": text}}
                    for type, text in (("text_delta", "a"), ("citations_delta", "ab"), ("text_delta", "abc"))
                ),
                *EVENTS[4:],
            ]
        ),
    ),
    breaks_on=(
        of_text("po", "pon", "pong"),
        of_text("po", "pong"),
        of_text(" po", " pong "),
        of_text("po", "po", "ng", "ng"),
        of_text(" po", " po", "ng ", "ng "),
        of_text(*(piece for n in range(7) for piece in ("ab"[n % 2], "ab"[n % 2]))),
        of_text("1", "1, 2", "1, 2, 3", "1, 2, 3, 4"),
        of_text(*(piece for n in range(8) for piece in (f"{n}, ", f"{n}, "))),
        of_text("po", "ng", "pong"),
        of_text("pong", "po", "ng\n"),
        of_text("po", "ng ", "pong"),
    ),
)
def text_once(reply: Reply, context: Context) -> Outcome:
    own = context.replies.get(context.surface.control)
    answer = view.text_of(own.object).strip() if own is not None and own.complete else ""
    for index, block in Built(view.events(reply)).blocks.items():
        pieces = [piece for piece in block.pieces(view.TEXT_DELTA, "text") if piece]
        how = repeated(pieces, answer)
        if how:
            said = f"{how}; clients show {quote(''.join(pieces), 60)}"
            return broken(f"content_block_delta, index {index}", "each piece of the text once", said)
    return holds()


@clause(
    "block_open",
    "Only a block that has begun can end, and no delta comes after the end of its block.",
    "anthropic-python raises IndexError if no block was open, and the AI SDK raises an error on a delta of a part "
    "that has ended.",
    needs=("messages.stream.block_start", "messages.stream.indexes"),
    holds_on=(
        STREAMED,
        CALLED,
        _THINKING,
        without("content_block_stop"),
        streamed([*THINKING_EVENTS[:3], THINKING_EVENTS[4], THINKING_EVENTS[3], *THINKING_EVENTS[5:]]),
        changed("content_block_stop", put(-1, "index")),
        streamed([*EVENTS[:5], {**EVENTS[2], "delta": {"type": "text_delta", "text": ""}}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": 7}, {**EVENTS[4], "index": 1}, *EVENTS[5:]]),
    ),
    breaks_on=(
        streamed([*EVENTS[:3], EVENTS[4], EVENTS[3], *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[4], "index": 1}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[4], "index": 1}, {**EVENTS[4], "index": 2}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], EVENTS[3], EVENTS[3], *EVENTS[5:]]),
        changed("content_block_stop", put(-2, "index")),
        streamed([*EVENTS[:5], {**EVENTS[2], "delta": {"type": "thinking_delta", "thinking": ""}}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[2], "delta": CALL_EVENTS[2]["delta"] | {"partial_json": ""}}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": 7}, {**EVENTS[4], "index": 2}, *EVENTS[5:]]),
    ),
)
def block_open(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).not_open
    if found:
        return broken(f"event {found[0]}", "an event of a block that is open", found[1])
    return holds()


@clause(
    "block_stop",
    "Each block ends with content_block_stop, and each content_block_stop has the number of a block.",
    "Clients that show a block when it ends show nothing; the AI SDK loses a tool call.",
    level=SHOULD,
    needs=("messages.stream.block_open",),
    holds_on=(
        STREAMED,
        CALLED,
        _THINKING,
        streamed([*EVENTS, {**EVENTS[1], "index": 1}]),
        streamed([*EVENTS, {**EVENTS[1], "index": 7}]),
    ),
    breaks_on=(
        without("content_block_stop"),
        changed("content_block_stop", put(-1, "index")),
        streamed([*EVENTS[:5], {**EVENTS[4], "index": -1}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": 7}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": -1}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], {**EVENTS[1], "index": -1}, {**EVENTS[1], "index": 7}, *EVENTS[5:]]),
        streamed([*EVENTS[:5], *[{**EVENTS[4], "index": -1}] * 2, *EVENTS[5:]]),
    ),
)
def block_stop(reply: Reply, context: Context) -> Outcome:
    built = Built(view.events(reply))
    if built.not_ended:
        number, said = built.not_ended
        return broken(f"event {number}, $.index", "the number of a block that begins and ends", said)
    for index, block in built.blocks.items():
        if not block.stopped:
            return broken("content_block_stop", f"one for index {index}", f"none for this block of type {block.kind}")
    return holds()


@clause(
    "known_events",
    "Each event, block and delta is of a type that the reference names.",
    "Clients may ignore other types, but the AI SDK reports an error in the middle of the answer.",
    level=SHOULD,
    source=AI_SDK,
    needs=("messages.stream.start",),
    holds_on=(STREAMED, CALLED, _THINKING, put_before("content_block_delta", PING_EVENT)),
    breaks_on=(
        put_before("message_delta", {"type": "vendor_usage", "ms": 7}),
        put_before("content_block_stop", {**EVENTS[2], "delta": {"type": "vendor_delta"}}),
        streamed(
            [
                *EVENTS[:5],
                {**EVENTS[1], "index": 1, "content_block": {"type": "vendor_block"}},
                {**EVENTS[4], "index": 1},
                *EVENTS[5:],
            ]
        ),
    ),
)
def known_events(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        kind = kind_of(one)
        if kind not in kinds.EVENTS:
            return broken(f"event {number}, $.type", "a type of the reference", quote(kind, 60))
        inner, known = {
            view.BLOCK_START: ("content_block", kinds.BLOCKS),
            view.DELTA: ("delta", kinds.DELTAS),
        }.get(kind, ("", frozenset()))
        found = members(one.get(inner)).get("type")
        if found is not None and not (isinstance(found, str) and found in known):
            return broken(f"event {number}, $.{inner}.type", "a type of the reference", quote(found, 60))
    return holds()
