"""The streaming probe: sent only after the non-streaming path holds."""

from chatproof.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SSE_SPEC,
    TRANSPORT,
    Context,
    Example,
    Outcome,
    broken,
    clause,
    holds,
    undecided,
)
from chatproof.clauses.happy import GOOD
from chatproof.printable import quote, snippet
from chatproof.provider_error import carried_error, find_error
from chatproof.reply import Reply, first_choice, is_blank, is_done, text_of

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
    says="Each event's data is a JSON object, or the terminator.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.media_type",),
    why="A client's JSON parser throws in the middle of an answer.",
    holds_on=(
        STREAMED,
        Example(200, SSE, b": PING\r\rdata:" + _chunk(b'{"content":"pong"}', b'"stop"')[6:] + _DONE),
    ),
    breaks_on=(
        Example(200, SSE, b"data: {oops\n\n" + _DONE),
        Example(200, SSE, b"data: 7\n\n" + _DONE),
        Example(200, SSE, b": nothing but a comment\n\n"),
    ),
)
def events_parse(reply: Reply, context: Context) -> Outcome:
    if reply.stream_limit:
        return undecided(f"our own limit was reached: {reply.stream_limit}")
    for number, (value, problem) in enumerate(reply.parsed_events):
        if problem is not None:
            return broken(
                f"event {number}",
                "strict JSON",
                f"{problem.reason} at byte {problem.offset}, {problem.detail}",
            )
        if not isinstance(value, dict):
            return broken(f"event {number}", "an object", quote(value))
    events = reply.events[0]
    if not events:
        return broken("stream", "at least one event", f"none in {len(reply.body)} bytes: {snippet(reply.body, 60)}")
    return holds(f"{len(events)} events")


@clause(
    "stream.no_error",
    layer=BEHAVIOUR,
    area="Streaming",
    capability="stream",
    says="No event carries an error.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="The answer is cut off under a status 200, and only clients that look for it notice.",
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, _chunk(b'{"content":"po"}') + _ERROR),
        Example(200, SSE, b'event: error\ndata: {"message":"overloaded"}\n\n' + _DONE),
        Example(
            200, SSE, _chunk(b'{"content":"po"}') + b'data: {"object":"error","message":"died","code":500}\n\n' + _DONE
        ),
        Example(200, SSE, STREAMED.body.replace(b'"index":0', b'"index":0,"error":{"message":"died"}')),
    ),
)
def no_error(reply: Reply, context: Context) -> Outcome:
    names = [event.name for event in reply.events[0] if not is_done(event.data)]
    for number, chunk in enumerate(reply.chunks):  # one of each event, for they all parse
        at, error = carried_error(chunk)
        whole = "error" in (names[number], chunk.get("object"), chunk.get("type"))  # vLLM's, and an event of that name
        if error or whole:
            found = find_error(chunk, failing=True)
            said = f"code {quote(found.code)}, message {quote(found.message)}" if found else quote(error)
            return broken(f"event {number}, {at or '$'}", "no error, or null", said)
    return holds()


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
    ),
)
def content_non_empty(reply: Reply, context: Context) -> Outcome:
    joined = "".join(text_of(delta.get("content")) for delta in reply.deltas)
    if not is_blank(joined):
        return holds(f"{len(joined)} characters in {len(reply.chunks)} chunks")
    return broken("$.choices[0].delta.content", "text over all events", f"none in {len(reply.chunks)} chunks")


@clause(
    "stream.finished",
    layer=SCHEMA,
    area="Streaming",
    capability="stream",
    says="The stream has a finish_reason and ends with `data: [DONE]`.",
    source=OPENAI_SPEC,
    probe="stream",
    needs=("stream.events_parse",),
    why="Without them a cut stream looks like a whole answer, or a client waits for more.",
    holds_on=(STREAMED,),
    breaks_on=(
        Example(200, SSE, _STREAM),
        Example(200, SSE, _chunk(b'{"content":"pong"}') + _DONE),
        Example(200, SSE, STREAMED.body + _chunk(b'{"content":"more"}')),
    ),
)
def finished(reply: Reply, context: Context) -> Outcome:
    reasons = [first_choice(chunk).get("finish_reason") for chunk in reply.chunks]
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
