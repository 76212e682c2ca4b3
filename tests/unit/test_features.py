"""What no request exercised is said: computed from what was sent and answered, and gone when a request asks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof import Secret, Target, simulator
from chatproof.analysis.comparison import document
from chatproof.captures import request_bodies
from chatproof.reporters import Style
from chatproof.reporters.comparison import as_markdown, as_text
from chatproof.reporters.markdown import cell
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.surfaces import request_features, surface_of
from chatproof.surfaces.chat import features as chat
from chatproof.surfaces.embeddings import features as embeddings_features
from chatproof.surfaces.messages import features as messages_features
from chatproof.surfaces.responses import features as responses_features
from chatproof.target.target import check
from tests.support import request

SAY = [{"role": "user", "content": "Hello."}]
CALL = {"role": "assistant", "content": None, "tool_calls": []}


def tool(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": schema, **more}}


def part(kind: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": kind}]}]}


def talk(*roles: str) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": "x"} for role in roles]}


ASKED: dict[str, dict[str, Any]] = {
    "temperature other than 1": {"temperature": 0.2},
    **{n: {n: 0.5} for n in ("top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "n", "seed")},
    **{n: {n: {"a": 1}} for n in ("logit_bias", "metadata", "prediction", "web_search_options", "stream_options")},
    **{n: {n: True} for n in ("logprobs", "store", "stream", "parallel_tool_calls")},
    **{n: {n: "x"} for n in ("stop", "user", "service_tier", "reasoning_effort", "verbosity", "prompt_cache_key")},
    **{n: {n: 9} for n in ("max_tokens", "max_completion_tokens")},
    "safety_identifier": {"safety_identifier": "x"},
    "modalities": {"modalities": ["text"]},
    **{f"response_format {n}": {"response_format": {"type": n}} for n in ("text", "json_object", "json_schema")},
    "tools": {"tools": [tool({})]},
    "several tools": {"tools": [tool({})] * 2},
    "more than 8 tools": {"tools": [tool({})] * 9},
    **{f"tool_choice {n}": {"tool_choice": n} for n in ("none", "auto", "required")},
    "tool_choice of one function": {"tool_choice": {"type": "function"}},
    "strict in a tool": {"tools": [tool({}, strict=True)]},
    "anyOf, oneOf, allOf in a schema": {"tools": [tool({"anyOf": []})]},
    "$ref in a schema": {"tools": [tool({"properties": {"a": {"$ref": "#"}}})]},
    "enum in a schema": {"tools": [tool({"properties": {"a": {"enum": ["b"]}}})]},
    "additionalProperties in a schema": {"tools": [tool({"additionalProperties": False})]},
    "format, pattern, limits in a schema": {"tools": [tool({"properties": {"a": {"format": "uri"}}})]},
    "custom tools": {"tools": [{"type": "custom"}]},
    "functions (the older format)": {"functions": [{}]},
    **{f"role {role}": talk("user", role) for role in ("system", "developer", "assistant", "tool")},
    "name in a message": {"messages": [{"role": "user", "name": "a", "content": "x"}]},
    "content in parts": part("text"),
    "images": part("image_url"),
    "audio": part("input_audio"),
    "files": part("file"),
    "content null": {"messages": [CALL]},
    "empty content": {"messages": [{"role": "assistant", "content": ""}]},
    "a system message after others": talk("user", "system"),
    "two messages of the same role in a row": talk("user", "user"),
    "an assistant's message at the end": talk("user", "assistant"),
    "more than 20 messages": talk(*["user"] * 21),
    "more than 32,000 characters": {"messages": [{"role": "user", "content": "x" * 32_001}]},
    "optional fields with the value null": {"stop": None},
    "empty optional fields": {"tools": []},
}


RESPONSES: dict[str, dict[str, Any]] = {
    "temperature other than 1": {"temperature": 0.2},
    **{n: {n: 5} for n in ("top_p", "top_logprobs", "max_output_tokens", "max_tool_calls")},
    **{n: {n: "x"} for n in ("instructions", "metadata", "user", "safety_identifier", "prompt_cache_key")},
    **{
        n: {n: "x"} for n in ("service_tier", "truncation", "include", "prompt", "previous_response_id", "conversation")
    },
    **{n: {n: True} for n in ("background", "stream", "parallel_tool_calls")},
    "store (the default)": {"store": True},
    "reasoning.effort": {"reasoning": {"effort": "low"}},
    "reasoning.summary": {"reasoning": {"summary": "auto"}},
    "text.verbosity": {"text": {"verbosity": "low"}},
    **{f"text.format {n}": {"text": {"format": {"type": n}}} for n in ("text", "json_object", "json_schema")},
    "stream_options": {"stream_options": {}},
    "tools": {"tools": [{"type": "function"}]},
    "several tools": {"tools": [{}] * 2},
    "more than 8 tools": {"tools": [{}] * 9},
    **{f"tool_choice {n}": {"tool_choice": n} for n in ("none", "auto", "required")},
    "tool_choice of one function": {"tool_choice": {"type": "function"}},
    "strict in a tool": {"tools": [{"strict": True}]},
    "custom tools": {"tools": [{"type": "custom"}]},
    "hosted tools": {"tools": [{"type": "web_search"}]},
    "input as a text": {"input": "x"},
    "input as a list of items": {"input": [{"type": "item_reference"}]},
    **{f"role {n}": {"input": [{"role": n}]} for n in ("system", "developer", "assistant")},
    "a message without type": {"input": [{"role": "user"}]},
    "text in parts": {"input": [{"content": [{"type": "input_text"}]}]},
    "images": {"input": [{"content": [{"type": "input_image"}]}]},
    "files": {"input": [{"content": [{"type": "input_file"}]}]},
    "a call in the input": {"input": [{"type": "function_call"}]},
    "a tool call's output in the input": {"input": [{"type": "function_call_output"}]},
    "reasoning in the input": {"input": [{"type": "reasoning"}]},
    "a reference to an item": {"input": [{"type": "item_reference"}]},
    "more than 20 items": {"input": [{}] * 21},
    "more than 32,000 characters": {"input": [{"content": [{"text": "x" * 32_001}]}]},
}
MESSAGES: dict[str, dict[str, Any]] = {
    "temperature other than 1": {"temperature": 0.2},
    **{n: {n: 5} for n in ("top_p", "top_k", "stop_sequences", "metadata", "service_tier", "thinking")},
    **{n: {n: {"a": 1}} for n in ("output_config", "container", "context_management", "mcp_servers")},
    "stream": {"stream": True},
    "system as a text": {"system": "x"},
    "system in blocks": {"system": [{"text": "x"}]},
    "cache_control": {"system": [{"text": "x", "cache_control": {}}]},
    "tools": {"tools": [{"name": "f"}]},
    "several tools": {"tools": [{}] * 2},
    "more than 8 tools": {"tools": [{}] * 9},
    **{f"tool_choice {n}": {"tool_choice": {"type": n}} for n in ("auto", "any", "tool", "none")},
    "disable_parallel_tool_use": {"tool_choice": {"disable_parallel_tool_use": True}},
    "strict in a tool": {"tools": [{"strict": True}]},
    "tools of the endpoint": {"tools": [{"type": "web_search_20250305"}]},
    "role assistant": talk("user", "assistant"),
    "content in blocks": part("text"),
    "images": part("image"),
    "documents": part("document"),
    "a call in the conversation": part("tool_use"),
    "a tool call's result in the conversation": part("tool_result"),
    "thinking in the conversation": part("redacted_thinking"),
    "two messages of the same role in a row": talk("user", "user"),
    "an assistant's message at the end": talk("user", "assistant"),
    "more than 20 messages": talk(*["user"] * 21),
    "more than 32,000 characters": {"system": "x" * 16_001, "messages": [{"content": [{"text": "x" * 16_000}]}]},
}
EMBEDDINGS: dict[str, dict[str, Any]] = {
    **{f"encoding_format {n}": {"encoding_format": n} for n in ("float", "base64")},
    "no encoding_format": {"encoding_format": None},
    "dimensions": {"dimensions": 256},
    "user": {"user": "x"},
    "one text": {"input": "x"},
    "a list of texts": {"input": ["x"]},
    "tokens": {"input": [1]},
    "lists of tokens": {"input": [[1]]},
    "more than 100 inputs": {"input": ["x"] * 101},
    "a text of more than 8,000 characters": {"input": ["x" * 8_001]},
    "more than 32,000 characters": {"input": ["x" * 8_000] * 5},
    "characters beyond ASCII": {"input": "é"},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "anyOf, oneOf, allOf": {"anyOf": []},
    "$ref": {"properties": {"a": {"$ref": "#"}}},
    "enum": {"properties": {"a": {"enum": ["b"]}}},
    "additionalProperties": {"additionalProperties": False},
    "format, pattern, limits": {"properties": {"a": {"format": "uri"}}},
}
for table, member in ((RESPONSES, "parameters"), (MESSAGES, "input_schema")):
    table |= {f"{name} in a schema": {"tools": [{member: schema}]} for name, schema in SCHEMAS.items()}
for table in (RESPONSES, MESSAGES, EMBEDDINGS):
    table["optional fields with the value null"] = {"user": None}
for table in (RESPONSES, MESSAGES):
    table["empty optional fields"] = {"tools": []}

BY_HEADER = {"headers of an SDK": "X-Stainless-Lang", "anthropic-beta": "Anthropic-Beta"}
PLAIN: dict[str, dict[str, Any]] = {
    "chat": {"messages": SAY},
    "responses": {"store": False},
    "messages": {"messages": SAY},
    "embeddings": {"encoding_format": "x"},
}
TABLES = {
    "chat": (chat.FEATURES, ASKED),
    "responses": (responses_features.FEATURES, RESPONSES),
    "messages": (messages_features.FEATURES, MESSAGES),
    "embeddings": (embeddings_features.FEATURES, EMBEDDINGS),
}
ROWS = [(api, feature.name) for api, (features, _) in TABLES.items() for feature in features]
NAMES = [name for api, name in ROWS if api == "chat"]


def missing(api: str, body: dict[str, Any], *headers: tuple[str, str]) -> set[str]:
    whole = json.dumps({"model": "m", **PLAIN[api], **body}).encode()
    sent = request("happy")._replace(body=whole, headers=headers)
    return set(request_features.not_asked(TABLES[api][0], [sent]))


@pytest.mark.parametrize(("api", "name"), ROWS)
def test_a_feature_is_missed_until_a_request_has_it(api: str, name: str) -> None:
    assert name in missing(api, {})
    if name in BY_HEADER:
        assert name not in missing(api, {}, (BY_HEADER[name], "x"))
    else:
        assert name not in missing(api, TABLES[api][1][name])


@pytest.mark.parametrize("api", TABLES)
def test_each_feature_has_its_example_and_its_own_name(api: str) -> None:
    features, examples = TABLES[api]
    names = [feature.name for feature in features]
    assert {*examples} == set(names) - set(BY_HEADER) and len(names) == len(set(names))


def test_a_default_is_no_exercise() -> None:
    sent = {"temperature": 1, "stream": False, "seed": None}
    assert missing("chat", sent) >= {"temperature other than 1", "stream", "seed"}


@pytest.mark.parametrize("api", TABLES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"input":5,"messages":{},"tools":"x","text":[],"system":7}',
        b'{"text":{"format":"json"},"reasoning":[],"tool_choice":[{}],"response_format":{"type":{}},"stop":{}}',
        b'{"messages":[{"role":{}},{"role":[]},{"content":[{"type":{}},7]}],"input":[{"role":[],"type":{}}],"tools":[{"type":[]}]}',
        b'{"text":{"format":["json_schema"]},"input":[[],{},null,[[]]],"system":[{"cache_control":1},[]],"user":{}}',
    ],
)
def test_a_body_of_any_form_is_read(api: str, body: bytes) -> None:
    named = surface_of(api).not_asked
    assert named is not None and len(named([request("happy")._replace(body=body)])) > 5


def runs(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    started = simulator.start()
    target = Target(started.base_url, model=started.model, key=Secret(started.key), timeout=5.0)
    text = "\n".join(map(json.dumps, bodies)).encode()
    settings = Settings(unasked=True, requests=tuple(request_bodies.read(text, "t")) if bodies else ())
    try:
        return [run(check(target), settings, environ={}).document for _ in "AB"]
    finally:
        started.stop()


def test_a_request_of_ones_own_takes_lines_away_and_a_go_ends_with_the_rest() -> None:
    before = document.build(runs([]), frozenset(), "2026-11-28T00:00:00.000Z")
    more = [{"model": "m", "messages": SAY, "temperature": 0.2, "user": "u"}]
    after = document.build(runs(more), frozenset(), "2026-11-28T00:00:00.000Z")
    assert set(before["not_asked"]) - set(after["not_asked"]) == {"temperature other than 1", "user"}
    style = Style(color=False, width=100)
    for made in (before, after):
        end = " ".join(as_text.render(made, style).split()).rpartition("not asked ")[2]
        assert end == "; ".join(made["not_asked"])
        assert "; ".join(map(cell, made["not_asked"])) in as_markdown.render(made, style)


def test_what_was_not_answered_was_not_asked() -> None:
    started = simulator.start("connection-refused")
    target = Target(started.base_url, model=started.model, key=Secret(started.key), timeout=2.0)
    try:
        made = run(check(target), Settings(unasked=True), environ={}).document
    finally:
        started.stop()
    assert made["not_asked"] == NAMES
