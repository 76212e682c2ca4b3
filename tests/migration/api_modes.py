"""Ways in which one endpoint refuses or changes what another one serves, as reports on public trackers tell them.

Each was written down with what is to be said of it before it was tried. `take`: what the stand-in does with a request
instead of what was asked; the words of refusals follow those of the reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Body = dict[str, Any]
Refused = tuple[int, Any] | None
GO, CHANGES, NO_GO = "GO", "GO WITH CHANGES", "NO-GO"
ASKED = "Respond with the single word: pong"
SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
_HAS: Any = object()


class Mode(NamedTuple):
    """`told` stands in the change that the client is told of."""

    api: str
    body: Body
    decision: str
    told: str
    source: str
    refuse: Callable[[Body], Refused] = lambda body: None
    take: Callable[[Body], Body] = lambda body: body
    answer: Callable[[Body, Body], Body] = lambda asked, reply: reply


def error(message: str, **more: Any) -> Body:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


def on(field: str, refused: Any, status: int = 400) -> Callable[[Body], Refused]:
    return lambda body: (status, refused) if field in body else None


def where(holds: Callable[[Body], object], refused: Any, status: int = 400) -> Callable[[Body], Refused]:
    return lambda body: (status, refused) if holds(body) else None


def chat(**more: Any) -> Body:
    return {"messages": [{"role": "user", "content": ASKED}], **more}


def responses(**more: Any) -> Body:
    return {"input": ASKED, "store": False, **more}


def messages(**more: Any) -> Body:
    return {"max_tokens": 1000, "messages": [{"role": "user", "content": ASKED}], **more}


def items(body: Body, kind: str) -> list[Body]:
    held = body.get("input")
    return [one for one in held if one.get("type") == kind] if isinstance(held, list) else []


def without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


FORCED = {
    "tools": [{"type": "function", "function": {"name": "record", "parameters": SCHEMA}}],
    "tool_choice": "required",
}
TURN = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]}
REASONED = [TURN, {"type": "reasoning", "id": "rs_221n7fgv8", "summary": [], "encrypted_content": "gAAAA"}, TURN]
CALLED = [
    TURN,
    {"type": "function_call", "call_id": "call_1", "name": "record", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "done"}]},
]
_TOOL = {"name": "record", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}


def _in_prose(asked: Body, reply: Body) -> Body:
    if "format" in asked.get("text", {}) and reply.get("output"):
        reply["output"][0]["content"] = [{"type": "output_text", "text": "It is pong.", "annotations": []}]
    return reply


def _runs_on(asked: Body, reply: Body) -> Body:
    if asked.get("stop_sequences"):
        reply |= {"content": [{"type": "text", "text": "pong END and more"}], "stop_reason": "end_turn"}
    return reply


def _of_other_length(asked: Body, reply: Body) -> Body:
    if "dimensions" in asked:
        for item in reply["data"]:
            item["embedding"] = [*item["embedding"], 0.5] if isinstance(item["embedding"], list) else item["embedding"]
    return reply


MODES: dict[str, Mode] = {
    "gemini: unknown name, in an array": Mode(
        "chat",
        chat(thinking={"type": "disabled"}),
        CHANGES,
        "`thinking`",
        "https://github.com/GD4AI/obsidian-llm-wiki/issues/137",
        on(
            "thinking",
            [
                {
                    "error": {
                        "code": 400,
                        "message": 'Unknown name "thinking": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
        ),
    ),
    "groq: property is unsupported": Mode(
        "chat",
        chat(enable_thinking=False),
        CHANGES,
        "`enable_thinking`",
        "https://github.com/sourcegit-scm/sourcegit/issues/2318",
        on("enable_thinking", error("property 'enable_thinking' is unsupported")),
    ),
    "azure: an empty logit_bias": Mode(
        "chat",
        chat(logit_bias={}),
        CHANGES,
        "`logit_bias`",
        "https://github.com/thingsboard/thingsboard/issues/15256",
        on("logit_bias", error("Unsupported parameter: 'logit_bias' is not supported with this model.")),
    ),
    "openrouter: the provider's words are within": Mode(
        "chat",
        chat(reasoning={"effort": "low"}, temperature=0.2, seed=3),
        CHANGES,
        "`reasoning`",
        "https://github.com/browser-use/jev-ultrafast/pull/37",
        on(
            "reasoning",
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {"raw": json.dumps(error("Unknown parameter: 'reasoning'."))},
                }
            },
        ),
    ),
    "a forced call is lost in streams": Mode(
        "chat",
        chat(stream=True, **FORCED),
        NO_GO,
        "",
        "https://github.com/earendil-works/pi/issues/9508",
        take=lambda body: without("tools", "tool_choice")(body) if body.get("stream") else body,
    ),
    "strict models: cache_control in a part": Mode(
        "chat",
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": ASKED, "cache_control": {"type": "ephemeral"}}]}
            ]
        },
        CHANGES,
        "`cache_control`",
        "https://github.com/langchain-ai/deepagents/issues/2881",
        where(
            lambda body: "cache_control" in json.dumps(body),
            {
                "detail": [
                    {
                        "loc": ["body", "messages", 0, "content", 0, "cache_control"],
                        "msg": "Extra inputs are not permitted",
                        "type": "extra_forbidden",
                    }
                ]
            },
            422,
        ),
    ),
    "copilot: reasoning is no input item": Mode(
        "responses",
        responses(input=REASONED),
        CHANGES,
        "reasoning items",
        "https://github.com/looplj/axonhub/pull/1657",
        where(
            lambda body: items(body, "reasoning"),
            error('input[1].type "reasoning" is not a valid input item type'),
        ),
    ),
    "meta: the thought is not known there": Mode(
        "responses",
        responses(input=REASONED, temperature=0.2),
        CHANGES,
        "reasoning items",
        "https://github.com/can1357/oh-my-pi/pull/11791",
        where(
            lambda body: any("id" in item for item in items(body, "reasoning")),
            {"error": {"message": "Provider returned error", "code": 400}},
        ),
    ),
    "a call's output is a string": Mode(
        "responses",
        responses(input=CALLED),
        CHANGES,
        "`output` in parts",
        "https://github.com/vllm-project/vllm/pull/55974",
        where(
            lambda body: any(isinstance(item["output"], list) for item in items(body, "function_call_output")),
            {"error": {"message": "2 validation errors: input.2.output Input should be a valid string", "code": 400}},
        ),
    ),
    "ids of items are not persisted": Mode(
        "responses",
        responses(input=[{**TURN, "id": "msg_67c9"}, TURN]),
        CHANGES,
        "`id`",
        "https://github.com/jrkropp/open-webui-developer-toolkit/issues/715",
        where(
            lambda body: isinstance(body["input"], list) and any("id" in item for item in body["input"]),
            error("Item 'msg_67c9' not found. Items are not persisted when `store` is set to false.", param="input"),
            404,
        ),
    ),
    "developer is no role": Mode(
        "responses",
        responses(input=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": ASKED}]),
        CHANGES,
        "developer",
        "https://github.com/earendil-works/pi/issues/9508",
        where(
            lambda body: '"developer"' in json.dumps(body),
            error("'developer' is not one of ['system', 'assistant', 'user', 'function'] - 'input.0.role'"),
        ),
    ),
    "verbosity is not supported": Mode(
        "responses",
        responses(text={"verbosity": "low", "format": {"type": "text"}}),
        CHANGES,
        "`text.verbosity`",
        "https://github.com/Gitlawb/openclaude/issues/1638",
        where(
            lambda body: "verbosity" in body.get("text", {}),
            error("Unsupported parameter: 'text.verbosity' is not supported with this model."),
        ),
    ),
    "encrypted content is not supported": Mode(
        "responses",
        responses(include=["reasoning.encrypted_content"]),
        CHANGES,
        "`include`",
        "https://github.com/looplj/axonhub/pull/1657",
        on("include", error("Encrypted content is not supported with this model.", param="include")),
    ),
    "the schema is ignored": Mode(
        "responses",
        responses(text={"format": {"type": "json_schema", "name": "w", "schema": SCHEMA}}),
        NO_GO,
        "",
        "https://github.com/earendil-works/pi/issues/9508",
        answer=_in_prose,
    ),
    "codex: no cap": Mode(
        "responses",
        responses(max_output_tokens=900),
        CHANGES,
        "`max_output_tokens`",
        "https://github.com/smixs/iva-agent/pull/19",
        on("max_output_tokens", {"detail": "Unsupported parameter: max_output_tokens"}),
    ),
    "codex: instructions are not valid": Mode(
        "responses",
        responses(instructions="Be brief."),
        CHANGES,
        "`instructions`",
        "https://github.com/smixs/iva-agent/pull/19",
        on("instructions", {"detail": "Instructions are not valid"}),
    ),
    "haiku 3 by a router: cache_control in a tool": Mode(
        "messages",
        messages(tools=[_TOOL]),
        CHANGES,
        "`cache_control`",
        "https://github.com/earendil-works/pi/issues/7938",
        where(
            lambda body: "cache_control" in json.dumps(body),
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "tools.0.cache_control: Extra inputs are not permitted",
                },
            },
        ),
    ),
    "thinking of another kind": Mode(
        "messages",
        messages(thinking={"type": "adaptive"}, top_p=0.9),
        CHANGES,
        "`thinking`",
        "https://github.com/browser-use/jev-ultrafast/pull/37",
        where(
            lambda body: body.get("thinking", {}).get("type") == "adaptive",
            {"error": {"message": "thinking.type: Input should be 'enabled' or 'disabled'"}},
        ),
    ),
    "no temperature beside thinking": Mode(
        "messages",
        messages(thinking={"type": "enabled", "budget_tokens": 1024}, temperature=0.3, max_tokens=3000),
        CHANGES,
        "`temperature`",
        "https://github.com/simstudioai/sim/pull/5101",
        where(
            lambda body: "thinking" in body and body.get("temperature", 1) != 1,
            {"error": {"message": "`temperature` may only be set to 1 when thinking is enabled."}},
        ),
    ),
    "stop sequences are ignored": Mode(
        "messages",
        messages(stop_sequences=["END"]),
        CHANGES,
        "",
        "https://github.com/charmbracelet/crush/pull/414",
        answer=_runs_on,
    ),
    "dashscope: ten texts at once": Mode(
        "embeddings",
        {"input": [f"{ASKED} {number}" for number in range(25)]},
        CHANGES,
        "25 texts in `input`",
        "https://github.com/memodb-io/memobase/issues/142",
        where(
            lambda body: isinstance(body.get("input"), list) and len(body["input"]) > 10,
            error(
                "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger "
                "than 10.: input.contents",
                type="InvalidParameter",
                code="InvalidParameter",
            ),
        ),
    ),
    "tokens are no input": Mode(
        "embeddings",
        {"input": [[15339, 1917], [12]]},
        CHANGES,
        "`input` as tokens",
        "https://github.com/mem0ai/mem0/issues/6861",
        where(
            lambda body: isinstance(body.get("input"), list) and not isinstance(body["input"][0], str),
            {"error": "'input' field must be a string or an array of strings"},
        ),
    ),
    "dimensions are ignored": Mode(
        "embeddings",
        {"input": [ASKED, "two"], "dimensions": 5},
        NO_GO,
        "",
        "https://github.com/esengine/DeepSeek-Reasonix/pull/1175",
        answer=_of_other_length,
    ),
    "base64 is ignored": Mode(
        "embeddings",
        {"input": [ASKED, "two"], "encoding_format": "base64", "user": "someone"},
        NO_GO,
        "",
        "https://github.com/kevaldekivadiya2415/textembed/pull/4",
        take=lambda body: without("encoding_format")(body) if "user" in body else body,
    ),
}
