"""The parts of a request to the Messages API that another server may refuse, each with what can be sent instead."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from chatproof.surfaces.own import optional
from chatproof.surfaces.own.form import CAP
from chatproof.surfaces.own.optional import Fields
from chatproof.surfaces.own.request_part import (
    Part,
    Request,
    messages_of,
    objects,
    on_each_message,
    shown_name,
)
from chatproof.surfaces.own.tool_parts import Tools, of_tools

CAPS = ("max_tokens",)
_LONG, _SHORT = 4000, 200  # characters
_THOUGHTS = ("thinking", "redacted_thinking")
_KNOWN = ("text", "tool_use", "tool_result", *_THOUGHTS)
Block = dict[str, Any]


def _named(body: Request) -> Iterator[Block]:
    """The choice, and the calls of before."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        yield choice
    yield from (block for block in _blocks(body) if block.get("type") == "tool_use")


def _function(tool: Block) -> Block | None:
    """The tool itself, where the client runs it and describes it."""
    return tool if tool.get("type") in (None, "custom") else None


def _format(body: Request) -> Any:
    held = body.get("output_config")
    return held.get("format") if isinstance(held, dict) else None


TOOLS = Tools(_function, _named, "input_schema", _format)


def _blocks(body: Request) -> Iterator[Block]:
    """The blocks of all messages, those in results among them."""
    for message in messages_of(body):
        for block in objects(message.get("content")):
            yield block
            yield from objects(block.get("content"))


def _plainer(name: str, body: Request) -> Iterator[Part]:
    value = body[name]
    words: tuple[str, ...]
    if name in ("thinking", "output_config", "metadata"):
        yield from optional.of_members(name, body, "type", "format")
    if name == "tool_choice" and isinstance(value, dict):
        if "disable_parallel_tool_use" in value:
            words = ("disable_parallel_tool_use", "parallel")
            change = optional.drop_member(name, "disable_parallel_tool_use")
            yield Part("`disable_parallel_tool_use`", "without it", words, change)
        if value.get("type") not in (None, "auto", "none"):
            words = ("tool_choice", "choice", "thinking")
            yield Part("a forced `tool_choice`", "with auto", words, optional.put(name, {"type": "auto"}))
    if name == "system" and isinstance(value, list):
        words = ("system", "string", "array", "list", "blocks")
        yield Part("`system` in blocks", "as one text", words, _system_as_text)
    if name == "system":
        yield Part("`system`", "as text of a user's message", ("system",), _without_system)


def _system_as_text(body: Request) -> None:
    body["system"] = _text(body.get("system")) or "-"


def _without_system(body: Request) -> None:
    said, messages = _text(body.pop("system", "")), messages_of(body)
    if said and messages and messages[0].get("role") == "user":
        first = messages[0].get("content")
        more = first if isinstance(first, list) else [{"type": "text", "text": first}]
        messages[0]["content"] = [{"type": "text", "text": said}, *more]
        body["messages"] = messages


def _text(held: Any) -> str:
    texts = [held] if isinstance(held, str) else [block.get("text") for block in objects(held)]
    return "\n".join(text for text in texts if isinstance(text, str))


FIELDS = Fields(
    always=("model", "messages", "max_tokens"),
    kept=("system",),
    follows={"tools": ("tool_choice",)},
    needed=("tools",),
    caps=CAPS,
    plainer=_plainer,
)


def smallest_cap(body: Request) -> int:
    """More than the thinking's budget, or the request is refused for that."""
    thinking = body.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return CAP + (budget if isinstance(budget, int) and not isinstance(budget, bool) and budget > 0 else 0)


def parts_of(body: Request) -> list[Part]:
    """List what can be taken out of a request or put more plainly, what is missed least first."""
    has_format = isinstance(_format(body), dict)
    fields = FIELDS._replace(needed=(*FIELDS.needed, "output_config")) if has_format else FIELDS
    return [
        *optional.of_caps(fields, body, smallest_cap(body)),
        *_of_caching(body),
        *optional.of_fields(fields, body),
        *(_plainer("output_config", body) if has_format else ()),
        *of_tools(TOOLS, body),
        *_of_blocks(body),
        *_of_order(body),
        *_of_needed(fields, body),
    ]


def _of_caching(body: Request) -> Iterator[Part]:
    """Marks for the prompt's cache stand in blocks, tools and the system's blocks."""
    holders = [*_blocks(body), *objects(body.get("tools")), *objects(body.get("system"))]
    if any("cache_control" in holder for holder in holders):
        yield Part("`cache_control`", "without it", ("cache_control", "cache", "caching"), _without_caching)


def _without_caching(body: Request) -> None:
    for holder in [*_blocks(body), *objects(body.get("tools")), *objects(body.get("system"))]:
        holder.pop("cache_control", None)
    body.pop("cache_control", None)


def _of_blocks(body: Request) -> Iterator[Part]:
    blocks = list(_blocks(body))
    words: tuple[str, ...]
    members = {name for b in blocks if b.get("type") == "text" for name in b} - {"type", "text", "cache_control"}
    for member in sorted(members):
        yield Part(f"{shown_name(member)} in a block of text", "without it", (member,), _without_inner(member))
    if any(block.get("type") in _THOUGHTS for block in blocks):
        words = ("thinking", "redacted_thinking", "signature")
        yield Part(
            "thinking blocks in messages", "without them", words, _only(lambda b: b.get("type") not in _THOUGHTS)
        )
    if any(block.get("type") == "tool_result" and isinstance(block.get("content"), list) for block in blocks):
        words = ("tool_result", "content", "string", "list")
        yield Part("a tool's result in blocks", "as one text", words, _plain_results)
    if any("is_error" in block for block in blocks):
        yield Part("`is_error` in a tool's result", "without it", ("is_error",), _without_inner("is_error"))
    if any(block.get("type") == "text" and block.get("text") == "" for block in blocks):
        words = ("empty", "non-empty", "blank", "text")
        yield Part("an empty block of text", "without it", words, _only(lambda b: b.get("text") != ""))
    if any(block.get("type") not in _KNOWN for block in blocks):
        words = ("image", "document", "source", "vision", "type", "url", "file", "search_result")
        yield Part("image, document or other blocks", "without them", words, _only(_is_known), needed=True)
    for role in ("user", "assistant"):
        if any(m.get("role") == role and _are_texts(m.get("content")) for m in messages_of(body)):
            words = ("content", "string", "list", "blocks", role)
            yield Part(
                f"`content` as a list of blocks in messages of the role {role}", "as one text", words, _joined(role)
            )


def _is_known(block: Block) -> bool:
    return block.get("type") in _KNOWN


def _without_inner(member: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for block in _blocks(body):
            block.pop(member, None)

    return change


def _only(kept: Callable[[Block], bool]) -> Callable[[Request], None]:
    def change(message: Request) -> None:
        for holder in [message, *objects(message.get("content"))]:
            if isinstance(holder.get("content"), list):
                holder["content"] = [block for block in objects(holder["content"]) if kept(block)] or "-"

    return on_each_message(change)


def _plain_results(body: Request) -> None:
    for block in _blocks(body):
        if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
            block["content"] = _text(block["content"]) or "-"


def _are_texts(content: Any) -> bool:
    return isinstance(content, list) and all(block.get("type") == "text" for block in objects(content))


def _joined(role: str) -> Callable[[Request], None]:
    def change(message: Request) -> None:
        if message.get("role") == role and _are_texts(message.get("content")):
            message["content"] = _text(message["content"]) or "-"

    return on_each_message(change)


def _of_order(body: Request) -> Iterator[Part]:
    roles = [message.get("role") for message in messages_of(body)]
    words: tuple[str, ...]
    if "system" in roles:
        yield Part("the role system in `messages`", "as `system`", ("system", "role"), _system_apart)
    if any(one == other for one, other in pairwise(roles)):
        words = ("alternate", "alternating", "consecutive", "roles", "order")
        yield Part("two messages of the same role in a row", "with the last one alone", words, _last_of_each)
    if roles and roles[0] == "assistant":
        words = ("first", "user", "assistant")
        yield Part("an assistant's message first", "with a user's message before it", words, _led)
    if roles and roles[-1] == "assistant":
        words = ("last", "prefill", "assistant", "final", "end")
        yield Part("an assistant's message at the end", "with a user's message after it", words, _continued)


def _system_apart(body: Request) -> None:
    messages = messages_of(body)
    said = [_text(message.get("content")) for message in messages if message.get("role") == "system"]
    body["system"] = "\n".join(text for text in [_text(body.get("system")), *said] if text) or "-"
    body["messages"] = [message for message in messages if message.get("role") != "system"]


def _last_of_each(body: Request) -> None:
    found = messages_of(body)
    after = [message.get("role") for message in found[1:]] + [None]
    body["messages"] = [message for message, role in zip(found, after, strict=True) if message.get("role") != role]


def _led(body: Request) -> None:
    body["messages"] = [{"role": "user", "content": "-"}, *messages_of(body)]


def _continued(body: Request) -> None:
    body["messages"] = [*messages_of(body), {"role": "user", "content": "-"}]


# -- what the request is about ----------------------------------------------------------------------------------------


def _of_needed(fields: Fields, body: Request) -> Iterator[Part]:
    yield from optional.of_stream(body)
    yield from optional.of_needed(fields, body)
    found = messages_of(body)
    if sum(len(_text(message.get("content"))) for message in found) + len(_text(body.get("system"))) > _LONG:
        words = ("large", "long", "size", "context", "length", "tokens", "413", "bytes")
        yield Part("texts of this length", "with short ones", words, _shortened, needed=True)
    if len(found) > 1:
        said = "with only the last user's message"
        yield Part("the conversation before", said, (), _last_alone, needed=True)


def _shortened(body: Request) -> None:
    for holder in [*messages_of(body), *_blocks(body), *objects(body.get("system"))]:
        for name in ("content", "text"):
            if isinstance(holder.get(name), str):
                holder[name] = holder[name][:_SHORT]
    if isinstance(body.get("system"), str):
        body["system"] = body["system"][:_SHORT]


def _last_alone(body: Request) -> None:
    """The last message of the user that answers no call."""
    asked = [
        message
        for message in messages_of(body)
        if message.get("role") == "user"
        and not any(block.get("type") == "tool_result" for block in objects(message.get("content")))
    ]
    body["messages"] = asked[-1:] or [{"role": "user", "content": "-"}]
