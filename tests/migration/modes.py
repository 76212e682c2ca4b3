"""Forty-four ways in which a request that one server answers is refused by another, with the words of real servers.

Each has the request, what the other server refuses of it, and how the explanation must name that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

Body = dict[str, Any]
Refusal = str | None


class Mode(NamedTuple):
    """`refuses` gives the words of the refusal, or None; `named` is what the explanation's parts must match."""

    id: str
    body: Body
    refuses: Callable[[Body], Refusal]
    named: str


def chat(**more: Any) -> Body:
    return {"model": "m", "messages": [{"role": "user", "content": "Tell me a story."}], **more}


def talk(*messages: Body, **more: Any) -> Body:
    return {"model": "m", "messages": list(messages), **more}


def say(role: str, content: Any, **more: Any) -> Body:
    return {"role": role, "content": content, **more}


def tool(schema: Body | None = None, name: str = "look_up", **more: Any) -> Body:
    parameters = {"type": "object", "properties": {"word": schema or {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


def field(name: str, words: str = "Unsupported parameter: '{}' is not supported with this model.") -> Any:
    return lambda body: words.format(name) if name in body else None


def value(name: str, good: Callable[[Any], bool], words: str) -> Any:
    return lambda body: words if name in body and not good(body[name]) else None


def messages(bad: Callable[[Body], bool], words: str) -> Any:
    def refuses(body: Body) -> Refusal:
        found = next((n for n, message in enumerate(body["messages"]) if bad(message)), None)
        return None if found is None else words.format(found)

    return refuses


def keyword(name: str) -> Any:
    words = f"Invalid JSON payload received. Unknown name \"{name}\" at 'tools[0].function_declarations[0].parameters'"
    return lambda body: words if f'"{name}"' in re.sub("'", '"', repr(body.get("tools"))) else None


def roles(body: Body) -> list[Any]:
    return [message.get("role") for message in body["messages"]]


_CALL = {"id": "call_abcdefgh1234", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
_HISTORY = (say("user", "Look it up."), say("assistant", None, tool_calls=[_CALL]))
_RESULT = {"role": "tool", "tool_call_id": "call_abcdefgh1234", "content": "found"}
_EMPTY_CALL = (say("user", "Look it up."), say("assistant", "", tool_calls=[_CALL]), _RESULT)
_PARTS = [{"type": "text", "text": "Which colour?"}]
_PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def _nine(body: Body) -> Refusal:
    ids = [call["id"] for message in body["messages"] for call in message.get("tool_calls") or []]
    bad = [id for id in ids if not re.fullmatch("[A-Za-z0-9]{9}", id)]
    return f"Tool call id was {bad[0]} but must be a-z, A-Z, 0-9, with a length of 9." if bad else None


MODES = (
    Mode("temperature", chat(temperature=0.2), value("temperature", lambda v: v == 1, "temperature does not support 0.2"), "temperature"),
    Mode("temperature-over-one", chat(temperature=1.7), value("temperature", lambda v: v <= 1, "temperature: range: 0..1"), "temperature"),
    Mode("top-p", chat(top_p=0.5, temperature=1), field("top_p"), "top_p"),
    Mode("presence-penalty", chat(presence_penalty=0.1), field("presence_penalty"), "presence_penalty"),
    Mode("frequency-penalty", chat(frequency_penalty=0.1), field("frequency_penalty", "body.{}: Extra inputs are not permitted"), "frequency_penalty"),
    Mode("logit-bias", chat(logit_bias={"50256": -100}), field("logit_bias"), "logit_bias"),
    Mode("logprobs", chat(logprobs=True, top_logprobs=3), field("logprobs"), "logprobs"),
    Mode("top-logprobs", chat(logprobs=True, top_logprobs=3), field("top_logprobs"), "top_logprobs"),
    Mode("n", chat(n=2), value("n", lambda v: v == 1, "'n' must be 1"), r"`n`"),
    Mode("seed", chat(seed=7), field("seed", "{}: Extra inputs are not permitted"), "seed"),
    Mode("user", chat(user="u-17"), field("user", "Unrecognized request argument supplied: {}"), "user"),
    Mode("metadata", chat(metadata={"job": "x"}), field("metadata"), "metadata"),
    Mode("store", chat(store=False), field("store"), "store"),
    Mode("service-tier", chat(service_tier="auto"), field("service_tier"), "service_tier"),
    Mode("reasoning-effort", chat(reasoning_effort="low"), field("reasoning_effort"), "reasoning_effort"),
    Mode("max-tokens", chat(max_tokens=300), field("max_tokens", "'{}' is not supported. Use 'max_completion_tokens' instead."), "max_tokens"),
    Mode("max-completion-tokens", chat(max_completion_tokens=300), field("max_completion_tokens"), "max_completion_tokens"),
    Mode("cap-too-large", chat(max_tokens=16384), value("max_tokens", lambda v: v <= 4096, "max_tokens is too large: 16384."), "max_tokens"),
    Mode("stop-too-many", chat(stop=["a", "b", "c", "d", "e"]), value("stop", lambda v: len(v) <= 4, "Invalid 'stop': array too long."), "5 entries of `stop`"),
    Mode("stop-null", chat(stop=None), value("stop", lambda v: v is not None, "None is not of type 'array' - 'stop'"), "`stop` null"),
    Mode("tools-empty", chat(tools=[]), value("tools", bool, "[] is too short - 'tools'"), "empty `tools`"),
    Mode("tools-many", chat(tools=[tool(name=f"t{n}") for n in range(9)]), value("tools", lambda v: len(v) <= 8, "Invalid 'tools': array too long."), "9 `tools`"),
    Mode("tools", chat(tools=[tool()]), field("tools", "No endpoints found that support tool use"), "tools"),
    Mode("tool-choice-forced", chat(tools=[tool()], tool_choice={"type": "function", "function": {"name": "look_up"}}), value("tool_choice", lambda v: v in ("auto", "none"), "deepseek-reasoner does not support this tool_choice"), "forced `tool_choice`"),
    Mode("tool-choice-required", chat(tools=[tool()], tool_choice="required"), value("tool_choice", lambda v: v != "required", "tool_choice required is not supported"), "forced `tool_choice`"),
    Mode("tool-choice-auto", chat(tools=[tool()], tool_choice="auto"), value("tool_choice", lambda v: v != "auto", '"auto" tool choice requires --enable-auto-tool-choice'), "tool_choice"),
    Mode("parallel-tool-calls", chat(tools=[tool()], parallel_tool_calls=False), field("parallel_tool_calls"), "parallel_tool_calls"),
    Mode("tool-strict", chat(tools=[tool(strict=True)]), lambda b: "body.tools.0.function.strict: Extra inputs are not permitted" if any("strict" in t["function"] for t in b.get("tools", ())) else None, "strict"),
    Mode("schema-any-of", chat(tools=[tool({"anyOf": [{"type": "string"}, {"type": "null"}]})]), keyword("anyOf"), "anyOf"),
    Mode("schema-additional", chat(tools=[tool({"type": "object", "additionalProperties": False})]), keyword("additionalProperties"), "additionalProperties"),
    Mode("schema-ref", chat(tools=[tool({"$ref": "#/$defs/w"})]), keyword("$ref"), r"\$ref"),
    Mode("schema-enum", chat(tools=[tool({"type": "string", "enum": ["a", "b"]})]), keyword("enum"), "enum"),
    Mode("schema-format", chat(tools=[tool({"type": "string", "format": "uri"})]), keyword("format"), "format"),
    Mode("response-format-text", chat(response_format={"type": "text"}), field("response_format"), "response_format"),
    Mode("response-format-schema", chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}), field("response_format"), "response_format"),
    Mode("stream-options", chat(stream=True, stream_options={"include_usage": True}), field("stream_options", "Unrecognized request argument supplied: {}"), "stream_options"),
    Mode("role-developer", talk(say("developer", "Be brief."), say("user", "Hello there.")), messages(lambda m: m["role"] == "developer", "messages[{}].role: unknown variant `developer`"), "developer"),
    Mode("name", talk(say("user", "Hello there.", name="bob")), messages(lambda m: "name" in m, "'messages.{}' : property 'name' is unsupported"), "`name`"),
    Mode("content-empty", talk(say("user", "Hello."), say("assistant", ""), say("user", "Well?")), messages(lambda m: m.get("content") == "", "messages.{}: text content blocks must be non-empty"), "empty `content`"),
    Mode("content-null", talk(*_HISTORY, _RESULT, tools=[tool()]), messages(lambda m: m.get("content", "") is None, "messages[{}].content: invalid type: null, expected a string"), "`content` null"),
    Mode("content-parts", talk(say("user", _PARTS)), messages(lambda m: isinstance(m["content"], list), "messages[{}].content: invalid type: sequence, expected a string"), "`content` as a list of parts"),
    Mode("image", talk(say("user", [*_PARTS, _PICTURE])), messages(lambda m: "image_url" in str(m["content"]), "messages[{}]: image_url is not supported by this model"), "image"),
    Mode("system-late", talk(say("user", "Hello."), say("system", "Be brief."), say("user", "Well?")), lambda b: "System message must be at the beginning." if "system" in roles(b)[1:] else None, "system message after others"),
    Mode("call-ids", talk(*_EMPTY_CALL, tools=[tool()]), _nine, "ids of the calls"),
)  # fmt: skip
