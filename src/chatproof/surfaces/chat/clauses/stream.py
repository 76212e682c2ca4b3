"""The streaming probe: sent only after the non-streaming path holds."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    SMOKE,
    SSE_SPEC,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    undecided,
)
from chatproof.evidence.parsed_bodies import is_done
from chatproof.evidence.provider_error import carried_error, error_within, error_words, find_error, told
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote, snippet
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.view import is_blank, text_of
from chatproof.wire.exchange import ASKED

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

SSE = "text/event-stream"


def _chunk(delta: bytes, finish: bytes = b"null") -> bytes:
    return b'data: {"choices":[{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}]}\n\n"


_DONE = b"data: [DONE]\n\n"
_STREAM = _chunk(b'{"role":"assistant","content":""}') + _chunk(b'{"content":"pong"}') + _chunk(b"{}", b'"stop"')
STREAMED = Example(200, SSE, _STREAM + _DONE)
_ERROR = b'data: {"error":{"message":"upstream died","code":502}}\n\n'


@clause(
    "stream.media_type",
    layer=TRANSPORT,
    area="Streaming",
    capability="stream",
    says="A streaming request is answered with status 200 and text/event-stream.",
    source=SSE_SPEC,
    probe="stream",
    why="Clients choose their parser by the media type.",
    holds_on=(STREAMED, Example(200, "text/event-stream; charset=utf-8", STREAMED.body)),
    breaks_on=(GOOD, Example(200, "text/plain", STREAMED.body), Example(500, SSE, STREAMED.body)),
)
def media_type(reply: Reply, context: Context) -> Outcome:
    if reply.status != 200:
        return broken("status", "HTTP status 200", f"HTTP status {reply.status}")
    if reply.media_types == [SSE]:
        return holds(reply.media_type)
    declared = ", ".join(quote(media, 80) for media in reply.media_types) or "no Content-Type header"
    return broken("header Content-Type", SSE, f"{declared}, {reply.kind} body")


@clause(
    "stream.events_parse",
    layer=SCHEMA,
    area="Streaming",
    capability="stream",
    says="Each event's data is a JSON object, or the terminator, and stands behind `data:`.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.media_type",),
    why="A client's JSON parser throws in the middle of an answer.",
    holds_on=(
        STREAMED,
        Example(200, SSE, b": PING\r\rdata:" + _chunk(b'{"content":"pong"}', b'"stop"')[6:] + _DONE),
        Example(200, SSE, _STREAM + b'{"type":"keepalive","cost":"0"}\n\n' + _DONE),
    ),
    breaks_on=(
        Example(200, SSE, b"data: {oops\n\n" + _DONE),
        Example(200, SSE, b"data: 7\n\n" + _DONE),
        Example(200, SSE, b": nothing but a comment\n\n"),
        Example(200, SSE, _chunk(b'{"content":"po"}') + _chunk(b'{"content":"ng"}', b'"stop"')[6:] + _DONE),
    ),
)
def events_parse(reply: Reply, context: Context) -> Outcome:
    if reply.stream_limit:
        return undecided(f"our own limit was reached: {reply.stream_limit}")
    data = [event.data for event in reply.events[0] if not is_done(event.data)]
    for number, (value, problem) in enumerate(reply.parsed_events):
        if problem is not None:
            said = f"{problem.reason} at byte {problem.offset}, {problem.detail}: {snippet(data[number], 100)}"
            inner = error_within(data[number])
            words = f"; within it {error_words(inner)}" if inner is not None else ""
            return broken(f"event {number}", "strict JSON", f"{said}{words}")
        if not isinstance(value, dict):
            return broken(f"event {number}", "an object", quote(value))
    events = reply.events[0]
    if not events:
        return broken("stream", "at least one event", f"none in {len(reply.body)} bytes: {snippet(reply.body, 60)}")
    for at, line, value in reply.unmarked_events:
        matcher = context.surface.matcher()  # any other document is no event that a client misses
        if matcher.holds_answer(value) or matcher.what(value) is not None:
            said = f"an event without it, which clients pass over: {snippet(line, 100)}"
            return broken(f"line at byte {at}", "`data:` before each event", said)
    return holds(number_of(len(events), "event"))


@clause(
    "stream.no_error",
    layer=BEHAVIOUR,
    area="Streaming",
    capability="stream",
    says="No event contains an error.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="The answer ends early under status 200, and only clients that check for an error notice.",
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, _chunk(b'{"content":"po"}') + _ERROR),
        Example(200, SSE, b'event: error\ndata: {"message":"overloaded"}\n\n' + _DONE),
        Example(
            200, SSE, _chunk(b'{"content":"po"}') + b'data: {"object":"error","message":"died","code":500}\n\n' + _DONE
        ),
        Example(200, SSE, STREAMED.body.replace(b'"index":0', b'"index":0,"error":{"message":"died"}')),
        Example(200, SSE, _chunk(b'{"content":"po"}') + _chunk(b"{}", b'"error"') + _DONE),
        Example(200, SSE, _chunk(b'{"content":"po"}') + _chunk(b"{}", b'"network_error"') + _DONE),
    ),
)
def no_error(reply: Reply, context: Context) -> Outcome:
    names = [event.name for event in reply.events[0] if not is_done(event.data)]
    for number, chunk in enumerate(reply.chunks):  # one of each event, for they all parse
        at, error = carried_error(chunk)
        reason = view.first_choice(chunk).get("finish_reason")
        if view.has_failed(reason) and not error:
            return broken(f"event {number}, $.choices[0].finish_reason", "no error", quote(reason))
        whole = "error" in (names[number], chunk.get("object"), chunk.get("type"))  # vLLM's, and an event of that name
        if error or whole:
            found = find_error(chunk, failing=True)
            said = told(found, "code", error)
            return broken(f"event {number}, {at or '$'}", "no error, or null", said)
    return holds()


@clause(
    "stream.no_empty_events",
    layer=SCHEMA,
    level=SHOULD,
    code="stream.malformed",
    area="Streaming",
    capability="stream",
    says="No event arrives without data: a block with only `retry:`, `event:` or `id:`.",
    source=SSE_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="It is legal and browsers skip it, but openai-python raises JSONDecodeError there, openai-node after `event:`.",
    holds_on=(STREAMED, Example(200, SSE, b": PING\n\n" + STREAMED.body)),
    breaks_on=(
        Example(200, SSE, b"retry: 3000\n\n" + STREAMED.body),
        Example(200, SSE, b"event: keepalive\n\n" + STREAMED.body),
        Example(200, SSE, b"id: 7\n" + _STREAM + b": ping\n\n" + _DONE),
    ),
)
def no_empty_events(reply: Reply, context: Context) -> Outcome:
    empty = reply.empty_events
    if not empty:
        return holds()
    said = f"{number_of(len(empty), 'block')} without data, the first at byte {empty[0]}: openai-python stops there"
    return broken("stream", "data in each event", said)


@clause(
    "stream.closes",
    layer=TRANSPORT,
    level=SHOULD,
    code="stream.left_open",
    area="Streaming",
    capability="stream",
    says="The HTTP message ends soon after `data: [DONE]`.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why=(
        "The AI SDK waits for the end of the message until its own timeout, and reports an error where the connection "
        "ends without it; the official OpenAI SDKs stop at [DONE]."
    ),
    holds_on=(),
    breaks_on=(),
)
def closes(reply: Reply, context: Context) -> Outcome:
    if not reply.left_open:
        return holds()
    return broken("end of stream", "the end of the message", "[DONE], and then no end of the message")


@clause(
    "stream.content_non_empty",
    layer=BEHAVIOUR,
    area="Streaming",
    capability="stream",
    says="The deltas join to a non-empty text.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="The user sees an empty answer.",
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, _chunk(b'{"role":"assistant"}') + _chunk(b"{}", b'"stop"') + _DONE),
        Example(200, SSE, _chunk(b'{"content":""}', b'"stop"') + _DONE),
        Example(200, SSE, _chunk(b'{"content":[{"type":"text","text":"pong"}]}', b'"stop"') + _DONE),
    ),
)
def content_non_empty(reply: Reply, context: Context) -> Outcome:
    parts = next((d["content"] for d in view.deltas(reply) if not isinstance(d.get("content"), str | None)), None)
    if parts is not None and not (isinstance(parts, list) and context.profile.fact("content_parts")):
        return broken("$.choices[0].delta.content", "a string", quote(parts))
    joined = "".join(text_of(delta.get("content")) for delta in view.deltas(reply))
    if not is_blank(joined):
        return holds(f"{number_of(len(joined), 'character')} in {number_of(len(reply.chunks), 'chunk')}")
    if any(view.answers_otherwise(delta) for delta in view.deltas(reply)):
        reply.need(ASKED)  # with tools a call is a whole answer
    return broken(
        "$.choices[0].delta.content", "text in the events together", f"none in {number_of(len(reply.chunks), 'chunk')}"
    )


@clause(
    "stream.finished",
    layer=SCHEMA,
    area="Streaming",
    capability="stream",
    says="The stream has a finish_reason and ends with `data: [DONE]`.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="Without them an incomplete stream looks complete, or a client waits for more.",
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, _STREAM),
        Example(200, SSE, _chunk(b'{"content":"pong"}') + _DONE),
        Example(200, SSE, STREAMED.body + _chunk(b'{"content":"more"}')),
    ),
)
def finished(reply: Reply, context: Context) -> Outcome:
    reasons = [view.first_choice(chunk).get("finish_reason") for chunk in reply.chunks]
    missing = []
    if not any(reasons):
        missing.append("no finish_reason")
    if not reply.done_seen:
        missing.append("no [DONE]")
    elif not reply.ends_with_done:
        missing.append("events after [DONE]")
    if missing:
        return broken("end of stream", "a finish_reason, then [DONE], then nothing", ", ".join(missing))
    return holds(quote(next(reason for reason in reasons if reason)))
