"""Faults of operating the endpoint: headers, limits, connections, requests at the same time, the single model."""

import threading

from chatproof.simulator.fault import (
    GO,
    Alter,
    Fault,
    Turn,
    asking,
    body,
    edited,
    error,
    granted,
    labelled,
    listing,
    plain,
    script,
)
from chatproof.simulator.wire import SSE, Reply, Script, chunk, head

_HEADERS = "contract.headers"
_AT_ONCE = 3
_TOO_MANY = 2  # of a burst of five
_WORK_SECONDS, _LONGEST_SECONDS = 0.02, 0.25  # short of what makes a stream a late one
_PATIENCE = ("Retry-After", "0.2")


def _valid(turn: Turn) -> bool:
    return granted(turn) and turn.reply.status == 200


def crowded(refusal: Alter) -> Alter:
    """Answers a few requests at the same time; the others get the refusal.

    Two that meet work until two more were refused: a busy machine sends its burst slowly.
    """
    state, working, refused = threading.Condition(), [0], [0]

    def alter(turn: Turn) -> Reply | Script:
        with state:
            if working[0] == _AT_ONCE:
                refused[0] += 1
                state.notify_all()
                return refusal(turn)
            working[0] += 1
            refused[0] = 0
            state.notify_all()
            if state.wait_for(lambda: working[0] > 1, _WORK_SECONDS):
                state.wait_for(lambda: refused[0] >= _TOO_MANY, _LONGEST_SECONDS)
            working[0] -= 1
            return turn.reply

    return alter


_LIMITED = error(429, "Too many requests at the same time.", "rate_limit_exceeded", "requests", headers=(_PATIENCE,))


def _dropped(turn: Turn) -> Script:
    return Script(())


def _nameless(top: bytes, rest: bytes) -> tuple[bytes, ...]:
    """No request id in the headers."""
    lines = [line for line in top.split(b"\r\n") if not line.startswith(b"X-Request-Id:")]
    return b"\r\n".join(lines), rest


def _no_ids(turn: Turn) -> Reply | Script:
    blank = edited(lambda value: value.update(id=""))(turn)
    assert isinstance(blank, Reply)
    return script(_nameless)(turn._replace(reply=blank))


def _silent_close(turn: Turn) -> Script:
    """Promises to keep the connection open and closes it."""
    kept = script(lambda top, rest: (top.replace(b"Connection: close", b"Connection: keep-alive"), rest))(turn)
    assert isinstance(kept, Script)
    return kept


def _streamed(pause: float, whole: bool) -> Alter:
    """The stream piece by piece, or all at once after a pause: the head comes before it."""

    def alter(turn: Turn) -> Script:
        first = head(turn.asked, 200, (("Content-Type", SSE), ("Transfer-Encoding", "chunked")))
        pieces = [*map(chunk, turn.reply.events), chunk(b"")]
        return Script((first, b"".join(pieces)) if whole else (first, *pieces), pause)

    return alter


def _model(turn: Turn) -> bool:
    return turn.asked.path.startswith("/v1/models/") and turn.reply.status == 200


ROWS = (
    Fault(
        "no-request-id",
        "No header identifies the request, and the completion's id is empty (TGI).",
        _HEADERS,
        GO,
        plain,
        _no_ids,
        breaks=("operations.request_id",),
    ),
    Fault(
        "retry-after-words",
        "Retry-After is neither seconds nor a date.",
        _HEADERS,
        GO,
        plain,
        labelled(0, "", ("Retry-After", "soon")),
        breaks=("operations.retry_after",),
    ),
    Fault(
        "limit-headers-words",
        "A count in a rate-limit header is a word.",
        _HEADERS,
        GO,
        plain,
        labelled(0, "", ("X-RateLimit-Remaining-Requests", "many")),
        breaks=("operations.rate_limit_headers",),
    ),
    Fault(
        "harmless-limit-headers",
        "Rate-limit headers appear beside the answer.",
        "",
        GO,
        plain,
        labelled(0, "", ("X-RateLimit-Limit-Requests", "60"), ("X-RateLimit-Remaining-Requests", "59")),
        states=("tools=supported",),
    ),
    Fault(
        "harmless-limited-burst",
        "Parallel requests get a 429 in JSON and with Retry-After.",
        "",
        GO,
        _valid,
        crowded(_LIMITED),
        states=("tools=supported", "stream=supported"),
    ),
    Fault(
        "limited-burst-empty",
        "Parallel requests are refused with a 429 without a body (one-api).",
        "contract.validation",
        GO,
        _valid,
        crowded(body(b"", "", 429, (_PATIENCE,))),
        breaks=("operations.rate_limited_error",),
    ),
    Fault(
        "dropped-burst",
        "Parallel requests are dropped.",
        "http.concurrency",
        GO,
        _valid,
        crowded(_dropped),
        breaks=("operations.burst",),
    ),
    Fault(
        "keep-alive-broken",
        "A connection announced as kept open is closed.",
        "http.keep_alive",
        GO,
        listing,
        _silent_close,
        breaks=("operations.keep_alive",),
    ),
    Fault(
        "model-of-another-name",
        "The lookup of a model returns another one.",
        "contract.models",
        GO,
        _model,
        edited(lambda value: value.update(id="another-model")),
        breaks=("model.retrievable",),
    ),
    Fault(
        "model-card-strings",
        "A model's entry has its time in a string.",
        "contract.models",
        GO,
        _model,
        edited(lambda value: value.update(created=str(value["created"]))),
        breaks=("model.card",),
    ),
    Fault(
        "stream-held-back",
        "A proxy buffers a stream until it is complete.",
        "stream.buffered",
        GO,
        asking("stream_options"),
        _streamed(1.2, whole=True),
        breaks=("stream.incremental",),
    ),
    Fault(
        "harmless-slow-stream",
        "A stream is slow.",
        "",
        GO,
        asking("stream_options"),
        _streamed(0.006, whole=False),
        states=("stream_usage=supported",),
    ),
)
