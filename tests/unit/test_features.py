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
from chatproof.surfaces.chat.features import FEATURES, NAMES, not_asked
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
    "two messages of one role in a row": talk("user", "user"),
    "an assistant's message at the end": talk("user", "assistant"),
    "more than 20 messages": talk(*["user"] * 21),
    "more than 32,000 characters": {"messages": [{"role": "user", "content": "x" * 32_001}]},
    "optional fields with the value null": {"stop": None},
    "empty optional fields": {"tools": []},
}


def missing(body: dict[str, Any], *headers: tuple[str, str]) -> set[str]:
    sent = request("happy")._replace(body=json.dumps({"model": "m", "messages": SAY, **body}).encode(), headers=headers)
    return set(not_asked([sent]))


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_is_missed_until_a_request_has_it(name: str) -> None:
    assert name in missing({})
    if name == "headers of an SDK":
        assert name not in missing({}, ("X-Stainless-Lang", "python"))
    else:
        assert name not in missing(ASKED[name])


def test_each_feature_has_its_example_and_its_own_name() -> None:
    assert {*ASKED, "headers of an SDK"} == set(NAMES) and len(NAMES) == len(FEATURES)


def test_a_default_is_no_exercise() -> None:
    assert missing({"temperature": 1, "stream": False, "seed": None}) >= {"temperature other than 1", "stream", "seed"}


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
    assert made["not_asked"] == list(NAMES)
