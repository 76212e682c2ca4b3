"""Faults of a stream's form, of how it begins and how it ends."""

from chatproof.simulator import messages
from chatproof.simulator.common_faults import Value, gone_from, set_in
from chatproof.simulator.fault import Turn, body, labelled
from chatproof.simulator.fault import events as raw
from chatproof.simulator.messages_faults.parts import each, events, must, should, streaming, streaming_text, without
from chatproof.simulator.typed_events import event, value_of
from chatproof.simulator.wire import Reply

_BAD, _CUT, _USAGE, _SCHEMA = "stream.malformed", "stream.incomplete", "contract.usage", "contract.schema"
_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
_DELTA, _START, _END, _STOP = "content_block_delta", "message_start", "message_delta", "message_stop"


def _unstreamed(turn: Turn) -> Reply:
    asked = turn.asked.body.replace(b'"stream": true', b'"stream": false')
    return messages.respond(turn.asked._replace(body=asked))


def _broken_off(all: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Up to the first delta."""
    return all[: next(n for n, piece in enumerate(all) if b"text_delta" in piece) + 1]


def _bare(piece: bytes, *types: str) -> bytes:
    """An event without its line, if it is of one of these types; any, where none is named."""
    return piece.partition(b"\n")[2] if not types or value_of(piece)["type"] in types else piece


def _before(type: str, value: Value, all: list[Value]) -> list[Value]:
    at = next(n for n, one in enumerate(all) if one["type"] == type)
    return [*all[:at], value, *all[at:]]


def _zero(one: Value) -> None:
    one["message"]["usage"].update(input_tokens=0, output_tokens=0)


ROWS = (
    should(
        "stream-thinking-in-text",
        "The streamed text begins with the model's thinking in tags.",
        "contract.content",
        streaming_text,
        raw(lambda all: tuple(piece.replace(b'"po"', b'"<think>Hm.</think>po"') for piece in all)),
        "stream.answer_alone",
        stream=True,
    ),
    must(
        "stream-broken-off",
        "The stream ends before its first delta.",
        _CUT,
        streaming_text,
        events(lambda all: all[:1]),
        "stream.deltas",
        "stream.finished",
        stream=True,
    ),
    must(
        "stream-not-streamed",
        "stream: true is ignored: one JSON document comes.",
        "stream.not_streamed",
        streaming,
        _unstreamed,
        "stream.answered",
        stream=True,
    ),
    should(
        "stream-media-type",
        "The stream is labelled text/plain.",
        "contract.media_type",
        streaming,
        labelled(media="text/plain"),
        "stream.media_type",
        stream=True,
    ),
    must(
        "stream-empty",
        "The stream has no events.",
        _BAD,
        streaming,
        body(b": nothing\n\n", "text/event-stream"),
        "stream.events_parse",
        stream=True,
    ),
    must(
        "stream-bad-json",
        "An event is not JSON.",
        _BAD,
        streaming_text,
        raw(lambda all: (*all[:3], b"event: content_block_delta\ndata: {oops\n\n", *all[3:])),
        "stream.events_parse",
        stream=True,
    ),
    must(
        "stream-untyped",
        "The deltas do not have their type.",
        _BAD,
        streaming_text,
        each(_DELTA, gone_from("type")),
        "stream.typed",
        stream=True,
    ),
    must(
        "stream-error",
        "The stream ends with an error.",
        "stream.error",
        streaming_text,
        raw(lambda all: (*_broken_off(all), event(_ERROR))),
        "stream.no_error",
        stream=True,
    ),
    must(
        "stream-error-as-data",
        "The stream ends with an error that has no event line.",
        "stream.error",
        streaming_text,
        raw(lambda all: (*_broken_off(all), _bare(event(_ERROR)))),
        "stream.no_error",
        stream=True,
    ),
    must(
        "event-lines-missing",
        "No event has an event line.",
        _BAD,
        streaming,
        raw(lambda all: map(_bare, all)),
        "stream.event_lines",
        stream=True,
    ),
    must(
        "delta-lines-missing",
        "The deltas have no event lines.",
        _BAD,
        streaming_text,
        raw(lambda all: (_bare(piece, _DELTA) for piece in all)),
        "stream.event_lines",
        stream=True,
    ),
    must(
        "event-lines-of-ping",
        "The deltas have the event line of ping.",
        _BAD,
        streaming_text,
        raw(lambda all: (piece.replace(b"event: content_block_delta", b"event: ping") for piece in all)),
        "stream.event_lines",
        stream=True,
    ),
    must(
        "done-with-event-line",
        "The stream ends with [DONE] behind an event line.",
        _BAD,
        streaming_text,
        raw(lambda all: (*all, b"event: done\ndata: [DONE]\n\n")),
        "stream.event_lines",
        stream=True,
    ),
    must(
        "start-missing",
        "message_start is missing.",
        _BAD,
        streaming_text,
        without(_START),
        "stream.start",
        stream=True,
    ),
    must(
        "start-flat",
        "message_start is the message itself.",
        _BAD,
        streaming_text,
        each(_START, lambda one: one.update(one.pop("message"), type=_START)),
        "stream.start",
        stream=True,
    ),
    must(
        "start-content-null",
        "The content of message_start is null.",
        _BAD,
        streaming_text,
        each(_START, set_in(None, "message", "content")),
        "stream.start_content",
        stream=True,
    ),
    must(
        "start-content-missing",
        "The message of message_start has no content.",
        _BAD,
        streaming_text,
        each(_START, gone_from("message", "content")),
        "stream.start_content",
        stream=True,
    ),
    must(
        "start-content-filled",
        "The content of message_start has a block already.",
        _BAD,
        streaming_text,
        each(_START, set_in([{"type": "text", "text": ""}], "message", "content")),
        "stream.start_content",
        stream=True,
    ),
    must(
        "start-usage-missing",
        "message_start has no usage.",
        _USAGE,
        streaming_text,
        each(_START, gone_from("message", "usage")),
        "stream.start_usage",
        stream=True,
    ),
    must(
        "start-usage-of-chat",
        "The usage of message_start has chat's names.",
        _USAGE,
        streaming_text,
        each(_START, set_in({"prompt_tokens": 6, "completion_tokens": 0}, "message", "usage")),
        "stream.start_usage",
        stream=True,
    ),
    must(
        "end-bare",
        "message_delta has no delta.",
        _BAD,
        streaming_text,
        each(_END, gone_from("delta")),
        "stream.end",
        stream=True,
    ),
    must(
        "delta-late",
        "A delta comes after message_stop.",
        _BAD,
        streaming_text,
        events(lambda all: [*all, next(one for one in all if one["type"] == _DELTA)]),
        "stream.closed",
        "stream.block_open",
        stream=True,
    ),
    should(
        "stream-byte-order-mark",
        "The stream begins with a byte order mark.",
        _BAD,
        streaming_text,
        raw(lambda all: (b"\xef\xbb\xbf" + all[0], *all[1:])),
        "stream.first_byte",
        stream=True,
    ),
    should(
        "event-lines-of-others",
        "message_delta has the event line of message_stop.",
        _BAD,
        streaming_text,
        raw(lambda all: (piece.replace(b"event: message_delta", b"event: message_stop") for piece in all)),
        "stream.event_names",
        stream=True,
    ),
    should(
        "stream-error-beside",
        "message_delta contains an error.",
        "stream.error",
        streaming_text,
        each(_END, set_in(_ERROR["error"], "error")),
        "stream.no_error_beside",
        stream=True,
    ),
    should(
        "end-missing",
        "message_delta is missing.",
        _CUT,
        streaming_text,
        without(_END),
        "stream.stop_reason",
        stream=True,
    ),
    should(
        "end-reason-null",
        "message_delta does not say why the message ends.",
        _CUT,
        streaming_text,
        each(_END, set_in(None, "delta", "stop_reason")),
        "stream.stop_reason",
        stream=True,
    ),
    must(
        "end-usage-missing",
        "message_delta has no usage.",
        _USAGE,
        streaming_text,
        each(_END, gone_from("usage")),
        "stream.usage",
        stream=True,
    ),
    must(
        "end-usage-null",
        "The usage of message_delta is null.",
        _USAGE,
        streaming_text,
        each(_END, set_in(None, "usage")),
        "stream.usage",
        stream=True,
    ),
    must(
        "end-usage-of-chat",
        "The usage of message_delta has chat's names.",
        _USAGE,
        streaming_text,
        each(_END, set_in({"prompt_tokens": 6, "completion_tokens": 1}, "usage")),
        "stream.usage",
        stream=True,
    ),
    must(
        "stop-missing",
        "message_stop is missing.",
        _CUT,
        streaming_text,
        without(_STOP),
        "stream.finished",
        stream=True,
    ),
    must(
        "stream-cut",
        "The stream ends in the middle of the text.",
        _CUT,
        streaming_text,
        raw(_broken_off),
        "stream.finished",
        "stream.block_stop",
        stream=True,
    ),
    must(
        "start-twice",
        "message_start is sent twice.",
        "stream.duplicated",
        streaming_text,
        events(lambda all: [all[0], *all]),
        "stream.once",
        stream=True,
    ),
    should(
        "stop-twice",
        "message_stop is sent twice.",
        _BAD,
        streaming_text,
        events(lambda all: [*all, all[-1]]),
        "stream.ends",
        stream=True,
    ),
    should(
        "start-usage-zero",
        "The tokens of the request are counted as 0.",
        _USAGE,
        streaming_text,
        each(_START, _zero),
        "stream.input_counted",
        stream=True,
    ),
    should(
        "start-without-id",
        "The message of message_start has no id.",
        _SCHEMA,
        streaming_text,
        each(_START, gone_from("message", "id")),
        "stream.start_envelope",
        stream=True,
    ),
    should(
        "start-without-role",
        "The message of message_start has no role.",
        _SCHEMA,
        streaming_text,
        each(_START, gone_from("message", "role")),
        "stream.start_envelope",
        stream=True,
    ),
    should(
        "unknown-event",
        "A vendor-specific event comes in the middle.",
        _BAD,
        streaming_text,
        events(lambda all: _before(_END, {"type": "vendor_usage", "ms": 7}, all)),
        "stream.known_events",
        stream=True,
    ),
    should(
        "events-after-stop",
        "A vendor-specific event comes after message_stop.",
        _BAD,
        streaming_text,
        events(lambda all: [*all, {"type": "vendor_late"}]),
        "stream.ends",
        "stream.known_events",
        stream=True,
    ),
)
