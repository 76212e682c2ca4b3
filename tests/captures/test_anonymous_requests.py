"""No word of a request comes out of `requests from`, and the request stays what it was."""

from __future__ import annotations

import base64
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.secrets.stand_in import StandIn
from chatproof.simulator.rules import RULES, first_flaw
from chatproof.simulator.rules.accepted import ACCEPTED
from chatproof.surfaces.chat.anonymous_request import anonymous, kept_words
from chatproof.surfaces.chat.api_words import ENUMS, FIELDS
from chatproof.surfaces.chat.request_shape import Shapes, described
from tests.captures.requests_made import PIXEL, Body, called, parts, schema, tool, user
from tests.leaks.scanner import Canary, scan
from tests.pace import within


def _64(text: str) -> str:
    return base64.b64encode(text.encode() * 3).decode()


PLACES: dict[str, Callable[[str], Body]] = {
    "a user's text": lambda c: {"messages": [user(f"My secret is {c}, keep it.")]},
    "a system text": lambda c: {"messages": [{"role": "system", "content": c}, user("x")]},
    "a developer's text": lambda c: {"messages": [{"role": "developer", "content": c}, user("x")]},
    "an assistant's text": lambda c: {"messages": [user("x"), {"role": "assistant", "content": c}]},
    "a text part": lambda c: parts({"type": "text", "text": c}),
    "a tool's answer": lambda c: {"messages": [*called()["messages"][:2], {**called()["messages"][2], "content": c}]},
    "JSON in a tool's answer": lambda c: {
        "messages": [*called()["messages"][:2], {**called()["messages"][2], "content": json.dumps({c: [c, 7]}, indent=2)}]
    },
    "a refusal": lambda c: {"messages": [user("x"), {"role": "assistant", "content": None, "refusal": c}]},
    "a refusal part": lambda c: {
        "messages": [user("x"), {"role": "assistant", "content": [{"type": "refusal", "refusal": c}]}]
    },
    "reasoning": lambda c: {"messages": [user("x"), {"role": "assistant", "content": "x", "reasoning_content": c}]},
    "a message's name": lambda c: {"messages": [{**user("x"), "name": c}]},
    "a role": lambda c: {"messages": [{"role": c, "content": "x"}]},
    "a member of a message": lambda c: {"messages": [{**user("x"), c: 1, "own": {c: c}}]},
    "a content of another type": lambda c: {"messages": [{"role": "user", "content": {c: c}}]},
    "a message that is none": lambda c: {"messages": [c]},
    "a part's type": lambda c: parts({"type": c, c: c}),
    "a part that is none": lambda c: {"messages": [{"role": "user", "content": [c]}]},
    "an image's host": lambda c: parts({"type": "image_url", "image_url": {"url": f"https://{c}.example.net/a.png"}}),
    "an image's path": lambda c: parts({"type": "image_url", "image_url": {"url": f"https://x.net/{c}.png?s={c}#{c}"}}),
    "an image's link as a string": lambda c: parts({"type": "image_url", "image_url": f"https://x.net/{c}"}),
    "an image": lambda c: parts({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_64(c)}"}}),
    "an image of another kind": lambda c: parts({"type": "image_url", "image_url": {"url": f"data:{c};base64,{_64(c)}"}}),
    "an image that is no base64": lambda c: parts({"type": "image_url", "image_url": {"url": f"data:image/svg+xml,{c}"}}),
    "an image's detail": lambda c: parts({"type": "image_url", "image_url": {"url": PIXEL, "detail": c, c: c}}),
    "audio": lambda c: parts({"type": "input_audio", "input_audio": {"data": _64(c), "format": "wav"}}),
    "audio of another format": lambda c: parts({"type": "input_audio", "input_audio": {"data": _64(c), "format": c}}),
    "a file": lambda c: parts({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{_64(c)}"}}),
    "a file's name": lambda c: parts({"type": "file", "file": {"filename": f"{c}.pdf", "file_id": f"file-{c}"}}),
    "earlier audio": lambda c: {"messages": [user("x"), {"role": "assistant", "content": None, "audio": {"id": c}}]},
    "a call's id": lambda c: called(id=f"call_{c}"),
    "a call's name": lambda c: called(function={"name": c, "arguments": "{}"}),
    "arguments": lambda c: called(function={"name": "f", "arguments": json.dumps({c: {"a": [c]}})}),
    "arguments that are not JSON": lambda c: called(function={"name": "f", "arguments": f"{{'a': {c}"}),
    "a custom call": lambda c: called(type="custom", custom={"name": c, "input": c}),
    "an old call": lambda c: {
        "messages": [
            user("x"),
            {"role": "assistant", "content": None, "function_call": {"name": c, "arguments": json.dumps({"a": c})}},
            {"role": "function", "name": c, "content": c},
        ]
    },
    "a tool's name": lambda c: {"messages": [user("x")], "tools": [tool(name=c)]},
    "a tool's description": lambda c: {"messages": [user("x")], "tools": [tool(description=c)]},
    "a tool's own field": lambda c: {"messages": [user("x")], "tools": [{**tool(), c: c, "own": c}]},
    "a tool's type": lambda c: {"messages": [user("x")], "tools": [{"type": c, "server_url": f"https://{c}.net"}]},
    "a custom tool": lambda c: {
        "messages": [user("x")],
        "tools": [
            {
                "type": "custom",
                "custom": {
                    "name": c,
                    "description": c,
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": f"start: {c}"}},
                },
            }
        ],
    },
    "an old function": lambda c: {
        "messages": [user("x")],
        "functions": [{"name": c, "description": c}],
        "function_call": {"name": c},
    },
    "a choice of tool": lambda c: {
        "messages": [user("x")],
        "tools": [tool(name=c)],
        "tool_choice": {"type": "function", "function": {"name": c}},
    },
    "a choice of allowed tools": lambda c: {
        "messages": [user("x")],
        "tools": [tool(name=c)],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": c}}]},
        },
    },
    "a property": lambda c: schema(properties={c: {"type": "string"}}, required=[c]),
    "a property within": lambda c: schema(properties={"a": {"type": "object", "properties": {c: {}}, "required": [c]}}),
    "a description of a property": lambda c: schema(properties={"a": {"type": "string", "description": c, "title": c}}),
    "an enum": lambda c: schema(properties={"a": {"enum": [c, "b"], "default": c, "examples": [c, {c: c}]}}),
    "a const": lambda c: schema(properties={"a": {"const": c}}),
    "a pattern": lambda c: schema(properties={"a": {"type": "string", "pattern": f"^{c}[a-z]+$"}}),
    "a pattern with a named group": lambda c: schema(properties={"a": {"pattern": f"(?P<x{c[:20]}>{c})"}}),
    "a pattern of names": lambda c: schema(patternProperties={f"^{c}$": {"type": "string"}}),
    "a format": lambda c: schema(properties={"a": {"type": "string", "format": c, "contentMediaType": c}}),
    "a type of a property": lambda c: schema(properties={"a": {"type": c}, "b": {"type": [c, "null"]}}),
    "a definition": lambda c: schema(**{"$defs": {c: {"type": "string"}}, "properties": {"a": {"$ref": f"#/$defs/{c}"}}}),
    "a reference elsewhere": lambda c: schema(properties={"a": {"$ref": f"https://{c}.net/schema"}}),
    "a schema's id": lambda c: schema(**{"$id": f"https://x.net/{c}", "$comment": c, "$schema": f"https://x.net/{c}"}),
    "a keyword of one's own": lambda c: schema(**{f"x-{c}": {c: c}}),
    "a dependency": lambda c: schema(dependentRequired={c: [c]}, propertyOrdering=[c]),
    "a discriminator": lambda c: schema(discriminator={"propertyName": c, "mapping": {c: f"#/$defs/{c}"}}),
    "a schema's items": lambda c: schema(properties={"a": {"type": "array", "items": {"anyOf": [{"title": c}]}}}),
    "a schema that is none": lambda c: schema(properties=[c], required=c, items=c, additionalProperties=c),
    "a response format": lambda c: {
        "messages": [user("x")],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": c, "description": c, "schema": {"type": "object", "properties": {c: {}}}, c: c},
        },
    },
    "an unknown response format": lambda c: {"messages": [user("x")], "response_format": {"type": c, "schema": {c: c}}},
    "a stop sequence": lambda c: {"messages": [user("x")], "stop": [c, f"\n{c}:"]},
    "one stop sequence": lambda c: {"messages": [user("x")], "stop": c},
    "metadata": lambda c: {"messages": [user("x")], "metadata": {c: c}},
    "a user's id": lambda c: {"messages": [user("x")], "user": c, "safety_identifier": c, "prompt_cache_key": c},
    "the model": lambda c: {"messages": [user("x")], "model": f"ft:gpt-4o:{c}"},
    "a token's number": lambda c: {"messages": [user("x")], "logit_bias": {c: 5}},
    "a prediction": lambda c: {"messages": [user("x")], "prediction": {"type": "content", "content": c}},
    "a place": lambda c: {
        "messages": [user("x")],
        "web_search_options": {
            "user_location": {"type": "approximate", "approximate": {"city": c, "country": c, "timezone": c}}
        },
    },
    "a voice": lambda c: {"messages": [user("x")], "audio": {"voice": c, "format": c}, "modalities": [c]},
    "values of enums": lambda c: {
        "messages": [user("x")],
        **dict.fromkeys(("reasoning_effort", "verbosity", "service_tier", "prompt_cache_retention", "tool_choice"), c),
    },
    "values of wrong types": lambda c: {
        "messages": [user("x")],
        **dict.fromkeys(("temperature", "n", "stream", "max_tokens", "seed", "logprobs", "store", "tools", "metadata"), c),
    },
    "objects of wrong types": lambda c: {
        "messages": [user("x")],
        **{name: {c: [c]} for name in ("temperature", "stream", "stop", "user", "tools", "stream_options", "response_format")},
    },
    "a field of one's own": lambda c: {"messages": [user("x")], c: c, "own": {c: {c: [c]}}, "extra_body": {c: c}},
    "a field of other servers": lambda c: {
        "messages": [user("x")],
        "guided_json": {"properties": {c: {"description": c}}},
        "chat_template_kwargs": {c: c},
        "provider": {"order": [c]},
        "documents": [{"title": c, "text": c}],
        "thinking": {"type": c},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, Canary], dict[str, Body]]:
    """A canary for each place, and the request that came out."""
    canaries = {place: Canary(place, prefix="") for place in PLACES}
    return canaries, {place: anonymous(make(canaries[place].value)) for place, make in PLACES.items()}


@pytest.mark.parametrize("place", PLACES)
def test_a_canary_in_each_place_stays_in(place: str, made: tuple[dict[str, Canary], dict[str, Body]]) -> None:
    canary, out = made[0][place], made[1][place]
    body = PLACES[place](canary.value)
    assert scan(json.dumps(body), canary), "the scanner sees it where it is"
    assert scan(json.dumps([out, described(body), described(out)]), canary) == []
    assert kept_words(body, out) == 0
    assert Shapes().key(body)


@pytest.mark.parametrize("place", PLACES)
def test_the_shape_is_the_same_and_so_is_the_size(place: str, made: tuple[dict[str, Canary], dict[str, Body]]) -> None:
    body, out = PLACES[place](made[0][place].value), made[1][place]
    before, after = len(json.dumps(body, ensure_ascii=False)), len(json.dumps(out, ensure_ascii=False))
    assert abs(before - after) <= max(0.1 * before, 140), (before, after)
    assert list(map(type, _leaves(body))) == list(map(type, _leaves(out)))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def test_the_second_look_finds_what_was_left() -> None:
    """Else it proves nothing that it finds nothing above."""
    body = {"messages": [user("Our warehouse burned down.")]}
    assert kept_words(body, body) == 2  # words of five letters or more
    assert kept_words(body, {"messages": [user("the WAREHOUSE")]}) == 1
    assert kept_words(body, anonymous(body)) == 0


def test_names_are_replaced_consistently() -> None:
    body = {
        "messages": [
            user("x"),
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_ab12",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city":"Oslo","unit":"celsius"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_ab12", "content": "ok"},
        ],
        "tools": [
            tool(
                name="get_weather",
                strict=True,
                parameters={
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
                    "required": ["city", "unit"],
                    "additionalProperties": False,
                },
            )
        ],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    }
    out = anonymous(body)
    call = out["messages"][1]["tool_calls"][0]
    parameters = out["tools"][0]["function"]["parameters"]
    names = list(parameters["properties"])
    assert call["function"]["name"] == out["tools"][0]["function"]["name"] == out["tool_choice"]["function"]["name"]
    assert call["id"] == out["messages"][2]["tool_call_id"] and call["id"].startswith("call_")
    assert list(json.loads(call["function"]["arguments"])) == names == parameters["required"]
    assert json.loads(call["function"]["arguments"])[names[1]] == parameters["properties"][names[1]]["enum"][0]
    assert len(set(parameters["properties"][names[1]]["enum"])) == 2
    assert ", " not in call["function"]["arguments"]
    assert first_flaw({"model": "m", **body}) is None and first_flaw({"model": "m", **out}) is None


def test_short_names_stay_apart() -> None:
    names = [chr(ord("a") + number) for number in range(26)]
    out = anonymous(schema(properties={name: {} for name in names}, required=names))
    parameters = out["tools"][0]["function"]["parameters"]
    assert len(set(parameters["properties"])) == 26 and list(parameters["properties"]) == parameters["required"]


def test_what_is_the_apis_is_kept() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "developer", "content": "x"}, *parts({"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}})["messages"]],
        "temperature": 0.7,
        "max_completion_tokens": 512,
        "n": 2,
        "stream": True,
        "stream_options": {"include_usage": True},
        "reasoning_effort": "high",
        "service_tier": "flex",
        "top_k": 40,
        "chat_template_kwargs": {"enable_thinking": False},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "parallel_tool_calls": False,
        "response_format": {"type": "json_object"},
        "tools": [tool(parameters={
            "type": "object",
            "properties": {"a": {"type": ["string", "null"], "format": "date-time", "minLength": 2, "maxLength": 9}},
            "additionalProperties": False,
        })],
    }  # fmt: skip
    out = anonymous(body)
    for field in set(body) - {"model", "messages", "tools"}:
        assert out[field] == body[field], field
    assert [message["role"] for message in out["messages"]] == ["developer", "user"]
    assert (
        out["messages"][1]["content"][1]
        == parts({"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}})["messages"][0]["content"][1]
    )
    (kept,) = out["tools"][0]["function"]["parameters"]["properties"].values()
    assert kept == body["tools"][0]["function"]["parameters"]["properties"]["a"]  # type: ignore[index]


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.name)
def test_what_openai_takes_it_takes_without_its_texts(row: Any) -> None:
    body = {"model": "m", "messages": [user("x")], **row.fields}
    assert first_flaw(body) is None and first_flaw(anonymous(body)) is None
    own = any(name not in FIELDS for message in body["messages"] for name in message)
    assert own or Shapes().key(body) == Shapes().key(anonymous(body))


def refused(rule: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [user("x")], **rule.example}


# An example may leave a field out (`...`), or have no list of messages: such a body is no chat request, and is left out.
REFUSED = [rule for rule in RULES if ... not in (body := refused(rule)).values() and isinstance(body["messages"], list)]


@pytest.mark.parametrize("rule", REFUSED, ids=lambda rule: rule.name)
def test_what_openai_refuses_it_refuses_without_its_texts(rule: Any) -> None:
    body = refused(rule)
    before, after = first_flaw(body), first_flaw(anonymous(body))
    assert before is not None and after is not None
    assert after.code == before.code


def test_every_field_and_enum_of_the_reference_is_known() -> None:
    """Else it would be taken for the user's own, and the request would ask for another thing."""
    schemas = json.loads((Path(__file__).parents[1] / "data" / "openai-chat.schemas.json").read_text())["schemas"]
    seen, waiting = set[str](), [schemas["CreateChatCompletionRequest"]]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in seen:
                seen.add(name)
                waiting.append(schemas[name])
            properties = one.get("properties")
            for field, held in properties.items() if isinstance(properties, dict) else ():
                assert field in FIELDS, field
                assert set(held.get("enum", ())) <= ENUMS.get(field, set()), field
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    assert len(seen) > 30


def test_json_mode_keeps_the_word_that_servers_look_for() -> None:
    body = {"messages": [user("Answer in JSON, please: warehouse.")], "response_format": {"type": "json_object"}}
    assert "JSON" in anonymous(body)["messages"][0]["content"] and kept_words(body, anonymous(body)) == 0
    del body["response_format"]
    assert "JSON" not in anonymous(body)["messages"][0]["content"]


def test_a_text_of_every_short_word_does_not_hang() -> None:
    consonants = "bcdfghjklmnpqrstvwxz"
    text = " ".join(a + b + c for a in consonants for b in consonants for c in consonants)
    with within(10):
        assert len(StandIn(text).text(text)) == len(text)
        names = {chr(code): {} for code in range(0x4E00, 0x4E00 + 20_000)}
        out = anonymous(schema(properties=names))["tools"][0]["function"]["parameters"]["properties"]
    assert len(out) == 20_000


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"])
def test_a_file_is_one_of_its_kind_and_size(kind: str) -> None:
    marks = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}
    link = f"data:{kind};base64," + base64.b64encode(os.urandom(3000)).decode()
    out = anonymous(parts({"type": "image_url", "image_url": {"url": link}}))
    made = out["messages"][0]["content"][1]["image_url"]["url"]
    head, _, rest = made.partition(",")
    assert head == f"data:{kind};base64" and len(made) == len(link)
    assert base64.b64decode(rest, validate=True).startswith(marks.get(kind, b"%PDF"))


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, with 42 numbers; and Signs!",
        "Многие слова на русском",
        "這是一個測試 一些文字",
        "日本語のテキストとカタカナ",
        "한국어 문장입니다",
        "שלום עולם",
        "नमस्ते दुनिया",
        "naïve Straße CAFÉ",
        "👩‍🚀 🚀",
        "  spaces\n\tand\r\nlines  ",
    ],
)
def test_a_text_is_as_long_and_in_the_same_script(text: str) -> None:
    out = StandIn(text).text(text)
    assert len(out) == len(text) and (out != text or not re.search(r"\w", text))
    assert [c.isspace() for c in out] == [c.isspace() for c in text]
    for old, new in zip(text, out, strict=True):
        if old.isalpha():
            assert new.isalpha() and _script(old) == _script(new), (old, new)
            assert old.isupper() == new.isupper()


def _script(char: str) -> str:
    name = unicodedata.name(char).split()[0]
    return "CJK" if name in ("CJK", "HIRAGANA", "KATAKANA") and ord(char) >= 0x3100 else name


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_keeps_its_length_and_loses_its_words(text: str) -> None:
    out = StandIn(text).text(text)
    assert len(out) == len(text)
    for word in re.findall(r"[a-z]{4,}", text.lower()):
        assert word not in re.findall(r"[a-z]{4,}", out.lower())
