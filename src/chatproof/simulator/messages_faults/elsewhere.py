"""Faults of one kind of reply alone: the plain one, which smoke asks for, is as it should be."""

from chatproof.simulator.common_faults import drop, put, set_in
from chatproof.simulator.fault import Turn, labelled, rewritten
from chatproof.simulator.messages_faults.parts import (
    each,
    events,
    must,
    says,
    sent,
    should,
    streaming,
    streaming_call,
    without,
)

_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
_CAPPED = sent(lambda asked: asked.get("max_tokens") == 16, False)
_PROMPTED = sent(lambda asked: isinstance(asked.get("system"), str), False)


def _thinks_in_stream(turn: Turn) -> bool:
    return streaming(turn) and any(b"thinking_delta" in piece for piece in turn.reply.events)


def _forced(turn: Turn) -> bool:
    return sent(lambda asked: asked.get("tool_choice", {}).get("type") in ("tool", "any"))(turn)


ROWS = (
    must(
        "cap-unsafe-json",
        "A message that is cut has a number that is not JSON.",
        "body.unsafe_json",
        _CAPPED,
        rewritten(lambda data: data[:-1] + b', "seconds": NaN}'),
        "elsewhere.body_json",
        "max_tokens.kept",
    ),
    must(
        "prompted-mislabelled",
        "An answer to a system prompt is labelled text/plain.",
        "contract.media_type",
        _PROMPTED,
        labelled(media="text/plain"),
        "elsewhere.media_type_json",
    ),
    should(
        "prompted-with-error",
        "An error appears beside an answer to a system prompt.",
        "contract.error_present",
        _PROMPTED,
        put({"type": "api_error", "message": "upstream died"}, "error"),
        "elsewhere.no_error_field",
    ),
    must(
        "cap-content-null",
        "A message that is cut has null as its content.",
        "contract.content",
        _CAPPED,
        put(None, "content"),
        "elsewhere.content",
    ),
    must(
        "prompted-without-type",
        "An answer to a system prompt has no type.",
        "contract.schema",
        _PROMPTED,
        drop("type"),
        "elsewhere.form",
    ),
    must(
        "prompted-without-usage",
        "An answer to a system prompt has no usage.",
        "contract.usage",
        _PROMPTED,
        drop("usage"),
        "elsewhere.usage",
    ),
    should(
        "prompted-without-role",
        "An answer to a system prompt has no role.",
        "contract.schema",
        _PROMPTED,
        drop("role"),
        "elsewhere.details",
    ),
    must(
        "call-stream-error",
        "The stream of a call ends in an error.",
        "stream.error",
        streaming_call,
        events(lambda all: [*all[:2], _ERROR]),
        "elsewhere.no_error",
    ),
    must(
        "thinking-stream-unended",
        "A stream with thinking has no message_stop.",
        "stream.malformed",
        _thinks_in_stream,
        without("message_stop"),
        "elsewhere.stream_form",
    ),
    should(
        "thinking-stream-id",
        "The message of a stream with thinking has a number as its id.",
        "contract.schema",
        _thinks_in_stream,
        each("message_start", set_in(7, "message", "id")),
        "elsewhere.stream_details",
    ),
    should(
        "force-refused",
        "A call is refused where it is forced, and tools are taken.",
        "contract.tools",
        _forced,
        says(400, "tool_choice: only auto is supported"),
        "tools.called",
    ),
    should(
        "call-stream-refused",
        "A call is refused where a stream is asked for.",
        "contract.tools",
        streaming_call,
        says(400, "Tools cannot be streamed by this server."),
        "tools.stream_called",
    ),
)
