"""What a chat's message says, whoever sends it: its text, its reasoning."""

from collections.abc import Iterator

from chatproof.evidence.reply import Reply
from chatproof.surfaces.model_listing import looks_chat_capable
from chatproof.wire.strictjson import Json

_UNSEEN = (
    "".join(map(chr, (*range(33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F)))
    + "\u205f\u2060\u3000\ufeff"
)


_THINKING_TAGS = ("<think>", "<thinking>", "<thought>", "<reasoning>", "<|channel|>", "<seed:think>")
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")
# How a stream whose end is not known may have gone on: well, with an error, with what no parser reads.
ENDINGS = (
    b'data: {"id":"c1","object":"chat.completion.chunk","created":1795379441,"model":"m","choices":[{"index":0,"delta":'
    b'{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    b'data: {"error":{"message":"upstream died"}}\n\n',
    b"data: {oops\n\n",
)


def text_of(content: Json) -> str:
    """The text in a message's or delta's content: a string, or a list of parts that carry text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def is_blank(text: str) -> bool:
    """A reader sees nothing: white space and what has no width. U+0000 is all that some broken servers say."""
    return not text.strip(_UNSEEN)


def thinking_tag(text: str) -> str:
    """The tag around a model's thinking with which a text begins; empty where it begins otherwise."""
    start = text[:200].lstrip().lower()
    return next((tag for tag in _THINKING_TAGS if start.startswith(tag)), "")


def reasoning_of(message: dict[str, Json]) -> str:
    """Text of a model's thinking, under the names that providers give it."""
    for name in REASONING_FIELDS:
        found = message.get(name)
        if isinstance(found, str) and found.strip():
            return found
    details = message.get("reasoning_details")  # OpenRouter's, where it gives them alone
    for part in details[:8] if isinstance(details, list) else ():
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str) and text.strip():
            return text
    content = message.get("content")
    if isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") in ("thinking", "reasoning") for part in content
    ):
        return "thinking parts"
    return ""


def choices(reply: Reply) -> list[Json]:
    """The choices array; empty when there is none."""
    found = reply.object.get("choices")
    return found if isinstance(found, list) else []


def message(reply: Reply) -> dict[str, Json]:
    """choices[0].message; empty when there is none."""
    found = first_choice(reply.object).get("message")
    return found if isinstance(found, dict) else {}


def finish_reason(reply: Reply) -> Json:
    """choices[0].finish_reason; None when there is none."""
    return first_choice(reply.object).get("finish_reason")


def first_choice(chunk: dict[str, Json]) -> dict[str, Json]:
    """The first choice of a completion or chunk; empty when there is none."""
    listed = chunk.get("choices")
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, dict) else {}


def deltas(reply: Reply) -> list[dict[str, Json]]:
    """Every choices[0].delta that is an object. Usage chunks have no choice and Azure's first no delta."""
    found = (first_choice(chunk).get("delta") for chunk in reply.chunks)
    return [delta for delta in found if isinstance(delta, dict)]


def is_success(reply: Reply) -> bool:
    """The endpoint did the work: choices, or a stream of events that are not an error."""
    if reply.kind == "sse":
        return any(chunk.get("choices") for chunk in reply.chunks)
    return bool(choices(reply))


def has_answer(reply: Reply) -> bool:
    """The reply has choices, whatever is in them."""
    return "choices" in reply.object


def has_error_field(reply: Reply) -> bool:
    """The reply has an error at its top level that is not null."""
    return bool(reply.object.get("error"))


_LOST = ("abort", "aborted", "insufficient_system_resource")  # vLLM, DeepSeek


def has_failed(reason: Json) -> bool:
    """A finish_reason says that the server failed in the middle of the answer: error, network_error."""
    if not isinstance(reason, str):
        return False
    return reason in _LOST or "error" in reason.lower().replace("-", "_").split("_")


def is_fit(id: str, entry: Json = None) -> bool:
    """Guess whether a model of the listing can chat."""
    return looks_chat_capable(id, entry)


def tokens(reply: Reply) -> int:
    """Read the total that a reply's usage reports; 0 when it reports none."""
    total = 0
    for source in reply.chunks if reply.kind == "sse" else [reply.object]:
        # Some servers repeat the running total in every chunk.
        total = max(total, _at(source.get("usage"), ("total_tokens",)) or 0)
    return total


def model(reply: Reply) -> str:
    """Read the model that the reply names, which may be another than was asked for; empty when it names none."""
    if reply.kind == "sse":  # Azure's first chunk names none
        named = next((chunk["model"] for chunk in reply.chunks if chunk.get("model")), None)
    else:
        named = reply.object.get("model")
    return named if isinstance(named, str) else ""


def upstream(reply: Reply) -> tuple[str, str]:
    """Read (system_fingerprint, the beginning of the id) of a reply: they change with the server that made it."""
    source = next((chunk for chunk in reply.chunks if chunk.get("id")), {}) if reply.kind == "sse" else reply.object
    named, id = source.get("system_fingerprint"), source.get("id")
    return named if isinstance(named, str) else "", id_form(id) if isinstance(id, str) else ""


def id_form(id: str) -> str:
    """What is the same of all ids that one server makes: `chatcmpl-`, `gen-`; `uuid` or `number` where that is all."""
    start = next((id[: at + 1] for at, char in enumerate(id[:24]) if char in "-_:"), "")
    if start[:-1].isascii() and start[:-1].isalpha():
        return start
    if len(id) == 36 and id.count("-") == 4:
        return "uuid"
    return "number" if id.isdecimal() else "other" if id else ""


# -- what is counted, and billed --------------------------------------------------------------------------------------

_MOST = 2**53
_COUNTS = (
    ("prompt", ("prompt_tokens",)),
    ("completion", ("completion_tokens",)),
    ("cached", ("prompt_tokens_details", "cached_tokens")),
    ("reasoning", ("completion_tokens_details", "reasoning_tokens")),
)
_TEXTS = ("refusal", *REASONING_FIELDS)
_LONGEST_LIST = 1000  # choices, calls or parts that are looked at


def usage(reply: Reply) -> dict[str, int]:
    """Read the counts that a reply reports: prompt, completion, cached, reasoning, each where it stands there.

    `answer_bytes` is the length of all that was answered: text, reasoning, refusal and calls, in UTF-8. Empty for a
    reply that reports no count.
    """
    sources = reply.chunks if reply.kind == "sse" else [reply.object]
    counts: dict[str, int] = {}
    for source in sources:
        reported = source.get("usage")
        for name, path in _COUNTS if isinstance(reported, dict) else ():
            number = _at(reported, path)
            if number is not None:
                counts[name] = max(counts.get(name, 0), number)  # some servers repeat the running total in every chunk
    if "prompt" not in counts and "completion" not in counts:
        return {}
    return {**counts, "answer_bytes": sum(len(text.encode("utf-8", "replace")) for text in _texts(sources))}


def _at(value: Json, path: tuple[str, ...]) -> int | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def answers_otherwise(message: dict[str, Json]) -> bool:
    """Say whether a message, or a delta of one, asks the client to call a tool, or speaks."""
    return bool(message.get("tool_calls") or message.get("function_call") or message.get("audio"))


def _texts(sources: list[dict[str, Json]]) -> Iterator[str]:
    for source in sources:
        for choice in _members(source.get("choices")):
            for name in ("message", "delta"):
                message = choice.get(name)
                if isinstance(message, dict):
                    yield from _of_message(message)


def _of_message(message: dict[str, Json]) -> Iterator[str]:
    yield text_of(message.get("content"))
    yield from (text for name in _TEXTS if isinstance(text := message.get(name), str))
    called = message.get("function_call")
    functions = [called] if isinstance(called, dict) else []
    functions += [one for call in _members(message.get("tool_calls")) if isinstance(one := call.get("function"), dict)]
    for function in functions:
        yield from (text for name in ("name", "arguments") if isinstance(text := function.get(name), str))


def _members(value: Json) -> list[dict[str, Json]]:
    return [one for one in value[:_LONGEST_LIST] if isinstance(one, dict)] if isinstance(value, list) else []
