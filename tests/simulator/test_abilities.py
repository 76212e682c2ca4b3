"""What the simulated model does: parallel calls, arguments copied from the prompt, log probabilities that add up."""

from __future__ import annotations

import json
import math
from typing import Any

import openai
import pytest

from chatproof.simulator import Simulator

from .asking import chat
from .test_chat import events


def function(name: str, /, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TEXT = {"type": "string"}
TOOLS = [function("get_weather", city=TEXT), function("get_time", city=TEXT), function("send_mail", to=TEXT)]
BOTH = [{"role": "user", "content": 'Get the weather in "Oslo" and the time in "São Paulo".'}]


def test_each_tool_that_the_prompt_speaks_of_is_called_once(sim: Simulator) -> None:
    choice = chat(sim, messages=BOTH, tools=TOOLS, tool_choice="required").json["choices"][0]
    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert [call["function"]["name"] for call in calls] == ["get_weather", "get_time"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Oslo"}, {"city": "São Paulo"}]
    assert len({call["id"] for call in calls}) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"parallel_tool_calls": False},
        {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "get_weather"}}],
                },
            }
        },
    ],
)
def test_one_call_where_only_one_is_allowed(sim: Simulator, more: dict[str, Any]) -> None:
    calls = chat(sim, messages=BOTH, tools=TOOLS, **more).json["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["get_weather"]


def test_parallel_calls_in_a_stream_have_indexes_of_their_own(sim: Simulator) -> None:
    chunks = events(chat(sim, messages=BOTH, tools=TOOLS, stream=True))
    pieces = [p for chunk in chunks for c in chunk["choices"] for p in c["delta"].get("tool_calls") or ()]
    joined: dict[int, str] = {}
    for piece in pieces:
        joined[piece["index"]] = joined.get(piece["index"], "") + piece["function"].get("arguments", "")
    assert [json.loads(text)["city"] for text in joined.values()] == ["Oslo", "São Paulo"]
    assert sorted(joined) == [0, 1]
    assert len({piece["id"] for piece in pieces if "id" in piece}) == 2


def test_the_official_client_joins_parallel_calls(sim: Simulator) -> None:
    client = openai.OpenAI(base_url=sim.base_url, api_key=sim.key, max_retries=0)
    asked: Any = {"model": sim.model, "messages": BOTH, "tools": TOOLS}
    with client, client.chat.completions.stream(**asked) as stream:
        message = stream.get_final_completion().choices[0].message
    assert [json.loads(call.function.arguments)["city"] for call in message.tool_calls or ()] == ["Oslo", "São Paulo"]


def test_a_custom_tool_is_called_with_text(sim: Simulator) -> None:
    tools = [{"type": "custom", "custom": {"name": "shell"}}]
    messages = [{"role": "user", "content": "Use the shell: `ls -l /tmp`"}]
    (call,) = chat(sim, messages=messages, tools=tools).json["choices"][0]["message"]["tool_calls"]
    assert call["type"] == "custom" and call["custom"] == {"name": "shell", "input": "ls -l /tmp"}
    streamed = events(chat(sim, messages=messages, tools=tools, stream=True))
    pieces = [p for chunk in streamed for c in chunk["choices"] for p in c["delta"].get("tool_calls") or ()]
    assert "".join(piece["custom"]["input"] for piece in pieces) == "ls -l /tmp"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("What is magic_function(3)?", {"name": "pong", "count": 3}),
        ("Create a customer named '你好啊集团', 12 of them.", {"name": "你好啊集团", "count": 12}),
        ("Don't use the customer's name, use `a'b`; v1.5 of 2026.", {"name": "a'b", "count": 2026}),
        ('Open "https://example.com/a?b=1&c=2#d" 7 times.', {"name": "https://example.com/a?b=1&c=2#d", "count": 7}),
        ("Nothing literal.", {"name": "pong", "count": 4}),
    ],
)
def test_what_the_prompt_says_literally_comes_back(sim: Simulator, text: str, arguments: dict[str, Any]) -> None:
    tools = [function("f", name=TEXT, count={"type": "integer"})]
    (call,) = chat(sim, messages=[{"role": "user", "content": text}], tools=tools).json["choices"][0]["message"][
        "tool_calls"
    ]
    assert json.loads(call["function"]["arguments"]) == arguments


def test_a_schema_with_references_is_filled(sim: Simulator) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/a"},
            "b": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "c": {"$ref": "#/x"},
        },
        "$defs": {"a": {"type": "object", "properties": {"n": {"type": "integer"}, "more": {"$ref": "#/$defs/a"}}}},
    }
    format = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    found = json.loads(chat(sim, response_format=format).json["choices"][0]["message"]["content"])
    assert found["a"]["n"] == 4 and found["a"]["more"]["n"] == 4 and found["b"] is None and found["c"] is None


def _check(entries: list[dict[str, Any]], text: str, alternatives: int) -> None:
    assert "".join(entry["token"] for entry in entries) == text
    for entry in entries:
        listed = entry["top_logprobs"]
        assert len(listed) == alternatives
        assert bytes(entry["bytes"]).decode() == entry["token"]
        if listed:
            assert listed[0]["token"] == entry["token"] and listed[0]["logprob"] == entry["logprob"]
        numbers = [one["logprob"] for one in listed]
        assert numbers == sorted(numbers, reverse=True)
        assert len({one["token"] for one in listed}) == len(listed)
        assert sum(map(math.exp, numbers)) <= 1
    assert len({entry["logprob"] for entry in entries}) == min(len(entries), 7)


@pytest.mark.parametrize("alternatives", [0, 1, 5, 20])
def test_log_probabilities_hang_together(sim: Simulator, alternatives: int) -> None:
    asked = {"messages": [{"role": "user", "content": "Count from 1 to 12."}], "logprobs": True}
    asked["top_logprobs"] = alternatives
    choice = chat(sim, **asked).json["choices"][0]
    _check(choice["logprobs"]["content"], choice["message"]["content"], alternatives)
    chunks = [chunk["choices"][0] for chunk in events(chat(sim, stream=True, **asked))]
    streamed = [entry for one in chunks if one["logprobs"] for entry in one["logprobs"]["content"]]
    assert streamed == choice["logprobs"]["content"]
    for one in chunks:
        if one["logprobs"]:
            assert "".join(entry["token"] for entry in one["logprobs"]["content"]) == one["delta"]["content"]


def test_no_log_probabilities_unless_asked(sim: Simulator) -> None:
    assert chat(sim).json["choices"][0]["logprobs"] is None
    assert {chunk["choices"][0]["logprobs"] for chunk in events(chat(sim, stream=True))} == {None}
