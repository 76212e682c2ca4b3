"""Rows for streams of events that broke."""

from chatproof.contract.common_modes import stream_error, stream_malformed
from chatproof.contract.failure_mode import CERTAIN, PROVIDER, Case, Mode, Sign, when
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.wire.exchange import STATUS

_ERROR, _PARSE, _DELTAS = "messages.stream.no_error", "messages.stream.events_parse", "messages.stream.deltas"


def _error(case: Case) -> Sign | None:
    if not case.broken(_ERROR):
        return None
    summary = "the stream contains an error" if case.reply.lacks(STATUS) else ""
    return Sign(case.observed(_ERROR), summary)


def _malformed(case: Case) -> Sign | None:
    return Sign(case.observed(_PARSE)) if case.broken(_PARSE) else None


def _not_text(case: Case) -> Sign | None:
    """Deltas came, and what they carry is no text."""
    odd = [view.members(one.get("delta")) for _, one in view.of_kind(case.reply, view.DELTA)]
    wrong = next((d for d in odd if not isinstance(d.get("type"), str)), None)
    texts = [d.get("text") for d in odd if d.get("type") == view.TEXT_DELTA]
    if not case.broken(_DELTAS) or (wrong is None and all(isinstance(text, str) for text in texts)):
        return None
    return Sign((*case.observed(_DELTAS), f"the first is {quote(odd[0])}"))


def _too_large(case: Case) -> Sign | None:
    limit = case.reply.stream_limit if case.plain_stream and case.undecided(_PARSE) else ""
    return when(bool(limit), limit)


MODES = (
    Mode(
        "limit.size",
        PROVIDER,
        "the stream is larger than any answer to this request",
        "Look at what the server sends; nothing beyond the limit was read.",
        CERTAIN,
        _too_large,
    ),
    stream_error(_error),
    stream_malformed(_malformed),
    Mode(
        "stream.malformed",
        PROVIDER,
        "no client can read the stream's deltas",
        "Report it with the evidence: clients show the text_delta values, and there are none.",
        CERTAIN,
        _not_text,
    ),
)
