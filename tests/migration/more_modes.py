"""Forty-seven further ways in which a request that one server answers is refused, or served worse, by another.

Taken from public reports, which each row names; and what must be told of none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from tests.migration.modes import Body, Refusal, chat, say, talk, tool

BREAK, CHANGE = "breaks", "change"


class More(NamedTuple):
    """`refuses` gives the words of the refusal, or None; `named` is what the explanation of it must match."""

    id: str
    source: str
    body: Body
    refuses: Callable[[Body], Refusal]
    named: str
    effect: str = CHANGE
    status: int = 400


class Ignored(NamedTuple):
    """`forgets` is the body that B answers in place of the one it was sent; `named` is what the difference must match."""

    id: str
    source: str
    body: Body
    forgets: Callable[[Body], Body]
    named: str
    effect: str


CALLS = [
    {"id": f"call_{n}", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "a"}'}}
    for n in ("one1", "two2")
]
RESULTS = [{"role": "tool", "tool_call_id": call["id"], "content": "found"} for call in CALLS]
ASKED = say("user", "Look it up.")
TURN = (ASKED, say("assistant", None, tool_calls=CALLS[:1]), RESULTS[0])
PARTS = [{"type": "text", "text": "found"}]
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
AS_SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": SCHEMA}}
DESCRIBED = {"type": "json_schema", "json_schema": {"name": "x", "description": "A word.", "schema": SCHEMA}}
PICTURE = {"type": "image_url", "image_url": {"url": "https://pictures.invalid/a.png", "detail": "high"}}
DATA = {
    "type": "image_url",
    "image_url": {
        "url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "detail": "high",
    },
}


def has(name: str, words: str) -> Any:
    return lambda body: words if name in body else None


def roles(body: Body) -> list[str]:
    return [message["role"] for message in body["messages"]]


def any_message(bad: Callable[[Body], bool], words: str) -> Any:
    return lambda body: words if any(bad(message) for message in body["messages"]) else None


def pair(first: str, second: str, words: str) -> Any:
    return lambda body: words if (first, second) in pairwise(roles(body)) else None


def tool_text(pattern: str, words: str) -> Any:
    return lambda body: words if re.search(pattern, repr(body.get("tools", ""))) else None


def without(*names: str) -> Any:
    return lambda body: {name: value for name, value in body.items() if name not in names}


MORE = (
    More("tool-result-parts", "ninfer#56", talk(say("user", [{"type": "text", "text": "Look it up."}]), *TURN[1:2], {**RESULTS[0], "content": PARTS}, tools=[tool()]), any_message(lambda m: m["role"] == "tool" and isinstance(m["content"], list), "tool messages must contain string content"), r"`content` as a list of parts.*tool|tool.*`content` as a list of parts"),
    More("tool-name-dot", "hostinger/api-mcp-server#40", chat(tools=[tool(name="site.look_up"), tool(name="b")]), tool_text(r"'name': '[^']*\.", "Invalid 'tools[0].function.name': string does not match pattern."), "name.*tool|tool.*name"),
    More("choice-allowed-tools", "agent-framework#5322", chat(tools=[tool()], tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look_up"}}]}}), lambda b: "Invalid tool_choice type: 'object'" if isinstance(b.get("tool_choice"), dict) else None, "tool_choice"),
    More("last-is-assistant", "CLIProxyAPI#5319", talk(say("user", "Write a poem."), say("assistant", "Roses are")), lambda b: "This model does not support assistant message prefill. The conversation must end with a user message." if roles(b)[-1] == "assistant" else None, "assistant.s message at the end"),
    More("two-users-in-a-row", "vllm#6862", talk(say("user", "Hello."), say("user", "And more.")), pair("user", "user", "After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."), "in a row|same role|alternate"),
    More("two-systems", "suitenumerique/conversations#197", talk(say("system", "Be brief."), say("system", "Be kind."), say("user", "Hello.")), lambda b: "Conversation roles must alternate user/assistant/user/assistant/..." if roles(b).count("system") > 1 else None, "system message"),
    More("user-after-tool", "avante.nvim#2562", talk(*TURN, say("user", "And now?"), tools=[tool()]), pair("tool", "user", "Unexpected role 'user' after role 'tool'"), "user.*after.*tool"),
    More("refusal-null", "copilot-sdk#2061", talk(say("user", "Hi."), say("assistant", "Hello.", refusal=None), say("user", "Well?")), any_message(lambda m: "refusal" in m, "Value is not a string: null"), "refusal"),
    More("calls-in-one-message", "Llama 3.1 chat template", talk(ASKED, say("assistant", None, tool_calls=CALLS), *RESULTS, tools=[tool()]), any_message(lambda m: len(m.get("tool_calls") or ()) > 1, "This model only supports single tool-calls at once!"), "calls in one message|several.*calls|2 .*calls|parallel"),
    More("calls-without-tools", "litellm: Bedrock requires tools=", talk(*TURN), lambda b: "Bedrock doesn't support tool calling without `tools=` param specified." if not b.get("tools") and any(m.get("tool_calls") for m in b["messages"]) else None, "calls.*without `tools`"),
    More("content-left-out", "aichat#1326", talk(ASKED, {"role": "assistant", "tool_calls": CALLS[:1]}, RESULTS[0], tools=[tool()]), any_message(lambda m: "content" not in m, "messages.1.content: Field required"), "`content`"),
    More("schema-bounds", "opencode#43371", chat(tools=[tool({"type": "integer", "minimum": 1, "maximum": 9})]), tool_text("'(minimum|maximum)'", "unsupported_keyword"), "minimum|maximum"),
    More("schema-type-list", "vertex: type must be a string", chat(tools=[tool({"type": ["string", "null"]})]), tool_text(r"'type': \[", "Proto field is not repeating, cannot start list."), "type"),
    More("schema-ref-elsewhere", "nanobot#5040", chat(tools=[tool({"type": "array", "items": {"$ref": "#/properties/word"}})]), tool_text(r"'\$ref': '#/(?!\$defs)", "references must start with #/$defs/"), r"\$ref"),
    More("tool-without-properties", "agent-zero#1724", chat(tools=[{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "additionalProperties": True}}}]), lambda b: "Invalid input" if any("properties" not in t["function"].get("parameters", {"properties": 1}) for t in b.get("tools", ())) else None, "properties|parameters|additionalProperties"),
    More("picture-by-address", "ollama#6753", talk(say("user", [*PARTS, PICTURE])), any_message(lambda m: "https://" in repr(m["content"]), "invalid image input"), "image.*(URL|address)|(URL|address).*image", CHANGE),
    More("picture-detail", "image_url.detail: extra inputs", talk(say("user", [*PARTS, DATA])), any_message(lambda m: "'detail'" in repr(m["content"]), "messages.0.content.1.image_url.detail: Extra inputs are not permitted"), "detail"),
    More("schema-beside-tools", "agno#1065", chat(tools=[tool()], response_format=AS_SCHEMA), lambda b: "json mode cannot be combined with tool/function calling" if b.get("tools") and "response_format" in b else None, "`tools` beside `response_format`", BREAK),
    More("json-object", "lmstudio-bug-tracker#189", talk(say("user", "Answer in JSON."), response_format={"type": "json_object"}), lambda b: "'response_format.type' must be 'json_schema' or 'text'" if b.get("response_format", {}).get("type") == "json_object" else None, "response_format"),
    More("cache-key", "zed#36215", chat(prompt_cache_key="k-1", max_tokens=50), has("prompt_cache_key", "property 'prompt_cache_key' is unsupported"), "prompt_cache_key"),
    More("effort-minimal", "value of an enum", chat(reasoning_effort="minimal"), lambda b: "Input should be 'low', 'medium' or 'high'" if b.get("reasoning_effort") == "minimal" else None, "reasoning_effort"),
    More("verbosity-500", "an unknown field met with 500", chat(verbosity="low", temperature=1), has("verbosity", "Internal Server Error"), "verbosity", CHANGE, 500),
    More("stream-beside-tools", "servers that do not stream calls", chat(stream=True, tools=[tool()]), lambda b: "Streaming is not supported with tools" if b.get("stream") and b.get("tools") else None, "`stream` beside `tools`", BREAK),
    More("calls-empty", "hermes-agent#72619", talk(say("user", "Hi."), say("assistant", "Hello.", tool_calls=[]), say("user", "Well?")), any_message(lambda m: m.get("tool_calls") == [], "Invalid 'messages[1].tool_calls': empty array."), "`tool_calls`"),
    More("stop-as-text", "stop: expected an array", chat(stop="END"), lambda b: "stop: Input should be a valid list" if isinstance(b.get("stop"), str) else None, "`stop`"),
    More("schema-strict", "json_schema.strict", chat(response_format=AS_SCHEMA), lambda b: "json_schema.strict: Extra inputs are not permitted" if "strict" in b.get("response_format", {}).get("json_schema", {}) else None, "`strict`"),
    More("schema-description", "json_schema.description", chat(response_format=DESCRIBED), lambda b: "json_schema.description: Extra inputs are not permitted" if "description" in b.get("response_format", {}).get("json_schema", {}) else None, "`description`"),
    More("system-alone", "Qwen chat template", talk(say("system", "Say hello.")), lambda b: "No user query found in messages." if "user" not in roles(b) else None, "user"),
    More("description-empty", "Bedrock: member must have length 1", chat(tools=[tool(description="")]), lambda b: "Value at 'toolConfig.tools.1.toolSpec.description' failed to satisfy constraint: Member must have length greater than or equal to 1" if any(t["function"].get("description") == "" for t in b.get("tools", ())) else None, "description"),
    More("role-system", "Gemma chat template", talk(say("system", "Be brief."), say("user", "Hello.")), lambda b: "System role not supported" if "system" in roles(b) else None, "system"),
    More("part-empty", "Anthropic: text content blocks", talk(say("user", [{"type": "text", "text": ""}, {"type": "text", "text": "Hello."}])), any_message(lambda m: "'text': ''" in repr(m["content"]), "messages: text content blocks must be non-empty"), "empty.*part|empty text"),
    More("schema-required", "Moonshot: required must not be empty", chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}, "required": []}}}]), tool_text(r"'required': \[\]", "Invalid schema: [] is too short"), "`required`"),
    More("parameters-empty", "parameters {}", chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]), lambda b: "schema must have a 'type'" if any(t["function"].get("parameters") == {} for t in b.get("tools", ())) else None, "properties|parameters"),
    More("temperature-zero", "TGI", chat(temperature=0), lambda b: "`temperature` must be strictly positive" if b.get("temperature") == 0 else None, "temperature"),
    More("seed-large", "int32", chat(seed=2**40), lambda b: "seed: out of range" if b.get("seed", 0) > 2**31 else None, "seed"),
    More("picture-beside-tools", "vision without tools", talk(say("user", [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": DATA["image_url"]["url"]}}]), tools=[tool()]), lambda b: "tools are not supported with images" if b.get("tools") and "image_url" in repr(b["messages"]) else None, "beside", BREAK),
    More("choices-in-a-stream", "n with stream", chat(n=2, stream=True), lambda b: "best_of must be 1 when streaming" if b.get("stream") and b.get("n", 1) > 1 else None, r"`n`"),
    More("call-ids-long", "ids over 40", talk(ASKED, say("assistant", None, tool_calls=[{**CALLS[0], "id": "call_" + "x" * 60}]), {**RESULTS[0], "tool_call_id": "call_" + "x" * 60}, tools=[tool()]), any_message(lambda m: len(m.get("tool_call_id", "")) > 40, "string too long. Expected a string with maximum length 40"), "ids of the calls"),
    More("twins", "names must be unique", chat(tools=[tool(), tool()]), lambda b: "tools: Tool names must be unique." if len({t["function"]["name"] for t in b.get("tools", ())}) < len(b.get("tools", ())) else None, "one name|names|unique"),
    More("calls-and-no-tools-at-all", "ollama: does not support tools", talk(*TURN, say("user", "And now?")), lambda b: "model does not support tools" if b.get("tools") or any(m.get("tool_calls") for m in b["messages"]) else None, "the conversation before", BREAK),
    More("prediction-under-200", "OpenRouter: an error under 200", chat(prediction={"type": "content", "content": "Once upon"}), has("prediction", "prediction is not supported"), "prediction", CHANGE, 200),
)  # fmt: skip

IGNORED = (
    Ignored("newer-cap", "llama-cpp-python#1907", talk(say("user", "Count from 1 to 100 in digits, separated by commas."), max_completion_tokens=5), without("max_completion_tokens"), "max_completion_tokens|cap", CHANGE),
    Ignored("stop", "litellm#35582", talk(say("user", "Say: one two three four."), stop=["o"]), without("stop"), "stop", CHANGE),
    Ignored("schema", "groq: response_format ignored", chat(response_format=AS_SCHEMA), without("response_format"), "schema|JSON|response_format", BREAK),
    Ignored("forced-call", "mlx-vlm#1070", chat(tools=[tool()], tool_choice="required"), without("tools", "tool_choice"), "tool", BREAK),
    Ignored("choices", "n answered with one choice", chat(n=3), without("n"), r"\bn\b|choices", CHANGE),
    Ignored("chances", "logprobs left out", chat(logprobs=True, top_logprobs=2), without("logprobs", "top_logprobs"), "log probabilities", CHANGE),
)  # fmt: skip

RICH: Body = talk(
    say("developer", "Be brief."), say("user", [{"type": "text", "text": "Look it up."}], name="ann"),
    say("assistant", None, tool_calls=CALLS, refusal=None), *RESULTS, say("user", "And now?"),
    tools=[tool(), tool({"anyOf": [{"type": "string"}, {"type": "null"}]}, name="other")], tool_choice="auto",
    temperature=0.3, top_p=0.9, seed=4, stop=["END"], max_completion_tokens=200, parallel_tool_calls=True, user="u",
)  # fmt: skip


class Control(NamedTuple):
    """`answers` changes the reply (as JSON) in a way that no client needs a change for; `takes` changes the request."""

    id: str
    body: Body
    takes: Callable[[Body], Body] = dict
    answers: Callable[[Body], Body] = dict


def _text(reply: Body) -> Body:
    for choice in reply["choices"]:
        choice["message"]["content"] = "Quite another text, which means the same."
    return reply


def _ids(reply: Body) -> Body:
    for choice in reply["choices"]:
        for call in choice["message"].get("tool_calls") or ():
            call["id"] = "toolu_" + call["id"][-12:]
    return {**reply, "id": "gen-" + reply["id"][-12:]}


CONTROLS = (
    Control("everything-is-taken", RICH),
    Control("another-text", chat(temperature=0.3), answers=_text),
    Control("other-ids", chat(tools=[tool()], tool_choice="required"), answers=_ids),
    Control("more-fields", chat(seed=3), answers=lambda r: {**r, "provider": "x", "x_info": {"queue": 0.1}}),
    Control("other-order", chat(user="u"), answers=lambda r: dict(reversed(r.items()))),
    Control("user-is-forgotten", chat(user="u", temperature=0.1), without("user", "temperature")),
    Control("trailing-assistant-taken", talk(say("user", "Write a poem."), say("assistant", "Roses are"))),
    Control("two-users-taken", talk(say("user", "Hello."), say("user", "And more."), stop=["\n"])),
)  # fmt: skip
