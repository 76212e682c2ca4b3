"""The streaming probe: sent only after the plain request holds. How events must look, and how a stream begins."""

import copy
from collections.abc import Callable

from chatproof.contract.clause import (
    BEHAVIOUR,
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
)
from chatproof.evidence.parsed_bodies import is_done
from chatproof.evidence.provider_error import find_error, told
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event, drop, event, put
from chatproof.surfaces.event_lines import named_events
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.happy import miscounted, shown
from chatproof.surfaces.messages.examples import (
    CALLED,
    COMETAPI,
    ERROR_EVENT,
    EVENTS,
    GOOD,
    PING_EVENT,
    STREAMED,
    THINKING_EVENTS,
    changed,
    on_stream,
    put_before,
    streamed,
    without,
)
from chatproof.surfaces.messages.view import kind_of, members
from chatproof.surfaces.shared_clauses import SSE, add_events

CLAUSES = Clauses(SMOKE)
clause = on_stream(CLAUSES)
_CALL_BLOCK = {"type": "tool_use", "id": "toolu_1", "name": "record_word", "input": {}}
_PINGED = put_before("content_block_delta", PING_EVENT)
_THINKING = streamed(THINKING_EVENTS)


def _first(change: Callable[[Event], object]) -> Example:
    """The good stream with another message_start before its own."""
    begun = copy.deepcopy(EVENTS[0])
    change(begun)
    return streamed([begun, *EVENTS])


def _nameless(*types: str) -> Example:
    """The good stream without the event lines of these types; of all, where none is named."""
    pieces = (event(one, "" if not types or one["type"] in types else None) for one in EVENTS)
    return Example(200, SSE, b"".join(pieces))


add_events(clause, "messages", GOOD, STREAMED, COMETAPI, b"event: message_start\n")


@clause(
    "typed",
    "Each event's data has a string `type`.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK recognize events by it.",
    needs=("messages.stream.events_parse",),
    holds_on=(STREAMED, _PINGED, streamed(EVENTS[:4], b'data: {"error":{"message":"upstream died"}}\n\n')),
    breaks_on=(
        changed("content_block_delta", drop("type")),
        changed("message_start", drop("type")),
        changed("message_stop", put(7, "type")),
        streamed([{key: value for key, value in one.items() if key != "type"} for one in EVENTS]),
    ),
)
def typed(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if not kind_of(one) and not one.get("error"):  # an error in another form has a clause of its own
            return broken(f"event {number}, $.type", "a string", shown(one, "type"))
    return holds()


@clause(
    "first_byte",
    "The stream begins without a byte order mark.",
    "It is legal, and anthropic-python does not find message_start behind it: stream() raises an error.",
    layer=TRANSPORT,
    level=SHOULD,
    source=SSE_SPEC,
    needs=("messages.stream.events_parse",),
    holds_on=(STREAMED,),
    breaks_on=(Example(200, SSE, b"\xef\xbb\xbf" + STREAMED.body),),
)
def first_byte(reply: Reply, context: Context) -> Outcome:
    if reply.body.startswith(b"\xef\xbb\xbf"):
        return broken("byte 0", "the first line", "a byte order mark")
    return holds()


@clause(
    "no_error",
    "No event is an error.",
    "The answer ends early under status 200; without an event line anthropic-python treats half of it as complete.",
    layer=BEHAVIOUR,
    code="",
    needs=("messages.stream.events_parse",),
    holds_on=(STREAMED, changed("message_delta", put({"message": "died"}, "error"))),
    breaks_on=(
        put_before("content_block_stop", ERROR_EVENT),
        streamed(EVENTS[:4], event(ERROR_EVENT, "")),
        streamed(EVENTS[:4], event({"type": "error", "message": "died"}, "")),
        streamed(EVENTS[:4], b'event: error\ndata: {"message":"overloaded"}\n\n'),
        streamed(EVENTS[:4], b'data: {"error":{"message":"upstream died","code":502}}\n\n'),
    ),
)
def no_error(reply: Reply, context: Context) -> Outcome:
    for number, (line, one) in enumerate(named_events(reply)):
        inner = one.get("error") if kind_of(one) in ("", view.ERROR) else None
        if inner or view.ERROR in (kind_of(one), line):
            said = told(find_error(one, failing=True), "type", one)
            how = "" if line == view.ERROR else ", and no event line marks it as an error"
            return broken(f"event {number}, {'$.error' if inner else '$'}", "no error", f"{said}{how}")
    return holds()


@clause(
    "no_error_beside",
    "No event contains an error in addition to its own data (null is allowed).",
    "No client checks it there: only a reader of the log learns that the answer may be incomplete.",
    layer=BEHAVIOUR,
    level=SHOULD,
    code="stream.error",
    needs=("messages.stream.no_error",),
    holds_on=(STREAMED, changed("message_delta", put(None, "error"))),
    breaks_on=(changed("message_delta", put({"type": "api_error", "message": "died"}, "error")),),
)
def no_error_beside(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        if one.get("error"):
            return broken(f"event {number}, $.error", "no error, or null", quote(one["error"]))
    return holds()


@clause(
    "event_lines",
    "Each event except ping has an event line, and that line does not say ping; `[DONE]` has none.",
    "anthropic-python and @anthropic-ai/sdk drop every event without one: an empty answer, or half of one. They "
    "read as JSON what has one, and raise at `[DONE]`.",
    needs=("messages.stream.typed", "messages.stream.no_error"),
    check=2,
    holds_on=(
        STREAMED,
        Example(200, SSE, event(PING_EVENT, "") + STREAMED.body),
        Example(200, SSE, STREAMED.body.replace(b"event: message_delta", b"event: message_end")),
        Example(200, SSE, b"".join(event(one, "message") for one in EVENTS)),
        streamed(end=b"data: [DONE]\n\n"),
    ),
    breaks_on=(
        _nameless(),
        _nameless("message_start"),
        _nameless("content_block_delta"),
        _nameless("message_stop"),
        Example(200, SSE, STREAMED.body.replace(b"event: content_block_delta", b"event: ping")),
        streamed(end=b"event: done\ndata: [DONE]\n\n"),
    ),
)
def event_lines(reply: Reply, context: Context) -> Outcome:
    for number, (line, one) in enumerate(named_events(reply)):
        kind = kind_of(one)
        if kind != view.PING and line in ("", view.PING):
            return broken(f"event {number}", f"the event line {kind[:60]}", quote(line, 60) if line else "none")
    for sent in reply.events[0]:
        if is_done(sent.data) and sent.is_named and sent.name != view.PING:
            return broken(
                "end of stream", "`[DONE]` without an event line, or nothing", f"event line {quote(sent.name, 60)}"
            )
    return holds()


@clause(
    "event_names",
    "The event line of each event is the same as its type.",
    "Readers that choose by the event line (EventSource, older versions of the SDKs) treat it as another event.",
    level=SHOULD,
    needs=("messages.stream.event_lines",),
    holds_on=(STREAMED, Example(200, SSE, event(PING_EVENT, "") + STREAMED.body)),
    breaks_on=(
        Example(200, SSE, STREAMED.body.replace(b"event: message_delta", b"event: message_stop")),
        Example(200, SSE, b"".join(event(one, "message") for one in EVENTS)),
    ),
)
def event_names(reply: Reply, context: Context) -> Outcome:
    for number, (line, one) in enumerate(named_events(reply)):
        kind = kind_of(one)
        if kind not in (view.PING, line):
            return broken(f"event {number}", f"the event line {kind[:60]}", quote(line, 60))
    return holds()


@clause(
    "start",
    "The first event is message_start (ping is allowed before it), and contains the message.",
    "anthropic-python and @anthropic-ai/sdk raise or show nothing if another event is first.",
    needs=("messages.stream.typed", "messages.stream.no_error"),
    holds_on=(STREAMED, CALLED, _THINKING, put_before("message_start", PING_EVENT)),
    breaks_on=(
        without("message_start"),
        changed("message_start", drop("message")),
        changed("message_start", put(None, "message")),
        changed("message_start", lambda one: one.update(one.pop("message"), type="message_start")),
        streamed([EVENTS[1], EVENTS[0], *EVENTS[2:]]),
        streamed([PING_EVENT]),
    ),
)
def start(reply: Reply, context: Context) -> Outcome:
    for number, one in enumerate(view.events(reply)):
        kind = kind_of(one)
        if kind == view.PING:
            continue
        if kind != view.START:
            return broken(f"event {number}, $.type", "message_start first", quote(kind))
        if not isinstance(one.get("message"), dict):
            return broken(f"event {number}, $.message", "the message, an object", shown(one, "message"))
        return holds()
    return broken("stream", "message_start first", "no event of a message")


@clause(
    "start_content",
    "The message in message_start has `content`, an empty array.",
    "anthropic-python and @anthropic-ai/sdk add blocks to it: AttributeError and TypeError if it is not an array.",
    holds_on=(
        changed("message_start", put([_CALL_BLOCK], "message", "content")),
        STREAMED,
    ),
    breaks_on=(
        changed("message_start", put([_CALL_BLOCK, {"type": "text", "text": ""}], "message", "content")),
        _first(put(None, "message", "content")),
        changed("message_start", drop("message", "content")),
        changed("message_start", put(None, "message", "content")),
        changed("message_start", put("", "message", "content")),
        changed("message_start", put([{"type": "text", "text": ""}], "message", "content")),
    ),
)
def start_content(reply: Reply, context: Context) -> Outcome:
    message, (number, _) = view.started(reply), view.of_kind(reply, view.START)[0]
    if _is_deferred(message):
        return holds()
    return broken(f"event {number}, $.message.content", "an empty array", shown(message, "content"))


def _is_deferred(message: view.Fields) -> bool:
    """Calls that another call waits for stand there from the beginning."""
    blocks = message.get("content")
    return isinstance(blocks, list) and all(members(block).get("type") == view.CALL for block in blocks)


@clause(
    "start_usage",
    "The message in message_start has usage with input_tokens as a number; its cache counts are numbers or null.",
    "anthropic-python and @anthropic-ai/sdk write the final counts into it and raise; the AI SDK refuses the event.",
    source=COMETAPI,
    code="contract.usage",
    check=2,
    holds_on=(
        STREAMED,
        changed("message_start", put({"input_tokens": 0}, "message", "usage")),
        changed("message_start", put("1", "message", "usage", "output_tokens")),
    ),
    breaks_on=(
        _first(put(None, "message", "usage")),
        changed("message_start", drop("message", "usage")),
        changed("message_start", put(None, "message", "usage")),
        changed("message_start", put({"prompt_tokens": 14}, "message", "usage")),
        changed("message_start", put("14", "message", "usage", "input_tokens")),
        changed("message_start", put("0", "message", "usage", "cache_read_input_tokens")),
    ),
)
def start_usage(reply: Reply, context: Context) -> Outcome:
    message, (number, _) = view.started(reply), view.of_kind(reply, view.START)[0]
    usage, at = message.get("usage"), f"event {number}, $.message.usage"
    if not isinstance(usage, dict):
        return broken(at, "an object", shown(message, "usage"))
    read = {
        name: value for name, value in usage.items() if name != "output_tokens"
    }  # the end of the stream counts them
    return miscounted(read, at, "input_tokens") or holds()


@clause(
    "input_counted",
    "The tokens of the request are counted: input_tokens is above 0 in message_start, or at the end of the stream.",
    "anthropic-python and the AI SDK report 0, and Claude Code shows that the request cost nothing.",
    level=SHOULD,
    source=COMETAPI,
    code="contract.usage",
    needs=("messages.stream.start_usage",),
    holds_on=(
        STREAMED,
        changed(
            "message_start",
            put({"input_tokens": 0, "cache_read_input_tokens": 14, "output_tokens": 1}, "message", "usage"),
        ),
        streamed(
            [
                {**EVENTS[0], "message": {**EVENTS[0]["message"], "usage": {"input_tokens": 0, "output_tokens": 0}}},
                *EVENTS[1:5],
                {**EVENTS[5], "usage": {"input_tokens": 14, "output_tokens": 4}},
                EVENTS[6],
            ]
        ),
    ),
    breaks_on=(changed("message_start", put({"input_tokens": 0, "output_tokens": 0}, "message", "usage")),),
)
def input_counted(reply: Reply, context: Context) -> Outcome:
    if view.usage(reply).get("prompt"):
        return holds()
    usage, (number, _) = view.started(reply).get("usage"), view.of_kind(reply, view.START)[0]
    return broken(f"event {number}, $.message.usage.input_tokens", "more than 0", quote(usage))


@clause(
    "start_envelope",
    "The message in message_start has an id, a role and the name of a model, and its `type` is `message`.",
    "Typed clients need them, and @anthropic-ai/sdk returns this message at the end.",
    level=SHOULD,
    code="contract.schema",
    holds_on=(STREAMED,),
    breaks_on=(
        changed("message_start", drop("message", "id")),
        changed("message_start", put(7, "message", "id")),
        changed("message_start", drop("message", "role")),
        changed("message_start", drop("message", "model")),
        changed("message_start", drop("message", "type")),
    ),
)
def start_envelope(reply: Reply, context: Context) -> Outcome:
    message, (number, _) = view.started(reply), view.of_kind(reply, view.START)[0]
    for name in ("id", "model"):
        if not isinstance(message.get(name), str):
            return broken(f"event {number}, $.message.{name}", "a string", shown(message, name))
    for name, wanted in (("role", "assistant"), ("type", view.MESSAGE)):
        if message.get(name) != wanted:
            return broken(f"event {number}, $.message.{name}", wanted, shown(message, name))
    return holds()
