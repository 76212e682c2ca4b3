"""What the plain message owes, on every other message and stream of the run."""

from chatproof.contract.clause import BEHAVIOUR, BROKEN, SHOULD, VALIDATE, Clauses, Context, Outcome, holds
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.stream import events_parse
from chatproof.surfaces.elsewhere import Elsewhere
from chatproof.surfaces.event_examples import drop, event, put
from chatproof.surfaces.messages.clauses import details, fields, happy, stream, stream_blocks, stream_end
from chatproof.surfaces.messages.examples import (
    AI_SDK,
    COMETAPI,
    CONTENT,
    EVENTS,
    GOOD,
    STREAMED,
    THINKING_EVENTS,
    THOUGHT,
    USAGE,
    altered,
    body,
    changed,
    streamed,
    with_content,
    without,
)

CLAUSES = Clauses(VALIDATE)
# `tools.form` and `tools.content` judge the message with the forced call, `tools.stream_form` its stream, and
# `tools.stream_apart` that of two calls.
_OTHERS = Elsewhere(CLAUSES, "messages", GOOD, COMETAPI, spared=("tools", "tools.stream", "tools.parallel.stream"))
_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
FORM = (
    stream.start,
    stream.start_content,
    stream.start_usage,
    stream_blocks.block_start,
    stream_blocks.indexes,
    stream_blocks.block_once,
    stream_blocks.block_open,
    stream_end.end,
    stream_end.usage,
    stream_end.finished,
    stream_end.once,
)
"""The musts of a stream that do not depend on what is streamed, behind the form of its events."""


def texts(reply: Reply, context: Context) -> Outcome:
    """Judge whether each text is a string; an answer that is cut may have none."""
    return happy.unread_text(reply) or holds()


_OTHERS.add_json("@anthropic-ai/sdk returns a plain string if the type is not JSON.")
_OTHERS.add(
    "no_error_field",
    "In every reply besides the plain ones, no error appears beside an answer either (null is allowed).",
    "anthropic-python and @anthropic-ai/sdk check only the status: they return half of an answer as a whole one.",
    (happy.no_error_field,),
    breaks_on=(altered(b'"stop_sequence":null', b'"error":{"type":"api_error","message":"upstream died"}'),),
    code="",
    level=SHOULD,
    layer=BEHAVIOUR,
    area="Error response shape",
)
_OTHERS.add(
    "content",
    "The `content` of every message besides the plain one also is an array of blocks, each with a string `type`; and "
    "its texts are strings.",
    "anthropic-python and @anthropic-ai/sdk return a value that a loop cannot read (TypeError); the AI SDK refuses it.",
    (happy.content_array, texts),
    breaks_on=(
        altered(b'"content":' + CONTENT + b",", b""),
        with_content(b"null"),
        with_content(b'"pong"'),
        with_content(b"[null]"),
        with_content(b'[{"text":"pong"}]'),
        with_content(b'[{"type":"text","text":null}]'),
        body(b"[]"),
    ),
    code="contract.content",
    holds_on=(GOOD, with_content(b"[]")),
    of=_OTHERS.is_json,
)
_OTHERS.add(
    "form",
    "Every message besides the plain one also has the `type` message; its stop_reason, if present, is a string.",
    "The AI SDK refuses the complete reply: Invalid JSON response.",
    (happy.named, happy.stop_reason),
    breaks_on=(
        altered(b'"type":"message",', b""),
        altered(b'"type":"message"', b'"type":"chat.completion"'),
        altered(b'"end_turn"', b"7"),
    ),
    source=AI_SDK,
)
_OTHERS.add(
    "usage",
    "Every message besides the plain one also has usage with input_tokens and output_tokens as numbers; its cache "
    "counts are numbers or null.",
    "Without them, the AI SDK refuses the complete reply, and the other clients count zero tokens.",
    (happy.usage,),
    breaks_on=(
        altered(b',"usage":' + USAGE, b""),
        altered(USAGE, b'{"prompt_tokens":14,"completion_tokens":4,"total_tokens":18}'),
        altered(b'"output_tokens":4', b'"output_tokens":"4"'),
        altered(b'"output_tokens":4', b'"output_tokens":4,"cache_read_input_tokens":"0"'),
    ),
    code="contract.usage",
)
_OTHERS.add(
    "details",
    "Every message besides the plain one also has an id, its role, a model and a stop_reason, blocks of known types "
    "with their fields, and fields of the right types.",
    "The AI SDK refuses the complete reply (Invalid JSON response), or cannot send it back.",
    (
        details.envelope,
        details.stop_reason_said,
        details.thinking_signed,
        details.known_blocks,
        details.citations,
        fields.field_types,
    ),
    breaks_on=(
        altered(b'"id":"msg_1",', b""),
        altered(b'"role":"assistant"', b'"role":"model"'),
        altered(b'"end_turn"', b"null"),
        altered(b'"stop_sequence":null', b'"stop_sequence":7'),
        with_content(b'[{"type":"vendor_search"},' + CONTENT[1:]),
        with_content(b"[" + THOUGHT.replace(b',"signature":"c2ln"', b"") + b"," + CONTENT[1:]),
    ),
    level=SHOULD,
)
_OTHERS.add(
    "no_error",
    "No event of any other stream contains an error.",
    "The answer ends early under status 200, and only clients that check for an error notice.",
    (stream.no_error,),
    breaks_on=(
        streamed(EVENTS[:3], event(_ERROR)),
        streamed(EVENTS[:3], b'data: {"error":{"message":"upstream died","code":502}}\n\n'),
    ),
    code="stream.error",
    layer=BEHAVIOUR,
    area="Streaming",
    holds_on=(STREAMED,),
    of=_OTHERS.is_stream,
)
_OTHERS.add(
    "stream_form",
    "Every other stream also has the form of the plain one: event lines, start, indexes, blocks, an end with usage.",
    "anthropic-python, @anthropic-ai/sdk and the AI SDK raise, or lose the answer.",
    (events_parse, stream.typed, stream.event_lines, *FORM),
    breaks_on=(
        without("message_start"),
        without("content_block_start"),
        without("message_stop"),
        changed("message_delta", drop("usage")),
        changed("message_start", put(None, "message", "content")),
        streamed([{**one, "index": 1} if "index" in one else one for one in EVENTS]),
    ),
    code="stream.malformed",
    area="Streaming",
    holds_on=(STREAMED, streamed(THINKING_EVENTS)),
    of=lambda reply, context: _OTHERS.is_free_stream(reply, context) and not is_failing(reply, context),
)
_OTHERS.add(
    "stream_details",
    "Every other stream also has its message's id, role and model, fields of the right types, and no events, blocks or "
    "deltas of unknown types.",
    "The AI SDK refuses the event, and the answer ends with an error.",
    (stream.start_envelope, fields.stream_types, stream_blocks.known_events),
    breaks_on=(
        changed("message_start", put(7, "message", "id")),
        changed("message_start", drop("message", "model")),
        changed("message_delta", put(7, "delta", "stop_sequence")),
        streamed([*EVENTS[:3], {**EVENTS[2], "delta": {"type": "vendor_delta"}}, *EVENTS[3:]]),
    ),
    level=SHOULD,
    area="Streaming",
    holds_on=(STREAMED, streamed(THINKING_EVENTS)),
    of=_OTHERS.is_free_stream,
    needs=("stream_form",),
    source=AI_SDK,
)


def is_failing(reply: Reply, context: Context) -> bool:
    """Whether the stream tells of an error, of which `no_error` speaks: what is missing then has no other cause."""
    return stream.no_error(reply, context).outcome == BROKEN
