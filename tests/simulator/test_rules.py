"""The rules of refusal: each refuses its example and nothing else does; what OpenAI takes is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof import simulator
from chatproof.simulator import Simulator
from chatproof.simulator.chat import CHAT_PATH, respond
from chatproof.simulator.lenient import LENIENT
from chatproof.simulator.rules import RULES, first_flaw
from chatproof.simulator.rules.accepted import ACCEPTED
from chatproof.simulator.rules.fields import KNOWN
from chatproof.simulator.wire import GOOD, Asked
from tests.pace import within

from .asking import USER, ask

PLAIN: dict[str, Any] = {"model": "simulator-mini", "messages": USER}


def request(fields: dict[str, Any]) -> dict[str, Any]:
    """A plain request with other fields; `...` takes one out."""
    return {name: value for name, value in {**PLAIN, **fields}.items() if value is not ...}


def status(body: object) -> int:
    reply = respond(Asked("POST", CHAT_PATH, GOOD, json.dumps(body).encode(), 0.0, "req_" + "0" * 24))
    return reply.status


def test_a_plain_request_has_no_flaw() -> None:
    assert first_flaw(PLAIN) is None


def test_names_are_unique_and_every_row_has_a_dated_source() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert len({row.name for row in ACCEPTED}) == len(ACCEPTED)
    for rule in RULES:
        assert rule.source and len(rule.date) == 10 and rule.date.startswith("20"), rule.name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_refuses_its_example_and_no_other_does(rule: Any) -> None:
    body = request(rule.example)
    flaw = rule.find(body)
    assert flaw is not None and flaw.param == rule.param and flaw.message
    assert first_flaw(body) == flaw
    others = tuple(other for other in RULES if other is not rule)
    assert first_flaw(body, others) is None, "the rule can go: another one refuses its example"
    assert status(body) == 400


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.name)
def test_what_is_odd_and_right_is_answered(row: Any) -> None:
    body = request(row.fields)
    assert first_flaw(body) is None
    assert status(body) == 200


def test_every_known_field_has_a_rule_or_is_looked_at() -> None:
    """A field whose wrong type nobody refuses would be answered with anything in it."""
    wrong = {name: object() for name in KNOWN}
    for name in KNOWN:
        for value in (7.5, "\x00", [[]], {"\x00": [[]]}, True):
            fields = {name: value}
            if first_flaw(request(fields)) is not None:
                break
        else:
            pytest.fail(f"{name} is taken whatever it is")
    assert len(wrong) == len(KNOWN)


# -- the official client ----------------------------------------------------------------------------------------------


@pytest.fixture
def client(sim: Simulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=sim.base_url, api_key=sim.key, max_retries=0, timeout=5) as made:
        yield made


def test_the_official_client_raises_what_it_raises_at_openai(client: openai.OpenAI) -> None:
    for rule in RULES:
        body = request(rule.example)
        with pytest.raises(openai.BadRequestError) as caught:
            client.post("/chat/completions", body=body, cast_to=object)
        error = caught.value
        assert (error.status_code, error.type, error.param) == (400, "invalid_request_error", rule.param), rule.name
        assert isinstance(error.body, dict) and set(error.body) == {"message", "type", "param", "code"}


def test_the_official_client_is_answered_where_openai_answers(client: openai.OpenAI) -> None:
    for row in ACCEPTED:
        body = request(row.fields)
        if body.get("stream"):
            assert [chunk.object for chunk in client.chat.completions.create(**body)]  # type: ignore[call-overload]
        else:
            reply = client.chat.completions.create(**body)  # type: ignore[call-overload]
            assert reply.choices[0].message.role == "assistant", row.name


def test_a_tool_round_of_the_official_client_goes_through(client: openai.OpenAI) -> None:
    """The reply's message is given back as the client's own model dumps it: with every null in it."""
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    first = client.chat.completions.create(model="simulator-mini", messages=USER, tools=tools)  # type: ignore
    called = first.choices[0].message
    assert called.tool_calls
    answer = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "42"}
    talk: Any = [*USER, called.model_dump(), answer]
    assert client.chat.completions.create(model="simulator-mini", messages=talk, tools=tools).choices[0].message.content
    with pytest.raises(openai.BadRequestError, match="call_simulator_0"):
        client.chat.completions.create(model="simulator-mini", messages=talk[:2], tools=tools)


# -- as lenient as others ----------------------------------------------------------------------------------------------


def test_the_lenient_simulator_passes_over_unknown_fields_alone() -> None:
    server = simulator.start(side=LENIENT)
    other = request({"top_k": 40, "thinking": {"type": "enabled"}, "chat_template_kwargs": {}})
    assert ask(server, "POST", CHAT_PATH, other).json["choices"][0]["message"]["content"] == "pong"
    for rule in RULES:
        expected = 200 if rule.name == "unknown-field" else 400
        assert ask(server, "POST", CHAT_PATH, request(rule.example)).status == expected, rule.name
    assert ask(server, "POST", CHAT_PATH, b"[" * 100_000).status == 400
    assert ask(server, "GET", "/v1/models").status == 200
    server.stop()


# -- hostile requests -------------------------------------------------------------------------------------------------

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "function",
                    "name",
                    "arguments",
                    "tool_calls",
                    "tool_call_id",
                    "image_url",
                    "url",
                    "id",
                    "parameters",
                    "strict",
                    "properties",
                    "items",
                    "required",
                    "schema",
                    "json_schema",
                    "function_call",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), _VALUES, max_size=4), _VALUES)
def test_no_request_makes_a_rule_or_an_answer_raise(fields: dict[str, Any], message: Any) -> None:
    body = request({"messages": [*USER, message], **fields})
    for rule in RULES:
        rule.find(body)
    assert status(body) in (200, 400, 404)
    assert status(request(fields)) in (200, 400, 404)


def test_a_schema_as_deep_as_json_allows_is_looked_through(sim: Simulator) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(400):
        deep = {"type": "object", "properties": {"a": deep}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": deep, "strict": True}}]
    assert ask(sim, "POST", CHAT_PATH, request({"tools": tools})).status == 400
    tools[0]["function"]["strict"] = False  # type: ignore[index]
    assert ask(sim, "POST", CHAT_PATH, request({"tools": tools})).status == 200


def test_a_long_request_is_looked_through_in_time() -> None:
    """A megabyte of messages: each rule goes over them once."""

    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "name": "n"}] * 12_000
    with within(5):
        assert first_flaw(request({"messages": messages})) is None
