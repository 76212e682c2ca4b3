"""What a reply of the Messages API says: its blocks, their texts, its usage; and a stream as the message it builds."""

from collections.abc import Iterator

from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.view import id_form
from chatproof.surfaces.model_listing import looks_chat_capable
from chatproof.wire.strictjson import Json

Fields = dict[str, Json]
MESSAGE, TEXT, THINKING, CALL = "message", "text", "thinking", "tool_use"
OWN = (TEXT, THINKING, "redacted_thinking")
"""Blocks that come without a tool."""
START, BLOCK_START, DELTA, BLOCK_STOP, END, STOP, PING, ERROR = (
    *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
    *("message_delta", "message_stop", "ping", "error"),
)
"""The events of a stream."""
TEXT_DELTA, INPUT_DELTA, THINKING_DELTA, SIGNATURE_DELTA = (
    *("text_delta", "input_json_delta", "thinking_delta", "signature_delta"),
)
ANSWER = (TEXT_DELTA, INPUT_DELTA, THINKING_DELTA)
"""Deltas that clients add to what they show; after the end of their block they have nothing to add it to."""
_MOST = 2**53
_LONGEST_LIST = 1000  # blocks that are looked at
_CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")
COUNTS = ("input_tokens", "output_tokens", *_CACHED)
"""What usage counts; what it does not count may be null or absent, but for input_tokens and output_tokens."""


def members(value: Json) -> Fields:
    """The object, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[Fields]:
    """The objects of an array; none for what is no array."""
    return [one for one in value[:_LONGEST_LIST] if isinstance(one, dict)] if isinstance(value, list) else []


def blocks(message: Fields, kind: str = "") -> list[Fields]:
    """The blocks of a message that are objects; of one kind, where it is named."""
    return [block for block in objects(message.get("content")) if kind in ("", block.get("type"))]


def text_of(message: Fields) -> str:
    """What clients show: the texts of the blocks of type text, joined."""
    return "".join(text for block in blocks(message, TEXT) if isinstance(text := block.get("text"), str))


def events(reply: Reply) -> list[Fields]:
    """The events of a stream that are objects, in order, the terminator left out."""
    return reply.chunks


def kind_of(event: Fields) -> str:
    """An event's type; empty where it has none."""
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def of_kind(reply: Reply, kind: str) -> list[tuple[int, Fields]]:
    """(number, event) of each event of a type."""
    return [(number, event) for number, event in enumerate(events(reply)) if kind_of(event) == kind]


def started(reply: Reply) -> Fields:
    """The message that a stream begins with; empty where there is none."""
    found = of_kind(reply, START)
    return members(found[0][1].get("message")) if found else {}


def begins_again(reply: Reply, number: int) -> bool:
    """Whether another message has begun by this event, after the end of the first one."""
    ends = of_kind(reply, STOP)
    return bool(ends) and any(ends[0][0] < begun <= number for begun, _ in of_kind(reply, START))


def final(reply: Reply) -> Fields:
    """The message that a reply holds: the body, or what a stream begins and ends with, without its blocks."""
    if reply.kind != "sse":
        return reply.object
    message = dict(started(reply))
    for _, event in of_kind(reply, END):
        delta = members(event.get("delta"))
        message.update((name, delta[name]) for name in ("stop_reason", "stop_sequence") if name in delta)
        counted = {name: value for name, value in members(event.get("usage")).items() if value is not None}
        message["usage"] = {**members(message.get("usage")), **counted}
    return message


# -- what the rest of the package asks --------------------------------------------------------------------------------


def is_success(reply: Reply) -> bool:
    """The endpoint did the work: a message with blocks, or a stream that builds one."""
    if reply.kind == "sse":
        return any(kind_of(event) in (START, BLOCK_START, DELTA) for event in events(reply))
    return bool(blocks(reply.object))


def has_answer(reply: Reply) -> bool:
    """The reply has the member `content`, whatever is in it."""
    return "content" in reply.object


def has_error_field(reply: Reply) -> bool:
    """The reply has an error that is not null."""
    return bool(reply.object.get("error"))


def tokens(reply: Reply) -> int:
    """Read the total that a reply's usage comes to; 0 when it reports none."""
    found = usage(reply)
    return found.get("prompt", 0) + found.get("completion", 0)


def model(reply: Reply) -> str:
    """Read the model that the reply names; empty when it names none."""
    named = final(reply).get("model")
    return named if isinstance(named, str) else ""


def is_fit(id: str, entry: Json = None) -> bool:
    """Guess from a model's id, or from the listing's own words, whether it can be asked: as for chat."""
    return looks_chat_capable(id, entry)


def upstream(reply: Reply) -> tuple[str, str]:
    """Read (nothing, the beginning of the id) of a reply: it changes with the server that made it."""
    id = final(reply).get("id")
    return "", id_form(id) if isinstance(id, str) else ""


def usage(reply: Reply) -> dict[str, int]:
    """Read the counts that a reply reports: prompt (what came from the cache and what went to it among it), completion,
    cached; and answer_bytes, the length of all that was answered. Empty for a reply that reports no count."""
    message = final(reply)
    reported = members(message.get("usage"))
    counts: dict[str, int] = {}
    asked, answered, cached = (_count(reported, name) for name in ("input_tokens", "output_tokens", _CACHED[0]))
    if asked is not None:
        counts["prompt"] = asked + sum(_count(reported, name) or 0 for name in _CACHED)
    if answered is not None:
        counts["completion"] = answered
    if not counts:
        return {}
    if cached is not None:
        counts["cached"] = cached
    return {**counts, "answer_bytes": sum(len(text.encode("utf-8", "replace")) for text in _texts(reply))}


def _count(usage: Fields, name: str) -> int | None:
    value = usage.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def _texts(reply: Reply) -> Iterator[str]:
    if reply.kind == "sse":
        pieces = (members(event.get("delta")) for _, event in of_kind(reply, DELTA))
    else:
        pieces = (block for block in blocks(reply.object))
    for piece in pieces:
        yield from (text for name in ("text", "thinking", "partial_json") if isinstance(text := piece.get(name), str))
        if isinstance(piece.get("input"), dict):
            import json

            yield json.dumps(piece["input"], ensure_ascii=False)
