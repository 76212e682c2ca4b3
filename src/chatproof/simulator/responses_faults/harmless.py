"""Deviations that hurt no client: a run against each of these must stay GO, and warns of nothing."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.common_faults import Value
from chatproof.simulator.fault import GO, Alter, Fault, Turn, When, edited, error, gzipped, json_of, labelled
from chatproof.simulator.fault import events as raw
from chatproof.simulator.responses_faults.parts import (
    asking,
    events,
    free_text,
    plain,
    refused,
    sent,
    streaming,
    with_text,
)
from chatproof.simulator.typed_events import event, value_of

_OPTIONAL = (
    *("completed_at", "error", "incomplete_details", "instructions", "metadata", "model", "parallel_tool_calls"),
    *("temperature", "tool_choice", "tools", "top_p", "text", "reasoning", "truncation", "store", "service_tier"),
    *("previous_response_id", "background", "max_output_tokens", "user", "status"),
)


_NO_STORE = error(400, "Unknown parameter: 'store'.", "unknown_parameter", param="store")
_storing = sent(lambda body: "store" in body)


def _naming_store(turn: Turn) -> bool:
    return asking(turn) and "store" in json_of(turn)


def _row(name: str, about: str, when: When, alter: Alter, stream: bool = False) -> Fault:
    return Fault(f"harmless-{name}", about, "", GO, when, alter, stream=stream)


def _all(change: Callable[[Value], object]) -> Alter:
    """Each event of a stream after a change."""

    def changed(piece: bytes) -> bytes:
        value = value_of(piece)
        change(value)
        return event(value)

    return raw(lambda all: map(changed, all))


def _bare(value: dict[str, Any]) -> None:
    for name in _OPTIONAL:
        value.pop(name, None)


def _bare_response(value: Value) -> None:
    """The AI SDK wants a model's name as the stream begins."""
    if "response" in value:
        named = value["response"]["model"]
        _bare(value["response"])
        value["response"]["model"] = named


def _nulls(value: dict[str, Any]) -> None:
    """Without a model's name, which the AI SDK wants to be a string where it stands."""
    value.update({name: None for name in _OPTIONAL if name != "model"})


def _quiet(value: dict[str, Any]) -> None:
    """Without what the texts and the usage may lack."""
    value["output"][0].pop("status")
    value["output"][0]["content"][0].pop("logprobs")
    value["usage"].pop("input_tokens_details")
    value["usage"].pop("output_tokens_details")


def _with_ids(all: tuple[bytes, ...]) -> list[bytes]:
    return [b"id: %d\nretry: 3000\n%s" % (number, piece) for number, piece in enumerate(all)]


def _halves(message: Value) -> list[Value]:
    part = message["content"][0]
    middle = len(part["text"]) // 2
    return [{**part, "text": half} for half in (part["text"][:middle], part["text"][middle:])]


def _two_messages(value: dict[str, Any]) -> None:
    message = value["output"][0]
    first, second = _halves(message)
    value["output"] = [{**message, "content": [first]}, {**message, "id": "msg_2", "content": [second]}]


def _two_parts(value: dict[str, Any]) -> None:
    value["output"][0]["content"] = _halves(value["output"][0])


_THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA"}


def _moved(value: Value) -> Value:
    return {**value, "output_index": value["output_index"] + 1} if "output_index" in value else value


def _thought(all: list[Value]) -> list[Value]:
    """A good stream whose first item is the model's thinking."""
    at = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    part = {"type": "summary_text", "text": ""}
    done = {**_THOUGHT, "summary": [{**part, "text": "Hm."}]}
    between: list[Value] = [
        {"type": "response.output_item.added", "output_index": 0, "item": _THOUGHT},
        {"type": "response.reasoning_summary_part.added", **at, "part": part},
        {"type": "response.reasoning_summary_text.delta", **at, "delta": "Hm."},
        {"type": "response.reasoning_summary_text.done", **at, "text": "Hm."},
        {"type": "response.reasoning_summary_part.done", **at, "part": {**part, "text": "Hm."}},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    last = {**all[-1], "response": {**all[-1]["response"], "output": [done, *all[-1]["response"]["output"]]}}
    return [*all[:2], *between, *map(_moved, all[2:-1]), last]


_thinking = events(_thought)

ROWS = (
    _row("bare", "The response has only the fields that clients need.", plain, edited(_bare)),
    _row("nulls", "All optional fields are null.", plain, edited(_nulls)),
    _row("quiet", "No item status, no logprobs, no details of the usage.", with_text, edited(_quiet)),
    _row(
        "extra-fields",
        "The response has unknown fields.",
        plain,
        edited(lambda v: v.update(x_vendor={"ms": 1.5}, provider="simulator")),
    ),
    _row(
        "reasoning-first",
        "A reasoning item comes before the message.",
        with_text,
        edited(lambda v: v["output"].insert(0, _THOUGHT)),
    ),
    _row("two-messages", "The text is in two messages.", free_text, edited(_two_messages)),
    _row("two-parts", "The text is in two parts of its message.", free_text, edited(_two_parts)),
    _row(
        "hosted-item",
        "A web search comes before the message.",
        with_text,
        edited(lambda v: v["output"].insert(0, {"id": "ws_1", "type": "web_search_call", "status": "completed"})),
    ),
    _row(
        "created-fraction",
        "created_at has a fraction.",
        plain,
        edited(lambda v: v.update(created_at=v["created_at"] + 0.5)),
    ),
    _row("store-refused", "The server does not know the field store, and refuses it.", _storing, _NO_STORE),
    _row("store-refused-first", "The field store is refused before the key is checked.", _naming_store, _NO_STORE),
    _row("charset", "The media type has a charset.", plain, labelled(media="application/json; charset=utf-8")),
    _row("gzip", "The answer is compressed.", plain, gzipped()),
    _row("reject-403", "A wrong key gets 403.", refused, error(403, "Forbidden.", "forbidden")),
    _row("done", "The stream ends with [DONE].", streaming, raw(lambda all: (*all, b"data: [DONE]\n\n")), True),
    _row(
        "comments",
        "Comments keep the stream alive.",
        streaming,
        raw(lambda all: (b": ping\n\n", *all[:2], b": ping\n\n", *all[2:])),
        True,
    ),
    _row(
        "stream-bare",
        "The responses of a stream have only the fields that clients need.",
        streaming,
        _all(_bare_response),
        True,
    ),
    _row("crlf", "Lines end with CR LF.", streaming, raw(lambda all: [p.replace(b"\n", b"\r\n") for p in all]), True),
    _row(
        "no-space",
        "No space follows the colon of a line.",
        streaming,
        raw(lambda all: [p.replace(b"data: ", b"data:").replace(b"event: ", b"event:") for p in all]),
        True,
    ),
    _row("ids-and-retry", "Each event has an id and a retry.", streaming, raw(_with_ids), True),
    _row("one-chunk", "All events arrive in one piece.", streaming, raw(lambda all: (b"".join(all),)), True),
    _row(
        "obfuscation",
        "The deltas are padded.",
        streaming,
        _all(lambda v: v.update(obfuscation="x7f") if v["type"].endswith(".delta") else None),
        True,
    ),
    _row(
        "numbers-from-one",
        "The numbers begin with 1.",
        streaming,
        _all(lambda v: v.update(sequence_number=v["sequence_number"] + 1)),
        True,
    ),
    _row(
        "stream-extra-fields",
        "Events have unknown fields.",
        streaming,
        _all(lambda v: v.update(x_vendor={"ms": 1.5})),
        True,
    ),
    _row(
        "stream-reasoning",
        "A reasoning item is streamed before the message.",
        streaming,
        _thinking,
        True,
    ),
)
