"""Which fields and features of the API a chat request exercises: what no request asked for, a verdict says nothing of.

Asked of bodies that were sent, not of what was planned. One row a feature; its name is for people.
"""

import json
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from chatproof.surfaces.own.tool_parts import keywords_in
from chatproof.wire.exchange import Request as Sent

Body = dict[str, Any]
_MANY_TOOLS, _MANY_MESSAGES, _LONG = 8, 20, 32_000


class Feature(NamedTuple):
    """`asked` is given a body and the names of the request's headers, lower case."""

    name: str
    asked: Callable[[Body, frozenset[str]], bool]


def _field(name: str) -> Feature:
    return Feature(name, lambda body, headers: body.get(name) is not None)


def _of(name: str, asked: Callable[[Body], object]) -> Feature:
    return Feature(name, lambda body, headers: bool(asked(body)))


def _messages(body: Body) -> list[Body]:
    found = body.get("messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _roles(body: Body) -> list[Any]:
    return [message.get("role") for message in _messages(body)]


def _parts(body: Body) -> set[Any]:
    """The types of the parts in messages whose content is an array."""
    held = [message["content"] for message in _messages(body) if isinstance(message.get("content"), list)]
    return {part.get("type") for content in held for part in content if isinstance(part, dict)}


def _tools(body: Body) -> list[Body]:
    found = body.get("tools")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _format(body: Body) -> Any:
    form = body.get("response_format")
    return form.get("type") if isinstance(form, dict) else None


def _role(role: str) -> Feature:
    return _of(f"role {role}", lambda body: role in _roles(body))


def _part(name: str, *types: str) -> Feature:
    return _of(name, lambda body: _parts(body) & set(types))


def _keyword(name: str, *keywords: str) -> Feature:
    return _of(f"{name} in a schema", lambda body: set(keywords_in(body.get("tools"))) & set(keywords))


def _text_size(body: Body) -> int:
    return sum(len(message["content"]) for message in _messages(body) if isinstance(message.get("content"), str))


FEATURES = (
    _of("temperature other than 1", lambda body: body.get("temperature") not in (None, 1)),
    *map(_field, ("top_p", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "n")),
    *map(_field, ("seed", "stop", "max_tokens", "max_completion_tokens", "user", "metadata", "store", "service_tier")),
    *map(_field, ("reasoning_effort", "verbosity", "prediction", "modalities", "web_search_options")),
    *map(_field, ("prompt_cache_key", "safety_identifier")),
    _of("stream", lambda body: body.get("stream") is True),
    _field("stream_options"),
    _of("response_format text", lambda body: _format(body) == "text"),
    _of("response_format json_object", lambda body: _format(body) == "json_object"),
    _of("response_format json_schema", lambda body: _format(body) == "json_schema"),
    _of("tools", _tools),
    _of("several tools", lambda body: len(_tools(body)) > 1),
    _of(f"more than {_MANY_TOOLS} tools", lambda body: len(_tools(body)) > _MANY_TOOLS),
    _of("tool_choice none", lambda body: body.get("tool_choice") == "none"),
    _of("tool_choice auto", lambda body: body.get("tool_choice") == "auto"),
    _of("tool_choice required", lambda body: body.get("tool_choice") == "required"),
    _of("tool_choice of one function", lambda body: isinstance(body.get("tool_choice"), dict)),
    _field("parallel_tool_calls"),
    _of("strict in a tool", lambda body: "strict" in keywords_in(body.get("tools"))),
    _keyword("anyOf, oneOf, allOf", "anyOf", "oneOf", "allOf"),
    _keyword("$ref", "$ref"),
    _keyword("enum", "enum", "const"),
    _keyword("additionalProperties", "additionalProperties"),
    _keyword(
        "format, pattern, limits", "format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems"
    ),
    _of("custom tools", lambda body: any(tool.get("type") == "custom" for tool in _tools(body))),
    _of("functions (the older format)", lambda body: body.get("functions")),
    *map(_role, ("system", "developer", "assistant", "tool")),
    _of("name in a message", lambda body: any("name" in message for message in _messages(body))),
    _part("content in parts", "text", "image_url", "input_audio", "file"),
    _part("images", "image_url"),
    _part("audio", "input_audio"),
    _part("files", "file"),
    _of("content null", lambda body: any("content" in m and m["content"] is None for m in _messages(body))),
    _of("empty content", lambda body: any(m.get("content") == "" for m in _messages(body))),
    _of("a system message after others", lambda body: {"system", "developer"} & set(_roles(body)[1:])),
    _of("two messages of one role in a row", lambda body: any(a == b != "tool" for a, b in pairwise(_roles(body)))),
    _of("an assistant's message at the end", lambda body: _roles(body)[-1:] == ["assistant"]),
    _of(f"more than {_MANY_MESSAGES} messages", lambda body: len(_messages(body)) > _MANY_MESSAGES),
    _of(f"more than {_LONG:,} characters", lambda body: _text_size(body) > _LONG),
    _of("optional fields with the value null", lambda body: any(value is None for value in body.values())),
    _of("empty optional fields", lambda body: any(v in ([], {}, "") for n, v in body.items() if n != "messages")),
    Feature("headers of an SDK", lambda body, headers: any(name.startswith("x-stainless-") for name in headers)),
)
NAMES = tuple(feature.name for feature in FEATURES)


def asked(requests: Iterable[Sent]) -> set[str]:
    """Name the features that at least one of these requests exercised."""
    found: set[str] = set()
    for request in requests:
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            headers = frozenset(name.lower() for name, _ in request.headers)
            found |= {feature.name for feature in FEATURES if feature.asked(body, headers)}
    return found


def not_asked(requests: Iterable[Sent]) -> list[str]:
    """Name the features that none of these requests exercised, in the table's order."""
    seen = asked(requests)
    return [name for name in NAMES if name not in seen]
