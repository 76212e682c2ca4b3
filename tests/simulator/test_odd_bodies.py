"""Whatever a client sends, the simulator replies: an exception would drop the connection, as a fault of the network."""

from __future__ import annotations

import copy
import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chatproof.simulator import chat, embeddings, messages, responses
from chatproof.simulator.answers import Remembered
from chatproof.simulator.server import LOOPBACK, Server
from chatproof.simulator.wire import GOOD, Asked

ODD: tuple[Any, ...] = (None, True, -1, 1.5, "x", [], {}, [None], ["x"], [{}], {"type": "x"}, {"type": "function"}, {"type": "allowed_tools"})  # fmt: skip
_SCHEMA = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}, "minItems": 2}}}
_TOOL = {"type": "function", "function": {"name": "f", "parameters": _SCHEMA}}
_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT = {
    "model": chat.MODEL, "tools": [_TOOL], "tool_choice": "auto", "stop": ["x"], "max_tokens": 5, "n": 2, "logprobs": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": _SCHEMA}}, "user": "u",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]},
                 {"role": "assistant", "content": None, "tool_calls": [_CALL]},
                 {"role": "tool", "tool_call_id": "c", "content": "r"}],
}  # fmt: skip
MESSAGES = {
    "model": chat.MODEL, "max_tokens": 50, "stop_sequences": ["x"], "thinking": {"type": "disabled"}, "temperature": 1,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "tools": [{"name": "f", "input_schema": _SCHEMA}], "tool_choice": {"type": "tool", "name": "f"},
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]},
                 {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]}],
}  # fmt: skip
RESPONSES = {
    "model": chat.MODEL, "instructions": "i", "store": False, "include": [], "max_output_tokens": 50, "top_p": 1,
    "tools": [{"type": "function", "name": "f", "parameters": _SCHEMA}], "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "x", "schema": _SCHEMA}},
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
              {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
              {"type": "function_call_output", "call_id": "c", "output": "r"}],
}  # fmt: skip
EMBEDDINGS = {"model": embeddings.MODEL, "input": ["a", [1]], "encoding_format": "float", "dimensions": 8}
SIDES = {
    "chat": (chat.respond, chat.CHAT_PATH, CHAT),
    "messages": (messages.respond, messages.PATH, MESSAGES),
    "responses": (responses.respond, responses.PATH, RESPONSES),
    "embeddings": (embeddings.respond, embeddings.PATH, EMBEDDINGS),
}


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    for step in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[step], (*here, step))


def with_value(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    made = copy.deepcopy(body)
    inside = made
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return made


def asked(path: str, body: Any) -> Asked:
    data = json.dumps(body).encode()
    return Asked(
        "POST", path, GOOD, data, time.time(), "req_" + "0" * 24, media="application/json", api_version="2023-06-01"
    )


@pytest.mark.parametrize("api", SIDES)
def test_any_value_in_any_place_is_answered_or_refused(api: str) -> None:
    respond, path, body = SIDES[api]
    assert respond(asked(path, body)).status == 200
    for place in places(body):
        for odd in ODD:
            for stream in (False, True) if place[:1] in (("tool_choice",), ("text",), ("thinking",)) else (False,):
                made = with_value(body, place, odd)
                if isinstance(made, dict) and stream:
                    made["stream"] = True
                assert respond(asked(path, made)).status in (200, 400, 404), (place, odd)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}, ["g"]),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}, ["f"]),
        ({"type": "function", "name": "g"}, ["g"]),
        ({"type": "web_search"}, ["f"]),
    ],
)
def test_a_choice_of_tools_in_the_form_of_responses(choice: dict[str, Any], names: list[str]) -> None:
    tools = [{"type": "function", "name": name, "parameters": _SCHEMA} for name in "fg"] + [{"type": "web_search"}]
    body = {"model": chat.MODEL, "input": "Hello.", "tools": tools, "tool_choice": choice, "parallel_tool_calls": False}
    reply = responses.respond(asked(responses.PATH, body))
    assert reply.status == 200
    assert [item["name"] for item in json.loads(reply.body)["output"]] == names
    refused = responses.respond(asked(responses.PATH, {**body, "tool_choice": {"type": "function", "name": "none"}}))
    assert refused.status == 400 and json.loads(refused.body)["error"]["param"] == "tool_choice"


def test_a_failure_of_the_simulator_says_whose_it_is() -> None:
    def broken(asked: Asked) -> Any:
        raise KeyError("a bug of ours")

    server = Server(broken, "key")
    try:
        connection = http.client.HTTPConnection(LOOPBACK, server.port, timeout=10)
        for _ in range(2):
            connection.request("POST", "/v1/chat/completions", b"{}")
            reply = connection.getresponse()
            said = json.loads(reply.read())["error"]
            assert (reply.status, said["code"]) == (500, "simulator_failed") and "KeyError" in said["message"]
        connection.close()
    finally:
        server.stop()


def test_what_a_server_remembers_is_bounded_whatever_threads_ask() -> None:
    kept = Remembered[int](8)

    def use(first: int) -> None:
        for number in range(first, first + 2000):
            kept.keep(f"k{number}", number)
            assert kept.get(f"k{number}") in (number, None)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(use, 10_000 * number) for number in range(6)]:
            done.result()
    assert len(kept._kept) == 8
