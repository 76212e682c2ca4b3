"""Deviations that hurt no client: a run against each of these must stay GO, and warns of nothing."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.common_faults import Value
from chatproof.simulator.fault import GO, Alter, Fault, When, edited, gzipped, labelled
from chatproof.simulator.fault import events as raw
from chatproof.simulator.messages import SIGNATURE
from chatproof.simulator.messages_faults.parts import (
    events,
    plain,
    refused,
    says,
    streaming,
    streaming_text,
    with_text,
    without,
)
from chatproof.simulator.typed_events import event

_THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": SIGNATURE}


def _row(name: str, about: str, when: When, alter: Alter, stream: bool = False) -> Fault:
    return Fault(f"harmless-{name}", about, "", GO, when, alter, stream=stream)


def _all(change: Callable[[Value], object]) -> Alter:
    """Each event of a stream after a change."""
    return events(lambda all: [{**one, **(change(one) or {})} for one in all])  # type: ignore[dict-item]


def _bare(value: dict[str, Any]) -> None:
    value.pop("stop_sequence")
    value["usage"] = {name: value["usage"][name] for name in ("input_tokens", "output_tokens")}


def _halved(value: dict[str, Any]) -> None:
    """The text in two blocks."""
    block = value["content"][0]
    middle = len(block["text"]) // 2
    value["content"] = [{**block, "text": half} for half in (block["text"][:middle], block["text"][middle:])]


def _moved(value: Value) -> Value:
    return {**value, "index": value["index"] + 1} if "index" in value else value


def _thought(all: list[Value]) -> list[Value]:
    """A good stream whose first block is the model's thinking."""
    block = {"type": "thinking", "thinking": "", "signature": ""}
    between: list[Value] = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": SIGNATURE}},
        {"type": "content_block_stop", "index": 0},
    ]
    return [all[0], *between, *map(_moved, all[1:])]


def _late_count(all: list[Value]) -> list[Value]:
    """The input is counted at the end, as from a gateway that learns it there."""
    for one in all:
        if one["type"] == "message_start":
            one["message"]["usage"] = {"input_tokens": 0, "output_tokens": 0}
        if one["type"] == "message_delta":
            one["usage"]["input_tokens"] = 6
    return all


ROWS = (
    _row("bare", "The message has only the fields that clients need.", plain, edited(_bare)),
    _row(
        "nulls",
        "All optional fields are null.",
        plain,
        edited(lambda v: v.update(stop_sequence=None, container=None, context_management=None, error=None)),
    ),
    _row(
        "extra-fields",
        "The message has unknown fields.",
        plain,
        edited(lambda v: v.update(x_vendor={"ms": 1.5}, provider="simulator")),
    ),
    _row(
        "thinking-first",
        "A block of thinking comes before the text.",
        with_text,
        edited(lambda v: v["content"].insert(0, _THOUGHT)),
    ),
    _row(
        "two-texts",
        "The text is in two blocks.",
        with_text,
        edited(_halved),
    ),
    _row(
        "own-stop-reason",
        "The stop reason is a vendor-specific word.",
        with_text,
        edited(lambda v: v.update(stop_reason="vendor_stop")),
    ),
    _row("charset", "The media type has a charset.", plain, labelled(media="application/json; charset=utf-8")),
    _row("gzip", "The answer is compressed.", plain, gzipped()),
    _row("reject-403", "A wrong key gets 403.", refused, says(403, "Forbidden", "permission_error")),
    _row(
        "no-request-id",
        "The refusal has no request id.",
        refused,
        edited(lambda v: v.pop("request_id")),
    ),
    _row("done", "The stream ends with [DONE].", streaming, raw(lambda all: (*all, b"data: [DONE]\n\n")), True),
    _row("no-ping", "The stream has no ping.", streaming, without("ping"), True),
    _row(
        "pings",
        "Pings arrive everywhere, even before message_start.",
        streaming,
        raw(lambda all: (piece for one in all for piece in (event({"type": "ping"}), one))),
        True,
    ),
    _row(
        "bare-ping",
        "A ping has no event line.",
        streaming,
        raw(lambda all: (*all[:2], b'data: {"type": "ping"}\n\n', *all[2:])),
        True,
    ),
    _row(
        "comments",
        "Comments keep the stream alive.",
        streaming,
        raw(lambda all: (b": ping\n\n", *all[:2], b": ping\n\n", *all[2:])),
        True,
    ),
    _row(
        "stream-extra-fields",
        "Events have unknown fields.",
        streaming,
        _all(lambda v: {"x_vendor": {"ms": 1.5}}),
        True,
    ),
    _row("stream-thinking", "Thinking is streamed before the text.", streaming_text, events(_thought), True),
    _row("crlf", "Lines end with CR LF.", streaming, raw(lambda all: [p.replace(b"\n", b"\r\n") for p in all]), True),
    _row(
        "no-space",
        "No space follows the colon of a line.",
        streaming,
        raw(lambda all: [p.replace(b"data: ", b"data:").replace(b"event: ", b"event:") for p in all]),
        True,
    ),
    _row("late-count", "The input is counted only in message_delta.", streaming_text, events(_late_count), True),
    _row(
        "empty-first-delta",
        "The first delta is empty.",
        streaming_text,
        events(
            lambda all: [
                *all[:2],
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ""}},
                *all[2:],
            ]
        ),
        True,
    ),
)
