"""Requests that look odd and are answered: what a rule must never refuse. One row each, as with the rules."""

from typing import NamedTuple

from chatproof.simulator.answers import Body
from chatproof.simulator.rules.calls import CALL, RESULT, called
from chatproof.simulator.rules.fields import KNOWN
from chatproof.simulator.rules.messages import USER, talk
from chatproof.simulator.rules.rule import SCHEMA
from chatproof.simulator.rules.tools import tool

_CLOSED = {
    "type": "object",
    "properties": {"word": {"type": "string"}, "list": {"type": ["array", "null"], "items": {"type": "string"}}},
    "required": ["word", "list"],
    "additionalProperties": False,
}
_OLD_CALL = {"name": "f", "arguments": "{}"}
_NULLABLE = KNOWN - {"model", "messages"}


class Accepted(NamedTuple):
    """A request: what is odd in it, the fields over a plain request, and why OpenAI is known to take it."""

    name: str
    fields: Body
    source: str = SCHEMA


def _one(**message: object) -> Body:
    return {"messages": [{**USER, **message}]}


ACCEPTED: tuple[Accepted, ...] = (
    Accepted("every optional field as null", dict.fromkeys(_NULLABLE)),
    Accepted("fields at their limits", {"temperature": 2, "top_p": 0, "presence_penalty": -2, "n": 2, "seed": -1}),
    Accepted("whole numbers for decimals", {"temperature": 1, "top_p": 1, "frequency_penalty": 0}),
    Accepted("an empty stop list", {"stop": []}, "leptonai/search_with_lepton#35, 2024-01-31"),
    Accepted("four stop sequences", {"stop": ["a", "b", "c", "d"]}),
    Accepted("one stop sequence as a string", {"stop": "zzz"}),
    Accepted("one cap, the other null", {"max_tokens": 100, "max_completion_tokens": None}),
    Accepted("a large cap", {"max_completion_tokens": 200_000}),
    Accepted("logprobs alone", {"logprobs": True}),
    Accepted("no alternatives", {"logprobs": True, "top_logprobs": 0}),
    Accepted("twenty alternatives", {"logprobs": True, "top_logprobs": 20}),
    Accepted("logprobs switched off", {"logprobs": False}),
    Accepted("an empty bias", {"logit_bias": {}}),
    Accepted("a bias with a decimal", {"logit_bias": {"50256": -99.5}}),
    Accepted("metadata that is stored", {"store": True, "metadata": {"k": "v" * 512}}),
    Accepted("no metadata in its object", {"metadata": {}}),
    Accepted("stream options of a stream", {"stream": True, "stream_options": {"include_usage": False}}),
    Accepted("empty stream options", {"stream": True, "stream_options": {}}),
    Accepted("null stream options without stream", {"stream": False, "stream_options": None}),
    Accepted("the old name for a user", {"user": "u-1", "safety_identifier": "s" * 64, "prompt_cache_key": "k"}),
    Accepted("an effort", {"reasoning_effort": "minimal", "verbosity": "low", "service_tier": "flex"}),
    Accepted("a developer's message", {"messages": [{"role": "developer", "content": "Be brief."}, USER]}),
    Accepted("system after user", {"messages": [USER, {"role": "system", "content": "Be brief."}]}),
    Accepted("a system message alone", {"messages": [{"role": "system", "content": "Say pong."}]}),
    Accepted("an assistant's message at the end", talk({"role": "assistant", "content": "po"})),
    Accepted(
        "an assistant's message at the beginning", {"messages": [{"role": "assistant", "content": "Hello."}, USER]}
    ),
    Accepted("two messages of one role", talk(USER)),
    Accepted("empty text", _one(content="")),
    Accepted("an assistant's empty text", talk({"role": "assistant", "content": ""}, USER)),
    Accepted("an empty text part", _one(content=[{"type": "text", "text": ""}])),
    Accepted(
        "text in parts for each role",
        {
            "messages": [
                {"role": role, "content": [{"type": "text", "text": "pong"}]}
                for role in ("system", "developer", "user", "assistant")
            ]
        },
    ),
    Accepted(
        "an image by URL",
        _one(
            content=[
                {"type": "text", "text": "pong?"},
                {"type": "image_url", "image_url": {"url": "HTTPS://example.com/a.png", "detail": "low"}},
            ]
        ),
    ),
    Accepted(
        "an image as data", _one(content=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}])
    ),
    Accepted(
        "audio and a file",
        _one(
            content=[
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ]
        ),
    ),
    Accepted("a name with other characters", _one(name="Ann.Bee_Ö-1"), "ag2ai/ag2#451, 2025-01"),
    Accepted("a name that is null", _one(name=None)),
    Accepted("a name on a tool's message", talk({"role": "assistant", "tool_calls": [CALL]}, {**RESULT, "name": "f"})),
    Accepted(
        "unknown members of a message",
        talk({"role": "assistant", "content": "x", "reasoning_content": "y", "parsed": None}, USER),
        "openai/openai-node#1161, 2025-02-28",
    ),
    Accepted(
        "the reply sent back unchanged",
        talk(
            {
                "role": "assistant",
                "content": "x",
                "refusal": None,
                "annotations": [],
                "audio": None,
                "function_call": None,
                "tool_calls": None,
            },
            USER,
        ),
    ),
    Accepted("a refusal instead of content", talk({"role": "assistant", "content": None, "refusal": "No."}, USER)),
    Accepted("a refusal part", talk({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, USER)),
    Accepted("a round with a tool, without tools", called()),
    Accepted("calls without content", talk({"role": "assistant", "tool_calls": [CALL]}, RESULT)),
    Accepted("calls beside empty text", talk({"role": "assistant", "content": "", "tool_calls": [CALL]}, RESULT)),
    Accepted("calls with their index", called(index=0)),
    Accepted("empty arguments", called(function={"name": "f", "arguments": ""})),
    Accepted("arguments that are not JSON", called(function={"name": "f", "arguments": "{oops"})),
    Accepted(
        "a long id of a call",
        talk({"role": "assistant", "tool_calls": [{**CALL, "id": "c" * 53}]}, {**RESULT, "tool_call_id": "c" * 53}),
        "vercel/ai#17233, 2026-07-14",
    ),
    Accepted(
        "answers in another order",
        talk(
            {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "call_2"}]},
            {**RESULT, "tool_call_id": "call_2"},
            RESULT,
        ),
    ),
    Accepted("an empty answer of a tool", talk({"role": "assistant", "tool_calls": [CALL]}, {**RESULT, "content": ""})),
    Accepted(
        "an answer in parts",
        talk(
            {"role": "assistant", "tool_calls": [CALL]},
            {**RESULT, "content": [{"type": "text", "text": "42"}]},
        ),
    ),
    Accepted(
        "the same id in a later round",
        talk(
            {"role": "assistant", "tool_calls": [CALL]},
            RESULT,
            USER,
            {"role": "assistant", "tool_calls": [CALL]},
            RESULT,
        ),
    ),
    Accepted(
        "a custom tool's call",
        talk(
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "x", "input": "y"}}]},
            {**RESULT, "tool_call_id": "c"},
        ),
    ),
    Accepted(
        "the old kind of call",
        talk(
            {"role": "assistant", "content": None, "function_call": _OLD_CALL},
            {"role": "function", "name": "f", "content": "42"},
        ),
    ),
    Accepted("old functions", {"functions": [{"name": "f"}], "function_call": {"name": "f"}}),
    Accepted("a function without parameters", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    Accepted("empty parameters", tool(parameters={})),
    Accepted("null for a function's options", tool(strict=None, description=None)),
    Accepted(
        "parameters by reference",
        tool(
            parameters={
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/a"}},
                "$defs": {"a": {"type": "string"}},
            }
        ),
    ),
    Accepted(
        "an open schema that is not strict",
        tool(
            parameters={
                "type": "object",
                "properties": {"a": {"type": ["string", "null"]}, "b": {}},
                "additionalProperties": True,
            }
        ),
    ),
    Accepted(
        "a nested object without properties",
        tool(
            parameters={
                "type": "object",
                "properties": {"a": {"type": "object"}},
            }
        ),
    ),
    Accepted("a strict function", tool(parameters=_CLOSED, strict=True)),
    Accepted("two functions of one name", {"tools": [*tool()["tools"], *tool()["tools"]]}),
    Accepted("a custom tool", {"tools": [{"type": "custom", "custom": {"name": "x"}}], "tool_choice": "none"}),
    Accepted("tools that must not be used", {**tool(), "tool_choice": "none", "parallel_tool_calls": True}),
    Accepted("a named tool", {**tool(), "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    Accepted(
        "allowed tools",
        {
            **tool(),
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
        },
    ),
    Accepted("text as the format", {"response_format": {"type": "text"}}),
    Accepted(
        "JSON mode, the word in the system message",
        {
            "response_format": {"type": "json_object"},
            "messages": [{"role": "system", "content": "Answer in JSON."}, USER],
        },
    ),
    Accepted(
        "a strict schema",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "strict": True, "schema": _CLOSED},
            }
        },
    ),
    Accepted(
        "a schema that is not strict",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "description": "d", "strict": None, "schema": {"type": "object"}},
            }
        },
    ),
    Accepted("a prediction", {"prediction": {"type": "content", "content": "pong"}}),
    Accepted("web search", {"web_search_options": {}}),
)
