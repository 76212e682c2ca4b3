"""Rows for streams of chunks: one that broke, one without an answer."""

from collections.abc import Callable

from chatproof.contract.common_modes import (
    filtered,
    refused,
    stream_error,
    stream_malformed,
    unreadable_event,
    with_last_words,
)
from chatproof.contract.failure_mode import (
    ANY_HOP,
    CERTAIN,
    IN_REASONING,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    WHICH_HOP,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.evidence.json_values import members
from chatproof.evidence.parsed_bodies import is_done
from chatproof.evidence.reply import or_default
from chatproof.printable import quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.view import reasoning_of, text_of
from chatproof.wire.exchange import STATUS
from chatproof.wire.strictjson import Json


def _error(case: Case) -> Sign | None:
    named = (
        []
        if not or_default(lambda: case.plain_stream, case.broken("stream.events_parse"))
        else [event for event in case.reply.events[0] if event.name == "error"]
    )
    if not case.broken("stream.no_error") and named and case.broken("stream.events_parse"):
        return Sign((f"an event named error says {quote(named[0].data.decode('utf-8', 'replace'), 200)}",))
    if not case.broken("stream.no_error"):
        return None
    summary = "the stream contains an error" if case.reply.lacks(STATUS) else ""
    return Sign(case.observed("stream.no_error"), summary)


_EMPTY_DATA = "an event has empty data: browsers skip it, and the official SDKs stop at it"
_TO_COMMENTS = (
    "openai-python and openai-node raise a JSON error there. Whoever runs the server or gateway can keep the connection "
    "alive with comments (a line that begins with a colon) in its place."
)


def _malformed(case: Case) -> Sign | None:
    if case.broken("stream.events_parse"):
        seen = case.observed("stream.events_parse")
        if or_default(lambda: case.is_bare, False):
            said = "the streaming request does not get a stream"
            return Sign((*seen, ANY_HOP), said, owner=UNKNOWN, next_step=WHICH_HOP, confidence=POSSIBLE)
        data = [event.data for event in case.reply.events[0] if not is_done(event.data)]
        bad = [at for at, (_, problem) in enumerate(case.reply.parsed_events) if problem is not None]
        if bad and not data[bad[0]].strip():
            return Sign(seen, _EMPTY_DATA, next_step=_TO_COMMENTS, confidence=LIKELY)
        return unreadable_event(case, "stream.events_parse")
    after = case.broken("stream.finished") and case.reply.done_seen and not case.reply.ends_with_done
    return when(after, *case.observed("stream.finished"))


def _starved(case: Case) -> Sign | None:
    if not case.broken("stream.content_non_empty"):
        return None
    thought = any(reasoning_of(delta) for delta in view.deltas(case.reply))
    return when(thought and "stop" not in _reasons(case), "the deltas have reasoning text but no content")


def _reasons(case: Case) -> list[object]:
    return [reason for chunk in case.reply.chunks if (reason := view.first_choice(chunk).get("finish_reason"))]


def _in_reasoning(case: Case) -> Sign | None:
    """The model said stop, and all its text stands in the reasoning field."""
    if not case.broken("stream.content_non_empty") or "stop" not in _reasons(case):
        return None
    text = "".join(reasoning_of(delta) for delta in view.deltas(case.reply))
    return when(bool(text), f"the deltas have reasoning text but no content: {quote(text, 60)}")


def _filtered(case: Case) -> Sign | None:
    filtered = "content_filter" in _reasons(case)
    return when(case.broken("stream.content_non_empty") and filtered, "finish_reason is content_filter")


def _refused(case: Case) -> Sign | None:
    if not case.broken("stream.content_non_empty"):
        return None
    said = "".join(text for delta in view.deltas(case.reply) if isinstance(text := delta.get("refusal"), str))
    return when(bool(said.strip()), f"refusal: {quote(said)}")


def _wrong_type(case: Case) -> Sign | None:
    if not case.broken("stream.content_non_empty"):
        return None
    found = next((d["content"] for d in view.deltas(case.reply) if not isinstance(d.get("content"), str | None)), None)
    return when(found is not None, f"a delta's content is {quote(found)}")


_PLACES: tuple[tuple[str, Callable[[dict[str, Json]], Json]], ...] = (
    ("choices[0].message.content", lambda chunk: members(view.first_choice(chunk).get("message")).get("content")),
    ("choices[0].text", lambda chunk: view.first_choice(chunk).get("text")),
    ("message.content", lambda chunk: members(chunk.get("message")).get("content")),
)
"""Where servers put a text that belongs into choices[0].delta.content: that of a completion, of the older API, Ollama's."""


def _elsewhere(case: Case) -> Sign | None:
    """All the text of the stream stands in another member than the delta."""
    if not case.broken("stream.content_non_empty"):
        return None
    for place, read in _PLACES:
        text = "".join(text_of(read(chunk)) for chunk in case.reply.chunks)
        if text.strip():
            return Sign((f"{place} holds {quote(text, 60)}; no delta has text",))
    return None


def _empty(case: Case) -> Sign | None:
    """No text in a stream that came to its end. One without any end was cut, and its text with it."""
    ends = case.reply.done_seen or any(view.first_choice(chunk).get("finish_reason") for chunk in case.reply.chunks)
    return when(ends and case.broken("stream.content_non_empty"))


def _incomplete(case: Case) -> Sign | None:
    if not case.broken("stream.finished"):
        return None
    seen = case.observed("stream.finished")
    if _reasons(case) and not case.reply.done_seen:
        return Sign(
            seen,
            summary="the stream has a finish_reason but no last line, data: [DONE]",
            next_step="The answer is complete. Clients that wait for [DONE] hang or report an error: report it.",
        )
    return Sign(seen)


def _too_large(case: Case) -> Sign | None:
    limit = case.reply.stream_limit if case.plain_stream and case.undecided("stream.events_parse") else ""
    return when(bool(limit), limit)


MODES = (
    Mode(
        "limit.size",
        PROVIDER,
        "the stream is larger than any chat reply",
        "Look at what the server sends; nothing beyond the limit was read.",
        CERTAIN,
        _too_large,
    ),
    stream_error(_error),
    stream_malformed(_malformed),
    filtered(_filtered),
    refused(_refused),
    Mode(
        "contract.content",
        PROVIDER,
        "the answer is in the reasoning field of the deltas, and content is empty",
        IN_REASONING,
        LIKELY,
        _in_reasoning,
    ),
    Mode(
        "content.reasoning_budget",
        UNKNOWN,
        "all tokens were spent on reasoning, and none was left for the answer",
        "Raise the token limit or lower the reasoning effort for this model.",
        LIKELY,
        _starved,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the deltas' content has a type that clients do not expect",
        "If the provider documents this type of content, use the provider's profile (--profile); otherwise report it: clients that join deltas fail on it.",
        CERTAIN,
        _wrong_type,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the text of the stream stands where clients do not read it",
        "Clients join choices[0].delta.content and show nothing here: ask without stream until it is fixed. A server that sends completions as chunks, or a gateway that converts streams, is the usual cause. Report it.",
        CERTAIN,
        _elsewhere,
    ),
    Mode(
        "content.empty",
        PROVIDER,
        "the stream has no text",
        "Run again with another model; if only this one is empty, report it.",
        LIKELY,
        _empty,
    ),
    Mode(
        "stream.incomplete",
        PROVIDER,
        "the stream ends without an end mark",
        "Treat such an answer as incomplete. Look for a proxy that buffers or cuts; report it.",
        LIKELY,
        with_last_words(_incomplete),
    ),
)
