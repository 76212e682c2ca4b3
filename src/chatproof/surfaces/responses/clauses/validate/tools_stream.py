"""A streamed call: the stream is held to what the plain one is held to, and builds a call that clients can read."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.stream import events_parse
from chatproof.surfaces.event_examples import Event, drop, put
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.building import Built, Item
from chatproof.surfaces.responses.clauses import stream, stream_details, stream_end, stream_items, stream_types
from chatproof.surfaces.responses.clauses.happy import GOOD, shown
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, PARAMETERS, alike, calls, misread, value_of
from chatproof.surfaces.responses.examples import CALL_EVENTS, CALLED, EVENTS, STREAMED, changed, streamed, without
from chatproof.surfaces.responses.view import kind_of, members
from chatproof.surfaces.shared_clauses import first_broken

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_PROBE = "tools.stream"
SPACED = '{ "word":\n"pong" }'  # the call of the examples, written by another JSON library
ORDER = (
    events_parse,
    stream.typed,
    stream.created,
    stream.created_whole,
    stream_items.item_added,
    stream_items.places,
    stream_items.item_done,
    stream_items.item_ids,
    stream_end.finished,
    stream_end.one_response,
    stream_end.usage,
)
"""What is asked of every stream, in this order; the first that is broken is told."""
_LESSER = (
    stream.created_named,
    stream_items.item_numbers,
    stream_end.once,
    stream_details.begun_late,
    stream_details.ends,
    stream_details.known_events,
    stream_types.field_types,
    stream_types.usage_details,
)


def streamed_calls(reply: Reply) -> list[tuple[int, Item]]:
    """List each call with its output_index."""
    built = Built(view.events(reply)).items.items()
    return [
        (p, item) for p, item in built if view.CALL in ((item.added or {}).get("type"), (item.done or {}).get("type"))
    ]


def _without_item(reply: Reply) -> bool:
    """Whether arguments of a call come, and an item of theirs may be what is missing."""
    added = [item.added for item in Built(view.events(reply)).items.values()]
    told = any(kind_of(one) == building.ARGUMENTS for one in view.events(reply))
    return told and not all(added)


def _ended(one: Event, *output: object) -> Event:
    """A last event with another output."""
    return {**one, "response": {**one["response"], "output": list(output)}}


_CALL = CALL_EVENTS[-1]["response"]["output"][0]
_AT_THE_END = streamed([*CALL_EVENTS[:2], CALL_EVENTS[-1]])


def is_called(context: Context) -> bool:
    """Whether the same request without a stream gets a call."""
    reply = context.replies.get("tools")
    return reply is not None and reply.complete and bool(calls(reply))


@clause(
    "responses.tools.stream.called",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    check=3,
    area=AREA,
    says="A forced tool call is also streamed if the request asks for it, or clearly refused in both forms.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    why="Agents stream: they wait for a tool call that never arrives.",
    holds_on=(CALLED, _AT_THE_END),
    breaks_on=(STREAMED, GOOD, without("output_item.added")),
)
def called(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "tools", PARAMETERS)
    if refused and is_called(context):
        return refused_here(refused, "a streamed call, as one is made without a stream")
    if refused:
        return refused
    if reply.kind != "sse":
        return ignored("body", "a stream", f"{reply.kind} body")
    if reply.stream_limit:
        return not_applicable(f"our own limit was reached: {reply.stream_limit}")
    kinds = [kind_of(one) for one in view.events(reply)]
    if streamed_calls(reply) or not all(kinds) or any(kind in ("error", "response.failed") for kind in kinds):
        return done()
    if view.items(view.final(reply), view.CALL) or _without_item(reply):  # a form that is judged below
        return done()
    return ignored("stream", "a call", f"none in {number_of(len(kinds), 'event')}")


@clause(
    "responses.tools.stream.streamed",
    layer=BEHAVIOUR,
    code=CODE,
    capability="tools",
    area=AREA,
    says="Each tool call of the final response of a stream was streamed as an item, too.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.called",),
    why="Loops over the events of openai-python and openai-node, the AI SDK, LangChain and Codex lose the call: only "
    "stream() of the first two looks for it in the final response.",
    holds_on=(
        CALLED,
        changed("completed", put([], "response", "output"), CALL_EVENTS),
        without("output_item.added", "output_item.done", events=CALL_EVENTS),
    ),
    breaks_on=(
        _AT_THE_END,
        streamed([*EVENTS[:-1], _ended(EVENTS[-1], *EVENTS[-1]["response"]["output"], _CALL)]),
        streamed([*CALL_EVENTS[:-1], _ended(CALL_EVENTS[-1], _CALL, {**_CALL, "id": "fc_2", "call_id": "call_2"})]),
    ),
)
def as_items(reply: Reply, context: Context) -> Outcome:
    final, there = view.items(view.final(reply), view.CALL), streamed_calls(reply)
    if len(final) > len(there) and not _without_item(reply):
        said = f"{number_of(len(final), 'call')} at the end, {len(there)} before"
        return damaged("response.output_item.added", "an item for each call", said)
    return done()


@clause(
    "responses.tools.stream.in_order",
    layer=SCHEMA,
    code="stream.malformed",
    area=AREA,
    says="The events of a stream with a tool call come in order, from its beginning to its end, as in every stream.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.streamed",),
    why="openai-python, openai-node and the AI SDK raise; Codex and the AI SDK lose the call without output_item.done.",
    holds_on=(CALLED, without("in_progress", events=CALL_EVENTS)),
    breaks_on=(
        without("created", events=CALL_EVENTS),
        without("output_item.added", events=CALL_EVENTS),
        without("output_item.done", events=CALL_EVENTS),
        without("completed", events=CALL_EVENTS),
        changed("function_call_arguments.delta", drop("output_index"), CALL_EVENTS),
        changed("function_call_arguments.delta", drop("item_id"), CALL_EVENTS),
        changed("output_item.done", put("fc_2", "item", "id"), CALL_EVENTS),
        changed("completed", put("resp_2", "response", "id"), CALL_EVENTS),
    ),
)
def in_order(reply: Reply, context: Context) -> Outcome:
    if stream.no_error(reply, context).outcome == BROKEN:
        return not_applicable("the stream tells of an error: see responses.elsewhere.no_error")
    return first_broken(ORDER, reply, context.replies.get(context.surface.stream), context)


@clause(
    "responses.tools.stream.details",
    layer=SCHEMA,
    code="stream.malformed",
    level=SHOULD,
    area=AREA,
    says="A stream with a tool call also keeps the minor rules for every stream: it names its "
    "model, numbers its items from 0, ends once, has no events of unknown types, and no events after its end.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.in_order",),
    why="openai-node 6 raises an error on a wrong number, openai-node on an unknown type, "
    "and the AI SDK if the model is missing.",
    holds_on=(CALLED, without("in_progress", events=CALL_EVENTS)),
    breaks_on=(
        streamed([{**one, "output_index": 1} if "output_index" in one else one for one in CALL_EVENTS]),
        changed("created", drop("response", "model"), CALL_EVENTS),
        streamed([*CALL_EVENTS, CALL_EVENTS[-1]]),
        streamed([*CALL_EVENTS, CALL_EVENTS[1]]),
        streamed([CALL_EVENTS[0], CALL_EVENTS[2], CALL_EVENTS[1], *CALL_EVENTS[3:]]),
        streamed([*CALL_EVENTS[:3], {"type": "vendor:usage"}, *CALL_EVENTS[3:]]),
        changed("function_call_arguments.done", drop("arguments"), CALL_EVENTS),
        changed("output_item.done", put(7, "item", "namespace"), CALL_EVENTS),
    ),
)
def details(reply: Reply, context: Context) -> Outcome:
    return first_broken(_LESSER, reply, context.replies.get(context.surface.stream), context)


@clause(
    "responses.tools.stream.readable",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The finished tool call of a stream has a call_id, the function's name, and a JSON object in a string.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.in_order",),
    why="openai-python raises, and the AI SDK and Codex lose the call.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("output_item.done", drop("item", "call_id"), CALL_EVENTS),
        changed("output_item.done", put({"word": "pong"}, "item", "arguments"), CALL_EVENTS),
        changed("output_item.done", put('{"word":', "item", "arguments"), CALL_EVENTS),
        changed("output_item.done", drop("item", "name"), CALL_EVENTS),
    ),
)
def readable(reply: Reply, context: Context) -> Outcome:
    for _, item in streamed_calls(reply):
        call, at = members(item.done), f"event {item.done_at}, $.item"
        field, expected = misread(call)
        if field:
            return damaged(f"{at}.{field}", expected, shown(call, field))
        problem = value_of(call["arguments"])[1]
        if problem:
            return damaged(f"{at}.arguments", "a JSON object in a string", problem)
    return done()


@clause(
    "responses.tools.stream.added",
    layer=SCHEMA,
    code=CODE,
    capability="tools",
    area=AREA,
    says="When a tool call is added, it has a call_id, a name, an id, and arguments in a "
    "string; the first three stay the same.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.in_order",),
    why=(
        "openai-python, openai-node, the AI SDK and LangChain read the name and the ids from "
        "response.output_item.added; loops like the one in the guide add the deltas to its arguments."
    ),
    holds_on=(CALLED,),
    breaks_on=(
        changed("output_item.added", drop("item", "name"), CALL_EVENTS),
        changed("output_item.added", drop("item", "call_id"), CALL_EVENTS),
        changed("output_item.added", put("call_2", "item", "call_id"), CALL_EVENTS),
        changed("output_item.added", drop("item", "arguments"), CALL_EVENTS),
        changed("output_item.added", put(None, "item", "arguments"), CALL_EVENTS),
    ),
)
def added(reply: Reply, context: Context) -> Outcome:
    for place, item in streamed_calls(reply):
        first, last = members(item.added), members(item.done)
        for name in ("call_id", "name", "id", "arguments"):
            if not isinstance(first.get(name), str):
                return damaged(f"response.output_item.added, $.item.{name}", "a string", shown(first, name))
            if name != "arguments" and name in last and last[name] != first[name]:
                said = f"{quote(first[name], 60)}, then {quote(last[name], 60)}"
                return damaged(f"output_index {place}, $.item.{name}", "one value", said)
    return done()


@clause(
    "responses.tools.stream.status",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="The finished tool call of a stream has a status: completed, incomplete or in_progress.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.readable",),
    why="The AI SDK refuses the event without it, and the call is lost.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("output_item.done", drop("item", "status"), CALL_EVENTS),
        changed("output_item.done", put("done", "item", "status"), CALL_EVENTS),
    ),
)
def status(reply: Reply, context: Context) -> Outcome:
    for _, item in streamed_calls(reply):
        call = members(item.done)
        if call.get("status") not in ("completed", "incomplete", "in_progress"):
            at = f"event {item.done_at}, $.item.status"
            return broken(at, "completed, incomplete or in_progress", shown(call, "status"))
    return holds()


@clause(
    "responses.tools.stream.joined",
    layer=BEHAVIOUR,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The deltas of a tool call's arguments, if there are any, join to the arguments in the done event.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.readable",),
    why="Clients use one or the other: the function runs with different arguments, and nobody notices.",
    holds_on=(
        CALLED,
        without("function_call_arguments.delta", events=CALL_EVENTS),
        changed("output_item.done", put(SPACED, "item", "arguments"), CALL_EVENTS),
    ),
    breaks_on=(
        changed("function_call_arguments.done", put("{}", "arguments"), CALL_EVENTS),
        changed("output_item.done", put("{}", "item", "arguments"), CALL_EVENTS),
        streamed([*CALL_EVENTS[:4], CALL_EVENTS[4], *CALL_EVENTS[4:]]),
        changed("function_call_arguments.delta", put({"word": "pong"}, "delta"), CALL_EVENTS),
        changed("function_call_arguments.delta", put(None, "delta"), CALL_EVENTS),
    ),
)
def joined(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if kind_of(one) == building.ARGUMENTS and not isinstance(one.get("delta"), str):
            return damaged(f"event {number}, $.delta", "a string", shown(one, "delta"))
    for _, item in streamed_calls(reply):
        text = item.arguments
        for number, whole in text.done if text.deltas else ():
            if not alike(whole, text.joined):
                said = f"{quote(whole, 60)}; the deltas join to {quote(text.joined, 60)}"
                return damaged(f"event {number}", "the joined deltas", said)
    return done()
