"""Rows for streams of every API: one that came unasked, one that did not come."""

from chatproof.contract.failure_mode import CERTAIN, PROVIDER, Case, Mode, Sign, when
from chatproof.evidence.provider_error import error_words, find_error
from chatproof.printable import quote


def _unexpected(case: Case) -> Sign | None:
    if case.asks_for_stream or not case.reply.complete or case.reply.kind != "sse":
        return None
    said = f"stream: false was sent; the body begins {quote(case.reply.body[:40].decode('latin-1'))}"
    errors = [error_words(error) for chunk in case.reply.chunks if chunk.get("error") and (error := find_error(chunk))]
    return Sign((said, *errors[:1]))


def _not_streamed(case: Case) -> Sign | None:
    return when(case.plain_stream and case.reply.kind == "json" and case.reply.error is None)


MODES = (
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
)
