"""What clients rely on in a stream beyond smoke: typed chunks, a role, one id, the usage, and that it does stream."""

from collections.abc import Callable

from chatproof.contract.capability import UNSUPPORTED, damaged, done, ignored, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    TRANSPORT,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.json_values import FINISH_REASONS, count, is_integer, is_number, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.view import text_of
from chatproof.wire.exchange import ARRIVALS
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Streaming"
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_CODE = "contract.schema"
_HEAD = b'"id":"c1","object":"chat.completion.chunk","created":1795379441,"model":"m"'
_DONE = b"data: [DONE]\n\n"
_QUICK_MS = 300.0  # what is whole by then may have been made and sent in one go
_BUFFERED_MS = 1000.0  # a user notices such a wait, and a busy machine of ours is not so late by itself
_EVENTS = 20  # so many events in one go are no coincidence


def _chunk(delta: bytes, finish: bytes = b"null", head: bytes = _HEAD) -> bytes:
    choice = b'{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}"
    return b"data: {" + head + b',"choices":[' + choice + b"]}\n\n"


_FIRST, _TEXT = _chunk(b'{"role":"assistant","content":""}'), _chunk(b'{"content":"pong"}')
_LAST = _chunk(b"{}", b'"stop"')
_GOOD = _FIRST + _TEXT + _LAST + _DONE
_USAGE = b"data: {" + _HEAD + b',"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}\n\n'


def _stream(body: bytes) -> Example:
    return Example(200, SSE, body)


@clause(
    "stream.chunk_schema",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="The members of a chunk have the right types: each choice has an index, and a chunk "
    "with text has the `object` chat.completion.chunk.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.no_error", "stream.content_non_empty"),
    why="The AI SDK throws on a wrong type; openai-python's stream() skips a chunk with "
    "another `object`, and fails without an index.",
    holds_on=(
        _stream(_GOOD),
        _stream(_FIRST + _TEXT + _LAST + _USAGE + _DONE),
        _stream(_GOOD.replace(b'"id":"c1",', b"").replace(b'"created":1795379441,', b"").replace(b',"model":"m"', b"")),
    ),
    breaks_on=(
        _stream(_GOOD.replace(b'"id":"c1"', b'"id":7')),
        _stream(_GOOD.replace(b"1795379441", b'"now"')),
        _stream(_GOOD.replace(b'"object":"chat.completion.chunk",', b"")),
        _stream(_GOOD.replace(b'"chat.completion.chunk"', b'"chat.completion"')),
        _stream(_GOOD.replace(b'"index":0,', b"")),
        _stream(_GOOD.replace(b'"stop"', b"7")),
        _stream(_FIRST + _TEXT + _chunk(b'{"content":7}') + _LAST + _DONE),
        _stream(_FIRST + _TEXT + _LAST + _USAGE.replace(b'"choices":[],', b"") + _DONE),
    ),
)
def chunk_schema(reply: Reply, context: Context) -> Outcome:
    return _each_chunk(reply, chunk_problem)


@clause(
    "stream.chunk_complete",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="Each chunk has id, model and created (an integer); a finish_reason is one of the reference's values, and a "
    "delta's role is assistant, where it names one.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.chunk_schema",),
    why="async-openai (Rust) and openai-java decode each chunk into a type and stop in the middle of the answer, the "
    "AI SDK's provider for OpenAI at a role that is empty.",
    holds_on=(_stream(_GOOD), _stream(_FIRST + _TEXT + _LAST + _USAGE + _DONE)),
    breaks_on=(
        _stream(_GOOD.replace(b'"id":"c1",', b"")),
        _stream(_GOOD.replace(b'"created":1795379441,', b"")),
        _stream(_GOOD.replace(b',"model":"m"', b"")),
        _stream(_GOOD.replace(b'"stop"', b'"eos"')),
        _stream(_GOOD.replace(b":null}", b':""}')),
        _stream(_FIRST + _chunk(b'{"role":"","content":"pong"}') + _LAST + _DONE),  # MiniMax-AI/MiniMax-M2.5#2
    ),
)
def chunk_complete(reply: Reply, context: Context) -> Outcome:
    return _each_chunk(reply, chunk_lack)


ABSENT = "\0absent"
Problem = tuple[str, str, Json]  # where, what is expected, what stands there


def _each_chunk(reply: Reply, problem_of: Callable[[dict[str, Json]], Problem | None]) -> Outcome:
    for number, chunk in enumerate(reply.chunks):
        problem = problem_of(chunk)
        if problem:
            at, expected, value = problem
            return broken(f"event {number}, {at}", expected, quote(value) if value is not ABSENT else "absent")
    return holds(number_of(len(reply.chunks), "chunk"))


def chunk_problem(chunk: dict[str, Json]) -> Problem | None:
    """The first thing in a chunk that an official client cannot read; its deltas are another clause's."""
    for name in ("id", "model"):
        if not (chunk.get(name) is None or isinstance(chunk[name], str)):
            return f"$.{name}", "a string", chunk[name]
    created = chunk.get("created")
    if not (created is None or is_number(created)):
        return "$.created", "a number", created
    if not isinstance(chunk.get("choices"), list):
        return "$.choices", "an array", chunk.get("choices", ABSENT)
    for number, choice in enumerate(items(chunk["choices"])):
        problem = _choice_problem(f"$.choices[{number}]", members(choice))
        if problem:
            return problem
    deltas = [members(members(choice).get("delta")) for choice in items(chunk["choices"])]
    carries = any(delta.get("content") or delta.get("tool_calls") for delta in deltas)
    if carries and chunk.get("object") != "chat.completion.chunk":  # Azure's chunks of filter results have ""
        return "$.object", "chat.completion.chunk", chunk.get("object", ABSENT)
    return None


def _choice_problem(at: str, choice: dict[str, Json]) -> Problem | None:
    if not is_integer(choice.get("index")):
        return f"{at}.index", "an integer", choice.get("index", ABSENT)
    content, reason = members(choice.get("delta")).get("content"), choice.get("finish_reason")
    if not (content is None or isinstance(content, str | list)):
        return f"{at}.delta.content", "a string", content
    if not (reason is None or isinstance(reason, str)):
        return f"{at}.finish_reason", "a string or null", reason
    return None


def chunk_lack(chunk: dict[str, Json]) -> Problem | None:
    """The first thing in a readable chunk that a client typed more strictly misses."""
    for name in ("id", "model"):
        if chunk.get(name) is None:
            return f"$.{name}", "a string", chunk.get(name, ABSENT)
    if not is_integer(chunk.get("created")):
        return "$.created", "an integer", chunk.get("created", ABSENT)
    for number, choice in enumerate(items(chunk.get("choices"))):
        reason = members(choice).get("finish_reason")
        if reason not in (*FINISH_REASONS, None):
            return f"$.choices[{number}].finish_reason", f"null or one of {', '.join(FINISH_REASONS)}", reason
        role = members(members(choice).get("delta")).get("role")
        if role not in ("assistant", None):
            return f"$.choices[{number}].delta.role", "assistant, null or absent", role
    return None


@clause(
    "stream.delta",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="Each choice of a chunk has a delta, an object.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.no_error", "stream.content_non_empty"),
    why="Programs on openai-python read choices[0].delta.content of each chunk: AttributeError in the middle.",
    holds_on=(_stream(_GOOD), _stream(_FIRST + _TEXT + _LAST + _USAGE + _DONE)),
    breaks_on=(
        _stream(_GOOD.replace(b'"delta":{}', b'"delta":null')),
        _stream(_GOOD.replace(b'"delta":{},', b"")),
    ),
)
def has_delta(reply: Reply, context: Context) -> Outcome:
    for number, chunk in enumerate(reply.chunks):
        for choice in items(chunk.get("choices")):
            if not isinstance(members(choice).get("delta"), dict):
                found = quote(members(choice)["delta"]) if "delta" in members(choice) else "absent"
                return broken(f"event {number}, $.choices[*].delta", "an object", found)
    return holds()


@clause(
    "stream.role_first",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="The first delta names the role, assistant.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.content_non_empty",),
    why=(
        "Clients that join deltas into a message to send back, such as openai-python's "
        "accumulator, have no role for it."
    ),
    holds_on=(_stream(_GOOD), _stream(_chunk(b'{"role":"assistant","content":"pong"}') + _LAST + _DONE)),
    breaks_on=(_stream(_TEXT + _LAST + _DONE), _stream(_TEXT + _FIRST + _LAST + _DONE)),
)
def role_first(reply: Reply, context: Context) -> Outcome:
    first = next((delta for delta in view.deltas(reply) if delta), {})
    if first.get("role") == "assistant":
        return holds()
    return broken("first delta, $.role", "assistant", quote(first.get("role")) if "role" in first else "absent")


@clause(
    "stream.one_id",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="All chunks with choices have the same id.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.content_non_empty",),
    why="Clients and tracing tools that join by id see several answers.",
    holds_on=(_stream(_GOOD),),
    breaks_on=(_stream(_FIRST + _TEXT.replace(b'"c1"', b'"c2"') + _LAST + _DONE),),
)
def one_id(reply: Reply, context: Context) -> Outcome:
    # Azure's first chunk carries filter results, no choice and an empty id.
    ids = list(dict.fromkeys(quote(chunk.get("id"), 60) for chunk in reply.chunks if chunk.get("choices")))
    return holds(ids[0]) if len(ids) == 1 else broken("$.id", "one id", f"{len(ids)} ids: {', '.join(ids[:3])}")


@clause(
    "stream.one_finish",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="One chunk of a choice has a finish_reason, and no text follows it.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.finished",),
    why="A client that stops at the first finish_reason loses what follows.",
    holds_on=(_stream(_GOOD),),
    breaks_on=(_stream(_FIRST + _TEXT + _LAST + _LAST + _DONE), _stream(_FIRST + _LAST + _TEXT + _DONE)),
)
def one_finish(reply: Reply, context: Context) -> Outcome:
    firsts = [members(next(iter(items(chunk.get("choices"))), None)) for chunk in reply.chunks]
    ends = [number for number, choice in enumerate(firsts) if choice.get("finish_reason")]
    if len(ends) > 1:
        return broken("$.choices[0].finish_reason", "in one chunk", f"in {number_of(len(ends), 'chunk')}")
    after = sum(bool(text_of(members(choice.get("delta")).get("content"))) for choice in firsts[ends[0] + 1 :])
    return (
        holds()
        if not after
        else broken(f"event {ends[0]}", "the last text before it", f"{after} chunks with text after")
    )


@clause(
    "stream.usage",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    capability="stream_usage",
    area=_AREA,
    says="If a stream's request asks for usage (include_usage), a chunk reports it.",
    source=OPENAI_SPEC,
    probe="stream.usage",
    why="LangChain and Vercel's AI SDK ask for it; without it the cost of streamed answers is unknown.",
    holds_on=(
        _stream(_FIRST + _TEXT + _LAST + _USAGE + _DONE),
        _stream(_GOOD.replace(b"]}", b'],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')),
    ),
    breaks_on=(
        _stream(_GOOD),
        _stream(_FIRST + _TEXT + _LAST + _USAGE.replace(b"10", b"null") + _DONE),
        Example(200, "application/json", b'{"error":"no"}'),
    ),
)
def usage(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "stream_usage", ("stream_options", "include_usage"))
    if refused:
        return refused
    if reply.kind != "sse":
        return undecided(f"no stream arrived, but {reply.kind}")
    reports = [members(chunk["usage"]) for chunk in reply.chunks if chunk.get("usage") is not None]
    names = _COUNTS
    if any(all(count(report.get(name)) is not None for name in names) for report in reports):
        own = any(chunk.get("usage") and not items(chunk.get("choices")) for chunk in reply.chunks)
        return done("in a separate chunk" if own else "in a chunk with a choice")
    expected = "a chunk with three integers in its usage"
    inside = [
        members(c)["usage"] for chunk in reply.chunks for c in items(chunk.get("choices")) if members(c).get("usage")
    ]
    if inside and not reports:
        return ignored("$.usage", expected, f"it is inside a choice, $.choices[0].usage: {quote(inside[-1], 60)}")
    if reports:
        return damaged("$.usage", expected, f"{quote(reports[-1], 80)} in {number_of(len(reports), 'chunk')}")
    if not reply.ends_with_done and not any(view.first_choice(chunk).get("finish_reason") for chunk in reply.chunks):
        return undecided("the stream broke off before the place where its usage stands")
    return ignored("$.usage", expected, "no chunk with a usage")


@clause(
    "stream.usage_counts",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says="If a chunk of a stream has usage, its three counts are integers.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.content_non_empty",),
    why="async-openai stops at a null count in the middle of the answer, as in a plain reply.",
    holds_on=(_stream(_GOOD), _stream(_FIRST + _TEXT + _LAST + _USAGE + _DONE)),
    breaks_on=(
        _stream(_GOOD.replace(b"]}", b'],"usage":{"prompt_tokens":1,"completion_tokens":null,"total_tokens":2}}')),
    ),
)
def usage_counts(reply: Reply, context: Context) -> Outcome:
    for number, chunk in enumerate(reply.chunks):
        report = chunk.get("usage")
        for name in _COUNTS if isinstance(report, dict) else ():
            if count(members(report).get(name)) is None:
                return broken(f"event {number}, $.usage.{name}", "an integer", quote(members(report).get(name)))
    return holds()


@clause(
    "stream.incremental",
    layer=TRANSPORT,
    code="stream.buffered",
    level=SHOULD,
    area=_AREA,
    says="The events arrive while they are generated, not all at once at the end.",
    source=OPENAI_SPEC,
    probe="stream.usage",
    why="Users see an empty screen until the answer is complete; a proxy that buffers causes this.",
    holds_on=(),
    breaks_on=(),
)
def incremental(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "", ("stream_options", "include_usage", "stream"))
    if refused is not None and refused.state == UNSUPPORTED:
        return not_applicable("the longer stream was refused")
    if not 200 <= reply.status < 300 or reply.kind != "sse":
        return undecided(f"no stream to check: HTTP {reply.status}, {reply.kind} body")
    reply.need(ARRIVALS)
    arrivals = reply.response.arrivals if reply.response else ()
    events = len(reply.events[0])
    if events < _EVENTS or not arrivals:
        return not_applicable(f"a stream of {events} events is too short to tell")
    first, last = arrivals[0].at_ms, arrivals[-1].at_ms
    shown = f"{events} events in {len(arrivals)} pieces, the first after {first:.0f} ms, the last after {last:.0f} ms"
    # A slow start is the model's. But a model that needs so long does not write everything in a hundredth of it, and
    # what is passed on as it is made does not come in a handful of pieces.
    at_once = last - first <= max(last / 100, 2.0) and len(arrivals) <= events / 5
    if last < (_BUFFERED_MS if at_once else _QUICK_MS):
        return not_applicable(f"too fast to tell: {shown}")
    if at_once:
        return broken("arrival of the body", "events spread over the time of the answer", shown)
    return holds(shown)
