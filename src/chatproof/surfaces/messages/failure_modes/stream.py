"""Rows for streams of events that broke."""

from collections.abc import Iterator

from chatproof.contract.common_modes import stream_error, stream_incomplete, stream_malformed, unreadable_event
from chatproof.contract.failure_mode import CERTAIN, PROVIDER, Case, Mode, Sign, when
from chatproof.printable import quote
from chatproof.surfaces.messages import kinds, view
from chatproof.surfaces.messages.building import Block, Built
from chatproof.surfaces.messages.view import Fields
from chatproof.wire.exchange import STATUS

_ERROR, _PARSE, _DELTAS = "messages.stream.no_error", "messages.stream.events_parse", "messages.stream.deltas"

_FINISHED = "messages.stream.finished"


def _error(case: Case) -> Sign | None:
    if not case.broken(_ERROR):
        return None
    summary = "the stream contains an error" if case.reply.lacks(STATUS) else ""
    return Sign(case.observed(_ERROR), summary)


def _malformed(case: Case) -> Sign | None:
    return unreadable_event(case, _PARSE)


def _not_text(case: Case) -> Sign | None:
    """A text came, and no client shows it."""
    if not case.broken(_DELTAS):
        return None
    built = Built(view.events(case.reply))
    hidden = next((found for block in built.blocks.values() for found in _not_shown(block)), None)
    return None if hidden is None else Sign((*case.observed(_DELTAS), f"not shown: {quote(hidden)}"))


def _not_shown(block: Block) -> Iterator[Fields]:
    """What may be text, and has another form, or stands in another place, than clients read."""
    if block.kind == view.TEXT and block.start.get("text"):
        yield block.start
    for _, delta in block.deltas:
        kind = view.kind_of(delta)
        if kind not in kinds.DELTAS or (kind == view.TEXT_DELTA and not isinstance(delta.get("text"), str)):
            yield delta
        elif kind == view.TEXT_DELTA and delta["text"] and block.kind not in (view.TEXT, view.THINKING):
            yield block.start


def _unfinished(case: Case) -> Sign | None:
    """The end is missing. That no text came by then is no cause of its own."""
    return when(case.broken(_FINISHED), *case.observed(_FINISHED))


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
    stream_incomplete(_unfinished),
    Mode(
        "stream.malformed",
        PROVIDER,
        "no client can read the stream's deltas",
        "Report it with the evidence: clients show the text of each text_delta in a block of type text.",
        CERTAIN,
        _not_text,
    ),
)
