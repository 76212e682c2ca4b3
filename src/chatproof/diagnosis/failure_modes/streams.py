"""Rows for streams of every API: one that came unasked, one that did not come."""

from chatproof.contract.failure_mode import CERTAIN, PROVIDER, Case, Mode, Sign, when
from chatproof.evidence.provider_error import error_words, find_error
from chatproof.evidence.reply import or_default
from chatproof.printable import quote


def _unexpected(case: Case) -> Sign | None:
    if case.asks_for_stream or not case.reply.complete or case.reply.kind != "sse":
        return None
    sent = "stream: false was sent" if _says_no_stream(case) else "the request does not ask for a stream"
    said = f"{sent}; the body begins {quote(case.reply.body[:40].decode('latin-1'))}"
    errors = [error_words(error) for chunk in case.reply.chunks if chunk.get("error") and (error := find_error(chunk))]
    return Sign((said, *errors[:1]))


def _says_no_stream(case: Case) -> bool:
    """The request has the field. Of one that is not in a capture, what our own of this API has stands for it."""
    if or_default(lambda: case.reply.exchange.request.body, b""):
        return b'"stream": false' in case.reply.exchange.request.body
    body = case.row.body("") if case.row.body is not None else None
    return isinstance(body, dict) and body.get("stream") is False


def _not_streamed(case: Case) -> Sign | None:
    return when(case.plain_stream and case.reply.kind == "json" and case.reply.error is None)


MODES = (
    Mode(
        "stream.unexpected",
        PROVIDER,
        "the endpoint streams although the request does not ask for a stream",
        "Report it; SDKs return a string or fail to parse. Check that no proxy turns streaming on.",
        CERTAIN,
        _unexpected,
    ),
    Mode(
        "stream.not_streamed",
        PROVIDER,
        "stream: true is ignored: one JSON document arrived",
        "Do not rely on streaming here; check that no proxy turns it off.",
        CERTAIN,
        _not_streamed,
    ),
)
