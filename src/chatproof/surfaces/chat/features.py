"""The fields and features that a chat request may exercise: see `request_features`."""

from itertools import pairwise
from typing import Any

from chatproof.surfaces.request_features import (
    CHOICES,
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


def _roles(body: Body) -> list[Any]:
    return [message.get("role") for message in _messages(body)]


def _parts(body: Body) -> set[Any]:
    """The types of the parts in messages whose content is an array."""
    return {kind for message in _messages(body) for kind in types(objects(message, "content"))}


def _format(kind: str) -> Feature:
    return of(f"response_format {kind}", lambda body: within(body, "response_format", "type") == kind)


def _role(role: str) -> Feature:
    return of(f"role {role}", lambda body: role in _roles(body))


def _part(name: str, *kinds: str) -> Feature:
    return of(name, lambda body: _parts(body) & set(kinds))


def _text_size(body: Body) -> int:
    return sum(len(message["content"]) for message in _messages(body) if isinstance(message.get("content"), str))


FEATURES = (
    TEMPERATURE,
    *map(field, ("top_p", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "n")),
    *map(field, ("seed", "stop", "max_tokens", "max_completion_tokens", "user", "metadata", "store", "service_tier")),
    *map(field, ("reasoning_effort", "verbosity", "prediction", "modalities", "web_search_options")),
    *map(field, ("prompt_cache_key", "safety_identifier")),
    STREAM,
    field("stream_options"),
    *map(_format, ("text", "json_object", "json_schema")),
    *TOOLS,
    *CHOICES,
    field("parallel_tool_calls"),
    STRICT,
    *SCHEMAS,
    of("custom tools", lambda body: "custom" in types(objects(body, "tools"))),
    of("functions (the older format)", lambda body: body.get("functions")),
    *map(_role, ("system", "developer", "assistant", "tool")),
    of("name in a message", lambda body: any("name" in message for message in _messages(body))),
    _part("content in parts", "text", "image_url", "input_audio", "file"),
    _part("images", "image_url"),
    _part("audio", "input_audio"),
    _part("files", "file"),
    of("content null", lambda body: any("content" in m and m["content"] is None for m in _messages(body))),
    of("empty content", lambda body: any(m.get("content") == "" for m in _messages(body))),
    of("a system message after others", lambda body: any(role in ("system", "developer") for role in _roles(body)[1:])),
    of("two messages of the same role in a row", lambda body: any(a == b != "tool" for a, b in pairwise(_roles(body)))),
    of("an assistant's message at the end", lambda body: _roles(body)[-1:] == ["assistant"]),
    of(f"more than {MANY_MESSAGES} messages", lambda body: len(_messages(body)) > MANY_MESSAGES),
    of(f"more than {LONG:,} characters", lambda body: _text_size(body) > LONG),
    NULL,
    empty("messages"),
    SDK,
)
