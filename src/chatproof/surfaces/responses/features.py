"""The fields and features that a request of the Responses API may exercise: see `request_features`."""

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

_OWN_TOOLS = ("function", "custom")  # run by the client; all other kinds are run by the endpoint


def _items(body: Body) -> list[Body]:
    return objects(body, "input")


def _parts(body: Body) -> set[Any]:
    return {kind for item in _items(body) for kind in types(objects(item, "content"))}


def _item(name: str, kind: str) -> Feature:
    return of(name, lambda body: kind in types(_items(body)))


def _part(name: str, kind: str) -> Feature:
    return of(name, lambda body: kind in _parts(body))


def _role(role: str) -> Feature:
    return of(f"role {role}", lambda body: any(item.get("role") == role for item in _items(body)))


def _format(kind: str) -> Feature:
    return of(f"text.format {kind}", lambda body: within(body, "text", "format", "type") == kind)


def _text_size(body: Body) -> int:
    texts = [body.get("input"), *(item.get("content") for item in _items(body))]
    texts += [part.get("text") for item in _items(body) for part in objects(item, "content")]
    return sum(len(text) for text in texts if isinstance(text, str))


FEATURES = (
    TEMPERATURE,
    *map(field, ("top_p", "top_logprobs", "max_output_tokens", "max_tool_calls", "instructions", "metadata", "user")),
    *map(field, ("safety_identifier", "prompt_cache_key", "service_tier", "truncation", "include", "prompt")),
    of("store (the default)", lambda body: body.get("store") is not False),
    *map(field, ("previous_response_id", "conversation", "background")),
    of("reasoning.effort", lambda body: within(body, "reasoning", "effort") is not None),
    of("reasoning.summary", lambda body: within(body, "reasoning", "summary") is not None),
    of("text.verbosity", lambda body: within(body, "text", "verbosity") is not None),
    *map(_format, ("text", "json_object", "json_schema")),
    STREAM,
    field("stream_options"),
    *TOOLS,
    *CHOICES,
    field("parallel_tool_calls"),
    STRICT,
    *SCHEMAS,
    of("custom tools", lambda body: "custom" in types(objects(body, "tools"))),
    of("hosted tools", lambda body: types(objects(body, "tools")).difference(_OWN_TOOLS)),
    of("input as a text", lambda body: isinstance(body.get("input"), str)),
    of("input as a list of items", _items),
    *map(_role, ("system", "developer", "assistant")),
    of("a message without type", lambda body: any("role" in item and "type" not in item for item in _items(body))),
    _part("text in parts", "input_text"),
    _part("images", "input_image"),
    _part("files", "input_file"),
    _item("a call in the input", "function_call"),
    _item("a tool call's output in the input", "function_call_output"),
    _item("reasoning in the input", "reasoning"),
    _item("a reference to an item", "item_reference"),
    of(f"more than {MANY_MESSAGES} items", lambda body: len(_items(body)) > MANY_MESSAGES),
    of(f"more than {LONG:,} characters", lambda body: _text_size(body) > LONG),
    NULL,
    empty("input"),
    SDK,
)
