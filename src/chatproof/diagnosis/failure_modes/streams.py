"""Rows for streams of every API: one that came unasked, one that did not come or is refused, one in another format."""

import re

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER, Case, Mode, Sign, when
from chatproof.contract.probe import STREAM
from chatproof.diagnosis.failure_modes.content import GZIP, undeclared_gzip
from chatproof.diagnosis.failure_modes.models import chat_is_well
from chatproof.evidence.provider_error import error_words, find_error
from chatproof.evidence.reply import or_default
from chatproof.printable import quote
from chatproof.wire import strictjson


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
    return when(case.plain_stream and case.reply.kind == "json" and case.reply.error is None and not _in_lines(case))


def _in_lines(case: Case) -> bool:
    """The body is one JSON document a line, each whole: what servers call ndjson or jsonl."""
    first, *more = [line for line in case.reply.body.splitlines() if line.strip()] or [b""]
    return bool(more) and all(strictjson.parse(line)[1] is None for line in (first, more[0]))


def _lines(case: Case) -> Sign | None:
    if not case.plain_stream or case.reply.kind != "json" or not _in_lines(case):
        return None
    return Sign((f"the body begins {quote(case.reply.body[:40].decode('latin-1'))}",))


def _encoded(case: Case) -> Sign | None:
    """What should be a stream came compressed or in an encoding, and not as a file of another kind."""
    if not case.plain_stream or case.reply.kind != "binary":
        return None
    if case.reply.body.startswith(GZIP):
        return undeclared_gzip()
    labelled = or_default(lambda: case.reply.media_type == "text/event-stream", False)
    return when(labelled, f"the body begins {case.reply.body[:8].hex(' ')}")


_SAME = "the same request without stream is answered"


def _refused(case: Case) -> Sign | None:
    """The streamed request is refused as wrong, and differs from the one that is answered in nothing but `stream`."""
    if case.row.role != STREAM or not case.reply.complete or not chat_is_well(case):
        return None
    named = case.error_class in ("parameter", "request") and re.search(r"\bstream", case.text())
    return when(bool(named), _SAME)


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
    Mode(
        "stream.malformed",
        PROVIDER,
        "the stream is one JSON document a line, and no server-sent events",
        "Report it: each event needs a line that begins with `data:` and an empty line after it. No SDK of this API reads such lines.",
        CERTAIN,
        _lines,
    ),
    Mode(
        "body.encoding",
        PROVIDER,
        "the bytes of the stream are no text",
        "Report it: a stream of events is UTF-8, and no client reads another encoding. If a gateway stands between, look whether it compresses.",
        LIKELY,
        _encoded,
    ),
    Mode(
        "request.unsupported_parameter",
        PROVIDER,
        "the endpoint refuses to stream: the same request without stream is answered",
        "Do not stream from this model here: leave stream out in the client. Ask the provider, or whoever runs the gateway, which model or path streams.",
        LIKELY,
        _refused,
    ),
)
