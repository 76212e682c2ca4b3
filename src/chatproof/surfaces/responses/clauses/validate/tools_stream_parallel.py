"""Two calls in one stream: they arrive as two, keep apart, and each has arguments of its own."""

import json

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
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.event_examples import Event
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.clauses import stream
from chatproof.surfaces.responses.clauses.happy import GOOD, shown
from chatproof.surfaces.responses.clauses.validate import tools, tools_stream, tools_stream_forced
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, misread
from chatproof.surfaces.responses.clauses.validate.tools_parallel import CAPABILITY, REFUSED_BY, alone, unfit
from chatproof.surfaces.responses.clauses.validate.tools_stream import streamed_calls
from chatproof.surfaces.responses.clauses.validate.tools_stream_deltas import in_deltas
from chatproof.surfaces.responses.examples import (
    CALLED,
    STREAMED,
    TWO_CALL_EVENTS,
    TWO_CALLS,
    call_events,
    in_place,
    streamed,
)
from chatproof.surfaces.responses.view import kind_of, members
from chatproof.surfaces.shared_clauses import first_broken

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_PROBE, _PLAIN, _SINGLE = "tools.parallel.stream", "tools.parallel", "tools.stream"
_WORD, _NUMBER = TWO_CALLS
_AT = 7  # the event with which the second call of the examples begins
_FIRST, _SECOND, _END = TWO_CALL_EVENTS[:_AT], TWO_CALL_EVENTS[_AT:-1], TWO_CALL_EVENTS[-1]
_MERGED = ('{"word":"pong"}{"number":7}', '{"word":"pong","number":7}')
_NAMELESS = {name: value for name, value in _NUMBER.items() if name != "name"}


def _begun(reply: Reply) -> int:
    """How many calls a stream adds or ends, wherever it says that they belong."""
    told = [(kind_of(one), members(one.get("item")).get("type")) for one in view.events(reply)]
    return max(told.count((kind, view.CALL)) for kind in (building.ADDED, building.DONE))


@clause(
    "responses.tools.stream.parallel",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says="Two tool calls of one turn are streamed as two items, not as one with the arguments of both, where a stream "
    "has a single call; or the request is refused, in both forms. (A model that makes one call at a time is not "
    "judged, unless this is required.)",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.readable",),
    why="All clients run one call instead of two, or none, because its arguments are not JSON.",
    holds_on=(streamed(TWO_CALL_EVENTS),),
    breaks_on=(
        *(streamed(call_events({**_WORD, "arguments": merged})) for merged in _MERGED),
        STREAMED,
        GOOD,
    ),
)
def parallel(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, CAPABILITY, REFUSED_BY)
    plain = context.replies.get(_PLAIN)
    if refused and plain is not None and plain.complete and tools.calls(plain):
        return refused_here(refused, "streamed calls, as calls are made without a stream")
    if refused:
        return refused
    if reply.kind != "sse":
        return ignored("body", "a stream", f"{reply.kind} body")
    if reply.stream_limit:
        return not_applicable(f"our own limit was reached: {reply.stream_limit}")
    if stream.no_error(reply, context).outcome == BROKEN:
        return not_applicable("the stream tells of an error: see responses.elsewhere.no_error")
    number, told = _begun(reply), any(kind_of(one) == building.ARGUMENTS for one in view.events(reply))
    if not number and not told:
        said = f"no call in {number_of(len(view.events(reply)), 'event')}"
        return ignored("stream", "two items of type function_call", said)
    item = next((item for _, item in streamed_calls(reply)), None)
    if number != 1 or item is None:  # without an output_index it is in no place, which is judged below
        return done(number_of(number, "call"))
    call = {**members(item.added), "arguments": item.arguments.joined, **members(item.done)}
    return alone(call, "stream", context)


def _named(reply: Reply, context: Context) -> Outcome:
    """Judge whether each finished call has what a client needs to run and to answer it, and a call_id of its own."""
    seen: dict[object, int] = {}
    for place, item in streamed_calls(reply):
        call, at = members(item.done), f"event {item.done_at}, $.item"
        field, expected = misread(call)
        if field:
            return damaged(f"{at}.{field}", expected, shown(call, field))
        if seen.setdefault(call["call_id"], place) != place:
            said = f"{quote(call['call_id'], 60)}, which output_index {seen[call['call_id']]} has"
            return damaged(f"{at}.call_id", "a call_id for each call", said)
    return holds()


_APART = (*tools_stream.ORDER, _named, tools_stream.added, tools_stream.joined, in_deltas, tools_stream_forced.final)


def _second_with(**fields: object) -> Example:
    """The good stream whose second call has other values in each of its events that has such a field."""
    changed = [{**one, **{name: value for name, value in fields.items() if name in one}} for one in _SECOND]
    return streamed([*_FIRST, *changed, _END])


def _second_named(old: str, new: str) -> Example:
    """The good stream whose second call has another id in the place of one of its own, to the end."""
    return streamed([*_FIRST, *json.loads(json.dumps([*_SECOND, _END]).replace(f'"{old}"', f'"{new}"'))])


@clause(
    "responses.tools.stream.apart",
    layer=SCHEMA,
    code=CODE,
    capability=CAPABILITY,
    area=AREA,
    says="Two tool calls in one stream keep apart: each has its own output_index, id and call_id, and the events of "
    "one do not name the other.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.parallel",),
    why="openai-python and openai-node join deltas by output_index, LangChain and the AI SDK by item_id: they lose the "
    "second call, or run it with the arguments of the first; stream() of the first two raises.",
    holds_on=(streamed(TWO_CALL_EVENTS), CALLED),
    breaks_on=(
        _second_with(output_index=0),
        _second_named("fc_2", "fc_1"),
        _second_named("call_2", "call_1"),
        _second_with(item_id="fc_1"),
        in_place(TWO_CALL_EVENTS, _AT + 1, {**_SECOND[1], "output_index": 0}),
        streamed([*_FIRST, *_SECOND[1:], _END]),
        streamed([*_FIRST, *_SECOND[:-1], _END]),
        streamed(call_events(_WORD, _NUMBER, output=[_WORD])),
        streamed(call_events(_WORD, _NAMELESS)),
        in_place(TWO_CALL_EVENTS, _AT, {**_SECOND[0], "item": {**_NAMELESS, "arguments": ""}}),
        in_place(TWO_CALL_EVENTS, _AT + 3, {**_SECOND[3], "arguments": "{}"}),
        streamed([*_FIRST, _SECOND[0], *_SECOND[3:], _END]),
    ),
)
def apart(reply: Reply, context: Context) -> Outcome:
    return first_broken(_APART, reply, context.replies.get(_SINGLE), context)


@clause(
    "responses.tools.stream.each",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says="Each of two calls in one stream has arguments that its own function's schema allows, as those of two "
    "calls without a stream.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.apart",),
    why="All clients run the second function without its arguments, or with those of the first.",
    holds_on=(streamed(TWO_CALL_EVENTS), CALLED),
    breaks_on=(
        *(streamed(call_events(_WORD, {**_NUMBER, "arguments": text})) for text in ("", "{}", '{"word":"pong"}')),
    ),
)
def each(reply: Reply, context: Context) -> Outcome:
    found = streamed_calls(reply)
    for place, item in found:
        problem = unfit(members(item.done))
        if problem and _is_so_elsewhere(context):
            return not_applicable("a call of another reply is like that as well")
        if problem:
            return damaged(f"output_index {place}, $.item.arguments", "arguments of its own function", problem)
    return done(number_of(len(found), "call"))


def _is_so_elsewhere(context: Context) -> bool:
    """Whether two calls without a stream, or a single one in a stream, have arguments that do not fit either."""
    plain, single = context.replies.get(_PLAIN), context.replies.get(_SINGLE)
    if plain is not None and plain.complete and any(map(unfit, tools.calls(plain))):
        return True
    done = [members(item.done) for _, item in streamed_calls(single)] if single is not None else []
    return any(map(unfit, done))


def _reversed(events: list[Event]) -> list[Event]:
    response = events[-1]["response"]
    return [*events[:-1], {**events[-1], "response": {**response, "output": response["output"][::-1]}}]


@clause(
    "responses.tools.stream.final_order",
    layer=SCHEMA,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="The final response of a stream has the calls of one turn in the order of their output_index.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.readable",),
    why="openai-python's and openai-node's helpers, and the AI SDK, find an item of the final response by the "
    "output_index of its events: a result is taken for another call's.",
    holds_on=(streamed(TWO_CALL_EVENTS),),
    breaks_on=(streamed(_reversed([*TWO_CALL_EVENTS])),),
)
def final_order(reply: Reply, context: Context) -> Outcome:
    done = [one for one in view.events(reply) if kind_of(one) == building.DONE]
    calls = [
        (index, item.get("call_id"))
        for one in done
        if (item := members(one.get("item"))).get("type") == view.CALL
        and isinstance(index := one.get("output_index"), int)
    ]
    # The call that ends first need not be the first.
    ids = [id for _, id in sorted(calls, key=lambda call: call[0])]
    ends = view.terminals(reply)
    final = view.output(members(ends[0][1].get("response"))) if ends else []
    told = [item.get("call_id") for item in final if item.get("call_id") in ids]
    if len(ids) < 2 or len(told) != len(ids):
        return not_applicable("no two calls in the events and in the final response")
    if told == ids:
        return holds()
    return broken(f"event {ends[0][0]}, $.response.output", quote(ids, 80), quote(told, 80))
