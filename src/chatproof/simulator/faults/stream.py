"""Faults of streams: one unasked for, one that did not come, one that broke."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.chat import DONE, event
from chatproof.simulator.fault import (
    GO,
    NO_GO,
    STREAM_UNASKED,
    UNDECIDED,
    Alter,
    Fault,
    Turn,
    after_stream,
    events,
    labelled,
    plain,
    says,
    streaming,
)
from chatproof.simulator.wire import HANG, Reply, Script, chunk


def _with_stream(turn: Turn, wanted: bool) -> Reply:
    """The answer to the same request with another `stream`."""
    changed = {**json.loads(turn.asked.body), "stream": wanted, "stream_options": None}
    return chat.respond(turn.asked._replace(body=json.dumps(changed).encode()))


def _streamed(turn: Turn) -> Reply:
    return _with_stream(turn, True)


def _not_streamed(turn: Turn) -> Reply:
    return _with_stream(turn, False)


def _buffered(turn: Turn) -> Reply:
    return turn.reply._replace(body=b"".join(_streamed(turn).events))


def _deltas(*deltas: dict[str, object], finish: str = "stop") -> Alter:
    """A complete stream of these deltas, in the conformant stream's frame."""

    def alter(turn: Turn) -> Reply:
        frame = json.loads(turn.reply.events[0].removeprefix(b"data: "))
        plan: list[tuple[dict[str, object], str | None]] = [*((delta, None) for delta in deltas), ({}, finish)]
        made = (
            event({**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}) for delta, end in plan
        )
        return turn.reply._replace(events=(*made, DONE))

    return alter


def changed(piece: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A stream's event after `change` was applied to its value; the terminator as it is."""
    if piece == DONE:
        return piece
    value = json.loads(piece.removeprefix(b"data: "))
    change(value)
    return event(value)


def _leak_in_stream(turn: Turn) -> Script | Reply:
    middle = len(turn.key) // 2
    return _deltas({"content": "pong " + turn.key[:middle]}, {"content": turn.key[middle:]})(turn)


_ERROR = {"message": "upstream connection lost", "type": "upstream_error", "param": "", "code": "bad_response"}

ROWS = (
    Fault(
        "stream-when-false",
        "The answer is streamed although stream: false was sent.",
        "stream.unexpected",
        NO_GO,
        plain,
        _streamed,
        seed=STREAM_UNASKED,
    ),
    Fault(
        "stream-buffered",
        "A proxy buffers a stream and labels it as JSON.",
        "stream.unexpected",
        NO_GO,
        plain,
        _buffered,
        seed=STREAM_UNASKED,
    ),
    Fault(
        "not-streamed",
        "stream: true is ignored.",
        "stream.not_streamed",
        NO_GO,
        streaming,
        _not_streamed,
        stream=True,
    ),
    Fault(
        "stream-broken-json",
        "An event's JSON is broken.",
        "stream.malformed",
        NO_GO,
        streaming,
        events(lambda all: (*all[:1], b'data: {"choices": [{"delta"\n\n', *all[2:])),
        stream=True,
    ),
    Fault(
        "stream-unmarked-event",
        "An event stands in the stream without its `data:`.",
        "stream.malformed",
        NO_GO,
        streaming,
        events(lambda all: (*all[:1], all[1].removeprefix(b"data: "), *all[2:])),
        stream=True,
    ),
    Fault(
        "stream-after-done",
        "Events follow the terminator.",
        "stream.malformed",
        NO_GO,
        streaming,
        events(lambda all: (*all, all[1])),
        stream=True,
    ),
    Fault(
        "stream-no-events",
        "A stream of comments only.",
        "stream.malformed",
        NO_GO,
        streaming,
        events(lambda all: (b": PING\n\n", b": PING\n\n")),
        stream=True,
    ),
    Fault(
        "stream-no-done",
        "The stream ends without its terminator.",
        "stream.incomplete",
        NO_GO,
        streaming,
        events(lambda all: all[:-1]),
        stream=True,
    ),
    Fault(
        "stream-no-finish",
        "The stream never gives a finish_reason.",
        "stream.incomplete",
        NO_GO,
        streaming,
        events(lambda all: (*all[:-2], all[-1])),
        stream=True,
    ),
    Fault(
        "stream-stops-early",
        "The stream ends after its first words, cleanly as HTTP.",
        "stream.incomplete",
        NO_GO,
        streaming,
        events(lambda all: all[:2]),
        stream=True,
    ),
    Fault(
        "stream-error",
        "An error arrives in the middle of the stream.",
        "stream.error",
        NO_GO,
        streaming,
        events(lambda all: (*all[:2], event({"error": _ERROR}), DONE)),
        stream=True,
    ),
    Fault(
        "stream-empty",
        "The stream has no text.",
        "content.empty",
        NO_GO,
        streaming,
        _deltas({"role": "assistant"}),
        stream=True,
    ),
    Fault(
        "stream-reasoning-only",
        "The stream carries thinking and no answer.",
        "content.reasoning_budget",
        NO_GO,
        streaming,
        _deltas({"reasoning_content": "One word, then"}, finish="length"),
        stream=True,
    ),
    Fault(
        "stream-media-type",
        "The stream is labelled text/plain.",
        "contract.media_type",
        NO_GO,
        streaming,
        labelled(media="text/plain"),
        stream=True,
    ),
    Fault(
        "stream-error-500",
        "Only streamed requests fail.",
        "gateway.error",
        NO_GO,
        streaming,
        says(500, {"error": {**_ERROR, "type": "server_error", "code": None}}),
        stream=True,
    ),
    Fault(
        "stream-cut",
        "The connection closes in the middle of the stream.",
        "http.incomplete_body",
        UNDECIDED,
        streaming,
        after_stream(end="close", keep=2),
        stream=True,
    ),
    Fault(
        "stream-stays-open",
        "The stream is finished, but the connection stays open: most clients stop at [DONE].",
        "stream.left_open",
        GO,
        streaming,
        after_stream(end=HANG),
        timeout=1.5,
        stream=True,
    ),
    Fault(
        "stream-pings-forever",
        "After its first words the stream sends keep-alives only.",
        "limit.deadline",
        UNDECIDED,
        streaming,
        after_stream(*[chunk(b": PING\n\n")] * 600, end=HANG, pause=0.2, keep=2),
        timeout=1.5,
        stream=True,
    ),
    Fault(
        "key-in-stream",
        "The key comes back in a stream, split over two events.",
        "secret.reflected",
        NO_GO,
        streaming,
        _leak_in_stream,
        stream=True,
    ),
)
