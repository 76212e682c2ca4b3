"""The fields and features that a request of the Messages API may exercise: see `request_features`."""

from itertools import pairwise
from typing import Any

from chatproof.surfaces.request_features import (
    LONG,
    MANY_MESSAGES,
    NULL,
    SCHEMAS,
    SDK,
    STREAM,
    STRICT,
    TEMPERATURE,
    TOOLS,
    Body,
    Feature,
    empty,
    field,
    objects,
    of,
    types,
    within,
)


def _messages(body: Body) -> list[Body]:
    return objects(body, "messages")


def _blocks(body: Body) -> list[Body]:
    return [block for message in _messages(body) for block in objects(message, "content")]


def _roles(body: Body) -> list[Any]:
    return [message.get("role") for message in _messages(body)]


def _block(name: str, *kinds: str) -> Feature:
    return of(name, lambda body: types(_blocks(body)) & set(kinds))


def _choice(kind: str) -> Feature:
    return of(f"tool_choice {kind}", lambda body: within(body, "tool_choice", "type") == kind)


def _is_cached(body: Body) -> bool:
    held = (*objects(body, "system"), *objects(body, "tools"), *_blocks(body))
    return "cache_control" in body or any("cache_control" in one for one in held)


def _is_of_the_endpoint(tool: Body) -> bool:
    return tool.get("type") not in (None, "custom")


def _text_size(body: Body) -> int:
    texts = [body.get("system"), *(message.get("content") for message in _messages(body))]
    texts += [block.get("text") for block in (*objects(body, "system"), *_blocks(body))]
    return sum(len(text) for text in texts if isinstance(text, str))


FEATURES = (
    TEMPERATURE,
    *map(field, ("top_p", "top_k", "stop_sequences", "metadata", "service_tier", "thinking", "output_config")),
    *map(field, ("container", "context_management", "mcp_servers")),
    STREAM,
    of("system as a text", lambda body: isinstance(body.get("system"), str)),
    of("system in blocks", lambda body: objects(body, "system")),
    of("cache_control", _is_cached),
    *TOOLS,
    *map(_choice, ("auto", "any", "tool", "none")),
    of("disable_parallel_tool_use", lambda body: within(body, "tool_choice", "disable_parallel_tool_use") is not None),
    STRICT,
    *SCHEMAS,
    of("tools of the endpoint", lambda body: any(map(_is_of_the_endpoint, objects(body, "tools")))),
    of("role assistant", lambda body: "assistant" in _roles(body)),
    _block("content in blocks", "text", "image", "document"),
    _block("images", "image"),
    _block("documents", "document"),
    _block("a call in the conversation", "tool_use"),
    _block("a tool call's result in the conversation", "tool_result"),
    _block("thinking in the conversation", "thinking", "redacted_thinking"),
    of("two messages of the same role in a row", lambda body: any(a == b for a, b in pairwise(_roles(body)))),
    of("an assistant's message at the end", lambda body: _roles(body)[-1:] == ["assistant"]),
    of(f"more than {MANY_MESSAGES} messages", lambda body: len(_messages(body)) > MANY_MESSAGES),
    of(f"more than {LONG:,} characters", lambda body: _text_size(body) > LONG),
    NULL,
    empty("messages"),
    Feature("anthropic-beta", lambda body, headers: "anthropic-beta" in headers),
    SDK,
)
