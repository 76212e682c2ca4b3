"""Two calls in one stream: they arrive as two, keep apart, and each has an input of its own."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.event_examples import Event
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Block, Built
from chatproof.surfaces.messages.clauses.validate import elsewhere, tools_stream
from chatproof.surfaces.messages.clauses.validate.tools import AREA, CODE, PARAMETERS, calls
from chatproof.surfaces.messages.clauses.validate.tools_parallel import CAPABILITY, EXPECTED, alone, unfit, unfit_block
from chatproof.surfaces.messages.examples import (
    CALLED,
    COMETAPI,
    GOOD,
    SDK,
    STREAMED,
    TWO_CALL_EVENTS,
    TWO_CALLS,
    call_events,
    streamed,
)
from chatproof.surfaces.shared_clauses import first_broken
from chatproof.wire.strictjson import Json, parse

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_PROBE, _PLAIN, _SINGLE = "tools.parallel.stream", "tools.parallel", "tools.stream"
_WORD, _NUMBER = TWO_CALLS
_FIRST, _SECOND, _END = TWO_CALL_EVENTS[:5], TWO_CALL_EVENTS[5:-2], TWO_CALL_EVENTS[-2:]


def _at(index: int, events: tuple[Event, ...] = _SECOND) -> tuple[Event, ...]:
    return tuple({**one, "index": index} for one in events)


def _stream(*events: Event) -> Example:
    return streamed([*events, *_END])


def _told_of(reply: Reply) -> int:
    """How many calls a stream tells of: those that begin, wherever it says that they belong, and those that go on
    without a begin."""
    begun = [one for _, one in view.of_kind(reply, view.BLOCK_START)]
    known = [one.get("index") for one in begun]
    calls = [one for one in begun if view.members(one.get("content_block")).get("type") == view.CALL]
    others: list[Json] = []
    for _, one in view.of_kind(reply, view.DELTA):
        is_input = view.members(one.get("delta")).get("type") == view.INPUT_DELTA
        if is_input and one.get("index") not in (*known, *others):
            others.append(one.get("index"))
    return len(calls) + len(others)


def _input_of(call: Block) -> tuple[Json, str]:
    """The input of a call, from its deltas or else from its start, and why it cannot be read ("": it can)."""
    text = call.arguments
    if not text:
        return call.start.get("input", {}), ""
    value, problem = parse(text.encode("utf-8", "surrogatepass"))
    return value, f"{problem.reason} at byte {problem.offset} of {quote(text, 80)}" if problem else ""


def _unfit(call: Block) -> str:
    """What is wrong with the input of a streamed call; empty where nothing is."""
    value, problem = _input_of(call)
    return problem or unfit(call.start.get("name"), value)


@clause(
    "messages.tools.stream_parallel",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says="Two tool calls of one turn are streamed as two blocks, not as one with the input of both, where a stream has "
    "a single call; or the request is refused, in both forms. (A model that makes one call at a time is not judged, "
    "unless this is required.)",
    source=COMETAPI,
    probe=_PROBE,
    needs=("messages.tools.stream_joined",),
    why="All clients run one call instead of two, or raise because its input is not JSON.",
    holds_on=(_stream(*_FIRST, *_SECOND),),
    breaks_on=(
        _stream(*_FIRST[:-1], *_at(0, _SECOND[1:])),
        streamed(call_events({**_WORD, "input": {"word": "pong", "number": 7}})),
        STREAMED,
        GOOD,
    ),
)
def parallel(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, CAPABILITY, PARAMETERS)
    plain = context.replies.get(_PLAIN)
    if refused and plain is not None and plain.complete and calls(plain):
        return refused_here(refused, "streamed calls, as calls are made without a stream")
    if refused:
        return refused
    if reply.kind != "sse":
        return ignored("body", "a stream", f"{reply.kind} body")
    if elsewhere.is_failing(reply, context):
        return not_applicable("the stream tells of an error: see messages.elsewhere.no_error")
    number, one = _told_of(reply), next(iter(Built(view.events(reply)).calls()), None)
    if not number:
        return ignored("content_block_start", EXPECTED, f"no call in {number_of(len(view.events(reply)), 'event')}")
    if number > 1 or one is None:  # without an index it is in no place, which is judged below
        return done(number_of(number, "call"))
    name, (value, problem) = one.start.get("name"), _input_of(one)
    if problem:
        return damaged("content_block_delta", EXPECTED, f"one call, of {quote(name, 40)}: {problem}")
    return alone(name, value, "content_block_start", context)


def _of_input(reply: Reply, context: Context) -> Outcome:
    """Judge whether the deltas of each call are of its input, and texts."""
    for call in Built(view.events(reply)).calls():
        found = tools_stream.odd_delta(call)
        if found is not None:
            return found
    return holds()


_APART = (*tools_stream.FORM, tools_stream.named, _of_input, tools_stream.ended)


@clause(
    "messages.tools.stream_apart",
    layer=SCHEMA,
    code=CODE,
    capability=CAPABILITY,
    area=AREA,
    says="Two tool calls in one stream keep apart: each block has its own index, begins with an id and a "
    "name, and ends.",
    source=SDK,
    probe=_PROBE,
    needs=("messages.tools.stream_parallel",),
    why="anthropic-python, @anthropic-ai/sdk and the AI SDK join the deltas by index: they lose a call, run one with "
    "the input of the other, or raise.",
    holds_on=(_stream(*_FIRST, *_SECOND), CALLED),
    breaks_on=(
        _stream(*_FIRST, *_at(0)),
        _stream(*_FIRST[:2], *_at(0, _SECOND[:1]), *_FIRST[2:], *_at(0, _SECOND[1:])),
        _stream(*_FIRST, _SECOND[0], *_at(0, _SECOND[1:3]), _SECOND[3]),
        _stream(*_FIRST, *_SECOND[1:]),
        _stream(*_FIRST, *_SECOND[:-1]),
        streamed(call_events(_WORD, {name: value for name, value in _NUMBER.items() if name != "name"})),
        _stream(*_FIRST, _SECOND[0], {**_SECOND[1], "delta": {**_SECOND[1]["delta"], "partial_json": 7}}, *_SECOND[2:]),
    ),
)
def apart(reply: Reply, context: Context) -> Outcome:
    return first_broken(_APART, reply, context.replies.get(_SINGLE), context)


@clause(
    "messages.tools.stream_each",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says="Each of two calls in one stream has an id of its own, and an input that its own tool's schema allows, as "
    "those of two calls without a stream.",
    source=COMETAPI,
    probe=_PROBE,
    needs=("messages.tools.stream_apart",),
    why="All clients run the second tool without its input, or with that of the first, or raise. With one id for both "
    "calls, nobody can tell whose result is sent back.",
    holds_on=(_stream(*_FIRST, *_SECOND), CALLED),
    breaks_on=(
        streamed(call_events(_WORD, {**_NUMBER, "input": {}})),
        _stream(*_FIRST, *_SECOND[:2], _SECOND[3]),
        _stream(*_FIRST[:2], _SECOND[0], *_at(1, _FIRST[2:4]), *_at(0, _SECOND[1:3]), _FIRST[4], _SECOND[3]),
        _stream(*_FIRST[:4], _SECOND[0], *_at(0, _SECOND[1:3]), _FIRST[4], _SECOND[3]),
        streamed(call_events(_WORD, {**_NUMBER, "id": "toolu_1"})),
    ),
)
def each(reply: Reply, context: Context) -> Outcome:
    found = Built(view.events(reply)).calls()
    ids = [call.start["id"] for call in found]
    twice = next((id for number, id in enumerate(ids) if id in ids[:number]), None)
    if twice is not None:
        return damaged("content_block_start, $.content_block.id", "an id for each call", f"{quote(twice, 60)} twice")
    for call in found:
        problem = _unfit(call)
        if problem and _is_so_elsewhere(context):
            return not_applicable("a call of another reply is like that as well")
        if problem:
            return damaged(f"the block of event {call.number}", "the input of its own tool", problem)
    return done(number_of(len(found), "call"))


def _is_so_elsewhere(context: Context) -> bool:
    """Whether two calls without a stream, or a single one in a stream, have an input that does not fit either."""
    plain, single = context.replies.get(_PLAIN), context.replies.get(_SINGLE)
    if plain is not None and plain.complete and any(map(unfit_block, calls(plain))):
        return True
    return single is not None and any(map(_unfit, Built(view.events(single)).calls()))
