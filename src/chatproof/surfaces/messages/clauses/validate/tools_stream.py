"""A call that is streamed: the form of the stream, the block it begins with, its input in pieces."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.stream import events_parse
from chatproof.surfaces.event_examples import drop, put
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Block, Built, adds
from chatproof.surfaces.messages.clauses import fields, stream, stream_blocks
from chatproof.surfaces.messages.clauses.happy import shown
from chatproof.surfaces.messages.clauses.validate import elsewhere
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CODE, PARAMETERS
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    CALL_EVENTS,
    CALLED,
    COMETAPI,
    JSON,
    SDK,
    STREAMED,
    changed,
    streamed,
    without,
)
from chatproof.surfaces.messages.probes_validate import FUNCTION, RECORDED
from chatproof.surfaces.messages.view import kind_of
from chatproof.surfaces.shared_clauses import first_broken
from chatproof.wire.strictjson import parse

CLAUSES = Clauses(VALIDATE)
_BLOCK, _DELTA = "content_block_start", "content_block_delta"
_EMPTY = {**CALL_EVENTS[2], "delta": {"type": "text_delta", "text": ""}}
_NO_PIECE = {**CALL_EVENTS[2], "delta": {"type": "input_json_delta", "partial_json": ""}}
_SIGNED = {**CALL_EVENTS[2], "delta": {"type": "signature_delta", "signature": "c2ln"}}
_EMPTY_WORD = {**CALL_EVENTS[2], "delta": {"type": "input_json_delta", "partial_json": '{"word":""}'}}
FORM = (events_parse, stream.typed, stream.event_lines, *elsewhere.FORM)
"""The musts of a stream that do not depend on what is streamed."""
_WHOLE_AT_ONCE = streamed(
    [
        CALL_EVENTS[0],
        {**CALL_EVENTS[1], "content_block": {**CALL_EVENTS[1]["content_block"], "input": {"word": "pong"}}},
        *CALL_EVENTS[4:],
    ]
)


def _lost(*types: str) -> Example:
    return without(*types, events=CALL_EVENTS)


def is_called(context: Context) -> bool:
    """Whether the same request without a stream gets a call."""
    reply = context.replies.get("tools")
    return reply is not None and reply.complete and bool(view.blocks(reply.object, view.CALL))


@CLAUSES.add(
    "messages.tools.stream_called",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="A forced tool call is also made in a stream, or clearly refused in both forms.",
    check=2,
    source=COMETAPI,
    probe="tools.stream",
    why="Agents stream: they wait for a tool call that never arrives, and treat the text as the end of the work.",
    holds_on=(CALLED,),
    breaks_on=(STREAMED, Example(200, JSON, b'{"error":"no"}')),
)
def called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools", PARAMETERS)
    if refused and is_called(context):
        return refused_here(refused, "a streamed call, as one is made without a stream")
    if refused:
        return refused
    built = Built(view.events(reply))
    if elsewhere.is_failing(reply, context):  # which says why there is no call
        return done()
    begun = any(kind_of(one) in (view.BLOCK_START, view.DELTA) for one in view.events(reply))
    if built.calls() or (begun and not built.blocks):  # without a start or an index: a form that is judged below
        return done(number_of(len(built.calls()), "call"))
    begun_as = ", ".join(quote(block.kind, 40) for block in list(built.blocks.values())[:5]) or "no block"
    return ignored("content_block_start", "a block of type tool_use", f"{begun_as}, text {quote(built.text, 60)}")


@CLAUSES.add(
    "messages.tools.stream_form",
    layer=SCHEMA,
    code="stream.malformed",
    capability="tools",
    area="Streaming",
    says="A stream with a tool call has the same form as a stream of text: event lines, start, indexes, end.",
    source=SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_called",),
    why="anthropic-python, @anthropic-ai/sdk and the AI SDK raise, or lose the call.",
    holds_on=(
        CALLED,
        streamed([*CALL_EVENTS[:5], _NO_PIECE, *CALL_EVENTS[5:]]),
    ),
    breaks_on=(
        _lost("message_start"),
        _lost("content_block_start"),
        _lost("message_stop"),
        changed("message_delta", drop("usage"), CALL_EVENTS),
        changed("message_start", put(None, "message", "content"), CALL_EVENTS),
        streamed([{**one, "index": 1} if "index" in one else one for one in CALL_EVENTS]),
        streamed([*CALL_EVENTS[:2], *CALL_EVENTS[1:]]),
        streamed([*CALL_EVENTS[:3], CALL_EVENTS[4], CALL_EVENTS[3], *CALL_EVENTS[5:]]),
        Example(200, "text/event-stream", CALLED.body.replace(b"event: ", b"x: ")),
    ),
)
def form(reply: Reply, context: Context) -> Outcome:
    if elsewhere.is_failing(reply, context):
        return not_applicable("the stream tells of an error: see messages.elsewhere.no_error")
    for judge in FORM:
        found = judge(reply, context)
        if found.outcome == BROKEN:
            return damaged(found.at, found.expected, found.observed)
    return done()


@CLAUSES.add(
    "messages.tools.stream_details",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area="Streaming",
    says="A stream with a tool call also has what every stream has: its message's id, role "
    "and model, fields of the right types, and no events, blocks or deltas of unknown types.",
    source=AI_SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_form",),
    why="The AI SDK refuses the event, and the call is lost.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("message_start", put(7, "message", "id"), CALL_EVENTS),
        changed("message_start", put(7, "message", "stop_reason"), CALL_EVENTS),
        changed("message_delta", put(7, "delta", "stop_sequence"), CALL_EVENTS),
        streamed([*CALL_EVENTS[:2], {**CALL_EVENTS[2], "delta": {"type": "vendor_delta"}}, *CALL_EVENTS[2:]]),
    ),
)
def detailed(reply: Reply, context: Context) -> Outcome:
    text = context.replies.get(context.surface.stream)
    judges = (stream.start_envelope, fields.stream_types, stream_blocks.known_events)
    return first_broken(judges, reply, text, context)


@CLAUSES.add(
    "messages.tools.stream_named",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The block of a tool call begins with its id and the tool's name, both strings, and "
    "with an object as its input.",
    source=AI_SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_form",),
    why="The AI SDK refuses the event, and the client's loop has a call that it can neither run nor answer.",
    holds_on=(CALLED, changed(_BLOCK, drop("content_block", "input"), CALL_EVENTS)),
    breaks_on=(
        changed(_BLOCK, drop("content_block", "id"), CALL_EVENTS),
        changed(_BLOCK, put(None, "content_block", "id"), CALL_EVENTS),
        changed(_BLOCK, put("", "content_block", "name"), CALL_EVENTS),
        changed(_BLOCK, drop("content_block", "name"), CALL_EVENTS),
        changed(_BLOCK, put("", "content_block", "input"), CALL_EVENTS),
    ),
)
def named(reply: Reply, context: Context) -> Outcome:
    for call in Built(view.events(reply)).calls():
        at = f"event {call.number}, $.content_block"
        for name in ("id", "name"):
            if not isinstance(call.start.get(name), str) or not call.start[name]:
                return damaged(f"{at}.{name}", "a non-empty string", shown(call.start, name))
        if "input" in call.start and not isinstance(call.start["input"], dict):
            return damaged(f"{at}.input", "an object", shown(call.start, "input"))
    return done()


@CLAUSES.add(
    "messages.tools.stream_joined",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The deltas of a tool call are of the type input_json_delta; each partial_json is a "
    "string, and all of them join to a JSON object (no text counts as an empty object).",
    source=SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_form",),
    why="anthropic-python, @anthropic-ai/sdk and the AI SDK parse the joined text: they raise, or lose a part.",
    holds_on=(
        CALLED,
        _WHOLE_AT_ONCE,
        changed(_DELTA, put("", "delta", "partial_json"), CALL_EVENTS),
        streamed([*CALL_EVENTS[:2], _EMPTY, *CALL_EVENTS[2:]]),
        streamed([*CALL_EVENTS[:5], _EMPTY, *CALL_EVENTS[5:]]),
        streamed([*CALL_EVENTS, _SIGNED]),
    ),
    breaks_on=(
        streamed([*CALL_EVENTS[:3], *CALL_EVENTS[4:]]),
        streamed([*CALL_EVENTS[:4], CALL_EVENTS[3], *CALL_EVENTS[4:]]),
        changed(_DELTA, put({"word": "pong"}, "delta", "partial_json"), CALL_EVENTS),
        changed(_DELTA, drop("delta", "partial_json"), CALL_EVENTS),
        changed(_DELTA, put({"type": "text_delta", "text": "{}"}, "delta"), CALL_EVENTS),
        streamed(
            [
                *CALL_EVENTS[:2],
                {**CALL_EVENTS[2], "delta": {"type": "input_json_delta", "partial_json": "7"}},
                *CALL_EVENTS[4:],
            ]
        ),
        changed(_DELTA, drop("delta", "type"), CALL_EVENTS),
        streamed(
            [*CALL_EVENTS[:2], _EMPTY, {**_EMPTY, "delta": {"type": "text_delta", "text": "{}"}}, *CALL_EVENTS[2:]]
        ),
    ),
)
def joined(reply: Reply, context: Context) -> Outcome:
    for call in Built(view.events(reply)).calls():
        odd = odd_delta(call)
        if odd is not None:
            return odd
        text = call.arguments
        value, problem = parse(text.encode("utf-8", "surrogatepass")) if text else ({}, None)
        if problem is not None:
            said = f"{problem.reason} at byte {problem.offset} of {quote(text, 80)}"
            return damaged("content_block_delta", "deltas that join to JSON", said)
        if not isinstance(value, dict):
            return damaged("content_block_delta", "deltas that join to a JSON object", quote(text, 80))
    return done()


def odd_delta(call: Block) -> Outcome | None:
    """What is wrong with a delta of a call: it is not of its input, or not a text. None where nothing is."""
    for number, delta in call.deltas:
        if isinstance(delta.get("type"), str) and not adds(delta, call):
            continue  # clients add nothing, or do not know it, which has a clause of its own
        if delta.get("type") != view.INPUT_DELTA:
            return damaged(f"event {number}, $.delta.type", view.INPUT_DELTA, shown(delta, "type"))
        if not isinstance(delta.get("partial_json"), str):
            return damaged(f"event {number}, $.delta.partial_json", "a string", shown(delta, "partial_json"))
    return None


@CLAUSES.add(
    "messages.tools.stream_ended",
    layer=SCHEMA,
    code="stream.malformed",
    capability="tools",
    area=AREA,
    says="The block of a tool call ends with content_block_stop.",
    source=AI_SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_form",),
    why="The AI SDK makes the call when its block ends, and loses it otherwise.",
    holds_on=(CALLED,),
    breaks_on=(
        _lost("content_block_stop"),
        streamed([*CALL_EVENTS[:5], *({**one, "index": 1} for one in CALL_EVENTS[1:4]), *CALL_EVENTS[5:]]),
    ),
)
def ended(reply: Reply, context: Context) -> Outcome:
    calls = Built(view.events(reply)).calls()
    if all(call.stopped for call in calls):
        return done()
    return damaged("content_block_stop", "one for each call", "a call whose block does not end")


@CLAUSES.add(
    "messages.tools.stream_pieces",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="The input of a tool call arrives in deltas, and not with the block.",
    source=SDK,
    probe="tools.stream",
    needs=("messages.tools.stream_joined", "messages.tools.stream_named"),
    why="Clients that join the deltas as in the reference run the tool without its arguments; the AI SDK "
    "puts the deltas behind the input that came with the block, and the result is not JSON.",
    holds_on=(CALLED, changed(_DELTA, put("", "delta", "partial_json"), CALL_EVENTS)),
    breaks_on=(_WHOLE_AT_ONCE, changed(_BLOCK, put({"word": "pong"}, "content_block", "input"), CALL_EVENTS)),
)
def in_pieces(reply: Reply, context: Context) -> Outcome:
    for call in Built(view.events(reply)).calls():
        if call.start.get("input"):
            at = f"event {call.number}, $.content_block.input"
            return damaged(at, "{} here, and the input in deltas", quote(call.start["input"], 80))._replace(state="")
    return holds()


@CLAUSES.add(
    "messages.tools.stream_forced",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="The streamed call is of the forced tool, and its input satisfies that tool's schema, with a word that is not "
    "empty.",
    source=COMETAPI,
    probe="tools.stream",
    needs=("messages.tools.stream_pieces",),
    why="Programs that pass the input on unchecked fail on the missing member.",
    holds_on=(CALLED,),
    breaks_on=(
        changed(_DELTA, put("", "delta", "partial_json"), CALL_EVENTS),
        changed(_BLOCK, put("record", "content_block", "name"), CALL_EVENTS),
        streamed([*CALL_EVENTS[:2], _EMPTY_WORD, *CALL_EVENTS[4:]]),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    for call in Built(view.events(reply)).calls():
        at = f"event {call.number}, $.content_block"
        if call.start.get("name") != FUNCTION:
            return ignored(f"{at}.name", FUNCTION, quote(call.start.get("name")))
        problem = problem_in(parse(call.arguments.encode("utf-8", "surrogatepass") or b"{}")[0], RECORDED)
        if problem:
            return ignored("content_block_delta", "arguments that satisfy the tool's schema", problem)
    return done()


@CLAUSES.add(
    "messages.tools.stream_stop_reason",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A stream with a tool call ends with the stop_reason tool_use.",
    source=COMETAPI,
    probe="tools.stream",
    needs=("messages.tools.stream_form",),
    why="A loop that checks the stop_reason treats the turn as the last one, and runs no tool.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("message_delta", put("end_turn", "delta", "stop_reason"), CALL_EVENTS),
        changed("message_delta", put(None, "delta", "stop_reason"), CALL_EVENTS),
        without("message_delta", events=CALL_EVENTS),
    ),
)
def stop_reason(reply: Reply, context: Context) -> Outcome:
    reasons = [view.members(one.get("delta")).get("stop_reason") for _, one in view.of_kind(reply, view.END)]
    if "tool_use" in reasons:
        return holds()
    return broken(
        "message_delta, $.delta.stop_reason", "tool_use", quote(reasons[-1]) if reasons else "no message_delta"
    )
