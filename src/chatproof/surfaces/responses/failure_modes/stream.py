"""Rows for streams of events that broke, and for a response that failed."""

from chatproof.contract.common_modes import stream_error, stream_incomplete, stream_malformed, unreadable_event
from chatproof.contract.failure_mode import CERTAIN, PROVIDER, Case, Mode, Sign, when
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.building import Built
from chatproof.wire.exchange import STATUS

_ERROR, _PARSE, _DELTAS = "responses.stream.no_error", "responses.stream.events_parse", "responses.stream.deltas"
_FAILED = "responses.happy.not_failed"

_FINISHED = "responses.stream.finished"


def _error(case: Case) -> Sign | None:
    if not case.broken(_ERROR):
        return None
    summary = "the stream contains an error" if case.reply.lacks(STATUS) else ""
    return Sign(case.observed(_ERROR), summary)


def _failed(case: Case) -> Sign | None:
    return when(case.broken(_FAILED), *case.observed(_FAILED), "no error appears beside it")


def _malformed(case: Case) -> Sign | None:
    return unreadable_event(case, _PARSE)


def _no_string(case: Case) -> Sign | None:
    """Some deltas have text, and one is something else."""
    some = case.broken(_DELTAS) and bool(Built(view.events(case.reply)).text)
    return when(some, *case.observed(_DELTAS))


def _only_done(case: Case) -> Sign | None:
    whole = view.text_of(view.final(case.reply)) if case.broken(_DELTAS) else ""
    return when(bool(whole), *case.observed(_DELTAS))


def _unreadable_end(case: Case) -> Sign | None:
    """The last event came, without a response in it."""
    came = case.broken(_FINISHED) and any(
        not isinstance(one.get("response"), dict) for _, one in view.terminals(case.reply)
    )
    return when(came, *case.observed(_FINISHED))


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
    stream_malformed(_unreadable_end),
    stream_incomplete(_unfinished),
    Mode(
        "stream.malformed",
        PROVIDER,
        "among the pieces of the streamed text is one that is no string",
        "Report it: openai-python's stream() raises an error there, and others show null as text. Until it is fixed, ask without stream.",
        CERTAIN,
        _no_string,
    ),
    Mode(
        "stream.malformed",
        PROVIDER,
        "no delta has the text: it is only in the last events",
        "Report it: clients show the text of the deltas, and there is none. Until it is fixed, ask without stream.",
        CERTAIN,
        _only_done,
    ),
    Mode(
        "server.error",
        PROVIDER,
        "the response reports a failure under HTTP 200",
        "Read its error in the evidence and report it with the request id; clients must check `status`.",
        CERTAIN,
        _failed,
    ),
)
