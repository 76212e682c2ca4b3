"""The user's own requests to the APIs beside chat: how files are read, what is left out, how a reply is judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.captures import Unreadable, request_bodies
from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, Context, Example
from chatproof.contract.probe import OWN
from chatproof.evidence.reply import Reply
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.own.form import form_of
from chatproof.surfaces.own.optional import without
from chatproof.surfaces.own.own_request import shape_of
from chatproof.surfaces.responses import examples as responses
from chatproof.target import profile
from tests.support import exchange, from_example

CANARY = "Zebrafish-77"
WORD = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
_FUNCTION = {"type": "function", "name": "record_word", "parameters": WORD}
_FORMAT = {"type": "json_schema", "name": "w", "schema": WORD}
ASKED: dict[str, dict[str, Any]] = {
    "responses": {
        "model": "m",
        "input": "Hello.",
        "tools": [_FUNCTION],
        "tool_choice": {"type": "function", "name": "record_word"},
        "text": {"format": _FORMAT},
        "max_output_tokens": 100,
    },
    "messages": {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello."}],
        "tools": [{"name": "record_word", "input_schema": WORD}],
        "tool_choice": {"type": "any"},
        "output_config": {"format": {"type": "json_schema", "schema": WORD}},
        "stop_sequences": ["END"],
    },
    "embeddings": {"model": "m", "input": ["one", "two"], "dimensions": 4},
}
STREAMED = {"responses": responses, "messages": messages}


def outcome(api: str, name: str, asked: dict[str, Any], example: Example) -> str:
    surface = surface_of(api)
    sent = exchange("happy", from_example(example), api=api)
    request = sent.request._replace(body=json.dumps(asked).encode())
    reply = Reply(sent._replace(probe="request.1", request=request))
    context = Context(profile.load("generic"), "m", None, {"request.1": reply}, surface)
    return surface.clauses(OWN)[f"{api}.request.{name}"].judge(reply, context).outcome


@pytest.mark.parametrize(
    ("api", "name", "example", "wanted"),
    [
        (api, clause.id.rpartition(".")[2], example, wanted)
        for api in ASKED
        for clause in surface_of(api).clauses(OWN).values()
        for wanted, held in ((HOLDS, clause.holds_on), (BROKEN, clause.breaks_on))
        for example in held
    ],
)
def test_examples(api: str, name: str, example: Example, wanted: str) -> None:
    assert outcome(api, name, ASKED[api], example) == wanted


def test_each_api_has_requests_of_its_own() -> None:
    assert set(ASKED) | {"chat"} == set(names())
    for api in names():
        assert surface_of(api).clauses(OWN) and form_of(api).is_body(ASKED.get(api, {"messages": []}))


@pytest.mark.parametrize("api", STREAMED)
def test_a_stream_is_judged_by_the_streams_own_clauses(api: str) -> None:
    made, asked = STREAMED[api], {**ASKED[api], "stream": True}
    for good in (made.STREAMED, made.CALLED):
        assert outcome(api, "readable", asked, good) == outcome(api, "content", asked, good) == HOLDS
    assert outcome(api, "calls", asked, made.CALLED) == outcome(api, "tool_choice", asked, made.CALLED) == HOLDS
    last = {"responses": "completed", "messages": "message_stop"}[api]
    assert outcome(api, "readable", asked, made.without(last)) == BROKEN
    good = surface_of(api).clauses(OWN)[f"{api}.request.answered"].holds_on[0]
    assert outcome(api, "readable", asked, good) == BROKEN, "JSON for a request that asks for a stream"


@pytest.mark.parametrize("api", STREAMED)
def test_what_was_not_asked_is_not_judged(api: str) -> None:
    plain = {n: v for n, v in ASKED[api].items() if n in ("model", "input", "messages")}
    good = surface_of(api).clauses(OWN)[f"{api}.request.content"].holds_on[0]
    for name in ("calls", "tool_choice", "schema", "cap"):
        assert outcome(api, name, plain, good) == NOT_APPLICABLE


def read(api: str, *bodies: dict[str, Any], effects: bool = False) -> list[Any]:
    return request_bodies.read("\n".join(map(json.dumps, bodies)).encode(), "own.jsonl", api=api, effects=effects)


@pytest.mark.parametrize(
    ("api", "more", "left_out", "kept"),
    [
        ("responses", {}, ("storing",), {"store": False}),
        ("responses", {"store": False}, (), {"store": False}),
        ("responses", {"store": True, "background": True}, ("storing", "background"), {"store": False}),
        ("responses", {"store": False, "tools": [{"type": "web_search"}]}, ("hosted tools",), {"store": False}),
        ("messages", {"mcp_servers": [{"url": "https://example.com"}]}, ("mcp_servers",), {}),
        ("messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ("hosted tools",), {}),
        ("messages", {"tools": [{"type": "bash_20250124", "name": "bash"}]}, (), "all"),
        ("embeddings", {"dimensions": 8}, (), "all"),
    ],
)
def test_what_acts_on_the_server_is_left_out(
    api: str, more: dict[str, Any], left_out: tuple[str, ...], kept: Any
) -> None:
    texts = form_of(api).texts
    plain = {name: value for name, value in ASKED[api].items() if name in texts}
    (own,) = read(api, {**plain, **more})
    assert own.left_out == left_out
    assert {n: v for n, v in own.value.items() if n not in texts} == (more if kept == "all" else kept)
    (whole,) = read(api, {**plain, **more}, effects=True)
    assert whole.left_out == () and whole.value == {**plain, **more}


@pytest.mark.parametrize(
    ("api", "other"), [("responses", "messages"), ("messages", "responses"), ("embeddings", "chat")]
)
def test_requests_of_another_api_are_refused_by_name(api: str, other: str) -> None:
    body = {"messages": []} if other == "chat" else {n: ASKED[other][n] for n in form_of(other).texts}
    with pytest.raises(Unreadable, match=f"--api {api}"):
        read(api, body)


LONG = "word " * 1200
CALLED: dict[str, list[dict[str, Any]]] = {
    "responses": [
        {
            "model": "m",
            "instructions": CANARY,
            "input": [
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": CANARY}]},
                {"role": "user", "content": [{"type": "input_image", "image_url": f"https://example.com/{CANARY}"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": CANARY},
                {"type": "function_call", "call_id": "c1", "name": "look_up", "arguments": f'{{"q":"{CANARY}"}}'},
                {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": CANARY}]},
                {"role": "user", "content": LONG},
                {"role": "user", "content": CANARY, "status": "completed"},
                {"role": "assistant", "content": CANARY},
            ],
            "tools": [{"type": "function", "name": "look_up", "description": CANARY, "strict": True}],
            "tool_choice": "required",
            "text": {"format": _FORMAT, "verbosity": "low"},
            "reasoning": {"effort": "low", "summary": "auto"},
            "max_output_tokens": 500,
            "metadata": {"shop": CANARY},
            "previous_response_id": "resp_1",
            "stream": True,
        }
    ],
    "messages": [
        {
            "model": "m",
            "max_tokens": 5000,
            "system": [{"type": "text", "text": CANARY, "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "data": CANARY}}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": CANARY, "signature": "s"},
                        {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"q": {"deep": CANARY}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "toolu_1",
                            "is_error": True,
                            "content": [{"type": "text", "text": CANARY}],
                        }
                    ],
                },
                {"role": "user", "content": [{"type": "text", "text": LONG}]},
                {"role": "assistant", "content": [{"type": "text", "text": ""}]},
            ],
            "tools": [{"name": "look_up", "input_schema": {"type": "object", "properties": {"q": {}}}}],
            "tool_choice": {"type": "tool", "name": "look_up", "disable_parallel_tool_use": True},
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "metadata": {"user_id": CANARY},
            "top_k": 5,
            "stream": True,
        }
    ],
    "embeddings": [
        {"input": [CANARY, "", "x" * 9000], "dimensions": 8, "user": CANARY, "encoding_format": "base64"},
        {"input": [CANARY]},
        {"input": [[1, 2], [3]]},
    ],
}


@pytest.mark.parametrize(("api", "body"), [(api, body) for api, bodies in CALLED.items() for body in bodies])
def test_each_part_can_be_left_out_and_none_shows_a_text(api: str, body: dict[str, Any]) -> None:
    parts = form_of(api).parts(body)
    assert len(parts) > 0 and len({(part.name, part.instead) for part in parts}) == len(parts)
    for part in parts:
        assert CANARY not in f"{part.name} {part.instead} {part.words}"
        assert form_of(api).is_body(without(body, [part])), part.name
        assert part.by_name or without(body, [part]) != body, part.name
    plainest = without(body, parts)
    assert form_of(api).is_body(plainest)
    texts = json.dumps({name: plainest[name] for name in form_of(api).texts})
    assert len(texts) < 400 and set(plainest) <= {"model", "max_tokens", "instructions", *form_of(api).texts}, plainest


@pytest.mark.parametrize(("api", "body"), [(api, body) for api, bodies in CALLED.items() for body in bodies])
def test_the_shape_in_a_record_has_no_name_or_text_of_the_users(api: str, body: dict[str, Any]) -> None:
    (own,) = read(api, {"model": "m", **body})
    said = json.dumps([own.row, shape_of(body), repr(own)])
    assert CANARY not in said and "look_up" not in said and "deep" not in said and '"shop' not in said


def test_a_har_of_several_apis_gives_each_its_own() -> None:
    bodies = {"chat": {"messages": []}, **{api: {n: ASKED[api][n] for n in form_of(api).texts} for api in ASKED}}
    calls = [
        {"method": "POST", "url": f"https://h/v1{surface_of(api).path}", "postData": {"text": json.dumps(body)}}
        for api, body in bodies.items()
    ]
    response = {"status": 200, "headers": [], "content": {"text": "{}"}}
    har = json.dumps({"log": {"entries": [{"request": call, "response": response} for call in calls]}}).encode()
    for number, api in enumerate(bodies, 1):
        assert [own.source for own in request_bodies.read(har, "t.har", api=api)] == [f"t.har, call {number}"]
