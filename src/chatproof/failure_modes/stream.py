"""Rows for streams: one that came unasked, one that did not come, one that broke."""

from chatproof.error_text import error_words
from chatproof.exchange import STATUS
from chatproof.failure_modes.mode import CERTAIN, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Sign, when
from chatproof.printable import quote
from chatproof.provider_error import find_error
from chatproof.reply import first_choice, reasoning_of


def _streamed(case: Case) -> bool:
    return case.reply.probe == "stream" and case.reply.complete and case.status == 200


def _unexpected(case: Case) -> Sign | None:
    if case.reply.probe == "stream" or not case.reply.complete or case.reply.kind != "sse":
        return None
    said = f"stream: false was sent; the body begins {quote(case.reply.body[:40].decode('latin-1'))}"
    errors = [error_words(error) for chunk in case.reply.chunks if chunk.get("error") and (error := find_error(chunk))]
    return Sign((said, *errors[:1]))


def _not_streamed(case: Case) -> Sign | None:
    return when(_streamed(case) and case.reply.kind == "json" and case.reply.error is None)


def _error(case: Case) -> Sign | None:
    if not case.broken("stream.no_error"):
        return None
    summary = "the stream carries an error" if case.reply.lacks(STATUS) else ""
    return Sign(_observed(case, "stream.no_error"), summary)


def _malformed(case: Case) -> Sign | None:
    if case.broken("stream.events_parse"):
        return Sign(_observed(case, "stream.events_parse"))
    after = case.broken("stream.finished") and case.reply.done_seen and not case.reply.ends_with_done
    return when(after, *_observed(case, "stream.finished"))


def _starved(case: Case) -> Sign | None:
    if not case.broken("stream.content_non_empty"):
        return None
    thought = any(reasoning_of(delta) for delta in case.reply.deltas)
    return when(thought, "the deltas carry reasoning text and no content")


def _empty(case: Case) -> Sign | None:
    """No text in a stream that came to its end. One without any end was cut, and its text with it."""
    ends = case.reply.done_seen or any(first_choice(chunk).get("finish_reason") for chunk in case.reply.chunks)
    return when(ends and case.broken("stream.content_non_empty"))


def _incomplete(case: Case) -> Sign | None:
    return when(case.broken("stream.finished"), *_observed(case, "stream.finished"))


def _observed(case: Case, clause: str) -> tuple[str, ...]:
    return tuple(f"{f.at}: {f.observed}" for f in case.findings if f.clause == clause)


def _too_large(case: Case) -> Sign | None:
    limit = case.reply.stream_limit if _streamed(case) and case.undecided("stream.events_parse") else ""
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
    Mode(
        "stream.unexpected",
        PROVIDER,
        "the endpoint streams although stream: false was sent",
        "Report it; SDKs return a string or fail to parse. Check that no proxy turns streaming on.",
        CERTAIN,
        _unexpected,
    ),
    Mode(
        "stream.not_streamed",
        PROVIDER,
        "stream: true is ignored: one JSON document came",
        "Do not rely on streaming here; check that no proxy turns it off.",
        CERTAIN,
        _not_streamed,
    ),
    Mode(
        "stream.error",
        PROVIDER,
        "the stream carries an error under HTTP 200",
        "Read the error in the evidence; clients must look for it, for the status does not tell.",
        CERTAIN,
        _error,
    ),
    Mode(
        "stream.malformed",
        PROVIDER,
        "the stream breaks the rules of its format",
        "Escalate with the evidence; clients stop in the middle of the answer.",
        CERTAIN,
        _malformed,
    ),
    Mode(
        "content.reasoning_budget",
        UNKNOWN,
        "the model thought and had no budget left to answer",
        "Raise the token limit or lower the reasoning effort for this model.",
        LIKELY,
        _starved,
    ),
    Mode(
        "content.empty",
        PROVIDER,
        "the stream carries no text",
        "Run again with another model; if only this one is empty, report it.",
        LIKELY,
        _empty,
    ),
    Mode(
        "stream.incomplete",
        PROVIDER,
        "the stream ends without saying that it is finished",
        "Treat such an answer as cut off. Look for a proxy that buffers or cuts; report it.",
        LIKELY,
        _incomplete,
    ),
)
