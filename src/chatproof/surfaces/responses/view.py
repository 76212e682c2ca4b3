"""What a reply of the Responses API says: its items, their texts, its usage; and a stream as the items it builds."""

from collections.abc import Iterator

from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.view import id_form
from chatproof.surfaces.model_listing import looks_chat_capable
from chatproof.wire.strictjson import Json

Fields = dict[str, Json]
MESSAGE, REASONING, CALL = "message", "reasoning", "function_call"
CALLS = (CALL, "custom_tool_call")
"""Items in which the model asks the client to do something."""
UNFINISHED = ("queued", "in_progress", "cancelled")
"""What a response is that was asked for in the background."""
TEXT = "output_text"
CREATED = "response.created"
TERMINAL = ("response.completed", "response.incomplete", "response.failed")
"""The events with which a stream ends, one of them."""
_MOST = 2**53
_LONGEST_LIST = 1000  # items or parts that are looked at
_COUNTS = (
    ("prompt", ("input_tokens",)),
    ("completion", ("output_tokens",)),
    ("cached", ("input_tokens_details", "cached_tokens")),
    ("reasoning", ("output_tokens_details", "reasoning_tokens")),
)


def members(value: Json) -> Fields:
    """The object, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[Fields]:
    """The objects of an array; none for what is no array."""
    return [one for one in value[:_LONGEST_LIST] if isinstance(one, dict)] if isinstance(value, list) else []


def output(response: Fields) -> list[Fields]:
    """The items of a response that are objects."""
    return objects(response.get("output"))


def items(response: Fields, kind: str) -> list[Fields]:
    """The items of one kind."""
    return [item for item in output(response) if item.get("type") == kind]


def text_of_item(item: Fields) -> str:
    """What clients show of a message: the texts of its parts of type output_text, joined."""
    parts = (part.get("text") for part in objects(item.get("content")) if part.get("type") == TEXT)
    return "".join(part for part in parts if isinstance(part, str))


def text_of(response: Fields) -> str:
    """What SDKs call `output_text`."""
    return "".join(text_of_item(item) for item in items(response, MESSAGE))


def refusal_of(response: Fields) -> str:
    """The words with which the model refused; empty where it did not."""
    parts = [part for item in items(response, MESSAGE) for part in objects(item.get("content"))]
    said = (part.get("refusal") for part in parts if part.get("type") == "refusal")
    return "".join(part for part in said if isinstance(part, str))


def reasoning_of(response: Fields) -> str:
    """The model's thinking, or a word for it where it is encrypted; empty where there is none."""
    for item in items(response, REASONING):
        for name in ("summary", "content"):
            texts = [text for part in objects(item.get(name)) if isinstance(text := part.get("text"), str)]
            if any(text.strip() for text in texts):
                return "".join(texts)
    return "a reasoning item" if items(response, REASONING) else ""


def finish_of(response: Fields) -> Json:
    """Why the response is incomplete; None where it does not say."""
    return members(response.get("incomplete_details")).get("reason")


def events(reply: Reply) -> list[Fields]:
    """The events of a stream that are objects, in order, the terminator left out."""
    return reply.chunks


def kind_of(event: Fields) -> str:
    """An event's type; empty where it has none."""
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def terminals(reply: Reply) -> list[tuple[int, Fields]]:
    """(number, event) of each event that ends a stream."""
    return [(number, event) for number, event in enumerate(events(reply)) if kind_of(event) in TERMINAL]


def begins_again(reply: Reply, number: int) -> bool:
    """Whether another response has begun by this event, after the end of the first one."""
    ends = terminals(reply)
    after = events(reply)[ends[0][0] + 1 : number + 1] if ends else []
    return any(kind_of(event) == CREATED for event in after)


def final(reply: Reply) -> Fields:
    """The response that a reply holds: the body, or what a stream ends with; empty where there is none."""
    if reply.kind != "sse":
        return reply.object
    found = terminals(reply)
    return members(found[0][1].get("response")) if found else {}


# -- what the rest of the package asks --------------------------------------------------------------------------------


def is_success(reply: Reply) -> bool:
    """The endpoint did the work: a response with items, or a stream that builds some."""
    if reply.kind == "sse":
        return any(kind_of(event).startswith(("response.output", "response.completed")) for event in events(reply))
    return bool(output(reply.object)) and reply.object.get("status") != "failed"


def has_answer(reply: Reply) -> bool:
    """The reply has the member `output`, whatever is in it."""
    return "output" in reply.object


def has_error_field(reply: Reply) -> bool:
    """The response has an error that is not null."""
    return bool(reply.object.get("error"))


def tokens(reply: Reply) -> int:
    """Read the total that a reply's usage reports; 0 when it reports none."""
    total = members(final(reply).get("usage")).get("total_tokens")
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 <= total < _MOST else 0


def model(reply: Reply) -> str:
    """Read the model that the reply names; empty when it names none."""
    named = final(reply).get("model")
    return named if isinstance(named, str) else ""


def is_fit(id: str, entry: Json = None) -> bool:
    """Guess from a model's id, or from the listing's own words, whether it can be asked: as for chat."""
    return looks_chat_capable(id, entry) or "codex" in id.lower()


def upstream(reply: Reply) -> tuple[str, str]:
    """Read (nothing, the beginning of the id) of a reply: it changes with the server that made it."""
    id = final(reply).get("id")
    return "", id_form(id) if isinstance(id, str) else ""


def usage(reply: Reply) -> dict[str, int]:
    """Read the counts that a reply reports: prompt, completion, cached, reasoning; and answer_bytes, the length of all
    that was answered. Empty for a reply that reports no count."""
    response = final(reply)
    counts = {name: number for name, path in _COUNTS if (number := _at(response.get("usage"), path)) is not None}
    if "prompt" not in counts and "completion" not in counts:
        return {}
    return {**counts, "answer_bytes": sum(len(text.encode("utf-8", "replace")) for text in _texts(response))}


def _at(value: Json, path: tuple[str, ...]) -> int | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def _texts(response: Fields) -> Iterator[str]:
    for item in output(response):
        yield from (text for name in ("name", "arguments", "input") if isinstance(text := item.get(name), str))
        for name in ("content", "summary"):
            for part in objects(item.get(name)):
                yield from (text for key in ("text", "refusal") if isinstance(text := part.get(key), str))
