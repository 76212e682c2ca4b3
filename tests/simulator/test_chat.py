"""The conformant API: shapes, validation, keys, models, paths."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chatproof import simulator
from chatproof.simulator import Simulator
from chatproof.simulator.chat import CHAT_PATH, MODELS, MODELS_PATH

from .asking import USER, Answer, ask, chat, raw

# -- what every answer has ----------------------------------------------------------------------------------


def test_every_answer_is_marked(sim: Simulator) -> None:
    answers = (
        chat(sim),
        chat(sim, stream=True),
        chat(sim, model="x"),
        ask(sim, "GET", MODELS_PATH, key=None),
        ask(sim, "GET", "/"),
    )
    for answer in answers:
        assert answer.headers["X-Simulator"] == "chatproof"
        assert answer.headers["X-Request-Id"].startswith("req_")
        assert answer.headers["Date"].endswith(" GMT")
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)


def test_key_is_new_for_each_start(sim: Simulator) -> None:
    other = simulator.start()
    other.stop()
    assert sim.key != other.key
    assert sim.key.startswith("sk-sim-")
    assert len(sim.key) == 47
    assert sim.key not in repr(sim)


# -- chat ---------------------------------------------------------------------------------------------------


def test_completion_has_the_full_shape(sim: Simulator) -> None:
    answer = chat(sim)
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    body = answer.json
    assert set(body) >= {"id", "object", "created", "model", "choices", "usage"}
    assert body["object"] == "chat.completion"
    assert abs(body["created"] - time.time()) < 60
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "pong", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def events(answer: Answer) -> list[Any]:
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    parts = answer.body.decode().split("\n\n")
    assert parts.pop() == ""
    assert parts.pop() == "data: [DONE]"
    return [json.loads(part.removeprefix("data: ")) for part in parts]


def test_stream(sim: Simulator) -> None:
    chunks = events(chat(sim, stream=True))
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "pong"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert not any("usage" in chunk for chunk in chunks)


def test_stream_with_usage(sim: Simulator) -> None:
    *chunks, last = events(chat(sim, stream=True, stream_options={"include_usage": True}))
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] > 0
    assert {chunk["usage"] for chunk in chunks} == {None}


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0},
        {"temperature": 2.0, "top_p": 1},
        {"temperature": None, "stream": None, "stream_options": None},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "pong?"}]}]},
        {"messages": [*USER, {"role": "assistant", "content": None, "refusal": "No."}, *USER]},
        {"messages": [{"role": "developer", "content": "x"}, *USER]},
        {"model": "simulator-large"},
    ],
)
def test_valid_requests_are_answered(sim: Simulator, changes: dict[str, object]) -> None:
    answer = chat(sim, **changes)
    assert answer.status == 200, answer.body
    assert answer.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"model": None}, "model", "invalid_type"),
        ({"model": 7}, "model", "invalid_type"),
        ({"model": ""}, "model", "invalid_type"),
        ({"model": "simulator-tts"}, "model", "model_not_supported"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "pong"}, "messages", "invalid_type"),
        ({"messages": ["pong"]}, "messages[0]", "invalid_type"),
        ({"messages": [{}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content", None),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content", "empty_array"),
        ({"messages": [{"role": "user", "content": [1]}]}, "messages[0].content[0]", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": [{}]}]},
            "messages[0].content[0].type",
            "missing_required_parameter",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        ({"messages": [{"role": "tool", "content": "1"}]}, "messages[0].tool_call_id", "missing_required_parameter"),
        ({"temperature": 2.5}, "temperature", "decimal_above_max_value"),
        ({"temperature": -0.1}, "temperature", "decimal_below_min_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"top_p": 1.5}, "top_p", "decimal_above_max_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stream_options": {}}, "stream_options", None),
        ({"stream": True, "stream_options": 1}, "stream_options", "invalid_type"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage", "invalid_type"),
    ],
)
def test_invalid_requests_are_refused(sim: Simulator, changes: dict[str, object], param: str, code: str) -> None:
    answer = chat(sim, **changes)
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert error["message"]


@pytest.mark.parametrize("field", ["model", "messages"])
def test_missing_fields_are_refused(sim: Simulator, field: str) -> None:
    body = {"model": sim.model, "messages": USER}
    del body[field]
    answer = ask(sim, "POST", CHAT_PATH, body)
    assert answer.status == 400
    assert answer.json["error"]["param"] == field
    assert answer.json["error"]["code"] == "missing_required_parameter"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"model": NaN}', b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"messages": 1} x', b'"\\ud800"'],
)
def test_what_is_no_json_object_is_refused(sim: Simulator, body: bytes) -> None:
    answer = ask(sim, "POST", CHAT_PATH, body)
    assert answer.status == 400
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_unknown_model(sim: Simulator) -> None:
    answer = chat(sim, model="no-such-model")
    assert answer.status == 404
    assert answer.json["error"]["code"] == "model_not_found"


# -- keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CHAT_PATH, MODELS_PATH, f"{MODELS_PATH}/simulator-mini"])
def test_wrong_and_missing_keys_are_refused(sim: Simulator, path: str) -> None:
    method = "POST" if path == CHAT_PATH else "GET"
    wrong, missing = "wrong-key-0123456789", ask(sim, method, path, {}, key=None)
    answer = ask(sim, method, path, {}, key=wrong)
    assert (answer.status, missing.status) == (401, 401)
    assert answer.json["error"]["code"] == "invalid_api_key"
    assert "didn't provide an API key" in missing.json["error"]["message"]
    assert answer.headers["WWW-Authenticate"] == missing.headers["WWW-Authenticate"] == "Bearer"
    assert wrong.encode() not in answer.body


def test_other_ways_to_send_a_key(sim: Simulator) -> None:
    for header, status in (
        (f"bearer {sim.key}", 200),  # a scheme's case does not matter
        (sim.key, 401),
        (f"Basic {sim.key}", 401),
        (f"Bearer {sim.key}x", 401),
        (f"Bearer {sim.key[:-1]}", 401),
        ("Bearer", 401),
    ):
        assert ask(sim, "GET", MODELS_PATH, key=None, Authorization=header).status == status
    assert ask(sim, "GET", MODELS_PATH, key=None, **{"X-API-Key": sim.key}).status == 401


def test_two_authorization_headers_are_no_key(sim: Simulator) -> None:
    head = f"GET {MODELS_PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    one = f"Authorization: Bearer {sim.key}\r\n"
    assert raw(sim, (head + one + "\r\n").encode()).startswith(b"HTTP/1.1 200 ")
    assert raw(sim, (head + one + one + "\r\n").encode()).startswith(b"HTTP/1.1 401 ")


# -- models and paths ---------------------------------------------------------------------------------------


def test_models(sim: Simulator) -> None:
    listing = ask(sim, "GET", MODELS_PATH).json
    assert listing["object"] == "list"
    assert [card["id"] for card in listing["data"]] == list(MODELS)
    assert sim.model in MODELS
    assert any("embedding" in id for id in MODELS)
    for card in listing["data"]:
        assert card["object"] == "model"
        assert ask(sim, "GET", f"{MODELS_PATH}/{card['id']}").json == card
    assert ask(sim, "GET", f"{MODELS_PATH}/simulator%2Dmini").status == 200
    assert ask(sim, "GET", f"{MODELS_PATH}/nope").json["error"]["code"] == "model_not_found"
    assert ask(sim, "GET", f"{MODELS_PATH}?limit=1").status == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/chat/completions", "/v1/v1/models", f"{CHAT_PATH}/", "/%00"])
def test_unknown_paths(sim: Simulator, path: str) -> None:
    answer = ask(sim, "GET", path)
    assert answer.status == 404
    assert answer.json["error"]["message"].startswith("Invalid URL (GET /")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", CHAT_PATH, "POST"), ("POST", MODELS_PATH, "GET, HEAD"), ("DELETE", f"{MODELS_PATH}/x", "GET, HEAD")],
)
def test_wrong_methods(sim: Simulator, method: str, path: str, allow: str) -> None:
    answer = ask(sim, method, path)
    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    assert answer.json["error"]["code"] == "method_not_supported"


def test_head_has_no_body(sim: Simulator) -> None:
    answer = ask(sim, "HEAD", MODELS_PATH)
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100
