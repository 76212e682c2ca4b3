"""`chatproof requests from --api`: one request of each shape of the APIs beside chat, without a word of its texts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from chatproof.captures import request_bodies
from chatproof.captures.request_shapes import Found, collect
from chatproof.captures.traffic import Traffic
from chatproof.cli.main import main
from chatproof.surfaces import surface_of
from tests.unit.test_own_requests_of_apis import CALLED, CANARY

WORDS = ("Zebrafish", "look_up", "shop", "deep", "Publican")


def har(*calls: tuple[str, dict[str, Any]]) -> bytes:
    rows = [
        {
            "request": {
                "method": "POST",
                "url": f"https://host.example/v1{surface_of(api).path}?k={CANARY}",
                "headers": [{"name": "Authorization", "value": f"Bearer {CANARY}"}],
                "postData": {"text": json.dumps(body)},
            },
            "response": {"content": {"text": CANARY}},
        }
        for api, body in calls
    ]
    return json.dumps({"log": {"entries": rows}}).encode()


def found(api: str, data: bytes) -> Found:
    return collect([("t.har", Traffic(io.BytesIO(data), api))], api)


@pytest.mark.parametrize("api", CALLED)
def test_no_word_of_a_text_name_or_id_is_left(api: str) -> None:
    made = found(api, har(*((api, {"model": "m", **body}) for body in CALLED[api])))
    assert (made.calls, len(made.shapes)) == (len(CALLED[api]), len(CALLED[api])), made.left_out
    said = json.dumps([one.body for one in made.shapes])
    assert not [word for word in WORDS if word.lower() in said.lower()]
    for one, body in zip(made.shapes, CALLED[api], strict=True):
        assert {*one.body} == {"model", *body}, "the fields are the API's, and stay"
    lines = "\n".join(json.dumps(one.body) for one in made.shapes).encode()
    read = request_bodies.read(lines, "requests.jsonl", api=api, effects=True)
    assert len(read) == len(CALLED[api]), "what comes out is what --request reads"


def test_what_the_api_defines_is_kept() -> None:
    (one,) = found("responses", har(("responses", CALLED["responses"][0]))).shapes
    body = one.body
    assert [item.get("type") or item["role"] for item in body["input"]] == [
        *("message", "user", "reasoning", "function_call", "function_call_output", "user", "user", "assistant"),
    ]
    call, result = body["input"][3], body["input"][4]
    assert call["call_id"] == result["call_id"] and call["name"] == body["tools"][0]["name"]
    assert body["text"]["format"]["type"] == "json_schema" and body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["max_output_tokens"] == 500 and body["previous_response_id"].startswith("resp_")
    (one,) = found("messages", har(("messages", CALLED["messages"][0]))).shapes
    made, result = one.body["messages"][1]["content"][1], one.body["messages"][2]["content"][0]
    assert made["id"] == result["tool_use_id"] and made["name"] == one.body["tools"][0]["name"]
    assert made["input"].keys() == one.body["tools"][0]["input_schema"]["properties"].keys()
    assert one.body["tool_choice"]["type"] == "tool" and one.body["thinking"] == CALLED["messages"][0]["thinking"]
    assert one.body["metadata"].keys() == {"user_id"}


def test_a_tool_of_the_apis_own_keeps_its_name() -> None:
    tools = [{"type": "bash_20250124", "name": "bash"}]
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": CANARY}], "tools": tools}
    (one,) = found("messages", har(("messages", body))).shapes
    assert one.body["tools"] == tools


@pytest.mark.parametrize(
    ("api", "one", "other", "shapes"),
    [
        ("responses", {"input": "one"}, {"input": "another text"}, 1),
        ("responses", {"input": "one"}, {"input": "one", "stream": True}, 2),
        ("responses", {"input": [{"role": "user", "content": "a"}]}, {"input": "a"}, 2),
        ("messages", {"messages": [{"role": "user", "content": "a"}]}, {"messages": [], "system": "s"}, 2),
        ("embeddings", {"input": ["a", "b"]}, {"input": ["cc", "dd"]}, 1),
        ("embeddings", {"input": "a"}, {"input": [1, 2]}, 2),
    ],
)
def test_shapes_are_told_apart(api: str, one: dict[str, Any], other: dict[str, Any], shapes: int) -> None:
    made = found(api, har((api, one), (api, other)))
    assert (made.calls, len(made.shapes)) == (2, shapes)


def test_arguments_and_turns_are_no_part_of_a_shape() -> None:
    def turns(number: int) -> dict[str, Any]:
        use = [{"type": "tool_use", "id": f"toolu_{number}", "name": "look_up", "input": {f"q{number}": number}}]
        done = [{"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done"}]
        pair = [{"role": "assistant", "content": use}, {"role": "user", "content": done}]
        return {"max_tokens": 9, "messages": [{"role": "user", "content": "go"}, *pair * number]}

    made = found("messages", har(("messages", turns(1)), ("messages", turns(4))))
    assert (made.calls, len(made.shapes)) == (2, 1)


def test_the_calls_of_other_apis_are_counted_with_the_option_that_takes_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "traffic.har", tmp_path / "requests.jsonl"
    chat = {"messages": [{"role": "user", "content": "a"}]}
    path.write_bytes(har(("chat", chat), ("responses", {"input": "a"}), ("responses", {"input": "b"})))
    assert main(["requests", "from", str(path), "--api", "responses", "-o", str(out)]) == 0
    said = capfd.readouterr().err
    assert "2 calls, 1 shape\n" in said and "left out: 1 of --api chat" in said
    assert f"compare A B --api responses --request {out}" in said
    assert main(["requests", "from", str(path)]) == 0
    assert "left out: 2 of --api responses" in capfd.readouterr().err
    assert main(["requests", "from", str(path), "--api", "messages"]) == 2
    assert "no request to the messages path" in capfd.readouterr().err
    assert main(["requests", "from", str(path), "--api", "mesages"]) == 2
    assert "messages" in capfd.readouterr().err
